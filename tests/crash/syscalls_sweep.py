"""All runs of level L1: which calls there are, how they are shared out, and what came of them.

`python -m tests.crash --level syscalls [--minutes N]` meets every call with a kill and with every
error, in a first life and in lives that recover from another one's death, and prints a table.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, Queue

from tests.crash.syscalls import EACH_IN_TURN, HOLDS, KILL, Errand, Struck
from tests.crash.syscalls_strace import ERRORS, NoTracer, program
from tests.crash.tally import EVERY

PROJECT = Path(__file__).parents[2]
AT_ONCE = 20  # calls that a worker is given at once
# No disk answers these: locks and sockets live in the kernel. How a network fails is for the plans to show.
# A lock on a journal that somebody put on a share may fail all the same: one in so many of those does.
SOMETIMES = {"fcntl": 10}
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
    told: float = 0.0  # seconds after which it was printed the last time
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


def shared_out(
    where: Where, thread: str, calls: dict[str, list[bool]], *, exhaustive: bool
) -> Iterator[Errand]:
    """Errands for the calls of a thread.

    Args:
        calls: for each of a kind, in an undisturbed life, whether it changes anything.
        exhaustive: a kill and every error at every call, the last errand of a kind until there are no more.
            Else a kill at those that change something, and one error at each, in rotation.
    """
    for call, changing in calls.items():
        count = len(changing)
        errors = () if call in NO_FILES else ERRORS if exhaustive else (EACH_IN_TURN,)
        for error in errors:
            yield from _pieces(where, thread, call, error, range(1, count + 1), exhaustive=exhaustive)
        if not exhaustive and call in SOMETIMES:
            yield from _pieces(where, thread, call, EACH_IN_TURN, range(1, count + 1, SOMETIMES[call]))
        if not where.only:
            kills = [nth for nth, changes in enumerate(changing, 1) if changes or exhaustive]
            yield from _pieces(where, thread, call, KILL, kills, exhaustive=exhaustive)


def _pieces(
    where: Where, thread: str, call: str, error: str, calls: Sequence[int], *, exhaustive: bool = False
) -> Iterator[Errand]:
    for start in range(0, len(calls), AT_ONCE):
        piece = calls[start : start + AT_ONCE]
        endless = exhaustive and piece[-1] == calls[-1]
        yield Errand(
            shape=where.shape,
            plan=where.plan,
            after=where.after,
            thread=thread,
            call=call,
            error=error,
            first=piece[0],
            only=() if endless else tuple(piece),
            fresh=exhaustive,
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

    def census(self, where: Where, thread: str) -> dict[str, list[bool]]:
        self._order(where.words | {"thread": thread})
        found: dict[str, list[bool]] = json.loads(self._line())
        return {call: calls for call, calls in found.items() if not where.only or call in where.only}

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


def swept(minutes: float, workers: int) -> bool:
    """The long level; whether nothing was found."""
    tally = Tally()
    places = [Where(shape=shape) for shape in ("plain", "batch", "invalid", "late-sent")]
    places += [Where(after=after) for after in RECOVERIES]
    try:
        for struck in sweep(places, exhaustive=True, workers=workers):
            tally.add(struck)
            if struck.violations:
                print(struck.line, struck.hit, *struck.violations, sep="\n    ", flush=True)
            if tally.seconds > tally.told + EVERY:
                tally.told = tally.seconds
                print(tally, flush=True)
            if tally.seconds > minutes * 60:
                print("time is up; not everything was met")
                break
    except KeyboardInterrupt:
        print("ended before its time")
    for call, count in sorted(tally.kinds.items()):
        print(f"{count:6}  {call}")
    print(tally)
    return not tally.bad
