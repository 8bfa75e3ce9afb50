"""The receiver of webhooks on a real socket: the right token rings, and nothing else does or breaks it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from connector.webhook import TOKEN_HEADER
from connector.webhook_server import BODY, HEAD, Call, WebhookServer, judge, read_head
from tests.platform import until

TOKEN = "token-of-the-tests-0123456789"
OTHER = "another-token-of-the-tests-0123"
TOKENS = {"pa": SecretStr(TOKEN), "chorus": SecretStr(OTHER)}


class Rung:
    """What a server has rung."""

    def __init__(self, least: float = 0.01) -> None:
        self.accounts: list[str] = []
        self.server = WebhookServer("127.0.0.1", 0, "/webhook", TOKENS, least=least)

    def post(
        self, path: str = "/webhook/pa", token: str | None = TOKEN, body: bytes = b"{}", **more: str
    ) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        headers = {TOKEN_HEADER: token} if token is not None else {}
        try:
            connection.request(more.pop("method", "POST"), path, body, headers | more)
            return connection.getresponse().status
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """All that comes back; sends no more."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=15) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
            came = b""
            with contextlib.suppress(OSError):
                while piece := connection.recv(65536):
                    came += piece
            return came


@contextlib.contextmanager
def listening(least: float = 0.01) -> Iterator[Rung]:
    rung = Rung(least)
    rung.server.start(rung.accounts.append)
    try:
        yield rung
    finally:
        rung.server.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[Rung]:
    """One that all the tests of what rings nothing share."""
    with listening() as rung:
        yield rung


def test_a_call_with_the_token_rings_the_bell_of_its_account_whatever_it_says() -> None:
    with listening() as rung:
        for body in (b'{"flowId": "F1"}', b"", b"no JSON \xff\x00", b"x" * BODY):
            before = len(rung.accounts)
            assert rung.post(body=body) == 200
            until(lambda seen=before: len(rung.accounts) > seen)  # type: ignore[misc]
        assert rung.post("/webhook/chorus?x=1", OTHER) == 200
        assert rung.accounts == ["pa"] * 4 + ["chorus"]


@pytest.mark.parametrize(
    ("path", "token", "more", "status"),
    [
        ("/webhook/pa", None, {}, 401),
        ("/webhook/pa", "", {}, 401),
        ("/webhook/pa", TOKEN[:-1], {}, 401),
        ("/webhook/pa", TOKEN + "x", {}, 401),
        ("/webhook/pa", OTHER, {}, 401),  # each account has its own
        ("/webhook/nobody", TOKEN, {}, 401),
        ("/webhook/nobody", "", {}, 401),
        ("/webhook/", TOKEN, {}, 401),
        ("/pa", TOKEN, {}, 401),
        ("/webhook/pa/", TOKEN, {}, 401),
        ("/webhook/pa", TOKEN, {"method": "GET"}, 405),
        ("/webhook/pa", TOKEN, {"Content-Length": "-1"}, 400),
        ("/webhook/pa", TOKEN, {"Content-Length": str(BODY + 1)}, 413),
        ("/webhook/pa", TOKEN, {"Content-Length": "99999999999999"}, 400),
        ("/webhook/pa", TOKEN, {"Transfer-Encoding": "gzip"}, 400),
        ("/webhook/pa", TOKEN, {"X-Long": "x" * HEAD}, 431),
    ],
)
def test_what_is_not_such_a_call_is_answered_and_rings_nothing(
    shared: Rung, path: str, token: str | None, more: dict[str, str], status: int
) -> None:
    assert shared.post(path, token, b"{}", **more) == status
    assert shared.accounts == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 40,  # TLS spoken to a plain port
        b"GET / HTTP/0.9\r\n\r\n",
        b"POST /webhook/pa HTTP/1.1\r\n" + f"{TOKEN_HEADER}: {TOKEN}".encode() + b"\r\n folded\r\n\r\n",
        b"POST /webhook/pa HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST http://elsewhere/webhook/pa HTTP/1.1\r\n\r\n",
        b"\xff" * 100_000,
        b"POST /webhook/pa HTTP/1.1\r\nno colon\r\n\r\n",
    ],
)
def test_it_survives_garbage(shared: Rung, garbage: bytes) -> None:
    came = shared.raw(garbage)
    assert came == b"" or came.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 ", b"HTTP/1.1 431 "))
    assert shared.accounts == []
    assert shared.post(token="wrong") == 401  # and answers the next


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@example(b"POST /webhook/pa HTTP/1.1\r\nX-Webhook-Token:" + b"\xff" * 20 + b"\r\n\r\n")
def test_any_bytes_are_read_without_an_error_and_open_nothing(head: bytes) -> None:
    status, account = judge(read_head(head), "/webhook", TOKENS)
    assert account is None
    assert status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED)


def test_an_account_without_a_token_is_never_let_in() -> None:
    call = Call(method="POST", path="/webhook/pa", headers={})
    assert judge(call, "/webhook", {"pa": SecretStr("")}) == (HTTPStatus.UNAUTHORIZED, None)


def test_bodies_may_come_in_chunks_and_after_an_invitation() -> None:
    start = f"POST /webhook/pa HTTP/1.1\r\nHost: here\r\n{TOKEN_HEADER}: {TOKEN}\r\n"
    with listening() as rung:
        chunked = start + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        assert rung.raw(chunked.encode()).startswith(b"HTTP/1.1 200 ")
        invited = start + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
        assert rung.raw(invited.encode()).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
        until(lambda: rung.accounts == ["pa", "pa"])


def test_a_flood_is_a_few_rings_and_the_last_call_is_never_lost() -> None:
    with listening(least=0.5) as rung:
        started = time.monotonic()
        threads = [
            threading.Thread(target=lambda: [rung.post() for _ in range(25)], daemon=True) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - started
        until(lambda: len(rung.accounts) >= 2)  # at once, and for those that came after
        assert len(rung.accounts) <= 2 + took / 0.5


def test_those_who_connect_and_say_nothing_keep_nobody_out_for_long() -> None:
    with listening() as rung, contextlib.ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", rung.server.port))) for _ in range(40)
        ]
        assert rung.post() == 200
        assert len(silent) == 40
        until(lambda: rung.accounts == ["pa"])


def test_a_port_that_is_taken_is_said_and_stopping_twice_does_no_harm() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = WebhookServer("127.0.0.1", taken.getsockname()[1], "/webhook", TOKENS, least=1.0)
        with pytest.raises(OSError, match="in use"):
            server.start(lambda account: None)
        server.stop()
    with listening() as rung:
        rung.server.stop()
        with pytest.raises(ConnectionRefusedError):
            rung.post()
