"""A journal that cannot be used for a moment is not damaged: the connector must start again by itself."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from connector.errors import JournalBusy, JournalDamaged
from connector.journal import SqliteJournal


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Every open fails, with EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_S10_a_journal_that_cannot_be_opened_now_is_busy_and_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    SqliteJournal(path).close()
    with no_more_descriptors(), pytest.raises(JournalBusy):
        SqliteJournal(path)
    SqliteJournal(path).close()


def test_S18_a_journal_whose_log_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    SqliteJournal(path).close()
    (tmp_path / "state.db-wal").mkdir()  # SQLite would go on with a journal that it can only read
    with pytest.raises(JournalBusy):
        SqliteJournal(path)


def test_S19_damage_that_a_second_look_finds_too_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    SqliteJournal(path).close()
    with closing(sqlite3.connect(path)) as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * (pages - 1))
    with pytest.raises(JournalDamaged):
        SqliteJournal(path)
