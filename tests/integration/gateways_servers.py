"""A server on loopback that misbehaves at will, and what is needed to reach one: accounts, desks, parcels."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connector.gateways import AccountDesk, EventLoop, Secrets, open_gateway
from connector.model import Document, Family, Parcel, Syntax
from connector.settings import Account

SECRET = "s3cret-of-the-tests"
PASSWORD = "technical-password-of-the-tests"
TOKEN = "token-of-the-tests"
TIMEOUTS = {"connect": 2.0, "read": 0.6, "write": 2.0, "pool": 2.0, "total": 1.5}
Behaviour = Callable[["Peer"], None]
Handler = Callable[[Request], Response]


class Peer:
    """One connection that a client opened."""

    def __init__(self, connection: socket.socket, number: int) -> None:
        self.connection = connection
        self.number = number  # from 1
        self.taken = b""
        connection.settimeout(5.0)

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self.taken:
            piece = self.connection.recv(65536)
            if not piece:
                raise ConnectionError("the client left")
            self.taken += piece
        return self.taken.partition(b"\r\n\r\n")[0]

    def read_request(self) -> bytes:
        """The body of the next request."""
        head = self.read_head()
        rest = self.taken.partition(b"\r\n\r\n")[2]
        lines = head.lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
        while len(rest) < length:
            piece = self.connection.recv(65536)
            if not piece:
                raise ConnectionError("the client left")
            rest += piece
        self.taken = rest[length:]
        return rest[:length]

    def answer(
        self, body: bytes, status: str = "202 Accepted", headers: str = "", length: int | None = None
    ) -> None:
        said = len(body) if length is None else length
        head = f"HTTP/1.1 {status}\r\nContent-Length: {said}\r\n{headers}\r\n".encode()
        self.connection.sendall(head + body)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_until_left(self) -> None:
        """Say nothing until the client gives up."""
        with suppress(OSError):
            while self.connection.recv(65536):
                pass


@contextmanager
def raw_server(behave: Behaviour, requests: list[bytes] | None = None) -> Iterator[str]:
    """Serve every connection with `behave` in a thread of its own; yields the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    peers: list[socket.socket] = []

    def serve(peer: Peer) -> None:
        with suppress(OSError):
            behave(peer)
        with suppress(OSError):
            peer.connection.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                peers.append(connection)
                thread = threading.Thread(target=serve, args=(Peer(connection, len(peers)),))
                threads.append(thread)
                thread.start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in peers:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def closed_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def account(base_url: str, token_url: str | None = None, **settings: Any) -> Account:
    """An account with small time-outs."""
    given: dict[str, Any] = {
        "name": "pa",
        "gateway": "afnor",
        "base_url": base_url,
        "token_url": token_url or f"{base_url}/token",
        "client_id": "client",
        "timeouts": TIMEOUTS,
        **settings,
    }
    return Account.model_validate(given)


@contextmanager
def desk(account: Account, *, secret: str = SECRET, password: str = PASSWORD) -> Iterator[AccountDesk]:
    """The front of an account on a loop of its own, both closed at the end."""
    loop = EventLoop()
    try:
        opened = open_gateway(
            account, Secrets(client_secret=SecretStr(secret), technical_password=SecretStr(password)), loop
        )
        try:
            yield opened
        finally:
            opened.close(grace=0.2)
    finally:
        loop.close()


def parcel(folder: Path, number: int = 1, content: bytes = b"<Invoice/>", **changes: Any) -> Parcel:
    """A parcel with a real copy in a folder."""
    path = folder / f"copy-{number}.xml"
    path.write_bytes(content)
    given: dict[str, Any] = {
        "job": f"job-{number}",
        "tracking_id": f"00000000-0000-5000-8000-{number:012d}",
        "attempt": 1,
        "path": path,
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "name": f"FA-{number}__{number:08x}.xml",
        "document": Document(family=Family.INVOICE, syntax=Syntax.UBL, kind="ubl-invoice"),
        "started_at": datetime.now(UTC),
    }
    return Parcel(**(given | changes))


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition, by polling."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class FlowPlatform:
    """A flow service on loopback with just the habits a test gives it; counts what it is asked."""

    def __init__(self, server: HTTPServer) -> None:
        server.clear()
        self.server = server
        self.url = server.url_for("").rstrip("/")
        self.tokens = 0
        self.documents: list[Request] = []
        self.searches: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.token: Handler = lambda _: Response(json.dumps({"access_token": TOKEN, "expires_in": 3600}))
        self.take: Handler = lambda request: receipt(request)
        self.search: Handler = lambda _: Response('{"results": []}')
        self.metadata: Handler = lambda _: Response("{}", 404)
        self.health: Handler = lambda _: Response("")
        server.expect_request("/token").respond_with_handler(self._token)
        server.expect_request("/v1/flows", method="POST").respond_with_handler(self._take)
        server.expect_request("/v1/flows/search", method="POST").respond_with_handler(self._search)
        server.expect_request("/v1/healthcheck").respond_with_handler(lambda request: self.health(request))
        server.expect_request(re.compile("/v1/flows/.+"), method="GET").respond_with_handler(
            lambda request: self.metadata(request)
        )

    def _token(self, request: Request) -> Response:
        with self._lock:
            self.tokens += 1
        return self.token(request)

    def _take(self, request: Request) -> Response:
        request.get_data()
        with self._lock:
            self.documents.append(request)
        return self.take(request)

    def _search(self, request: Request) -> Response:
        with self._lock:
            self.searches.append(request.get_json())
        return self.search(request)


def receipt(request: Request) -> Response:
    """The receipt of a deposit, named after its tracking id."""
    info = json.loads(request.get_data().partition(b"\r\n\r\n")[2].partition(b"\r\n")[0])
    return Response(json.dumps({**info, "flowId": f"flow-{info['trackingId'][-4:]}"}), 202)


@contextmanager
def flow_server() -> Iterator[HTTPServer]:
    """The socket of flow platforms, which tests of a module share: starting one is slow."""
    server = HTTPServer(threaded=True)
    server.start()
    try:
        yield server
    finally:
        server.stop()
