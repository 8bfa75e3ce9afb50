"""What a caller of XP Z12-013 Flow 1.2.0 may say, read strictly; and the error bodies it gets otherwise.

Pure functions from bytes to typed requests. Knows no socket, no clock and no stored flow.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.simulator.multipart import MalformedBody, Part, read_form

SYNTAXES = frozenset({"CII", "UBL", "Factur-X", "CDAR", "FRR"})
PROFILES = frozenset({"Basic", "CIUS", "Extended-CTC-FR"})
RULES = frozenset(
    {"B2B", "B2BInt", "B2C", "OutOfScope", "ArchiveOnly", "NotApplicable", "B2G", "B2GInt", "B2GOutOfScope"}
)
DIRECTIONS = frozenset({"In", "Out"})
ACK_STATUSES = frozenset({"Pending", "Ok", "Error"})
FLOW_TYPES = frozenset(
    {
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
    }
)
# The prose of the specification and its enumeration disagree on this one; both are taken.
_ALIASES = {"IndividualCustomerTransactionReport": "UnitaryCustomerTransactionReport"}
_DEFAULT_LIMIT, _MOST = 25, 100
_SHA256 = re.compile(r"[a-f0-9]{64}")
_LISTS = {"flowType": FLOW_TYPES, "flowDirection": DIRECTIONS, "processingRule": RULES}
_SINGLES = frozenset({"updatedAfter", "updatedBefore", "trackingId", "ackStatus"})


class Refusal(Exception):
    """The platform's answer is an error: its status, code and words, and what it challenges the caller to."""

    content_type = "application/json"

    def __init__(
        self, status: int, code: str, message: str | None = None, challenge: str | None = None
    ) -> None:
        super().__init__(message or code)
        self.status = status
        self.code = code
        self.message = message
        self.challenge = challenge  # WWW-Authenticate

    def body(self) -> bytes:
        return error_body(self.code, self.message)


def error_body(code: str, message: str | None) -> bytes:
    """The JSON of `Error` (XP Z12-013 Flow 1.2.0)."""
    return json.dumps({"type": "about:blank", "errorCode": code, "errorMessage": message}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowInfo:
    """What the sender says of the file it deposits (`flowInfo`)."""

    name: str
    syntax: str
    tracking_id: str | None = None
    profile: str | None = None
    rule: str | None = None
    sha256: str | None = None
    company: str | None = None  # from Organization-Id, where that is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A well-formed `POST /v1/flows`."""

    info: FlowInfo
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A well-formed search; None means that the field is no criterion. Times in milliseconds since 1970."""

    limit: int
    where: dict[str, Any]  # as asked, for the echo in the answer
    after: int | None = None
    before: int | None = None
    tracking_id: str | None = None
    ack_status: str | None = None
    flow_types: frozenset[str] | None = None
    directions: frozenset[str] | None = None
    rules: frozenset[str] | None = None
    company: str | None = None  # whose flows are shown; None: all


def read_deposit(content_type: str, body: bytes, most: int) -> Deposit:
    """The two parts of a deposit, checked.

    `flowInfo` may come with or without a file name, as application/json or as text/plain, as clients in the
    field send it.

    Args:
        content_type: of the request.
        body: the whole form.
        most: bytes that the file may have.
    Raises:
        Refusal: 400 for the form and its fields, 413 for the size.
    """
    try:
        parts = read_form(content_type, body)
    except MalformedBody as error:
        raise Refusal(400, "INVALID_REQUEST", str(error)) from None
    described, file = _needed(parts, "flowInfo"), _needed(parts, "file")
    if described.content_type not in (None, "application/json", "text/plain"):
        raise Refusal(400, "INVALID_REQUEST", "flowInfo must be application/json")
    if file.content_type not in ("application/xml", "application/pdf"):
        raise Refusal(400, "INVALID_REQUEST", "file must be application/xml or application/pdf")
    if len(file.content) > most:
        raise Refusal(413, "FILE_SIZE_EXCEEDED", "Provided file is too big")
    return Deposit(info=read_flow_info(described.content), content=file.content)


def read_flow_info(raw: bytes) -> FlowInfo:
    """`flowInfo`, checked field by field. Fields that the specification does not know are ignored.

    Raises:
        Refusal: 400, naming the field.
    """
    given = _object(raw, "flowInfo")
    sha256 = _text(given, "sha256", 64)
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise Refusal(400, "INVALID_FIELD", "sha256 must be 64 lower-case hexadecimal digits")
    return FlowInfo(
        name=_required(given, "name", _text(given, "name", 255)),
        syntax=_required(given, "flowSyntax", _choice(given, "flowSyntax", SYNTAXES)),
        tracking_id=_text(given, "trackingId", 36),
        profile=_choice(given, "flowProfile", PROFILES),
        rule=_choice(given, "processingRule", RULES),
        sha256=sha256,
    )


def read_search(raw: bytes) -> Search:
    """A search request, checked: `limit` 1 to 100 (25 when absent), at least one criterion, none unknown.

    Raises:
        Refusal: 400, naming the field.
    """
    given = _object(raw, "the search request")
    limit = given.get("limit", _DEFAULT_LIMIT)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= _MOST:
        raise Refusal(400, "INVALID_FIELD", f"limit must be an integer from 1 to {_MOST}")
    where = given.get("where")
    if not isinstance(where, dict) or not where:
        raise Refusal(400, "MISSING_REQUIRED_FIELD", "where must have at least one criterion")
    for name in where:
        if name not in _SINGLES and name not in _LISTS:
            raise Refusal(400, "INVALID_FIELD", f"where.{name} is not a criterion")
    return Search(
        limit=limit,
        where=where,
        after=_instant(where, "updatedAfter"),
        before=_instant(where, "updatedBefore"),
        tracking_id=_text(where, "trackingId", 36),
        ack_status=_choice(where, "ackStatus", ACK_STATUSES),
        flow_types=_choices(where, "flowType"),
        directions=_choices(where, "flowDirection"),
        rules=_choices(where, "processingRule"),
    )


def _needed(parts: dict[str, Part], name: str) -> Part:
    if name not in parts:
        raise Refusal(400, "MISSING_REQUIRED_FIELD", f"the part {name} is missing")
    return parts[name]


def _object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:  # UnicodeDecodeError is one
        raise Refusal(400, "INVALID_REQUEST", f"{what} is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Refusal(400, "INVALID_REQUEST", f"{what} is not a JSON object")
    return value


def _required(given: dict[str, Any], name: str, value: str | None) -> str:
    if not value:
        raise Refusal(400, "MISSING_REQUIRED_FIELD", f"{name} is required")
    return value


def _text(given: dict[str, Any], name: str, most: int) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise Refusal(400, "INVALID_FIELD", f"{name} must be a text of at most {most} characters")
    return value


def _choice(given: dict[str, Any], name: str, known: frozenset[str]) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or value not in known:
        raise Refusal(400, "INVALID_FIELD", f"{name} must be one of {', '.join(sorted(known))}")
    return value


def _choices(where: dict[str, Any], name: str) -> frozenset[str] | None:
    values = where.get(name)
    if values is None:
        return None
    known = _LISTS[name]
    texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    if not texts or len(texts) != len(values):
        raise Refusal(400, "INVALID_FIELD", f"where.{name} must be a list of texts, not empty")
    wanted = frozenset(_ALIASES.get(value, value) for value in texts)
    if not wanted <= known:
        raise Refusal(400, "INVALID_FIELD", f"where.{name} may only have {', '.join(sorted(known))}")
    return wanted


def _instant(where: dict[str, Any], name: str) -> int | None:
    value = where.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(400, "INVALID_FIELD", f"where.{name} must be a date and time with an offset")
    return round(moment.timestamp() * 1000)
