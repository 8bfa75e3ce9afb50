"""Small words for reading values out of an XML tree by local name, whatever the namespace says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from connector.model import Party

_SIREN, _SIRET = "0002", "0009"  # ISO 6523
_REGISTERED = (_SIREN, _SIRET)
_FRENCH = (None, "", *_REGISTERED, "0225")  # 0225 begins with the SIREN, too
_LONGEST = 120
_LONGEST_ADDRESS = 200  # a cut one would be another's
_COMPACT_DATE = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-9]{2}){0,3}")


def children(node: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """The child elements of this local name."""
    return iter(()) if node is None else node.iterchildren(f"{{*}}{name}")


def tags(*names: str) -> tuple[str, ...]:
    """Local names as `named` wants them, whatever the namespace."""
    return tuple(f"{{*}}{name}" for name in names)


def named(node: etree._Element | None, wanted: tuple[str, ...] = ("*",)) -> dict[str, list[etree._Element]]:
    """The child elements by local name, in one pass over all of them.

    Args:
        wanted: names as `tags` makes them, of a node that has many other children.
    """
    found: dict[str, list[etree._Element]] = {}
    if node is not None:
        for child in node.iterchildren(*wanted):
            name = child.tag.rpartition("}")[2]
            if name in found:
                found[name].append(child)
            else:
                found[name] = [child]
    return found


def walk(node: etree._Element | None, *names: str) -> etree._Element | None:
    """The first element down this path of local names."""
    for name in names:
        if node is None:
            return None
        node = next(node.iterchildren(f"{{*}}{name}"), None)
    return node


def text(node: etree._Element | None, *names: str) -> str | None:
    """The text down this path: blanks squeezed, cut at 120 characters; None when absent or blank."""
    found = walk(node, *names) if names else node
    return None if found is None else squeezed(found.text)


def squeezed(written: str | None) -> str | None:
    """A text as `text` gives it."""
    return " ".join(written.split())[:_LONGEST] or None if written else None


def date(written: str | None) -> str | None:
    """AAAAMMJJ (with or without a time) as an ISO date; anything else as written."""
    found = _COMPACT_DATE.fullmatch(written or "")
    return "-".join(found.groups()[:3]) if found else written


def compact(written: str | None) -> str | None:
    """An identifier without its blanks."""
    return (written or "").replace(" ", "") or None


def siren(written: str | None) -> str | None:
    """The SIREN in an identifier: nine digits, or the first nine of a SIRET's fourteen."""
    digits = compact(written) or ""
    if digits.isascii() and digits.isdigit() and len(digits) in (9, 14):
        return digits[:9]
    return None


def party(
    legal: Iterable[etree._Element],
    others: Iterable[etree._Element] = (),
    *,
    name: str | None = None,
    vat: str | None = None,
    scheme: str = "schemeID",
    endpoint: etree._Element | None = None,
) -> Party:
    """Who this is, from the identifiers that a document gives.

    The scheme 0002 (SIREN, ISO 6523) wins over a legal identifier without a scheme, that over the rest. A
    number of a scheme that is not French (a DUNS number has nine digits too) is nobody's SIREN.

    Args:
        legal: identifiers that mean the legal entity, with or without a scheme.
        others: identifiers that count only when they say that they are a SIREN or a SIRET.
        scheme: name of the attribute that holds the scheme.
        endpoint: the electronic address.
    """
    given = [(of, text(id_)) for id_ in legal if (of := id_.get(scheme)) in _FRENCH]
    given += [(of, text(id_)) for id_ in others if (of := id_.get(scheme)) in _REGISTERED]
    given.sort(key=_not_a_siren)
    number = number_scheme = siret = None
    for of, value in given:
        found = siren(value)
        if found and number is None:
            number, number_scheme = found, of
        if siret is None and value and (of == _SIRET or (found and len(value) >= 14)):
            siret = value
    return Party(
        siren=number,
        siren_scheme=number_scheme,
        siret=compact(siret),
        vat=compact(vat),
        name=name,
        endpoint=None
        if endpoint is None
        else "".join((endpoint.text or "").split())[:_LONGEST_ADDRESS] or None,
        endpoint_scheme=None if endpoint is None else endpoint.get(scheme),
    )


def _not_a_siren(given: tuple[str | None, str | None]) -> bool:
    return given[0] != _SIREN


def amount_in(node: etree._Element | None, name: str, currency: str | None) -> str | None:
    """The amount of this name that is in the document's currency, else the first."""
    amounts = list(children(node, name))
    for amount in amounts:
        if amount.get("currencyID") == currency:
            return text(amount)
    return text(amounts[0]) if amounts else None
