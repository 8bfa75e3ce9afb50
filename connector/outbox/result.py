"""The result that an ERP reads: one record, the same members in the same order for every outcome.

The contract is `schemas/results/result.schema.json`. Codes and keys are for programs, `message` for people in
the route's language, `message_en` in English; `raw` is what an engine or the platform said, word for word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector import names
from connector.messages import Messages
from connector.model import Document, Family, Job, Outcome, Party, Problem, Reference
from connector.outbox import bundle
from connector.outbox.advice import Advice
from connector.outbox.case import (
    Case,
    about_twin,
    in_time,
    shown_name,
    what_happened,
    what_next,
    which_number,
)
from connector.outbox.layout import clean
from connector.outbox.points import Point, entry_of, place_of, term_for
from connector.outbox.terms import line_of

SCHEMA_VERSION = 1
_VALUE = 200  # characters of a value from outside
_RAW = 1000  # characters of an engine's or a platform's own words

Json = dict[str, object]
_STATUS = {
    Outcome.ACCEPTED: "technically_accepted",
    Outcome.REJECTED_BEFORE_SENDING: "not_sent",
    Outcome.INADMISSIBLE: "inadmissible",
    Outcome.REJECTED_BY_PLATFORM: "rejected",
    Outcome.REFUSED_BY_BUYER: "refused",
    Outcome.DUPLICATE: "repeated",
    Outcome.HELD: "undecided",
    Outcome.UNREADABLE: "not_sent",
    Outcome.CANCELLED: "cancelled",
    Outcome.ANSWERED: "answered",
}


def record_of(case: Case, route: str, messages: Messages, english: Messages) -> Json:
    """The result of a job for programs; `forms` writes it as JSON, CSV or XML."""
    job = case.job
    return {
        "schema_version": SCHEMA_VERSION,
        "id": job.id,
        "outcome": case.outcome,
        "final": case.outcome is not Outcome.HELD,
        "route": route,
        "environment": case.environment,
        "message": _told(case, messages),
        "message_en": _told(case, english),
        "file": _file(case),
        "bundle": _bundle(job) if job.parent else None,
        "documents": bundle.entries(case.documents) if job.documents else None,
        "document": _document(job.document) if job.document else None,
        "platform": _platform(case) if job.attempts or job.flow_id else None,
        "status": _status(case, messages),
        "duplicate_of": _duplicate_of(case) if job.twin else None,
        "problems": problem_records(case.points, job.document, messages, english),
        "next": _next(case, case.advice, messages, english),
        "checked_with": _checked_with(job),
        "audit": {"seq": job.seal.seq, "hash": job.seal.hash} if job.seal else None,
    }


def _told(case: Case, messages: Messages) -> str:
    sentences = (what_happened(case, messages), about_twin(case, messages))
    return " ".join(sentence for sentence in sentences if sentence)


def _file(case: Case) -> Json:
    return {
        "name": shown_name(case.job),
        "size": case.job.size,
        "sha256": case.job.sha256,
        "received_at": _time(case, case.job.claimed_at),
    }


def _bundle(job: Job) -> Json:
    """What a document came in."""
    name = names.display(job.name[: -len((job.member or "").encode()) - 1])
    return {"id": job.parent, "name": clean(name, _VALUE), "member": _value(job.member)}


def _document(document: Document) -> Json:
    return {
        "family": document.family,
        "kind": document.kind,
        "syntax": document.syntax,
        "profile": _value(document.profile),
        "type_code": _value(document.type_code),
        "number": _value(document.number),
        "issue_date": _value(document.issue_date),
        "period_start": _value(document.period_start),
        "period_end": _value(document.period_end),
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "currency": _value(document.currency),
        "total_without_vat": _value(document.total_without_vat),
        "total_vat": _value(document.total_vat),
        "total_with_vat": _value(document.total_with_vat),
        "lines": document.lines,
        **(_report(document) if document.family is Family.EREPORTING else {}),
        **(_lifecycle(document) if document.family is Family.LIFECYCLE else {}),
    }


def _report(document: Document) -> Json:
    """What a report reports, for whom, and how much of it."""
    return {
        "report_kind": _value(document.report_kind),
        "role": _value(document.role),
        "invoices": document.invoices,
        "transactions": document.transactions,
    }


def _lifecycle(document: Document) -> Json:
    """Which status of which document a lifecycle message announces."""
    about = document.about or Reference()
    return {
        "status_code": _value(document.status_code),
        "about": {
            "number": _value(about.number),
            "issue_date": _value(about.issue_date),
            "type_code": _value(about.type_code),
            "issuer": _party(about.issuer),
        },
        "sender": _party(document.sender),
        "recipient": _party(document.recipient),
    }


def _party(party: Party) -> Json:
    return {
        "siren": _value(party.siren),
        "siret": _value(party.siret),
        "vat": _value(party.vat),
        "name": _value(party.name),
    }


def _platform(case: Case) -> Json:
    job = case.job
    return {
        "flow_id": _value(job.flow_id),
        "tracking_id": _value(job.tracking_id),
        "http_status": job.http_status,
        "correlation_id": _value(job.request_id),
        "attempts": job.attempts,
        "submitted_at": _time(case, job.sent_at),
        "received_at": _time(case, job.received_at),
        "acknowledged_at": _time(case, job.acknowledged_at),
    }


def _status(case: Case, messages: Messages) -> Json:
    code = "partial" if bundle.is_mixed(case.documents) else _STATUS[case.outcome]
    job = case.job
    return {
        "code": code,
        "label": messages.text(f"status.{code}", **messages.words(job.document)),
        "at": _time(case, job.acknowledged_at or job.concluded_at),
    }


def _duplicate_of(case: Case) -> Json:
    twin = case.twin
    return {
        "id": case.job.twin,
        "name": shown_name(twin) if twin else None,
        "received_at": _time(case, twin.claimed_at) if twin else None,
        "outcome": (twin.outcome or "pending") if twin else None,
        "flow_id": _value(twin.flow_id) if twin else None,
    }


def problem_records(
    points: Sequence[Point], document: Document | None, messages: Messages, english: Messages
) -> list[Json]:
    """Every finding as the result file tells it."""
    return [
        _problem(point, problem, document, messages, english)
        for point in points
        for problem in point.problems
    ]


def _problem(
    point: Point, problem: Problem, document: Document | None, messages: Messages, english: Messages
) -> Json:
    entry, entry_en = (entry_of(problem, document, each) for each in (messages, english))
    path = problem.where if problem.where and "/" in problem.where else None
    term = term_for(problem)
    return {
        "n": point.n,
        "severity": problem.severity,
        "code": clean(problem.code, 60),
        "source": clean(problem.source, 60),
        "term": _value(term),
        "term_label": messages.label("term", term) if term and messages.has(f"term.{term}") else None,
        "where": place_of(Point(n=point.n, problems=(problem,)), messages),
        "invoice_line": line_of(path),
        "invoice_line_id": _value(problem.invoice_line),
        "invoice_line_name": _value(problem.line_name),
        "xml_line": problem.line,
        "xpath": _value(path),
        "found": _value(problem.found),
        "expected": _value(problem.expected),
        "message": f"{entry.title} {entry.meaning}".rstrip(),
        "message_en": f"{entry_en.title} {entry_en.meaning}".rstrip(),
        "action": entry.action,
        "action_en": entry_en.action,
        "raw": clean(problem.message, _RAW) if problem.message else None,
        "occurrences": problem.occurrences,
    }


def _next(case: Case, advice: Advice, messages: Messages, english: Messages) -> Json:
    return {
        "action": advice.action,
        "same_number_allowed": advice.same_number_allowed,
        "who": advice.who,
        "deadline": case.act_by.isoformat() if case.act_by else None,
        "message": _advised(case, messages),
        "message_en": _advised(case, english),
    }


def _advised(case: Case, messages: Messages) -> str:
    sentences = (what_next(case, messages), which_number(case, messages), in_time(case.act_by, messages))
    return " ".join(sentence for sentence in sentences if sentence)


def _checked_with(job: Job) -> Json | None:
    if job.verdict is None:
        return None
    return {"schema": _value(job.verdict.schema), "rules": _value(job.verdict.rules)}


def _value(text: str | None) -> str | None:
    return None if text is None else clean(text, _VALUE)


def _time(case: Case, moment: datetime | None) -> str | None:
    """RFC 3339, to the second, with the offset of the route's time zone."""
    return case.local(moment).isoformat(timespec="seconds") if moment else None
