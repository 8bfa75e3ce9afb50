"""From the path of an XML element to the business term that an accountant knows, and its place in words.

The table is data (`terms.toml`); the terms' names are in the catalogues of `messages`, under `term`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from connector.messages import Messages
from connector.outbox.layout import clean

_NAMESPACE = re.compile(r"\{[^}]*\}")
_STEP = re.compile(r"(?:[^:/\[\]]+:)?(?P<name>[^/\[\]]+)(?:\[(?P<position>[0-9]{1,9})\])?")
_TABLE_OF_ROOT = {
    "Invoice": "invoice_or_creditnote",
    "CreditNote": "invoice_or_creditnote",
    "CrossIndustryInvoice": "cii",
    "Report": "ereporting",
}
# A credit note's elements are those of an invoice under other names.
_AS_INVOICE = {
    "CreditNote": "Invoice",
    "CreditNoteLine": "InvoiceLine",
    "CreditedQuantity": "InvoicedQuantity",
    "CreditNoteTypeCode": "InvoiceTypeCode",
}
_LINES = frozenset({"InvoiceLine", "CreditNoteLine", "IncludedSupplyChainTradeLineItem"})
# Groups that repeat: their elements, and the sentence that names one of them.
_GROUPS = (
    (_LINES, "place.line"),
    (frozenset({"Invoice"}), "place.invoice"),
    (frozenset({"Transactions"}), "place.transaction"),
)
_MOST_NUMBERS = 8  # line numbers listed before "…"
_MOST_NAMES = 3  # lines named by what they sell as well

Step = tuple[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where one finding is: a path, and the invoice line that it lies in, as the document calls it."""

    path: str
    line: str | None = None  # the line's own number (BT-126)
    name: str | None = None  # what it sells (BT-153)


def steps(where: str) -> tuple[Step, ...]:
    """A path as (name, position) from the root; namespaces and prefixes are dropped."""
    parts = _NAMESPACE.sub("", where).split("/")
    found = (_STEP.fullmatch(part) for part in parts if part)
    return tuple((m["name"], int(m["position"]) if m["position"] else None) for m in found if m)


def without_positions(where: str | None) -> str | None:
    """The path that the same fault in another line shares."""
    return where if where is None else "/".join(name for name, _ in steps(where)) or where


def term_of(where: str) -> str | None:
    """The business term of an element ("BT-126"), of the element itself for an attribute, or None."""
    names = [name for name, _ in steps(where)]
    return _term(names) or (_term(names[:-1]) if names and names[-1].startswith("@") else None)


def line_of(where: str | None) -> int | None:
    """The number of the invoice line that a path lies in, from 1."""
    return _number_of(where, _LINES)


def place(spots: Sequence[Spot], messages: Messages, term: str | None = None) -> str:
    """Where something is, in words: "ligne 3 « Pompe P12 » – Quantité facturée (BT-129)".

    Args:
        spots: where it was found, at least once; of those after the first only the lines are told.
        term: the business term, when whoever found the problem named it.
    """
    where = spots[0].path
    parts = _position(spots, messages)
    named = term if term and messages.has(f"term.{term}") else term_of(where)
    names = [name for name, _ in steps(where)]
    if named:
        parts.append(label(named, messages))
    elif names:
        parts.append(_nearest(names, messages))
    return " – ".join(parts) or clean(where, 200)


def label(term: str, messages: Messages) -> str:
    """The name of a business term with its identifier: "Date d'émission (BT-2)"."""
    return messages.text("place.term", label=messages.text(f"term.{term}"), term=term)


def is_known(name: str, parent: str) -> bool:
    """Whether an element has a business term."""
    return _term(_path(name, parent)) is not None


def element(name: str, parent: str, messages: Messages) -> str:
    """An element in words, given by its name and the path of its parent."""
    path = _path(name, parent)
    named = _term(path)
    return label(named, messages) if named else messages.text("notice.quoted", words=clean(path[-1], 60))


def _path(name: str, parent: str) -> list[str]:
    return [*(step for step, _ in steps(parent)), name.rpartition("}")[2].rpartition(":")[2]]


def _position(spots: Sequence[Spot], messages: Messages) -> list[str]:
    """The repeated group that the spots lie in, with its number, or their numbers."""
    for names, key in _GROUPS:
        within = {n: spot for spot in spots if (n := _number_of(spot.path, names)) is not None}
        if within:
            told = len(within) <= _MOST_NAMES
            shown = [_called(n, within[n], messages, named=told) for n in sorted(within)[:_MOST_NUMBERS]]
            listed = ", ".join([*shown, "…"] if len(within) > _MOST_NUMBERS else shown)
            return [messages.text(key if len(within) == 1 else f"{key}s", n=listed)]
    return []


def _called(position: int, spot: Spot, messages: Messages, *, named: bool) -> str:
    """What a line is called: its own number where it has one, and what it sells."""
    number = clean(spot.line, 20) if spot.line else str(position)
    if named and spot.name:
        return messages.text("place.named", n=number, name=clean(spot.name, 40))
    return number


def _number_of(where: str | None, names: frozenset[str]) -> int | None:
    for name, position in steps(where or "")[1:]:
        if name in names:
            return position or 1
    return None


def _nearest(names: Sequence[str], messages: Messages) -> str:
    """An element without a term of its own, told by the closest group around it."""
    if len(names) == 1:
        return messages.text("place.root")
    name = clean(names[-1], 60)
    for end in range(len(names) - 1, 1, -1):
        if group := _term(names[:end]):
            return messages.text("place.inside", place=label(group, messages), name=name)
    return messages.text("place.element", name=name)


def _term(names: Sequence[str]) -> str | None:
    table = _terms().get(_TABLE_OF_ROOT.get(names[0], "") if names else "", {})
    as_invoice = [_AS_INVOICE.get(name, name) for name in names]
    for start in range(len(names) - 1):
        for spelling in (names, as_invoice):
            if found := table.get("/".join(spelling[start:])):
                return found
    # A group whose table entry is its name alone.
    return table.get(names[-1]) if len(names) > 1 else None


@cache
def _terms() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("terms.toml").read_text("utf-8"))
