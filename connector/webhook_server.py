"""The receiver of webhooks: a call with the right token rings an account's bell, and that is all it does.

Nothing of a call's content is believed, or even looked at: whoever is rung asks the platform (see `webhook`).
Meant to listen on loopback, behind the site's own proxy with its TLS. One request a connection, small, and
answered at once; what is not such a request costs a connection for a few seconds at most.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from loguru import logger
from pydantic import SecretStr

from connector.webhook import TOKEN_HEADER

HEAD = 16 * 1024  # bytes of request line and headers
BODY = 256 * 1024  # bytes; a call tells of one flow
PATIENCE = 10.0  # seconds for one connection
LINGER = 1.0  # seconds for which the rest of a refused request is read, so that its sender sees the answer
AT_ONCE = 64  # connections
QUIET = 60.0  # seconds between two lines in the log about refused calls
_REQUEST = re.compile(rb"([A-Z]{1,20}) (/[!-~]{0,2000}) HTTP/1\.[01]")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The head of one request."""

    method: str
    path: str  # without the query
    headers: Mapping[str, str]  # names in lower case

    @property
    def is_chunked(self) -> bool:
        return self.headers.get("transfer-encoding", "").lower() == "chunked"


def read_head(head: bytes) -> Call | None:
    """The head of a request (RFC 9112 §3, §5), read strictly; None for what is none. Pure."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        field = _HEADER.fullmatch(line)
        if field is None:
            return None
        name = field[1].decode("ascii").lower()
        if name in headers and name in ("content-length", "transfer-encoding", TOKEN_HEADER.lower()):
            return None
        headers[name] = field[2].decode("latin-1")
    path = request[2].decode("ascii").partition("?")[0]
    return Call(method=request[1].decode("ascii"), path=path, headers=headers)


def judge(call: Call | None, path: str, tokens: Mapping[str, SecretStr]) -> tuple[HTTPStatus, str | None]:
    """What to answer to a call, and whose bell it rings, if any. Pure.

    Who has no token learns nothing: neither which accounts there are nor what may be asked.

    Args:
        path: below which each account has an address of its own.
        tokens: by account.
    """
    if call is None:
        return HTTPStatus.BAD_REQUEST, None
    account = call.path.removeprefix(f"{path}/") if call.path.startswith(f"{path}/") else ""
    expected = tokens[account].get_secret_value() if account in tokens else ""
    given = call.headers.get(TOKEN_HEADER.lower(), "")
    if not (hmac.compare_digest(given.encode(), expected.encode()) and expected):
        return HTTPStatus.UNAUTHORIZED, None
    if call.method != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED, None
    if call.is_chunked:
        return HTTPStatus.OK, account
    length = call.headers.get("content-length", "0")
    if "transfer-encoding" in call.headers or not re.fullmatch(r"[0-9]{1,12}", length):
        return HTTPStatus.BAD_REQUEST, None
    if int(length) > BODY:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, None
    return HTTPStatus.OK, account


class WebhookServer:
    """Listens in a thread of its own, from `start` to `stop`.

    Args:
        host, port: where; port 0 for any free one.
        path: below which each account has an address of its own.
        tokens: by account; a call for an account has to bring its token.
        least: seconds between two rings of one bell; what comes meanwhile is one ring at their end.
    """

    def __init__(
        self, host: str, port: int, path: str, tokens: Mapping[str, SecretStr], *, least: float
    ) -> None:
        self._host, self.port = host, port
        self._path, self._tokens, self._least = path.rstrip("/"), tokens, least
        self._ring: Callable[[str], None] = lambda account: None
        self._thread = threading.Thread(target=self._live, name="webhooks", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        # On the loop only:
        self._open = 0
        self._rung: dict[str, float] = {}
        self._due: set[str] = set()
        self._refused, self._told = 0, float("-inf")

    def start(self, ring: Callable[[str], None]) -> None:
        """Begin to listen.

        Args:
            ring: called with an account's name, in the receiver's thread: there may be news.
        Raises:
            OSError: it cannot listen there.
        """
        self._ring = ring
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Listen no more, and drop every connection. Does nothing if it never started."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    # ------------------------------------------------------------------ in its thread
    def _live(self) -> None:
        try:
            asyncio.run(self._listen())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _listen(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, self._host, self.port, limit=HEAD)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()  # connections that are still open are tasks, cancelled with the loop

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= AT_ONCE:
                async with asyncio.timeout(PATIENCE):
                    await self._answer(reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # it left, or does not get on
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            call = read_head(await reader.readuntil(b"\r\n\r\n"))
            status, account = judge(call, self._path, self._tokens)
        except asyncio.LimitOverrunError:
            call, status, account = None, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, None
        if account is not None and call is not None:
            self._rings(account)
            if call.headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await _leave_unread(reader, call)
        else:
            self._note_refusal(status)
        challenge = f"WWW-Authenticate: {TOKEN_HEADER}\r\n" if status == HTTPStatus.UNAUTHORIZED else ""
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{challenge}Content-Length: 0\r\nConnection: close"
        writer.write(f"{head}\r\n\r\n".encode())
        await writer.drain()
        if account is None:
            await _linger(reader, writer)

    def _rings(self, account: str) -> None:
        """Ring now, or once at the end of the pause after the last ring: a flood is a few rings."""
        assert self._loop is not None
        now = self._loop.time()
        due = self._rung.get(account, float("-inf")) + self._least
        if now >= due:
            self._rung[account] = now
            self._ring(account)
        elif account not in self._due:
            self._due.add(account)
            self._loop.call_at(due, self._rings_late, account)

    def _rings_late(self, account: str) -> None:
        assert self._loop is not None
        self._due.discard(account)
        self._rung[account] = self._loop.time()
        self._ring(account)

    def _note_refusal(self, status: HTTPStatus) -> None:
        assert self._loop is not None
        self._refused += 1
        if self._loop.time() - self._told >= QUIET:
            logger.warning("webhook.refused", status=status.value, calls=self._refused)
            self._refused, self._told = 0, self._loop.time()


async def _leave_unread(reader: asyncio.StreamReader, call: Call) -> None:
    """Take the body off the connection; what it says does not matter."""
    if not call.is_chunked:
        await reader.readexactly(int(call.headers.get("content-length", "0")))
        return
    taken, tail = 0, b""
    while taken <= BODY and not tail.endswith(b"0\r\n\r\n") and (piece := await reader.read(HEAD)):
        taken += len(piece)
        tail = (tail + piece)[-5:]


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read on for a moment: closing with unread bytes would take the answer away from its reader."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            writer.write_eof()
            while await reader.read(HEAD):
                pass
