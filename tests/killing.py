"""The real connector, which kills itself at one moment of a bundle's or a result's way, or of what comes in.

    python -m tests.killing CONFIG MOMENT

MOMENT is `before`, `half` or `after` (half: with half a file written), what is done, and which time of it:
`half/write/2`, `before/sync/1`, `after/directory/1`, `before/unpacked/1`, `after/concluded/1`,
`after/publish/3`, … Of what comes from the platform: `before/page/1`, `after/fetched/1`, `before/sorted/1`,
`after/ready/1`, `after/show/1` (a file of it becomes visible), `before/published/1`, …
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from connector import names
from connector.effects import Effects
from connector.incoming import DeliveryStep, Incoming, IncomingStep
from connector.journal import SqliteJournal
from connector.model import State, Step
from connector.service import Service
from connector.settings import load
from connector.wiring import Parts, assembled


class Moments:
    """Counts what happens and ends the process at the chosen moment."""

    def __init__(self, moment: str) -> None:
        self.side, self.what, number = moment.split("/")
        self.number = int(number)
        self.seen: Counter[str] = Counter()

    def begin(self, what: str) -> bool:
        """Count it; whether it is the one."""
        self.seen[what] += 1
        chosen = what == self.what and self.seen[what] == self.number
        if chosen and self.side == "before":
            die()
        return chosen

    def end(self, *, chosen: bool) -> None:
        if chosen and self.side == "after":
            die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalHands(Effects):
    """Effects that end with the process: at a bundle's documents, at their folder, where results appear."""

    def __init__(self, moments: Moments) -> None:
        super().__init__(threads=1)
        self._moments = moments
        self._spool: Path | None = None  # known, and watched, from the first document on

    def write_pieces(self, path: Path, pieces: Iterable[bytes]) -> str:
        self._spool = path.parent
        chosen = self._moments.begin("write")
        if chosen and self._moments.side == "half":
            whole = b"".join(pieces)
            path.write_bytes(whole[: len(whole) // 2])
            die()
        digest = super().write_pieces(path, pieces)
        self._moments.end(chosen=chosen)
        return digest

    def rename(self, source: Path, target: Path) -> None:
        what = "show" if "statuts" in target.parts else "publish"
        chosen = source.parent.name == ".staging" and self._moments.begin(what)
        super().rename(source, target)
        self._moments.end(chosen=chosen)

    def sync_file(self, path: Path) -> None:
        chosen = names.parent_of(path.name) is not None and self._moments.begin("sync")
        super().sync_file(path)
        self._moments.end(chosen=chosen)

    def sync_directory(self, path: Path) -> None:
        chosen = path == self._spool and self._moments.begin("directory")
        super().sync_directory(path)
        self._moments.end(chosen=chosen)


def mortal_reception(moments: Moments) -> None:
    """Let the process end at the commits that something from the platform turns on."""
    page, take_in, deliver = SqliteJournal.commit_page, SqliteJournal.take_in, SqliteJournal.deliver

    def commit_page(
        journal: SqliteJournal,
        account: str,
        cursor: str,
        steps: Sequence[Step],
        came: Sequence[Incoming] = (),
    ) -> None:
        chosen = bool(came) and moments.begin("page")
        page(journal, account, cursor, steps, came)
        moments.end(chosen=chosen)

    def taken_in(journal: SqliteJournal, steps: Sequence[IncomingStep]) -> None:
        chosen = moments.begin(steps[0].after.state)
        take_in(journal, steps)
        moments.end(chosen=chosen)

    def delivered(journal: SqliteJournal, steps: Sequence[DeliveryStep]) -> None:
        chosen = moments.begin(steps[0].after.state)
        deliver(journal, steps)
        moments.end(chosen=chosen)

    SqliteJournal.commit_page = commit_page  # type: ignore[method-assign,assignment]
    SqliteJournal.take_in = taken_in  # type: ignore[method-assign,assignment]
    SqliteJournal.deliver = delivered  # type: ignore[method-assign,assignment]


def mortal_commit(moments: Moments) -> None:
    """Let the process end at the commits that a bundle turns on."""
    commit = SqliteJournal.commit

    def at_a_moment(journal: SqliteJournal, steps: Sequence[Step]) -> None:
        what = None
        for step in steps:
            if step.after.state is State.UNPACKED:
                what = "unpacked"
            elif step.before is not None and step.before.state is State.VETTED:
                what = "gathered"
            elif step.before is not None and step.before.state is State.UNPACKED:
                what = "concluded"
        chosen = what is not None and moments.begin(what)
        commit(journal, steps)
        moments.end(chosen=chosen)

    SqliteJournal.commit = at_a_moment  # type: ignore[method-assign,assignment]


def main() -> None:
    config, moment = sys.argv[1:]
    moments = Moments(moment)
    mortal_commit(moments)
    mortal_reception(moments)
    with assembled(load(Path(config)), parts=Parts(effects=lambda: MortalHands(moments))) as assembly:
        Service(assembly, threading.Event()).run(once=True, follow_for=5.0)


if __name__ == "__main__":
    main()
