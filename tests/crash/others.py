"""The others beside the connector: who takes the results away, who writes the documents, who decides.

They are people, or programs of theirs, and know nothing of what the connector is doing at that moment.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from connector import holding, policy
from connector.journal import SqliteJournal
from connector.model import State, Step
from tests.crash.place import ROUTES, Place
from tests.crash.shapes import Deed
from tests.crash.shared import Shared

_WHEN = {  # a deed of a writer → the point before which it happens
    "claimed": "rename work after",
    "copying": "copy spool half",
    "copied": "copy spool after",
    "sent": "submit after",
}
_SLASH = "\x1f"  # stands for "/" in the name of a file that was taken


class Consumer:
    """Takes every visible result file away, and keeps it: what it has is what was delivered."""

    def __init__(self, place: Place, shared: Shared) -> None:
        self._place, self._shared = place, shared

    def take(self) -> None:
        """Take what is there now."""
        for route in ROUTES:
            outbox = self._place.outbox_of(route)
            if not outbox.is_dir():
                continue
            for top in sorted(outbox.iterdir()):
                if top.name != ".staging":
                    files = [path for path in top.rglob("*") if path.is_file()]
                    for path in sorted(files):
                        self._take(route, path)

    def _take(self, route: str, path: Path) -> None:
        name = "/".join((route, *path.relative_to(self._place.outbox_of(route)).parts))
        kept = f"{self._shared.taken:04d} {name.replace('/', _SLASH)}"
        path.rename(self._place.taken / kept)
        self._shared.taken += 1

    def has(self, path: Path) -> Path | None:
        """Where the file of this visible name is now, if it was taken; the latest, if several were."""
        if path.exists():
            return None
        for kept in sorted(self._place.taken.iterdir(), reverse=True):
            if self._place.folder.joinpath(*visible_name(kept.name, "outbox")) == path:
                return kept
        return None


def visible_name(kept: str, *between: str) -> tuple[str, ...]:
    """Route, `between`, and path below the outbox of a file that was taken."""
    route, *rest = kept.partition(" ")[2].split(_SLASH)
    return (route, *between, *rest)


class Writer:
    """Goes on writing to files that it has handed over, at the worst of times; each deed once in a run."""

    def __init__(self, place: Place, shared: Shared, deeds: Sequence[Deed]) -> None:
        self._place, self._shared, self._deeds = place, shared, deeds

    def act(self, label: str) -> None:
        """Do what is to be done at this point."""
        for number, deed in enumerate(self._deeds):
            if _WHEN[deed.when] == label and not self._shared.deeds >> number & 1:
                found = list(self._place.work_of("ventes").glob(f"*__{deed.name}"))
                if len(found) == 1 and (deed.when != "copying" or self._is_first_unfinished(number)):
                    self._shared.deeds |= 1 << number
                    _write_in_place(found[0], deed.content)

    def _is_first_unfinished(self, number: int) -> bool:
        """One deed at a time: the file that is being copied now is the first whose writer is not done."""
        return self._shared.deeds == (1 << number) - 1


def _write_in_place(path: Path, content: bytes) -> None:
    """As a program does that has the file open: the same file, not another one of its name."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, content)
        os.ftruncate(descriptor, len(content))
    finally:
        os.close(descriptor)


def let_go(place: Place) -> None:
    """An operator lets all that is held go, or go again, and is cut off right after having said so.

    What the outbox says of a hold is then not taken back by whoever said so: the next start has to do it.
    """
    journal = SqliteJournal(place.journal)
    try:
        for job in journal.take("ventes", [State.HELD], 100, policy.FAR_FUTURE):
            after = holding.resent(job) if job.attempts else holding.released(job)
            journal.commit([Step(before=job, after=after, detail={"why": "operator"})])
    finally:
        journal.close()
