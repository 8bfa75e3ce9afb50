"""Every decision of the journey as a pure function: the time, the rules and the facts are arguments.

Nothing here reads a clock, a disk or a network. `journey` asks and carries out.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from connector.crosscheck import is_technical
from connector.model import (
    Absent,
    AckStatus,
    Family,
    FlowReport,
    Found,
    Inconclusive,
    Job,
    LookupAnswer,
    NotSent,
    Outcome,
    Problem,
    Received,
    Refused,
    Severity,
    State,
    SubmitAnswer,
    Syntax,
    Unknown,
)
from connector.periods import NO_CALENDAR, Calendar, Declarant

FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)  # "whatever they wait for"
_LONGEST_PATIENCE = timedelta(hours=1)
FILE_PAUSE = timedelta(seconds=5)  # after a file operation failed on one job
LONGEST_SILENCE = timedelta(days=1)  # of a flow that its platform does not know, or in an unknown state

# The only steps a job may take. The journal refuses any other.
STEPS: dict[State, frozenset[State]] = {
    State.CLAIMED: frozenset({State.CLAIMED, State.SPOOLED, State.VOID}),
    State.SPOOLED: frozenset(
        {State.SPOOLED, State.CLAIMED, State.OPENED, State.VETTED, State.VALID, State.ASKING, State.CONCLUDED}
    ),
    State.OPENED: frozenset({State.OPENED, State.UNPACKED}),
    State.UNPACKED: frozenset({State.CONCLUDED}),
    State.VETTED: frozenset({State.VALID, State.CONCLUDED}),
    State.VALID: frozenset(
        {State.VALID, State.SENDING, State.CONCLUDED}
    ),  # concluded: called off, unreachable
    State.ASKING: frozenset({State.ASKING, State.CONCLUDED}),
    State.SENDING: frozenset({State.VALID, State.UNKNOWN, State.RECEIVED, State.CONCLUDED}),
    State.UNKNOWN: frozenset({State.UNKNOWN, State.VALID, State.RECEIVED, State.CONCLUDED}),
    State.RECEIVED: frozenset({State.RECEIVED, State.UNKNOWN, State.CONCLUDED}),
    State.CONCLUDED: frozenset({State.CONCLUDED, State.READY}),
    State.READY: frozenset({State.READY, State.PUBLISHED, State.HELD}),
    State.PUBLISHED: frozenset({State.PUBLISHED, State.DONE}),
    # By an operator only: `holding`.
    State.HELD: frozenset({State.VALID, State.RECEIVED, State.CONCLUDED, State.UNPACKED}),
    State.DONE: frozenset(),
    State.VOID: frozenset(),
}
OPEN = tuple(state for state in State if state not in (State.HELD, State.DONE, State.VOID))

_ALREADY = {"AlreadyExistingFlow", "DOUBLON", "IRR_UNICITE"}
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
    carried: frozenset[Family] = frozenset(Family)  # what the platform behind the route takes …
    syntaxes: frozenset[Syntax] = frozenset(Syntax)  # … and in which syntaxes
    has_directory: bool = False  # behind the account: it can be asked about lists of recipients
    companies: frozenset[str] = frozenset()  # SIRENs that the account acts for; none: not told
    duplicates: str = "reject"  # "reject" | "hold" | "send"
    on_same_number: str = "hold"  # "hold" | "send"
    on_same_period: str = "hold"  # "hold" | "send": a report that adds to, or takes from, an earlier one
    identifiers: Severity = Severity.WARNING  # how much a wrong SIREN, SIRET or VAT number counts
    zone: tzinfo = UTC  # where the company is: its deadlines end at midnight there
    calendar: Calendar = NO_CALENDAR
    declarants: tuple[Declarant, ...] = ()  # the companies whose VAT regime is known
    bundle: str = "each"  # "each" | "all": a document of a bundle goes by itself, or with all of them
    business_rules: str = "off"  # "off" | "warn" | "error"
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
    look_back: timedelta = timedelta(days=1)  # of an account's very first poll


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRules:
    """Whether recipients are looked up before anything is sent to them, and what follows from it."""

    check: str = "off"  # "off" | "warn" | "hold"
    structure: str = "off"  # "off" | "warn" | "reject": what a public recipient asks for (Chorus Pro)
    patience: timedelta = timedelta(minutes=15)  # with a directory that does not answer, where it may stop us

    @property
    def any(self) -> bool:
        return (self.check, self.structure) != ("off", "off")

    @property
    def may_stop(self) -> bool:
        """Whether an invoice waits for the answer."""
        return self.check == "hold" or self.structure == "reject"


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
    technical = bool(codes) and all(map(is_technical, codes))
    return Outcome.INADMISSIBLE if technical else Outcome.REJECTED_BY_PLATFORM


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


def warned(job: Job, problems: Iterable[Problem]) -> Job:
    """The job with warnings that stay with its document."""
    assert job.verdict is not None
    warnings = (replace(problem, severity=Severity.WARNING) for problem in problems)
    return replace(job, verdict=replace(job.verdict, problems=(*job.verdict.problems, *warnings)))


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
