"""The front that routes' threads use: limits hold, trouble stops sending, every parcel is answered once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connector.directory import Address, DirectoryLine
from connector.errors import AuthenticationFailed, PlatformUnavailable
from connector.gateways import AccountDesk, EventLoop, RouteCourier
from connector.gateways.gate import PIPELINE, Gate
from connector.gateways.limits import Rules
from connector.model import (
    Fetched,
    FetchFailed,
    FetchKind,
    FlowReport,
    Health,
    Inconclusive,
    NotSent,
    Parcel,
    PollPage,
    Received,
    SubmitAnswer,
    Unknown,
)
from connector.ports import Courier, Platform
from tests.integration.gateways_servers import (
    FlowPlatform,
    Peer,
    account,
    closed_port,
    desk,
    flow_server,
    parcel,
    raw_server,
    receipt,
    until,
)

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with flow_server() as opened:
        yield opened


@pytest.fixture
def platform(server: HTTPServer) -> FlowPlatform:
    return FlowPlatform(server)


def take_all(courier: RouteCourier, count: int) -> list[tuple[str, SubmitAnswer]]:
    """Answers until so many have come; fails when one comes twice."""
    answers: list[tuple[str, SubmitAnswer]] = []
    deadline = time.monotonic() + 20
    while len(answers) < count and time.monotonic() < deadline:
        answers += courier.answers(0.5)
    assert len({job for job, _ in answers}) == len(answers) == count
    return answers


def send_all(courier: RouteCourier, parcels: list[Parcel]) -> dict[str, SubmitAnswer]:
    courier.hand_over(parcels)
    return dict(take_all(courier, len(parcels)))


def reasons(answers: dict[str, SubmitAnswer]) -> list[str]:
    return [
        answer.reason if isinstance(answer, NotSent | Unknown) else "received" for answer in answers.values()
    ]


class Crowd:
    """Measures how many requests a server has in hand at once."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self.now = self.most = 0
        self._answer = answer
        self._lock = threading.Lock()
        self.times: list[float] = []

    def __call__(self, request: Request) -> Response:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.times.append(time.monotonic())
        time.sleep(0.02)  # as long as this request is in hand
        with self._lock:
            self.now -= 1
        return self._answer(request)


def test_the_front_has_the_shape_of_the_ports(platform: FlowPlatform) -> None:
    with desk(account(platform.url)) as opened:
        as_platform: Platform = opened
        as_courier: Courier = opened.courier()
        assert as_platform.health() == Health(up=True)
        assert as_courier.room() == PIPELINE * 8
        assert as_courier.answers(10) == []  # nothing is under way: at once


def test_never_more_are_in_flight_than_allowed_whatever_the_number_of_routes(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    crowd = Crowd(receipt)
    platform.take = crowd
    platform.search = crowd_search = Crowd(lambda _: Response('{"results": []}'))
    with desk(account(platform.url, max_in_flight=3)) as opened:
        couriers = [opened.courier(), opened.courier()]
        assert [courier.room() for courier in couriers] == [PIPELINE * 3] * 2
        for start, courier in enumerate(couriers):
            courier.hand_over([parcel(tmp_path, 100 * start + number) for number in range(20)])
            assert courier.room() == 0
        looked = couriers[0].look_up([parcel(tmp_path, number) for number in range(300, 310)])
        answers = [dict(take_all(courier, 20)) for courier in couriers]
        assert [courier.room() for courier in couriers] == [PIPELINE * 3] * 2
    assert len(looked) == 10
    assert set(answers[0]) == {f"job-{number}" for number in range(20)}
    assert set(answers[1]) == {f"job-{number}" for number in range(100, 120)}
    assert all(isinstance(answer, Received) for one in answers for answer in one.values())
    assert crowd.most == 3
    assert crowd_search.most <= 3


def test_the_rate_is_kept_evenly(platform: FlowPlatform, tmp_path: Path) -> None:
    crowd = Crowd(receipt)
    platform.take = crowd
    with desk(account(platform.url, max_per_second=20)) as opened:
        send_all(opened.courier(), [parcel(tmp_path, number) for number in range(11)])
    assert crowd.times[-1] - crowd.times[0] >= 10 / 20 * 0.9


def test_H01_a_platform_that_is_down_gets_a_few_attempts_and_then_none(tmp_path: Path) -> None:
    with desk(account(f"http://127.0.0.1:{closed_port()}", breaker_failures=4, max_in_flight=2)) as opened:
        courier = opened.courier()
        told = reasons(send_all(courier, [parcel(tmp_path, number) for number in range(200)]))
        assert courier.room() == 0
        assert opened.snapshot().way == "breaker"
    assert told.count("token") <= 6
    assert told.count("breaker") == 200 - told.count("token")


def test_H03_an_outage_puts_a_few_documents_in_doubt_and_not_thousands(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    platform.take = lambda _: Response("", 500)
    eager = account(platform.url, breaker_failures=3, max_in_flight=2, breaker_pause=0.3)
    with desk(eager) as opened:
        courier = opened.courier()
        told = reasons(send_all(courier, [parcel(tmp_path, number) for number in range(100)]))
        assert told.count("server-error") == len(platform.documents) <= 4
        assert told.count("breaker") == 100 - len(platform.documents)

        until(lambda: courier.room() == 1)  # half open: one probe
        seen = len(platform.documents)
        told = reasons(send_all(courier, [parcel(tmp_path, number) for number in range(5)]))
        assert len(platform.documents) == seen + 1
        assert sorted(told) == ["breaker"] * 4 + ["server-error"]

        platform.take = receipt
        until(lambda: courier.room() == 1)
        assert reasons(send_all(courier, [parcel(tmp_path, 1)])) == ["received"]
        assert courier.room() == PIPELINE * 2


@pytest.mark.parametrize("status", [429, 503])
def test_H04_retry_after_silences_the_whole_account_questions_included(
    platform: FlowPlatform, tmp_path: Path, status: int
) -> None:
    platform.take = lambda _: Response("", status, headers={"Retry-After": "1"})
    with desk(account(platform.url, max_in_flight=1)) as opened:
        courier = opened.courier()
        answers = send_all(courier, [parcel(tmp_path, number) for number in range(5)])
        assert reasons(answers) == (["rate"] * 5 if status == 429 else ["server-error"] + ["rate"] * 4)
        waits = [answer.retry_after for answer in answers.values() if isinstance(answer, NotSent)]
        assert all(wait is not None and 0 < wait <= 1 for wait in waits)
        assert len(platform.documents) == 1
        assert courier.room() == 0
        with pytest.raises(PlatformUnavailable, match="asked to wait"):
            opened.poll(None, NOW, 60)
        assert courier.look_up([parcel(tmp_path, 1)]) == [("job-1", Inconclusive(reason="rate"))]
        assert platform.searches == []
        platform.take = receipt
        until(lambda: courier.room() > 0)
        assert reasons(send_all(courier, [parcel(tmp_path, 1)])) == ["received"]


def test_H06_a_forbidden_account_is_tried_again_by_a_question_and_then_by_one_document(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    platform.take = lambda _: Response("", 403)
    platform.health = lambda _: Response("", 403)
    with desk(account(platform.url, max_in_flight=1, breaker_pause=0.1)) as opened:
        courier = opened.courier()
        told = send_all(courier, [parcel(tmp_path, number) for number in range(50)])
        assert reasons(told) == ["forbidden"] * 50
        assert all(isinstance(answer, NotSent) and answer.stops_account for answer in told.values())
        assert len(platform.documents) == 1
        assert courier.room() == 0

        platform.health = lambda _: Response("")
        until(lambda: courier.room() > 0)
        assert len(platform.documents) == 1
        platform.take = receipt
        assert reasons(send_all(courier, [parcel(tmp_path, 1)])) == ["received"]
        assert courier.room() == PIPELINE


def test_a_revoked_token_found_by_a_question_stops_the_account(platform: FlowPlatform) -> None:
    platform.search = lambda _: Response("", 401)
    with desk(account(platform.url)) as opened:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed, match=r"401|unauthorized"):
                opened.poll(None, NOW - timedelta(hours=1), 60)
        assert opened.courier().room() == 0
    assert len(platform.searches) == 2  # the first question, twice; then nothing more


def test_closing_waits_a_little_and_never_hangs(tmp_path: Path) -> None:
    taken = threading.Event()

    def behave(peer: Peer) -> None:
        if b"/token" in peer.read_head():
            peer.read_request()
            peer.answer(b'{"access_token": "t"}', status="200 OK", headers="Connection: close\r\n")
            return
        peer.read_request()
        taken.set()
        peer.wait_until_left()

    slow = {"connect": 5, "read": 30, "write": 5, "pool": 5, "total": 60}
    with raw_server(behave) as url, desk(account(url, timeouts=slow, max_in_flight=1)) as opened:
        courier = opened.courier()
        courier.hand_over([parcel(tmp_path, 1), parcel(tmp_path, 2)])
        assert taken.wait(5)
        started = time.monotonic()
        opened.close(grace=0.3)
        assert 0.2 < time.monotonic() - started < 3
        assert courier.room() == 0
        # The begun one was broken off, so that its job is in doubt at the next start.
        assert dict(courier.answers(1)).keys() == {"job-2"}
        assert courier.under_way() == 0


def test_closing_answers_those_that_had_not_begun_and_lets_the_begun_end(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    release = threading.Event()

    def slow_receipt(request: Request) -> Response:
        release.wait(5)
        return receipt(request)

    platform.take = slow_receipt
    with desk(account(platform.url, max_in_flight=1)) as opened:
        courier = opened.courier()
        courier.hand_over([parcel(tmp_path, number) for number in range(3)])
        until(lambda: len(platform.documents) == 1)
        closing = threading.Thread(target=opened.close, args=(5.0,))
        closing.start()
        until(lambda: courier.room() == 0)
        release.set()
        answers = dict(take_all(courier, 3))
        closing.join()
    assert sorted(reasons(answers)) == ["received", "shutdown", "shutdown"]


def test_a_copy_that_is_gone_is_not_sent_and_the_others_are(platform: FlowPlatform, tmp_path: Path) -> None:
    with desk(account(platform.url)) as opened:
        parcels = [parcel(tmp_path, 1), parcel(tmp_path, 2, path=tmp_path / "gone"), parcel(tmp_path, 3)]
        answers = send_all(opened.courier(), parcels)
    assert reasons(answers).count("received") == 2
    missing = answers["job-2"]
    assert isinstance(missing, NotSent)
    assert missing.reason == "spool"


class BrokenGateway:
    """A gateway with a bug in every method."""

    async def submit(self, parcel: Parcel) -> NoReturn:
        raise ZeroDivisionError(parcel.job)

    async def lookup(self, parcel: Parcel) -> NoReturn:
        raise ZeroDivisionError(parcel.job)

    async def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        raise ZeroDivisionError

    async def acknowledgement(self, flow_id: str) -> FlowReport | None:
        raise ZeroDivisionError

    async def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        raise ZeroDivisionError

    async def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        raise ZeroDivisionError

    async def health(self) -> Health:
        raise ZeroDivisionError

    async def close(self) -> None:
        pass


def test_a_bug_in_a_gateway_leaves_the_document_in_doubt_and_never_without_an_answer(tmp_path: Path) -> None:
    loop = EventLoop()

    async def make() -> AccountDesk:
        gate = Gate("pa", places=2, per_second=None, rules=Rules(failures=100))
        return AccountDesk(loop, gate, BrokenGateway())

    opened = loop.run(make())
    try:
        courier = opened.courier()
        assert (
            reasons(send_all(courier, [parcel(tmp_path, number) for number in range(9)])) == ["internal"] * 9
        )
        assert courier.look_up([parcel(tmp_path, 1)]) == [("job-1", Inconclusive(reason="internal"))]
        assert opened.snapshot().in_flight == 0
    finally:
        opened.close()
        loop.close()


def test_after_the_loop_is_closed_nothing_is_sent_and_all_is_answered(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    with desk(account(platform.url)) as opened:
        courier = opened.courier()
    courier.hand_over([parcel(tmp_path, 1)])
    assert courier.answers(1.0) == [("job-1", NotSent(reason="shutdown"))]


def test_look_ups_of_a_platform_in_trouble_end_with_the_first_few(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    platform.search = lambda _: Response("", 500)
    with desk(account(platform.url, max_in_flight=2)) as opened:
        answers = opened.courier().look_up([parcel(tmp_path, number) for number in range(20)])
    assert [answer for _, answer in answers] == [Inconclusive(reason="server-error")] * 20
    assert len(platform.searches) <= 4
