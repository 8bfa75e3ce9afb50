"""What is answered, as values: the good answers, and what a fault makes of them. Pure."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

from connector.simulator.contract import Refusal, error_body
from connector.simulator.plan import (
    DuplicateRefusal,
    Garbage,
    Redirect,
    ReturnCode,
    Status,
    StoreThenStatus,
    WireRule,
)

JSON = "application/json"
ALREADY_EXISTS = Refusal(400, "CREATE_ERROR", "invoice already exists")
_CODES = {
    400: "MISSING_REQUIRED_FIELD",
    401: "MISSING_TOKEN",
    403: "FORBIDDEN_ACCESS",
    404: "MISSING_RESOURCE",
    413: "FILE_SIZE_EXCEEDED",
    422: "UNPROCESSABLE_ENTITY",
    429: "TOO_MANY_REQUESTS",
    503: "RESOURCE_ERROR",
}
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>%s</h1></body></html>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    flow_id: str | None = None  # for the log of exchanges


def answer_json(value: Any, status: int = 200, flow_id: str | None = None) -> Answer:
    return Answer(
        status=status, body=json.dumps(value, ensure_ascii=False, default=str).encode(), flow_id=flow_id
    )


def refused(refusal: Refusal) -> Answer:
    """The answer of a refusal; a 401 tells the scheme (RFC 6750 §3)."""
    scheme = refusal.challenge or ("Bearer" if refusal.status == 401 else None)
    headers = (("WWW-Authenticate", scheme),) if scheme else ()
    return Answer(
        status=refusal.status, body=refusal.body(), content_type=refusal.content_type, headers=headers
    )


def under(fault: WireRule, good: Answer | None, path: str) -> Answer | None:
    """The answer that a fault leaves of the good one; None stays None: nothing to answer yet.

    Args:
        fault: the rule taken.
        good: what would have been answered; None when the fault came before it.
        path: of the request, for a redirect.
    """
    match fault:
        case Status() | StoreThenStatus():
            return replace(_error(fault), flow_id=good.flow_id if good else None)
        case Redirect():
            location = fault.location or f"{path}-moved"
            return Answer(status=fault.code, headers=(("Location", location),), content_type="text/plain")
        case DuplicateRefusal():
            return refused(ALREADY_EXISTS)
        case ReturnCode():
            return answer_json({"codeRetour": fault.code, "libelle": fault.message}, fault.status)
        case Garbage() if good is not None:
            return _spoiled(fault, good)
        case _:
            return good


def _error(fault: Status | StoreThenStatus) -> Answer:
    headers: tuple[tuple[str, str], ...] = ()
    if fault.retry_after is not None:
        headers = (("Retry-After", _retry_after(fault.retry_after)),)
    code = fault.error_code or _CODES.get(fault.code, "INTERNAL_ERROR")
    words = fault.message or "The simulator was told to answer this"
    match fault.body:
        case "json":
            return Answer(status=fault.code, body=error_body(code, words), headers=headers)
        case "problem":
            told = {"type": "about:blank", "titre": words, "statut": fault.code, "detail": code}
            body = json.dumps(told, ensure_ascii=False).encode()
            kind = "application/problem+json"
            return Answer(status=fault.code, body=body, content_type=kind, headers=headers)
        case "html":
            page = _PAGE % f"{fault.code} {words}".encode()
            return Answer(status=fault.code, body=page, content_type="text/html", headers=headers)
        case "text":
            return Answer(status=fault.code, body=words.encode(), content_type="text/plain", headers=headers)
        case "empty":
            return Answer(status=fault.code, content_type="text/plain", headers=headers)


def _retry_after(given: int | str) -> str:
    if isinstance(given, str) and given.startswith("http-date:"):
        return formatdate(time.time() + float(given.partition(":")[2]), usegmt=True)
    return str(given)


def _spoiled(fault: Garbage, good: Answer) -> Answer:
    match fault.what:
        case "html":
            return replace(good, body=_PAGE % b"Welcome", content_type="text/html")
        case "wrong-json":
            return replace(good, body=b'["not", "what", "was", "agreed"]')
        case "broken-json":
            return replace(good, body=good.body[: len(good.body) // 2])
        case "empty":
            return replace(good, body=b"")
        case "no-flow-id" if "xml" in good.content_type:
            return replace(good, body=re.sub(rb"<nomFlux>.*?</nomFlux>", b"", good.body))
        case "no-flow-id":
            told = json.loads(good.body)
            for name in ("flowId", "numeroFluxDepot", "nomFlux"):
                told.pop(name, None)
            return replace(good, body=json.dumps(told).encode())
