"""The process that hunts one mutant: `connector` is the patched package in its working directory.

Reads hunts as JSON lines on standard input, and writes what it found as one JSON line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import connector
from tests.crash.bench import Bench
from tests.crash.mutants import Hunt, Prey
from tests.crash.spec import Outcome, RunSpec
from tests.crash.syscalls import Errand, run


def main() -> int:
    """See the module's text; the exit code."""
    assert Path(connector.__file__).is_relative_to(Path.cwd()), "the package that runs is not the patched one"
    hunts = [Hunt(**json.loads(line)) for line in sys.stdin]
    with Bench() as bench:
        print(_prey(_findings(bench, hunts)).as_json())
    return 0


def _outcomes(bench: Bench, where: Hunt) -> Iterator[Outcome]:
    """The run without a death, then a death at each of its points: of the likely ones first."""
    spec = RunSpec(shape=where.shape, plan=where.plan, mode=where.mode)
    quiet = bench.run(spec)
    yield quiet
    points = [point for point, _ in quiet.passed[0]]
    for point in sorted(points, key=lambda point: not point.label.startswith(where.likely)):
        yield bench.run(replace(spec, points=(point,), eager=point.nth % 2 == 1))


def _findings(bench: Bench, hunts: Iterable[Hunt]) -> Iterator[tuple[list[str], str]]:
    """For each run the violations, and the line that runs it again."""
    for where in hunts:
        if where.call:
            errand = Errand(
                shape=where.shape, plan=where.plan, thread="main", call=where.call, error=where.error
            )
            yield from ((list(struck.violations), struck.line) for struck in run(bench, errand))
        else:
            for outcome in _outcomes(bench, where):
                yield [str(violation) for violation in outcome.violations], outcome.spec.line()


def _prey(findings: Iterator[tuple[list[str], str]]) -> Prey:
    runs = 0
    for violations, line in findings:
        runs += 1
        if violations:
            rules = frozenset(words.split(":")[0].split()[0] for words in violations)
            return Prey(runs=runs, rules=rules, seen="; ".join([*violations, line]))
    return Prey(runs=runs)


if __name__ == "__main__":
    sys.exit(main())
