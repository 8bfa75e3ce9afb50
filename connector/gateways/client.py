"""One account on an event loop: a gateway behind the account's limits, its breaker and its stops.

What runs here is asynchronous, and for one event loop only. `front` is the way in for threads.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from loguru import logger

from connector.directory import Address, DirectoryLine
from connector.errors import AuthenticationFailed, NotOffered, PlatformUnavailable
from connector.gateways.base import Gateway, ReadFailed
from connector.gateways.gate import Gate, Snapshot
from connector.gateways.ppf import PpfGateway
from connector.gateways.webhooks import Hooks
from connector.model import (
    Fetched,
    FetchFailed,
    FetchKind,
    FlowReport,
    Health,
    Inconclusive,
    LookupAnswer,
    Parcel,
    PollPage,
    SubmitAnswer,
    Unknown,
)
from connector.standing import Standing
from connector.webhook import Subscription, Webhook

Result = TypeVar("Result")
_NO_FLOW = (
    "connector-doctor"  # a flow that no platform has: asking for it needs every right and changes nothing
)
_LOCKED_OUT = frozenset({"unauthorized", "token-refused"})  # nothing at all works without credentials
_IN_TROUBLE = frozenset({"connect", "timeout", "read", "write", "server-error", "token"})


class Client:
    """One account. For an `async with`, which closes it.

    Questions raise `PlatformUnavailable` (asking later may help), `AuthenticationFailed` (the platform does
    not let us in) or `NotOffered` (it has no such service, or refuses the question). `submit` and `lookup`
    never raise for what the network or the platform does: what became of a document is their answer.

    Args:
        gate: of this account.
        gateway: of this account.
        webhooks: of this account; None: its platform has none.
    """

    def __init__(self, gate: Gate, gateway: Gateway, webhooks: Hooks | None = None) -> None:
        self._gate = gate
        self._gateway = gateway
        self._webhooks = webhooks

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def account(self) -> str:
        """Its name."""
        return self._gate.account

    def snapshot(self) -> Snapshot:
        """How the account stands now."""
        return self._gate.snapshot()

    def standing(self) -> Standing:
        """The same in words that outlive this process."""
        return self._gate.standing()

    # ------------------------------------------------------------------ documents
    async def submit(self, parcel: Parcel, begins: Callable[[], None] = lambda: None) -> SubmitAnswer:
        """Hand one document over, once, as soon as the account's limits allow.

        Only `NotSent` says that it may be sent again; after `Unknown` a `lookup` has to answer first.

        Args:
            begins: called before the first byte could leave: broken off earlier, it is certainly not sent.
        """
        async with self._gate.place():
            if not self._gate.closing:
                await self._gate.turn()
            if (refused := self._gate.admit()) is not None:
                return refused
            begins()
            return await self._submit(parcel)

    async def _submit(self, parcel: Parcel) -> SubmitAnswer:
        try:
            answer = await self._gateway.submit(parcel)
        except asyncio.CancelledError:  # it may have arrived; of the platform that says nothing
            self._gate.give_up()
            raise
        except Exception as bug:  # noqa: BLE001 - every parcel is answered; here nothing proves "not sent"
            _log_bug(parcel, bug)
            answer = Unknown(reason="internal")
        self._gate.note(answer)
        return answer

    async def lookup(self, parcel: Parcel) -> LookupAnswer:
        """Ask whether the platform has a document that was, or may have been, handed over."""
        ((_, answer),) = await self.look_up([parcel])
        return answer

    async def look_up(self, parcels: Sequence[Parcel]) -> list[tuple[str, LookupAnswer]]:
        """Ask for these at once, as far as the account's limits allow: (job of the parcel, answer)."""
        await self.probe_if_due()
        trouble: list[Inconclusive] = []  # once the platform is in trouble, the rest need not find it out too
        answers = await asyncio.gather(*(self._find(parcel, trouble) for parcel in parcels))
        return [(parcel.job, answer) for parcel, answer in zip(parcels, answers, strict=True)]

    async def _find(self, parcel: Parcel, trouble: list[Inconclusive]) -> LookupAnswer:
        async with self._gate.place():
            if trouble:
                return trouble[0]
            if (closed := self.closed_to_reads()) is not None:
                return Inconclusive(reason=closed.reason)
            try:
                answer = await self._gateway.lookup(parcel)
            except Exception as bug:  # noqa: BLE001 - one look-up must not take the others down with it
                _log_bug(parcel, bug)
                return Inconclusive(reason="internal")
        if not isinstance(answer, Inconclusive):
            self._gate.alive()
        elif answer.reason in _LOCKED_OUT:
            self._gate.stop(answer.reason)
        elif answer.reason in _IN_TROUBLE:
            trouble.append(answer)
        return answer

    # ------------------------------------------------------------------ questions
    async def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """Flows changed since the cursor less `overlap` seconds, or since `since` without a cursor.

        The cursor is opaque; keep it once the page is recorded. While `more`, it holds where to go on.
        """
        return await self._asked(lambda: self._gateway.poll(cursor, since, overlap))

    async def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """What the platform says of one flow; None when it does not know it."""
        return await self._asked(lambda: self._gateway.acknowledgement(flow_id))

    async def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """Have what the platform holds of a flow written to `target`; see `ports.Platform`."""
        return await self._asked(lambda: self._gateway.fetch(flow_id, kind, target, limit))

    async def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """What the directory behind the account says of a recipient."""
        return await self._asked(lambda: self._gateway.find_recipient(wanted))

    # ------------------------------------------------------------------ webhooks
    async def webhooks(self) -> tuple[Webhook, ...]:
        """The webhooks that this account has at its platform."""
        return await self._asked(lambda: self._subscribed().all())

    async def add_webhook(self, subscription: Subscription) -> str:
        """Have one more webhook; its id."""
        return await self._asked(lambda: self._subscribed().create(subscription))

    async def change_webhook(self, webhook_id: str, subscription: Subscription) -> None:
        """Give a webhook the headers, authentication and signature of `subscription`; the rest stays."""
        await self._asked(lambda: self._subscribed().change(webhook_id, subscription))

    async def remove_webhook(self, webhook_id: str) -> None:
        """Have a webhook no more."""
        await self._asked(lambda: self._subscribed().remove(webhook_id))

    def _subscribed(self) -> Hooks:
        if self._webhooks is None:
            raise ReadFailed(
                "no-webhooks", "the platform has no webhooks (XP Z12-013 Flow 1.2)", is_final=True
            )
        return self._webhooks

    # ------------------------------------------------------------------ what one platform alone has
    @property
    def portal(self) -> PpfGateway:
        """The client of the public portal itself: its directory to search and to write (`annuaire`).

        Raises:
            NotOffered: the account is at another platform.
        """
        if not isinstance(self._gateway, PpfGateway):
            words = f"account {self.account}: only the public portal has this"
            raise NotOffered(words, reason="no-such-service")
        return self._gateway

    # ------------------------------------------------------------------ health
    async def health(self) -> Health:
        """Ask now, whatever is known. A good answer lets a stopped account go on."""
        good = False
        try:
            async with self._gate.place():
                health = await self._gateway.health()
            good = health.up
            if good:
                self._gate.alive()
        finally:
            self._gate.probed(good)
        return health

    async def examine(self) -> Health:
        """Ask now for a token, for the platform's health, and a harmless question that needs our rights."""
        health = await self._gateway.health()
        if not health.up:
            return health
        try:
            await self._gateway.acknowledgement(_NO_FLOW)
        except ReadFailed as failure:
            return Health(up=False, reason=failure.reason)
        return health

    async def probe_if_due(self) -> None:
        """Try a stopped account again, with a question and never with a document."""
        if self._gate.begin_probe():
            await self.health()

    # ------------------------------------------------------------------ inside
    def closed_to_reads(self) -> ReadFailed | None:
        """Why not even a question is asked: the platform does not let us in, or wants silence."""
        stop = self._gate.pace.stopped
        if stop is not None and stop in _LOCKED_OUT:
            return ReadFailed(stop, f"stopped ({stop}), tried again later", authentication=True)
        if pause := self._gate.paused():
            return ReadFailed("rate", f"the platform asked to wait {pause:.0f} s more")
        return None

    async def _asked(self, question: Callable[[], Awaitable[Result]]) -> Result:
        await self.probe_if_due()
        try:
            if (closed := self.closed_to_reads()) is not None:
                raise closed
            async with self._gate.place():
                answer = await question()
        except ReadFailed as failure:
            if failure.stops_account:
                self._gate.stop(failure.reason)
            raise _public(failure, self.account) from None
        self._gate.alive()
        return answer

    async def close(self) -> None:
        """Let nothing more out, and close the connections."""
        self._gate.closing = True
        await self._gateway.close()


def _public(failure: ReadFailed, account: str) -> AuthenticationFailed | NotOffered | PlatformUnavailable:
    words = f"account {account}: {failure}"
    if failure.authentication:
        return AuthenticationFailed(words, reason=failure.reason)
    if failure.is_final:
        return NotOffered(words, reason=failure.reason)
    return PlatformUnavailable(words, reason=failure.reason)


def _log_bug(parcel: Parcel, bug: Exception) -> None:
    # As text: loguru would print the values of local variables, tokens among them.
    logger.error("{}: a gateway failed\n{}", parcel.job, "".join(traceback.format_exception(bug)))
