"""Every kind of answer of a flow service, and what it means for the document."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from connector.gateways.afnor_answers import error_problems, health_of, read_failure, submitted
from connector.gateways.exchange import LONGEST_PAUSE, Exchange, Trouble
from connector.model import NotSent, Received, Refused, SubmitAnswer, Unknown

RECEIPT = {
    "trackingId": "6b1b6ad2-6f0e-5d0e-9a3c-0d9c1f4a7b10",
    "name": "FA1.xml",
    "flowSyntax": "UBL",
    "flowId": "5f0c0b1e",
    "submittedAt": "2026-11-22T08:00:00.000Z",
}
PAGE = b"<html><title>Maintenance</title><body>Back soon</body></html>"


def answered(status: int, body: bytes | Any = b"", **more: Any) -> Exchange:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given: dict[str, Any] = {"body_started": True, "status": status, "body": content, "complete": True}
    return Exchange(**(given | more))


def meaning(answer: SubmitAnswer) -> tuple[str, str]:
    match answer:
        case Received(flow_id=flow_id):
            return "received", flow_id
        case Refused(problems=problems):
            return "refused", problems[0].code
        case NotSent(reason=reason, stops_account=stops):
            return "stop" if stops else "not sent", reason
        case Unknown(reason=reason):
            return "unknown", reason


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        # a receipt names the flow; nothing else is one (H05, H22)
        (answered(202, RECEIPT), ("received", "5f0c0b1e")),
        (answered(200, RECEIPT), ("received", "5f0c0b1e")),
        (answered(201, {"flowId": 17}), ("received", "17")),
        (answered(202, b""), ("unknown", "unreadable-answer")),
        (answered(202, PAGE), ("unknown", "unreadable-answer")),
        (answered(202, b"null"), ("unknown", "unreadable-answer")),
        (answered(202, b'"accepted"'), ("unknown", "unreadable-answer")),
        (answered(202, [RECEIPT]), ("unknown", "unreadable-answer")),
        (answered(202, b"[" * 100_000), ("unknown", "unreadable-answer")),
        (answered(202, {**RECEIPT, "flowId": None}), ("unknown", "unreadable-answer")),
        (answered(202, {**RECEIPT, "flowId": " "}), ("unknown", "unreadable-answer")),
        (answered(202, {**RECEIPT, "flowId": {}}), ("unknown", "unreadable-answer")),
        (answered(204), ("unknown", "unreadable-answer")),
        (answered(202, b'{"flo', complete=False, trouble=Trouble.READ), ("unknown", "read")),
        (answered(202, b"", complete=False, trouble=Trouble.TIMEOUT), ("unknown", "timeout")),
        (answered(202, b"x", complete=False, trouble=Trouble.TOO_LONG), ("unknown", "unreadable-answer")),
        # final refusals (H08, H10), unless they say that it is there already (H09)
        (answered(400, {"errorCode": "MISSING_REQUIRED_FIELD"}), ("refused", "MISSING_REQUIRED_FIELD")),
        (answered(413, {"errorCode": "FILE_SIZE_EXCEEDED"}), ("refused", "FILE_SIZE_EXCEEDED")),
        (answered(415, PAGE), ("refused", "http-415")),
        (answered(422, b""), ("refused", "http-422")),
        (answered(501, b'"not supported as argument"'), ("refused", "http-501")),
        (answered(400, {"errorCode": "AlreadyExistingFlow"}), ("unknown", "already-exists")),
        (
            answered(400, {"errorCode": "CREATE_ERROR", "errorMessage": "invoice already exists"}),
            ("unknown", "already-exists"),
        ),
        (
            answered(422, {"errorCode": "X", "errorMessage": "Facture déjà reçue"}),
            ("unknown", "already-exists"),
        ),
        (answered(400, "The flow has already been sent and received"), ("unknown", "already-exists")),
        (answered(400, {"errorCode": "DUPLICATE"}), ("unknown", "already-exists")),
        (answered(400, {"errorCode": "X", "errorMessage": "Duplicate attribute"}), ("refused", "X")),
        (answered(400, b"{", complete=False, trouble=Trouble.READ), ("unknown", "read")),
        (answered(409, {"errorCode": "CONFLICT"}), ("unknown", "already-exists")),
        # the way is closed, whatever the document (H06, H22, H24)
        (answered(301, headers={"location": "/x"}), ("stop", "redirect")),
        (answered(307), ("stop", "redirect")),
        (answered(401), ("stop", "unauthorized")),
        (answered(403, {"errorCode": "FORBIDDEN_ACCESS"}), ("stop", "forbidden")),
        (answered(403, b"{", complete=False, trouble=Trouble.READ), ("stop", "forbidden")),
        (answered(404), ("stop", "no-such-service")),
        (answered(405), ("stop", "no-such-service")),
        (answered(407), ("stop", "proxy")),
        (answered(410), ("stop", "no-such-service")),
        # not taken, later (H04)
        (answered(429), ("not sent", "rate")),
        # nobody knows (H03)
        (answered(408), ("unknown", "timeout")),
        (answered(500, {"errorCode": "INTERNAL_ERROR"}), ("unknown", "server-error")),
        (answered(502, PAGE), ("unknown", "server-error")),
        (answered(503), ("unknown", "server-error")),
        (answered(503, headers={"retry-after": "7"}), ("unknown", "server-error")),
        (answered(504), ("unknown", "server-error")),
        (answered(418), ("unknown", "unexpected-status")),
        (answered(101), ("unknown", "unexpected-status")),
        # no answer: only a body that was never asked for proves anything (H01, H02)
        (Exchange(body_started=False, trouble=Trouble.CONNECT), ("not sent", "connect")),
        (Exchange(body_started=False, trouble=Trouble.TIMEOUT), ("not sent", "connect")),
        (Exchange(body_started=False, trouble=Trouble.SPOOL), ("not sent", "spool")),
        (Exchange(body_started=True, trouble=Trouble.READ), ("unknown", "read")),
        (Exchange(body_started=True, trouble=Trouble.WRITE), ("unknown", "write")),
        (Exchange(body_started=True, trouble=Trouble.TIMEOUT), ("unknown", "timeout")),
    ],
)
def test_each_answer_to_a_deposit_has_its_meaning(exchange: Exchange, expected: tuple[str, str]) -> None:
    assert meaning(submitted(exchange)) == expected


@given_any(status=st.none() | st.integers(100, 999), body=st.binary(max_size=200), complete=st.booleans())
def test_any_answer_has_a_meaning_and_only_a_named_flow_is_a_receipt(
    status: int | None, body: bytes, complete: bool
) -> None:
    exchange = Exchange(body_started=True, status=status, body=body, complete=complete)
    answer = submitted(exchange)
    if isinstance(answer, Received):
        assert json.loads(body)["flowId"] is not None
    if status is None:
        assert isinstance(answer, Unknown)
    read_failure(exchange, "search")
    health_of(exchange)


def test_a_receipt_takes_the_platforms_own_time() -> None:
    answer = submitted(answered(202, RECEIPT, request_id="r-1", elapsed_ms=12))
    assert isinstance(answer, Received)
    assert answer.at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert (answer.trace.http_status, answer.trace.request_id, answer.trace.elapsed_ms) == (202, "r-1", 12)
    assert json.loads(answer.trace.body) == RECEIPT


def test_H08_a_refusal_carries_the_platforms_words_verbatim() -> None:
    details = [{"level": "Warning", "item": "BT-1", "reasonCode": "InvalidSchema", "reasonMessage": "cvc-1"}]
    body = {"errorCode": "UNPROCESSABLE_ENTITY", "errorMessage": "Incohérence : BT-1", "details": details}
    main, detail = error_problems(answered(422, body))
    assert (main.code, main.message, main.source) == (
        "UNPROCESSABLE_ENTITY",
        "Incohérence : BT-1",
        "platform",
    )
    assert (detail.code, detail.where, detail.message) == ("InvalidSchema", "BT-1", "cvc-1")
    assert error_problems(answered(400, b"taille invalide"))[0].message == "taille invalide"
    assert error_problems(answered(400, PAGE))[0].message is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "31536000"}, LONGEST_PAUSE),
        ({"retry-after": "inf"}, LONGEST_PAUSE),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 08:02:00 GMT"}, 120.0),
        ({"retry-after": "Sun, 22 Nov 2026 08:02:00 GMT", "date": "Sun, 22 Nov 2026 08:01:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2020 08:02:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2099 08:02:00 GMT"}, LONGEST_PAUSE),
        ({"retry-after": "Sun, 99 Nov 2026"}, None),
    ],
)
def test_H04_retry_after_is_understood_in_every_form_and_capped(
    headers: dict[str, str], expected: float | None
) -> None:
    exchange = answered(429, headers=headers, at=datetime(2026, 11, 22, 8, tzinfo=UTC))
    assert exchange.retry_after == expected


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (answered(200, {"results": []}), None),
        (answered(200, b"{", complete=False, trouble=Trouble.READ), "read"),
        (Exchange(body_started=False, trouble=Trouble.CONNECT), "connect"),
        (Exchange(body_started=True, trouble=Trouble.TIMEOUT), "timeout"),
        (answered(302), "redirect"),
        (answered(400), "bad-question"),
        (answered(401), "unauthorized"),
        (answered(403), "forbidden"),
        (answered(404), "no-such-service"),
        (answered(429), "rate"),
        (answered(500), "server-error"),
        (answered(503, PAGE), "server-error"),
        (answered(501), "no-such-service"),
        (answered(206), "unexpected-status"),
    ],
)
def test_each_answer_to_a_question_is_usable_or_says_why_not(exchange: Exchange, reason: str | None) -> None:
    failure = read_failure(exchange, "search")
    assert (failure.reason if failure else None) == reason
    assert failure is None or failure.authentication == (reason in ("unauthorized", "forbidden"))


@pytest.mark.parametrize(
    ("exchange", "up", "reason"),
    [
        (answered(200), True, None),
        (answered(204), True, None),
        (answered(404), True, "no-such-service"),
        (answered(503), False, "server-error"),
        (answered(401), False, "unauthorized"),
        (Exchange(body_started=False, trouble=Trouble.CONNECT), False, "connect"),
    ],
)
def test_health_tells_up_from_down(exchange: Exchange, up: bool, reason: str | None) -> None:
    health = health_of(exchange)
    assert (health.up, health.reason) == (up, reason)
