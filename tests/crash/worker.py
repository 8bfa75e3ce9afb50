"""`python -m tests.crash.worker`: specs come on stdin, outcomes go to stdout.

A line that comes is a JSON list of specs, which begin with the same death when there are several; a line that
goes is one outcome.

A process of its own: it forks, so it must have one thread when it begins, and no test runner's habits. Which
package `connector` it runs is decided by the folder it is started in; `--package` says which one is expected.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import connector
from tests.crash.bench import Bench
from tests.crash.spec import RunSpec


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
            together = [RunSpec.of(fields) for fields in json.loads(line)]
            for spec in together:
                outcome = bench.run(spec, more=len(together) > 1)
                # What a run passed is long, and asked for only to learn where the next ones can end.
                print(outcome.as_json(passed=asked.tell_all or len(outcome.spec.points) < 2), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
