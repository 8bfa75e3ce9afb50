"""Files and folders named on a command line, looked into one by one: any number of them in bounded memory.

A bundle is opened, and what it holds is looked into like files of a folder.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import Unreadable
from connector.extents import cut
from connector.model import Inspection, InspectionLost, InspectionOrder, Member, Verdict, VerdictStatus

if TYPE_CHECKING:
    from connector.validation.pool import InspectionPool

_AT_ONCE = 128  # files handed to the workers in one go; so many answers are held at most
_BYTES_AT_ONCE = 256 * 1024 * 1024  # of them together: documents of a bundle lie on the disk meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One file and what was found in it."""

    name: bytes  # path as given, or below the folder given; of a document in a bundle, behind the bundle's
    size: int
    seen: Inspection | InspectionLost


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    name: bytes
    path: Path | None  # None: there is nothing to look into, `seen` says why
    size: int = 0
    seen: Inspection | InspectionLost | None = None


class Looker:
    """Looks into files through a pool of workers.

    Args:
        pool: does the work.
        rules: how business rules count: "off", "warn" or "error".
        max_unpacked: bytes; a document of a bundle that takes more is not taken out.
    """

    def __init__(self, pool: InspectionPool, rules: str, max_unpacked: int) -> None:
        self._pool = pool
        self._rules = rules
        self._max_unpacked = max_unpacked

    def sightings(self, paths: Iterable[Path]) -> Iterator[Sighting]:
        """Every file, folders with all that lies below them, in the order of the names."""
        for sighting, path in self._looked(_asked(paths)):
            members = sighting.seen.members if isinstance(sighting.seen, Inspection) else ()
            if members and path is not None:
                yield from self._inside(sighting.name, path, members)
            else:
                yield sighting

    def _looked(self, asked: Iterable[_Asked]) -> Iterator[tuple[Sighting, Path | None]]:
        for batch in _batches(asked):
            orders = [
                InspectionOrder(
                    key=str(number),
                    path=one.path.absolute(),
                    size=one.size,
                    name=os.fsdecode(one.name),
                    rules=self._rules,
                )
                for number, one in enumerate(batch)
                if one.path is not None
            ]
            answers = dict(answer for group in self._pool.inspect(orders) for answer in group)
            for number, one in enumerate(batch):
                seen = one.seen or answers[str(number)]
                yield Sighting(name=one.name, size=one.size, seen=seen), one.path

    def _inside(self, name: bytes, path: Path, members: Iterable[Member]) -> Iterator[Sighting]:
        with tempfile.TemporaryDirectory(prefix="connector-") as folder:
            taken = self._taken_out(name, path, members, Path(folder))
            for sighting, copy in self._looked(taken):
                if copy is not None:
                    copy.unlink(missing_ok=True)
                yield sighting

    def _taken_out(
        self, name: bytes, path: Path, members: Iterable[Member], folder: Path
    ) -> Iterator[_Asked]:
        """The documents of a bundle as files of their own, few at a time."""
        names = (folder / str(number) for number in count())
        by_packing = sorted(members, key=lambda member: (member.problem is None, member.packing))
        for is_sound, group in groupby(by_packing, key=lambda member: _is_sound(member, self._max_unpacked)):
            if not is_sound:
                yield from (_unsound(name, member) for member in group)
                continue
            for _, alike in groupby(group, key=lambda member: member.packing):
                yield from _copied(name, path, list(alike), names)


def _batches(asked: Iterable[_Asked]) -> Iterator[list[_Asked]]:
    """A few files at a time: bounded in number and in bytes."""
    batch: list[_Asked] = []
    for one in asked:
        batch.append(one)
        if len(batch) == _AT_ONCE or sum(each.size for each in batch) >= _BYTES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _is_sound(member: Member, most: int) -> bool:
    return member.problem is None and member.size <= most


def _unsound(bundle: bytes, member: Member) -> _Asked:
    from connector.model import Problem

    problem = member.problem or Problem(code="file-too-large", found=str(member.size))
    verdict = Verdict(status=VerdictStatus.UNREADABLE, problems=(problem,))
    name = b"/".join((bundle, os.fsencode(member.name)))
    return _Asked(name=name, path=None, size=member.size, seen=Inspection(verdict=verdict))


def _copied(bundle: bytes, path: Path, members: list[Member], copies: Iterator[Path]) -> Iterator[_Asked]:
    with path.open("rb") as file:
        for member, pieces in cut(file, members):
            name, copy = b"/".join((bundle, os.fsencode(member.name))), next(copies)
            try:
                with copy.open("wb") as target:
                    target.writelines(pieces)
            except Unreadable:  # it changed since it was looked into
                yield _Asked(name=name, path=None, size=member.size, seen=InspectionLost(reason="io"))
            else:
                yield _Asked(name=name, path=copy, size=member.size)


def _asked(paths: Iterable[Path]) -> Iterator[_Asked]:
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        else:
            yield _file(path)


def _below(folder: Path) -> Iterator[_Asked]:
    """All files below a folder; no folder's link is followed, so that the walk ends."""
    try:
        with os.scandir(folder) as listed:
            entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in listed)
    except OSError:
        yield _Asked(name=os.fsencode(folder), path=None, seen=InspectionLost(reason="io"))
        return
    for name, is_folder in entries:
        path = folder / name
        if is_folder:
            yield from _below(path)
        elif path.is_file():
            yield _file(path)


def _file(path: Path) -> _Asked:
    name = os.fsencode(path)
    try:
        return _Asked(name=name, path=path, size=path.stat().st_size)
    except OSError:  # it went away since it was listed
        return _Asked(name=name, path=None, seen=InspectionLost(reason="io"))
