"""The business summary of a UBL 2.1 invoice or credit note (EN 16931 binding)."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from connector.documents.reading import amount_in, children, named, party, tags, text, walk
from connector.documents.tally import Tally
from connector.model import Document, Family, Party, Syntax

_HEAD = tags(
    "CustomizationID",
    "ID",
    "IssueDate",
    "InvoiceTypeCode",
    "CreditNoteTypeCode",
    "DocumentCurrencyCode",
    "BuyerReference",
    "OrderReference",
    "AccountingSupplierParty",
    "AccountingCustomerParty",
    "TaxTotal",
    "LegalMonetaryTotal",
)
_MOST_PARTIES, _LONGEST_PARTY = 1024, 4096  # parties that are kept, and bytes of the XML of each
_Found = dict[str, list[etree._Element]]
_parties: dict[bytes, Party] = {}


def summarise(kind: str, root: etree._Element, tally: Tally) -> Document:
    """What people recognise the document by; a field that is missing is None."""
    head = named(root, _HEAD)
    totals = named(_first(head, "LegalMonetaryTotal"))
    currency = text(_first(head, "DocumentCurrencyCode"))
    return Document(
        family=Family.INVOICE,
        syntax=Syntax.UBL,
        kind=kind,
        profile=text(_first(head, "CustomizationID")),
        number=text(_first(head, "ID")),
        issue_date=text(_first(head, "IssueDate")),
        type_code=text(_first(head, "InvoiceTypeCode")) or text(_first(head, "CreditNoteTypeCode")),
        seller=_party(_first(head, "AccountingSupplierParty")),
        buyer=_party(_first(head, "AccountingCustomerParty")),
        buyer_reference=text(_first(head, "BuyerReference")),
        order_reference=text(_first(head, "OrderReference"), "ID"),
        currency=currency,
        total_without_vat=text(_first(totals, "TaxExclusiveAmount")),
        total_vat=_vat(head.get("TaxTotal", []), currency),
        total_with_vat=text(_first(totals, "TaxInclusiveAmount")),
        lines=tally.lines,
    )


def _first(found: _Found, name: str) -> etree._Element | None:
    return found[name][0] if name in found else None


def _party(role: etree._Element | None) -> Party:
    """A party, from memory when its XML is the same to the byte: a seller has many invoices.

    Writing the XML out again takes a third of the time that reading it element by element does.
    """
    if role is None:
        return Party()
    written = etree.tostring(role, with_tail=False)
    known = _parties.get(written)
    if known is None:
        known = _read_party(role)
        if len(written) <= _LONGEST_PARTY:
            if len(_parties) >= _MOST_PARTIES:
                _parties.clear()
            _parties[written] = known
    return known


def _read_party(role: etree._Element) -> Party:
    found = named(walk(role, "Party"))
    legal = named(_first(found, "PartyLegalEntity"))
    return party(
        legal.get("CompanyID", ()),
        [id_ for holder in found.get("PartyIdentification", ()) for id_ in children(holder, "ID")],
        name=text(_first(legal, "RegistrationName")) or text(_first(found, "PartyName"), "Name"),
        vat=_vat_number(found.get("PartyTaxScheme", ())),
        endpoint=_first(found, "EndpointID"),
    )


def _vat_number(schemes: Iterable[etree._Element]) -> str | None:
    for scheme in schemes:
        found = named(scheme)
        if text(_first(found, "TaxScheme"), "ID") == "VAT":
            return text(_first(found, "CompanyID"))
    return None


def _vat(totals: list[etree._Element], currency: str | None) -> str | None:
    # BT-110 and BT-111 are two TaxTotal, in the document's and in the accounting currency.
    for total in totals:
        amount = walk(total, "TaxAmount")
        if amount is not None and amount.get("currencyID") == currency:
            return text(amount)
    return amount_in(totals[0], "TaxAmount", currency) if totals else None
