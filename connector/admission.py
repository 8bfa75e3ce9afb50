"""What becomes of a job once its file was looked into: refused, held beside another, or let through. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from connector import bundles, names
from connector.crosscheck import business_key, number_is_void, other_types, report_clash, stands
from connector.model import (
    Document,
    Family,
    Inspection,
    InspectionLost,
    Job,
    Member,
    Outcome,
    Problem,
    Severity,
    State,
    Syntax,
    Verdict,
    VerdictStatus,
)
from connector.periods import SAID_BY_RULES, period_problems
from connector.policy import RouteRules, concluded, warned

MOST_TRIES = 3  # inspections of one file before it is set aside (P04)
# What may be wrong with a French number. A test system is fed made-up ones; in production none may go out.
FRENCH_NUMBERS = {"siren-check-digit", "siret-check-digit", "siret-not-of-siren", "vat-number-invalid"}


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
    if job.problems:
        return bundles.not_taken_out(job, now)
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
        twins: other jobs with the same bytes on the route, the same business key, the same number, or of
            the same period of reporting; oldest first.
    """
    if isinstance(seen, InspectionLost):
        if seen.reason == "io":  # the disk's fault, not the file's: the try does not count
            tries = max(job.tries - 1, 1) if job.tries else 0
            return replace(job, tries=tries, not_before=now + rules.quiet, waits_for="share-trouble")
        return died(job, seen.reason, now)
    growing = seen.verdict.incomplete and now < job.claimed_at + rules.incomplete_grace
    if growing and job.parent is None:
        # Perhaps its writer is only slow: take the bytes again after another quiet time (A01, A08).
        return replace(
            job, state=State.CLAIMED, tries=0, not_before=now + rules.quiet, waits_for="incomplete"
        )
    verdict = _weighed(seen, rules, now)
    job = replace(job, document=seen.document, verdict=verdict, waits_for=None, not_before=None)
    if seen.members:
        return _opened(job, seen.members, twins, rules, now)
    return _refused(job, rules, now) or _listed(job, now) or _met(job, twins, rules, now)


def _opened(
    job: Job, members: tuple[Member, ...], twins: Sequence[Job], rules: RouteRules, now: datetime
) -> Job:
    """What becomes of a bundle: it is taken apart, and its documents judged, unless it came before."""
    if job.parent is not None:  # one level only (N12)
        return concluded(job, Outcome.UNREADABLE, now, Problem(code="bundle-nested"))
    return _repeated(job, twins, rules, now) or replace(job, state=State.OPENED, members=members)


def _weighed(seen: Inspection, rules: RouteRules, now: datetime) -> Verdict:
    """The verdict with what only the route knows: how much identifiers count, and what day it is."""
    verdict = seen.verdict
    if seen.document is None or verdict.status is not VerdictStatus.VALID:
        return verdict
    said = {problem.code for problem in verdict.problems}
    problems = [
        *(
            replace(problem, severity=rules.identifiers) if problem.code in FRENCH_NUMBERS else problem
            for problem in verdict.problems
        ),
        *(
            problem
            for problem in period_problems(
                seen.document, now.astimezone(rules.zone).date(), rules.calendar, rules.declarants
            )
            if SAID_BY_RULES.get(problem.code) not in said
        ),
    ]
    wrong = any(problem.severity is Severity.ERROR for problem in problems)
    status = VerdictStatus.INVALID if wrong else VerdictStatus.VALID
    return replace(verdict, status=status, problems=tuple(problems))


def _refused(job: Job, rules: RouteRules, now: datetime) -> Job | None:
    """The job concluded, when nothing can be made of it on this route whatever came before."""
    assert job.verdict is not None
    if job.verdict.status is VerdictStatus.UNREADABLE:
        return concluded(job, Outcome.UNREADABLE, now)
    if job.document is None:
        return None
    family = job.document.family
    problem = _stranger(job.document, rules)
    if family not in rules.accept:
        problem = Problem(code="kind-not-accepted", found=family, expected=", ".join(sorted(rules.accept)))
    elif job.document.syntax is Syntax.LIST:
        problem = None if rules.has_directory else Problem(code="list-without-directory")
    elif family not in rules.carried:
        problem = Problem(code="kind-not-carried", found=family)
    elif job.document.syntax not in rules.syntaxes:
        problem = Problem(code="syntax-not-carried", found=job.document.syntax)
    return concluded(job, Outcome.REJECTED_BEFORE_SENDING, now, problem) if problem else None


def _stranger(document: Document, rules: RouteRules) -> Problem | None:
    """A document that names none of the companies that the account acts for: it is in the wrong folder.

    One that names nobody passes where there is but one company that it can be about.
    """
    named = [siren for siren in (document.seller.siren, document.buyer.siren) if siren]
    if not rules.companies or document.family is Family.DIRECTORY or rules.companies.intersection(named):
        return None
    if not named and len(rules.companies) == 1:
        return None
    return Problem(
        code="company-not-ours",
        found=named[0] if named else None,
        expected=", ".join(sorted(rules.companies)),
    )


def _met(job: Job, twins: Sequence[Job], rules: RouteRules, now: datetime) -> Job:
    """What becomes of a readable document beside the others; the same bytes count before what is wrong."""
    assert job.verdict is not None
    assert job.sha256 is not None
    key = business_key(job.document)
    if repeated := _repeated(job, twins, rules, now):
        return repeated
    if job.verdict.status is VerdictStatus.INVALID:
        return concluded(job, Outcome.REJECTED_BEFORE_SENDING, now)
    namesakes = [
        twin
        for twin in twins
        if key is not None and business_key(twin.document) == key and twin.sha256 != job.sha256
    ]
    if (held := _same_number(job, namesakes, now)) and rules.on_same_number != "send":
        return held
    job = _same_period(_told_of_other_types(job, twins), twins, rules, now)
    if job.outcome is not None:
        return job
    assert job.sha256 is not None
    earlier = sum(1 for twin in twins if twin.sha256 == job.sha256 and twin.tracking_id)
    tracking_id = names.tracking_id(job.account, job.sha256, key, earlier)
    state = State.VETTED if job.parent is not None and rules.bundle == "all" else State.VALID
    return replace(job, state=state, tracking_id=tracking_id)


def _listed(job: Job, now: datetime) -> Job | None:
    """What becomes of a list of recipients; None: it is none. The same one may be asked every month."""
    if job.document is None or job.document.syntax is not Syntax.LIST:
        return None
    if job.verdict is not None and job.verdict.status is VerdictStatus.INVALID:
        return concluded(job, Outcome.REJECTED_BEFORE_SENDING, now)
    return replace(job, state=State.ASKING, asked_at=now, waits_for="recipient-list")


def _repeated(job: Job, twins: Sequence[Job], rules: RouteRules, now: datetime) -> Job | None:
    """The job concluded, when the same bytes go, or went, their way already (A15)."""
    same_bytes = next((twin for twin in twins if twin.sha256 == job.sha256 and stands(twin)), None)
    if same_bytes is None or rules.duplicates == "send":
        return None
    if same_bytes.state is State.VETTED and _may_wait_for(same_bytes, job):
        return replace(job, not_before=now + rules.quiet, waits_for="bundle-twin")
    job = replace(job, twin=same_bytes.id)
    outcome = Outcome.DUPLICATE if rules.duplicates == "reject" else Outcome.HELD
    return concluded(job, outcome, now, Problem(code="same-content", found=same_bytes.id))


def _may_wait_for(vetted: Job, job: Job) -> bool:
    """Whether a job waits to hear if its twin, one of a bundle that goes as a whole, goes at all.

    Called a duplicate at once, it would be sent by nobody if that bundle is refused. Documents of bundles
    wait for those of older bundles only, so that no two bundles wait for each other.
    """
    return job.parent is None or (vetted.parent or "") < job.parent


def _same_number(job: Job, namesakes: Sequence[Job], now: datetime) -> Job | None:
    """The job held, when its number is another's or is used up (A16).

    The very same bytes again after a rejection are a retry that somebody asked for, and go (P17).
    """
    for code, counts in (("same-number", stands), ("number-void", number_is_void)):
        if twin := next(filter(counts, namesakes), None):
            return concluded(replace(job, twin=twin.id), Outcome.HELD, now, Problem(code=code, found=twin.id))
    return None


def _told_of_other_types(job: Job, twins: Sequence[Job]) -> Job:
    problems = [Problem(code="same-number-other-type", found=twin.id) for twin in other_types(job, twins)[:1]]
    return warned(job, problems)


def _same_period(job: Job, twins: Sequence[Job], rules: RouteRules, now: datetime) -> Job:
    """The job held, when it takes from or adds to earlier reports of its period; else told of what is odd."""
    clash = report_clash(job, twins)
    if clash is None:
        return job
    if clash.earlier is not None and rules.on_same_period != "send":
        return concluded(replace(job, twin=clash.earlier.id), Outcome.HELD, now, *clash.problems)
    return warned(job, clash.problems)
