"""Every decision of the journey as a pure function: the time, the rules and the facts are arguments.

Nothing here reads a clock, a disk or a network. `journey` asks and carries out.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connector import names
from connector.model import (
    Absent,
    AckStatus,
    Document,
    Family,
    FlowReport,
    Found,
    Inconclusive,
    Inspection,
    InspectionLost,
    Job,
    LookupAnswer,
    NotSent,
    Outcome,
    Problem,
    Received,
    Refused,
    State,
    SubmitAnswer,
    Unknown,
    VerdictStatus,
)

MOST_TRIES = 3  # inspections of one file before it is set aside (P04)
FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)  # "whatever they wait for"
_LONGEST_PATIENCE = timedelta(hours=1)
FILE_PAUSE = timedelta(seconds=5)  # after a file operation failed on one job
LONGEST_SILENCE = timedelta(days=1)  # of a flow that its platform does not know, or in an unknown state

# The only steps a job may take. The journal refuses any other.
STEPS: dict[State, frozenset[State]] = {
    State.CLAIMED: frozenset({State.CLAIMED, State.SPOOLED, State.VOID}),
    State.SPOOLED: frozenset({State.SPOOLED, State.CLAIMED, State.VALID, State.CONCLUDED}),
    State.VALID: frozenset({State.SENDING}),
    State.SENDING: frozenset({State.VALID, State.UNKNOWN, State.RECEIVED, State.CONCLUDED}),
    State.UNKNOWN: frozenset({State.UNKNOWN, State.VALID, State.RECEIVED, State.CONCLUDED}),
    State.RECEIVED: frozenset({State.RECEIVED, State.UNKNOWN, State.CONCLUDED}),
    State.CONCLUDED: frozenset({State.CONCLUDED, State.READY}),
    State.READY: frozenset({State.READY, State.PUBLISHED, State.HELD}),
    State.PUBLISHED: frozenset({State.PUBLISHED, State.DONE}),
    State.HELD: frozenset({State.VALID, State.RECEIVED, State.CONCLUDED}),  # by an operator only: `holding`
    State.DONE: frozenset(),
    State.VOID: frozenset(),
}
OPEN = tuple(state for state in State if state not in (State.HELD, State.DONE, State.VOID))

# Outcomes after which the same bytes or the same number may come again: nothing stands at the platform.
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
}
_ALREADY = {"AlreadyExistingFlow", "DOUBLON"}
# What a file system may answer without being in trouble itself (S03).
_ORDINARY = {
    errno.ENOENT,
    errno.EEXIST,
    errno.EXDEV,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRules:
    """What a route's settings say about taking documents."""

    accept: frozenset[Family]
    carried: frozenset[Family] = frozenset(Family)  # what the platform behind the route takes
    companies: frozenset[str] = frozenset()  # SIRENs that the account acts for; none: not told
    duplicates: str = "reject"  # "reject" | "hold" | "send"
    on_same_number: str = "hold"  # "hold" | "send"
    max_size: int = 100 * 1024 * 1024  # bytes
    incomplete_grace: timedelta = timedelta(seconds=10)  # an unfinished document may still grow until then
    quiet: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupRules:
    """When an empty look-up may be believed (API of the platform: search is eventually consistent, H13)."""

    checks: int = 3
    interval: timedelta = timedelta(seconds=60)
    visibility: timedelta = timedelta(seconds=900)
    absence_is_proof: bool = True  # False: nothing found means nothing, and a person has to decide
    patience: timedelta = timedelta(seconds=120)  # without news of a flow, ask for this one


# --------------------------------------------------------------------------- identity
def business_key(document: Document | None) -> str | None:
    """What makes two files the same business document; None when the document does not say enough.

    Invoices: number, year of issue and seller's SIREN (DGFiP v3.2 G1.45), with the type, so that an invoice
    and the credit note of the same number stay apart. E-reporting: transmission id, declarant and period
    (G8.05).
    """
    if document is None or not document.number or not document.seller.siren:
        return None
    if document.family is Family.EREPORTING:
        period = f"{document.period_start}/{document.period_end}"
        return "|".join(("ereporting", document.seller.siren, document.number, period))
    if document.family is Family.INVOICE and document.issue_date:
        year, kind = document.issue_date[:4], document.type_code or ""
        return "|".join(("invoice", document.seller.siren, year, kind, document.number))
    return None


def key_of(seen: Inspection | InspectionLost) -> str | None:
    """The business key of what an inspection saw."""
    return business_key(seen.document) if isinstance(seen, Inspection) else None


def twins_among(others: Iterable[Job], job: Job, key: str | None) -> list[Job]:
    """Those with the job's bytes or with its business key, once each, in the order given.

    Of a job that is given twice, as it was and as it has just been decided, the later one counts.
    """
    latest = {other.id: other for other in others if other.id != job.id}
    return [
        other
        for other in latest.values()
        if other.sha256 == job.sha256 or (key is not None and business_key(other.document) == key)
    ]


def stands(job: Job) -> bool:
    """Whether this job counts against another with the same bytes or number: it goes, or went, its way.

    One that is not decided yet does not: of two equal files in work, the one decided first goes first.
    """
    if job.state in (State.CLAIMED, State.SPOOLED, State.VOID) or job.outcome in _FAILED:
        return False
    return job.outcome is not Outcome.DUPLICATE


# --------------------------------------------------------------------------- inspection
def tried_alone(job: Job) -> Job:
    """A suspect with one more inspection counted; durable before the inspection begins."""
    return replace(job, tries=job.tries + 1)


def died(job: Job, reason: str, now: datetime) -> Job:
    """The checker, or all of us, died with this file perhaps in hand: three times at most (P04)."""
    # A file that goes alone was counted before it went; one of a batch is counted now.
    job = replace(job, tries=max(job.tries, 1), not_before=None, waits_for="inspection-retry")
    return set_aside(job, reason, now) if job.tries >= MOST_TRIES else job


def set_aside(job: Job, reason: str, now: datetime) -> Job:
    """The checker died on this file each time it tried: it goes to the operator, the others go on."""
    problem = Problem(code="inspection-lost", found=reason)
    return concluded(job, Outcome.UNREADABLE, now, problem)


def judged_unseen(job: Job, rules: RouteRules, now: datetime) -> Job | None:
    """The job concluded, when nobody needs to look into it to know; None when somebody must."""
    if job.tries >= MOST_TRIES:
        return set_aside(job, "crash", now)
    if job.size == 0:
        return concluded(job, Outcome.UNREADABLE, now, Problem(code="file-empty"))
    if job.size > rules.max_size:
        problem = Problem(code="file-too-large", found=str(job.size), expected=str(rules.max_size))
        return concluded(job, Outcome.REJECTED_BEFORE_SENDING, now, problem)
    return None


def inspected(
    job: Job, seen: Inspection | InspectionLost, twins: Sequence[Job], rules: RouteRules, now: datetime
) -> Job:
    """What becomes of a job once somebody has looked into its file.

    Args:
        twins: other jobs with the same bytes on the route or the same business key, oldest first.
    """
    if isinstance(seen, InspectionLost):
        if seen.reason == "io":  # the disk's fault, not the file's: the try does not count
            tries = max(job.tries - 1, 1) if job.tries else 0
            return replace(job, tries=tries, not_before=now + rules.quiet, waits_for="share-trouble")
        return died(job, seen.reason, now)
    verdict = seen.verdict
    if verdict.incomplete and now < job.claimed_at + rules.incomplete_grace:
        # Perhaps its writer is only slow: take the bytes again after another quiet time (A01, A08).
        return replace(
            job, state=State.CLAIMED, tries=0, not_before=now + rules.quiet, waits_for="incomplete"
        )
    job = replace(job, document=seen.document, verdict=verdict, waits_for=None, not_before=None)
    if verdict.status is VerdictStatus.UNREADABLE:
        return concluded(job, Outcome.UNREADABLE, now)
    if seen.document is not None and seen.document.family not in rules.accept:
        problem = Problem(
            code="kind-not-accepted",
            found=seen.document.family,
            expected=", ".join(sorted(rules.accept)),
        )
        return concluded(job, Outcome.REJECTED_BEFORE_SENDING, now, problem)
    if seen.document is not None and seen.document.family not in rules.carried:
        return concluded(
            job,
            Outcome.REJECTED_BEFORE_SENDING,
            now,
            Problem(code="kind-not-carried", found=seen.document.family),
        )
    if seen.document is not None and (stranger := _stranger(seen.document, rules)) is not None:
        return concluded(job, Outcome.REJECTED_BEFORE_SENDING, now, stranger)
    standing = [twin for twin in twins if stands(twin)]
    same_bytes = next((twin for twin in standing if twin.sha256 == job.sha256), None)
    if same_bytes is not None and rules.duplicates != "send":
        job = replace(job, twin=same_bytes.id)
        outcome = Outcome.DUPLICATE if rules.duplicates == "reject" else Outcome.HELD
        return concluded(job, outcome, now, Problem(code="same-content", found=same_bytes.id))
    if verdict.status is VerdictStatus.INVALID:
        return concluded(job, Outcome.REJECTED_BEFORE_SENDING, now)
    same_number = next((twin for twin in standing if twin.sha256 != job.sha256), None)
    if same_number is not None and rules.on_same_number != "send":
        job = replace(job, twin=same_number.id)
        return concluded(job, Outcome.HELD, now, Problem(code="same-number", found=same_number.id))
    earlier = sum(1 for twin in twins if twin.sha256 == job.sha256 and twin.tracking_id)
    assert job.sha256 is not None
    key = business_key(job.document)
    return replace(
        job, state=State.VALID, tracking_id=names.tracking_id(job.account, job.sha256, key, earlier)
    )


def _stranger(document: Document, rules: RouteRules) -> Problem | None:
    """A document that names none of the companies that the account acts for: it is in the wrong folder."""
    named = [siren for siren in (document.seller.siren, document.buyer.siren) if siren]
    if not rules.companies or rules.companies.intersection(named):
        return None
    return Problem(
        code="company-not-ours",
        found=named[0] if named else None,
        expected=", ".join(sorted(rules.companies)),
    )


# --------------------------------------------------------------------------- sending
def intent(job: Job, now: datetime) -> Job:
    """The job with its next attempt written down; durable before the first byte leaves (H11)."""
    return replace(
        job,
        state=State.SENDING,
        attempts=job.attempts + 1,
        first_sent_at=job.first_sent_at or now,
        sent_at=now,
        lookups=0,
        not_before=None,
        waits_for=None,
    )


def answered(job: Job, answer: SubmitAnswer, rules: LookupRules, now: datetime) -> Job:
    """What an answer to a deposit makes of a job in SENDING."""
    traced = replace(job, http_status=answer.trace.http_status, request_id=answer.trace.request_id)
    match answer:
        case Received(flow_id=flow_id, at=at):
            return received(traced, flow_id, at, rules, now)
        case Refused(problems=problems):
            return concluded(traced, outcome_of(problems), now, *problems)
        case NotSent(reason=reason, retry_after=pause):
            wait = timedelta(seconds=pause) if pause is not None else back_off(job.attempts)
            until = None if answer.stops_account or reason == "breaker" else now + wait
            return replace(traced, state=State.VALID, not_before=until, waits_for=reason)
        case Unknown(reason=reason):
            return in_doubt(traced, reason, now)


def in_doubt(job: Job, reason: str, now: datetime) -> Job:
    """An attempt whose end nobody knows: look it up at once, and never resend before (H02, H03, H05)."""
    return replace(
        job,
        state=State.UNKNOWN,
        lookups=0,
        not_before=now,
        waits_for="already-exists" if reason == "already-exists" else "in-doubt",
    )


def looked_up(job: Job, answer: LookupAnswer, rules: LookupRules, now: datetime) -> Job:
    """What a look-up makes of a job in doubt."""
    match answer:
        case Found(flows=flows):
            ours = [flow for flow in flows if not _is_refused_repeat(flow)]
            if not ours and job.attempts > 1:
                # Only our own repeat, refused: the first attempt is not there (yet), or somebody else's is.
                return _not_there(replace(job, waits_for="already-exists"), rules, now)
            ours = ours or list(flows[:1])
            if len(ours) > 1:  # H14: choosing one would be guessing
                found = ", ".join(flow.flow_id for flow in ours)
                return concluded(job, Outcome.HELD, now, Problem(code="found-several", found=found))
            flow = ours[0]
            return received(job, flow.flow_id, flow.submitted_at or now, rules, now)
        case Absent():
            return _not_there(job, rules, now)
        case Inconclusive():
            if job.sent_at is not None and now > job.sent_at + max(rules.visibility * 4, timedelta(days=1)):
                return concluded(job, Outcome.HELD, now, Problem(code="in-doubt", found=answer.reason))
            return replace(job, not_before=now + rules.interval)


def _not_there(job: Job, rules: LookupRules, now: datetime) -> Job:
    """An empty look-up is believed only after several, and after the time an index may lag (H13)."""
    assert job.sent_at is not None
    lookups = job.lookups + 1
    if lookups < rules.checks or now < job.sent_at + rules.visibility:
        return replace(job, lookups=lookups, not_before=now + rules.interval)
    if job.waits_for == "already-exists":
        return concluded(job, Outcome.HELD, now, Problem(code="already-exists"))
    if not rules.absence_is_proof:
        return concluded(job, Outcome.HELD, now, Problem(code="in-doubt", found="absent"))
    return replace(job, state=State.VALID, lookups=0, not_before=None, waits_for="resend")


def received(job: Job, flow_id: str, at: datetime, rules: LookupRules, now: datetime) -> Job:
    """The platform has it. That is a receipt; the acknowledgement comes later."""
    return replace(
        job,
        state=State.RECEIVED,
        flow_id=flow_id,
        received_at=at,
        not_before=now + rules.patience,
        waits_for="acknowledgement",
    )


# --------------------------------------------------------------------------- following
def reported(job: Job, flow: FlowReport, now: datetime) -> Job | None:
    """What a report of the platform makes of a job; None when it waits for no report, or nothing is new."""
    if job.state is not State.RECEIVED or job.flow_id != flow.flow_id:
        return None
    match flow.ack:
        case AckStatus.OK:
            return concluded(
                replace(job, acknowledged_at=flow.updated_at or now), Outcome.ACCEPTED, now, *flow.problems
            )
        case AckStatus.ERROR:
            if _is_refused_repeat(flow) and job.attempts > 1:
                # Our own earlier attempt did arrive after all: find that one (H02).
                return in_doubt(replace(job, flow_id=None), "already-exists", now)
            return concluded(
                replace(job, acknowledged_at=flow.updated_at or now),
                outcome_of(flow.problems),
                now,
                *flow.problems,
            )
        case AckStatus.PARTIAL:
            return _in_part(job, flow, now)
        case AckStatus.STUCK:
            return concluded(job, Outcome.HELD, now, Problem(code="flow-stuck", found=flow.raw_ack))
        case AckStatus.PENDING | AckStatus.UNKNOWN:
            return None


def _in_part(job: Job, flow: FlowReport, now: datetime) -> Job:
    """Some invoices of a flow were taken, some were not: this one is judged by the problems naming it."""
    number = job.document.number if job.document else None
    own = [problem for problem in flow.problems if problem.found in (None, number)]
    whole = replace(flow, ack=AckStatus.ERROR if own else AckStatus.OK, problems=tuple(own))
    after = reported(job, whole, now)
    assert after is not None
    return after


def unanswered(job: Job, flow: FlowReport | None, rules: LookupRules, now: datetime) -> Job:
    """What becomes of a job whose flow has nothing new when asked for: it is asked for less and less often.

    A flow that its platform does not know in spite of its receipt, or whose state nobody has told us, is not
    waited for for ever: a person looks at the portal.

    Args:
        flow: what the platform says; None: it does not know the flow.
    """
    since = job.received_at or now
    if flow is None or flow.ack is AckStatus.UNKNOWN:
        code, found = ("flow-unknown", job.flow_id) if flow is None else ("state-unknown", flow.raw_ack)
        if now > since + LONGEST_SILENCE:
            return concluded(job, Outcome.HELD, now, Problem(code=code, found=found))
    else:
        code = "acknowledgement"
    pause = min(max(rules.patience, (now - since) / 4), _LONGEST_PATIENCE)
    return deferred(job, code, now, pause)


def outcome_of(problems: Iterable[Problem]) -> Outcome:
    """Technical refusals make a flow inadmissible; anything else rejects the invoice itself."""
    codes = {problem.code for problem in problems}
    return Outcome.INADMISSIBLE if codes and codes <= TECHNICAL_REASONS else Outcome.REJECTED_BY_PLATFORM


def _is_refused_repeat(flow: FlowReport) -> bool:
    return flow.ack is AckStatus.ERROR and any(problem.code in _ALREADY for problem in flow.problems)


# --------------------------------------------------------------------------- the end
def concluded(job: Job, outcome: Outcome, now: datetime, *problems: Problem) -> Job:
    return replace(
        job,
        state=State.CONCLUDED,
        outcome=outcome,
        concluded_at=now,
        problems=problems,
        not_before=None,
        waits_for=None,
    )


def deferred(job: Job, reason: str, now: datetime, pause: timedelta) -> Job:
    """The job where it is, to be tried again later."""
    return replace(job, not_before=now + pause, waits_for=reason)


def back_off(attempts: int) -> timedelta:
    """How long to wait after the n-th failure: 2 s, 4 s, … at most 10 minutes."""
    return timedelta(seconds=min(2.0 ** min(attempts, 10), 600.0))


def reason_of(error: OSError) -> str:
    """Why a file operation failed, as the code of a waiting reason."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk-full"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "no-right"
    return "file-trouble" if error.errno in _ORDINARY else "share-trouble"
