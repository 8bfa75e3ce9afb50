"""The words of the connector as frozen dataclasses and enums: what they mean, and nothing that happens.

No I/O, no clock, no rule. Rules over these words are in `policy`, the order of events in `journey`.
Times are aware datetimes in UTC; amounts are decimal strings as the document wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from connector.fetching import Fetched, FetchFailed, FetchKind, IncomingFlow
from connector.verdict import (
    Announced,
    Document,
    Family,
    Party,
    Problem,
    Reason,
    Reference,
    Severity,
    StatusAmount,
    Syntax,
    Verdict,
    VerdictStatus,
)

__all__ = [
    "FINE",
    "Absent",
    "AckStatus",
    "Announced",
    "Document",
    "Family",
    "FetchFailed",
    "FetchKind",
    "Fetched",
    "FlowReport",
    "Found",
    "Health",
    "IncomingFlow",
    "Inconclusive",
    "Inspection",
    "InspectionLost",
    "Job",
    "LookupAnswer",
    "Member",
    "NotSent",
    "Outcome",
    "Packing",
    "Parcel",
    "Party",
    "PollPage",
    "Problem",
    "Reason",
    "Received",
    "Reference",
    "Refused",
    "ResultFile",
    "Seal",
    "Severity",
    "State",
    "StatusAmount",
    "Step",
    "SubmitAnswer",
    "Syntax",
    "Trace",
    "Unknown",
    "Verdict",
    "VerdictStatus",
]


# --------------------------------------------------------------------------- inspections
class Packing(StrEnum):
    """How the bytes of a member lie in its bundle."""

    STORED = "stored"  # in a zip, as they are
    DEFLATED = "deflated"  # in a zip, compressed by themselves
    STREAM = "stream"  # in what the whole file, a gzip, unpacks to


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file inside a bundle: its name, where its bytes lie, and why it cannot be taken out, if so."""

    name: str  # path inside the bundle, '/'-separated
    size: int = 0  # bytes, unpacked
    sha256: str | None = None  # of those bytes; None when nobody could read them
    packing: Packing = Packing.STORED
    start: int = 0  # first byte, in the file or in what it unpacks to
    stored: int = 0  # bytes it takes there
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of looking into one file: what it is, and whether it is valid."""

    verdict: Verdict
    document: Document | None = None
    members: tuple[Member, ...] = ()  # of a bundle; it is no document itself


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionLost:
    """The worker died (or was killed for its time or memory) while it had this file in hand."""

    reason: str  # "time" | "memory" | "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionOrder:
    """One file to look into."""

    key: str  # given back with the answer
    path: Path
    size: int
    name: str = ""  # as it was dropped, decoded by `os.fsdecode`: some names promise a content
    rules: str = "off"  # how business rules count: "off" | "warn" | "error"


# --------------------------------------------------------------------------- the platform's answers
@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One document ready to be handed to a gateway. The same parcel is used for every attempt."""

    job: str
    tracking_id: str  # at most 36 characters, ours, the same for every attempt
    attempt: int
    path: Path  # the private immutable copy
    size: int
    sha256: str
    name: str  # the unique file name told to the platform, at most 255 characters
    document: Document
    started_at: datetime  # when the first attempt's intent was committed
    number: int | None = None  # of the flow, where the sender numbers its flows; the same for every attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What one exchange with the platform left behind, kept in the journal as it came."""

    http_status: int | None = None
    request_id: str | None = None
    body: str = ""  # first 4 KB, decoded leniently
    elapsed_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The platform has it and named it. This is a receipt, not an acceptance."""

    flow_id: str
    at: datetime
    trace: Trace = Trace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The platform refused this document for good; sending it again unchanged is useless."""

    problems: tuple[Problem, ...]
    trace: Trace = Trace()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """It is certain that the platform did not take the document. It may be sent again, same key."""

    reason: str  # "connect", "rate", "token", "unauthorized", "forbidden", "breaker", …
    retry_after: float | None = None  # seconds the platform asked for, already capped
    stops_account: bool = False  # the account, not the document, is in trouble
    trace: Trace = Trace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can say whether the platform took it. Never resent before a look-up has answered."""

    reason: str  # "read", "write", "timeout", "server-error", "unreadable-answer", "already-exists", …
    trace: Trace = Trace()


SubmitAnswer = Received | Refused | NotSent | Unknown


class AckStatus(StrEnum):
    """Technical acknowledgement of a flow (XP Z12-013 Flow 1.2.0, `acknowledgement.status`)."""

    PENDING = "pending"
    OK = "ok"
    ERROR = "error"
    PARTIAL = "partial"  # Chorus Pro: only some invoices of the flow; the problems name the others
    STUCK = "stuck"  # it will not go on unless somebody acts
    UNKNOWN = "unknown"  # a value we do not know: kept verbatim, shown, never taken for an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowReport:
    """What the platform says today of one flow."""

    flow_id: str
    tracking_id: str | None = None
    name: str | None = None
    submitted_at: datetime | None = None
    updated_at: datetime | None = None
    ack: AckStatus = AckStatus.PENDING
    raw_ack: str | None = None  # the status as written
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The look-up found flows that carry our tracking id (or our unique name): one, or more."""

    flows: tuple[FlowReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The platform was asked properly and does not have it, as far as its index knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconclusive:
    """The look-up itself failed or cannot be trusted; nothing follows from it."""

    reason: str


LookupAnswer = Found | Absent | Inconclusive


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPage:
    """The flows that changed since a cursor, and the cursor to store once they are recorded."""

    flows: tuple[FlowReport, ...]
    cursor: str
    incoming: tuple[IncomingFlow, ...] = ()  # what the platform has for us
    more: bool = False  # there is another page to fetch at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    up: bool
    reason: str | None = None  # why not
    # seconds that our clock is ahead of the platform's; None: not told
    clock_ahead: float | None = field(default=None, compare=False)


# --------------------------------------------------------------------------- jobs
@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A file lying in an inbox, whole as far as anyone can tell, not yet ours."""

    name: bytes  # path below the inbox, '/'-separated, as the file system gave it
    size: int  # bytes
    signature: tuple[int, ...]  # size, mtime_ns, ctime_ns, inode: as last seen


class State(StrEnum):
    """How far a job has come. The graph of allowed steps is `policy.STEPS`."""

    CLAIMED = "claimed"  # in work/, ours
    SPOOLED = "spooled"  # private copy durable, SHA-256 known
    OPENED = "opened"  # a bundle: its members are known and checked, not taken out yet
    UNPACKED = "unpacked"  # a bundle whose members are jobs of their own; waits for all of them
    VETTED = "vetted"  # valid, one of a bundle that goes as a whole: waits for the others
    VALID = "valid"  # inspected; may be sent from `not_before` on
    ASKING = "asking"  # a list of recipients whose questions are put to the directory
    SENDING = "sending"  # intent durable; the outcome of the attempt is not
    UNKNOWN = "unknown"  # an attempt ended in doubt: look up before anything else
    RECEIVED = "received"  # the platform has it; waiting for its acknowledgement
    CONCLUDED = "concluded"  # outcome known, result not written yet
    READY = "ready"  # result files durable in staging
    PUBLISHED = "published"  # result files visible in the outbox
    HELD = "held"  # notice visible in the outbox; waits for an operator
    DONE = "done"  # original archived; nothing left to do
    VOID = "void"  # the claim did not last: the file is in the inbox again, or has vanished


class Outcome(StrEnum):
    """What the operator and the ERP are told (member `outcome` of the result file)."""

    ACCEPTED = "accepted"
    REJECTED_BEFORE_SENDING = "rejected_before_sending"
    INADMISSIBLE = "inadmissible"
    REJECTED_BY_PLATFORM = "rejected_by_platform"
    REFUSED_BY_BUYER = "refused_by_buyer"
    DUPLICATE = "duplicate"
    HELD = "held"
    UNREADABLE = "unreadable"
    CANCELLED = "cancelled"
    ANSWERED = "answered"


# After these nobody has anything to do.
FINE = frozenset({Outcome.ACCEPTED, Outcome.ANSWERED, Outcome.DUPLICATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """One file of a result: durable as `staged` in staging, then renamed to `target` in the outbox."""

    staged: str  # name in staging/
    target: str  # path below the outbox, '/'-separated
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameWish:
    """The result name that a job would like to have in a folder of the outbox."""

    job: str
    route: str
    folder: str  # below the outbox, '/'-separated
    name: str
    # Names seen there now, case-folded, when the folder is kept small: a name is free again once its result
    # has been taken away. None: the folder grows all day, and no name is used twice in it.
    visible: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Where the journal's hash chain recorded the conclusion of a job."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file that we claimed, and all that has become of it so far. One row of the journal."""

    id: str  # YYYYMMDD-HHMMSS-xxxxxxxx, UTC; of a document in a bundle, the bundle's with -nnnnn behind
    route: str
    account: str
    state: State
    claimed_at: datetime
    name: bytes = b""  # path below the inbox as the file system gave it; not always UTF-8
    parent: str | None = None  # the bundle it came in; its name is then <bundle's name>/<member>
    member: str | None = None  # path inside that bundle
    size: int = 0
    sha256: str | None = None
    tries: int = 0  # inspections that may have ended with a death: of the worker, or of all of us
    not_before: datetime | None = None  # leave it alone until then
    waits_for: str | None = None  # why it waits, as a message code
    document: Document | None = None
    verdict: Verdict | None = None
    members: tuple[Member, ...] = ()  # of a bundle, until they are jobs of their own
    documents: int = 0  # how many jobs a bundle became
    twin: str | None = None  # the job that this one repeats or clashes with
    asked_at: datetime | None = None  # when the directory was first asked about its recipient
    reach: str | None = None  # what the directory said of its recipient (`directory.Reach`); None: not asked
    tracking_id: str | None = None
    attempts: int = 0  # submissions begun
    first_sent_at: datetime | None = None  # intent of the first attempt
    sent_at: datetime | None = None  # intent of the latest attempt
    lookups: int = 0  # consecutive look-ups that found nothing
    flow_id: str | None = None
    received_at: datetime | None = None
    acknowledged_at: datetime | None = None
    http_status: int | None = None
    request_id: str | None = None
    outcome: Outcome | None = None
    concluded_at: datetime | None = None
    seal: Seal | None = None  # set by the journal when the outcome is recorded
    problems: tuple[
        Problem, ...
    ] = ()  # the platform's, or ours about the journey; the document's are in verdict
    result: tuple[ResultFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one job, with what the journal's history should remember of it."""

    before: Job | None  # None: a new job
    after: Job
    detail: dict[str, str | int | float | None] | None = None
