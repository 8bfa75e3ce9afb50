"""Subscriptions to notifications of the public portal, for its asynchronous mode; a part of our model.

A notification says no more than that there is news of a flow. Whoever gets one asks for the flow itself, so
that a lost, late, repeated or forged one changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.gateways import ppf_answers
from connector.gateways.base import ReadFailed
from connector.gateways.body import BytesBody
from connector.gateways.channel import Channel
from connector.gateways.exchange import Request
from connector.gateways.fields import text
from connector.gateways.ppf_flows import EREPORTING, INVOICING
from connector.webhook import TOKEN_HEADER, Webhook
from connector.webhook import Subscription as WantedHook

EVENT = "STATUT_FLUX"  # the status of a flow has changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One subscription, as the portal tells of it."""

    instance: str
    address: str  # URL that is called
    events: tuple[str, ...]


class Subscriptions:
    """Built and used on the event loop only. Every method raises `ReadFailed` without a usable answer.

    Args:
        base_url: of the portal, before the domains.
        version: of its URLs, "v1" or "v2".
        channel: the account's way to the portal.
        headers: sent with every call.
    """

    def __init__(self, base_url: str, version: str, channel: Channel, headers: Mapping[str, str]) -> None:
        self._base, self._version = base_url, version
        self._channel, self._headers = channel, headers

    async def create(self, domain: str, address: str, token: str | None = None) -> str:
        """`POST <domain>/<version>/abonnements`: have an address called when a flow of a domain has news.

        Args:
            domain: `ppf_flows.INVOICING` or `ppf_flows.EREPORTING`.
            address: URL that the portal is to call.
            token: that it is to show there in the header `X-Webhook-Token`; a secret of ours.
        Returns:
            what the subscription is called there.
        """
        asked = {"adresse": address, "evenements": [EVENT]} | ({"jeton": token} if token else {})
        answer = await self._ask("POST", domain, "", asked)
        instance = text(answer.get("idInstance"))
        if instance is None:
            raise ReadFailed("unreadable-answer", "subscription: the answer does not name it")
        return instance

    async def list(self, domain: str) -> tuple[Subscription, ...]:
        """`GET <domain>/<version>/abonnements`."""
        answer = await self._ask("GET", domain, "")
        read = (_subscription(entry) for entry in ppf_answers.entries(answer.get("resultats")))
        return tuple(one for one in read if one is not None)

    async def delete(self, domain: str, instance: str) -> None:
        """`DELETE <domain>/<version>/abonnements/id-instance:<n>`; one that is gone already is as good."""
        await self._ask("DELETE", domain, f"/id-instance:{instance}")

    async def _ask(self, method: str, domain: str, key: str, asked: Any = None) -> Mapping[str, Any]:
        request = Request(
            method=method,
            url=f"{self._base}/{domain}/{self._version}/abonnements{key}",
            headers=self._headers,
            body=None if asked is None else BytesBody(json.dumps(asked).encode(), "application/json"),
        )
        exchange = await self._channel.ask(request)
        gone = method == "DELETE" and exchange.status == 404
        failure = ppf_answers.read_failure(exchange, "subscriptions")
        if failure is not None and exchange.status not in (201, 204) and not gone:
            raise failure
        answer = ppf_answers.said_in(exchange)
        return answer if isinstance(answer, dict) else {}


class PortalHooks:
    """The same in the words of `connector.webhook`: see `webhooks.Hooks`. Ids are `<domain>:<number>`."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    async def all(self) -> tuple[Webhook, ...]:
        """Those of both domains."""
        return tuple(
            [
                Webhook(id=f"{domain}:{one.instance}", url=one.address, flow_type=domain, direction="Out")
                for domain in (INVOICING, EREPORTING)
                for one in await self._subscriptions.list(domain)
            ]
        )

    async def create(self, subscription: WantedHook) -> str:
        """One more for a domain, which stands in the place of a type of flow."""
        domain = subscription.flow_type
        if domain not in (INVOICING, EREPORTING):
            raise ReadFailed("no-such-service", f"the portal has no domain {domain!r}", is_final=True)
        token = dict(subscription.headers).get(TOKEN_HEADER)
        return f"{domain}:{await self._subscriptions.create(domain, subscription.url, token)}"

    async def change(self, webhook_id: str, subscription: WantedHook) -> None:
        """The portal cannot."""
        raise ReadFailed("no-such-service", "the portal changes no subscription", is_final=True)

    async def remove(self, webhook_id: str) -> None:
        """One less."""
        domain, _, instance = webhook_id.partition(":")
        await self._subscriptions.delete(domain, instance)


def _subscription(entry: Mapping[str, Any]) -> Subscription | None:
    instance, address = text(entry.get("idInstance")), text(entry.get("adresse"))
    if instance is None or address is None:
        return None
    listed = entry.get("evenements")
    events = listed if isinstance(listed, list) else [listed]
    return Subscription(
        instance=instance, address=address, events=tuple(word for one in events if (word := text(one)))
    )
