"""What comes from the platform, in the journal: once each, numbered, sealed, and whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import JournalDamaged
from connector.incoming import Delivery, DeliveryStep, Effect, Incoming, IncomingStep, Matter, Phase, Stand
from connector.journal import JournalView, SqliteJournal
from connector.lifecycle import seen
from connector.model import Announced, IncomingFlow, State, Step
from tests.unit.policy_jobs import NOW, job

ALL = tuple(Matter)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(path)) as opened:
        yield opened


def listed(number: int, flow_id: str | None = None, flow_type: str = "CustomerInvoiceLC") -> Incoming:
    flow = IncomingFlow(flow_id=flow_id or f"in-{number}", flow_type=flow_type)
    return seen(flow, "pa", f"20261122-100000-{number:08x}", NOW)


def delivery(flow: Incoming, place: int = 1, about: str = "the-job", **facts: object) -> Delivery:
    whole = Delivery(
        id=f"{flow.id}-{place:05d}",
        incoming=flow.id,
        account="pa",
        route="ventes",
        state=Phase.NOTED,
        noted_at=NOW,
        subject=about,
        job=about,
        flow_id=flow.flow_id,
        status=Announced(code="205"),
        effect=Effect.CURRENT,
    )
    return replace(whole, **facts)  # type: ignore[arg-type]


def waiting(journal: SqliteJournal, state: Stand = Stand.SEEN, *matters: Matter) -> list[Incoming]:
    return journal.waiting("pa", state, matters or ALL, 100, NOW)


def through(journal: SqliteJournal, flow: Incoming, *deliveries: Delivery) -> None:
    """A listed flow, fetched and sorted."""
    fetched = replace(flow, state=Stand.FETCHED, sha256="0" * 64)
    journal.take_in([IncomingStep(before=flow, after=fetched)])
    done = replace(fetched, state=Stand.SORTED)
    journal.take_in([IncomingStep(before=fetched, after=done, deliveries=deliveries)])


def first_break(path: Path) -> int | None:
    with closing(JournalView(path)) as view:
        return view.first_break()


def test_a_flow_that_is_listed_again_and_again_is_written_down_once(
    journal: SqliteJournal, path: Path
) -> None:
    journal.commit_page("pa", "c1", [], [listed(1), listed(2)])
    journal.commit_page("pa", "c2", [], [listed(3, "in-2"), listed(4), listed(5, "in-4")])
    assert [flow.flow_id for flow in waiting(journal)] == ["in-1", "in-2", "in-4"]
    assert journal.cursor("pa") == "c2"
    other = replace(listed(6, "in-1"), account="other")  # another platform may use the same id
    journal.commit_page("other", "c1", [], [other])
    assert [flow.id for flow in journal.waiting("other", Stand.SEEN, ALL, 9, NOW)] == [other.id]
    assert first_break(path) is None


def test_a_page_that_cannot_be_written_leaves_neither_its_flows_nor_its_cursor(
    journal: SqliteJournal,
) -> None:
    ghost = job(State.RECEIVED)
    ended = job(State.CONCLUDED, ghost.id)
    with pytest.raises(JournalDamaged):
        journal.commit_page("pa", "c1", [Step(before=ghost, after=ended)], [listed(1)])
    assert waiting(journal) == []
    assert journal.cursor("pa") is None


def test_flows_wait_by_what_they_are_about_and_until_they_are_due(journal: SqliteJournal) -> None:
    sale, purchase = listed(1), listed(2, flow_type="SupplierInvoice")
    journal.commit_page("pa", "c1", [], [sale, purchase])
    assert waiting(journal, Stand.SEEN, Matter.SALES_STATUS) == [sale]
    later = replace(sale, not_before=NOW + timedelta(hours=1))
    journal.take_in([IncomingStep(before=sale, after=later)])
    assert waiting(journal) == [purchase]
    assert journal.untaken("pa", ALL) == 2
    assert journal.waiting("pa", Stand.SEEN, ALL, 9, NOW + timedelta(hours=2)) == [later, purchase]


def test_statuses_are_numbered_for_each_document_and_sealed_in_the_history(
    journal: SqliteJournal, path: Path
) -> None:
    first, second = listed(1), listed(2)
    journal.commit_page("pa", "c1", [], [first, second])
    through(journal, first, delivery(first), delivery(first, 2, "another-job"))
    through(journal, second, delivery(second))
    told = journal.statuses(["the-job"])
    assert [each.n for each in told] == [1, 2]
    assert [each.n for each in journal.statuses(["another-job"])] == [1]
    assert all(each.seal for each in told)
    with closing(JournalView(path)) as view:
        history = view.history("the-job")
        assert [(event.kind, event.facts["n"], event.facts["code"]) for event in history] == [
            ("status", 1, "205"),
            ("status", 2, "205"),
        ]
        assert [event.seq for event in history] == [each.seal.seq for each in told if each.seal]
        assert view.first_break() is None


def test_a_step_from_a_state_that_is_past_is_refused_and_nothing_of_it_is_written(
    journal: SqliteJournal,
) -> None:
    flow = listed(1)
    journal.commit_page("pa", "c1", [], [flow])
    fetched = replace(flow, state=Stand.FETCHED)
    journal.take_in([IncomingStep(before=flow, after=fetched)])
    with pytest.raises(JournalDamaged):
        journal.take_in([IncomingStep(before=flow, after=fetched, deliveries=(delivery(flow),))])
    assert journal.statuses(["the-job"]) == []


def test_a_private_copy_is_spent_once_all_that_it_brought_is_staged(journal: SqliteJournal) -> None:
    flow = listed(1)
    journal.commit_page("pa", "c1", [], [flow])
    assert journal.spent([flow.id, "a-job"]) == set()
    through(journal, flow, delivery(flow), delivery(flow, 2))
    assert journal.spent([flow.id]) == set()
    one, two = journal.deliveries("ventes", Phase.NOTED, 9, NOW)
    journal.deliver([DeliveryStep(before=one, after=replace(one, state=Phase.READY))])
    assert journal.spent([flow.id]) == set()
    journal.deliver([DeliveryStep(before=two, after=replace(two, state=Phase.PUBLISHED))])
    assert journal.spent([flow.id, "a-job"]) == {flow.id}
    assert journal.undelivered("ventes") == 1
    with pytest.raises(JournalDamaged):
        journal.deliver([DeliveryStep(before=two, after=replace(two, state=Phase.READY))])


def test_a_job_is_found_by_its_flow_by_our_key_and_by_its_number(journal: SqliteJournal) -> None:
    sent = job(State.CLAIMED)
    journal.commit([Step(before=None, after=sent)])
    for state in (State.SPOOLED, State.VALID, State.SENDING, State.RECEIVED):
        before, sent = sent, replace(job(state), tracking_id="t-1", flow_id="f-1")
        journal.commit([Step(before=before, after=sent)])
    assert sent.document is not None
    for ids, numbers in ((["f-1"], []), (["t-1"], []), ([], [sent.document.number or ""])):
        assert [found.id for found in journal.subjects("pa", ids, numbers)] == [sent.id]
        assert journal.subjects("other", ids, numbers) == []
    assert journal.subjects("pa", ["f-2"], ["FA9"]) == []
    assert journal.has_sent("pa")
    assert not journal.has_sent("other")
