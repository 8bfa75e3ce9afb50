"""The journal on real files: what fits is durable together, what does not fit is not written at all."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector import crosscheck, policy
from connector.errors import JournalDamaged
from connector.journal import JournalView, SqliteJournal, sql
from connector.model import Family, Job, NameWish, Outcome, ResultFile, State, Step
from connector.policy import FAR_FUTURE
from connector.records import encode
from tests.unit.policy_jobs import NOW, SHA, document, job

WAY = (State.CLAIMED, State.SPOOLED, State.VALID, State.SENDING, State.RECEIVED, State.CONCLUDED, State.READY,
       State.PUBLISHED, State.DONE)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(path)
    yield opened
    opened.close()


def record(journal: SqliteJournal, number: int, state: State = State.CLAIMED, **facts: object) -> Job:
    """A job that went the whole way to a state."""
    now = job(State.CLAIMED, f"20261122-100000-{number:08x}", **facts)
    journal.commit([Step(before=None, after=now)])
    for following in WAY[1 : WAY.index(state) + 1]:
        before, now = now, job(following, now.id, **facts)
        journal.commit([Step(before=before, after=now)])
    return now


def put_off(journal: SqliteJournal, before: Job, until: datetime) -> Job:
    after = replace(before, not_before=until)
    journal.commit([Step(before=before, after=after)])
    return after


def everything(journal: SqliteJournal, path: Path) -> tuple[list[Job], int | None, int]:
    """All jobs, the first break of the chain, and how many events there are."""
    view = JournalView(path)
    try:
        jobs = list(view.jobs())
        return jobs, view.first_break(), sum(len(view.history(found.id)) for found in jobs)
    finally:
        view.close()


# --------------------------------------------------------------------------- steps
def test_a_job_comes_back_as_it_was_written(path: Path, journal: SqliteJournal) -> None:
    full = replace(
        job(State.CLAIMED),
        document=document(total_with_vat="12.00"),
        not_before=NOW + timedelta(seconds=3),
        waits_for="still-written",
        result=(ResultFile(staged="s", target="ok/été.json", sha256=SHA),),
    )
    journal.commit([Step(before=None, after=full)])
    assert journal.jobs([full.id, "unknown"]) == [full]


@pytest.mark.parametrize(
    ("before", "after"), [(a, b) for a in WAY for b in State if b not in policy.STEPS[a]]
)
def test_I7_a_step_outside_the_graph_is_refused(journal: SqliteJournal, before: State, after: State) -> None:
    recorded = record(journal, 1, before)
    with pytest.raises(JournalDamaged):
        journal.commit([Step(before=recorded, after=replace(recorded, state=after))])
    assert journal.jobs([recorded.id])[0].state is before


def test_a_step_from_a_state_that_the_job_has_left_is_refused_and_nothing_of_the_batch_is_written(
    path: Path, journal: SqliteJournal
) -> None:
    stale = record(journal, 1)
    record(journal, 2)
    gone_on = job(State.SPOOLED, stale.id)
    journal.commit([Step(before=stale, after=gone_on)])
    written = everything(journal, path)
    new = job(State.CLAIMED, "20261122-100000-000000aa")
    with pytest.raises(JournalDamaged):
        journal.commit([Step(before=None, after=new), Step(before=stale, after=gone_on)])
    assert everything(journal, path) == written
    assert journal.jobs([new.id]) == []
    assert written[1] is None


def test_a_new_job_begins_as_claimed_and_no_step_changes_an_id(journal: SqliteJournal) -> None:
    with pytest.raises(JournalDamaged):
        journal.commit([Step(before=None, after=job(State.SPOOLED))])
    recorded = record(journal, 1)
    with pytest.raises(JournalDamaged):
        journal.commit([Step(before=recorded, after=job(State.SPOOLED, "20261122-100000-000000ff"))])


def test_the_conclusion_is_sealed_once_where_the_chain_recorded_it(
    path: Path, journal: SqliteJournal
) -> None:
    received = record(journal, 1, State.RECEIVED)
    ended = policy.concluded(received, Outcome.ACCEPTED, NOW)
    journal.commit([Step(before=received, after=ended)])
    sealed = journal.jobs([ended.id])[0]
    journal.commit([Step(before=sealed, after=replace(sealed, waits_for="disk-full"))])
    view = JournalView(path)
    concluded = next(event for event in view.history(ended.id) if event.kind == "concluded")
    view.close()
    assert sealed.seal is not None
    assert sealed.seal.seq == concluded.seq
    assert journal.jobs([ended.id])[0].seal == sealed.seal


def test_altered_history_is_found(path: Path, journal: SqliteJournal) -> None:
    record(journal, 1, State.DONE)
    assert everything(journal, path)[1] is None
    other = sqlite3.connect(path)
    with other:
        other.execute("UPDATE event SET body = body || ' ' WHERE seq = 4")
    other.close()
    assert everything(journal, path)[1] == 4


# --------------------------------------------------------------------------- taking
def test_jobs_are_taken_in_the_order_of_claiming_by_route_state_and_time(journal: SqliteJournal) -> None:
    late = record(journal, 9)
    early = record(journal, 1)
    record(journal, 2, State.SPOOLED)
    record(journal, 3, route="achats")
    waiting = put_off(journal, record(journal, 4), NOW + timedelta(seconds=1))
    due = put_off(journal, record(journal, 5), NOW)
    assert [found.id for found in journal.take("ventes", [State.CLAIMED], 10, NOW)] == [
        late.id,
        early.id,
        due.id,
    ]
    assert len(journal.take("ventes", [State.CLAIMED], 2, NOW)) == 2
    assert len(journal.take("ventes", [State.CLAIMED, State.SPOOLED], 10, NOW)) == 4
    assert waiting in journal.take("ventes", [State.CLAIMED], 10, FAR_FUTURE)


def test_N01_names_that_are_not_utf8_survive(path: Path, journal: SqliteJournal) -> None:
    name = b"sous dossier/FA\xe9\xff\x00.xml"
    recorded = record(journal, 1, name=name)
    assert journal.jobs([recorded.id])[0].name == name
    assert everything(journal, path)[0][0].name == name


def test_twins_have_the_bytes_on_the_route_or_the_number_anywhere_oldest_first(
    journal: SqliteJournal,
) -> None:
    number = record(journal, 3, State.VALID, sha256="b" * 64, route="achats")
    both = record(journal, 2, State.DONE)
    record(journal, 4, State.VALID, route="achats", document=document("FA2"))
    record(journal, 5, State.VALID, sha256="c" * 64, document=document("FA2"))
    own = record(journal, 1, State.SPOOLED)
    key = crosscheck.business_key(document())
    assert key is not None
    assert [found.id for found in journal.twins("ventes", [SHA], [key])] == [number.id, both.id, own.id]
    assert [found.id for found in journal.twins("ventes", [SHA], [])] == [both.id, own.id]
    assert [found.id for found in journal.twins("ventes", [], [key])] == [number.id, both.id]
    assert journal.twins("ventes", [], []) == []


def test_twins_are_also_found_by_what_may_get_in_their_way(journal: SqliteJournal) -> None:
    credit_note = record(journal, 1, State.VALID, route="achats", document=document(type_code="381"))
    period = {"period_start": "2026-10-01", "period_end": "2026-10-31", "role": "SE"}
    reports = [
        record(
            journal, number, State.VALID, document=document(f"ER{number}", family=Family.EREPORTING, **period)
        )
        for number in (2, 3)
    ]
    for one, others in ((document(), [credit_note]), (reports[0].document, reports)):
        key = crosscheck.kin_key(one)
        assert key is not None
        assert [found.id for found in journal.twins("ventes", [], [key])] == [other.id for other in others]


def test_the_jobs_of_an_older_journal_are_found_by_the_keys_of_today(path: Path) -> None:
    old = job(State.DONE, document=document())
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"{sql.MIGRATIONS[0]}; PRAGMA user_version = 1;")
        db.execute(
            "INSERT INTO job (id, route, account, name, state, business_key, body) VALUES (?,?,?,?,?,?,?)",
            (old.id, old.route, old.account, old.name, old.state, crosscheck.business_key(old.document),
             encode(Job, old, without="name")),
        )  # fmt: skip
        db.commit()
    key = crosscheck.kin_key(document(type_code="381"))
    assert key is not None
    journal = SqliteJournal(path)
    try:
        assert [found.id for found in journal.twins("ventes", [], [key])] == [old.id]
    finally:
        journal.close()


# --------------------------------------------------------------------------- names of results
def wish(
    number: int, name: str, folder: str = "ok/2026-11-22", visible: frozenset[str] | None = None
) -> NameWish:
    return NameWish(
        job=f"20261122-100000-{number:08x}", route="ventes", folder=folder, name=name, visible=visible
    )


def test_A14_no_two_results_get_one_name_and_asking_again_changes_nothing(journal: SqliteJournal) -> None:
    wishes = [wish(number, "FA1.xml") for number in range(1, 5)]
    given = journal.reserve(wishes)
    assert given == ["FA1.xml", "FA1~2.xml", "FA1~3.xml", "FA1~4.xml"]
    assert journal.reserve(wishes[::-1]) == given[::-1]


def test_N06_names_that_differ_by_case_alone_are_kept_apart(journal: SqliteJournal) -> None:
    given = journal.reserve([wish(1, "FA1.xml"), wish(2, "fa1.XML"), wish(3, "Fa1~2.xml")])
    assert len({name.casefold() for name in given}) == 3


def test_folders_and_routes_do_not_disturb_one_another(journal: SqliteJournal) -> None:
    wishes = [
        wish(1, "FA1.xml"),
        wish(2, "FA1.xml", "ok/2026-11-23"),
        replace(wish(3, "FA1.xml"), route="achats"),
    ]
    assert journal.reserve(wishes) == ["FA1.xml"] * 3


def test_in_a_small_folder_a_name_is_taken_while_it_is_seen_and_free_again_after(
    journal: SqliteJournal,
) -> None:
    record(journal, 1, State.CONCLUDED)
    nothing: frozenset[str] = frozenset()
    assert journal.reserve([wish(1, "FA1.xml", "erreurs", nothing)]) == ["FA1.xml"]
    assert journal.reserve([wish(2, "FA1.xml", "erreurs", nothing)]) == ["FA1~2.xml"]  # not visible yet
    journal.commit(
        [
            Step(
                before=job(State.CONCLUDED, "20261122-100000-00000001"),
                after=job(State.READY, "20261122-100000-00000001"),
            )
        ]
    )
    journal.commit(
        [
            Step(
                before=job(State.READY, "20261122-100000-00000001"),
                after=job(State.PUBLISHED, "20261122-100000-00000001"),
            )
        ]
    )
    seen = frozenset({"fa1.xml", "fa1.xml.err.json"})
    assert journal.reserve([wish(3, "FA1.xml", "erreurs", seen)]) == ["FA1~3.xml"]
    assert journal.reserve([wish(4, "FA1.xml", "erreurs", nothing)]) == ["FA1.xml"]


def test_a_name_is_taken_when_only_its_notice_is_still_there(journal: SqliteJournal) -> None:
    left = frozenset({"fa1.xml.erreur.txt"})
    assert journal.reserve([wish(1, "FA1.xml", "erreurs", left)]) == ["FA1~2.xml"]


# --------------------------------------------------------------------------- cursors, threads, the file
def test_a_page_and_its_cursor_are_written_together_or_not_at_all(journal: SqliteJournal) -> None:
    assert journal.cursor("pa") is None
    received = record(journal, 1, State.RECEIVED)
    ended = policy.concluded(received, Outcome.ACCEPTED, NOW)
    journal.commit_page("pa", "c1", [Step(before=received, after=ended)])
    with pytest.raises(JournalDamaged):
        journal.commit_page("pa", "c2", [Step(before=received, after=ended)])
    assert journal.cursor("pa") == "c1"
    assert journal.cursor("other") is None


def test_many_threads_write_one_unbroken_chain(path: Path, journal: SqliteJournal) -> None:
    threads = [
        threading.Thread(target=lambda n=n: [record(journal, n * 100 + i, State.VALID) for i in range(10)])
        for n in range(1, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs, broken, events = everything(journal, path)
    assert (len(jobs), broken, events) == (40, None, 120)


def test_what_was_committed_is_there_after_closing_and_opening(path: Path) -> None:
    first = SqliteJournal(path)
    recorded = record(first, 1, State.RECEIVED)
    first.commit_page("pa", "c1", [])
    first.reserve([wish(1, "FA1.xml")])
    first.close()
    second = SqliteJournal(path)
    try:
        assert second.jobs([recorded.id]) == [recorded]
        assert second.cursor("pa") == "c1"
        assert second.reserve([wish(2, "FA1.xml")]) == ["FA1~2.xml"]
        record(second, 2)
        assert everything(second, path)[1] is None
    finally:
        second.close()


def test_S19_a_newer_journal_is_refused(path: Path) -> None:
    SqliteJournal(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalDamaged, match="99"):
        SqliteJournal(path)


@pytest.mark.parametrize("damage", ["garbage", "cut", "overwritten"])
def test_S19_a_damaged_file_is_refused(path: Path, damage: str) -> None:
    journal = SqliteJournal(path)
    for number in range(60):
        record(journal, number)
    journal.close()
    content = path.read_bytes()
    match damage:
        case "garbage":
            path.write_bytes(os.urandom(len(content)))
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case _:
            path.write_bytes(content[:8192] + b"\xff" * 8192 + content[16384:])
    with pytest.raises(JournalDamaged):
        SqliteJournal(path)


def test_looking_into_a_journal_that_is_not_there_finds_nothing_and_makes_nothing(path: Path) -> None:
    view = JournalView(path)
    assert (list(view.jobs()), view.counts(), view.first_break()) == ([], {}, None)
    view.close()
    assert not path.exists()


def test_looking_into_what_is_no_journal_says_so(path: Path) -> None:
    path.write_bytes(b"not a database, and long enough to be looked at" * 100)
    with pytest.raises(JournalDamaged):
        JournalView(path)


def test_a_journal_that_is_just_being_made_reads_as_an_empty_one(path: Path) -> None:
    path.touch()
    view = JournalView(path)
    assert list(view.jobs()) == []
    assert view.counts() == {}
    view.close()
