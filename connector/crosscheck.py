"""What a document is beside those the journal knows: the same one again, or one that replaces others. Pure.

Who decides what follows from it is `policy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from connector.model import Document, Family, Inspection, InspectionLost, Job, Outcome, Problem, State

INITIAL, RECTIFYING = "IN", "RE"  # TT-4 of a report (DGFiP annexe 7, G8.01)

# Outcomes after which the same bytes may come again: nothing stands at the platform.
_FAILED = {
    Outcome.REJECTED_BEFORE_SENDING,
    Outcome.INADMISSIBLE,
    Outcome.REJECTED_BY_PLATFORM,
    Outcome.UNREADABLE,
    Outcome.CANCELLED,
}
# Reasons of a platform that speak of the flow and not of the invoice (flow status 501, "irrecevable").
TECHNICAL_REASONS = {
    "EmptyAttachement",
    "AttachmentTypeError",
    "EmptyFlow",
    "OtherTechnicalError",
    "InvalidSchema",
    "FileSizeExceeded",
    "FlowTypeError",
    "VirusFound",
    "ChecksumMismatch",
    "IN_INCIDENTE",
    "501",
}
# Rejections that leave the number as it was: nobody to deliver to, or the first deposit of it stands.
_NUMBER_KEPT = {
    "ROUTAGE_ERR",
    "221",
    "AlreadyExistingFlow",
    "DOUBLON",
    "REJ_UNI",
    "chorus-rejection",  # Chorus Pro makes no invoice of a flow that it rejects
    "IN_REJETE",
}
# What a report carries, as far as its summary says it; of payments, the last is what was received.
_CARRIED = ("invoices", "transactions", "total_without_vat", "total_vat", "total_with_vat")


# --------------------------------------------------------------------------- identity
def business_key(document: Document | None) -> str | None:
    """What makes two files the same business document; None when the document does not say enough.

    Invoices: number, year of issue and seller's SIREN (DGFiP annexe 7 v1.9, G1.45), with the type, so that an
    invoice and the credit note of the same number stay apart. Reports: transmission id, declarant and period
    (G8.05).
    """
    if document is None or not document.number or not document.seller.siren:
        return None
    if document.family is Family.EREPORTING:
        return "|".join(("ereporting", document.seller.siren, document.number, _period(document)))
    if document.family is Family.INVOICE and document.issue_date:
        year, kind = document.issue_date[:4], document.type_code or ""
        return "|".join(("invoice", document.seller.siren, year, kind, document.number))
    return None


def kin_key(document: Document | None) -> str | None:
    """What a document has in common with others that it may get in the way of; None when with none.

    Invoices: what `business_key` says, but for the type, which G1.45 does not know. Reports: declarant, role
    and period, because one report of a period may replace another.
    """
    if document is None or not document.seller.siren:
        return None
    if document.family is Family.EREPORTING and document.period_start and document.period_end:
        return "|".join(("period", document.seller.siren, document.role or "", _period(document)))
    if document.family is Family.INVOICE and document.issue_date and document.number:
        return "|".join(("number", document.seller.siren, document.issue_date[:4], document.number))
    return None


def _period(document: Document) -> str:
    return f"{document.period_start}/{document.period_end}"


def keys_of(seen: Inspection | InspectionLost) -> tuple[str, ...]:
    """The keys by which the journal knows others that matter to what an inspection saw."""
    if isinstance(seen, InspectionLost):
        return ()
    return tuple(filter(None, (business_key(seen.document), kin_key(seen.document))))


def twins_among(others: Iterable[Job], job: Job, keys: Sequence[str]) -> list[Job]:
    """Those with the job's bytes or with one of its keys, once each, in the order given.

    Of a job that is given twice, as it was and as it has just been decided, the later one counts.
    """
    latest = {other.id: other for other in others if other.id != job.id}
    return [
        other
        for other in latest.values()
        if other.sha256 == job.sha256
        or business_key(other.document) in keys
        or kin_key(other.document) in keys
    ]


def is_technical(code: str) -> bool:
    """Whether a platform's reason speaks of the flow, not of the document in it (IRR_*: DGFiP annexe 7)."""
    return code in TECHNICAL_REASONS or code.startswith("IRR_")


def stands(job: Job) -> bool:
    """Whether this job counts against another with the same bytes or number: it goes, or went, its way.

    One that is not decided yet does not: of two equal files in work, the one decided first goes first.
    """
    if job.state in (State.CLAIMED, State.SPOOLED, State.VOID) or job.outcome in _FAILED:
        return False
    return job.outcome is not Outcome.DUPLICATE


def number_is_void(job: Job) -> bool:
    """Whether this job's invoice was issued and then turned down by the platform: its number is used up.

    The invoice has to be cancelled in the books and made again under a new number (DGFiP external
    specifications v3.2 §3.6.4). A deposit that the platform did not take, a flow that it could not read, and
    a wrong address leave the number free.
    """
    codes = {problem.code for problem in job.problems}
    technical = all(map(is_technical, codes))
    return (
        job.outcome is Outcome.REJECTED_BY_PLATFORM
        and job.flow_id is not None
        and job.document is not None
        and job.document.family is Family.INVOICE
        and bool(codes)
        and not technical
        and not codes & _NUMBER_KEPT
    )


def other_types(job: Job, twins: Iterable[Job]) -> list[Job]:
    """The standing invoices that have this one's number, year and seller, but another type.

    An invoice and its credit note may be numbered apart; a platform that goes by G1.45 may refuse the second.
    """
    if job.document is None or job.document.family is not Family.INVOICE:
        return []
    key, own = kin_key(job.document), business_key(job.document)
    return [
        twin
        for twin in twins
        if key and kin_key(twin.document) == key and business_key(twin.document) != own and stands(twin)
    ]


# --------------------------------------------------------------------------- reports of one period
@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """What a report does to what the platform was told before of the same period.

    Args:
        earlier: the latest of those it meets; None when there is none.
    """

    problems: tuple[Problem, ...]
    earlier: Job | None = None


def report_clash(job: Job, twins: Sequence[Job]) -> Clash | None:
    """Whether a report takes something away from, or comes on top of, what was reported before.

    A rectifying report cancels and replaces the whole period for its kind of data and its role (DGFiP
    external specifications v3.2 §3.7.7). One that carries less than what it replaces is how sales get lost:
    `report-carries-less`, one problem for each thing there is less of. One that replaces nothing we know of
    is `report-without-initial`. A second initial one adds to the first, if the platform takes it at all:
    `report-already-sent`. It has its own transmission id, so that G8.05 does not stop it, and what it repeats
    is declared twice.

    Args:
        job: the report's, its document known.
        twins: other jobs of the same period, oldest first.
    Returns:
        None when there is nothing to say, or when it is no report with a period.
    """
    document, key = job.document, kin_key(job.document)
    if document is None or document.family is not Family.EREPORTING or key is None:
        return None
    if document.type_code not in (INITIAL, RECTIFYING):
        return None
    told = [twin for twin in twins if twin.sha256 != job.sha256 and _tells(twin, key, _kinds(document))]
    if document.type_code == INITIAL:
        again = Problem(code="report-already-sent", found=told[-1].id) if told else None
        return Clash(problems=(again,), earlier=told[-1]) if again else None
    if not told:
        return Clash(problems=(Problem(code="report-without-initial", term="TT-4", found=RECTIFYING),))
    lost = _lost(document, [twin.document for twin in _in_force(told) if twin.document])
    return Clash(problems=lost, earlier=told[-1]) if lost else None


def is_told(job: Job) -> bool:
    """Whether the platform has this job's document, is getting it, or may have it."""
    never_sent = job.outcome is Outcome.HELD and job.attempts == 0
    return stands(job) and not never_sent


def _tells(job: Job, key: str, kinds: frozenset[str]) -> bool:
    """Whether the platform has, or is getting, this report of the period with one of these kinds of data."""
    return kin_key(job.document) == key and bool(_kinds(job.document) & kinds) and is_told(job)


def _kinds(document: Document | None) -> frozenset[str]:
    return frozenset(((document and document.report_kind) or "").split(","))


def _in_force(told: Sequence[Job]) -> list[Job]:
    """What counts of these now: the last rectifying one and what came after it."""
    force: list[Job] = []
    for job in told:
        if job.document is not None and job.document.type_code == RECTIFYING:
            force.clear()
        force.append(job)
    return force


def _lost(document: Document, replaced: Sequence[Document]) -> tuple[Problem, ...]:
    """What there is less of than in all that is replaced; amounts by their size, whatever the sign.

    An amount that a report does not have, for instance because it has several currencies, is not compared.
    """
    problems = []
    for name in _CARRIED:
        carried = _number(document, name)
        before = [_number(other, name) for other in replaced]
        if carried is None or any(amount is None for amount in before):
            continue
        total = sum((amount for amount in before if amount is not None), Decimal(0))
        if abs(carried) < abs(total):
            problems.append(
                Problem(code="report-carries-less", where=name, found=f"{carried:f}", expected=f"{total:f}")
            )
    return tuple(problems)


def _number(document: Document, name: str) -> Decimal | None:
    value = getattr(document, name)
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        return None
