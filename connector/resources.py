"""What comes with this installation: the files that we ship, and the packages that not everybody installs."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str, *names: str) -> Path:
    """Path of a file or folder under `config/` or `schemas/`.

    Args:
        folder: "config" or "schemas".
        names: path below it.
    Raises:
        FileNotFoundError: this installation does not have it.
    """
    for base in (_PACKAGE / "_shipped", _PACKAGE.parent):
        path = base.joinpath(folder, *names)
        if path.exists():
            return path
    raise FileNotFoundError(f"{folder}/{'/'.join(names)} is missing from this installation")


@cache
def has_rules_engine() -> bool:
    """Whether the extra `rules` is installed; asked without importing the engine."""
    return find_spec("saxonche") is not None
