"""One account's way to its platform: connections, token, rate, and the pauses the platform asks for."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Protocol

from loguru import logger
from pydantic import SecretStr

from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange, Request
from connector.gateways.gate import Gate
from connector.gateways.http import HttpSession
from connector.gateways.oauth import Credentials, Tokens, TokenUnavailable
from connector.model import NotSent, SubmitAnswer, Unknown
from connector.settings import Account, Timeouts

# Beside the documents in flight: a token request, a poll and a look-up find a connection at once.
_SPARE_CONNECTIONS = 4


class Session(Protocol):
    """Connections to the hosts of one account, as `http.HttpSession` has them."""

    async def exchange(self, request: Request, authorization: str | None = None) -> Exchange:
        """Send one request once. Never raises for anything the network, the server or the spool does."""

    async def close(self) -> None:
        """Close every connection."""


OpenSession = Callable[[Timeouts, int, Sequence[str], str, bool], Session]


class Channel:
    """Built and used on the event loop only.

    Args:
        account: its settings.
        secret: its client secret.
        gate: of this account.
        session: makes the connections, from what `HttpSession` takes.
    """

    def __init__(
        self, account: Account, secret: SecretStr, gate: Gate, session: OpenSession = HttpSession
    ) -> None:
        urls = (str(account.base_url), str(account.token_url))
        connections = account.max_in_flight + _SPARE_CONNECTIONS
        # XP Z12-013 renamed the header between Flow 1.1.0 and 1.2.0.
        request_id = "X-Request-Id" if account.api_version == "1.1" else "Request-Id"
        # Where a deposit in doubt has to wait for a person, none may come into doubt by a connection that the
        # other end has closed meanwhile: each request has one of its own.
        reuse = account.gateway != "chorus-pro"
        self._session = session(account.timeouts, connections, urls, request_id, reuse)
        self._gate = gate
        credentials = Credentials(
            token_url=str(account.token_url),
            client_id=account.client_id,
            client_secret=secret,
            style=account.token_auth,
            scope=account.scope,
        )
        self._tokens = Tokens(credentials, self._session.exchange)

    async def exchange(self, request: Request, *, paced: bool = True, aside: bool = False) -> Exchange:
        """Send a request with a token; once more with a fresh token after a 401, which proves "not taken".

        Args:
            request: without credentials.
            paced: take a turn of the account's rate first; False when the caller has taken it.
            aside: of another service than the deposits': when it wants silence, these go on.
        Raises:
            TokenUnavailable: nothing was sent, or only what a 401 answered.
        """
        if paced:
            await self._gate.turn()
        token = await self._tokens.get()
        exchange = await self._session.exchange(request, token.authorization)
        if exchange.status == 401:
            self._tokens.drop(token)
            token = await self._tokens.get()
            exchange = await self._session.exchange(request, token.authorization)
            if exchange.status == 401:
                self._tokens.drop(token)
        wants_silence = exchange.status == 503 and exchange.retry_after is not None
        if not aside and (exchange.status == 429 or wants_silence):
            self._gate.throttle(exchange.retry_after)
        return exchange

    async def ask(self, request: Request, *, aside: bool = False) -> Exchange:
        """Send a question.

        Args:
            aside: as of `exchange`.
        Raises:
            ReadFailed: there is no token to ask with.
        """
        try:
            return await self.exchange(request, aside=aside)
        except TokenUnavailable as failure:
            words = f"token: HTTP {failure.trace.http_status or '-'} {failure.trace.body[:300]}".rstrip()
            raise ReadFailed(
                failure.reason, words, authentication=failure.refused, stops_account=failure.refused
            ) from None

    async def deposit(
        self, job: str, build: Callable[[], Request], meaning: Callable[[Exchange], SubmitAnswer]
    ) -> SubmitAnswer:
        """Send a document once. Whatever happens, the answer is right about whether it may have arrived.

        Args:
            job: whose document, for the log.
            build: makes the request; the caller has taken a turn of the rate.
            meaning: what an exchange says of the document.
        """
        request: Request | None = None
        try:
            request = build()
            return meaning(await self.exchange(request, paced=False))
        except TokenUnavailable as failure:
            return NotSent(
                reason=failure.reason,
                retry_after=failure.retry_after,
                stops_account=failure.refused,
                trace=failure.trace,
            )
        except Exception as bug:  # noqa: BLE001 - the parcel must be answered all the same, and rightly so
            # As text: loguru would print the values of local variables, tokens among them.
            logger.error("{}: submitting failed\n{}", job, "".join(traceback.format_exception(bug)))
            if request is not None and request.body is not None and request.body.started:
                return Unknown(reason="internal")
            return NotSent(reason="internal")

    async def close(self) -> None:
        await self._session.close()
