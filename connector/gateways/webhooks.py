"""The webhooks of an account at an approved platform (XP Z12-013 Flow 1.2.0, `/v1/webhooks`).

Earlier versions have none. Nothing here decides on the truth of anything: see `connector.webhook`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from connector.gateways import afnor_answers
from connector.gateways.base import ReadFailed
from connector.gateways.body import BytesBody
from connector.gateways.channel import Channel
from connector.gateways.exchange import Exchange, Request
from connector.gateways.fields import text
from connector.webhook import BasicLogin, OAuthLogin, Subscription, Webhook

MOST = 200  # webhooks that are read one by one


class Hooks(Protocol):
    """What a kind of platform has of webhooks; every method raises `ReadFailed` without a usable answer."""

    async def all(self) -> tuple[Webhook, ...]:
        """Every one that the account has there."""

    async def create(self, subscription: Subscription) -> str:
        """One more; its id."""

    async def change(self, webhook_id: str, subscription: Subscription) -> None:
        """Give one the headers, authentication and signature of `subscription`."""

    async def remove(self, webhook_id: str) -> None:
        """One less."""


class Webhooks:
    """Used on the event loop only. All of it raises `ReadFailed` when there is no usable answer.

    Args:
        base: URL of the Flow Service.
        headers: of every call, the company's among them.
        channel: the account's way to the platform.
    """

    def __init__(self, base: str, headers: Mapping[str, str], channel: Channel) -> None:
        self._url = f"{base.rstrip('/')}/v1/webhooks"
        self._headers, self._channel = dict(headers), channel

    async def ids(self) -> tuple[str, ...]:
        """`GET /v1/webhooks`: those of the token's owner."""
        answer = (await self._ask("GET", "", good=200, what="webhooks")).json()
        listed = answer.get("webhookIds") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            raise ReadFailed("unreadable-answer", "webhooks: the answer lists none")
        return tuple(webhook_id for entry in listed if (webhook_id := text(entry)))

    async def get(self, webhook_id: str) -> Webhook:
        """`GET /v1/webhooks/{webhookUid}`."""
        what = f"webhook {webhook_id}"
        answer = (await self._ask("GET", webhook_id, good=200, what=what)).json()
        if not isinstance(answer, dict):
            raise ReadFailed("unreadable-answer", f"{what}: the answer is none")
        return webhook_of(webhook_id, answer)

    async def all(self) -> tuple[Webhook, ...]:
        """Every one of them; one that is removed meanwhile is left out."""
        found, ids = [], await self.ids()
        if len(ids) > MOST:
            raise ReadFailed("too-many-webhooks", f"webhooks: more than {MOST}", is_final=True)
        for webhook_id in ids:
            try:
                found.append(await self.get(webhook_id))
            except ReadFailed as failure:
                if failure.reason != "not-found":
                    raise
        return tuple(found)

    async def create(self, subscription: Subscription) -> str:
        """`POST /v1/webhooks`; the id of the new one."""
        body = {"callback": callback_of(subscription), "metadata": _metadata_of(subscription)}
        answer = (await self._ask("POST", "", body, good=201, what="webhook")).json()
        webhook_id = text(answer.get("webhookId")) if isinstance(answer, dict) else None
        if webhook_id is None:
            raise ReadFailed("unreadable-answer", "webhook: the answer names none")
        return webhook_id

    async def change(self, webhook_id: str, subscription: Subscription) -> None:
        """`PATCH`: only headers, authentication and signature can be changed."""
        changed = callback_of(subscription)
        del changed["url"]
        await self._ask("PATCH", webhook_id, changed, good=204, what=f"webhook {webhook_id}")

    async def remove(self, webhook_id: str) -> None:
        """`DELETE`."""
        await self._ask("DELETE", webhook_id, good=204, what=f"webhook {webhook_id}")

    async def _ask(
        self, method: str, webhook_id: str, body: dict[str, Any] | None = None, *, good: int, what: str
    ) -> Exchange:
        url = f"{self._url}/{quote(webhook_id, safe='')}" if webhook_id else self._url
        content = None if body is None else BytesBody(json.dumps(body).encode(), "application/json")
        request = Request(method=method, url=url, headers=self._headers, body=content, limit=1024 * 1024)
        exchange = await self._channel.ask(request)
        if exchange.trouble is None and exchange.status in (good, 200):
            return exchange
        raise _failure(exchange, what)


def _failure(exchange: Exchange, what: str) -> ReadFailed:
    """Why it was not done; what is wrong with the question itself is said to be final."""
    if exchange.status == 404:
        return ReadFailed(
            "not-found", f"{what}: the platform has none of this id, or no webhooks", is_final=True
        )
    failure = afnor_answers.read_failure(exchange, what)
    if failure is None:
        return ReadFailed("unexpected-status", f"{what}: HTTP {exchange.status}")
    if failure.reason in ("bad-question", "no-such-service"):
        return ReadFailed(failure.reason, str(failure), is_final=True)
    return failure


# --------------------------------------------------------------------------- as JSON
def callback_of(subscription: Subscription) -> dict[str, Any]:
    """`callback` of a webhook: where to call, and with which secrets."""
    callback: dict[str, Any] = {"url": subscription.url}
    if subscription.headers:
        callback["headers"] = [
            {"headerName": name, "headerValue": value} for name, value in subscription.headers
        ]
    match subscription.login:
        case BasicLogin(user=user, password=password):
            callback["authentication"] = {"authType": "BASIC", "userId": user, "userPassword": password}
        case OAuthLogin(token_url=token_url, client_id=client_id, client_secret=secret):
            callback["authentication"] = {
                "authType": "OAUTH2",
                "tokenUrl": token_url,
                "clientId": client_id,
                "clientSecret": secret,
            }
    if subscription.signature:
        signature = subscription.signature
        callback["signature"] = {"algo": signature.algorithm, "key": signature.key}
    return callback


def _metadata_of(subscription: Subscription) -> dict[str, str]:
    metadata = {
        "flowType": subscription.flow_type,
        "flowDirection": subscription.direction,
        "processingRule": subscription.processing_rule,
        "ackStatus": subscription.ack_status,
    }
    return {name: value for name, value in metadata.items() if value is not None}


def webhook_of(webhook_id: str, answer: Mapping[str, Any]) -> Webhook:
    """A `Webhook` as it is told, read leniently; its secrets are not kept."""
    callback, metadata = _object(answer.get("callback")), _object(answer.get("metadata"))
    headers = callback.get("headers")
    names = [text(_object(entry).get("headerName")) for entry in headers] if isinstance(headers, list) else []
    return Webhook(
        id=webhook_id,
        url=text(callback.get("url")) or "",
        flow_type=text(metadata.get("flowType")),
        direction=text(metadata.get("flowDirection")),
        header_names=tuple(name for name in names if name),
        has_login=bool(callback.get("authentication")),
        has_signature=bool(callback.get("signature")),
        processing_rule=text(metadata.get("processingRule")),
        ack_status=text(metadata.get("ackStatus")),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
