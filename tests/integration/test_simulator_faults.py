"""Every fault does on the socket what its name says, and the ledger tells whether the flow was stored."""

from __future__ import annotations

import email.utils
import http.client
import socket
import time
from typing import Any

import pytest

from connector.simulator import Simulator
from tests.platform import BOUNDARY, Caller, Reply, form, invoice, until
from tests.platform import caller as caller
from tests.platform import platform as platform


def request_of(caller: Caller, number: str = "FA1", size: int = 0) -> bytes:
    """The bytes of one deposit."""
    body = form({"name": f"{number}.xml", "flowSyntax": "UBL"}, invoice(number) + b" " * size)
    head = (
        f"POST {caller.prefix}/v1/flows HTTP/1.1\r\nHost: {caller.host}\r\n"
        f"Authorization: Bearer {caller.token}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    return head.encode() + body


def connect(caller: Caller, timeout: float = 10.0) -> socket.socket:
    return socket.create_connection((caller.host, caller.port), timeout=timeout)


def read_to_end(connection: socket.socket) -> bytes:
    """All bytes until the other side closes. Raises ConnectionResetError on RST."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def deposit_raw(caller: Caller) -> bytes:
    with connect(caller) as connection:
        connection.sendall(request_of(caller))
        return read_to_end(connection)


# --------------------------------------------------------------------------- answers that say no
@pytest.mark.parametrize("body", ["json", "html", "text", "empty"])
@pytest.mark.parametrize("code", [403, 408, 410, 429, 500, 503])
def test_h03_h04_h24_a_status_is_answered_and_nothing_is_stored(
    platform: Simulator, caller: Caller, code: int, body: str
) -> None:
    platform.faults({"on": "submit", "do": "status", "code": code, "body": body})
    reply = caller.deposit("FA1")
    assert reply.status == code
    kinds = {"json": "application/json", "html": "text/html", "text": "text/plain", "empty": "text/plain"}
    assert reply.headers["content-type"] == kinds[body]
    assert (reply.body == b"") is (body == "empty")
    assert platform.flows == ()


@pytest.mark.parametrize("said", [7, "31536000000", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_h04_retry_after_is_sent_as_the_plan_has_it(
    platform: Simulator, caller: Caller, said: int | str
) -> None:
    platform.faults({"on": "submit", "do": "status", "code": 429, "retry_after": said})
    assert caller.deposit("FA1").headers["retry-after"] == str(said)
    platform.faults({"on": "submit", "do": "status", "code": 429})
    assert "retry-after" not in caller.deposit("FA1").headers


def test_h04_retry_after_may_be_a_date_to_come(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "search", "do": "status", "code": 503, "retry_after": "http-date:30"})
    date = email.utils.parsedate_to_datetime(caller.search(trackingId="t").headers["retry-after"])
    assert 25 < date.timestamp() - time.time() < 31


def test_h03_a_flow_may_be_stored_and_the_answer_still_be_a_502(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "store-then-status", "body": "html"})
    reply = caller.deposit("FA1")
    assert (reply.status, reply.headers["content-type"]) == (502, "text/html")
    (flow,) = platform.flows
    assert platform.exchanges[-1].flow_id == flow.flow_id


def test_h22_a_redirect_leads_elsewhere_and_stores_nothing(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "redirect", "code": 308})
    reply = caller.deposit("FA1")
    assert (reply.status, reply.headers["location"]) == (308, "/flow-service/v1/flows-moved")
    assert platform.flows == ()


def test_h09_a_refusal_as_duplicate_stores_nothing(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "duplicate-refusal", "match": {"name_contains": "FA1"}})
    assert caller.deposit("FA1").json["errorCode"] == "CREATE_ERROR"
    assert caller.deposit("FA2").status == 202


def test_h06_a_token_dies_in_the_middle_of_a_batch(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "unauthorized", "match": {"nth": 3}})
    assert [caller.deposit(f"FA{n}").status for n in range(5)] == [202, 202, 401, 401, 401]
    caller.authorize()
    assert caller.deposit("FA9").status == 202


@pytest.mark.parametrize(
    ("on", "ask"),
    [
        ("token", lambda caller: caller.ask_token()),
        ("search", lambda caller: caller.search(trackingId="t")),
        ("flow", lambda caller: caller.flow("x")),
        ("health", lambda caller: caller.get("/flow-service/v1/healthcheck")),
    ],
)
def test_h07_every_endpoint_can_fail_by_itself(
    platform: Simulator, caller: Caller, on: str, ask: Any
) -> None:
    platform.faults({"on": on, "do": "status", "code": 503, "times": 1})
    reply: Reply = ask(caller)
    assert reply.status == 503
    assert caller.deposit("FA1").status == 202
    assert ask(caller).status in (200, 404)


# --------------------------------------------------------------------------- connections that break
@pytest.mark.parametrize(
    ("at", "stored"), [("before-body", 0), ("mid-body", 0), ("after-body", 0), ("after-storing", 1)]
)
def test_h02_a_reset_is_a_real_reset_with_no_byte_of_an_answer(
    platform: Simulator, caller: Caller, at: str, stored: int
) -> None:
    platform.faults({"on": "submit", "do": "reset", "at": at})
    with connect(caller) as connection:
        connection.sendall(request_of(caller))
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert len(platform.flows) == stored
    assert (platform.exchanges[-1].status, platform.exchanges[-1].fault) == (None, "reset")


def test_a_reset_before_the_body_does_not_wait_for_it(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "reset", "at": "before-body"})
    head, _, _ = request_of(caller).partition(b"\r\n\r\n")
    with connect(caller) as connection:
        connection.sendall(head + b"\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_reset_in_the_body_comes_after_half_of_it(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "reset", "at": "mid-body"})
    head, _, body = request_of(caller, size=1_000_000).partition(b"\r\n\r\n")
    with connect(caller, timeout=0.2) as connection:
        connection.sendall(head + b"\r\n\r\n" + body[: len(body) // 4])
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(body[len(body) // 4 : len(body) * 3 // 4])
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert platform.flows == ()


def test_h05_half_an_answer_promises_more_than_it_sends(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "half-answer"})
    head, _, body = deposit_raw(caller).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 202 ")
    promised = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    assert 0 < len(body) < promised
    assert len(platform.flows) == 1


def test_h21_a_connection_that_seems_to_live_on_is_closed_after_the_answer(
    platform: Simulator, caller: Caller
) -> None:
    platform.faults({"on": "submit", "do": "close-after-answer"})
    answer = deposit_raw(caller)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"connection: close" not in answer.lower()


@pytest.mark.parametrize(("do", "stored"), [("hang", 0), ("store-then-hang", 1)])
def test_h02_a_hanging_request_is_answered_by_nothing(
    platform: Simulator, caller: Caller, do: str, stored: int
) -> None:
    platform.faults({"on": "submit", "do": do})
    with connect(caller, timeout=0.3) as connection:
        connection.sendall(request_of(caller))
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert len(platform.flows) == stored
    assert platform.exchanges[-1].status is None


def test_h20_a_dripping_answer_comes_byte_by_byte_and_in_the_end_whole(
    platform: Simulator, caller: Caller
) -> None:
    platform.faults({"on": "submit", "do": "drip", "seconds_per_byte": 0.002})
    with connect(caller) as connection:
        connection.sendall(request_of(caller))
        begun, chunks = time.monotonic(), []
        while chunk := connection.recv(65536):
            chunks.append(chunk)
        elapsed = time.monotonic() - begun
    answer = b"".join(chunks)
    assert len(chunks) > len(answer) / 4
    assert elapsed > 0.002 * len(answer)
    assert platform.flows[0].flow_id.encode() in answer


def test_a_dripping_answer_ends_when_the_caller_leaves(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "drip", "seconds_per_byte": 0.01})
    with connect(caller) as connection:
        connection.sendall(request_of(caller))
        assert connection.recv(1) == b"H"
    platform.faults()
    assert caller.deposit("FA2").status == 202


# --------------------------------------------------------------------------- answers that say nothing
@pytest.mark.parametrize(
    ("what", "start"),
    [("html", b"<!DOCTYPE"), ("wrong-json", b"["), ("broken-json", b"{"), ("empty", b"")],
)
def test_h05_garbage_has_the_good_status_and_no_sense(
    platform: Simulator, caller: Caller, what: str, start: bytes
) -> None:
    platform.faults({"on": "submit", "do": "garbage", "what": what})
    reply = caller.deposit("FA1")
    assert reply.status == 202
    assert reply.body.startswith(start)
    assert (reply.body == b"") is (what == "empty")
    assert b"}" not in reply.body
    assert len(platform.flows) == 1


def test_h05_an_answer_may_lack_the_flow_id_alone(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "garbage", "what": "no-flow-id"})
    reply = caller.deposit("FA1")
    assert reply.json["name"] == "FA1.xml"
    assert "flowId" not in reply.json


# --------------------------------------------------------------------------- time
def test_a_delay_before_storing_stores_even_after_the_caller_has_left(
    platform: Simulator, caller: Caller
) -> None:
    platform.faults({"on": "submit", "do": "delay", "seconds": 0.3})
    with connect(caller) as connection:
        connection.sendall(request_of(caller))
        assert platform.flows == ()
    until(lambda: len(platform.flows) == 1)


def test_a_delay_after_storing_holds_only_the_answer(platform: Simulator, caller: Caller) -> None:
    platform.faults({"on": "submit", "do": "delay", "seconds": 0.3, "when": "after"})
    with connect(caller) as connection:
        connection.sendall(request_of(caller))
        until(lambda: len(platform.flows) == 1, seconds=0.25)
        assert connection.recv(12) == b"HTTP/1.1 202"


def test_acknowledgements_follow_the_rules_about_them(platform: Simulator, caller: Caller) -> None:
    platform.faults(
        {"on": "submit", "do": "ack-error", "match": {"name_contains": "BAD"}, "reason_code": "VirusFound"},
        {"on": "submit", "do": "ack-status", "match": {"name_contains": "ODD"}, "status": "Integrated"},
        {"on": "submit", "do": "ack-delay", "match": {"name_contains": "SLOW"}, "seconds": 1e8},
    )
    for number in ("BAD", "ODD", "SLOW", "BAD-SLOW", "FINE"):
        assert caller.deposit(number).status == 202
    assert [flow.acknowledgement.status for flow in platform.flows] == [
        "Error",
        "Integrated",
        "Pending",
        "Pending",
        "Ok",
    ]
    (detail,) = platform.flows[0].acknowledgement.details
    assert detail.reason_code == "VirusFound"


def test_h17_an_acknowledgement_can_be_forced_backwards(platform: Simulator, caller: Caller) -> None:
    flow_id = caller.deposit("FA1").json["flowId"]
    platform.acknowledge(flow_id, "Pending")
    assert caller.flow(flow_id).json["acknowledgement"] == {"status": "Pending"}


def test_acknowledgements_come_by_themselves_after_the_delay(platform: Simulator, caller: Caller) -> None:
    platform.switch(ack_delay=0.2)
    flow_id = caller.deposit("FA1").json["flowId"]
    assert caller.flow(flow_id).json["acknowledgement"]["status"] == "Pending"
    until(lambda: caller.flow(flow_id).json["acknowledgement"]["status"] == "Ok")


# --------------------------------------------------------------------------- composition
def test_a_fault_of_the_deposit_and_one_of_its_acknowledgement_add_up(
    platform: Simulator, caller: Caller
) -> None:
    platform.faults(
        {"on": "submit", "do": "ack-error", "reason_code": "InvalidSchema"},
        {"on": "submit", "do": "store-then-status", "code": 500},
    )
    assert caller.deposit("FA1").status == 500
    assert platform.flows[0].acknowledgement.status == "Error"


def test_a_refused_deposit_does_not_use_up_a_fault_that_needs_a_good_one(
    platform: Simulator, caller: Caller
) -> None:
    platform.faults({"on": "submit", "do": "half-answer", "times": 1})
    assert caller.deposit("FA1", flowSyntax="XML").status == 400
    with pytest.raises(http.client.IncompleteRead):
        caller.deposit("FA1")
    assert caller.deposit("FA2").status == 202
