"""The business summary of a UBL 2.1 invoice or credit note (EN 16931 binding)."""

from __future__ import annotations

from lxml import etree

from connector.documents.reading import amount_in, best_siren, children, text, walk
from connector.model import Document, Family, Party, Syntax


def summarise(kind: str, root: etree._Element, lines: int) -> Document:
    """What people recognise the document by; a field that is missing is None."""
    currency = text(root, "DocumentCurrencyCode")
    totals = walk(root, "LegalMonetaryTotal")
    return Document(
        family=Family.INVOICE,
        syntax=Syntax.UBL,
        kind=kind,
        profile=text(root, "CustomizationID"),
        number=text(root, "ID"),
        issue_date=text(root, "IssueDate"),
        type_code=text(root, "InvoiceTypeCode") or text(root, "CreditNoteTypeCode"),
        seller=_party(walk(root, "AccountingSupplierParty", "Party")),
        buyer=_party(walk(root, "AccountingCustomerParty", "Party")),
        currency=currency,
        total_without_vat=text(totals, "TaxExclusiveAmount"),
        total_vat=_vat(root, currency),
        total_with_vat=text(totals, "TaxInclusiveAmount"),
        lines=lines,
    )


def _party(party: etree._Element | None) -> Party:
    legal = walk(party, "PartyLegalEntity")
    siren = best_siren(children(legal, "CompanyID")) or best_siren(
        (id_ for holder in children(party, "PartyIdentification") for id_ in children(holder, "ID")),
        only=("0002", "0009"),
    )
    return Party(siren=siren, name=text(legal, "RegistrationName") or text(party, "PartyName", "Name"))


def _vat(root: etree._Element, currency: str | None) -> str | None:
    # BT-110 and BT-111 are two TaxTotal, in the document's and in the accounting currency.
    totals = list(children(root, "TaxTotal"))
    for total in totals:
        amount = walk(total, "TaxAmount")
        if amount is not None and amount.get("currencyID") == currency:
            return text(amount)
    return amount_in(totals[0], "TaxAmount", currency) if totals else None
