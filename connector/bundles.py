"""Every decision about a bundle: the documents it becomes, whether they go together, how it ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from connector import names
from connector.model import Job, Member, Outcome, Problem, State, Step
from connector.policy import RouteRules, concluded

# Outcomes of documents as one outcome of their bundle: the first of these that occurs. What is open comes
# first, then what costs the sender most.
_WORST_FIRST = (
    Outcome.HELD,
    Outcome.REJECTED_BY_PLATFORM,
    Outcome.REFUSED_BY_BUYER,
    Outcome.INADMISSIBLE,
    Outcome.REJECTED_BEFORE_SENDING,
    Outcome.UNREADABLE,
    Outcome.CANCELLED,
)


def documents_of(bundle: Job, rules: RouteRules) -> list[Job]:
    """The jobs that the members of an opened bundle become, the same ones each time.

    One that cannot be taken out is born with its problem, has no SHA-256 and no bytes of its own.
    """
    return [_document(bundle, position, member, rules) for position, member in enumerate(bundle.members)]


def _document(bundle: Job, position: int, member: Member, rules: RouteRules) -> Job:
    problem = member.problem
    if problem is None and member.size > rules.max_size:
        problem = Problem(code="file-too-large", found=str(member.size), expected=str(rules.max_size))
    return Job(
        id=names.child_id(bundle.id, position),
        route=bundle.route,
        account=bundle.account,
        name=bundle.name + b"/" + member.name.encode(),
        parent=bundle.id,
        member=member.name,
        size=member.size,
        sha256=None if problem else member.sha256,
        state=State.SPOOLED,
        claimed_at=bundle.claimed_at,
        problems=(problem,) if problem else (),
    )


def not_taken_out(job: Job, now: datetime) -> Job:
    """The end of a document that was born with its problem."""
    too_large = any(problem.code == "file-too-large" for problem in job.problems)
    outcome = Outcome.REJECTED_BEFORE_SENDING if too_large else Outcome.UNREADABLE
    return concluded(job, outcome, now, *job.problems)


def unpacked(bundle: Job) -> Job:
    """The bundle, once its members are jobs of their own."""
    count = len(bundle.members)
    return replace(bundle, state=State.UNPACKED, members=(), documents=count, waits_for="bundle")


def together(documents: Sequence[Job], now: datetime) -> list[Step]:
    """For a bundle that goes as a whole: its sound documents go on, if every other is sound as well.

    A repeated one counts as sound: what it says is at the platform, or on its way there. Otherwise none of
    those that wait goes; nothing was sent, so that each may come again under its number.

    Args:
        documents: all of the bundle, each of them inspected.
    """
    sound = all(
        job.outcome in (None, Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.ANSWERED) for job in documents
    )
    return [
        Step(before=job, after=_released(job) if sound else _cancelled(job, now))
        for job in documents
        if job.state is State.VETTED
    ]


def _released(job: Job) -> Job:
    return replace(job, state=State.VALID, waits_for=None)


def _cancelled(job: Job, now: datetime) -> Job:
    return concluded(job, Outcome.CANCELLED, now, Problem(code="bundle-refused", found=job.parent))


def summed_up(bundle: Job, documents: Sequence[Job], now: datetime) -> Job:
    """The bundle at its end: accepted when nothing is wrong with any document, else as its worst document.

    While one of them is held, the bundle is: its result is not final.
    """
    outcomes = {job.outcome for job in documents}
    worst = next((outcome for outcome in _WORST_FIRST if outcome in outcomes), Outcome.ACCEPTED)
    return concluded(bundle, worst, now)
