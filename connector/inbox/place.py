"""Putting a file into an inbox the way every sender should: whole under a hidden name, then renamed."""

from __future__ import annotations

import itertools
import os
import secrets
from pathlib import Path

from connector import names


def place(source: Path, inbox: Path, name: bytes) -> Path:
    """Copy a file into an inbox so that no scan can see it unfinished; never over a file that lies there.

    Args:
        name: the name it should have; a number is added when it is taken.
    Returns:
        the path it got.
    Raises:
        OSError: it could not be copied; the inbox holds nothing of it.
    """
    hidden = inbox / f".placing-{secrets.token_hex(6)}"
    try:
        with source.open("rb") as reader, hidden.open("xb") as writer:
            while piece := reader.read(1024 * 1024):
                writer.write(piece)
            writer.flush()
            os.fsync(writer.fileno())
        wanted = os.fsdecode(names.base(name))
        for number in itertools.count(1):
            target = inbox / names.numbered(wanted, number)
            try:
                os.link(hidden, target)  # unlike a rename, refuses an existing name
            except FileExistsError:
                continue
            except OSError:  # no hard links on this share
                if target.exists():
                    continue
                hidden.rename(target)
            return target
    finally:
        hidden.unlink(missing_ok=True)
    raise AssertionError("counting has no end")
