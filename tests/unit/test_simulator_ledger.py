"""The ledger's search, acknowledgements and uniqueness, on a clock of the test's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.errors import ConfigurationError
from connector.simulator.archive import FolderArchive, MemoryArchive
from connector.simulator.contract import Deposit, FlowInfo, read_search
from connector.simulator.flows import OK, Flow, Verdict
from connector.simulator.ledger import Arrival, Ledger
from connector.simulator.plan import Switches
from connector.simulator.platform import examine
from tests.platform import invoice

START = 1_795_334_400  # 2026-11-22T08:00:00Z


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def ledger(clock: Hand) -> Ledger:
    return Ledger(clock=clock)


def arrival(number: str, tracking_id: str | None = None, **info: str) -> Arrival:
    told = FlowInfo(name=f"{number}.xml", syntax="UBL", tracking_id=tracking_id, **info)
    return examine(Deposit(info=told, content=invoice(number)))


def store(ledger: Ledger, number: str, tracking_id: str | None = None, delay: float = 0.0) -> Flow:
    return ledger.store(arrival(number, tracking_id), OK, delay)


def names(ledger: Ledger, switches: Switches | None = None, limit: int = 100, **where: object) -> list[str]:
    asked = read_search(json.dumps({"limit": limit, "where": where}).encode())
    return [flow.info.name for flow in ledger.search(asked, switches or Switches())]


def test_updated_after_is_strict_and_updated_before_too(ledger: Ledger, clock: Hand) -> None:
    for number in ("1", "2", "3"):
        store(ledger, number)
        clock.now += 1
    assert names(ledger, updatedAfter="2026-11-22T08:00:00.000Z") == ["2.xml", "3.xml"]
    assert names(ledger, updatedAfter="2026-11-22T08:59:59.999+01:00") == ["1.xml", "2.xml", "3.xml"]
    assert names(ledger, updatedBefore="2026-11-22T08:00:02Z") == ["1.xml", "2.xml"]


def test_an_acknowledgement_comes_when_due_and_moves_the_flow_behind_the_cursor(
    ledger: Ledger, clock: Hand
) -> None:
    flow = store(ledger, "1", delay=5)
    assert names(ledger, ackStatus="Pending") == ["1.xml"]
    clock.now += 4.999
    assert names(ledger, ackStatus="Ok") == []
    clock.now += 10
    assert names(ledger, ackStatus="Ok") == ["1.xml"]
    assert names(ledger, ackStatus="Pending") == []
    assert names(ledger, updatedAfter="2026-11-22T08:00:04.999Z") == ["1.xml"]
    now = ledger.flow(flow.flow_id)
    assert now is not None
    assert [ack.verdict.status for ack in now.history] == ["Pending", "Ok"]
    assert now.as_flow()["updatedAt"] == "2026-11-22T08:00:05.000Z"


def test_a_flow_that_changed_often_is_found_once(ledger: Ledger, clock: Hand) -> None:
    flow = store(ledger, "1")
    for status in ("Error", "Pending", "Later", "Ok"):
        clock.now += 1
        ledger.acknowledge(flow.flow_id, Verdict(status=status))
    assert names(ledger, flowDirection=["Out"]) == ["1.xml"]
    assert names(ledger, updatedAfter="2026-11-22T08:00:03.5Z") == ["1.xml"]


def test_a_page_holds_what_changed_first_or_last_by_the_order(ledger: Ledger, clock: Hand) -> None:
    for number in range(6):
        store(ledger, str(number))
        clock.now += 1
    assert names(ledger, limit=2, flowDirection=["Out", "In"]) == ["0.xml", "1.xml"]
    assert names(ledger, Switches(order="descending"), 2, flowDirection=["Out", "In"]) == ["5.xml", "4.xml"]
    shuffled = names(ledger, Switches(order="shuffled"), 4, flowDirection=["Out", "In"])
    assert sorted(shuffled) == ["0.xml", "1.xml", "2.xml", "3.xml"]
    assert len(names(ledger, Switches(page_limit=3), flowDirection=["Out", "In"])) == 3


def test_criteria_are_joined_by_and_and_lists_by_or(ledger: Ledger) -> None:
    ledger.store(arrival("1", rule="B2B"), OK, 0)
    ledger.store(arrival("2", rule="B2G"), OK, 0)
    ledger.store(arrival("3"), Verdict(status="Error"), 0)
    assert names(ledger, flowType=["StateInvoice"]) == ["2.xml"]
    assert names(ledger, flowType=["StateInvoice", "CustomerInvoice"], ackStatus="Ok") == ["1.xml", "2.xml"]
    assert names(ledger, processingRule=["B2B"]) == ["1.xml", "3.xml"]
    assert names(ledger, flowDirection=["In"]) == []


def test_h14_two_deposits_of_one_tracking_id_are_both_found(ledger: Ledger) -> None:
    for number, tracking_id in (("1", "t"), ("2", "t"), ("3", "u")):
        store(ledger, number, tracking_id)
    assert names(ledger, trackingId="t") == ["1.xml", "2.xml"]
    assert names(ledger, Switches(ignore_tracking_filter=True), trackingId="t") == ["1.xml", "2.xml", "3.xml"]


def test_h13_a_new_flow_is_not_in_the_index_before_its_time(ledger: Ledger, clock: Hand) -> None:
    store(ledger, "1", "t")
    late = Switches(index_lag_seconds=30)
    assert names(ledger, late, trackingId="t") == []
    clock.now += 29.99
    assert names(ledger, late, updatedAfter="2026-11-22T00:00:00Z") == []
    clock.now += 0.02
    assert names(ledger, late, trackingId="t") == ["1.xml"]


def test_h13_the_first_searches_may_miss_a_flow(ledger: Ledger) -> None:
    blind = Switches(index_lag_searches=2)
    store(ledger, "1", "t")
    assert names(ledger, blind, trackingId="another") == []
    assert [names(ledger, blind, trackingId="t") for _ in range(3)] == [[], [], ["1.xml"]]


def test_a_coarse_clock_makes_ties(ledger: Ledger, clock: Hand) -> None:
    ledger.grain = 1.0
    for number in ("1", "2"):
        flow = store(ledger, number, delay=0.2)
        clock.now += 0.4
        assert flow.as_receipt()["submittedAt"] == "2026-11-22T08:00:00.000Z"
    assert {flow.updated for flow in ledger.flows()} == {START * 1000}
    assert {flow.acknowledgement.status for flow in ledger.flows()} == {"Ok"}


def test_the_same_content_or_the_same_tracking_id_is_a_twin_until_it_is_rejected(ledger: Ledger) -> None:
    first = store(ledger, "1", "t")
    assert ledger.twin(arrival("1", "u")) == first
    assert ledger.twin(arrival("2", "t")) == first
    assert ledger.twin(arrival("2", "u")) is None
    ledger.acknowledge(first.flow_id, Verdict(status="Error"))
    assert ledger.twin(arrival("1", "t")) is None


def test_documents_beyond_the_budget_of_memory_are_dropped_oldest_first(clock: Hand) -> None:
    size = len(invoice("1"))
    ledger = Ledger(MemoryArchive(budget=2 * size), clock)
    flows = [store(ledger, str(number)) for number in range(3)]
    kept = [ledger.content(flow) for flow in flows]
    assert kept == [None, invoice("1"), invoice("2")]


def test_a_folder_remembers_everything_but_a_torn_line(tmp_path: Path, clock: Hand) -> None:
    before = Ledger(FolderArchive(tmp_path), clock)
    accepted, waiting = store(before, "1", "t"), store(before, "2", delay=5)
    before.acknowledge(accepted.flow_id, Verdict(status="Error"))
    before.close()
    with (tmp_path / "ledger.jsonl").open("ab") as lines:
        lines.write(b'{"flow_id": "half a li')
    clock.now += 6

    after = Ledger(FolderArchive(tmp_path), clock)
    assert [flow.acknowledgement.status for flow in after.flows()] == ["Error", "Ok"]
    assert after.content(waiting) == invoice("2")
    assert after.twin(arrival("1", "t")) is None
    store(after, "3")
    after.close()
    again = Ledger(FolderArchive(tmp_path), clock)
    assert [flow.info.name for flow in again.flows()] == ["1.xml", "2.xml", "3.xml"]
    again.clear()
    again.close()
    empty = Ledger(FolderArchive(tmp_path), clock)
    assert (len(empty), list((tmp_path / "documents").iterdir())) == (0, [])
    empty.close()


def test_a_folder_with_another_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").write_text('{"something": "else"}\n')
    archive = FolderArchive(tmp_path)
    with pytest.raises(ConfigurationError, match=r"ledger\.jsonl:1"):
        Ledger(archive)
    archive.close()
