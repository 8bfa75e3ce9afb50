"""Reminders in the log: each deadline once for each step that it comes nearer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from loguru import logger

from connector.calendars import read_calendar
from connector.model import Job
from connector.reminders import Reminders
from tests.unit.test_deadlines import MONTHLY, decade
from tests.unit.test_periods import day


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What the log was told of the decade that is due on 30 November: standing and days left."""
    lines: list[str] = []
    form = "{message} {extra[period]} {extra[standing]} {extra[days_left]}"
    sink = logger.add(lambda line: lines.append(line.strip()), format=form, level="WARNING")
    yield lines
    logger.remove(sink)


def of_decade(lines: list[str]) -> list[str]:
    start = "ereporting.deadline 2026-11-11/2026-11-20 "
    return [line.removeprefix(start) for line in lines if line.startswith(start)]


def follow(lines: list[str], first: str, last: str, *jobs: Job) -> list[str]:
    """What is told when somebody looks several times a day, from one day to another."""
    now = [day(first)]
    asked: list[date] = []

    def reports(since: date) -> list[Job]:
        asked.append(since)
        return list(jobs)

    reminders = Reminders(read_calendar(), [MONTHLY], reports, lambda: now[0])
    while now[0] <= day(last):
        reminders()
        reminders()
        now[0] += timedelta(days=1)
    assert all(since < day("2026-11-20") for since in asked)
    return of_decade(lines)


def test_three_days_before_one_day_before_and_once_it_is_over(told: list[str]) -> None:
    assert follow(told, "2026-11-22", "2026-12-20") == ["soon 3", "urgent 1", "late -1"]


def test_nothing_is_told_of_a_report_that_was_accepted_or_is_on_its_way(told: list[str]) -> None:
    assert follow(told, "2026-11-22", "2026-12-20", decade()) == []
    assert follow(told, "2026-11-22", "2026-12-20", decade(None)) == []


def test_a_start_in_the_last_days_tells_at_once(told: list[str]) -> None:
    assert follow(told, "2026-11-30", "2026-11-30") == ["urgent 0"]
