"""Which reports are due when, and what has become of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calendars import read_calendar
from connector.deadlines import ASKED_FOR, Deadline, Standing, deadlines_of
from connector.model import Job, Outcome, Party, State
from tests.unit.test_crosscheck import told
from tests.unit.test_periods import day, declarant

CALENDAR = read_calendar()
MONTHLY = declarant("reel_normal_mensuel", data=("transactions", "payments"))
SIMPLE = declarant("reel_simplifie")


def deadlines(today: str, *jobs: Job, ahead: int = 30, behind: int = 0) -> Sequence[Deadline]:
    return deadlines_of(CALENDAR, [MONTHLY], jobs, day(today), ahead=ahead, behind=behind)


def decade(
    outcome: Outcome | None = Outcome.ACCEPTED, number: str = "ER1", type_code: str = "IN", **more: Any
) -> Job:
    """A report of 11 to 20 November, due on the 30th."""
    facts: dict[str, Any] = {"period_start": "2026-11-11", "period_end": "2026-11-20"} | more
    state = State.DONE if outcome else State.RECEIVED
    return told(number, type_code, state=state, outcome=outcome, **facts)


def of_decade(today: str, *jobs: Job) -> Deadline:
    found = [one for one in deadlines(today, *jobs, behind=31) if one.period.start == day("2026-11-11")]
    assert len(found) == 1
    return found[0]


# --------------------------------------------------------------------------- what is due
def test_a_monthly_filer_owes_three_reports_of_sales_and_one_of_payments_a_month() -> None:
    told_of = [(str(one.due), one.data, str(one.period)) for one in deadlines("2026-11-22")]
    assert told_of == [
        ("2026-11-30", "transactions", "2026-11-11/2026-11-20"),
        ("2026-12-10", "payments", "2026-11-01/2026-11-30"),
        ("2026-12-10", "transactions", "2026-11-21/2026-11-30"),
        ("2026-12-20", "transactions", "2026-12-01/2026-12-10"),
    ]


def test_what_is_late_is_asked_for_a_month_long_and_no_longer() -> None:
    due = day("2026-11-20")  # of 1 to 10 November
    last = due + timedelta(days=ASKED_FOR)
    for today, asked in ((due + timedelta(days=1), True), (last, True), (last + timedelta(days=1), False)):
        late = deadlines_of(CALENDAR, [MONTHLY], [], today)
        assert any(one.due == due for one in late) is asked
        assert all(one.standing is Standing.LATE for one in late if one.due == due)


def test_a_company_owes_nothing_before_its_obligation_begins() -> None:
    later = declarant("reel_normal_mensuel", starts=day("2027-09-01"))
    assert deadlines_of(CALENDAR, [later], [], day("2026-11-22"), ahead=60) == ()
    first = deadlines_of(CALENDAR, [later], [], day("2027-09-01"), ahead=30)
    assert str(first[0].period) == "2027-09-01/2027-09-10"


def test_a_buyer_reports_what_it_bought_and_no_payments() -> None:
    both = replace(MONTHLY, roles=("SE", "BY"))
    found = deadlines_of(CALENDAR, [both], [], day("2026-11-22"), ahead=18, behind=0)
    assert [(one.data, one.role) for one in found] == [
        ("transactions", "BY"),
        ("transactions", "SE"),
        ("payments", "SE"),
        ("transactions", "BY"),
        ("transactions", "SE"),
    ]


@given(st.dates(date(2026, 9, 1), date(2036, 12, 31)), st.sampled_from(CALENDAR.regimes))
def test_every_day_belongs_to_one_period_of_a_regime_and_each_kind_of_data(sold: date, regime: str) -> None:
    for data in ("transactions", "payments"):
        near = CALENDAR.periods(regime, data, sold - timedelta(days=70), sold)
        assert len([period for period, _ in near if period.start <= sold <= period.end]) == 1


# --------------------------------------------------------------------------- how near it is
@pytest.mark.parametrize(
    ("today", "standing", "days_left"),
    [
        ("2026-11-26", Standing.OPEN, 4),
        ("2026-11-27", Standing.SOON, 3),
        ("2026-11-28", Standing.SOON, 2),
        ("2026-11-29", Standing.URGENT, 1),
        ("2026-11-30", Standing.URGENT, 0),
        ("2026-12-01", Standing.LATE, -1),
    ],
)
def test_a_deadline_comes_nearer_day_by_day(today: str, standing: Standing, days_left: int) -> None:
    found = of_decade(today)
    assert (found.standing, found.days_left) == (standing, days_left)
    assert found.is_to_warn_of is (standing is not Standing.OPEN)


@pytest.mark.parametrize(
    ("today", "standing", "days_left"),
    [
        ("2026-11-21", Standing.OPEN, 4),
        ("2026-11-22", Standing.SOON, 3),
        ("2026-11-25", Standing.URGENT, 0),
        ("2026-11-26", Standing.URGENT, 4),  # past the earlier day, four days before the later one
        ("2026-11-30", Standing.URGENT, 0),
        ("2026-12-01", Standing.LATE, -1),
    ],
)
def test_where_two_sources_disagree_the_earlier_day_reminds_and_the_later_one_is_the_last(
    today: str, standing: Standing, days_left: int
) -> None:
    october = next(
        one
        for one in deadlines_of(CALENDAR, [SIMPLE], [], day(today))
        if one.period.start == day("2026-10-01")
    )
    assert (str(october.remind_by), str(october.due)) == ("2026-11-25", "2026-11-30")
    assert (october.standing, october.days_left) == (standing, days_left)


# --------------------------------------------------------------------------- what has become of it
def test_an_accepted_report_ends_the_matter_and_is_named() -> None:
    found = of_decade("2026-11-29", decade())
    assert found.standing is Standing.DONE
    assert not found.is_to_warn_of
    assert [(one.number, one.type_code, one.outcome) for one in found.reports] == [
        ("ER1", "IN", Outcome.ACCEPTED)
    ]
    assert found.stopped is None


def test_a_report_on_its_way_is_waited_for() -> None:
    assert of_decade("2026-11-29", decade(None)).standing is Standing.UNDER_WAY


@pytest.mark.parametrize(
    "outcome", [Outcome.REJECTED_BEFORE_SENDING, Outcome.REJECTED_BY_PLATFORM, Outcome.HELD]
)
def test_a_report_that_was_stopped_leaves_the_deadline_open_and_is_named(outcome: Outcome) -> None:
    found = of_decade("2026-11-29", decade(outcome))
    assert found.standing is Standing.URGENT
    assert found.stopped is not None
    assert found.stopped.outcome is outcome


def test_a_rectifying_report_that_was_held_does_not_undo_the_accepted_one() -> None:
    found = of_decade("2026-11-29", decade(), decade(Outcome.HELD, "ER2", "RE"))
    assert found.standing is Standing.DONE
    assert found.stopped is not None
    assert found.stopped.type_code == "RE"


@pytest.mark.parametrize(
    "other",
    [
        {"report_kind": "10.4"},
        {"role": "BY"},
        {"period_start": "2026-11-01"},
        {"seller": Party(siren="552100554")},
        {"report_kind": None},
        {"period_end": None},
    ],
    ids=str,
)
def test_a_report_of_something_else_settles_nothing(other: dict[str, Any]) -> None:
    assert of_decade("2026-11-29", decade(**other)).standing is Standing.URGENT
