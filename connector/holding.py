"""What an operator may decide about a held job. Pure; `connector hold` asks and carries out.

A held job waits for as long as it takes: its private copy stays, and so does its key. Each decision is one
step of the journal, and from there the journey goes on by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from connector import names, policy
from connector.crosscheck import business_key
from connector.errors import Refused
from connector.model import Job, Outcome, State
from connector.policy import LookupRules


class NotPossible(Refused):
    """The job is not in a state in which this can be decided. The text is a message code."""


def adopted(job: Job, flow_id: str, rules: LookupRules, now: datetime) -> Job:
    """The platform has it, under this number: follow that deposit.

    Raises:
        NotPossible: not held, or never sent.
    """
    _must_be_held(job)
    if not job.attempts:
        raise NotPossible("never-sent")
    return policy.received(_reopened(job), flow_id, job.sent_at or now, rules, now)


def resent(job: Job) -> Job:
    """The platform does not have it, whatever it said: send it again with the same key.

    Raises:
        NotPossible: not held, or never sent.
    """
    _must_be_held(job)
    if not job.attempts:
        raise NotPossible("never-sent")
    return replace(_reopened(job), state=State.VALID, lookups=0, not_before=None, waits_for="resend")


def released(job: Job) -> Job:
    """It may go, in spite of what it was held for.

    Its key is not that of the file that it repeats: this is a deposit of its own, and wanted.

    Raises:
        NotPossible: not held, nothing that could be sent, or sent before: then it is adopted or sent again.
    """
    _must_be_held(job)
    if job.document is None:
        raise NotPossible("no-document")
    if job.attempts:
        raise NotPossible("sent-before")
    assert job.sha256 is not None
    key = names.tracking_id(job.account, job.sha256, f"{business_key(job.document)}|{job.id}", 0)
    return replace(_reopened(job), state=State.VALID, tracking_id=key, not_before=None, waits_for=None)


def cancelled(job: Job, now: datetime) -> Job:
    """It shall not go, or nobody wants to know any more what became of it.

    Raises:
        NotPossible: not held.
    """
    _must_be_held(job)
    return policy.concluded(_reopened(job), Outcome.CANCELLED, now)


def with_its_bundle(bundle: Job) -> Job | None:
    """A held bundle one of whose documents has been decided on: it waits for its documents again.

    None when the bundle is not held; it will sum up what has become of them in any case.
    """
    if bundle.state is not State.HELD:
        return None
    return replace(_reopened(bundle), state=State.UNPACKED, not_before=None, waits_for="bundle")


def is_told_no_more(job: Job) -> bool:
    """Whether the result files of a job speak of a hold that is over: they may be taken out of the outbox."""
    return bool(job.result) and job.state in (
        State.UNPACKED,
        State.VALID,
        State.SENDING,
        State.UNKNOWN,
        State.RECEIVED,
        State.CONCLUDED,
    )


def _must_be_held(job: Job) -> None:
    if job.state is not State.HELD:
        raise NotPossible("not-held")
    if job.documents:
        raise NotPossible("is-bundle")  # each of its documents is decided on


def _reopened(job: Job) -> Job:
    """The job without the outcome that was none."""
    return replace(job, outcome=None, concluded_at=None, seal=None, problems=())
