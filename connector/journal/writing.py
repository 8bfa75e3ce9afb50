"""Writing a batch of steps: prepared while nobody waits, then a few statements in one transaction.

Each call into SQLite lets other threads run, and then has to wait for its turn again. So a batch goes in as
one JSON array a statement, and not row by row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connector import names, policy
from connector.crosscheck import business_key
from connector.errors import JournalDamaged
from connector.journal import chain, sql
from connector.journal.rows import to_insert, to_update
from connector.model import Seal, State, Step


@dataclass(frozen=True, slots=True)
class Prepared:
    """A step that fits the graph of states, and what the history keeps of it."""

    step: Step
    remembered: str  # canonical JSON


def prepare(steps: Sequence[Step]) -> list[Prepared]:
    """Check steps and put them into words, outside of any transaction.

    Raises:
        JournalDamaged: a step that no job may take.
    """
    return [_prepared(step) for step in steps]


def write(db: sqlite3.Connection, batch: Sequence[Prepared], at: str) -> None:
    """Append the steps to the history and bring the jobs' rows up to date, inside the caller's transaction.

    Args:
        at: the time of all of them.
    Raises:
        JournalDamaged: a job is not in the state that its step begins from.
    """
    # Read inside the transaction: the chain must hold even if another program has written.
    seq, previous = db.execute(sql.LAST_EVENT).fetchone() or (0, chain.GENESIS)
    events, inserts, updates = [], [], []
    for item in batch:
        seq, before, after = seq + 1, item.step.before, item.step.after
        previous = chain.link(previous, seq, at, after.id, after.state, item.remembered)
        events.append((seq, after.id, after.state, item.remembered, previous))
        if before is None:
            inserts.append(to_insert(after))
            continue
        if after.state is State.CONCLUDED and before.state is not State.CONCLUDED:
            after = replace(after, seal=Seal(seq=seq, hash=previous))
        updates.append(to_update(after, before.state))
    db.execute(sql.INSERT_EVENTS, (at, json.dumps(events, ensure_ascii=False)))
    db.executemany(sql.INSERT_JOB, inserts)
    changed = (
        db.execute(sql.UPDATE_JOBS, (json.dumps(updates, ensure_ascii=False),)).rowcount if updates else 0
    )
    if changed != len(updates):
        ids = ", ".join(str(row[0]) for row in updates)
        raise JournalDamaged(f"of the jobs {ids}, only {changed} are in the state that was read")


def append(db: sqlite3.Connection, at: str, notes: Sequence[tuple[str, str, Mapping[str, str]]]) -> None:
    """Append to the history what is no step of a job: (job or nothing, kind, facts), in the transaction."""
    seq, previous = db.execute(sql.LAST_EVENT).fetchone() or (0, chain.GENESIS)
    events = []
    for job, kind, facts in notes:
        seq, remembered = seq + 1, chain.canonical(dict(facts))
        previous = chain.link(previous, seq, at, job, kind, remembered)
        events.append((seq, job, kind, remembered, previous))
    db.execute(sql.INSERT_EVENTS, (at, json.dumps(events, ensure_ascii=False)))


def _prepared(step: Step) -> Prepared:
    before, after = step.before, step.after
    if before is None:
        fits = after.state is (State.CLAIMED if after.parent is None else State.SPOOLED)
    else:
        fits = before.id == after.id and after.state in policy.STEPS[before.state]
    if not fits:
        raise JournalDamaged(f"job {after.id} cannot go from {before and before.state} to {after.state}")
    return Prepared(step, chain.canonical({**_remembered(step), **(step.detail or {})}))


def _remembered(step: Step) -> dict[str, str | int]:
    """What the history keeps of a step: facts that a later step may overwrite in the row."""
    job, new = step.after, step.before is None
    facts: dict[str, str | int | None] = {
        "route": job.route if new else None,
        "name": names.display(job.name) if new else None,
        "parent": job.parent if new else None,
        "sha256": job.sha256 if job.state is State.SPOOLED else None,
        "key": business_key(job.document) if job.state is State.VALID else None,
        "reach": job.reach if job.state is State.VALID else None,
        "tracking_id": job.tracking_id if job.state is State.SENDING else None,
        "attempt": job.attempts if job.state is State.SENDING else None,
        "flow_id": job.flow_id if job.state is State.RECEIVED else None,
        "outcome": job.outcome,
        "waits_for": job.waits_for,
        "problems": ",".join(problem.code for problem in job.problems) or None,
    }
    return {key: value for key, value in facts.items() if value is not None}
