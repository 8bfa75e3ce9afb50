"""The business summary of any document we take, and what of it may be dropped while a large one streams by.

To take one more kind: an entry in `schemas/catalogue.toml`, a `summarise`, and a line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from connector.documents import annuaire, cdar, cii, frr, ubl
from connector.documents.reading import children
from connector.documents.tally import Tally
from connector.model import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How a kind is read.

    Args:
        summarise: kind, root element and what was counted of the lines to a Document.
        below: path from the root to the parents of the lines; several, when there are alternatives.
        lines: local names of what counts as a line.
        line_ids: paths in a line to what the document calls it; the first one that is there counts.
        line_name: path in a line to the name of its article.
        bulky: local names of what may be large and says nothing to the summary.
        tally: what counts the lines.
    """

    summarise: Callable[[str, etree._Element, Tally], Document]
    below: tuple[tuple[str, ...], ...] = ((),)
    lines: tuple[str, ...]
    line_ids: tuple[tuple[str, ...], ...] = (("ID",),)
    line_name: tuple[str, ...] | None = None
    bulky: tuple[str, ...] = ()
    tally: type[Tally] = Tally


def _ubl(line: str) -> Reader:
    return Reader(
        summarise=ubl.summarise,
        lines=(line,),
        line_name=("Item", "Name"),
        bulky=("UBLExtensions", "AdditionalDocumentReference", "Signature"),
    )


def _cii(summarise: Callable[[str, etree._Element, Tally], Document]) -> Reader:
    return Reader(
        summarise=summarise,
        below=(("SupplyChainTradeTransaction",),),
        lines=("IncludedSupplyChainTradeLineItem",),
        line_ids=(("AssociatedDocumentLineDocument", "LineID"),),
        line_name=("SpecifiedTradeProduct", "Name"),
        bulky=("AdditionalReferencedDocument",),
    )


_FACTURX = ("minimum", "basicwl", "basic", "en16931", "extended", "extended-ctc-fr")

READERS = {
    "ubl-invoice": _ubl("InvoiceLine"),
    "ubl-creditnote": _ubl("CreditNoteLine"),
    "cii-invoice": _cii(cii.summarise),
    **{f"facturx-{level}": _cii(cii.summarise_facturx) for level in _FACTURX},
    "cdar": Reader(
        summarise=cdar.summarise,
        below=(("AcknowledgementDocument",),),
        lines=("ReferenceReferencedDocument",),
        line_ids=(("IssuerAssignedID",),),
        bulky=("AttachmentBinaryObject",),
        tally=cdar.StatusTally,
    ),
    "frr-report": Reader(
        summarise=frr.summarise,
        below=(("TransactionsReport",), ("PaymentsReport",)),
        lines=("Invoice", "Transactions"),
        line_ids=(("ID",), ("InvoiceID",)),
        tally=frr.ReportTally,
    ),
    "annuaire-f12-f13": Reader(
        summarise=annuaire.summarise, below=(("BlocLignesAnnuaire",),), lines=("LigneAnnuaire",), line_ids=()
    ),
    "annuaire-f14": Reader(
        summarise=annuaire.summarise, below=(("BlocLignesAnnuaire",),), lines=("LigneAnnuaire",), line_ids=()
    ),
}


def summarise(kind: str, root: etree._Element, tally: Tally | None = None) -> Document:
    """The summary of a parsed document.

    Args:
        kind: entry of the catalogue; it must be in `READERS`.
        root: its root element; the lines may have been dropped when `tally` is given.
        tally: what was counted of them; None to count them here.
    """
    return READERS[kind].summarise(kind, root, tally or tally_of(kind, root))


def tally_of(kind: str, root: etree._Element) -> Tally:
    """What there is to count of the lines of a whole tree."""
    reader = READERS[kind]
    tally = reader.tally()
    for line in lines_of(reader, root):
        tally.see(line)
    return tally


def lines_of(reader: Reader, root: etree._Element) -> list[etree._Element]:
    """The lines of a whole tree, in order."""
    lines: list[etree._Element] = []
    for path in reader.below:
        parents = [root]
        for step in path:
            parents = [child for parent in parents for child in children(parent, step)]
        for parent in parents:
            for name in reader.lines:
                lines += children(parent, name)
    return lines
