"""Where the files that we ship lie: inside an installed wheel, or beside the package in a checkout."""

from __future__ import annotations

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
