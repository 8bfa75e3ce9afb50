"""Files of other people's Python packages: used as they are, when they are still the files we know.

Their names and contents change between releases, so version and SHA-256 are checked before anything is read
from them. The code of these packages is never imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from connector.errors import ConfigurationError


def locate(package: str, version: str, files: Mapping[str, str], wanted: str, *, purpose: str) -> Path:
    """Where a file of an installed package lies, once it and those it pulls in were checked.

    Args:
        files: path inside the package: SHA-256.
        wanted: path inside the package.
        purpose: what the file is for, as an operator should read it: "the schema of ubl-invoice".
    Raises:
        ConfigurationError: the package is missing or of another version, or a file is missing or changed.
    """
    found = _package(package, version, purpose)
    changed = [finding for name, expected in files.items() if (finding := _check(found, name, expected))]
    if changed:
        raise ConfigurationError(*(f"{package} {version}: {finding}" for finding in changed))
    return Path(str(found.locate_file(wanted)))


def _package(package: str, version: str, purpose: str) -> Distribution:
    try:
        found = distribution(package)
    except PackageNotFoundError:
        raise ConfigurationError(f"{package} {version} is not installed; it holds {purpose}") from None
    if found.version != version:
        raise ConfigurationError(
            f"{package}: found version {found.version}, expected {version} ({purpose.removeprefix('the ')})"
        )
    return found


def _check(package: Distribution, name: str, expected: str) -> str | None:
    try:
        content = Path(str(package.locate_file(name))).read_bytes()
    except FileNotFoundError:
        return f"{name}: found no file, expected SHA-256 {expected}"
    found = hashlib.sha256(content).hexdigest()
    return None if found == expected else f"{name}: found SHA-256 {found}, expected {expected}"
