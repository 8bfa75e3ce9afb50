"""What the HTTP client really does on a socket: "not sent" must be certain, so it is proved."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.gateways.body import SpoolBody, form_with_file
from connector.gateways.exchange import Exchange, Request, Trouble
from connector.gateways.http import HttpSession
from connector.gateways.loop import EventLoop
from connector.settings import Timeouts
from tests.integration.gateways_servers import TIMEOUTS, Peer, closed_port, raw_server

BIG = 3 * 1024 * 1024
Send = Callable[..., Exchange]


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    opened = EventLoop()
    yield opened
    opened.close()


@pytest.fixture
def send(loop: EventLoop, tmp_path: Path) -> Iterator[Send]:
    """Post documents through one session."""

    async def make() -> HttpSession:
        return HttpSession(Timeouts(**TIMEOUTS), 4, ())

    session = loop.run(make())

    def post(url: str, content: bytes = b"<Invoice/>") -> Exchange:
        copy = tmp_path / "copy"
        copy.write_bytes(content)
        return loop.run(session.exchange(Request(method="POST", url=f"{url}/v1/flows", body=body_of(copy))))

    yield post
    loop.run(session.close())


def body_of(copy: Path, size: int | None = None) -> SpoolBody:
    length = copy.stat().st_size if size is None else size
    return form_with_file(info=b"{}", name="FA.xml", media_type="application/xml", path=copy, size=length)


# --------------------------------------------------------------------------- certainly not sent
def test_H01_a_refused_connection_is_certainly_not_sent(send: Send) -> None:
    exchange = send(f"http://127.0.0.1:{closed_port()}")
    assert (exchange.body_started, exchange.status, exchange.trouble) == (False, None, Trouble.CONNECT)


def test_H01_an_unknown_host_is_certainly_not_sent(send: Send) -> None:
    exchange = send("http://no-such-host.invalid")
    assert (exchange.body_started, exchange.status) == (False, None)


def test_H01_a_host_that_never_accepts_is_certainly_not_sent(send: Send) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]  # a full backlog makes the kernel drop further SYNs
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        exchange = send(f"http://127.0.0.1:{port}")
        for filler in fillers:
            filler.close()
    assert (exchange.body_started, exchange.status, exchange.trouble) == (False, None, Trouble.TIMEOUT)


def test_H01_a_server_that_speaks_no_tls_is_certainly_not_sent(send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.connection.recv(65536)
        peer.connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(behave) as url:
        exchange = send(url.replace("http:", "https:"))
    assert (exchange.body_started, exchange.status, exchange.trouble) == (False, None, Trouble.CONNECT)


def test_H01_an_unknown_certificate_is_certainly_not_sent(send: Send, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout"
    subprocess.run([*make.split(), key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    received: list[bytes] = []

    def behave(peer: Peer) -> None:
        with tls.wrap_socket(peer.connection, server_side=True) as wrapped:
            received.append(wrapped.recv(65536))

    with raw_server(behave) as url:
        exchange = send(url.replace("http:", "https:"))
    assert (exchange.body_started, exchange.status, exchange.trouble) == (False, None, Trouble.CONNECT)
    assert not any(received)


def test_H01_no_free_connection_is_certainly_not_sent(loop: EventLoop, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(b"<Invoice/>")
    asked: list[int] = []

    def behave(peer: Peer) -> None:
        peer.read_request()
        asked.append(peer.number)
        peer.wait_until_left()

    async def both(url: str) -> list[Exchange]:
        session = HttpSession(Timeouts(**(TIMEOUTS | {"pool": 0.2})), 1, ())
        request = Request(method="POST", url=url, body=body_of(copy))
        other = Request(method="POST", url=url, body=body_of(copy))
        try:
            return list(await asyncio.gather(session.exchange(request), session.exchange(other)))
        finally:
            await session.close()

    with raw_server(behave) as url:
        first, second = loop.run(both(url))
    assert first.body_started
    assert (second.body_started, second.trouble) == (False, Trouble.TIMEOUT)
    assert asked == [1]


def test_a_proxy_that_refuses_the_tunnel_is_certainly_not_sent(
    loop: EventLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(b"<Invoice/>")
    heads: list[bytes] = []

    def behave(peer: Peer) -> None:
        heads.append(peer.read_head())
        peer.answer(b"", status="407 Proxy Authentication Required")

    async def post() -> Exchange:
        url = "https://platform.invalid"
        session = HttpSession(Timeouts(**TIMEOUTS), 1, (url,))
        try:
            return await session.exchange(Request(method="POST", url=f"{url}/v1/flows", body=body_of(copy)))
        finally:
            await session.close()

    with raw_server(behave) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        exchange = loop.run(post())
    assert heads[0].startswith(b"CONNECT platform.invalid:443")
    assert (exchange.body_started, exchange.status, exchange.trouble) == (False, None, Trouble.CONNECT)


def test_a_private_copy_of_another_length_is_not_sent(loop: EventLoop, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(b"<Invoice/>")
    bodies: list[bytes] = []

    def behave(peer: Peer) -> None:
        bodies.append(peer.read_request())

    async def post(url: str) -> Exchange:
        session = HttpSession(Timeouts(**TIMEOUTS), 1, ())
        try:
            return await session.exchange(Request(method="POST", url=url, body=body_of(copy, size=11)))
        finally:
            await session.close()

    with raw_server(behave) as url:
        exchange = loop.run(post(url))
    assert (exchange.body_started, exchange.trouble) == (False, Trouble.SPOOL)
    assert bodies == []


# --------------------------------------------------------------------------- nobody knows
def reset_before_reading(peer: Peer) -> None:
    peer.read_head()
    peer.reset()


def reset_in_the_middle(peer: Peer) -> None:
    peer.connection.recv(70000)
    peer.reset()


def reset_after_the_body(peer: Peer) -> None:
    peer.read_request()
    peer.reset()


def close_after_the_body(peer: Peer) -> None:
    peer.read_request()


def answer_garbage(peer: Peer) -> None:
    peer.read_request()
    peer.connection.sendall(b"\x00\xff not http at all\r\n\r\n")


def never_answer(peer: Peer) -> None:
    peer.read_request()
    peer.wait_until_left()


@pytest.mark.parametrize("size", [10, BIG])
@pytest.mark.parametrize(
    "behave",
    [
        reset_before_reading,
        reset_in_the_middle,
        reset_after_the_body,
        close_after_the_body,
        answer_garbage,
        never_answer,
    ],
)
def test_H02_a_connection_lost_after_the_body_was_begun_is_in_doubt_and_never_repeated(
    send: Send, behave: Callable[[Peer], None], size: int
) -> None:
    connections: list[int] = []

    def counted(peer: Peer) -> None:
        connections.append(peer.number)
        behave(peer)

    with raw_server(counted) as url:
        exchange = send(url, b"x" * size)
    assert exchange.body_started
    assert exchange.status is None
    assert exchange.trouble in (Trouble.READ, Trouble.WRITE, Trouble.TIMEOUT)
    assert connections == [1]


def test_H20_a_server_that_stops_reading_is_left_at_the_total_deadline(send: Send) -> None:
    left = threading.Event()

    def behave(peer: Peer) -> None:
        peer.read_head()
        left.wait(5)

    with raw_server(behave) as url:
        exchange = send(url, b"x" * 40 * 1024 * 1024)
        left.set()
    assert (exchange.body_started, exchange.status, exchange.trouble) == (True, None, Trouble.TIMEOUT)
    assert exchange.elapsed_ms < 2500


def test_H05_half_an_answer_is_known_to_be_half(send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.answer(b'{"flowId": "F', length=400)

    with raw_server(behave) as url:
        exchange = send(url)
    assert (exchange.status, exchange.complete, exchange.trouble) == (202, False, Trouble.READ)
    assert exchange.json() is None


def test_H20_an_answer_that_drips_is_ended_by_the_total_deadline(send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.answer(b"", length=1000)
        stop = threading.Event()
        while not stop.wait(0.1):
            peer.connection.sendall(b"x")  # ends when the client has left

    with raw_server(behave) as url:
        exchange = send(url)
    assert (exchange.status, exchange.complete, exchange.trouble) == (202, False, Trouble.TIMEOUT)
    assert exchange.elapsed_ms < 2500


def test_H05_an_endless_answer_is_cut(send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.answer(b"", length=10**12)
        while True:
            peer.connection.sendall(b"x" * 65536)

    with raw_server(behave) as url:
        exchange = send(url)
    assert (exchange.status, exchange.complete, exchange.trouble) == (202, False, Trouble.TOO_LONG)
    assert len(exchange.body) < 9 * 1024 * 1024


def test_H21_a_stale_connection_never_makes_a_deposit_twice(send: Send) -> None:
    bodies: list[bytes] = []

    def behave(peer: Peer) -> None:
        bodies.append(peer.read_request())
        peer.answer(b"{}")
        if peer.number == 1:
            bodies.append(peer.read_request())  # the second on the same connection: take it, and hang up
            peer.reset()

    with raw_server(behave) as url:
        assert send(url).complete
        second = send(url)
    assert second.body_started
    assert second.status is None
    assert len(bodies) == 2


def test_H21_a_connection_closed_while_idle_is_not_used_again(send: Send) -> None:
    closed = threading.Event()

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.answer(b"{}")
        peer.connection.close()
        closed.set()

    with raw_server(behave) as url:
        assert send(url).complete
        assert closed.wait(5)
        assert send(url).complete


# --------------------------------------------------------------------------- answers
def test_the_document_arrives_byte_for_byte_in_the_layout_of_the_standard(send: Send) -> None:
    content = bytes(range(256)) * 2000
    bodies: list[bytes] = []
    heads: list[bytes] = []

    def behave(peer: Peer) -> None:
        heads.append(peer.read_head())
        bodies.append(peer.read_request())
        peer.answer(b'{"flowId": "F1"}')

    with raw_server(behave) as url:
        exchange = send(url, content)
    assert exchange.json() == {"flowId": "F1"}
    boundary = heads[0].partition(b"boundary=")[2].split(b"\r\n")[0]
    info, file = bodies[0].split(b"--" + boundary)[1:3]
    assert info.partition(b"\r\n\r\n")[0] == (
        b'\r\nContent-Disposition: form-data; name="flowInfo"\r\nContent-Type: application/json'
    )
    assert info.partition(b"\r\n\r\n")[2] == b"{}\r\n"
    assert file.partition(b"\r\n\r\n")[0] == (
        b'\r\nContent-Disposition: form-data; name="file"; filename="FA.xml"\r\nContent-Type: application/xml'
    )
    assert file.partition(b"\r\n\r\n")[2] == content + b"\r\n"
    assert bodies[0].endswith(b"\r\n--" + boundary + b"--\r\n")


def test_H10_an_early_refusal_of_a_big_document_is_read(send: Send) -> None:
    def behave(peer: Peer) -> None:
        peer.read_head()
        peer.answer(
            b'{"errorCode": "FILE_SIZE_EXCEEDED"}',
            status="413 Content Too Large",
            headers="Connection: close\r\n",
        )
        peer.wait_until_left()

    with raw_server(behave) as url:
        exchange = send(url, b"x" * BIG)
    assert exchange.status == 413
    assert exchange.json() == {"errorCode": "FILE_SIZE_EXCEEDED"}


def test_H22_a_redirect_is_not_followed(send: Send) -> None:
    asked: list[bytes] = []

    def behave(peer: Peer) -> None:
        asked.append(peer.read_request())
        peer.answer(b"", status="307 Temporary Redirect", headers="Location: /elsewhere\r\n")

    with raw_server(behave) as url:
        exchange = send(url)
    assert exchange.status == 307
    assert len(asked) == 1


def test_cookies_of_the_platform_are_not_sent_back(send: Send) -> None:
    heads: list[bytes] = []

    def behave(peer: Peer) -> None:
        while True:
            heads.append(peer.read_head())
            peer.read_request()
            peer.answer(b"{}", headers="Set-Cookie: session=1; Path=/\r\n")

    with raw_server(behave) as url:
        send(url)
        send(url)
    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()
