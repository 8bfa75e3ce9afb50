"""The gateways for code without an event loop: the same questions and answers, each awaited here.

with sync.connect(account, secrets) as gateway:
    print(gateway.health())
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from connector.directory import Address, DirectoryLine
from connector.gateways import opening
from connector.gateways.client import Client
from connector.gateways.gate import Snapshot
from connector.gateways.loop import EventLoop
from connector.gateways.opening import Secrets
from connector.model import (
    Fetched,
    FetchFailed,
    FetchKind,
    FlowReport,
    Health,
    LookupAnswer,
    Parcel,
    PollPage,
    SubmitAnswer,
)
from connector.settings import Account
from connector.standing import Standing
from connector.webhook import Subscription, Webhook

__all__ = ["BlockingClient", "connect"]


class BlockingClient:
    """A `Client` whose methods wait for their answers. From any thread but the loop's own, several at once.

    Args:
        loop: on which the client lives.
        client: of one account.
    """

    def __init__(self, loop: EventLoop, client: Client) -> None:
        self._loop = loop
        self._client = client

    @property
    def account(self) -> str:
        """Its name."""
        return self._client.account

    def snapshot(self) -> Snapshot:
        """How the account stands now."""
        return self._client.snapshot()

    def standing(self) -> Standing:
        """The same in words that outlive this process."""
        return self._client.standing()

    # ------------------------------------------------------------------ documents
    def submit(self, parcel: Parcel) -> SubmitAnswer:
        """See `Client.submit`."""
        return self._loop.run(self._client.submit(parcel))

    def lookup(self, parcel: Parcel) -> LookupAnswer:
        """See `Client.lookup`."""
        return self._loop.run(self._client.lookup(parcel))

    def look_up(self, parcels: Sequence[Parcel]) -> list[tuple[str, LookupAnswer]]:
        """See `Client.look_up`."""
        return self._loop.run(self._client.look_up(parcels))

    # ------------------------------------------------------------------ questions
    def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """See `Client.poll`."""
        return self._loop.run(self._client.poll(cursor, since, overlap))

    def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """See `Client.acknowledgement`."""
        return self._loop.run(self._client.acknowledgement(flow_id))

    def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """See `Client.fetch`."""
        return self._loop.run(self._client.fetch(flow_id, kind, target, limit))

    def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """See `Client.find_recipient`."""
        return self._loop.run(self._client.find_recipient(wanted))

    def health(self) -> Health:
        """See `Client.health`."""
        return self._loop.run(self._client.health())

    def examine(self) -> Health:
        """See `Client.examine`."""
        return self._loop.run(self._client.examine())

    # ------------------------------------------------------------------ webhooks
    def webhooks(self) -> tuple[Webhook, ...]:
        """See `Client.webhooks`."""
        return self._loop.run(self._client.webhooks())

    def add_webhook(self, subscription: Subscription) -> str:
        """See `Client.add_webhook`."""
        return self._loop.run(self._client.add_webhook(subscription))

    def change_webhook(self, webhook_id: str, subscription: Subscription) -> None:
        """See `Client.change_webhook`."""
        self._loop.run(self._client.change_webhook(webhook_id, subscription))

    def remove_webhook(self, webhook_id: str) -> None:
        """See `Client.remove_webhook`."""
        self._loop.run(self._client.remove_webhook(webhook_id))


@contextmanager
def connect(
    account: Account, secrets: Secrets, *, standing: Standing | None = None, language: str = "fr"
) -> Iterator[BlockingClient]:
    """One account, with an event loop of its own; both are closed at the end of the block.

    Args:
        account, secrets, standing, language: as of `connector.gateways.connect`.
    Raises:
        ConfigurationError: a secret that the account needs is not given.
    """
    loop = EventLoop()
    try:

        async def opened() -> Client:
            return opening.client_of(account, secrets, standing=standing, language=language)

        client = loop.run(opened())
        try:
            yield BlockingClient(loop, client)
        finally:
            loop.run(client.close())
    finally:
        loop.close()
