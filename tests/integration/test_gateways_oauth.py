"""Tokens: fetched once for all, renewed in time, dropped on a 401, and never seen in a log."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connector.errors import AuthenticationFailed, PlatformUnavailable
from connector.gateways import AccountDesk
from connector.model import NotSent, Parcel, Received, SubmitAnswer
from tests.integration.gateways_servers import (
    SECRET,
    TOKEN,
    FlowPlatform,
    Handler,
    account,
    closed_port,
    desk,
    flow_server,
    parcel,
    receipt,
)


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with flow_server() as opened:
        yield opened


@pytest.fixture
def platform(server: HTTPServer) -> FlowPlatform:
    return FlowPlatform(server)


def always(response: Response) -> Handler:
    return lambda _: response


def submit_all(opened: AccountDesk, parcels: list[Parcel]) -> dict[str, SubmitAnswer]:
    courier = opened.courier()
    courier.hand_over(parcels)
    answers: dict[str, SubmitAnswer] = {}
    while courier.under_way():
        answers |= dict(courier.answers(20.0))
    return answers


def numbered_tokens(platform: FlowPlatform, life: float = 3600) -> None:
    platform.token = lambda _: Response(
        json.dumps({"access_token": f"t{platform.tokens}", "token_type": "bearer", "expires_in": life})
    )


def test_fifty_who_need_a_token_at_once_share_one_request(platform: FlowPlatform, tmp_path: Path) -> None:
    with desk(account(platform.url, max_in_flight=50)) as opened:
        answers = submit_all(opened, [parcel(tmp_path, number) for number in range(50)])
    assert all(isinstance(answer, Received) for answer in answers.values())
    assert platform.tokens == 1


def test_fifty_who_need_a_token_share_one_failure_too(platform: FlowPlatform, tmp_path: Path) -> None:
    platform.token = lambda _: Response("down", 503)
    with desk(account(platform.url, max_in_flight=50, breaker_failures=100)) as opened:
        answers = submit_all(opened, [parcel(tmp_path, number) for number in range(50)])
    assert {answer.reason for answer in answers.values() if isinstance(answer, NotSent)} == {"token"}
    assert platform.tokens < 10
    assert platform.documents == []


@pytest.mark.parametrize("style", ["basic", "body"])
def test_credentials_go_the_way_the_settings_say(platform: FlowPlatform, style: str) -> None:
    seen: list[tuple[str | None, dict[str, str]]] = []

    def token(request: Request) -> Response:
        seen.append((request.headers.get("Authorization"), dict(request.form)))
        return Response(json.dumps({"access_token": TOKEN}))

    platform.token = token
    with desk(account(platform.url, token_auth=style, scope="flows")) as opened:
        assert opened.health().up
    form = {"grant_type": "client_credentials", "scope": "flows"}
    if style == "basic":
        assert seen == [(f"Basic {b64encode(f'client:{SECRET}'.encode()).decode()}", form)]
    else:
        assert seen == [(None, form | {"client_id": "client", "client_secret": SECRET})]


def test_H06_a_token_that_expires_in_a_batch_is_renewed_before_it_is_used_again(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    numbered_tokens(platform, life=0.2)
    used: set[str] = set()

    def take(request: Request) -> Response:
        used.add(request.headers["Authorization"])
        return receipt(request)

    platform.take = take
    with desk(account(platform.url, max_in_flight=2)) as opened:
        number = 0
        while platform.tokens < 3:
            number += 1
            assert isinstance(submit_all(opened, [parcel(tmp_path, number)])[f"job-{number}"], Received)
    assert {"Bearer t1", "Bearer t2"} <= used


def test_H06_a_401_drops_the_token_and_is_tried_once_more_with_the_whole_body(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    numbered_tokens(platform)
    platform.take = lambda request: (
        Response("", 401) if request.headers["Authorization"] == "Bearer t1" else receipt(request)
    )
    content = b"<Invoice>" + b"x" * 300_000 + b"</Invoice>"
    with desk(account(platform.url)) as opened:
        answers = submit_all(opened, [parcel(tmp_path, number, content) for number in range(6)])
    assert all(isinstance(answer, Received) for answer in answers.values())
    assert platform.tokens == 2
    assert all(content in request.get_data() for request in platform.documents)


def test_H06_a_second_401_stops_the_account_and_not_the_documents(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    numbered_tokens(platform)
    platform.take = lambda _: Response('{"errorCode": "MISSING_TOKEN"}', 401)
    with desk(account(platform.url, max_in_flight=1)) as opened:
        answers = submit_all(opened, [parcel(tmp_path, 1), parcel(tmp_path, 2)])
        assert opened.courier().room() == 0
        assert (opened.snapshot().way, opened.snapshot().reason) == ("stopped", "unauthorized")
    for answer in answers.values():
        assert isinstance(answer, NotSent)
        assert (answer.reason, answer.stops_account) == ("unauthorized", True)
    assert len(platform.documents) == 2  # both of the first parcel: the second one never left


@pytest.mark.parametrize(
    ("status", "body", "reason", "stops"),
    [
        (400, '{"error": "invalid_client"}', "token-refused", True),
        (401, "", "token-refused", True),
        (403, "<html>", "token-refused", True),
        (400, '{"error": "invalid_request"}', "token", False),
        (500, "", "token", False),
        (302, "", "token", False),
        (200, "<html>login</html>", "token", False),
        (200, '{"access_token": ""}', "token", False),
        (200, '{"access_token": "a\\r\\nHost: x"}', "token", False),
        (200, '{"access_token": "x", "token_type": "mac"}', "token", False),
    ],
)
def test_H07_no_token_means_not_sent_and_refused_credentials_stop_the_account(
    platform: FlowPlatform, tmp_path: Path, status: int, body: str, reason: str, stops: bool
) -> None:
    platform.token = lambda _: Response(body, status, headers={"Location": f"{platform.url}/elsewhere"})
    with desk(account(platform.url)) as opened:
        answer = submit_all(opened, [parcel(tmp_path)])["job-1"]
    assert isinstance(answer, NotSent)
    assert (answer.reason, answer.stops_account) == (reason, stops)
    assert platform.documents == []
    assert platform.tokens == 1


def test_H07_a_token_endpoint_that_is_down_means_not_sent(platform: FlowPlatform, tmp_path: Path) -> None:
    with desk(account(platform.url, f"http://127.0.0.1:{closed_port()}/token")) as opened:
        answer = submit_all(opened, [parcel(tmp_path)])["job-1"]
        assert isinstance(answer, NotSent)
        assert answer.reason == "token"
        with pytest.raises(PlatformUnavailable, match="token"):
            opened.acknowledgement("F1")


def test_refused_credentials_are_an_authentication_failure_for_questions_too(platform: FlowPlatform) -> None:
    platform.token = lambda _: Response('{"error": "invalid_client"}', 400)
    with desk(account(platform.url)) as opened:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed, match="token"):
                opened.acknowledgement("F1")
        assert (opened.health().up, opened.health().reason) == (False, "token-refused")
    assert platform.tokens == 3  # one question, two health checks; a stopped account asks nothing by itself


def test_neither_secret_nor_token_is_ever_logged_nor_kept_in_a_trace(
    platform: FlowPlatform, tmp_path: Path
) -> None:
    lines: list[str] = []
    lock = threading.Lock()

    def sink(line: str) -> None:
        with lock:
            lines.append(line)

    handler = logger.add(sink, level=0, diagnose=True, backtrace=True)
    traces: list[str] = []
    try:
        for token, take in [
            (Response(json.dumps({"access_token": TOKEN})), Response("no", 401)),
            (Response(json.dumps({"access_token": TOKEN})), Response("no", 500)),
            (Response(json.dumps({"error": "x", "you_sent": SECRET}), 500), Response("no", 500)),
            (Response(json.dumps({"access_token": TOKEN, "token_type": "mac"})), Response("no", 500)),
        ]:
            platform.token, platform.take = always(token), always(take)
            with desk(account(platform.url, token_auth="body", breaker_failures=1)) as opened:
                answers = submit_all(opened, [parcel(tmp_path), parcel(tmp_path, 2, path=tmp_path / "gone")])
                traces += [str(answer) for answer in answers.values()]
                opened.health()
    finally:
        logger.remove(handler)
    assert lines
    assert len(traces) == 8
    assert not [text for text in lines + traces if SECRET in text or TOKEN in text]
