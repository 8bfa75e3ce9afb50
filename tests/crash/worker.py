"""`python -m tests.crash.worker`: specs come on stdin, outcomes go to stdout.

A line that comes has specs, which begin with the same death when there are several. For each of them a line
goes with what came of it, for a pictured one a line for each run that it has become; then a line "null".

A process of its own: it forks, so it must have one thread when it begins, and no test runner's habits. Which
package `connector` it runs is decided by the folder it is started in; `--package` says which one is expected.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import connector
from tests.crash.bench import Bench
from tests.crash.spec import Outcome, RunSpec


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
        for line in sys.stdin:
            order = json.loads(line)
            together = [RunSpec.of(fields) for fields in order["specs"]]
            for outcome in _outcomes(bench, together, pictured=order["pictured"]):
                # What a run passed is long, and asked for only to learn where the next ones can end.
                print(outcome.as_json(passed=asked.tell_all or len(outcome.spec.points) < 2), flush=True)
            print("null", flush=True)
    return 0


def _outcomes(bench: Bench, together: list[RunSpec], *, pictured: bool) -> Iterator[Outcome]:
    for spec in together:
        if pictured:
            yield from bench.pictured(spec)
        else:
            yield bench.run(spec, more=len(together) > 1)


if __name__ == "__main__":
    sys.exit(main())
