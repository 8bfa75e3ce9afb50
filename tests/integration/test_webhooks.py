"""Webhooks at an approved platform: asked for as the contract has it, kept, called, and given up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connector.errors import AuthenticationFailed, NotOffered, PlatformUnavailable
from connector.gateways import AccountDesk
from connector.model import Family
from connector.simulator import Simulator
from connector.webhook import (
    TOKEN_HEADER,
    BasicLogin,
    OAuthLogin,
    Signature,
    Subscription,
    missing,
    wanted,
)
from tests import gateway_models as models
from tests.integration.gateways_servers import account
from tests.integration.gateways_servers import desk as desk_of
from tests.integration.test_simulator_contract_models import Listener, afnor
from tests.integration.test_simulator_contract_models import listener as listener
from tests.integration.test_simulator_contract_models import server as server
from tests.platform import Caller
from tests.platform import caller as caller
from tests.platform import platform as platform

TOKEN = "token-of-the-tests-0123456789"
ASKED = Subscription(
    url="https://einvoice.example.com/webhook/pa",
    flow_type="CustomerInvoice",
    direction="Out",
    headers=((TOKEN_HEADER, TOKEN),),
)
FULL = replace(
    ASKED,
    login=OAuthLogin(token_url="https://auth.example.com/t", client_id="c", client_secret="oauth-secret"),
    signature=Signature(algorithm="HS256", key=base64.b64encode(b"a key").decode()),
    processing_rule="B2B",
    ack_status="Ok",
)


@contextmanager
def desk(platform: Simulator, **settings: Any) -> Iterator[AccountDesk]:
    given = {"token_url": platform.token_url, "client_id": platform.client_id, **settings}
    with desk_of(account(platform.base_url, **given), secret=platform.client_secret) as opened:
        yield opened


def test_requests_and_answers_are_those_of_the_contract(platform: Simulator, listener: Listener) -> None:
    basic = replace(FULL, login=BasicLogin(user="u", password="basic-secret"), flow_type="SupplierInvoice")
    with afnor(platform, listener, "1.2") as opened:
        ids = [opened.add_webhook(each) for each in (ASKED, FULL, basic)]
        there = opened.webhooks()
        opened.change_webhook(ids[0], FULL)
        opened.remove_webhook(ids[1])
    seen = [each for each in listener.seen if "/v1/webhooks" in each.path]
    assert [each.status for each in seen] == [201, 201, 201, 200, 200, 200, 200, 204, 204]
    for each in seen[:3]:
        models.WebhookParams.model_validate_json(each.body)
        models.WebhookCreated.model_validate_json(each.answer)
    assert [str(each) for each in models.WebhookList.model_validate_json(seen[3].answer).webhookIds] == ids
    for each in seen[4:7]:
        models.WebhookParams.model_validate_json(each.answer)
    assert seen[7].method == "PATCH"
    models.WebhookChange.model_validate_json(seen[7].body)
    assert (seen[8].method, seen[8].answer) == ("DELETE", b"")
    assert [(hook.id, hook.flow_type, hook.direction) for hook in there] == [
        (ids[0], "CustomerInvoice", "Out"),
        (ids[1], "CustomerInvoice", "Out"),
        (ids[2], "SupplierInvoice", "Out"),
    ]
    assert [(hook.header_names, hook.has_login, hook.has_signature) for hook in there][:2] == [
        ((TOKEN_HEADER,), False, False),
        ((TOKEN_HEADER,), True, True),
    ]


def test_what_is_known_of_webhooks_shows_no_secret() -> None:
    for shown in (repr(ASKED), repr(FULL), repr(BasicLogin(user="u", password="basic-secret"))):
        for secret in (TOKEN, "oauth-secret", "basic-secret", FULL.signature.key if FULL.signature else ""):
            assert secret not in shown


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"callback": {}}, "callback.url"),
        ({"callback": {"url": "ftp://x"}}, "callback.url"),
        ({"callback": {"url": "https://x", "surprise": 1}}, "callback.surprise"),
        (
            {"callback": {"url": "https://x", "headers": [{"headerName": "A"}]}},
            "callback.headers.0.headerValue",
        ),
        (
            {"callback": {"url": "https://x", "headers": [{"headerName": "A B", "headerValue": ""}]}},
            "headerName",
        ),
        ({"callback": {"url": "https://x", "authentication": {"authType": "DIGEST"}}}, "authentication"),
        ({"callback": {"url": "https://x", "authentication": {"authType": "BASIC"}}}, "userId"),
        ({"callback": {"url": "https://x", "signature": {"algo": "MD5", "key": ""}}}, "signature.algo"),
        ({"callback": {"url": "https://x", "signature": {"algo": "HS256", "key": "?"}}}, "signature.key"),
        ({"metadata": {"flowType": "CustomerInvoice"}}, "metadata.flowDirection"),
        ({"metadata": {"flowType": "Invoice", "flowDirection": "In"}}, "metadata.flowType"),
        ({"metadata": {"flowType": "CustomerInvoice", "flowDirection": "Both"}}, "metadata.flowDirection"),
    ],
)
def test_the_simulator_reads_webhooks_strictly(
    caller: Caller, platform: Simulator, change: dict[str, Any], field: str
) -> None:
    good = {
        "callback": {"url": "https://x.example"},
        "metadata": {"flowType": "CustomerInvoice", "flowDirection": "Out"},
    }
    path = f"{caller.prefix}/v1/webhooks"
    assert caller.post_json(path, good).status == 201
    refused = caller.post_json(path, good | change)
    assert refused.status == 400
    assert field in models.Error.model_validate_json(refused.body).errorMessage  # type: ignore[operator]
    assert caller.send("PUT", path, b"{}", caller.bearer).status == 405
    assert caller.send("GET", path).status == 401


@pytest.mark.parametrize(
    ("rule", "error", "reason"),
    [
        ({"do": "status", "code": 400}, NotOffered, "bad-question"),
        ({"do": "status", "code": 404}, NotOffered, "not-found"),
        ({"do": "status", "code": 403}, AuthenticationFailed, "forbidden"),
        ({"do": "status", "code": 401}, AuthenticationFailed, "unauthorized"),
        ({"do": "status", "code": 500, "body": "html"}, PlatformUnavailable, "server-error"),
        ({"do": "garbage", "what": "html"}, PlatformUnavailable, "unreadable-answer"),
        ({"do": "half-answer"}, PlatformUnavailable, "read"),
        ({"do": "redirect"}, PlatformUnavailable, "redirect"),
    ],
)
def test_troubles_are_told_apart_and_stop_no_document(
    platform: Simulator, rule: dict[str, Any], error: type[Exception], reason: str
) -> None:
    platform.faults({"on": "webhook", **rule})
    with desk(platform) as opened:
        with pytest.raises(error) as caught:
            opened.add_webhook(ASKED)
        assert getattr(caught.value, "reason") == reason  # noqa: B009 - of three classes
        assert TOKEN not in str(caught.value)
        assert opened.snapshot().way == ("stopped" if reason == "unauthorized" else "free")


def test_a_version_without_webhooks_says_so(platform: Simulator) -> None:
    platform.switch(api_version="1.1")
    with desk(platform, api_version="1.1") as opened, pytest.raises(NotOffered) as caught:
        opened.webhooks()
    assert caught.value.reason == "no-webhooks"
    with desk(platform) as opened, pytest.raises(NotOffered) as caught:
        opened.webhooks()
    assert caught.value.reason == "not-found"


def test_one_that_is_removed_meanwhile_is_left_out(platform: Simulator) -> None:
    with desk(platform) as opened:
        first, second = opened.add_webhook(ASKED), opened.add_webhook(FULL)
        platform.faults({"on": "webhook", "do": "status", "code": 404, "match": {"nth": 2}})
        assert [hook.id for hook in opened.webhooks()] == [second]
        platform.faults()
        opened.remove_webhook(first)
        with pytest.raises(NotOffered) as caught:
            opened.remove_webhook(first)
    assert caught.value.reason == "not-found"


def test_what_is_wished_for_follows_from_what_is_sent_and_received() -> None:
    def about(*families: Family, receives: bool = False) -> set[tuple[str, str]]:
        wishes = wanted(families, receives=receives, url="https://x", token=TOKEN)
        assert len({(wish.flow_type, wish.direction) for wish in wishes}) == len(wishes)
        assert all(dict(wish.headers) == {TOKEN_HEADER: TOKEN} for wish in wishes)
        return {(wish.flow_type, wish.direction) for wish in wishes}

    assert about() == set()
    assert {("CustomerInvoice", "Out"), ("CustomerInvoiceLC", "In")} <= about(Family.INVOICE)
    assert ("SupplierInvoice", "In") not in about(Family.INVOICE)
    assert ("SupplierInvoice", "In") in about(Family.INVOICE, receives=True)
    assert ("MultiFlowReport", "Out") in about(Family.EREPORTING)
    assert about(Family.DIRECTORY) == set()


def test_nothing_is_wished_for_twice(platform: Simulator) -> None:
    wishes = wanted([Family.INVOICE], receives=True, url="https://x.example/webhook/pa", token=TOKEN)
    with desk(platform) as opened:
        for _ in range(2):
            for wish in missing(wishes, opened.webhooks()):
                opened.add_webhook(wish)
        there = opened.webhooks()
        assert len(there) == len(wishes)
        assert missing(wishes, there) == []
        assert len(missing([replace(wish, url="https://y.example") for wish in wishes], there)) == len(wishes)


# --------------------------------------------------------------------------- the simulator calls
def test_a_receiver_on_this_machine_is_called_with_the_flow_and_what_was_agreed(
    platform: Simulator, caller: Caller, server: HTTPServer
) -> None:
    calls: list[Request] = []

    def take(request: Request) -> Response:
        request.get_data()
        calls.append(request)
        return Response(status=200)

    server.clear()
    server.expect_request("/webhook/pa").respond_with_handler(take)
    here = replace(
        FULL,
        url=server.url_for("/webhook/pa"),
        login=BasicLogin(user="u", password="p"),
        processing_rule=None,
        ack_status=None,
    )
    flow_id = caller.deposit("FA1", "t-1").json["flowId"]
    with desk(platform) as opened:
        opened.add_webhook(here)
        opened.add_webhook(replace(here, url="https://einvoice.example.com/webhook/pa"))
        opened.add_webhook(replace(here, flow_type="SupplierInvoice"))
        opened.add_webhook(replace(here, ack_status="Error"))
    answers = platform.call_webhooks(flow_id)
    assert [set(answer) - {"webhookId"} for answer in answers] == [{"status"}, {"error"}]
    (call,) = calls
    assert models.Flow12.model_validate_json(call.get_data()).flowId == flow_id
    assert call.headers[TOKEN_HEADER] == TOKEN
    assert call.headers["Authorization"] == f"Basic {base64.b64encode(b'u:p').decode()}"
    mac = hmac.new(b"a key", call.get_data(), hashlib.sha256).digest()
    assert call.headers["Signature"] == base64.b64encode(mac).decode()
    told = caller.send("POST", "/_control/call-webhooks", json.dumps({"flowId": flow_id}).encode())
    assert [answer.get("status") for answer in told.json] == [200, None]
    assert caller.send("POST", "/_control/call-webhooks", b'{"flowId": "nowhere"}').status == 404
    assert caller.send("POST", "/_control/call-webhooks", b"{}").status == 400
