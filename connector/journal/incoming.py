"""What comes from the platform, in the journal: flows once each, their statuses numbered for each document.

Plain functions on an open connection; `sqlite` has the connections and the transactions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from connector.errors import JournalDamaged
from connector.incoming import Delivery, DeliveryStep, Incoming, IncomingStep, Matter, Phase, Stand
from connector.journal import chain, sql
from connector.journal.rows import stamp
from connector.model import Seal
from connector.records import decode, encode

Facts = dict[str, str | int | None]

# What people see in the folder of errors, and have not settled.
TO_DO = """
    FROM delivery INDEXED BY delivery_to_do
    WHERE delivery.route = ? AND delivery.state = 'published'
      AND delivery.text IS NOT NULL AND delivery.resolved IS NULL
"""
UNSETTLED = f"SELECT delivery.body {TO_DO} ORDER BY delivery.seq DESC"
SETTLE = """
    UPDATE delivery SET resolved = ?
    WHERE id IN (SELECT value FROM json_each(?)) AND resolved IS NULL RETURNING id
"""


# --------------------------------------------------------------------------- writing
def write_seen(db: sqlite3.Connection, flows: Sequence[Incoming], at: str) -> None:
    """Write down the flows that are not known yet. A platform lists the same flow again and again."""
    events: list[tuple[str, str, Facts]] = []
    for flow in {flow.flow_id: flow for flow in flows}.values():
        if db.execute(sql.INSERT_INCOMING, (*_cells(flow), encode(Incoming, flow))).rowcount:
            events.append((flow.id, "flow-seen", _of_flow(flow)))
    _append(db, events, at)


def write_steps(db: sqlite3.Connection, steps: Sequence[IncomingStep], at: str) -> None:
    """Move flows on, and write down what they brought, with its number.

    Raises:
        JournalDamaged: a flow is not in the state that its step begins from.
    """
    for step in steps:
        flow = step.after
        values = (flow.state, _until(flow.not_before), encode(Incoming, flow), flow.id, step.before.state)
        _one(db.execute(sql.UPDATE_INCOMING, values), flow.id)
        moved = flow.state is not step.before.state
        _append(db, [(flow.id, f"flow-{flow.state}", _of_flow(flow))] if moved else [], at)
        for delivery in step.deliveries:
            _note(db, delivery, at)


def write_deliveries(db: sqlite3.Connection, steps: Sequence[DeliveryStep], at: str) -> None:
    """Move deliveries on. Raises as `write_steps`."""
    events: list[tuple[str, str, Facts]] = []
    for step in steps:
        after = step.after
        told = (after.state, _until(after.not_before), after.text, encode(Delivery, after))
        _one(db.execute(sql.UPDATE_DELIVERY, (*told, after.id, step.before.state)), after.id)
        if after.state is not step.before.state:
            events.append((after.id, f"delivery-{after.state}", {}))
    _append(db, events, at)


def settle(db: sqlite3.Connection, deliveries: Sequence[Delivery], how: str, at: str) -> int:
    """Write down how people settled what statuses ask for; how many were not settled before."""
    ids = json.dumps([delivery.id for delivery in deliveries])
    new = {row[0] for row in db.execute(SETTLE, (how, ids)).fetchall()}
    notes: list[tuple[str, str, Facts]] = [
        (delivery.job or delivery.id, "status-settled", {"delivery": delivery.id, "how": how})
        for delivery in deliveries
        if delivery.id in new
    ]
    _append(db, notes, at)
    return len(new)


def _note(db: sqlite3.Connection, delivery: Delivery, at: str) -> None:
    """A delivery takes the next number of its subject; the history tells of it under the job it is about."""
    (last,) = db.execute(sql.LAST_DELIVERY, (delivery.subject,)).fetchone()
    delivery = replace(delivery, n=(last or 0) + 1)
    kind = "status" if delivery.status else "document"
    (seal,) = _append(db, [(delivery.job or delivery.id, kind, _of_delivery(delivery))], at)
    delivery = replace(delivery, seal=seal)
    values = (
        delivery.id,
        delivery.incoming,
        delivery.route,
        delivery.job,
        delivery.subject,
        delivery.n,
        kind,
        delivery.state,
        stamp(delivery.noted_at),
        encode(Delivery, delivery),
    )
    db.execute(sql.INSERT_DELIVERY, values)


def _append(db: sqlite3.Connection, events: Iterable[tuple[str, str, Facts]], at: str) -> list[Seal]:
    """Append to the history, linked to what stands there; where each event stands."""
    seq, previous = db.execute(sql.LAST_EVENT).fetchone() or (0, chain.GENESIS)
    rows, seals = [], []
    for owner, kind, facts in events:
        body = chain.canonical({key: value for key, value in facts.items() if value is not None})
        seq, previous = seq + 1, chain.link(previous, seq + 1, at, owner, kind, body)
        rows.append((seq, owner, kind, body, previous))
        seals.append(Seal(seq=seq, hash=previous))
    if rows:
        db.execute(sql.INSERT_EVENTS, (at, json.dumps(rows, ensure_ascii=False)))
    return seals


def _one(done: sqlite3.Cursor, what: str) -> None:
    if done.rowcount != 1:
        raise JournalDamaged(f"{what} is not in the state that was read")


def _cells(flow: Incoming) -> tuple[str, ...]:
    return flow.id, flow.account, flow.flow_id, flow.matter, flow.state


def _of_flow(flow: Incoming) -> Facts:
    return {
        "account": flow.account,
        "flow_id": flow.flow_id,
        "type": flow.flow_type,
        "sha256": flow.sha256,
        "problems": ",".join(problem.code for problem in flow.problems) or None,
    }


def _of_delivery(delivery: Delivery) -> Facts:
    said = delivery.status
    return {
        "delivery": delivery.id,
        "route": delivery.route,
        "n": delivery.n,
        "code": said.code if said else None,
        "said_at": said.at if said else None,
        "reasons": ",".join(filter(None, (reason.code for reason in said.reasons))) or None if said else None,
        "effect": delivery.effect,
        "current": delivery.current,
        "flow_id": delivery.flow_id,
        "sha256": delivery.sha256,
        "problems": ",".join(problem.code for problem in delivery.problems) or None,
    }


def _until(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


# --------------------------------------------------------------------------- reading
def waiting(
    db: sqlite3.Connection, account: str, state: Stand, matters: Sequence[Matter], limit: int, now: datetime
) -> list[Incoming]:
    """The oldest flows of an account in this state, about one of these matters, that are due."""
    values = (account, json.dumps(matters), state, stamp(now), limit)
    return [decode(Incoming, body) for (body,) in db.execute(sql.INCOMING_WAITING, values)]


def deliveries(db: sqlite3.Connection, route: str, state: Phase, limit: int, now: datetime) -> list[Delivery]:
    """The oldest deliveries of a route in this state that are due."""
    rows = db.execute(sql.DELIVERIES_WAITING, (route, state, stamp(now), limit))
    return [decode(Delivery, body) for (body,) in rows]


def statuses(db: sqlite3.Connection, jobs: Sequence[str]) -> list[Delivery]:
    """What was delivered of these jobs' documents, in the order of coming."""
    rows = db.execute(sql.DELIVERIES_OF_JOBS, (json.dumps(jobs),))
    return [decode(Delivery, body) for (body,) in rows]


def unsettled(db: sqlite3.Connection, route: str) -> list[Delivery]:
    """The statuses of a route that ask for something and that nobody has settled, newest first."""
    return [decode(Delivery, body) for (body,) in db.execute(UNSETTLED, (route,))]
