"""Level L1: a life in which one system call goes wrong, another that finds what it left, and the invariants.

Where a failpoint of ours is, we have thought of it. A system call can fail where nobody thought of anything:
inside SQLite, inside the interpreter, at the close of a file. So each call of each kind is met once.

`python -m tests.crash.syscalls` reads errands as JSON lines on standard input and writes what came of each
run as JSON lines on standard output. With words it does one run: `plain accepted main fsync:3:EIO`.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.crash.bench import Bench
from tests.crash.spec import Ended, Life, Point, RunSpec
from tests.crash.syscalls_strace import APART, ERRORS, Fault, NoTracer, Tracer, changes, threads_of

KILL, EACH_IN_TURN = "KILL", "turn"
HOLDS = {"main": "start", "gateways": "loop"}  # thread → where a life is held for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Calls of one kind to be met, one in each run.

    Args:
        thread: "main", which works on files and the journal, or "gateways", which talks to the platform.
        error: name of an errno; `KILL`; or `EACH_IN_TURN`, one of the errnos for each call, in rotation.
        after: a point at which an earlier life died: the fault meets its recovery; empty: there was none.
        first, last: numbers of the calls; without a last one, until it is no longer reached.
        only: of these, those that are met; none: all.
        fresh: each life has a process of its own: what SQLite does once in a process is met, too.
    """

    shape: str
    plan: str
    thread: str
    call: str
    error: str
    after: str = ""
    first: int = 1
    last: int | None = None
    only: tuple[int, ...] = ()
    fresh: bool = False

    def fault(self, nth: int) -> Fault:
        error: str | None = self.error
        if self.error == EACH_IN_TURN:
            error = ERRORS[(nth + sum(map(ord, self.call))) % len(ERRORS)]
        return Fault(call=self.call, nth=nth, error=None if error == KILL else error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What came of one run.

    Args:
        line: the command that does it again.
        call: the kind of call, and of which thread.
        killed: whether it was a kill, and not an error.
        hit: the call as strace saw it; None: it was not reached.
        apart: it met no file, but what a loop wakes itself by: the library then ends the process, rightly.
        violations: the invariants that broke, in words.
    """

    line: str
    call: str
    killed: bool
    hit: str | None
    apart: bool = False
    violations: tuple[str, ...] = ()

    @classmethod
    def read(cls, line: str) -> Struck:
        found = json.loads(line)
        return cls(**found | {"violations": tuple(found["violations"])})


def census(bench: Bench, shape: str, plan: str, thread: str, after: str) -> dict[str, list[bool]]:
    """The calls of each kind on files and sockets that a thread makes in an undisturbed life.

    For each of them, in order, whether it changes anything. What a kill leaves before a call that does not is
    what a kill leaves before the next one that does.
    """
    _begin(bench, shape, plan, after)
    tracer = Tracer(bench.place.folder / "strace.txt")
    _traced(bench, tracer, thread)
    calls = tracer.seen().calls
    return {
        call: [changes(call, line) for line in lines] for call, lines in calls.items() if call not in APART
    }


def strike(bench: Bench, errand: Errand, nth: int) -> Struck:
    """One life with the fault, one without, and the verdict."""
    fault = errand.fault(nth)
    _begin(bench, errand.shape, errand.plan, errand.after)
    tracer = Tracer(bench.place.folder / "strace.txt", fault)
    ended = _traced(bench, tracer, errand.thread, fresh=errand.fresh)
    seen = tracer.seen()
    bench.live(Life())
    outcome = bench.finish()
    apart = fault.error is not None and seen.hit is not None and "<anon_inode:" in seen.hit
    found = (*_ended_wrongly(ended, seen.hit), *map(str, outcome.violations))
    return Struck(
        line=shlex.join(
            ["python", "-m", "tests.crash.syscalls", errand.shape, errand.plan, errand.thread, str(fault)]
            + ([errand.after] if errand.after else [])
        ),
        call=f"{errand.thread} {fault.call}",
        killed=fault.error is None,
        hit=seen.hit,
        apart=apart,
        violations=() if apart else found,
    )


def _begin(bench: Bench, shape: str, plan: str, after: str) -> None:
    bench.begin(RunSpec(shape=shape, plan=plan, eager=False))
    if after:
        bench.live(Life(point=Point.read(after)))


def _traced(bench: Bench, tracer: Tracer, thread: str, *, fresh: bool = False) -> Ended:
    def held(process: int) -> None:
        # The loop's thread is the latest one: it has just begun.
        *_, (latest, _) = threads_of(process)
        tracer.attach(process, process if thread == "main" else latest)

    return bench.live(Life(hold=HOLDS[thread], fresh=fresh), held)


def _ended_wrongly(ended: Ended, hit: str | None) -> Iterator[str]:
    """One failing call may end a life, as a thing for an operator or for the next start; nothing else."""
    gave_up = ended.report.get("gave_up", "")
    if gave_up.startswith("JournalDamaged"):
        yield f"I9: a call that failed once is no damage: {gave_up}"
    if not ended.report and not (
        os.WIFSIGNALED(ended.status) and os.WTERMSIG(ended.status) == signal.SIGKILL
    ):
        yield f"I9: the life ended with status {ended.status} and without a word, at {hit}"
    if ended.report and not gave_up and not ended.report.get("bug") and not ended.rested:
        yield f"I9: one failing call, and nothing settles any more: {ended.report}"


def run(bench: Bench, errand: Errand) -> Iterator[Struck]:
    """All runs of an errand."""
    if errand.only:
        yield from (strike(bench, errand, nth) for nth in errand.only)
        return
    nth = errand.first
    while errand.last is None or nth <= errand.last:
        struck = strike(bench, errand, nth)
        yield struck
        if struck.hit is None and errand.last is None:
            return
        nth += 1


def main(words: list[str]) -> int:
    """See the module's text; the exit code."""
    with Bench(loud=bool(words)) as bench:
        if words:
            shape, plan, thread, text, *after = words
            fault = Fault.of(text)
            one = Errand(
                shape=shape,
                plan=plan,
                thread=thread,
                call=fault.call,
                error=fault.error or KILL,
                after="".join(after),
            )
            struck = strike(bench, one, fault.nth)
            print(json.dumps(asdict(struck), indent=2, ensure_ascii=False))
            return 1 if struck.violations else 0
        for line in sys.stdin:
            order = json.loads(line)
            if "call" not in order:
                print(json.dumps(census(bench, **order)), flush=True)
                continue
            for struck in run(bench, Errand(**order | {"only": tuple(order["only"])})):
                print(json.dumps(asdict(struck)), flush=True)
            print("null", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except NoTracer as none:
        sys.exit(f"{Path(__file__).stem}: {none}")
