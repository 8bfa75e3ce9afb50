"""What a power cut takes: everything that was done to the share and is not on its disk yet.

A process that is killed loses nothing, because the kernel lives on. After a power cut a folder has the names
that it had when it was last flushed, and a file has the bytes that it had then. Here the two extremes are
played: `cut`, where no name reached the disk by itself, and `torn`, where every name did and no byte.

A rename counts as durable once both of its folders were flushed, and the folder it leads into has a durable
name itself; until then it is undone as a whole. No file system in use tears a rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of names that is not durable yet.

    Args:
        kind: "made" (a file or folder), "renamed", "removed".
        path: the name it concerns; of a rename, the new one.
        kept: of a rename, the old name; of a removal, where the file is kept meanwhile.
        waits_for: folders that have to be flushed first.
    """

    kind: str
    path: Path
    kept: Path | None
    waits_for: frozenset[Path]


class Loss:
    """Keeps book of what is not durable.

    Args:
        mode: "kill", "cut" or "torn".
        limbo: a folder for files that were removed, in case they come back.
        taken_from: where the consumer put the result of this name, if it took it; None: it did not.
    """

    def __init__(self, mode: str, limbo: Path, taken_from: Callable[[Path], Path | None]) -> None:
        self._mode, self._limbo, self._taken_from = mode, limbo, taken_from
        self._changes: list[_Change] = []
        self._unflushed: set[Path] = set()  # files with bytes that are not on the disk

    @property
    def is_loose(self) -> bool:
        """Whether a power cut would take anything now."""
        return bool(self._changes or self._unflushed)

    @property
    def book(self) -> dict[str, Any]:
        """What is kept book of, as plain data."""
        return {
            "changes": [
                [change.kind, str(change.path), str(change.kept or ""), [*map(str, change.waits_for)]]
                for change in self._changes
            ],
            "unflushed": [str(path) for path in self._unflushed],
        }

    def take_over(self, book: dict[str, Any]) -> None:
        """Go on with the book of another."""
        self._changes = [
            _Change(kind, Path(path), Path(kept) if kept else None, frozenset(map(Path, waits_for)))
            for kind, path, kept, waits_for in book["changes"]
        ]
        self._unflushed = {Path(path) for path in book["unflushed"]}

    # ------------------------------------------------------------------ keeping book
    def opened(self, path: Path) -> None:
        """A file is about to be written from its beginning."""
        if not path.exists():
            self._note("made", path, None, path.parent)
        self._unflushed.add(path)

    def made(self, folder: Path) -> None:
        self._note("made", folder, None, folder.parent)

    def renamed(self, source: Path, target: Path) -> None:
        self._note("renamed", target, source, source.parent, target.parent)
        if source in self._unflushed:
            self._unflushed.remove(source)
            self._unflushed.add(target)

    def removing(self, path: Path) -> None:
        """A file is about to be removed."""
        self._unflushed.discard(path)
        if path.exists():
            kept = self._limbo / f"{len(self._changes)}-{path.name}"
            kept.unlink(missing_ok=True)
            if self._mode == "cut":
                os.link(path, kept)
            self._note("removed", path, kept, path.parent)

    def flushed(self, path: Path) -> None:
        self._unflushed.discard(path)

    def flushed_folder(self, folder: Path) -> None:
        left = []
        for change in self._changes:
            waits_for = change.waits_for - {folder}
            if waits_for:
                left.append(_Change(change.kind, change.path, change.kept, waits_for))
        self._changes = left

    def _note(self, kind: str, path: Path, kept: Path | None, *folders: Path) -> None:
        waits_for = set(folders)
        for change in self._changes:
            if change.kind == "made" and path.is_relative_to(change.path):
                waits_for |= change.waits_for
        self._changes.append(_Change(kind, path, kept, frozenset(waits_for)))

    # ------------------------------------------------------------------ the cut
    def strike(self) -> None:
        """The power is gone: bring the disk into the state that is found afterwards."""
        if self._mode == "kill":
            return
        for path in self._unflushed:
            _truncate(self._taken_from(path) or path, whole=self._mode == "torn")
        if self._mode == "cut":
            for change in reversed(self._changes):
                self._undo(change)

    def _undo(self, change: _Change) -> None:
        match change.kind:
            case "made" if change.path.is_dir():
                change.path.rmdir()
            case "made":
                change.path.unlink(missing_ok=True)
            case "renamed" if change.kept is not None:
                if (taken := self._taken_from(change.path)) is not None:
                    shutil.copy2(taken, change.kept)
                else:
                    change.path.rename(change.kept)
            case "removed" if change.kept is not None:
                change.kept.rename(change.path)


def _truncate(path: Path, *, whole: bool) -> None:
    """Take the bytes of a file that were not flushed: all of them, or the second half."""
    if path.exists():
        os.truncate(path, 0 if whole else path.stat().st_size // 2)
