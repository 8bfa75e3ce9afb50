"""Look-ups and polls against a flow service on loopback that has the habits of real ones."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connector.errors import AuthenticationFailed, PlatformUnavailable
from connector.gateways import AccountDesk
from connector.gateways.afnor_search import iso
from connector.model import (
    Absent,
    AckStatus,
    Found,
    Inconclusive,
    LookupAnswer,
    Parcel,
    PollPage,
    SubmitAnswer,
)
from tests.integration.gateways_servers import FlowPlatform, account, desk, flow_server, parcel

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with flow_server() as opened:
        yield opened


@pytest.fixture
def platform(server: HTTPServer) -> FlowPlatform:
    return FlowPlatform(server)


def flow(number: int, age: float = 0.0, status: str = "Pending", **more: Any) -> dict[str, Any]:
    """A listed flow of the parcel of this number, changed `age` seconds ago."""
    at = iso(NOW - timedelta(seconds=age))
    return {
        "flowId": f"F{number}",
        "trackingId": f"00000000-0000-5000-8000-{number:012d}",
        "name": f"FA-{number}__{number:08x}.xml",
        "submittedAt": at,
        "updatedAt": at,
        "flowDirection": "Out",
        "acknowledgement": {"status": status},
        **more,
    }


def listing(
    flows: list[dict[str, Any]], *, order: str = "ascending", ignores_tracking_id: bool = False
) -> Any:
    """A search over these flows that honours times and, unless told otherwise, the tracking id."""

    def search(request: Request) -> Response:
        where = request.get_json()["where"]
        wanted = None if ignores_tracking_id else where.get("trackingId")
        fitting = [
            one
            for one in flows
            if (wanted is None or one["trackingId"] == wanted)
            and where.get("updatedAfter", "") < one["updatedAt"] <= where.get("updatedBefore", "9")
        ]
        fitting.sort(key=lambda one: one["updatedAt"])
        if order == "shuffled":
            random.Random(len(fitting)).shuffle(fitting)
        return Response(json.dumps({"limit": 100, "results": fitting[:100]}))

    return search


def look_up(platform: FlowPlatform, wanted: Parcel, **settings: Any) -> LookupAnswer:
    with desk(account(platform.url, **settings)) as opened:
        return opened.courier().look_up([wanted])[0][1]


# --------------------------------------------------------------------------- look-ups
def test_H02_a_deposit_whose_answer_was_lost_is_found_by_our_tracking_id(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    platform.search = listing([flow(1), flow(2, status="Ok")])
    answer = look_up(platform, parcel(tmp_path, 2))
    assert isinstance(answer, Found)
    assert [(found.flow_id, found.ack) for found in answer.flows] == [("F2", AckStatus.OK)]
    assert platform.searches == [
        {"limit": 100, "where": {"trackingId": "00000000-0000-5000-8000-000000000002"}}
    ]


def test_an_empty_answer_is_believed_once_the_filter_has_been_seen_to_work(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    platform.search = listing([flow(1)])
    with desk(account(platform.url)) as opened:
        courier = opened.courier()
        assert courier.look_up([parcel(tmp_path, 2)]) == [("job-2", Absent())]
        assert len(platform.searches) == 2  # not proven yet: looked through what was sent, too
        assert isinstance(courier.look_up([parcel(tmp_path, 1)])[0][1], Found)
        assert courier.look_up([parcel(tmp_path, 2)]) == [("job-2", Absent())]
        assert len(platform.searches) == 4


@pytest.mark.parametrize("order", ["ascending", "shuffled"])
def test_a_platform_that_ignores_the_tracking_id_is_looked_through_completely(
    platform: FlowPlatform, tmp_path: Path, order: str
) -> None:
    flows = [flow(number, age=number) for number in range(350)]
    platform.search = listing(flows, order=order, ignores_tracking_id=True)
    with desk(account(platform.url)) as opened:
        courier = opened.courier()
        (job, answer), (other_job, absent) = courier.look_up([parcel(tmp_path, 301), parcel(tmp_path, 999)])
    assert (job, other_job, absent) == ("job-301", "job-999", Absent())
    assert isinstance(answer, Found)
    assert [found.flow_id for found in answer.flows] == ["F301"]


def test_a_platform_known_to_ignore_the_filter_is_not_asked_by_it(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    platform.search = listing([flow(1, trackingId=None)], ignores_tracking_id=True)
    answer = look_up(platform, parcel(tmp_path, 1), tracking_id_search="no")
    assert isinstance(answer, Found)  # by the name that we made unique
    assert all("trackingId" not in search["where"] for search in platform.searches)


def test_a_platform_that_refuses_the_filter_is_looked_through(platform: FlowPlatform, tmp_path: Path) -> None:
    through = listing([flow(1)])
    platform.search = lambda request: (
        Response("unsupported", 501) if "trackingId" in request.get_json()["where"] else through(request)
    )
    assert isinstance(look_up(platform, parcel(tmp_path, 1)), Found)


def test_H14_all_flows_that_carry_our_key_are_shown(platform: FlowPlatform, tmp_path: Path) -> None:
    platform.search = listing([flow(1), flow(1, age=60, flowId="F1-again"), flow(1, age=30, status="Ok")])
    answer = look_up(platform, parcel(tmp_path, 1))
    assert isinstance(answer, Found)
    assert [(found.flow_id, found.ack) for found in answer.flows] == [
        ("F1-again", AckStatus.PENDING),
        ("F1", AckStatus.PENDING),
    ]


def test_a_flow_that_came_in_is_not_our_deposit(platform: FlowPlatform, tmp_path: Path) -> None:
    platform.search = listing([flow(1, flowDirection="In")])
    assert look_up(platform, parcel(tmp_path, 1)) == Absent()


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (Response("", 500), "server-error"),
        (Response("<html>", 200), "unreadable-answer"),
        (Response("", 200), "unreadable-answer"),
        (Response('{"flows": []}', 200), "unreadable-answer"),
        (Response("", 401), "unauthorized"),
        (Response("", 403), "forbidden"),
        (Response("", 429), "rate"),
        (Response("", 404), "no-such-service"),
        (Response("", 302, headers={"Location": "/x"}), "redirect"),
    ],
)
def test_a_look_up_that_fails_says_nothing_about_the_document(
    platform: FlowPlatform, tmp_path: Path, response: Response, reason: str
) -> None:
    platform.search = lambda _: response
    assert look_up(platform, parcel(tmp_path, 1)) == Inconclusive(reason=reason)


# --------------------------------------------------------------------------- polls
def read_all(opened: AccountDesk, cursor: str | None, overlap: float = 3600.0) -> tuple[list[PollPage], str]:
    pages = [opened.poll(cursor, SINCE, overlap)]
    while pages[-1].more:
        pages.append(opened.poll(pages[-1].cursor, SINCE, overlap))
        assert len(pages) < 500
    return pages, pages[-1].cursor


@pytest.mark.parametrize("order", ["ascending", "shuffled"])
def test_every_change_is_reported_across_full_pages_ties_and_any_order(
    platform: FlowPlatform, order: str
) -> None:
    flows = [flow(number, age=(number // 7) * 3.0) for number in range(730)]
    platform.search = listing(flows, order=order)
    with desk(account(platform.url)) as opened:
        pages, cursor = read_all(opened, None)
    assert {one.flow_id for page in pages for one in page.flows} == {one["flowId"] for one in flows}
    assert cursor == iso(NOW)
    for page in pages:
        times = [one.updated_at for one in page.flows if one.updated_at]
        assert times == sorted(times)


def test_the_cursor_goes_back_by_the_overlap_only_and_is_never_moved_back(platform: FlowPlatform) -> None:
    platform.search = listing([flow(1, age=50_000), flow(2, age=100), flow(3, age=10)])
    with desk(account(platform.url)) as opened:
        first = opened.poll(None, SINCE, 60)
        second = opened.poll(first.cursor, SINCE, 60)
        platform.search = listing([])
        third = opened.poll(second.cursor, SINCE, 60)
    assert [one.flow_id for one in first.flows] == ["F1", "F2", "F3"]
    assert [one.flow_id for one in second.flows] == ["F3"]
    assert first.cursor == second.cursor == third.cursor
    asked = [search["where"]["updatedAfter"] for search in platform.searches]
    assert asked == [iso(SINCE), iso(NOW - timedelta(seconds=70)), iso(NOW - timedelta(seconds=70))]


def test_nothing_yet_leaves_the_cursor_where_we_began(platform: FlowPlatform) -> None:
    with desk(account(platform.url)) as opened:
        assert opened.poll(None, SINCE, 60) == PollPage(flows=(), cursor=iso(SINCE), more=False)
        assert opened.poll("what is this", SINCE, 60).cursor == iso(SINCE)


def test_a_flow_dated_in_the_future_does_not_carry_the_cursor_past_the_others(platform: FlowPlatform) -> None:
    platform.search = listing([flow(1, age=-86_400 * 365)])
    with desk(account(platform.url)) as opened:
        page = opened.poll(None, SINCE, 60)
    assert [one.flow_id for one in page.flows] == ["F1"]
    assert page.cursor < iso(NOW + timedelta(minutes=5))


def test_repeated_and_bad_and_incoming_flows_are_left_out_of_a_page(platform: FlowPlatform) -> None:
    listed = [flow(1), flow(1), {"nonsense": 1}, flow(2, flowDirection="In"), flow(1, status="Ok")]
    platform.search = lambda _: Response(json.dumps({"results": listed}))
    with desk(account(platform.url)) as opened:
        page = opened.poll(None, SINCE, 60)
    assert [(one.flow_id, one.ack) for one in page.flows] == [
        ("F1", AckStatus.PENDING),
        ("F1", AckStatus.OK),
    ]


def test_H15_more_changes_at_one_instant_than_a_page_shows_hold_up_no_others(platform: FlowPlatform) -> None:
    platform.search = listing([flow(number) for number in range(120)])
    with desk(account(platform.url)) as opened:
        pages, _ = read_all(opened, None)
    assert 100 <= len({each.flow_id for page in pages for each in page.flows}) <= 120


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response("", 500), PlatformUnavailable),
        (Response("<html>", 200), PlatformUnavailable),
        (Response('"x"', 200), PlatformUnavailable),
        (Response("", 429), PlatformUnavailable),
        (Response("", 401), AuthenticationFailed),
        (Response("", 403), AuthenticationFailed),
    ],
)
def test_a_poll_without_a_usable_answer_raises_what_the_journey_expects(
    platform: FlowPlatform, response: Response, error: type[Exception]
) -> None:
    platform.search = lambda _: response
    with desk(account(platform.url)) as opened, pytest.raises(error, match="account pa"):
        opened.poll(None, SINCE, 60)


# --------------------------------------------------------------------------- single flows
def test_one_flow_can_be_asked_for_and_an_unknown_one_is_none(platform: FlowPlatform) -> None:
    asked: list[str] = []

    def metadata(request: Request) -> Response:
        asked.append(request.full_path)
        known = request.path.endswith("F1")
        return Response(json.dumps(flow(1, status="Ok")) if known else "{}", 200 if known else 404)

    platform.metadata = metadata
    with desk(account(platform.url)) as opened:
        report = opened.acknowledgement("F1")
        assert opened.acknowledgement("F2") is None
    assert report is not None
    assert report.ack is AckStatus.OK
    assert asked[0] == "/v1/flows/F1?docType=Metadata"


@pytest.mark.parametrize("body", ["", "<html>", "[]", json.dumps(flow(2))])
def test_an_answer_about_something_else_is_not_taken_for_our_flow(platform: FlowPlatform, body: str) -> None:
    platform.metadata = lambda _: Response(body)
    with desk(account(platform.url)) as opened, pytest.raises(PlatformUnavailable, match="not this flow"):
        opened.acknowledgement("F1")


# --------------------------------------------------------------------------- deposits
def test_a_deposit_carries_the_headers_of_the_account_and_an_id_of_its_own(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    headers = {"Organization-Id": "732829320", "accept": "application/json; v=1"}
    with desk(account(platform.url, headers=headers)) as opened:
        courier = opened.courier()
        courier.hand_over([parcel(tmp_path, 1), parcel(tmp_path, 2)])
        answers: list[tuple[str, SubmitAnswer]] = []
        while len(answers) < 2:
            answers += courier.answers(5.0)
    sent = [request.headers for request in platform.documents]
    assert {headers["Organization-Id"] for headers in sent} == {"732829320"}
    assert {headers["Accept"] for headers in sent} == {"application/json; v=1"}
    assert {answer.trace.request_id for _, answer in answers} == {headers["Request-Id"] for headers in sent}
    assert len({headers["Request-Id"] for headers in sent}) == 2
