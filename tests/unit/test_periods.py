"""The calendar of e-reporting: what a period may look like, and by when it was due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import admission
from connector.calendars import read_calendar
from connector.model import (
    Document,
    Family,
    Inspection,
    Outcome,
    Problem,
    Severity,
    State,
    Verdict,
    VerdictStatus,
)
from connector.periods import NO_CALENDAR, Calendar, Declarant, Period, Rule, Shape, period_problems
from tests.unit.policy_jobs import document, job
from tests.unit.test_crosscheck import REPORTS, report

CALENDAR = read_calendar()


def day(written: str) -> date:
    return date.fromisoformat(written)


def period(start: str, end: str) -> Period:
    return Period(start=day(start), end=day(end))


def declarant(regime: str, **more: Any) -> Declarant:
    facts: dict[str, Any] = {
        "siren": "732829320",
        "regime": regime,
        "starts": day("2026-09-01"),
        "data": ("transactions",),
    }
    return Declarant(**(facts | more))


def report_of(start: str, end: str, made: str = "2026-12-01", type_code: str = "IN") -> Document:
    return report(type_code=type_code, period_start=start, period_end=end, issue_date=made)


def found(
    start: str,
    end: str,
    today: str,
    made: str | None = None,
    type_code: str = "IN",
    regime: str | None = None,
) -> list[str]:
    known = [declarant(regime)] if regime else []
    problems = period_problems(report_of(start, end, made or today, type_code), day(today), CALENDAR, known)
    assert all(problem.severity is Severity.WARNING for problem in problems)
    return [problem.code for problem in problems]


# --------------------------------------------------------------------------- deadlines
@pytest.mark.parametrize(
    ("start", "end", "due"),
    [
        ("2026-11-01", "2026-11-10", "2026-11-20"),
        ("2026-11-11", "2026-11-20", "2026-11-30"),
        ("2027-02-11", "2027-02-20", "2027-02-28"),
        ("2026-11-21", "2026-11-30", "2026-12-10"),
        ("2026-12-21", "2026-12-31", "2027-01-10"),
        ("2026-10-01", "2026-10-31", "2026-11-10"),
        ("2028-02-01", "2028-02-29", "2028-03-10"),
        ("2026-09-01", "2026-10-31", "2026-11-25"),
        ("2026-11-01", "2026-12-31", "2027-01-25"),
    ],
)
def test_a_report_is_late_the_day_after_its_earliest_deadline(start: str, end: str, due: str) -> None:
    shape = CALENDAR.shape_of(period(start, end))
    assert shape is not None
    assert shape.reminder(day(end)) == day(due)
    assert found(start, end, due) == []
    assert found(start, end, str(day(due) + timedelta(days=1))) == ["report-late"]


def test_a_rectifying_report_is_never_late() -> None:
    assert found("2026-10-01", "2026-10-31", "2027-06-01", type_code="RE") == []


# --------------------------------------------------------------------------- shapes
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-01", "2026-11-30"),
        ("2026-11-21", "2026-11-30"),
        ("2028-02-21", "2028-02-29"),
        ("2027-01-01", "2027-02-28"),
    ],
)
def test_a_month_a_decade_and_two_civil_months_are_periods(start: str, end: str) -> None:
    assert CALENDAR.shape_of(period(start, end)) is not None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-10-02", "2026-10-31"),
        ("2026-10-01", "2026-10-30"),
        ("2026-10-01", "2026-10-15"),
        ("2026-10-01", "2026-10-20"),
        ("2026-10-11", "2026-10-31"),
        ("2026-10-01", "2026-11-30"),  # two months, but October and November are not a pair
        ("2026-10-01", "2026-12-31"),  # a quarter is nobody's period
        ("2026-09-01", "2027-10-31"),
    ],
)
def test_any_other_period_is_told_of(start: str, end: str) -> None:
    assert found(start, end, "2027-12-05") == ["period-misaligned"]


@given(st.dates(date(2026, 9, 1), date(2040, 12, 31)), st.integers(0, 70))
def test_every_period_has_one_shape_or_none_and_is_due_after_its_end(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    shape = CALENDAR.shape_of(Period(start=start, end=end))
    if shape is not None:
        assert shape.deadline(end) >= shape.reminder(end) > end
        assert start.day in (1, 11, 21)
        assert end.day in (10, 20) or (end + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("regime", "start", "end", "today", "codes"),
    [
        ("reel_normal_mensuel", "2026-10-01", "2026-10-31", "2026-11-02", ["period-misaligned"]),
        ("reel_normal_mensuel", "2026-10-21", "2026-10-31", "2026-11-10", []),
        ("reel_simplifie", "2026-10-01", "2026-10-31", "2026-11-25", []),
        ("reel_simplifie", "2026-10-01", "2026-10-31", "2026-11-26", ["report-late"]),
        ("reel_simplifie", "2026-10-21", "2026-10-31", "2026-11-02", ["period-misaligned"]),
        ("franchise", "2026-09-01", "2026-09-30", "2026-10-02", ["period-misaligned"]),
        ("franchise", "2026-09-01", "2026-10-31", "2026-11-02", []),
    ],
)
def test_a_company_whose_regime_is_known_is_held_against_that_one_alone(
    regime: str, start: str, end: str, today: str, codes: list[str]
) -> None:
    assert found(start, end, today, regime=regime) == codes


def test_payments_have_periods_of_their_own() -> None:
    month = replace(report_of("2026-10-01", "2026-10-31", "2026-11-02"), report_kind="10.4")
    decade = replace(month, period_start="2026-10-21")
    known = [declarant("reel_normal_mensuel")]
    assert period_problems(month, day("2026-11-02"), CALENDAR, known) == ()
    assert [p.code for p in period_problems(decade, day("2026-11-02"), CALENDAR, known)] == [
        "period-misaligned"
    ]


def test_the_regime_of_another_company_does_not_matter() -> None:
    known = [declarant("reel_normal_mensuel", siren="552100554")]
    month = report_of("2026-10-01", "2026-10-31", "2026-11-02")
    assert period_problems(month, day("2026-11-02"), CALENDAR, known) == ()


def test_a_newer_rule_takes_the_place_of_an_older_one_on_its_day() -> None:
    month = {"first": 1, "last": 31, "after": 1}
    rule: dict[str, Any] = {"regime": "r", "data": ("transactions",)}
    old = Rule(**rule, since=day("2026-09-01"), until=day("2026-12-31"), shapes=(Shape(**month, due=10),))
    new = Rule(**rule, since=day("2027-01-01"), shapes=(Shape(**month, due=20),))
    calendar = Calendar(rules=(old, new))
    due = [
        str(shape.deadline(each.end))
        for each, shape in calendar.periods("r", "transactions", day("2026-11-05"), day("2027-02-01"))
    ]
    assert due == ["2026-12-10", "2027-01-10", "2027-02-20", "2027-03-20"]
    december = calendar.shape_of(period("2026-12-01", "2026-12-31"))
    assert december == old.shapes[0]


def test_before_the_reform_and_without_a_calendar_no_period_is_odd() -> None:
    quarter = report_of("2026-01-01", "2026-03-31", "2026-11-02")
    assert period_problems(quarter, day("2026-11-02"), CALENDAR) == ()
    quarter = report_of("2026-10-01", "2026-12-31", "2027-01-02")
    assert period_problems(quarter, day("2027-01-02"), NO_CALENDAR) == ()


# --------------------------------------------------------------------------- sanity
def test_a_period_that_ends_before_it_begins() -> None:
    assert found("2026-10-31", "2026-10-01", "2026-12-01") == ["period-reversed"]


def test_a_period_that_has_not_begun_yet() -> None:
    assert found("2026-12-01", "2026-12-31", "2026-11-30") == ["period-in-future"]


@pytest.mark.parametrize(
    ("today", "made", "codes"),
    [
        ("2026-10-31", "2026-10-31", ["period-not-ended"]),
        ("2026-10-15", "2026-10-15", ["period-not-ended"]),
        ("2026-11-05", "2026-10-31", ["period-not-ended"]),  # made too early, sent in time
        ("2026-11-01", "2026-11-01", []),
    ],
)
def test_G7_43_a_report_is_made_after_the_end_of_its_period(today: str, made: str, codes: list[str]) -> None:
    assert found("2026-10-01", "2026-10-31", today, made) == codes


def test_other_documents_and_unreadable_dates_are_left_alone() -> None:
    today = day("2026-12-01")
    unended = replace(report_of("2026-10-01", "2026-10-31"), period_end=None)
    for other in (document(), report_of("20261301", "2026-10-31"), unended):
        assert period_problems(other, today, CALENDAR) == ()


# --------------------------------------------------------------------------- on a route
def test_the_day_is_that_of_the_company_not_of_greenwich() -> None:
    seen = Inspection(
        verdict=Verdict(status=VerdictStatus.VALID),
        document=report_of("2026-10-01", "2026-10-31", "2026-11-02"),
    )
    late_evening = datetime(2026, 11, 10, 23, 30, tzinfo=UTC)  # half past midnight in Paris
    rules = replace(REPORTS, zone=ZoneInfo("Europe/Paris"))
    after = admission.inspected(job(State.SPOOLED), seen, [], rules, late_evening)
    assert after.verdict is not None
    assert [(p.code, p.found, p.expected) for p in after.verdict.problems] == [
        ("report-late", "2026-11-11", "2026-11-10")
    ]
    assert after.state is State.VALID


def test_what_a_business_rule_has_said_is_not_said_again() -> None:
    rule = Problem(code="G6.25", severity=Severity.WARNING, source="rules")
    seen = Inspection(
        verdict=Verdict(status=VerdictStatus.VALID, problems=(rule,)),
        document=report_of("2026-10-31", "2026-10-01"),
    )
    after = admission.inspected(job(State.SPOOLED), seen, [], REPORTS, datetime(2026, 12, 1, tzinfo=UTC))
    assert after.verdict is not None
    assert after.verdict.problems == (rule,)


def test_an_invoice_route_refuses_a_report_whatever_its_period() -> None:
    seen = Inspection(
        verdict=Verdict(status=VerdictStatus.VALID), document=report_of("2026-10-31", "2026-10-01")
    )
    rules = replace(REPORTS, accept=frozenset({Family.INVOICE}))
    after = admission.inspected(job(State.SPOOLED), seen, [], rules, datetime(2026, 12, 1, tzinfo=UTC))
    assert after.outcome is Outcome.REJECTED_BEFORE_SENDING
