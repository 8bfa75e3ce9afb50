"""A result in the forms that programs read: JSON, a CSV file of one line, XML. Pure.

All three are made from one record, so they say the same. `docs/results.md` is their contract in words,
`schemas/results` in JSON Schema and XSD; both stay true for what they describe while new members are added.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from connector.cells import neutral
from connector.delivery import Delivery, Form
from connector.records import pretty

Record = Mapping[str, Any]

# Column → member of the record. New columns come at the end, so that a reader may count.
_MEMBERS = {
    "schema_version": "schema_version",
    "id": "id",
    "outcome": "outcome",
    "final": "final",
    "route": "route",
    "environment": "environment",
    "file_name": "file.name",
    "file_size": "file.size",
    "file_sha256": "file.sha256",
    "received_at": "file.received_at",
    "family": "document.family",
    "kind": "document.kind",
    "syntax": "document.syntax",
    "type_code": "document.type_code",
    "number": "document.number",
    "issue_date": "document.issue_date",
    "period_start": "document.period_start",
    "period_end": "document.period_end",
    "report_kind": "document.report_kind",
    "role": "document.role",
    "seller_siren": "document.seller.siren",
    "seller_siret": "document.seller.siret",
    "seller_vat": "document.seller.vat",
    "seller_name": "document.seller.name",
    "buyer_siren": "document.buyer.siren",
    "buyer_siret": "document.buyer.siret",
    "buyer_vat": "document.buyer.vat",
    "buyer_name": "document.buyer.name",
    "currency": "document.currency",
    "total_without_vat": "document.total_without_vat",
    "total_vat": "document.total_vat",
    "total_with_vat": "document.total_with_vat",
    "lines": "document.lines",
    "flow_id": "platform.flow_id",
    "tracking_id": "platform.tracking_id",
    "submitted_at": "platform.submitted_at",
    "acknowledged_at": "platform.acknowledged_at",
    "status_code": "status.code",
    "status_label": "status.label",
    "status_at": "status.at",
    "bundle_id": "bundle.id",
    "bundle_member": "bundle.member",
    "duplicate_of": "duplicate_of.id",
    "next_action": "next.action",
    "same_number_allowed": "next.same_number_allowed",
    "who": "next.who",
    "deadline": "next.deadline",
    "message": "message",
    "next_message": "next.message",
    "audit_seq": "audit.seq",
    "audit_hash": "audit.hash",
}
_COUNTED = ("errors", "warnings", "codes", "first_code", "first_message")
_REPLACED = "replaced_characters"
COLUMNS = (*_MEMBERS, *_COUNTED, _REPLACED)

_ITEMS = {"problems": "problem", "documents": "document"}  # lists → the name of one of theirs
_BREAKS = re.compile("[\t\n\r]+")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(record: Record, form: Form, delivery: Delivery) -> bytes:
    """One record as the bytes of its file.

    In `cp1252`, JSON and XML escape what that code page has not, and lose nothing; a CSV file has "?" in its
    place, and says in its last column how many there are.
    """
    return _WRITERS[form](record, delivery)


def _json(record: Record, delivery: Delivery) -> bytes:
    if delivery.result_encoding == "utf-8":
        return pretty(dict(record))
    return (json.dumps(record, ensure_ascii=True, indent=2) + "\n").encode("ascii")


# --------------------------------------------------------------------------- CSV
def _csv(record: Record, delivery: Delivery) -> bytes:
    """Two lines, names and values: decimal points, ISO dates, CRLF, no BOM, no formulas."""
    cells = [neutral(cell) for cell in _cells(record)]
    replaced = sum(_lost(cell, delivery.result_encoding) for cell in cells)
    page = io.StringIO(newline="")
    writer = csv.writer(page, delimiter=delivery.result_delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerow([*cells, str(replaced)])
    return page.getvalue().encode(delivery.result_encoding, "replace")


def _cells(record: Record) -> Iterator[str]:
    for member in _MEMBERS.values():
        yield _cell(_member(record, member))
    errors = [problem for problem in record["problems"] if problem["severity"] == "error"]
    first = errors[0] if errors else {}
    yield str(len({problem["n"] for problem in errors}))
    yield str(len({problem["n"] for problem in record["problems"]} - {problem["n"] for problem in errors}))
    yield " ".join(dict.fromkeys(problem["code"].replace(" ", "_") for problem in errors))
    yield _cell(first.get("code"))
    yield _cell(first.get("message"))


def _member(record: Record, path: str) -> object:
    found: Any = record
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _BREAKS.sub(" ", str(value))


def _lost(text: str, encoding: str) -> int:
    """How many characters an encoding cannot say."""
    if text.isascii():
        return 0
    return text.encode(encoding, "replace").count(b"?") - text.count("?")


# --------------------------------------------------------------------------- XML
def _xml(record: Record, delivery: Delivery) -> bytes:
    """The members of the record as elements of the same names and order; what is null is left out."""
    name = "UTF-8" if delivery.result_encoding == "utf-8" else "windows-1252"
    lines = [f'<?xml version="1.0" encoding="{name}"?>', *_element("result", record, "")]
    return ("\n".join(lines) + "\n").encode(delivery.result_encoding, "xmlcharrefreplace")


def _element(name: str, value: object, indent: str) -> Iterator[str]:
    match value:
        case None:
            return
        case Mapping():
            yield f"{indent}<{name}>"
            for member, content in value.items():
                yield from _element(member, content, indent + "  ")
            yield f"{indent}</{name}>"
        case list() | tuple():
            yield f"{indent}<{name}>"
            for item in value:
                yield from _element(_ITEMS[name], item, indent + "  ")
            yield f"{indent}</{name}>"
        case bool():
            yield f"{indent}<{name}>{'true' if value else 'false'}</{name}>"
        case _:
            yield f"{indent}<{name}>{escape(_NOT_IN_XML.sub(' ', str(value)))}</{name}>"


_WRITERS: dict[Form, Callable[[Record, Delivery], bytes]] = {"json": _json, "csv": _csv, "xml": _xml}
