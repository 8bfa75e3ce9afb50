"""What Schematron's report language (SVRL) says, as findings. Pure.

Every broken rule is a `failed-assert` or a `successful-report` with a place in the document and a sentence.
Most rules carry their name as `id`. Some sets number them privately, or not at all, and put the name that
everybody knows in square brackets at the head of the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from lxml import etree

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_BROKEN = (f"{_SVRL}failed-assert", f"{_SVRL}successful-report")
_FIRED = f"{_SVRL}fired-rule"
_NAMED = re.compile(r"\s*\[\s*(?P<name>[A-Z][A-Z0-9]*(?:[-._][A-Za-z0-9]+)+|[A-Z][0-9]+\.[0-9]+[a-z]?)\s*\]")
_PRIVATE = re.compile(r"FX-SCH-A-[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One rule that a document breaks at one place.

    Args:
        rule: its name; None: it has none.
        flag: how grave the set calls it, as written.
        location: an XPath as Schematron writes it.
        text: its sentence, blanks made single.
    """

    rule: str | None
    flag: str | None
    location: str
    text: str


def read_svrl(report: str) -> Iterator[Raised]:
    """The broken rules in a report, in order, in memory that does not grow with it."""
    events = etree.iterparse(
        BytesIO(report.encode()),
        events=("end",),
        tag=(*_BROKEN, _FIRED),
        load_dtd=False,
        no_network=True,
        huge_tree=True,
    )
    for _, element in events:
        if element.tag in _BROKEN:
            yield _raised(element)
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _raised(element: etree._Element) -> Raised:
    sentence = element.find(f"{_SVRL}text")
    text = " ".join("".join(map(str, sentence.itertext())).split()) if sentence is not None else ""
    return Raised(
        rule=_name(element.get("id"), text),
        flag=(element.get("flag") or element.get("role") or "").lower() or None,
        location=element.get("location") or "/",
        text=text,
    )


def _name(identifier: str | None, text: str) -> str | None:
    if identifier and not _PRIVATE.fullmatch(identifier):
        return identifier
    named = _NAMED.match(text)
    return named["name"] if named else identifier
