"""`python -m tests.crash.likeness`: what a picture shows, and what a process leaves that dies there.

Prints as JSON the number of points compared, and those where the two differ. Times and random names apart
they must be the same: names, sizes of the documents, rows of the journal, the platform's ledger, the clock.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from tests.crash.bench import Bench
from tests.crash.spec import Life, Point, RunSpec

FAMILIES = (
    RunSpec(shape="plain", plan="502-stored", points=(Point("submit after", 1),)),
    RunSpec(
        shape="late-copied", plan="search-503", points=(Point("commit after", 3),), mode="cut", eager=False
    ),
    RunSpec(shape="batch", plan="accepted", points=(Point("commit after", 2),), mode="torn"),
)
EVERY = 3  # of a family's pictures, one in so many is compared
_NEVER = 2**32  # larger than any sum that decides: no death is died where it can be pictured


def left(bench: Bench) -> dict[str, object]:
    """What there is now."""
    place = bench.place
    files = sorted(path for path in place.folder.rglob("*") if path.is_file() and path.parent != place.state)
    documents = [path for path in files if path.suffix == ".xml" or path.parent.name == "spool"]
    with closing(sqlite3.connect(place.journal)) as db:
        rows = db.execute("SELECT id, state FROM job ORDER BY seq").fetchall()
        steps = db.execute("SELECT job, kind FROM event ORDER BY seq").fetchall()
    return {
        "names": [str(path.relative_to(place.folder)) for path in files],
        "empty": [str(path.relative_to(place.folder)) for path in files if not path.stat().st_size],
        "documents": [path.stat().st_size for path in documents],
        "rows": rows,
        "steps": sorted(steps),  # which of several answers comes first is for random names to say
        "ledger": [(flow.sha256, flow.acknowledgement.status) for flow in bench.simulator.flows],
        "shared": (bench.shared.deeds, bench.shared.taken),
    }


def compared(bench: Bench, first: RunSpec) -> Iterator[tuple[Point, list[str]]]:
    """Some points of the recovery after a first death, and in what a picture and a death differ there."""
    pictures = list(bench.pictures(first, _NEVER))
    for points, there in pictures[::EVERY]:
        point = points[-1]
        bench.go_on(replace(first, points=(*first.points, point)), there)
        shown = left(bench)
        bench.go_on(first, bench.kept(first))
        bench.live(Life(point=point))
        died = left(bench)
        yield point, [what for what in shown if shown[what] != died[what]]


def main() -> int:
    with Bench() as bench:
        found = [
            (f"{first.line()} {point}", differ)
            for first in FAMILIES
            for point, differ in compared(bench, first)
        ]
    print(json.dumps({"points": len(found), "different": [one for one in found if one[1]]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
