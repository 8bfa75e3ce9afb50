"""The words for what comes from the platform: flows, written down once, and what is delivered of them.

Beside `model`; nothing happens here. The rules are in `lifecycle`, the order of events in `reception`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.model import Announced, Document, Job, Problem, ResultFile, Seal


class Matter(StrEnum):
    """What a flow that the platform has for us is about, as far as its listing tells."""

    SALES_STATUS = "sales-status"  # of an invoice or a report that we sent
    PURCHASE_STATUS = "purchase-status"  # of an invoice that a supplier sent us
    DOCUMENT = "document"  # such an invoice itself, or anything else


class Stand(StrEnum):
    """How far an incoming flow has come. Its lane moves it on, in this order."""

    SEEN = "seen"  # listed by the platform and written down with the cursor; not fetched
    FETCHED = "fetched"  # a private copy is durable, its SHA-256 known; or it will never come
    SORTED = "sorted"  # what it says is written down as deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One flow that the platform has for us. One row of the journal, however often it is listed."""

    id: str  # as a job's; its private copy lies under this name
    account: str
    flow_id: str
    state: Stand
    matter: Matter
    seen_at: datetime
    flow_type: str | None = None
    syntax: str | None = None
    name: str | None = None  # as the platform calls it
    tracking_id: str | None = None  # of whoever sent it, or of the flow that it is about
    company: str | None = None  # SIREN of ours that it is for, where the connection tells
    submitted_at: datetime | None = None
    tries: int = 0  # of fetching it, then of looking into it
    not_before: datetime | None = None
    waits_for: str | None = None
    size: int = 0
    sha256: str | None = None  # None: it never came
    given: Announced | None = None  # what it says, where the listing told it: there are no bytes then
    problems: tuple[Problem, ...] = ()


class Effect(StrEnum):
    """What a status does to what was known of its document."""

    CURRENT = "current"  # it is the document's status now
    KEPT = "kept"  # repeated, older than what is known, or of no known meaning: kept beside it
    AFTER_END = "after-end"  # the document was refused or rejected before; nothing overturns that
    FIRST_STANDS = "first-stands"  # a repeat was rejected; the accepted document stays as it is
    UNMATCHED = "unmatched"  # of a document that did not go through here


class Phase(StrEnum):
    """How far a delivery has come."""

    NOTED = "noted"  # written down; its files are not
    READY = "ready"  # its files are durable in staging
    PUBLISHED = "published"  # they are visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing to lay into a route's outbox: a status of one document, or a document as it came."""

    id: str  # of its flow with -nnnnn behind
    incoming: str  # id of its flow
    account: str
    route: str
    state: Phase
    noted_at: datetime
    subject: str  # what its statuses are counted by: the job, else the document as it is named, else the flow
    n: int = 0  # its number among those; given by the journal
    flow_id: str
    flow_type: str | None = None
    tracking_id: str | None = None
    name: str = ""  # of the document or the message, as the platform calls it
    submitted_at: datetime | None = None
    size: int = 0
    sha256: str | None = None  # None: there are no bytes to go with it
    job: str | None = None  # whose document has the status
    status: Announced | None = None  # None: a document
    document: Document | None = None  # without its statuses
    effect: Effect | None = None  # of a status
    current: str | None = None  # code of the document's status after this one
    problems: tuple[Problem, ...] = ()
    not_before: datetime | None = None
    waits_for: str | None = None
    seal: Seal | None = None  # where the journal's hash chain recorded it
    result: tuple[ResultFile, ...] = ()

    @property
    def text(self) -> str | None:
        """Path below the outbox of the text for people; None: it is no status, or asks for nothing."""
        texts = (file.target for file in self.result if file.target.endswith(".txt"))
        return next(texts, None) if self.status is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A status that asks for something, and what it is about."""

    delivery: Delivery
    job: Job | None  # None: it is about no document of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingStep:
    """One change of an incoming flow, with what it brought to be delivered."""

    before: Incoming
    after: Incoming
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStep:
    """One change of a delivery."""

    before: Delivery
    after: Delivery
