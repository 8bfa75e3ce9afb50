"""What is laid into an outbox of what came from the platform: statuses, and documents as they came.

The contracts of the JSON files are `schemas/results/status.schema.json` and `received.schema.json`; the rules
of `result` hold here too: codes and keys are for programs, `message` for people in the route's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from connector import names
from connector.incoming import Delivery, Effect
from connector.lifecycle import TECHNICAL
from connector.messages import Messages
from connector.model import Announced, Document, Job, Party, Problem, Syntax
from connector.outbox.layout import clean
from connector.outbox.status import Setting, asks_for_something, facts_of, status_advice, status_notice
from connector.records import pretty

SCHEMA_VERSION = 1
_VALUE = 200  # characters of a value from outside
_RAW = 1000  # characters of somebody else's own words
_CODE = re.compile(r"[A-Za-z0-9]{1,10}")
_NO_CODE = "000"
# What changes nothing asks for nothing again.
_NEWS = frozenset({Effect.CURRENT, Effect.FIRST_STANDS, Effect.UNMATCHED})

Json = dict[str, object]
Files = list[tuple[str, str, bytes | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every file of a route says: where it comes from, in which languages, by which clock."""

    route: str
    environment: str
    messages: Messages
    english: Messages
    zone: tzinfo
    inbox: str  # name of the folder to drop into
    errors: str  # folders below the outbox
    statuses: str
    received: str
    notice: str  # suffix of a text for people

    def moment(self, written: str | None) -> datetime | None:
        """When a message says that something was; it names no time zone, so the route's is taken."""
        try:
            moment = datetime.fromisoformat(written or "")
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def local(self, moment: datetime | None) -> str | None:
        """RFC 3339, to the second, with the offset of the route's time zone."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds") if moment else None


def announced(delivery: Delivery, job: Job | None, desk: Desk) -> tuple[str, Files]:
    """The name wished for the files of a delivery, and these: (folder, suffix, content) as of `compose`.

    The message or document as it came goes first, the machine's file last. Between the two, in the folder
    of errors, a text for people about a status that asks for something.

    Args:
        job: whose document the status is about; None when it is about none of ours.
    """
    day = delivery.noted_at.astimezone(desk.zone).date().isoformat()
    if delivery.status is not None:
        folder = f"{desk.statuses}/{day}"
        name = f"{_stem(delivery, job)}_CDV_{_code(delivery.status)}_{delivery.n:03}"
        suffix, record = ".xml", _status_record(delivery, delivery.status, job, desk)
    else:
        folder = f"{desk.received}/{day}"
        name, suffix, record = _document_name(delivery), "", _document_record(delivery, desk)
    original: Files = [(folder, suffix, None)] if delivery.sha256 else []
    return name, [*original, *_notice(delivery, job, desk), (folder, ".json", pretty(record))]


def asks(delivery: Delivery, job: Job | None) -> bool:
    """Whether somebody has to read of it: a status that is news, and asks for something.

    Args:
        job: whose document the status is about.
    """
    said = delivery.status
    if said is None or said.code is None:
        return False
    # One of its flow leaves the document's own status as it is, and is news all the same.
    of_flow = delivery.effect is Effect.KEPT and said.code in TECHNICAL
    if delivery.effect not in _NEWS and not of_flow:
        return False
    return asks_for_something(status_advice(facts_of(delivery, said), job))


def _notice(delivery: Delivery, job: Job | None, desk: Desk) -> Files:
    """The text about a status that asks for something."""
    said = delivery.status
    if said is None or not asks(delivery, job):
        return []
    facts = facts_of(delivery, said, desk.moment(said.at))
    setting = Setting(
        environment=desk.environment, zone=desk.zone, inbox=desk.inbox, errors_folder=desk.errors
    )
    text = status_notice(facts, job, setting, desk.messages)
    return [] if text is None else [(desk.errors, desk.notice, text)]


# --------------------------------------------------------------------------- names
def _stem(delivery: Delivery, job: Job | None) -> str:
    if job is not None:
        return names.split(names.of_result(job.name, job.member))[0]
    number = delivery.status.about.number if delivery.status else None
    return names.split(names.safe(f"{number or delivery.flow_id}.xml".encode()))[0]


def _code(said: Announced) -> str:
    """The code as a part of a file name; codes are an open list, and come from outside."""
    return said.code if said.code and _CODE.fullmatch(said.code) else _NO_CODE


def _document_name(delivery: Delivery) -> str:
    """The name that the platform gives it, made safe; with an extension, so that people can open it."""
    given = names.safe((delivery.name or delivery.flow_id).encode("utf-8", "surrogateescape"))
    stem, extension = names.split(given)
    if extension or delivery.document is None:
        return given
    return stem + (".pdf" if delivery.document.syntax is Syntax.FACTUR_X else ".xml")


# --------------------------------------------------------------------------- a status
def _status_record(delivery: Delivery, said: Announced, job: Job | None, desk: Desk) -> Json:
    about = said.about
    own = job.document if job and job.document else None
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "status",
        "id": delivery.id,
        "route": desk.route,
        "environment": desk.environment,
        "message": _told(delivery, said, job, desk.messages),
        "message_en": _told(delivery, said, job, desk.english),
        "n": delivery.n,
        "effect": delivery.effect,
        "status": {
            "code": _value(said.code),
            "label": label_of(said, desk.messages),
            "label_en": label_of(said, desk.english),
            "raw": _value(said.words),
            "at": _value(said.at),
            "reasons": [_reason(reason.code, reason.words, desk) for reason in said.reasons],
            "amounts": [
                {
                    "kind": _value(each.kind),
                    "amount": _value(each.amount),
                    "currency": _value(each.currency),
                    "vat_rate": _value(each.rate),
                }
                for each in said.amounts
            ],
        },
        "current_status": _labelled(delivery.current, desk),
        "document": {
            "number": _value(about.number) or _value(own.number if own else None),
            "issue_date": _value(about.issue_date) or _value(own.issue_date if own else None),
            "type_code": _value(about.type_code),
            "issuer": _party(about.issuer),
        },
        "job": _job(job) if job else None,
        "sender": _party(delivery.document.sender if delivery.document else Party()),
        "platform": _platform(delivery, desk),
        "file": _file(delivery),
        "audit": {"seq": delivery.seal.seq, "hash": delivery.seal.hash} if delivery.seal else None,
    }


def label_of(said: Announced, messages: Messages) -> str:
    """What people call a status: our name for its code, else what the message itself calls it."""
    if said.code and messages.has(f"lifecycle_status.{said.code}"):
        return messages.text(f"lifecycle_status.{said.code}")
    return clean(said.words or said.code or "?", _VALUE)


def _labelled(code: str | None, desk: Desk) -> Json | None:
    if code is None:
        return None
    said = Announced(code=code)
    return {
        "code": _value(code),
        "label": label_of(said, desk.messages),
        "label_en": label_of(said, desk.english),
    }


def _told(delivery: Delivery, said: Announced, job: Job | None, messages: Messages) -> str:
    """One sentence: what was announced, and what it changes."""
    number = said.about.number or (job.document.number if job and job.document else None)
    effect = delivery.effect or Effect.UNMATCHED
    key = f"incoming.{effect}"
    if effect is Effect.KEPT and delivery.current is None:
        key = "incoming.kept_alone"
    current = Announced(code=delivery.current)
    return messages.text(
        key,
        **messages.words(job.document if job else None),
        document=clean(number or "…", _VALUE),
        label=label_of(said, messages),
        code=clean(said.code or "?", 20),
        current=label_of(current, messages),
    )


def _reason(code: str | None, words: str | None, desk: Desk) -> Json:
    def title(messages: Messages) -> str | None:
        if code is None or not messages.knows(code):
            return None
        return messages.entry(clean(code, 60), source="platform").title

    return {
        "code": _value(code),
        "message": title(desk.messages),
        "message_en": title(desk.english),
        "raw": clean(words, _RAW) if words else None,
    }


def _job(job: Job) -> Json:
    return {
        "id": job.id,
        "name": clean(names.display(job.name), _VALUE),
        "sha256": job.sha256,
        "outcome": job.outcome or "pending",
        "flow_id": _value(job.flow_id),
    }


# --------------------------------------------------------------------------- a document
def _document_record(delivery: Delivery, desk: Desk) -> Json:
    document = delivery.document
    return {
        "schema_version": SCHEMA_VERSION,
        "type": "received",
        "id": delivery.id,
        "route": desk.route,
        "environment": desk.environment,
        "message": _brought(delivery, desk.messages),
        "message_en": _brought(delivery, desk.english),
        "document": _described(document) if document else None,
        "platform": _platform(delivery, desk),
        "file": _file(delivery),
        "problems": [_problem(problem, document, desk) for problem in delivery.problems],
        "audit": {"seq": delivery.seal.seq, "hash": delivery.seal.hash} if delivery.seal else None,
    }


def _brought(delivery: Delivery, messages: Messages) -> str:
    document = delivery.document
    if delivery.sha256 is None:
        return messages.text("incoming.missing", flow=clean(delivery.flow_id, 60))
    if document is None:
        return messages.text("incoming.unread")
    return messages.text(
        "incoming.document",
        **messages.words(document),
        document=clean(document.number or "…", _VALUE),
        seller=clean(document.seller.name or document.seller.siren or "…", _VALUE),
    )


def _described(document: Document) -> Json:
    return {
        "family": document.family,
        "kind": document.kind,
        "syntax": document.syntax,
        "type_code": _value(document.type_code),
        "number": _value(document.number),
        "issue_date": _value(document.issue_date),
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "currency": _value(document.currency),
        "total_without_vat": _value(document.total_without_vat),
        "total_vat": _value(document.total_vat),
        "total_with_vat": _value(document.total_with_vat),
    }


def _problem(problem: Problem, document: Document | None, desk: Desk) -> Json:
    def told(messages: Messages) -> str:
        words: Mapping[str, str] = messages.words(document)
        said = clean(problem.message, 400) if problem.message else None
        entry = messages.entry(clean(problem.code, 60), source=problem.source, message=said, **words)
        return f"{entry.title} {entry.meaning}".rstrip()

    return {
        "code": clean(problem.code, 60),
        "severity": problem.severity,
        "message": told(desk.messages),
        "message_en": told(desk.english),
        "raw": clean(problem.message, _RAW) if problem.message else None,
    }


# --------------------------------------------------------------------------- of both
def _platform(delivery: Delivery, desk: Desk) -> Json:
    return {
        "account": delivery.account,
        "flow_id": _value(delivery.flow_id),
        "flow_type": _value(delivery.flow_type),
        "tracking_id": _value(delivery.tracking_id),
        "name": _value(delivery.name or None),
        "submitted_at": desk.local(delivery.submitted_at),
        "received_at": desk.local(delivery.noted_at),
    }


def _file(delivery: Delivery) -> Json | None:
    return {"size": delivery.size, "sha256": delivery.sha256} if delivery.sha256 else None


def _party(party: Party) -> Json:
    return {"siren": _value(party.siren), "name": _value(party.name)}


def _value(text: str | None) -> str | None:
    return None if text is None else clean(text, _VALUE)
