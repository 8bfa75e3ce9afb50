"""Reports of e-reporting in the journal: found by company and by the end of their period."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

from connector.journal import JournalView, SqliteJournal
from connector.model import Job, Party, State, Step
from tests.unit.policy_jobs import job
from tests.unit.test_crosscheck import told


def test_reports_are_found_by_company_and_end_of_period_oldest_first(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    journal = SqliteJournal(path)
    wanted = [
        ("ER1", "732829320", "2026-10-31"),
        ("ER2", "552100554", "2026-10-31"),
        ("ER3", "732829320", "2026-11-30"),
    ]
    for number, siren, end in wanted:
        start = f"{end[:8]}01"
        sent = told(number, seller=Party(siren=siren), period_start=start, period_end=end)
        before: Job | None = None
        for state in (State.CLAIMED, State.SPOOLED, State.VALID):
            after = job(state, sent.id, document=sent.document if state is State.VALID else None)
            journal.commit([Step(before=before, after=after)])
            before = after
    journal.close()
    with closing(JournalView(path)) as view:

        def found(siren: str | None = None, since: date | None = None) -> list[str | None]:
            jobs = view.reports(siren, since=since)
            return [job.document.number if job.document else None for job in jobs]

        assert found() == ["ER1", "ER2", "ER3"]
        assert found("732829320") == ["ER1", "ER3"]
        assert found(since=date(2026, 11, 30)) == ["ER3"]
        assert found("552100554", date(2026, 11, 1)) == found("73282932") == []
