"""How an account stands outlives the process: what is told, written down, and goes on after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.errors import JournalBusy
from connector.gateways import limits
from connector.gateways.limits import Pace, Rules, Way
from connector.gateways.standings import pace_after_restart, standing_of
from connector.journal import JournalView, SqliteJournal, sql
from connector.model import NotSent, Unknown
from connector.standing import Standing, is_news
from connector.upkeep import Upkeep

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
RULES = Rules(failures=2, pause=60.0)


def in_trouble(clock: float = 1000.0) -> Pace:
    """A pace whose breaker has just opened."""
    pace = Pace()
    for _ in range(RULES.failures):
        pace = limits.answered(pace, Unknown(reason="server-error"), RULES, clock)
    return pace


def told(pace: Pace, clock: float, now: datetime = NOW) -> Standing:
    return standing_of("pa", pace, clock=clock, now=now, last_success=None)


def test_an_open_breaker_is_told_with_its_times_and_its_cause() -> None:
    standing = told(in_trouble(1000.0), 1010.0)
    assert (standing.way, standing.reason, standing.failures) == ("breaker", "server-error", 2)
    assert standing.since == NOW - timedelta(seconds=10)
    assert standing.until == NOW + timedelta(seconds=50)


def test_a_stop_is_told_since_its_beginning_however_often_it_was_tried_again() -> None:
    pace = limits.answered(Pace(), NotSent(reason="forbidden", stops_account=True), RULES, 1000.0)
    pace = limits.probed(limits.probing(pace), False, RULES, 1060.0)
    standing = told(pace, 1100.0)
    assert (standing.way, standing.reason, standing.until) == ("stopped", "forbidden", None)
    assert standing.since == NOW - timedelta(seconds=100)
    again = limits.probed(limits.probing(pace), True, RULES, 1200.0)
    assert told(again, 1200.0).since == NOW  # a document tries now
    assert told(again, 1200.0).stopped is None


def test_a_silence_that_was_asked_for_is_told_until_it_is_over() -> None:
    pace = limits.throttled(Pace(), 30.0, RULES, 1000.0)
    assert (told(pace, 1010.0).way, told(pace, 1010.0).until) == ("rate", NOW + timedelta(seconds=20))
    assert told(pace, 1031.0).way == "free"


@pytest.mark.parametrize("down", [0.0, 30.0, 300.0])
def test_an_open_breaker_goes_on_over_a_restart_with_other_clocks(down: float) -> None:
    before = told(in_trouble(1000.0), 1010.0)
    back, clock = NOW + timedelta(seconds=down), 5.0  # monotonic clocks begin anew with the machine
    pace = pace_after_restart(before, clock=clock, now=back)
    left = max(50.0 - down, 0.0)
    assert limits.wait(pace, clock) == pytest.approx(left)
    assert limits.way(pace, clock) is (Way.OPEN if left else Way.PROBE)
    assert limits.way(pace, clock + left) is Way.PROBE
    worse = limits.answered(limits.probing(pace), Unknown(reason="timeout"), RULES, clock + left)
    assert limits.wait(worse, clock + left) == 120.0  # pauses go on growing


def test_a_silence_goes_on_over_a_restart() -> None:
    before = told(limits.throttled(Pace(), 30.0, RULES, 1000.0), 1010.0)
    pace = pace_after_restart(before, clock=5.0, now=NOW + timedelta(seconds=5))
    assert limits.way(pace, 5.0) is Way.PAUSED
    assert limits.wait(pace, 5.0) == pytest.approx(15.0)


def test_a_stopped_account_is_tried_anew_after_a_restart() -> None:
    pace = limits.answered(Pace(), NotSent(reason="unauthorized", stops_account=True), RULES, 1000.0)
    assert pace_after_restart(told(pace, 1010.0), clock=5.0, now=NOW) == Pace()


def test_a_machine_whose_clock_was_set_back_does_not_wait_for_years() -> None:
    before = told(in_trouble(1000.0), 1010.0)
    pace = pace_after_restart(before, clock=5.0, now=NOW - timedelta(days=3650))
    assert limits.wait(pace, 5.0) <= limits.LONGEST
    assert limits.way(pace_after_restart(before, clock=5.0, now=NOW + timedelta(days=1)), 5.0) is Way.PROBE


def test_a_success_alone_is_news_from_time_to_time_only() -> None:
    kept = Standing(account="pa", at=NOW, last_success=NOW)
    soon, later = NOW + timedelta(seconds=5), NOW + timedelta(seconds=35)
    assert is_news(kept, None)
    assert not is_news(replace(kept, at=later), kept)
    assert not is_news(replace(kept, at=soon, last_success=soon), kept)
    assert is_news(replace(kept, at=later, last_success=later), kept)
    assert is_news(replace(kept, at=soon, failures=1), kept)


# --------------------------------------------------------------------------- written down
@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "state.db")
    yield opened
    opened.close()


class Account:
    """An account that stands as a test says."""

    def __init__(self) -> None:
        self.now = told(in_trouble(), 1010.0)

    def standing(self) -> Standing:
        return self.now


def test_what_is_written_down_comes_back_and_can_be_looked_at(journal: SqliteJournal, tmp_path: Path) -> None:
    account = Account()
    upkeep = Upkeep([account], journal)
    upkeep()
    assert journal.standing("pa") == account.now
    assert journal.standing("other") is None
    account.now = replace(account.now, failures=3)
    upkeep()
    view = JournalView(tmp_path / "state.db")
    assert view.standings() == {"pa": account.now}
    assert view.in_flight() == {}
    view.close()


def test_a_journal_of_a_version_that_knew_no_standings_reads_as_one_without_any(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as db:
        for number, script in enumerate(sql.MIGRATIONS[:3], start=1):
            db.executescript(f"{script}; PRAGMA user_version = {number};")
    view = JournalView(path)
    assert (view.standings(), view.in_flight(), view.counts()) == ({}, {}, {})
    view.close()


def test_S08_a_journal_in_trouble_ends_nothing_and_gets_it_later(journal: SqliteJournal) -> None:
    class FullAtFirst:
        full = True

        def keep_standing(self, standing: Standing) -> None:
            if self.full:
                raise JournalBusy("disk full")
            journal.keep_standing(standing)

    account, book = Account(), FullAtFirst()
    upkeep = Upkeep([account], book)
    upkeep()
    assert journal.standing("pa") is None
    book.full = False
    upkeep()
    assert journal.standing("pa") == account.now
