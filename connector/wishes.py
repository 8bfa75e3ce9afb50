"""What follows from what people tell the connector by files and moves in its folders (`controls`). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from connector import holding, policy
from connector.controls import Answer, Request
from connector.incoming import Delivery
from connector.model import FINE, Job, Outcome, State

_BEFORE_SENDING = {State.SPOOLED, State.VETTED, State.VALID}
# What is still to come to a state in which something can be decided; an attempt in doubt may prove not made.
_ON_THE_WAY = {State.CLAIMED, State.OPENED, State.UNPACKED, State.SENDING, State.UNKNOWN}
_TOLD = {State.PUBLISHED, State.DONE}


# --------------------------------------------------------------------------- cancelling
def can_be_called_off(job: Job) -> bool:
    """Whether a job has not left, for certain, and is nobody else's business at this moment."""
    if job.documents:
        return False  # its documents are called off, one by one
    return job.state in _BEFORE_SENDING or (job.state is State.HELD and not job.attempts)


def called_off(job: Job, now: datetime) -> Job:
    """The job cancelled by whoever may: its result will say so."""
    if job.state is State.HELD:
        return holding.cancelled(job, now)
    return policy.concluded(job, Outcome.CANCELLED, now)


def answered(request: Request, target: Job | None, documents: Sequence[Job], *, in_inbox: bool) -> Answer:
    """What becomes of a request now.

    Args:
        target: the latest job of its target's name; None: there is none.
        documents: those that the target, a bundle, became.
        in_inbox: whether a file of that name lies in the inbox and is not ours yet.
    """
    if in_inbox:
        return Answer.WAIT
    if target is None:
        return Answer.UNKNOWN if request.is_old else Answer.WAIT
    jobs = [*documents] if documents else [target]
    if any(_is_undecided(job) or can_be_called_off(job) for job in jobs):
        return Answer.WAIT
    if all(job.outcome is Outcome.CANCELLED for job in jobs):
        return Answer.DONE
    if any(job.outcome in (None, Outcome.ACCEPTED) or job.state is State.HELD for job in jobs):
        return Answer.TOO_LATE
    return Answer.NOT_SENT


def _is_undecided(job: Job) -> bool:
    return job.state in _ON_THE_WAY or (job.outcome is Outcome.HELD and job.state is not State.HELD)


# --------------------------------------------------------------------------- settling
def settled(
    jobs: Iterable[Job], there: Collection[str], treated: Collection[str]
) -> Iterator[tuple[Job, str]]:
    """Refused documents that somebody has seen to, each with how it was told: "filed" or "removed".

    What counts is what people read: the original and the text. Programs take their own file away when they
    have read it, which settles nothing. A held document is settled by a decision only.

    Args:
        jobs: those not settled yet, newest first: a name that is free again belongs to its latest user.
        there: paths below the outbox that were seen in the folders where these results lie.
        treated: names of the files that were put into the sub-folder for what is settled.
    """
    owned: set[str] = set()
    for job in jobs:
        read = {target for target in read_by_people(job) if target not in owned}
        owned |= read
        if job.state not in _TOLD or job.documents:
            continue
        if any(target.rpartition("/")[2] in treated for target in read):
            yield job, "filed"
        elif not read.intersection(there):
            yield job, "removed"


def settled_statuses(
    deliveries: Iterable[Delivery], there: Collection[str], treated: Collection[str]
) -> Iterator[tuple[Delivery, str]]:
    """Statuses that asked for something and that somebody has seen to. Arguments and result as of `settled`.

    Only the text counts: the status itself lies elsewhere, for programs, and stays.
    """
    for delivery in deliveries:
        text = delivery.text
        if text is None:
            continue
        if text.rpartition("/")[2] in treated:
            yield delivery, "filed"
        elif text not in there:
            yield delivery, "removed"


def can_be_settled(job: Job) -> bool:
    """Whether a job was refused and its result is there, so that somebody may have seen to it."""
    return job.state in _TOLD and job.outcome is not None and job.outcome not in FINE


def read_by_people(job: Job) -> set[str]:
    """The result files of a job that people read: its original and its text, as paths below the outbox."""
    return {file.target for file in job.result if file.sha256 == job.sha256 or file.target.endswith(".txt")}
