"""Over real HTTP: what XP Z12-013 Flow 1.2.0 promises, and what it refuses."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest

from connector.simulator import Simulator
from tests.platform import Caller, form, invoice
from tests.platform import caller as caller
from tests.platform import platform as platform

GOOD = {"trackingId": "t-1", "name": "FA1.xml", "flowSyntax": "UBL", "flowProfile": "CIUS"}


# --------------------------------------------------------------------------- deposit
def test_a_deposit_is_answered_202_with_everything_said_and_a_flow_id(
    platform: Simulator, caller: Caller
) -> None:
    digest = sha256(invoice("FA1")).hexdigest()
    info = GOOD | {"sha256": digest, "processingRule": "B2B"}
    reply = caller.post_form(form(info, invoice("FA1")), **{"Request-Id": "r-1"})
    assert reply.status == 202
    assert reply.headers["request-id"] == "r-1"
    assert {name: reply.json[name] for name in info} == info
    (flow,) = platform.flows
    assert reply.json["flowId"] == flow.flow_id
    assert platform.ledger.content(flow) == invoice("FA1")
    assert [(e.on, e.status, e.request_id, e.flow_id) for e in platform.exchanges][-1] == (
        "submit",
        202,
        "r-1",
        flow.flow_id,
    )


@pytest.mark.parametrize("media", ["application/json", "text/plain", None])
@pytest.mark.parametrize("filename", [None, "flowInfo.json"])
def test_flow_info_may_come_as_clients_in_the_field_send_it(
    caller: Caller, media: str | None, filename: str | None
) -> None:
    body = form(GOOD, invoice("FA1"), info_type=media, info_filename=filename)
    assert caller.post_form(body).status == 202


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (form(None, b"<x/>"), "MISSING_REQUIRED_FIELD"),
        (form(GOOD, None), "MISSING_REQUIRED_FIELD"),
        (form(without("name"), b"<x/>"), "MISSING_REQUIRED_FIELD"),
        (form(without("flowSyntax"), b"<x/>"), "MISSING_REQUIRED_FIELD"),
        (form(GOOD | {"name": ""}, b"<x/>"), "MISSING_REQUIRED_FIELD"),
        (form(GOOD | {"name": "n" * 256}, b"<x/>"), "INVALID_FIELD"),
        (form(GOOD | {"name": 7}, b"<x/>"), "INVALID_FIELD"),
        (form(GOOD | {"trackingId": "t" * 37}, b"<x/>"), "INVALID_FIELD"),
        (form(GOOD | {"flowSyntax": "XML"}, b"<x/>"), "INVALID_FIELD"),
        (form(GOOD | {"flowProfile": "Full"}, b"<x/>"), "INVALID_FIELD"),
        (form(GOOD | {"processingRule": "b2b"}, b"<x/>"), "INVALID_FIELD"),
        (form(GOOD | {"sha256": "A" * 64}, b"<x/>"), "INVALID_FIELD"),
        (form(b"not json", b"<x/>"), "INVALID_REQUEST"),
        (form(b"[1]", b"<x/>"), "INVALID_REQUEST"),
        (form(b'{"name": "\xe9"}', b"<x/>"), "INVALID_REQUEST"),
        (form(GOOD, b"<x/>", file_type="text/html"), "INVALID_REQUEST"),
        (form(GOOD, b"<x/>", file_type=None), "INVALID_REQUEST"),
        (form(GOOD, b"<x/>", info_type="application/xml"), "INVALID_REQUEST"),
        (form(GOOD, b"<x/>")[:-20], "INVALID_REQUEST"),
        (b"", "INVALID_REQUEST"),
    ],
)
def test_h08_a_deposit_that_breaks_the_contract_is_refused_and_not_stored(
    platform: Simulator, caller: Caller, body: bytes, code: str
) -> None:
    reply = caller.post_form(body)
    assert (reply.status, reply.json["errorCode"]) == (400, code)
    assert reply.json["errorMessage"]
    assert platform.flows == ()


def test_h10_a_file_of_the_greatest_size_is_taken_and_one_byte_more_is_413(
    platform: Simulator, caller: Caller
) -> None:
    platform.switch(max_file_bytes=2_000_000)
    assert caller.post_form(form(GOOD, b"x" * 2_000_000)).status == 202
    reply = caller.post_form(form(GOOD, b"x" * 2_000_001))
    assert (reply.status, reply.json["errorCode"]) == (413, "FILE_SIZE_EXCEEDED")
    assert caller.post_form(form(GOOD, b"x" * 2_500_000)).status == 413
    assert len(platform.flows) == 1


@pytest.mark.parametrize(
    ("info", "content", "reason"),
    [
        (GOOD | {"sha256": "0" * 64}, invoice("FA1"), "ChecksumMismatch"),
        (GOOD, b"", "EmptyFlow"),
        (GOOD | {"flowSyntax": "CII"}, invoice("FA1"), "FlowTypeError"),
    ],
)
def test_a_technical_fault_of_the_file_is_acknowledged_as_error(
    caller: Caller, info: dict[str, Any], content: bytes, reason: str
) -> None:
    reply = caller.post_form(form(info, content))
    assert reply.status == 202
    acknowledgement = caller.flow(reply.json["flowId"]).json["acknowledgement"]
    assert acknowledgement["status"] == "Error"
    assert [detail["reasonCode"] for detail in acknowledgement["details"]] == [reason]
    assert set(acknowledgement["details"][0]) == {"level", "item", "reasonCode", "reasonMessage"}


def test_switches_refuse_at_once_what_is_else_acknowledged_as_error(
    platform: Simulator, caller: Caller
) -> None:
    platform.switch(checksum="refuse-at-post", refuse_processing_rule=True)
    assert caller.deposit("FA1", sha256="0" * 64).status == 422
    assert caller.deposit("FA1", processingRule="B2B").status == 501
    assert platform.flows == ()


# --------------------------------------------------------------------------- duplicates
def test_distinct_documents_are_all_accepted(platform: Simulator, caller: Caller) -> None:
    for number in range(5):
        caller.deposit(f"FA{number}", f"t-{number}")
    assert [flow.acknowledgement.status for flow in platform.flows] == ["Ok"] * 5


@pytest.mark.parametrize(("number", "tracking_id"), [("FA1", "t-2"), ("FA2", "t-1")])
def test_a_duplicate_is_received_and_then_acknowledged_as_already_existing(
    platform: Simulator, caller: Caller, number: str, tracking_id: str
) -> None:
    caller.deposit("FA1", "t-1")
    reply = caller.deposit(number, tracking_id)
    details = caller.flow(reply.json["flowId"]).json["acknowledgement"]["details"]
    assert details[0]["reasonCode"] == "AlreadyExistingFlow"
    assert [flow.acknowledgement.status for flow in platform.flows] == ["Ok", "Error"]


def test_h09_a_duplicate_may_be_refused_at_once_or_accepted_by_switch(
    platform: Simulator, caller: Caller
) -> None:
    caller.deposit("FA1", "t-1")
    platform.switch(duplicates="refuse-at-post")
    reply = caller.deposit("FA1", "t-1")
    assert (reply.status, reply.json["errorCode"]) == (400, "CREATE_ERROR")
    assert "already exists" in reply.json["errorMessage"]
    platform.switch(duplicates="accept")
    assert caller.deposit("FA1", "t-1").status == 202
    assert [flow.acknowledgement.status for flow in platform.ledger.of_tracking_id("t-1")] == ["Ok", "Ok"]


# --------------------------------------------------------------------------- search, flow, health
def test_a_search_answers_flows_as_the_specification_has_them(caller: Caller) -> None:
    flow_id = caller.deposit("FA1", "t-1", flowProfile="CIUS").json["flowId"]
    caller.deposit("FA2", "t-2")
    reply = caller.search(trackingId="t-1")
    assert reply.status == 200
    assert (reply.json["limit"], reply.json["filters"]) == (25, {"trackingId": "t-1"})
    (found,) = reply.json["results"]
    assert found == caller.flow(flow_id).json == caller.flow(flow_id, "Metadata").json
    assert found["flowId"] == flow_id
    assert found["acknowledgement"] == {"status": "Ok"}
    assert (found["flowType"], found["flowDirection"], found["processingRuleSource"]) == (
        "CustomerInvoice",
        "Out",
        "Computed",
    )
    assert "sha256" not in found


def test_a_search_without_limit_gives_25_flows_and_never_more_than_100(caller: Caller) -> None:
    for number in range(26):
        caller.deposit(f"FA{number}")
    assert len(caller.search(flowDirection=["Out"]).json["results"]) == 25
    assert len(caller.search(100, flowDirection=["Out"]).json["results"]) == 26
    assert caller.search(101, flowDirection=["Out"]).status == 400


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"where": {}},
        {"where": []},
        {"where": {"trackingId": "t"}, "limit": 0},
        {"where": {"trackingId": "t"}, "limit": "25"},
        {"where": {"flowId": "f"}},
        {"where": {"name": "n"}},
        {"where": {"trackingId": ["t"]}},
        {"where": {"flowType": "CustomerInvoice"}},
        {"where": {"flowType": ["Invoice"]}},
        {"where": {"flowType": []}},
        {"where": {"flowDirection": ["out"]}},
        {"where": {"ackStatus": "OK"}},
        {"where": {"updatedAfter": "yesterday"}},
        {"where": {"updatedAfter": "2026-11-22T08:00:00"}},
        {"where": {"updatedBefore": 5}},
    ],
)
def test_a_search_that_breaks_the_contract_is_refused(caller: Caller, asked: dict[str, Any]) -> None:
    reply = caller.post_json(f"{caller.prefix}/v1/flows/search", asked)
    assert reply.status == 400
    assert reply.json["errorCode"] in ("INVALID_FIELD", "MISSING_REQUIRED_FIELD")


def test_the_original_comes_back_byte_for_byte(caller: Caller) -> None:
    content = b"%PDF-1.7 \xff\x00\r\n--not a boundary" * 50_000  # big enough to be hashed in a thread
    info = GOOD | {"flowSyntax": "Factur-X"}
    flow_id = caller.post_form(form(info, content, file_type="application/pdf")).json["flowId"]
    reply = caller.flow(flow_id, "Original")
    assert reply.body == content
    assert reply.headers["content-type"] == "application/octet-stream"


def test_unknown_flows_kinds_and_paths_are_answered_as_such(caller: Caller) -> None:
    flow_id = caller.deposit("FA1").json["flowId"]
    assert caller.flow("nowhere").json["errorCode"] == "MISSING_RESOURCE"
    assert caller.flow("nowhere").status == 404
    assert caller.flow(flow_id, "Converted").status == 400
    assert caller.flow(flow_id, "Nonsense").status == 400
    assert caller.get("/flow-service/v2/flows/x").status == 404
    assert caller.get("/flow-service/v1/flows").status == 404


def test_health_is_an_empty_200(caller: Caller) -> None:
    reply = caller.get("/flow-service/v1/healthcheck")
    assert (reply.status, reply.body) == (200, b"")


# --------------------------------------------------------------------------- tokens
def test_credentials_may_stand_in_the_body_or_in_the_header(platform: Simulator, caller: Caller) -> None:
    reply = caller.ask_token(scope="openid resource.READ")
    assert (reply.status, reply.json["token_type"], reply.json["expires_in"]) == (200, "Bearer", 3600)
    pair = base64.b64encode(f"{platform.client_id}:{platform.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"}
    assert caller.send("POST", "/token", b"grant_type=client_credentials", headers).status == 200


@pytest.mark.parametrize("wrong", [{"client_id": "other"}, {"client_secret": "é"}, {"client_secret": ""}])
def test_a_wrong_client_is_invalid_and_id_and_secret_are_not_told_apart(
    platform: Simulator, caller: Caller, wrong: dict[str, str]
) -> None:
    reply = caller.ask_token(**wrong)
    assert (reply.status, reply.json) == (400, {"error": "invalid_client"})
    platform.switch(invalid_client_status=401)
    assert caller.ask_token(**wrong).status == 401


def test_another_grant_is_refused(caller: Caller) -> None:
    assert caller.ask_token(grant_type="password").json == {"error": "unsupported_grant_type"}
    assert caller.send("POST", "/token", b"").json == {"error": "invalid_request"}


def test_h06_a_missing_wrong_expired_or_revoked_token_is_401_everywhere(
    platform: Simulator, caller: Caller
) -> None:
    def statuses() -> set[int]:
        return {caller.deposit("FA1").status, caller.search(trackingId="t").status, caller.flow("x").status}

    good, caller.token = caller.token, "wrong"
    assert statuses() == {401}
    caller.token = ""
    assert caller.flow("x").json["errorCode"] == "MISSING_TOKEN"
    assert caller.flow("x").headers["www-authenticate"] == "Bearer"
    caller.token = good
    assert statuses() == {202, 200, 404}
    platform.revoke_tokens()
    assert statuses() == {401}
    platform.switch(token_seconds=1e-6)
    caller.authorize()
    assert statuses() == {401}
    platform.switch(token_seconds=60)
    assert caller.authorize().search(trackingId="t").status == 200
    assert len(platform.flows) == 1
