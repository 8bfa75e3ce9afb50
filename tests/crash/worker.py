"""`python -m tests.crash.worker`: orders come as JSON lines on stdin, outcomes go as JSON lines to stdout.

A line "null" goes after the last outcome of each order.

A process of its own: it forks, so it must have one thread when it begins, and no test runner's habits. Which
package `connector` it runs is decided by the folder it is started in; `--package` says which one is expected.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import connector
from tests.crash.bench import Bench
from tests.crash.spec import Order, Outcome


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", type=Path)
    parser.add_argument(
        "--tell-all", action="store_true", help="what every run passed, not only the short ones"
    )
    asked = parser.parse_args()
    if asked.package and not Path(str(connector.__file__)).is_relative_to(asked.package.resolve()):
        print(f"connector comes from {connector.__file__}, not from {asked.package}", file=sys.stderr)
        return 2
    with Bench() as bench:
        signal.signal(signal.SIGTERM, _leave)
        for line in sys.stdin:
            for outcome in _outcomes(bench, Order.read(line)):
                # What a run passed is long, and asked for only to learn where the next ones can end.
                print(outcome.as_json(passed=asked.tell_all or len(outcome.spec.points) < 2), flush=True)
            print("null", flush=True)
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    """Nobody wants the rest; the tree is removed all the same."""
    sys.exit(1)


def _outcomes(bench: Bench, order: Order) -> Iterator[Outcome]:
    for spec in order.specs:
        if order.one_in:
            yield from bench.pictured(spec, order.one_in)
        else:
            yield bench.run(spec, more=len(order.specs) > 1)


if __name__ == "__main__":
    sys.exit(main())
