"""Bundles in the journal: their documents begin with the step that ends the unpacking, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector import bundles
from connector.errors import JournalDamaged
from connector.journal import SqliteJournal
from connector.model import Job, Member, Outcome, Problem, State, Step
from tests.unit.policy_jobs import NOW, RULES, job

MEMBERS = (
    Member(name="FA1.xml", size=100, sha256="b" * 64),
    Member(name="FA2.xml", size=100, sha256="c" * 64),
    Member(name="FA3.xml", problem=Problem(code="bundle-member-link", found="link")),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "state.db")
    yield opened
    opened.close()


def move(journal: SqliteJournal, before: Job, *states: State, **facts: object) -> Job:
    for state in states:
        after = replace(before, state=state, **facts)  # type: ignore[arg-type]
        journal.commit([Step(before=before, after=after)])
        before = journal.jobs([after.id])[0]
    return before


def opened(journal: SqliteJournal, number: int = 1, **facts: object) -> Job:
    new = job(State.CLAIMED, f"20261122-100000-{number:08x}", name=b"lot.zip")
    journal.commit([Step(before=None, after=new)])
    new = move(journal, new, State.SPOOLED, sha256=f"{number:064x}")
    return move(journal, new, State.OPENED, members=MEMBERS, **facts)


def unpack(journal: SqliteJournal, bundle: Job) -> list[Job]:
    children = bundles.documents_of(bundle, RULES)
    steps = [Step(before=None, after=child) for child in children]
    journal.commit([*steps, Step(before=bundle, after=bundles.unpacked(bundle))])
    return children


def test_the_members_of_an_opened_bundle_survive_a_restart(tmp_path: Path, journal: SqliteJournal) -> None:
    bundle = opened(journal)
    journal.close()
    again = SqliteJournal(tmp_path / "state.db")
    assert again.jobs([bundle.id])[0].members == MEMBERS
    again.close()


def test_documents_are_found_by_their_bundle_in_the_order_of_its_members(journal: SqliteJournal) -> None:
    bundle, other = opened(journal), opened(journal, 2)
    children = unpack(journal, bundle)
    assert journal.documents(bundle.id) == children
    assert journal.documents(other.id) == []
    assert [found.id for found in journal.twins("ventes", ["b" * 64], [])] == [children[0].id]


def test_unpacking_twice_is_refused_and_changes_nothing(journal: SqliteJournal) -> None:
    bundle = opened(journal)
    children = unpack(journal, bundle)
    with pytest.raises(JournalDamaged):
        unpack(journal, bundle)
    assert journal.documents(bundle.id) == children
    assert journal.jobs([bundle.id])[0].state is State.UNPACKED


def test_only_documents_of_a_bundle_begin_with_a_copy(journal: SqliteJournal) -> None:
    with pytest.raises(JournalDamaged):
        journal.commit([Step(before=None, after=job(State.SPOOLED))])
    with pytest.raises(JournalDamaged):
        journal.commit([Step(before=None, after=job(State.CLAIMED, parent="20261122-100000-00000001"))])


def test_a_bundle_is_finished_when_the_last_document_is_told_of(journal: SqliteJournal) -> None:
    bundle = opened(journal)
    first, second, third = unpack(journal, bundle)
    way = (State.CONCLUDED, State.READY)
    move(journal, first, *way, State.PUBLISHED, State.DONE, outcome=Outcome.ACCEPTED)
    move(journal, second, *way, State.HELD, outcome=Outcome.HELD)
    ready = move(journal, third, *way, outcome=Outcome.UNREADABLE)
    assert journal.finished("ventes") == []
    move(journal, ready, State.PUBLISHED)
    assert [found.id for found in journal.finished("ventes")] == [bundle.id]
    assert journal.finished("achats") == []
    ended = bundles.summed_up(journal.finished("ventes")[0], journal.documents(bundle.id), NOW)
    journal.commit([Step(before=journal.jobs([bundle.id])[0], after=ended)])
    assert journal.finished("ventes") == []


def test_a_bundle_is_gathered_when_nothing_of_it_is_left_to_inspect(journal: SqliteJournal) -> None:
    bundle = opened(journal)
    first, second, third = unpack(journal, bundle)
    move(journal, first, State.VETTED)
    assert journal.gathered("ventes") == []
    move(journal, second, State.VETTED)
    move(journal, third, State.CONCLUDED, outcome=Outcome.UNREADABLE)
    assert journal.gathered("ventes") == [bundle.id]
    assert journal.gathered("achats") == []
    journal.commit(bundles.together(journal.documents(bundle.id), NOW))
    assert journal.gathered("ventes") == []
    assert {child.outcome for child in journal.documents(bundle.id)} == {
        Outcome.CANCELLED,
        Outcome.UNREADABLE,
    }
