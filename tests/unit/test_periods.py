"""The calendar of e-reporting: what a period may look like, and by when it was due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import admission
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
from connector.periods import SHAPES, deadline, period_problems, shape_of
from tests.unit.policy_jobs import document, job
from tests.unit.test_crosscheck import REPORTS, report


def day(written: str) -> date:
    return date.fromisoformat(written)


def report_of(start: str, end: str, made: str = "2026-12-01", type_code: str = "IN") -> Document:
    return report(type_code=type_code, period_start=start, period_end=end, issue_date=made)


def found(start: str, end: str, today: str, made: str | None = None, type_code: str = "IN") -> list[str]:
    problems = period_problems(report_of(start, end, made or today, type_code), day(today))
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
    shape = shape_of(day(start), day(end))
    assert shape is not None
    assert deadline(shape, day(end)) == day(due)
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
        ("2026-01-01", "2026-02-28"),
    ],
)
def test_a_month_a_decade_and_two_civil_months_are_periods(start: str, end: str) -> None:
    assert shape_of(day(start), day(end)) is not None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-10-02", "2026-10-31"),
        ("2026-10-01", "2026-10-30"),
        ("2026-10-01", "2026-10-15"),
        ("2026-10-01", "2026-10-20"),
        ("2026-10-11", "2026-10-31"),
        ("2026-10-01", "2026-11-30"),  # two months, but October and November are not a pair
        ("2026-07-01", "2026-09-30"),  # a quarter is nobody's period
        ("2025-09-01", "2026-10-31"),
    ],
)
def test_any_other_period_is_told_of(start: str, end: str) -> None:
    assert found(start, end, "2026-12-05") == ["period-misaligned"]


@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)), st.integers(0, 70))
def test_every_period_has_one_shape_or_none_and_is_due_after_its_end(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    shape = shape_of(start, end)
    if shape is not None:
        assert deadline(shape, end) > end
        assert start.day in {shape.first_day for shape in SHAPES}
        assert end.day in (10, 20) or (end + timedelta(days=1)).day == 1


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
    assert period_problems(document(), today) == ()
    assert period_problems(report_of("20261301", "2026-10-31"), today) == ()
    assert period_problems(replace(report_of("2026-10-01", "2026-10-31"), period_end=None), today) == ()


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
