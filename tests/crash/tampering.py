"""`python -m tests.crash.tampering`: spoils what is found after a good run, in one way at a time.

Prints as JSON which rules the checker says are broken then. A checker that cannot see these sees nothing.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tests.crash.bench import Bench
from tests.crash.check import violations
from tests.crash.evidence import Evidence
from tests.crash.spec import Ended, RunSpec

Trick = Callable[[Evidence], Evidence]


def _archived(seen: Evidence) -> Path:
    return seen.files_in(seen.place.archive_of("ventes"))[0]


def _result(seen: Evidence) -> Path:
    return next(seen.place.taken.iterdir())


def _lose(seen: Evidence) -> Evidence:
    _archived(seen).unlink()
    return seen


def _alter(seen: Evidence) -> Evidence:
    with _archived(seen).open("ab") as file:
        file.write(b" ")
    return seen


def _send_twice(seen: Evidence) -> Evidence:
    return replace(seen, flows=seen.flows * 2)


def _send_never(seen: Evidence) -> Evidence:
    return replace(seen, flows=())


def _tell_twice(seen: Evidence) -> Evidence:
    first = _result(seen)
    first.with_name(first.name.replace("0000", "0001")).write_bytes(first.read_bytes())
    return seen


def _tell_never(seen: Evidence) -> Evidence:
    _result(seen).unlink()
    return seen


def _tell_otherwise(seen: Evidence) -> Evidence:
    path = _result(seen)
    path.write_bytes(path.read_bytes().replace(b'"accepted"', b'"rejected_by_platform"'))
    return seen


def _another_flow(seen: Evidence) -> Evidence:
    return replace(seen, flows=tuple(replace(flow, flow_id="another") for flow in seen.flows))


def _leave_copy(seen: Evidence) -> Evidence:
    (seen.place.state / "spool" / "20261122-000000-00000000").touch()
    return seen


def _leave_drop(seen: Evidence) -> Evidence:
    (seen.place.inbox_of("ventes") / "FA1.xml").touch()
    return seen


def _rewrite_history(seen: Evidence) -> Evidence:
    with closing(sqlite3.connect(seen.place.journal)) as db, db:
        db.execute("UPDATE event SET kind = 'published' WHERE kind = 'spooled'")
    return seen


def _hold(seen: Evidence) -> Evidence:
    with closing(sqlite3.connect(seen.place.journal)) as db, db:
        db.execute("UPDATE job SET body = replace(body, '\"accepted\"', '\"held\"')")
    return seen


def _praise_archive(seen: Evidence) -> Evidence:
    with closing(sqlite3.connect(seen.place.journal)) as db, db:
        better = "replace(body, '\"rejected_before_sending\"', '\"accepted\"')"
        db.execute(f"UPDATE job SET body = {better} WHERE parent IS NULL")
    return seen


def _supplied(seen: Evidence) -> Path:
    return next(path for path in seen.place.taken.iterdir() if path.name.endswith("ACHAT-1.xml"))


def _lay_down_again(seen: Evidence) -> Evidence:
    first = _supplied(seen)
    first.with_name(first.name.replace("ACHAT-1", "ACHAT-1~2")).write_bytes(first.read_bytes())
    return seen


def _lay_down_never(seen: Evidence) -> Evidence:
    _supplied(seen).unlink()
    return seen


def _tell_secret(seen: Evidence) -> Evidence:
    (seen.place.state / "note.txt").write_text("Authorization: Bearer abc", "ascii")
    return seen


def _with_end(seen: Evidence, end: Ended) -> Evidence:
    return replace(seen, lives=(*seen.lives[:-1], end))


def _keep_thread(seen: Evidence) -> Evidence:
    return _with_end(seen, Ended(status=0, report={"rested": True, "left": ["thread gateways"]}))


def _never_settle(seen: Evidence) -> Evidence:
    return _with_end(seen, Ended(status=0, report={"rested": False, "troubles": []}))


def _hang(seen: Evidence) -> Evidence:
    return _with_end(seen, Ended(status=14, report={}))


def _fail(seen: Evidence) -> Evidence:
    return _with_end(seen, Ended(status=0, report={"bug": "AssertionError"}))


TRICKS: dict[str, tuple[str, Trick]] = {
    # what is done → (the rule that must break, how)
    "nothing": ("", lambda seen: seen),
    "an original is lost": ("I1", _lose),
    "an original is altered": ("I1", _alter),
    "a document is sent twice": ("I2", _send_twice),
    "a document was never sent": ("I2", _send_never),
    "a result is told twice": ("I3", _tell_twice),
    "a result is never told": ("I3", _tell_never),
    "a result is altered": ("I4", _tell_otherwise),
    "a result names another flow": ("I5", _another_flow),
    "a private copy is left": ("I6", _leave_copy),
    "a drop is left": ("I6", _leave_drop),
    "the history is rewritten": ("I7", _rewrite_history),
    "what came is laid down twice": ("I12", _lay_down_again),
    "what came is never laid down": ("I12", _lay_down_never),
    "a document is held without need": ("I8", _hold),
    "an archive ends better than its documents": ("I8", _praise_archive),
    "nothing settles": ("I9", _never_settle),
    "a life hangs": ("I9", _hang),
    "a token is written down": ("I10", _tell_secret),
    "a thread is left": ("I11", _keep_thread),
    "a life ends by a bug": ("bug", _fail),
}


def main() -> int:
    found = {}
    with Bench() as bench:
        for name, (_, trick) in TRICKS.items():
            shape = "zip" if "archive" in name else "received" if "came" in name else "plain"
            bench.run(RunSpec(shape=shape, plan="accepted"))
            broken = violations(trick(bench.evidence()))
            found[name] = sorted({violation.rule.split()[0] for violation in broken})
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
