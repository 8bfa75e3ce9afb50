"""`python -m tests.crash`: the long levels, or one run again, aloud, by its line.

A table is printed every minute, at the end, and when somebody ends it (SIGTERM, Ctrl-C).
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType

from tests.crash.bench import Bench
from tests.crash.series import WORKERS, dry, pairs, run_series, sampled, singles
from tests.crash.spec import MODES, Order, Outcome, Point, RunSpec
from tests.crash.syscalls_sweep import swept
from tests.crash.tally import HEAD, Tally

SEED = 1
DIED_ONE_IN = 50  # of the second deaths that could be pictured, one in so many is died all the same


def main() -> int:
    asked = _arguments()
    if asked.shape or asked.plan:
        return _again(asked)
    signal.signal(signal.SIGTERM, _interrupt)
    if asked.level == "syscalls":
        return 0 if swept(asked.minutes, asked.workers) else 1
    tallies = [Tally(level="singles")]
    try:
        _levels(asked, tallies)
    except KeyboardInterrupt:
        print("ended before its time")
    print(HEAD)
    for tally in tallies:
        print(tally.row())
    return 1 if any(tally.bad for tally in tallies) else 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _levels(asked: argparse.Namespace, tallies: list[Tally]) -> None:
    """What was asked for, as long as there is time; all of it: half of the time for each."""
    deadline = time.monotonic() + asked.minutes * 60
    seen = list(run_series(dry(), workers=asked.workers))
    for outcome in seen:
        tallies[0].add(outcome)
    ones = sampled((spec for outcome in _in_order(seen) for spec in singles(outcome)), 10**9, asked.seed)
    half = (time.monotonic() + deadline) / 2
    if asked.level in ("all", "singles"):
        _until(
            half if asked.level == "all" else deadline,
            tallies[0],
            run_series(ones[asked.begin :], workers=asked.workers),
        )
    if asked.level == "pairs":
        tallies.append(Tally(level="pairs"))
        _all_pairs(ones, asked, deadline, tallies[-1])
    if asked.level in ("all", "pictures"):
        tallies.append(Tally(level="pictures"))
        _all_pictures(ones, asked, deadline, tallies[-1])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--level", choices=("all", "singles", "pairs", "pictures", "syscalls"), default="all")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--seed", type=int, default=SEED, help="of the order of runs")
    parser.add_argument("--begin", type=int, default=0, help="with so many runs of the order left out")
    parser.add_argument("--shape")
    parser.add_argument("--plan")
    parser.add_argument("--points", nargs="*", default=[], help='such as "rename work after#1"')
    parser.add_argument("--mode", choices=MODES, default="kill")
    parser.add_argument("--patient", action="store_true")
    return parser.parse_args()


def _again(asked: argparse.Namespace) -> int:
    """One run, aloud."""
    spec = RunSpec(
        shape=asked.shape or "plain",
        plan=asked.plan or "accepted",
        points=tuple(map(Point.read, asked.points)),
        mode=asked.mode,
        eager=not asked.patient,
    )
    with Bench(loud=True) as bench:
        outcome = bench.run(spec)
    for number, life in enumerate(outcome.passed):
        print(f"life {number}: {len(life)} points, the last ones", *(str(point) for point, _ in life[-3:]))
    if outcome.missed:
        print("a point was not reached")
    print(*(outcome.violations or ("no violation",)), sep="\n")
    return 1 if outcome.violations else 0


def _in_order(seen: list[Outcome]) -> list[Outcome]:
    return sorted(seen, key=lambda outcome: (outcome.spec.shape, outcome.spec.plan))


def _until(deadline: float, tally: Tally, outcomes: Iterator[Outcome]) -> None:
    for outcome in outcomes:
        tally.add(outcome)
        if time.monotonic() > deadline:
            break


def _all_pairs(ones: list[RunSpec], asked: argparse.Namespace, deadline: float, tally: Tally) -> None:
    """For each run with one death, in the order of the seed: all those with a second one in its recovery."""
    ahead, done = asked.begin, asked.begin
    waiting: deque[RunSpec | Order] = deque()

    def more() -> None:
        nonlocal ahead
        while len(waiting) < 20 * asked.workers and ahead < len(ones):
            waiting.append(ones[ahead])
            ahead += 1

    more()
    try:
        for outcome in run_series(waiting, workers=asked.workers):
            tally.add(outcome)
            if len(outcome.spec.points) == 1:
                waiting.extendleft(reversed(list(pairs(outcome))))
                done += 1
            if time.monotonic() > deadline:
                break
            more()
    finally:
        print(
            f"of {len(ones)} runs with one death, {done} were gone on from; "
            f"the next time: --level pairs --seed {asked.seed} --begin {done}"
        )


def _all_pictures(ones: list[RunSpec], asked: argparse.Namespace, deadline: float, tally: Tally) -> None:
    """As `_all_pairs`, each recovery lived to its end and looked at on its way; with and without a reader."""
    begun = [replace(spec, eager=eager) for spec in ones[asked.begin :] for eager in (True, False)]
    orders = [Order(specs=(spec,), one_in=DIED_ONE_IN) for spec in begun]
    done = 0
    try:
        for outcome in run_series(orders, workers=asked.workers):
            tally.add(outcome)
            done += len(outcome.spec.points) == 1
            if time.monotonic() > deadline:
                break
    finally:
        print(
            f"of {len(ones)} runs with one death, {done // 2} were gone on from; "
            f"the next time: --level pictures --seed {asked.seed} --begin {asked.begin + done // 2}"
        )


if __name__ == "__main__":
    sys.exit(main())
