"""HTTP, and the only import of an HTTP library in the project: a `Request` goes in, an `Exchange` comes out.

The client is httpx over aiohttp (`httpx-aiohttp`): httpx' own pool costs O(connections²) a request. What
this transport does was read and is proved in tests/integration/test_gateways_http.py:

* its exceptions do not say whether the document left. A connection that the server closed after it took
  the whole POST comes up as `httpx.ConnectTimeout`, garbage as a bare `aiohttp.ClientResponseError`. So
  no exception is trusted; `Body.started` is. The body is asked for only once a connection stands, TLS and
  a proxy's CONNECT included;
* aiohttp repeats idempotent requests on a stale connection, never a POST;
* it takes no proxy from the environment here, so we look that up; and cookies are refused.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator, Sequence
from functools import cache
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from connector.gateways.draft import AnswerTooLong
from connector.gateways.exchange import Body, Exchange, Request, Trouble
from connector.settings import Timeouts

# Servers commonly close an idle connection after 5 s. We leave first, and lose no answer to that race (H21).
KEEP_ALIVE = 2.5
_NETWORK_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    aiohttp.ClientError,
    OSError,
    ValueError,
)


class _Stream(httpx.AsyncByteStream):
    """Our body in httpx' clothes; keeps the error of reading it, which the transport would bury."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.failure: OSError | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._body.pieces():
                yield piece
        except OSError as failure:
            self.failure = failure
            raise


class HttpSession:
    """Connections to the hosts of one account. Built and used on the event loop only.

    Args:
        timeouts: of each part of a request, and of all of it.
        connections: at most so many at once.
        urls: where requests will go, to look up their proxies (`HTTPS_PROXY`, `NO_PROXY` …) once.
        request_id: the header that names each request.
        reuse: a connection serves several requests; a server may close it just when the next one leaves.
        tls: whom to trust; by default what the machine's administrator trusts, beside the public authorities.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        connections: int,
        urls: Sequence[str],
        request_id: str = "Request-Id",
        reuse: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._total = timeouts.total
        self._request_id = request_id
        self._timeout = httpx.Timeout(
            connect=timeouts.connect, read=timeouts.read, write=timeouts.write, pool=timeouts.pool
        )
        self._reuse = reuse
        tls = tls or trusted()
        self._direct = self._transport(tls, connections, None)
        self._through_proxy = {
            _host_of(url): self._transport(tls, connections, proxy)
            for url in urls
            if (proxy := _proxy_of(url))
        }

    def _transport(
        self, tls: ssl.SSLContext, connections: int, proxy: httpx.Proxy | None
    ) -> AiohttpTransport:
        def session() -> aiohttp.ClientSession:
            connector = (
                aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE, ssl=tls)
                if self._reuse
                else aiohttp.TCPConnector(limit=connections, force_close=True, ssl=tls)
            )
            return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

        return AiohttpTransport(verify=tls, proxy=proxy, client=session)

    async def exchange(self, request: Request, authorization: str | None = None) -> Exchange:
        """Send one request once. Never raises for anything the network, the server or the spool does."""
        request_id = str(uuid.uuid4())
        started = time.monotonic()
        answer = _Answer(request, self._request_id, request_id, authorization)
        try:
            async with asyncio.timeout(self._total):
                await answer.fetch(self._way_to(request.url), self._timeout)
        except (*_NETWORK_ERRORS, AnswerTooLong) as error:
            answer.failed(error)
        finally:
            if request.body is not None:
                request.body.close()
        return answer.exchange(int((time.monotonic() - started) * 1000))

    async def close(self) -> None:
        """Close every connection."""
        for transport in (self._direct, *self._through_proxy.values()):
            await transport.aclose()

    def _way_to(self, url: str) -> AiohttpTransport:
        # The transport itself and not a client around it: redirects, cookies and authentication are not to be
        # handled for us, and that handling costs as much as the exchange.
        return self._through_proxy.get(_host_of(url), self._direct) if self._through_proxy else self._direct


class _Answer:
    """What has come of one request so far, so that nothing of it is lost when it breaks off."""

    def __init__(self, request: Request, header: str, request_id: str, authorization: str | None) -> None:
        self._request = request
        self._header, self._id = header, request_id
        self._authorization = authorization
        self._stream = _Stream(request.body) if request.body else None
        self._response: httpx.Response | None = None
        self._read = bytearray()
        self._trouble: Trouble | None = None
        self._detail = ""

    def _built(self, timeout: httpx.Timeout) -> httpx.Request:
        headers = httpx.Headers(
            {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "connector"}
        )
        headers.update(self._request.headers)
        headers[self._header] = self._id
        if self._authorization:
            headers["Authorization"] = self._authorization
        if body := self._request.body:
            headers.update({"Content-Type": body.content_type, "Content-Length": str(body.length)})
        extensions = {"timeout": timeout.as_dict()}
        return httpx.Request(
            self._request.method,
            self._request.url,
            headers=headers,
            stream=self._stream,
            extensions=extensions,
        )

    async def fetch(self, transport: AiohttpTransport, timeout: httpx.Timeout) -> None:
        if self._request.body:
            self._request.body.started = self._request.body.finished = False
        self._response = await transport.handle_async_request(self._built(timeout))
        sink = self._request.sink if self._response.status_code == 200 else None
        try:
            if sink is not None:
                sink.begin()
            async for piece in self._response.aiter_bytes():
                if sink is not None:
                    sink.write(piece)
                else:
                    self._remember(piece)
        finally:
            await self._response.aclose()

    def _remember(self, piece: bytes) -> None:
        self._read += piece
        if len(self._read) > self._request.limit:
            raise AnswerTooLong(f"more than {self._request.limit} bytes of answer")

    def failed(self, error: Exception) -> None:
        body = self._request.body
        self._detail = f"{type(error.__cause__ or error).__name__}: {error}"
        sink = self._request.sink
        if failure := (self._stream and self._stream.failure) or (sink and sink.failure):
            self._trouble, self._detail = Trouble.SPOOL, str(failure)
        elif isinstance(error, AnswerTooLong):
            self._trouble = Trouble.TOO_LONG
        elif _timed_out(error):
            self._trouble = Trouble.TIMEOUT
        elif self._response is None and not (body and body.started):
            self._trouble = Trouble.CONNECT
        elif body and not body.finished:
            self._trouble = Trouble.WRITE
        else:
            self._trouble = Trouble.READ

    def exchange(self, elapsed_ms: int) -> Exchange:
        response = self._response
        return Exchange(
            body_started=bool(self._request.body and self._request.body.started),
            request_id=self._id,
            status=response.status_code if response is not None else None,
            headers={name.lower(): value for name, value in response.headers.items()}
            if response is not None
            else {},
            body=bytes(self._read),
            complete=response is not None and self._trouble is None,
            trouble=self._trouble,
            detail=self._detail,
            elapsed_ms=elapsed_ms,
        )


@cache
def trusted() -> ssl.SSLContext:
    """Trust in the public authorities and in those of the machine. Read once: that takes 40 ms."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _timed_out(error: Exception) -> bool:
    """Whether time was up; httpx' own timeout classes cannot be asked (see the module's text)."""
    return isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError)


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _proxy_of(url: str) -> httpx.Proxy | None:
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named or urllib.request.proxy_bypass(parts.netloc):
        return None
    return httpx.Proxy(named if "://" in named else f"http://{named}")
