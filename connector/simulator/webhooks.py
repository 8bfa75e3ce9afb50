"""Webhooks of a simulated platform (XP Z12-013 Flow 1.2.0): kept, told again, and called when a test says so.

Requests are read strictly. Only receivers on this machine are called, whatever address was given.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import threading
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError

from connector.simulator.answers import Answer, answer_json
from connector.simulator.contract import Refusal
from connector.simulator.flows import Flow
from connector.webhook import TOKEN_HEADER

FlowType = Literal[
    "CustomerInvoice",
    "SupplierInvoice",
    "StateInvoice",
    "CustomerInvoiceLC",
    "SupplierInvoiceLC",
    "StateCustomerInvoiceLC",
    "StateSupplierInvoiceLC",
    "AggregatedCustomerTransactionReport",
    "UnitaryCustomerTransactionReport",
    "UnitarySupplierTransactionReport",
    "AggregatedCustomerPaymentReport",
    "UnitaryCustomerPaymentReport",
    "MultiFlowReport",
]
ProcessingRule = Literal[
    "B2B", "B2BInt", "B2C", "OutOfScope", "ArchiveOnly", "NotApplicable", "B2G", "B2GInt", "B2GOutOfScope"
]
Algorithm = Literal["RS256", "HS256", "ECDSA", "EDDSA_25519", "RSA_PSS", "EDDSA_448", "null"]
Text = Annotated[str, Field(min_length=1, max_length=2048)]
Model = TypeVar("Model", bound=BaseModel)
_PATIENCE = aiohttp.ClientTimeout(total=5.0)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=lambda name: _camel(name))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


class Header(_Strict):
    """A header of the calls."""

    header_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=200)]
    header_value: Annotated[str, Field(pattern=r"^[^\r\n]*$", max_length=2048)]


class Basic(_Strict):
    """HTTP Basic."""

    auth_type: Literal["BASIC"]
    user_id: Text
    user_password: Text


class OAuth2(_Strict):
    """Client credentials; the simulator keeps them and asks for no token."""

    auth_type: Literal["OAUTH2"]
    token_url: HttpUrl
    client_id: Text
    client_secret: Text


class Signature(_Strict):
    """How calls are signed. The contract leaves open what; HS256 here is of the body."""

    algo: Algorithm
    key: Annotated[str, Field(pattern=r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")]


class Changeable(_Strict):
    """What a PATCH may change."""

    headers: tuple[Header, ...] | None = None
    authentication: Annotated[Basic | OAuth2, Field(discriminator="auth_type")] | None = None
    signature: Signature | None = None


class Callback(Changeable):
    """Where to call, and how."""

    url: HttpUrl


class Metadata(_Strict):
    """Which flows it is about."""

    flow_type: FlowType
    flow_direction: Literal["In", "Out"]
    processing_rule: ProcessingRule | None = None
    ack_status: Literal["Pending", "Ok", "Error"] | None = None


class WebhookParams(_Strict):
    """One webhook."""

    callback: Callback
    metadata: Metadata

    def is_about(self, flow: dict[str, Any]) -> bool:
        """Whether a flow, as the platform tells it, is one of those meant."""
        wanted = self.metadata
        return (
            flow["flowType"] == wanted.flow_type
            and flow["flowDirection"] == wanted.flow_direction
            and wanted.processing_rule in (None, flow["processingRule"])
            and wanted.ack_status in (None, flow["acknowledgement"]["status"])
        )


class Hooks:
    """The webhooks that a platform has. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: dict[str, WebhookParams] = {}

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._hooks = {}

    def answer(self, method: str, webhook_id: str | None, body: bytes) -> Answer:
        """The answer to a request on `/v1/webhooks` or on one of them.

        Raises:
            Refusal: 400 naming the field, 404 for an unknown id, 405.
        """
        with self._lock:
            match method, webhook_id:
                case "GET", None:
                    return answer_json({"webhookIds": list(self._hooks)})
                case "POST", None:
                    new = str(uuid4())
                    self._hooks[new] = _read(WebhookParams, body)
                    return answer_json({"webhookId": new}, 201)
                case "GET", str():
                    return answer_json(_told(self._known(webhook_id)))
                case "PATCH", str():
                    known, changes = self._known(webhook_id), _read(Changeable, body)
                    named = {name: getattr(changes, name) for name in changes.model_fields_set}
                    callback = known.callback.model_copy(update=named)
                    self._hooks[webhook_id] = known.model_copy(update={"callback": callback})
                    return Answer(status=204)
                case "DELETE", str():
                    self._known(webhook_id)
                    del self._hooks[webhook_id]
                    return Answer(status=204)
        raise Refusal(405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here")

    def _known(self, webhook_id: str) -> WebhookParams:
        if webhook_id not in self._hooks:
            raise Refusal(404, "MISSING_RESOURCE", "Requested resource is Not Found")
        return self._hooks[webhook_id]

    async def call(self, flow: Flow, api_version: str) -> list[dict[str, Any]]:
        """Tell every webhook about this flow; what each receiver answered, or why it was not called."""
        told = flow.as_flow(api_version)
        with self._lock:
            meant = [(name, hook) for name, hook in self._hooks.items() if hook.is_about(told)]
        body = json.dumps(told).encode()
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            return [{"webhookId": name, **await _call(session, hook.callback, body)} for name, hook in meant]


async def _call(session: aiohttp.ClientSession, callback: Callback, body: bytes) -> dict[str, Any]:
    if not _is_here(callback.url):
        return {"error": "only receivers on loopback are called"}
    headers = {"Content-Type": "application/json"}
    headers |= {header.header_name: header.header_value for header in callback.headers or ()}
    if isinstance(callback.authentication, Basic):
        pair = f"{callback.authentication.user_id}:{callback.authentication.user_password}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if callback.signature and callback.signature.algo == "HS256":
        mac = hmac.new(base64.b64decode(callback.signature.key), body, hashlib.sha256).digest()
        headers["Signature"] = base64.b64encode(mac).decode()
    try:
        async with session.post(str(callback.url), data=body, headers=headers, allow_redirects=False) as got:
            return {"status": got.status}
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return {"error": type(error).__name__}


async def call(url: str, token: str | None, body: bytes) -> int:
    """Call a receiver on this machine with a token; its status, 0 when it is elsewhere or does not answer."""
    headers = {"Content-Type": "application/json"} | ({TOKEN_HEADER: token} if token else {})
    if not _is_here(url):
        return 0
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as got,
        ):
            return got.status
    except (TimeoutError, aiohttp.ClientError, OSError):
        return 0


def _is_here(url: HttpUrl | str) -> bool:
    host = (urlsplit(str(url)).hostname or "").strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(kind: type[Model], body: bytes) -> Model:
    try:
        return TypeAdapter(kind).validate_json(body)
    except ValidationError as error:
        item = error.errors()[0]
        code = "MISSING_REQUIRED_FIELD" if item["type"] == "missing" else "INVALID_FIELD"
        where = ".".join(map(str, item["loc"])) or "the body"
        raise Refusal(400, code, f"{where}: {item['msg']}") from None


def _told(hook: WebhookParams) -> dict[str, Any]:
    told: dict[str, Any] = hook.model_dump(mode="json", by_alias=True, exclude_none=True)
    return told
