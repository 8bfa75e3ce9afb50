"""Reminders of deadlines in the log: three days before, one day before, and when one has passed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from loguru import logger

from connector.deadlines import Deadline, deadlines_of, earliest_end
from connector.model import Job
from connector.periods import Calendar, Declarant


class Reminders:
    """Tells of each deadline once for each step that it comes nearer; after a new start, once more.

    Args:
        reports: the jobs with reports of periods that ended since a day, oldest first.
        today: the day where the companies are.
    """

    def __init__(
        self,
        calendar: Calendar,
        declarants: Sequence[Declarant],
        reports: Callable[[date], Sequence[Job]],
        today: Callable[[], date],
    ) -> None:
        self._calendar, self._declarants = calendar, declarants
        self._reports, self._today = reports, today
        self._told: set[tuple[object, ...]] = set()

    def __call__(self) -> None:
        today = self._today()
        known = self._reports(earliest_end(today))
        near = deadlines_of(self._calendar, self._declarants, known, today)
        for deadline in near:
            step = (
                deadline.declarant.siren,
                deadline.data,
                deadline.role,
                deadline.period,
                deadline.standing,
            )
            if deadline.is_to_warn_of and step not in self._told:
                self._told.add(step)
                _tell(deadline)


def _tell(deadline: Deadline) -> None:
    stopped = deadline.stopped
    logger.warning(
        "ereporting.deadline",
        declarant=deadline.declarant.siren,
        data=deadline.data,
        role=deadline.role,
        period=str(deadline.period),
        due=str(deadline.due),
        days_left=deadline.days_left,
        standing=deadline.standing,
        stopped=stopped.job if stopped else None,
    )
