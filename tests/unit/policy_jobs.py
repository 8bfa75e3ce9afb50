"""Jobs in each state, for tests of decisions: made here the way the journey makes them, no shorter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.model import (
    AckStatus,
    Document,
    Family,
    FlowReport,
    Inspection,
    Job,
    Outcome,
    Party,
    Problem,
    State,
    Syntax,
    Verdict,
    VerdictStatus,
)
from connector.policy import LookupRules, RouteRules

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
RULES = RouteRules(accept=frozenset({Family.INVOICE}))
LOOKUP = LookupRules(checks=3, interval=timedelta(seconds=60), visibility=timedelta(seconds=900))
SHA = "a" * 64
ALREADY = Problem(code="AlreadyExistingFlow", source="platform")


def document(number: str | None = "FA1", **more: Any) -> Document:
    facts: dict[str, Any] = {
        "family": Family.INVOICE,
        "syntax": Syntax.UBL,
        "kind": "ubl-invoice",
        "number": number,
        "issue_date": "2026-09-01",
        "type_code": "380",
        "seller": Party(siren="732829320"),
    }
    return Document(**(facts | more))


def inspection(status: VerdictStatus = VerdictStatus.VALID, **more: Any) -> Inspection:
    return Inspection(verdict=Verdict(status=status, **more), document=document())


def job(state: State, job_id: str = "20261122-095900-00000001", **more: Any) -> Job:
    """A job as it stands in a state."""
    facts: dict[str, Any] = {
        "id": job_id,
        "route": "ventes",
        "account": "pa",
        "name": b"FA1.xml",
        "state": state,
        "claimed_at": NOW - timedelta(minutes=1),
        "size": 100,
    }
    if state is not State.CLAIMED:
        facts |= {"sha256": SHA}
    if state not in (State.CLAIMED, State.SPOOLED):
        facts |= {
            "document": document(),
            "tracking_id": "t" * 36,
            "verdict": Verdict(status=VerdictStatus.VALID),
        }
    if state in (State.SENDING, State.UNKNOWN, State.RECEIVED):
        facts |= {
            "attempts": 1,
            "first_sent_at": NOW - timedelta(seconds=5),
            "sent_at": NOW - timedelta(seconds=5),
        }
    if state is State.RECEIVED:
        facts |= {"flow_id": "flow-1", "received_at": NOW}
    return Job(**(facts | more))


def twin(outcome: Outcome | None, state: State = State.DONE, **more: Any) -> Job:
    """An earlier job with the same bytes and number."""
    return replace(job(state, "20261122-080000-0000000f"), outcome=outcome, **more)


def report(
    ack: AckStatus, *problems: Problem, flow_id: str = "flow-1", raw_ack: str | None = None
) -> FlowReport:
    return FlowReport(flow_id=flow_id, ack=ack, raw_ack=raw_ack, problems=problems, submitted_at=NOW)
