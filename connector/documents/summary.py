"""The business summary of any document we take, and what of it may be dropped while a large one streams by.

To take one more kind: an entry in `schemas/catalogue.toml`, a `summarise`, and a line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from connector.documents import cii, frr, ubl
from connector.documents.reading import children, walk
from connector.model import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How a kind is read.

    Args:
        summarise: kind, root element and number of lines to a Document.
        below: path from the root to the parents of the lines; several, when there are alternatives.
        lines: local names of what counts as a line.
        bulky: local names of what may be large and says nothing to the summary.
    """

    summarise: Callable[[str, etree._Element, int], Document]
    below: tuple[tuple[str, ...], ...] = ((),)
    lines: tuple[str, ...]
    bulky: tuple[str, ...] = ()


_UBL_BULKY = ("UBLExtensions", "AdditionalDocumentReference", "Signature")

READERS = {
    "ubl-invoice": Reader(summarise=ubl.summarise, lines=("InvoiceLine",), bulky=_UBL_BULKY),
    "ubl-creditnote": Reader(summarise=ubl.summarise, lines=("CreditNoteLine",), bulky=_UBL_BULKY),
    "cii-invoice": Reader(
        summarise=cii.summarise,
        below=(("SupplyChainTradeTransaction",),),
        lines=("IncludedSupplyChainTradeLineItem",),
        bulky=("AdditionalReferencedDocument",),
    ),
    "frr-report": Reader(
        summarise=frr.summarise,
        below=(("TransactionsReport",), ("PaymentsReport",)),
        lines=("Invoice", "Transactions"),
    ),
}


def summarise(kind: str, root: etree._Element, lines: int | None = None) -> Document:
    """The summary of a parsed document.

    Args:
        kind: entry of the catalogue; it must be in `READERS`.
        root: its root element; the lines may have been dropped when `lines` is given.
        lines: how many there were; None to count them here.
    """
    reader = READERS[kind]
    return reader.summarise(kind, root, count_lines(reader, root) if lines is None else lines)


def count_lines(reader: Reader, root: etree._Element) -> int:
    """How many lines a whole tree has."""
    parents = (walk(root, *path) for path in reader.below)
    return sum(1 for parent in parents for name in reader.lines for _ in children(parent, name))
