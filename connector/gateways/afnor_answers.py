"""What an answer of an XP Z12-013 Flow Service (1.2.0) means. Pure, and total: any exchange has a meaning.

Bodies are read defensively: a platform, or a proxy before it, may answer JSON, a sentence, HTML or nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connector.gateways.afnor_flows import moment, problem_of, text
from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange, Trouble
from connector.model import Health, NotSent, Problem, Received, Refused, SubmitAnswer, Unknown

# Statuses that mean "this document, for good" (API §7.3). Others of the 4xx are in doubt unless named below.
_REFUSALS = frozenset({400, 413, 415, 422, 501})
# The way is closed, whatever the document: credentials, rights, address, version (H06, H24).
_STOPS: Mapping[int, str] = {
    401: "unauthorized",
    403: "forbidden",
    404: "no-such-service",
    405: "no-such-service",
    407: "proxy",
    410: "no-such-service",
}
_DOUBTS: Mapping[int, str] = {408: "timeout", 409: "already-exists"}
_ALREADY = re.compile(
    r"already[ _-]?(exist|been (sent|received|submitted|deposited)|(sent|received|submitted|deposited)\b)"
    r"|duplicate[ _-]?(flow|invoice|document|submission|deposit|tracking)"
    r"|exist\w* déj[àa]|déj[àa] (exist|reçu|transmis|dépos|envoy|présent)|\bdoublon\b|\"duplicated?\"",
    re.IGNORECASE,
)


# --------------------------------------------------------------------------- a deposit
def submitted(exchange: Exchange) -> SubmitAnswer:
    """The meaning of the answer to `POST /v1/flows`."""
    trace, status = exchange.trace, exchange.status
    if status is None:
        return _no_answer(exchange)
    if status in _STOPS:
        return NotSent(reason=_STOPS[status], stops_account=True, trace=trace)
    if 300 <= status < 400:
        return NotSent(reason="redirect", stops_account=True, trace=trace)
    if status == 429:
        return NotSent(reason="rate", retry_after=exchange.retry_after, trace=trace)
    if exchange.trouble is not None:
        return Unknown(reason=exchange.trouble.value, trace=trace)
    if 200 <= status < 300:
        return _receipt(exchange)
    if status in _REFUSALS:
        if _means_already_there(exchange):
            return Unknown(reason="already-exists", trace=trace)
        return Refused(problems=error_problems(exchange), trace=trace)
    if status in _DOUBTS:
        return Unknown(reason=_DOUBTS[status], trace=trace)
    return Unknown(reason="server-error" if status >= 500 else "unexpected-status", trace=trace)


def _no_answer(exchange: Exchange) -> SubmitAnswer:
    """Without a status, only a body that was never asked for proves that nothing was sent."""
    trouble = exchange.trouble or Trouble.READ
    if exchange.body_started:
        return Unknown(reason=trouble.value, trace=exchange.trace)
    reason = trouble if trouble is Trouble.SPOOL else Trouble.CONNECT
    return NotSent(reason=reason.value, trace=exchange.trace)


def _receipt(exchange: Exchange) -> SubmitAnswer:
    """A receipt names the flow. A page of a proxy, an empty or a half body does not (H05, H22)."""
    answer = exchange.json()
    flow_id = text(answer.get("flowId")) if isinstance(answer, dict) else None
    if flow_id is None:
        return Unknown(reason="unreadable-answer", trace=exchange.trace)
    at = moment(answer.get("submittedAt")) or exchange.at
    return Received(flow_id=flow_id, at=at, trace=exchange.trace)


def _means_already_there(exchange: Exchange) -> bool:
    """Whether a refusal says that the platform has this document; it may be our own earlier attempt (H09)."""
    answer = exchange.json()
    words = exchange.trace.body if answer is None else json.dumps(answer, ensure_ascii=False)
    return _ALREADY.search(words) is not None


# --------------------------------------------------------------------------- error bodies
def error_problems(exchange: Exchange) -> tuple[Problem, ...]:
    """The platform's own words (schema `Error`: errorCode, errorMessage, details), or the bare status."""
    answer = exchange.json()
    fallback = f"http-{exchange.status}"
    if not isinstance(answer, dict):
        return (Problem(code=fallback, source="platform", message=_plain_words(exchange, answer)),)
    details = answer.get("details")
    words = [text(answer.get("errorMessage")), text(details)]
    main = Problem(
        code=text(answer.get("errorCode")) or fallback,
        source="platform",
        message="\n".join(word for word in words if word) or None,
    )
    listed = details if isinstance(details, list) else []
    return (main, *(problem_of(item) for item in listed if isinstance(item, dict)))


def _plain_words(exchange: Exchange, answer: Any) -> str | None:
    """A body that is just a sentence; None for a page of HTML or nothing (the trace has the bytes)."""
    words = answer if isinstance(answer, str) else exchange.trace.body
    words = words.strip()
    return None if not words or words.startswith(("<", "{", "[")) else words[:1000]


# --------------------------------------------------------------------------- reads
def read_failure(exchange: Exchange, what: str) -> ReadFailed | None:
    """Why the answer to a question cannot be used; None for a whole 200.

    Args:
        exchange: of a search, a flow's metadata or the health check.
        what: what was asked, for the operator.
    """
    status = exchange.status
    if status is None or (exchange.trouble is not None and status < 300):
        reason = (exchange.trouble or Trouble.READ).value
        return ReadFailed(reason, f"{what}: no answer ({reason}: {exchange.detail})")
    if status == 200:
        return None
    words = f"{what}: HTTP {status} {_first_words(exchange)}".rstrip()
    match status:
        case 401:
            return ReadFailed("unauthorized", words, authentication=True, stops_account=True)
        case 403:
            return ReadFailed("forbidden", words, authentication=True)
        case 407:
            return ReadFailed("proxy", words, authentication=True)
        case 429:
            return ReadFailed("rate", words)
        case 404 | 405 | 410 | 501:
            return ReadFailed("no-such-service", words)
        case 400 | 422:
            return ReadFailed("bad-question", words)
        case 408 | 500 | 502 | 503 | 504:
            return ReadFailed("server-error", words)
        case _ if 300 <= status < 400:
            return ReadFailed("redirect", words)
        case _:
            return ReadFailed("unexpected-status", words)


def health_of(exchange: Exchange) -> Health:
    """The meaning of `GET /v1/healthcheck`: an empty 200. A platform without that route may well be up."""
    if exchange.status is not None and 200 <= exchange.status < 300:
        return Health(up=True)
    failure = read_failure(exchange, "healthcheck")
    if failure is None:
        return Health(up=True)
    return Health(up=failure.reason == "no-such-service", reason=failure.reason)


def _first_words(exchange: Exchange) -> str:
    problem = error_problems(exchange)[0]
    return " ".join(part for part in (problem.code, problem.message) if part)[:300]
