"""What a file is, by its content: containers by their first bytes, XML by its root element.

Never looks at a file's name. Which XML documents are *taken* is the catalogue's business; this module only
knows the names of things that users drop by mistake or that a later version will take.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

from connector.errors import Unreadable
from connector.model import Problem

BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

PDF = b"%PDF-"

_CONTAINERS = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # an archive without entries
    (b"\x1f\x8b", "gzip"),
)

# Roots of documents that we know by name and do not take.
_KNOWN_ROOTS = {
    "CrossIndustryDocument": "ZUGFeRD 1",
    "SCRDMCCBDACIOMessageStructure": "Order-X",
    "ApplicationResponse": "UBL ApplicationResponse",
    "CPPFacturePivot": "Chorus Pro",
}

# (namespace or None, local name)
RootName = tuple[str | None, str]


class NotADocument(Unreadable):
    """The file cannot be read as a document at all.

    Args:
        problem: what is wrong.
        incomplete: it stops in the middle; perhaps it is still being written.
    """

    def __init__(self, problem: Problem, *, incomplete: bool = False) -> None:
        super().__init__(problem.message or problem.code)
        self.problem = problem
        self.incomplete = incomplete


@dataclass(frozen=True, slots=True, kw_only=True)
class RootMatch:
    """The kind that a root element names, and whether its namespace is the right one."""

    kind: str
    right_namespace: bool


def refuse_unless_xml(data: bytes) -> None:
    """Let through what may be XML.

    Args:
        data: the file, or its first kilobytes.
    Raises:
        NotADocument: empty (`file-empty`), only NULs or part of a byte order mark (`xml-incomplete`), a
            container that is known and not taken (`kind-not-supported`), or anything else (`kind-unknown`).
    """
    if not data:
        raise NotADocument(Problem(code="file-empty"))
    for magic, name in _CONTAINERS:
        if data.startswith(magic):
            raise NotADocument(Problem(code="kind-not-supported", found=name))
    if not data.strip(b"\0") or any(bom.startswith(data) for bom in BOMS):
        raise NotADocument(Problem(code="xml-incomplete", source="xml"), incomplete=True)
    text = data
    for bom in BOMS:
        text = text.removeprefix(bom)
    if not text.lstrip(b" \t\r\n\0").startswith(b"<"):
        raise NotADocument(Problem(code="kind-unknown"))


def match_root(root: RootName, kinds: Mapping[RootName, str]) -> RootMatch:
    """The kind of the document with this root element.

    A right local name in a wrong namespace still names the kind: what the sender meant is clear, and
    "wrong namespace" helps more than "unknown document".

    Args:
        root: namespace and local name of the root element.
        kinds: the kinds of the catalogue by root element.
    Raises:
        NotADocument: `kind-not-supported` or `kind-unknown`, naming the element.
    """
    if root in kinds:
        return RootMatch(kind=kinds[root], right_namespace=True)
    local = root[1]
    for (_, name), kind in kinds.items():
        if name == local:
            return RootMatch(kind=kind, right_namespace=False)
    if local in _KNOWN_ROOTS:
        raise NotADocument(Problem(code="kind-not-supported", where=f"/{local}", found=_KNOWN_ROOTS[local]))
    raise NotADocument(Problem(code="kind-unknown", where=f"/{local}", found=local))


def match_in_pdf(root: RootName, kinds: Mapping[RootName, str]) -> RootMatch:
    """The kind of the XML inside a PDF: only a CII invoice makes it a Factur-X.

    Raises:
        NotADocument: `kind-not-supported`, naming what is in the PDF.
    """
    try:
        match = match_root(root, kinds)
        inside = match.kind
    except NotADocument as fault:
        inside = fault.problem.found or root[1]
    else:
        if inside == "cii-invoice":
            return match
    raise NotADocument(Problem(code="kind-not-supported", source="facturx", found=f"PDF ({inside})"))
