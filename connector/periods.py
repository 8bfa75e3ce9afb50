"""Whether the period of a report can be right, and by when it was due: the calendar of e-reporting. Pure.

Which VAT regime a company is under is not in its reports, so a period is held against the shapes of all of
them, and the deadline is the earliest that fits. All of this is worth a warning and no more.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from connector.model import Document, Family, Problem, Severity

CALENDAR = "DGFiP v3.2, table 13 (2026-04-30)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form that a period may have, and when reports of it are due at the platform.

    Args:
        first_day: of the month in which the period begins.
        last_day: of the month in which it ends; 31 for the last one there is.
        months: how many the period touches; two begin in January, March, May …
        due_after: months from the end of the period to the month of the deadline.
        due_day: of that month; 31 for the last one there is.
    """

    first_day: int
    last_day: int
    months: int = 1
    due_after: int
    due_day: int


# Real VAT regime, monthly: decades. Monthly payments, quarterly and simplified regimes: months; the earliest
# deadline among them is that of the quarterly one. Basic exemption: two months; an older decree (2022-1299)
# says "between the 25th and the 30th" where table 13 says the last day, so it is the 25th that we warn by.
SHAPES = (
    Shape(first_day=1, last_day=10, due_after=0, due_day=20),
    Shape(first_day=11, last_day=20, due_after=0, due_day=31),
    Shape(first_day=21, last_day=31, due_after=1, due_day=10),
    Shape(first_day=1, last_day=31, due_after=1, due_day=10),
    Shape(first_day=1, last_day=31, months=2, due_after=1, due_day=25),
)

# The business rules find the same by their own names; nobody needs to read it twice.
SAID_BY_RULES = {
    "period-reversed": "G6.25",
    "period-in-future": "G6.24",
    "period-not-ended": "G7.43",
}


def period_problems(document: Document, today: date) -> tuple[Problem, ...]:
    """What is odd about the period of a report, as warnings; nothing for any other document.

    Args:
        today: the day where the company is.
    """
    if document.family is not Family.EREPORTING:
        return ()
    start, end = _day(document.period_start), _day(document.period_end)
    if start is None or end is None:
        return ()
    if end < start:
        return (_warning("period-reversed", f"{start}", f"{end}"),)
    if start > today:
        return (_warning("period-in-future", f"{start}", f"{today}"),)
    problems = []
    made = min(_day(document.issue_date) or today, today)
    if end >= made:
        problems.append(_warning("period-not-ended", f"{made}", f"{end}"))
    shape = shape_of(start, end)
    if shape is None:
        problems.append(_warning("period-misaligned", f"{start}/{end}"))
    elif document.type_code == "IN" and today > (due := deadline(shape, end)):
        problems.append(_warning("report-late", f"{today}", f"{due}"))
    return tuple(problems)


def shape_of(start: date, end: date) -> Shape | None:
    """The form of a period; None when no VAT regime has one like it."""
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    for shape in SHAPES:
        begins = start.day == shape.first_day and (shape.months == 1 or start.month % 2 == 1)
        if begins and months == shape.months and end == _within(end, shape.last_day):
            return shape
    return None


def deadline(shape: Shape, end: date) -> date:
    """The last day on which a report of a period that ended then reaches the platform in time."""
    month = end.replace(day=1)
    for _ in range(shape.due_after):
        month = (month + timedelta(days=31)).replace(day=1)
    return _within(month, shape.due_day)


def _within(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None


def _warning(code: str, found: str, expected: str | None = None) -> Problem:
    return Problem(code=code, severity=Severity.WARNING, found=found, expected=expected)
