"""What an answer of an XP Z12-013 Flow Service (1.2.0) means. Pure, and total: any exchange has a meaning.

Bodies are read defensively: a platform, or a proxy before it, may answer JSON, a sentence, HTML or nothing.
"""

from __future__ import annotations

import json

from connector.gateways import answers
from connector.gateways.afnor_flows import problem_of
from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange
from connector.gateways.fields import moment, text
from connector.model import Health, Problem, Received, Refused, SubmitAnswer, Unknown

# Statuses that mean "this document, for good". Others of the 4xx are in doubt or close the way.
_REFUSALS = frozenset({400, 413, 415, 422, 501})


# --------------------------------------------------------------------------- a deposit
def submitted(exchange: Exchange) -> SubmitAnswer:
    """The meaning of the answer to `POST /v1/flows`."""
    if (answer := answers.about_the_way(exchange)) is not None:
        return answer
    status = exchange.status or 0
    if 200 <= status < 300:
        return _receipt(exchange)
    if status in _REFUSALS:
        if _means_already_there(exchange):
            return Unknown(reason="already-exists", trace=exchange.trace)
        return Refused(problems=error_problems(exchange), trace=exchange.trace)
    return answers.in_doubt(exchange)


def _receipt(exchange: Exchange) -> SubmitAnswer:
    """A receipt names the flow. A page of a proxy, an empty or a half body does not (H05, H22)."""
    answer = exchange.json()
    flow_id = text(answer.get("flowId")) if isinstance(answer, dict) else None
    if flow_id is None:
        return Unknown(reason="unreadable-answer", trace=exchange.trace)
    at = moment(answer.get("submittedAt")) or exchange.at
    return Received(flow_id=flow_id, at=at, trace=exchange.trace)


def _means_already_there(exchange: Exchange) -> bool:
    answer = exchange.json()
    words = exchange.trace.body if answer is None else json.dumps(answer, ensure_ascii=False)
    return answers.says_already_there(words)


# --------------------------------------------------------------------------- error bodies
def error_problems(exchange: Exchange) -> tuple[Problem, ...]:
    """The platform's own words (schema `Error`: errorCode, errorMessage, details), or the bare status."""
    answer = exchange.json()
    fallback = f"http-{exchange.status}"
    if not isinstance(answer, dict):
        return (Problem(code=fallback, source="platform", message=answers.plain_words(exchange, answer)),)
    details = answer.get("details")
    words = [text(answer.get("errorMessage")), text(details)]
    main = Problem(
        code=text(answer.get("errorCode")) or fallback,
        source="platform",
        message="\n".join(word for word in words if word) or None,
    )
    listed = details if isinstance(details, list) else []
    return (main, *(problem_of(item) for item in listed if isinstance(item, dict)))


# --------------------------------------------------------------------------- reads
def read_failure(exchange: Exchange, what: str) -> ReadFailed | None:
    """Why the answer to a question cannot be used; None for a whole 200.

    Args:
        exchange: of a search, a flow's metadata or the health check.
        what: what was asked, for the operator.
    """
    return answers.read_failure(exchange, what, _first_words(exchange))


def health_of(exchange: Exchange) -> Health:
    """The meaning of `GET /v1/healthcheck`: an empty 200. A platform without that route may well be up."""
    if exchange.status is not None and 200 <= exchange.status < 300:
        return Health(up=True, clock_ahead=exchange.clock_ahead)
    failure = read_failure(exchange, "healthcheck")
    if failure is None:
        return Health(up=True, clock_ahead=exchange.clock_ahead)
    return Health(up=failure.reason == "no-such-service", reason=failure.reason)


def _first_words(exchange: Exchange) -> str:
    problem = error_problems(exchange)[0]
    return " ".join(part for part in (problem.code, problem.message) if part)[:300]
