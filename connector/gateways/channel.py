"""One account's way to its platform: connections, token, rate, and the pauses the platform asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pydantic import SecretStr

from connector.gateways.exchange import Exchange, Request
from connector.gateways.gate import Gate
from connector.gateways.http import HttpSession
from connector.gateways.oauth import Credentials, Tokens
from connector.settings import Account, Timeouts

# Beside the documents in flight: a token request, a poll and a look-up find a connection at once.
_SPARE_CONNECTIONS = 4


class Session(Protocol):
    """Connections to the hosts of one account, as `http.HttpSession` has them."""

    async def exchange(self, request: Request, authorization: str | None = None) -> Exchange:
        """Send one request once. Never raises for anything the network, the server or the spool does."""

    async def close(self) -> None:
        """Close every connection."""


OpenSession = Callable[[Timeouts, int, Sequence[str]], Session]


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
        self._session = session(account.timeouts, account.max_in_flight + _SPARE_CONNECTIONS, urls)
        self._gate = gate
        credentials = Credentials(
            token_url=str(account.token_url),
            client_id=account.client_id,
            client_secret=secret,
            style=account.token_auth,
            scope=account.scope,
        )
        self._tokens = Tokens(credentials, self._session.exchange)

    async def exchange(self, request: Request, *, paced: bool = True) -> Exchange:
        """Send a request with a token; once more with a fresh token after a 401, which proves "not taken".

        Args:
            request: without credentials.
            paced: take a turn of the account's rate first; False when the caller has taken it.
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
        if exchange.status == 429 or (exchange.status == 503 and exchange.retry_after is not None):
            self._gate.throttle(exchange.retry_after)
        return exchange

    async def close(self) -> None:
        await self._session.close()
