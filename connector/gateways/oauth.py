"""Access tokens by OAuth 2.0 client credentials (RFC 6749 §4.4): one an account, fetched once for all.

Not an `httpx.Auth`: there the body of a 401 is read without measure, and trouble of the token endpoint cannot
be told from trouble of the request itself. The secret and the tokens are never logged nor part of an error.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote_plus, urlencode

from pydantic import SecretStr

from connector.gateways.body import BytesBody
from connector.gateways.exchange import Exchange, Request
from connector.model import Trace

TOKEN_ANSWER = 256 * 1024  # bytes
DEFAULT_LIFE = 300.0  # seconds, when the endpoint does not say; a 401 corrects it
MARGIN = 60.0  # seconds before its end at which a token is renewed, or a tenth of its life if that is less


class TokenUnavailable(Exception):
    """No token now; nothing was sent that needed it.

    Args:
        reason: "token" (the endpoint is in trouble) or "token-refused" (it does not accept our credentials).
        refused: the credentials are at fault, so that asking again by itself is useless.
    """

    def __init__(self, reason: str, *, refused: bool, trace: Trace, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refused = refused
        self.trace = trace
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, and when (monotonic seconds) to renew it."""

    value: SecretStr
    renew_at: float

    @property
    def authorization(self) -> str:
        return f"Bearer {self.value.get_secret_value()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Where and how an account gets its tokens."""

    token_url: str
    client_id: str
    client_secret: SecretStr
    style: Literal["basic", "body"] = "basic"
    scope: str | None = None

    def request(self) -> Request:
        """The token request (RFC 6749 §4.4.2; with "basic", id and secret are form-encoded first, §2.3.1)."""
        form = {"grant_type": "client_credentials"}
        headers = {}
        secret = self.client_secret.get_secret_value()
        if self.style == "basic":
            pair = f"{quote_plus(self.client_id)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        else:
            form |= {"client_id": self.client_id, "client_secret": secret}
        if self.scope:
            form["scope"] = self.scope
        body = BytesBody(urlencode(form).encode(), "application/x-www-form-urlencoded")
        return Request(method="POST", url=self.token_url, headers=headers, body=body, limit=TOKEN_ANSWER)


class Tokens:
    """The current token of one account. Used on the event loop only.

    Args:
        credentials: what to ask with.
        send: sends one request, once, without credentials of its own.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        send: Callable[[Request], Awaitable[Exchange]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._send = send
        self._clock = clock
        self._token: Token | None = None
        self._fetching: asyncio.Task[Token] | None = None

    async def get(self) -> Token:
        """A token that is good for a while yet. All who wait share one request, and its failure.

        Raises:
            TokenUnavailable: there is none to be had now.
        """
        if self._token and self._clock() < self._token.renew_at:
            return self._token
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        return await asyncio.shield(self._fetching)  # who gives up waiting does not stop the others

    def drop(self, token: Token) -> None:
        """Forget this token, unless another one has taken its place already."""
        if self._token is token:
            self._token = None

    async def _fetch(self) -> Token:
        exchange = await self._send(self._credentials.request())
        self._token = self._read(exchange)
        return self._token

    def _fetched(self, task: asyncio.Task[Token]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # seen: those who waited have it, and perhaps nobody waits any more

    def _read(self, exchange: Exchange) -> Token:
        answer = exchange.json()
        fields = answer if isinstance(answer, dict) else {}
        value, kind = fields.get("access_token"), fields.get("token_type", "Bearer")
        good = isinstance(value, str) and value.isascii() and value.isprintable() and value.strip() == value
        if exchange.status == 200 and good and value and str(kind).lower() == "bearer":
            life = _seconds(fields.get("expires_in"))
            return Token(value=SecretStr(value), renew_at=self._clock() + life - min(MARGIN, life / 10))
        refused = exchange.status in (401, 403) or (
            exchange.status == 400
            and fields.get("error") in ("invalid_client", "unauthorized_client", "invalid_scope")
        )
        raise TokenUnavailable(
            "token-refused" if refused else "token",
            refused=refused,
            trace=self._clean(exchange),
            retry_after=exchange.retry_after,
        )

    def _clean(self, exchange: Exchange) -> Trace:
        """The trace of a failure, without the secret that an endpoint may echo: traces go to the journal."""
        trace = exchange.trace
        if exchange.status is not None and exchange.status < 300:
            return Trace(
                http_status=trace.http_status, request_id=trace.request_id, elapsed_ms=trace.elapsed_ms
            )
        secret = self._credentials.client_secret.get_secret_value()
        body = trace.body
        for form in {secret, quote_plus(secret)}:
            body = body.replace(form, "***")
        return Trace(
            http_status=trace.http_status, request_id=trace.request_id, body=body, elapsed_ms=trace.elapsed_ms
        )


def _seconds(life: object) -> float:
    """`expires_in` as seconds; some endpoints send a string, some nothing."""
    if not isinstance(life, str | int | float):
        return DEFAULT_LIFE
    try:
        seconds = float(life)
    except (ValueError, OverflowError):
        return DEFAULT_LIFE
    return seconds if 0 < seconds < 10 * 365 * 86400 else DEFAULT_LIFE
