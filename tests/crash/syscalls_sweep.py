"""All runs of level L1: which calls there are, how they are shared out, and what came of them.

`python -m tests.crash.syscalls_sweep [--minutes N] [SHAPE …]` meets every call with a kill and with every
error, in a first life and in lives that recover from another one's death, and prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, Queue

from tests.crash.syscalls import EACH_IN_TURN, HOLDS, KILL, Errand, Struck
from tests.crash.syscalls_strace import ERRORS, NoTracer, program

PROJECT = Path(__file__).parents[2]
AT_ONCE = 20  # calls that a worker is given at once
# No disk answers these: locks and sockets live in the kernel. How a network fails is for the plans to show.
NO_FILES = frozenset(
    {"fcntl", "flock", "socket", "connect", "getsockopt", "setsockopt", "getsockname", "getpeername"}
)


# Deaths that leave the most to recover: an orphan, a doubt, a claim without a copy, a result half delivered.
RECOVERIES = ("rename work after#1", "submit after#1", "commit after#1", "rename outbox after#1")


@dataclass(slots=True)
class Tally:
    """What has come of a sweep so far."""

    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    kills: int = 0
    errors: int = 0
    apart: int = 0  # errors that met no file, but what a loop wakes itself by
    missed: int = 0  # runs in which the call was not reached: at least one for each kind, behind its last
    kinds: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)  # how often each errno was given
    bad: list[Struck] = field(default_factory=list)

    def add(self, struck: Struck) -> None:
        self.seconds = time.monotonic() - self.started
        if struck.hit is None:
            self.missed += 1
        elif struck.apart:
            self.apart += 1
        else:
            self.kills += struck.killed
            self.errors += not struck.killed
            self.kinds[struck.call] += 1
            self.met.update(error for error in ERRORS if f"-1 {error} " in struck.hit)
        if struck.violations:
            self.bad.append(struck)

    def __str__(self) -> str:
        runs = self.kills + self.errors + self.apart + self.missed
        return (
            f"system calls: {len(self.kinds)} kinds, {self.kills} kills, {self.errors} errors, "
            f"{self.apart} apart, {self.missed} not reached, {len(self.bad)} violations; "
            f"{runs} runs in {self.seconds:.0f} s"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A life in which calls go wrong: of which shape and plan, and after which death (see `Errand.after`).

    Args:
        only: the kinds of calls that fail, and are not killed at; none: every kind, and kills too.
    """

    shape: str = "plain"
    plan: str = "accepted"
    after: str = ""
    only: frozenset[str] = frozenset()

    @property
    def words(self) -> dict[str, str]:
        return {"shape": self.shape, "plan": self.plan, "after": self.after}


def shared_out(where: Where, thread: str, calls: dict[str, int], *, exhaustive: bool) -> Iterator[Errand]:
    """Errands for every call of a thread; the last one of each kind goes on until there are no more.

    Args:
        calls: how many of each kind there were in an undisturbed life.
        exhaustive: every error at every call; else one for each call, in rotation.
    """
    for call, count in calls.items():
        errors = () if call in NO_FILES else ERRORS if exhaustive else (EACH_IN_TURN,)
        kills = () if where.only else (KILL,)
        for how in (*kills, *errors):
            for first in range(1, count + 1, AT_ONCE):
                last = first + AT_ONCE - 1
                yield Errand(
                    **where.words,
                    thread=thread,
                    call=call,
                    error=how,
                    first=first,
                    last=last if last < count else None,
                )


def sweep(places: Iterable[Where], *, exhaustive: bool = False, workers: int = 2) -> Iterator[Struck]:
    """Meet every call of every kind in these lives.

    Raises:
        NoTracer: there is no strace, or it may not trace.
    """
    program()
    hands = [_Hand() for _ in range(workers)]
    errands: Queue[Errand] = Queue()
    threads: list[threading.Thread] = []
    try:
        for where in places:
            for thread in HOLDS:
                calls = hands[0].census(where, thread)
                for errand in shared_out(where, thread, calls, exhaustive=exhaustive):
                    errands.put(errand)
        came: Queue[Struck | Exception | None] = Queue()
        threads = [threading.Thread(target=hand.work, args=(errands, came), daemon=True) for hand in hands]
        for worker in threads:
            worker.start()
        at_work = len(hands)
        while at_work:
            match came.get():
                case None:
                    at_work -= 1
                case Exception() as error:
                    raise error
                case Struck() as struck:
                    yield struck
    finally:
        while not errands.empty():  # when nobody wants the rest
            with contextlib.suppress(Empty):
                errands.get_nowait()
        for worker in threads:
            worker.join()
        for hand in hands:
            hand.end()


class _Hand:
    """A worker process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.crash.syscalls"],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._complaint = ""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaint = (self._complaint + line)[-2000:]

    def census(self, where: Where, thread: str) -> dict[str, int]:
        self._order(where.words | {"thread": thread})
        found: dict[str, int] = json.loads(self._line())
        return {call: count for call, count in found.items() if not where.only or call in where.only}

    def work(self, errands: Queue[Errand], came: Queue[Struck | Exception | None]) -> None:
        """Do errands until there are none left."""
        try:
            while True:
                self._order(asdict(errands.get_nowait()))
                while (line := self._line()) != "null\n":
                    came.put(Struck.read(line))
        except Empty:
            came.put(None)
        except (NoTracer, OSError, ValueError) as error:
            came.put(error)

    def end(self) -> None:
        """Let it finish the errand in hand, and tidy up."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with process, contextlib.suppress(BrokenPipeError):
            process.stdin.close()
            process.stdout.read()
            self._listener.join()

    def _order(self, order: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return line
        self._process.wait(timeout=10)
        raise NoTracer(self._complaint.strip() or "the worker ended without a word")


def main() -> int:
    """See the module's text; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.syscalls_sweep")
    parser.add_argument("shapes", nargs="*", default=["plain", "batch", "invalid", "late-sent"])
    parser.add_argument("--plan", default="accepted")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one error for each call, as in the test suite")
    asked = parser.parse_args()
    tally = Tally()
    places = [Where(shape=shape, plan=asked.plan) for shape in asked.shapes]
    if not asked.quick:
        places += [Where(after=after) for after in RECOVERIES]
    for struck in sweep(places, exhaustive=not asked.quick, workers=asked.workers):
        tally.add(struck)
        if struck.violations:
            print(struck.line, struck.hit, *struck.violations, sep="\n    ", flush=True)
        if tally.seconds > asked.minutes * 60:
            print("time is up; not everything was met")
            break
    for call, count in sorted(tally.kinds.items()):
        print(f"{count:6}  {call}")
    print(tally)
    return 1 if tally.bad else 0


if __name__ == "__main__":
    sys.exit(main())
