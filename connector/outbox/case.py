"""One concluded job with all that its result needs, and the sentences that both of its files share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from connector import names
from connector.messages import Messages, kind_of
from connector.model import Document, Job, Outcome, Severity
from connector.outbox import bundle, formats
from connector.outbox.advice import LOST, NOT_ALL_SOUND, Action, Advice, Number, advice, held_for
from connector.outbox.layout import clean
from connector.outbox.points import Point, points_of

_NOTHING_LEFT = {None, Outcome.ACCEPTED, Outcome.ANSWERED}  # None: still under way


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is told about one job. Pure data: the same job gives the same case."""

    job: Job
    twin: Job | None
    outcome: Outcome
    environment: str | None  # None: the file was only looked at, it was not dropped into any folder
    zone: tzinfo
    inbox: str  # name of the folder to drop into
    errors_folder: str  # name of the folder of refused documents
    machine_file: str  # suffix of the result file that an ERP reads, as texts name it
    advice: Advice
    points: tuple[Point, ...]
    documents: tuple[Job, ...] = ()  # those that the job, a bundle, became
    deadline: date | None = None  # of the period that a report is about

    @property
    def act_by(self) -> date | None:
        """The day by which the sender has to act; None when nothing is to be sent, or nobody knows one."""
        return None if self.advice.action is Action.NONE else self.deadline

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    @property
    def codes(self) -> list[str]:
        return [point.first.code for point in self.points if point.is_error]


def case_of(
    job: Job,
    twin: Job | None,
    *,
    environment: str | None,
    zone: tzinfo,
    inbox: str,
    errors_folder: str,
    machine_file: str = ".err.json",
    documents: Sequence[Job] = (),
    deadline: date | None = None,
) -> Case:
    """The case of a concluded job.

    Args:
        environment: "test" or "production"; None: the file was only looked at, not dropped.
        machine_file: suffix of the result file that an ERP reads, as texts name it.
        documents: those that the job, a bundle, became.
        deadline: of the period that a report is about.
    Raises:
        ValueError: the job has no outcome yet, so there is nothing to tell.
    """
    if job.outcome is None:
        raise ValueError(f"job {job.id} has no outcome yet")
    points = points_of(job)
    return Case(
        job=job,
        twin=twin,
        outcome=job.outcome,
        environment=environment,
        zone=zone,
        inbox=inbox,
        errors_folder=errors_folder,
        machine_file=machine_file,
        points=points,
        documents=tuple(documents),
        deadline=deadline,
        advice=bundle.advice_on(job.outcome, documents)
        if documents
        else advice(
            job.outcome,
            [point.first.code for point in points if point.first.severity is Severity.ERROR],
            family=job.document.family if job.document else None,
            sent=job.attempts > 0,
            taken=job.flow_id is not None,
        ),
    )


def shown_name(job: Job) -> str:
    """The file's name for people (N01, N02)."""
    return clean(names.display(job.name), 200)


def details_of(case: Case, messages: Messages) -> str:
    """Where all points are told that a text has no room for, in words."""
    if case.environment is None:
        return messages.text("notice.in_json")
    return messages.text("notice.in_file", name=case.machine_file)


def title_of(case: Case, messages: Messages) -> str:
    """The outcome in capitals. A sound file that we could not judge is not called unreadable."""
    if case.documents:
        return bundle.title(case.documents, messages)
    if NOT_ALL_SOUND in case.codes:
        return messages.text("outcome.rejected_before_sending.title", **messages.words(case.job.document))
    sound = case.outcome is Outcome.UNREADABLE and (LOST.intersection(case.codes) or _is_other_kind(case))
    key = "outcome.unreadable.unsent" if sound else f"outcome.{case.outcome}.title"
    return messages.text(key, **messages.words(case.job.document))


def what_happened(case: Case, messages: Messages) -> str:
    """One paragraph: what was found or answered, and what that means."""
    if case.documents:
        return bundle.happened(case.documents, messages)
    key = f"outcome.{case.outcome}.happened"
    match case.outcome:
        case Outcome.REJECTED_BY_PLATFORM if case.job.flow_id is None:
            key = "outcome.rejected_by_platform.not_taken"
        case Outcome.UNREADABLE if LOST.intersection(case.codes):
            key = "outcome.unreadable.lost"
        case Outcome.UNREADABLE if _is_other_kind(case):
            key = "outcome.unreadable.kind"
        case Outcome.CANCELLED if NOT_ALL_SOUND in case.codes:
            key = "outcome.cancelled.bundle"
        case Outcome.CANCELLED if case.job.attempts:
            key = "outcome.cancelled.sent"
        case Outcome.HELD:
            reason = held_for(case.codes)
            key = f"held.{reason}" if reason else key
    sent = case.job.first_sent_at or case.job.sent_at
    return messages.text(
        key,
        **messages.words(case.job.document),
        errors=messages.count("notice.errors", len(case.codes)),
        sent=moment(case, sent, messages) if sent else "…",
    )


def what_next(case: Case, messages: Messages) -> str:
    """What the sender does now."""
    key = next_key(case.advice, case.job.document, messages)
    if case.outcome is Outcome.DUPLICATE:
        key = "duplicate.nothing" if case.twin and case.twin.outcome in _NOTHING_LEFT else "duplicate.look"
    return messages.text(
        key, **messages.words(case.job.document), inbox=case.inbox, errors_folder=case.errors_folder
    )


def next_key(given: Advice, document: Document | None, messages: Messages) -> str:
    """The sentence of the catalogue that says what to do now."""
    if given.because:
        return f"next.because.{given.because}"
    if given.action is Action.NEW_INVOICE_NEW_NUMBER:
        kind = kind_of(document)
        key = f"next.{given.action}"
        return f"{key}.{kind if messages.has(f'{key}.{kind}') else 'other'}"
    return f"next.{given.action}"


def to_correct(given: Advice) -> bool:
    """Whether what is wrong says best what to do: each thing has its own way to be put right."""
    return given.action is Action.FIX_AND_DROP_AGAIN and given.because in (None, "export-again")


def which_number(case: Case, messages: Messages) -> str | None:
    """Whether the same number may be used again, in words; None when nobody asks."""
    if case.advice.number is Number.NOT_ASKED:
        return None
    return messages.text(f"number.{case.advice.number}", **messages.words(case.job.document))


def in_time(deadline: date | None, messages: Messages) -> str | None:
    """By when it has to be done, in words; None when there is no such day."""
    if deadline is None:
        return None
    return messages.text("next.by", date=formats.day(deadline.isoformat(), messages.language))


def about_twin(case: Case, messages: Messages) -> str | None:
    """The earlier file that this one repeats or clashes with, in one sentence; None when there is none."""
    if case.job.twin is None:
        return None
    if case.twin is None:
        return messages.text("duplicate.first_unknown")
    dropped = case.local(case.twin.claimed_at)
    return messages.text(
        "duplicate.first",
        name=shown_name(case.twin),
        date=formats.day_of(dropped, messages.language),
        time=formats.time_of(dropped),
        result=result_of(case.twin, messages),
    )


def result_of(job: Job, messages: Messages) -> str:
    """How a job ended, or that it has not, in a few words."""
    outcome = job.outcome or "pending"
    return messages.text(f"outcome.{outcome}.label", **messages.words(job.document))


def _is_other_kind(case: Case) -> bool:
    return any(code.startswith("kind-") for code in case.codes)


def moment(case: Case, when: datetime, messages: Messages) -> str:
    local = case.local(when)
    return messages.text(
        "notice.moment", date=formats.day_of(local, messages.language), time=formats.time_of(local)
    )
