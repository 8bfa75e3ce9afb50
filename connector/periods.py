"""The periods of e-reporting: what they look like, by when their reports are due, what is odd about one.

Pure. The calendar itself is data (`config/ereporting_calendar.toml`, read by `calendars`). Which VAT regime a
company is under is not in its reports: where the settings do not say it, a period is held against the shapes
of all regimes, and the deadline is the earliest that fits. What is odd is worth a warning and no more.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from connector.model import Document, Family, Problem, Severity

TRANSACTIONS, PAYMENTS = "transactions", "payments"
_DATA_OF = {"10.1": TRANSACTIONS, "10.3": TRANSACTIONS, "10.2": PAYMENTS, "10.4": PAYMENTS}

_DECADES = ((1, 10), (11, 20), (21, 31))

# The business rules find the same by their own names; nobody needs to read it twice.
SAID_BY_RULES = {
    "period-reversed": "G6.25",
    "period-in-future": "G6.24",
    "period-not-ended": "G7.43",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days that one report is about, the first and the last included."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form that a period may have, and when reports of it are due at the platform.

    Args:
        first: day of the month in which the period begins.
        last: day of the month in which it ends; 31 for the last one there is.
        months: how many the period touches; two begin in January, March, May …
        after: months from the end of the period to the month of the deadline.
        due: day of that month; 31 for the last one there is.
        earlier: a day of that month that another source names.
    """

    first: int
    last: int
    months: int = 1
    after: int
    due: int
    earlier: int | None = None

    def starting_in(self, month: date) -> Period | None:
        """The period of this form that begins in a month; None when none does."""
        if (month.month - 1) % self.months:
            return None
        return Period(
            start=_within(month, self.first), end=_within(_later(month, self.months - 1), self.last)
        )

    def deadline(self, end: date) -> date:
        """The last day on which a report of a period that ended then reaches the platform in time."""
        return _within(_later(end, self.after), self.due)

    def reminder(self, end: date) -> date:
        """The earliest day that any source gives for the deadline."""
        return _within(_later(end, self.after), min(self.due, self.earlier or self.due))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What companies under one VAT regime report, and in which periods.

    Args:
        data: "transactions" (10.1, 10.3), "payments" (10.2, 10.4), or both.
        since: the first day on which a period of this rule may begin.
        until: the last one; None while nobody knows of an end.
    """

    regime: str
    data: tuple[str, ...]
    shapes: tuple[Shape, ...]
    since: date
    until: date | None = None

    def holds_on(self, start: date) -> bool:
        return self.since <= start and (self.until is None or start <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The whole calendar: rules, and from when on a company of a size has to report (DGFiP v3.2 §2.3.5)."""

    version: str = ""
    rules: tuple[Rule, ...] = ()
    starts: tuple[tuple[str, date], ...] = ()

    @property
    def regimes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(rule.regime for rule in self.rules))

    def shape_of(self, period: Period, data: Iterable[str] = (), regime: str | None = None) -> Shape | None:
        """The form of a period that is due first; None when there is none like it.

        Args:
            data: what the report is of; nothing for anything.
            regime: VAT regime of the company; None when nobody knows.
        """
        fitting = [
            shape
            for rule in self.rules
            if rule.holds_on(period.start)
            and regime in (None, rule.regime)
            and (not data or set(data) & set(rule.data))
            for shape in rule.shapes
            if shape.starting_in(period.start) == period
        ]
        return min(fitting, key=lambda shape: shape.reminder(period.end), default=None)

    def periods(self, regime: str, data: str, first: date, last: date) -> Iterator[tuple[Period, Shape]]:
        """The periods of a regime that begin in the months from one day to another, by rule and in order."""
        month = first.replace(day=1)
        while month <= last:
            for rule in self.rules:
                if rule.regime == regime and data in rule.data:
                    for shape in rule.shapes:
                        period = shape.starting_in(month)
                        if period is not None and rule.holds_on(period.start):
                            yield period, shape
            month = _later(month, 1)


NO_CALENDAR = Calendar()  # has nothing to say of any period


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarant:
    """A company that reports, as far as its deadlines are concerned.

    Args:
        starts: the first day that it has to report.
        data: what it reports: "transactions", "payments", or both.
        roles: as what (TT-15): "SE", "BY", or both. Payments are the seller's to report.
    """

    siren: str
    regime: str
    starts: date
    data: tuple[str, ...]
    roles: tuple[str, ...] = ("SE",)
    name: str | None = None


def read_period(written: str) -> Period | None:
    """A period as people write it; None when it is none.

    2026-11 is a month, 2026-11-D2 its second decade (11 to 20), 2026-09/2026-10 two months, and
    2026-11-11/2026-11-20 any days.
    """
    first, _, last = written.strip().partition("/")
    if found := re.fullmatch(r"(\d{4}-\d{2})-[dD]([123])", first):
        start, end = _DECADES[int(found[2]) - 1]
        month = _day(f"{found[1]}-01")
        return Period(start=_within(month, start), end=_within(month, end)) if month and not last else None
    whole_months = len(first) == len(last or first) == len("2026-11")
    start_day = _day(f"{first}-01" if whole_months else first)
    end_day = _day(f"{last or first}-01" if whole_months else last)
    if start_day is None or end_day is None or end_day < start_day:
        return None
    return Period(start=start_day, end=_within(end_day, 31) if whole_months else end_day)


def data_of(document: Document) -> tuple[str, ...]:
    """What a report is of: "transactions" or "payments"; both would be against G6.29."""
    kinds = (document.report_kind or "").split(",")
    return tuple(dict.fromkeys(_DATA_OF[kind] for kind in kinds if kind in _DATA_OF))


def period_of(document: Document) -> Period | None:
    """The period of a report; None when it has none that can be read."""
    start, end = _day(document.period_start), _day(document.period_end)
    return None if start is None or end is None else Period(start=start, end=end)


def period_problems(
    document: Document, today: date, calendar: Calendar, declarants: Iterable[Declarant] = ()
) -> tuple[Problem, ...]:
    """What is odd about the period of a report, as warnings; nothing for any other document.

    Args:
        today: the day where the company is.
        declarants: the companies whose VAT regime is known.
    """
    period = period_of(document) if document.family is Family.EREPORTING else None
    if period is None:
        return ()
    if period.end < period.start:
        return (_warning("period-reversed", f"{period.start}", f"{period.end}"),)
    if period.start > today:
        return (_warning("period-in-future", f"{period.start}", f"{today}"),)
    problems = []
    made = min(_day(document.issue_date) or today, today)
    if period.end >= made:
        problems.append(_warning("period-not-ended", f"{made}", f"{period.end}"))
    regime = next((one.regime for one in declarants if one.siren == document.seller.siren), None)
    shape = calendar.shape_of(period, data_of(document), regime)
    if shape is None:
        if any(rule.holds_on(period.start) for rule in calendar.rules):
            problems.append(_warning("period-misaligned", f"{period}"))
    elif document.type_code == "IN" and today > (due := shape.reminder(period.end)):
        problems.append(_warning("report-late", f"{today}", f"{due}"))
    return tuple(problems)


def due_on(document: Document, calendar: Calendar, declarants: Iterable[Declarant] = ()) -> date | None:
    """The earliest day on which a report of this period may be due; None for what the calendar does not know.

    Args:
        declarants: the companies whose VAT regime is known.
    """
    period = period_of(document) if document.family is Family.EREPORTING else None
    if period is None or period.end < period.start:
        return None
    regime = next((one.regime for one in declarants if one.siren == document.seller.siren), None)
    shape = calendar.shape_of(period, data_of(document), regime)
    return shape.reminder(period.end) if shape else None


def _later(day: date, months: int) -> date:
    """The first day of the month that is so many months later."""
    month = day.year * 12 + day.month - 1 + months
    return date(month // 12, month % 12 + 1, 1)


def _within(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written or "")
    except ValueError:
        return None


def _warning(code: str, found: str, expected: str | None = None) -> Problem:
    return Problem(code=code, severity=Severity.WARNING, found=found, expected=expected)
