"""Which reports are due when, and what has become of them: the deadlines of e-reporting. Pure.

Whether a company had anything to report in a period is known to nobody but itself (an empty report is not
due), so a deadline without a report is a question and no accusation: it is asked for a month after the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from connector.crosscheck import is_told
from connector.model import FINE, Document, Job, Outcome, State
from connector.periods import PAYMENTS, Calendar, Declarant, Period, Shape, data_of, period_of

SOON, URGENT = 3, 1  # days before the deadline on which it is told of
ASKED_FOR = 31  # days after its deadline during which a missing report is told of
# The longest that a calendar may ask for (see `calendars`), with a little to spare.
_LONGEST_WAIT = timedelta(days=130)  # from the end of a period to its deadline: three months and the rest
_LONGEST = timedelta(days=370) + _LONGEST_WAIT  # from its beginning


class Standing(StrEnum):
    """Where the report of a period stands on a day."""

    DONE = "done"  # the platform has accepted it
    UNDER_WAY = "under_way"  # on its way: taken, or with the platform, not accepted yet
    OPEN = "open"
    SOON = "soon"  # three days left or fewer
    URGENT = "urgent"  # one day left or none, or past the earliest day that a source gives
    LATE = "late"


TO_WARN_OF = (Standing.SOON, Standing.URGENT, Standing.LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of a period, as the journal knows it."""

    job: str
    route: str
    number: str | None  # transmission id (TT-1)
    type_code: str | None  # IN or RE
    kinds: str | None  # "10.1", "10.3" …
    state: State
    outcome: Outcome | None
    concluded_on: str | None  # ISO date and time
    is_told: bool  # the platform has it, is getting it, or may have it
    document: Document

    @property
    def is_accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED

    @property
    def is_stopped(self) -> bool:
        """Whether it ended before the platform accepted it: refused, held or cancelled."""
        return self.outcome is not None and self.outcome not in FINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One report that a company owes, if it has anything to report, and by when.

    Args:
        data: "transactions" or "payments".
        role: as what the company reports (TT-15): "SE" or "BY".
        due: the last day on which it reaches the platform in time.
        remind_by: the earliest day that any source gives; `due` where they agree.
        days_left: from today to `remind_by`, and to `due` once that is over; negative when late.
        reports: what was taken for it so far, oldest first.
    """

    declarant: Declarant
    data: str
    role: str
    period: Period
    due: date
    remind_by: date
    days_left: int
    standing: Standing
    reports: tuple[Report, ...] = ()

    @property
    def is_to_warn_of(self) -> bool:
        return self.standing in TO_WARN_OF

    @property
    def stopped(self) -> Report | None:
        """The latest report of it, when that one ended without being accepted."""
        return self.reports[-1] if self.reports and self.reports[-1].is_stopped else None


def deadlines_of(
    calendar: Calendar,
    declarants: Iterable[Declarant],
    jobs: Sequence[Job],
    today: date,
    *,
    ahead: int = 30,
    behind: int = ASKED_FOR,
) -> tuple[Deadline, ...]:
    """The deadlines around a day, those that are due first at the beginning.

    Args:
        jobs: every job with a report of these companies, oldest first; others do no harm.
        today: the day where the companies are.
        ahead: days from today to the last deadline that is told of.
        behind: days from the first one to today.
    """
    first, last = today - timedelta(days=behind), today + timedelta(days=ahead)
    owed = [
        _deadline(declarant, data, role, period, shape, today)
        for declarant in declarants
        for data in declarant.data
        for role in declarant.roles
        if data != PAYMENTS or role == "SE"
        for period, shape in calendar.periods(declarant.regime, data, first - _LONGEST, last)
        if period.end >= declarant.starts
        and first <= shape.deadline(period.end)
        and shape.reminder(period.end) <= last
    ]
    reports = reports_by_period(jobs)
    known = (_with_reports(one, reports.get(_key(one), ())) for one in owed)
    return tuple(sorted(known, key=lambda one: (one.due, one.declarant.siren, one.data, one.role)))


def earliest_end(today: date, behind: int = ASKED_FOR) -> date:
    """The end of the first period whose reports `deadlines_of` may ask for."""
    return today - timedelta(days=behind) - _LONGEST_WAIT


def reports_by_period(jobs: Iterable[Job]) -> dict[tuple[str, str, str, Period], tuple[Report, ...]]:
    """Reports by declarant's SIREN, data, role and period, in the order of the jobs."""
    found: dict[tuple[str, str, str, Period], tuple[Report, ...]] = {}
    for job in jobs:
        document = job.document
        period = period_of(document) if document else None
        if document is None or period is None or document.seller.siren is None:
            continue
        for data in data_of(document):
            key = (document.seller.siren, data, document.role or "", period)
            found[key] = (*found.get(key, ()), _report(job))
    return found


def _key(deadline: Deadline) -> tuple[str, str, str, Period]:
    return deadline.declarant.siren, deadline.data, deadline.role, deadline.period


def _report(job: Job) -> Report:
    assert job.document is not None
    return Report(
        job=job.id,
        route=job.route,
        number=job.document.number,
        type_code=job.document.type_code,
        kinds=job.document.report_kind,
        state=job.state,
        outcome=job.outcome,
        concluded_on=job.concluded_at.isoformat() if job.concluded_at else None,
        is_told=is_told(job),
        document=job.document,
    )


def _deadline(
    declarant: Declarant, data: str, role: str, period: Period, shape: Shape, today: date
) -> Deadline:
    due, remind_by = shape.deadline(period.end), shape.reminder(period.end)
    left = ((due if today > remind_by else remind_by) - today).days
    if left < 0:
        standing = Standing.LATE
    elif left <= URGENT or today > remind_by:
        standing = Standing.URGENT
    else:
        standing = Standing.SOON if left <= SOON else Standing.OPEN
    return Deadline(
        declarant=declarant,
        data=data,
        role=role,
        period=period,
        due=due,
        remind_by=remind_by,
        days_left=left,
        standing=standing,
    )


def _with_reports(deadline: Deadline, reports: tuple[Report, ...]) -> Deadline:
    """The deadline with what was taken for it; accepted or on its way, there is nothing to warn of."""
    standing = deadline.standing
    if any(report.is_accepted for report in reports):
        standing = Standing.DONE
    elif any(report.outcome is None and report.is_told for report in reports):
        standing = Standing.UNDER_WAY
    return replace(deadline, reports=reports, standing=standing)
