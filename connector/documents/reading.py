"""Small words for reading values out of an XML tree by local name, whatever the namespace says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

_LONGEST = 120
_COMPACT_DATE = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-9]{2}){0,3}")


def children(node: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """The child elements of this local name."""
    return iter(()) if node is None else node.iterchildren(f"{{*}}{name}")


def walk(node: etree._Element | None, *names: str) -> etree._Element | None:
    """The first element down this path of local names."""
    for name in names:
        node = next(children(node, name), None)
    return node


def text(node: etree._Element | None, *names: str) -> str | None:
    """The text down this path: blanks squeezed, cut at 120 characters; None when absent or blank."""
    found = walk(node, *names)
    if found is None or not found.text:
        return None
    return " ".join(found.text.split())[:_LONGEST] or None


def date(written: str | None) -> str | None:
    """AAAAMMJJ (with or without a time) as an ISO date; anything else as written."""
    found = _COMPACT_DATE.fullmatch(written or "")
    return "-".join(found.groups()[:3]) if found else written


def siren(written: str | None) -> str | None:
    """The SIREN in an identifier: nine digits, or the first nine of a SIRET's fourteen."""
    digits = (written or "").replace(" ", "")
    if digits.isascii() and digits.isdigit() and len(digits) in (9, 14):
        return digits[:9]
    return None


def best_siren(identifiers: Iterator[etree._Element], *, only: tuple[str, ...] = ()) -> str | None:
    """The SIREN among these identifiers; scheme 0002 (SIREN, ISO 6523) wins over the others.

    Args:
        only: schemes to look at; empty for all.
    """
    fallback = None
    for identifier in identifiers:
        scheme = identifier.get("schemeID")
        if only and scheme not in only:
            continue
        value = siren(text(identifier))
        if value and scheme == "0002":
            return value
        fallback = fallback or value
    return fallback


def amount_in(node: etree._Element | None, name: str, currency: str | None) -> str | None:
    """The amount of this name that is in the document's currency, else the first."""
    amounts = list(children(node, name))
    for amount in amounts:
        if amount.get("currencyID") == currency:
            return text(amount)
    return text(amounts[0]) if amounts else None
