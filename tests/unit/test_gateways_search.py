"""Flows are read completely from a search that promises nothing, or the reading fails with clear words."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger

from connector.gateways.afnor_flows import flow_info, flow_of, flows_of, in_order
from connector.gateways.afnor_search import FlowScan, Page, Where, iso
from connector.gateways.base import ReadFailed
from connector.model import AckStatus, Document, Family, Parcel, Severity, Syntax

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Listing:
    """The search of a platform, in memory, with the habits a platform may have."""

    def __init__(self, offsets: list[int], *, order: str = "shuffled", cap: int = 100) -> None:
        self.flows = [
            {"flowId": f"F{number}", "updatedAt": iso(START + timedelta(milliseconds=offset))}
            for number, offset in enumerate(offsets)
        ]
        self.order = order
        self.cap = cap
        self.asked = 0
        self.honours_before = True

    async def search(self, where: Where) -> Page:
        self.asked += 1
        assert self.asked < 5000, "the reading does not end"
        before = where.get("updatedBefore", "9") if self.honours_before else "9"
        fitting = [flow for flow in self.flows if where["updatedAfter"] < flow["updatedAt"] <= before]
        match self.order:
            case "ascending":
                fitting.sort(key=lambda flow: flow["updatedAt"])
            case "descending":
                fitting.sort(key=lambda flow: flow["updatedAt"], reverse=True)
            case _:
                random.Random(self.asked).shuffle(fitting)
        return Page.of({"results": fitting[: self.cap], "limit": self.cap})

    def read_all(self) -> set[str]:
        async def read() -> set[str]:
            scan = FlowScan(self.search, {"flowDirection": ["Out"]})
            seen: set[str] = set()
            after: datetime | None = START - timedelta(milliseconds=1)
            while after is not None:
                batch = await scan.next(after)
                seen |= {flow.report.flow_id for flow in batch.flows}
                assert batch.resume is None or batch.resume > after
                after = batch.resume
            return seen

        return asyncio.run(read())

    @property
    def ids(self) -> set[str]:
        return {flow["flowId"] for flow in self.flows}


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 400),
    spread=st.sampled_from([2_000, 60_000, 3_600_000]),
    seed=st.integers(0, 10**6),
    order=st.sampled_from(["ascending", "descending", "shuffled"]),
)
def test_every_flow_is_read_whatever_the_order_of_the_pages(
    count: int, spread: int, seed: int, order: str
) -> None:
    chance = random.Random(seed)
    offsets = [chance.randrange(spread) for _ in range(count)]
    listing = Listing(offsets, order=order, cap=20)
    densest = max((offsets.count(offset) + offsets.count(offset + 1) for offset in offsets), default=0)
    if densest < 6:  # more at one instant than a page shows is another test
        assert listing.read_all() == listing.ids


def test_ties_at_the_edge_of_a_page_are_not_lost() -> None:
    listing = Listing([0, 1, 2] + [3] * 15 + [4, 5, 6] * 4, order="ascending", cap=18)
    assert listing.read_all() == listing.ids


def test_an_ascending_platform_is_asked_about_once_a_page() -> None:
    listing = Listing(list(range(0, 10_000, 10)), order="ascending")
    assert listing.read_all() == listing.ids
    assert listing.asked <= 12


def test_a_shuffling_platform_is_asked_a_few_times_a_page() -> None:
    listing = Listing(list(range(0, 3_600_000, 1200)))
    assert listing.read_all() == listing.ids
    assert listing.asked <= 150  # 30 pages


@pytest.mark.parametrize("order", ["ascending", "shuffled"])
def test_H15_an_instant_with_more_flows_than_a_page_shows_is_told_and_holds_up_no_other(order: str) -> None:
    listing = Listing([*range(0, 90, 3)] + [95] * 101 + [*range(120, 200, 2)], order=order)
    with logged() as lines:
        seen = listing.read_all()
    crowd = {flow["flowId"] for flow in listing.flows if flow["updatedAt"].endswith("095Z")}
    assert listing.ids - crowd <= seen
    assert len(seen & crowd) >= 100
    assert [line for line in lines if "crowded" in line] == ["ERROR flows.crowded\n"]


def test_a_platform_that_ignores_the_upper_bound_is_reported() -> None:
    listing = Listing(list(range(0, 60_000, 100)))
    listing.honours_before = False
    with pytest.raises(ReadFailed) as caught:
        listing.read_all()
    assert caught.value.reason == "no-order"


def test_a_platform_that_shows_fewer_than_asked_and_says_so_is_read_completely() -> None:
    listing = Listing(list(range(0, 6000, 10)), order="ascending", cap=25)
    assert listing.read_all() == listing.ids


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"results": None}, {"flows": []}, {"results": {}}])
def test_an_answer_that_is_no_list_of_flows_is_not_taken_for_an_empty_one(answer: Any) -> None:
    with pytest.raises(ReadFailed):
        Page.of(answer)


# --------------------------------------------------------------------------- flows
@contextmanager
def logged() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    try:
        yield lines
    finally:
        logger.remove(sink)


def test_one_bad_flow_is_left_out_with_a_warning_and_the_others_are_kept() -> None:
    with logged() as lines:
        found = flows_of({"results": [{"flowId": "F1"}, "x", {"name": "no id"}, None, {"flowId": "F2"}]})
    assert found is not None
    assert [flow.report.flow_id for flow in found[0]] == ["F1", "F2"]
    assert found[1] == 5
    assert [line.split()[0] for line in lines] == ["WARNING"] * 3


def test_an_acknowledgement_is_read_with_its_details() -> None:
    flow = flow_of(
        {
            "flowId": "F1",
            "trackingId": "T1",
            "name": "FA1.xml",
            "submittedAt": "2026-11-22T08:00:00Z",
            "updatedAt": "2026-11-22T09:00:42.5+01:00",
            "flowDirection": "Out",
            "acknowledgement": {
                "status": "Error",
                "details": [
                    {"level": "Warning", "item": "BT-1", "reasonCode": "AUTRE", "reasonMessage": "…"},
                    {"level": "Error", "item": "/Invoice", "reasonCode": "InvalidSchema"},
                    "nonsense",
                ],
            },
        }
    )
    assert flow is not None
    assert (flow.report.ack, flow.report.raw_ack, flow.ours) == (AckStatus.ERROR, "Error", True)
    assert flow.report.updated_at == START + timedelta(seconds=42.5)
    warning, error = flow.report.problems
    assert (warning.code, warning.severity) == ("AUTRE", Severity.WARNING)
    assert (warning.where, warning.message) == ("BT-1", "…")
    assert (error.code, error.severity, error.source) == ("InvalidSchema", Severity.ERROR, "platform")


@pytest.mark.parametrize(
    ("acknowledgement", "status", "raw"),
    [
        ({"status": "Ok"}, AckStatus.OK, "Ok"),
        ({"status": "Pending"}, AckStatus.PENDING, "Pending"),
        ("Ok", AckStatus.OK, "Ok"),
        ({"status": "Perhaps"}, AckStatus.UNKNOWN, "Perhaps"),
        (None, AckStatus.PENDING, None),
        ({"status": {}}, AckStatus.PENDING, None),
        ({"status": "Ok", "details": "none"}, AckStatus.OK, "Ok"),
    ],
)
def test_H17_a_status_that_we_do_not_know_is_kept_and_never_taken_for_an_answer(
    acknowledgement: Any, status: AckStatus, raw: str | None
) -> None:
    flow = flow_of({"flowId": "F1", "acknowledgement": acknowledgement})
    assert flow is not None
    assert (flow.report.ack, flow.report.raw_ack) == (status, raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["flowId", "status"]), inner),
    )
)
def test_no_answer_of_any_shape_breaks_the_reading(value: Any) -> None:
    flow_of(value)
    flow_of({"flowId": "F1", "updatedAt": value, "acknowledgement": value, "name": value})
    flows_of({"results": value})


def test_versions_of_a_flow_are_told_apart_and_sorted() -> None:
    pending = flow_of({"flowId": "F1", "updatedAt": iso(START), "acknowledgement": {"status": "Pending"}})
    later = iso(START + timedelta(seconds=1))
    done = flow_of({"flowId": "F1", "updatedAt": later, "acknowledgement": {"status": "Ok"}})
    undated = flow_of({"flowId": "F0"})
    assert pending is not None
    assert done is not None
    assert undated is not None
    assert in_order([done, pending, done, undated, pending]) == [undated, pending, done]


@pytest.mark.parametrize(
    ("guideline", "profile"),
    [
        ("urn:cen.eu:en16931:2017", "CIUS"),
        ("urn:cen.eu:en16931:2017#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr", "Extended-CTC-FR"),
        ("urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", "Basic"),
        ("urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended", None),
        (None, None),
    ],
)
def test_the_profile_is_told_only_when_it_is_certain(guideline: str | None, profile: str | None) -> None:
    document = Document(family=Family.INVOICE, syntax=Syntax.FACTUR_X, kind="x", profile=guideline)
    parcel = Parcel(
        job="j",
        tracking_id="t",
        attempt=1,
        path=Path("x"),
        size=1,
        sha256="00",
        name="FA\udce9.pdf",
        document=document,
        started_at=START,
    )
    info = json.loads(flow_info(parcel))
    assert info.pop("flowProfile", None) == profile
    assert info == {"trackingId": "t", "name": "FA?.pdf", "flowSyntax": "Factur-X", "sha256": "00"}
