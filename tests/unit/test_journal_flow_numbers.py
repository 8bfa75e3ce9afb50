"""Numbers of flows: one for each job, the same for every attempt, and none twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.journal import SqliteJournal

SERIES = "SIM001"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "state.db")
    yield opened
    opened.close()


def test_each_job_has_a_number_of_its_own_and_keeps_it(journal: SqliteJournal) -> None:
    first = journal.numbers(SERIES, ["a", "b", "a"], 1000)
    assert first == {"a": 1000, "b": 1001}
    assert journal.numbers(SERIES, ["b", "c"], 5000) == {"b": 1001, "c": 5000}
    assert journal.numbers(SERIES, ["d"], 0) == {"d": 5001}


def test_H11_a_number_is_still_there_after_a_restart(tmp_path: Path, journal: SqliteJournal) -> None:
    given = journal.numbers(SERIES, ["a"], 7)
    journal.close()
    again = SqliteJournal(tmp_path / "state.db")
    try:
        assert again.numbers(SERIES, ["a", "b"], 7) == {**given, "b": 8}
    finally:
        again.close()


def test_a_journal_that_has_forgotten_its_numbers_goes_on_behind_them(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    lost = journal.numbers(SERIES, ["a", "b"], 1_763_800_000_000)
    restored = SqliteJournal(tmp_path / "backup.db")
    try:  # the clock has gone on since
        new = restored.numbers(SERIES, ["c"], 1_763_800_000_500)
        assert set(new.values()).isdisjoint(lost.values())
    finally:
        restored.close()


def test_series_know_nothing_of_each_other(journal: SqliteJournal) -> None:
    assert journal.numbers("SIM001", ["a"], 1) == {"a": 1}
    assert journal.numbers("SIM002", ["a"], 1) == {"a": 1}


def test_routes_that_share_a_connection_never_get_the_same_number(journal: SqliteJournal) -> None:
    def take(route: int) -> list[int]:
        return [journal.numbers(SERIES, [f"{route}-{n}"], 1)[f"{route}-{n}"] for n in range(25)]

    with ThreadPoolExecutor(4) as routes:
        given = [number for numbers in routes.map(take, range(4)) for number in numbers]
    assert sorted(given) == list(range(1, 101))
