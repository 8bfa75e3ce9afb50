"""What an operator would be told of a file that was only looked at: the same words, without a job behind."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.messages import Messages
from connector.model import Inspection, InspectionLost, Job, Outcome, Problem, State, Verdict, VerdictStatus
from connector.outbox.case import Case, case_of
from connector.outbox.notice import notice_lines, warning_of
from connector.outbox.points import points_of
from connector.outbox.result import Json, problem_records
from connector.outbox.scribe import FOLDERS

_OUTCOMES = {
    VerdictStatus.INVALID: Outcome.REJECTED_BEFORE_SENDING,
    VerdictStatus.UNREADABLE: Outcome.UNREADABLE,
}
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # it was not dropped: no moment is told


def looked_at(name: bytes, size: int, seen: Inspection | InspectionLost) -> Job:
    """A job as it would be had the file been dropped, as far as a look at it can say.

    Args:
        name: of the file, as the file system gave it.
        size: in bytes.
        seen: what the inspection found, or that it was lost.
    """
    if isinstance(seen, InspectionLost):
        code = "inspection-io" if seen.reason == "io" else "inspection-lost"
        problem = Problem(code=code, found=seen.reason)
        seen = Inspection(verdict=Verdict(status=VerdictStatus.UNREADABLE, problems=(problem,)))
    return Job(
        id="",
        route="",
        account="",
        state=State.CONCLUDED,
        claimed_at=_NEVER,
        name=name,
        size=size,
        document=seen.document,
        verdict=seen.verdict,
        outcome=_OUTCOMES.get(seen.verdict.status),
    )


def preview(job: Job, messages: Messages) -> list[str]:
    """The text for people, line by line; of a valid document, only what is worth noting."""
    if job.outcome is None:
        points = points_of(job)
        return [f"  – {warning_of(point, job.document, messages)}" for point in points]
    return notice_lines(_case(job, messages), messages)


def problems_of(job: Job, messages: Messages, english: Messages) -> list[Json]:
    """Every finding as the member `problems` of a result file tells it."""
    return problem_records(points_of(job), job.document, messages, english)


def _case(job: Job, messages: Messages) -> Case:
    return case_of(
        job,
        None,
        environment=None,
        zone=UTC,
        inbox="inbox",
        errors_folder=FOLDERS[messages.language].errors,
        machine_file="",
    )
