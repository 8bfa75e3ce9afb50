"""The business summary of a UN/CEFACT Cross Industry Invoice (CII)."""

from __future__ import annotations

from lxml import etree

from connector.documents.reading import amount_in, best_siren, children, date, text, walk
from connector.model import Document, Family, Party, Syntax


def summarise(kind: str, root: etree._Element, lines: int) -> Document:
    """What people recognise the document by; a field that is missing is None."""
    header = walk(root, "ExchangedDocument")
    trade = walk(root, "SupplyChainTradeTransaction")
    agreement = walk(trade, "ApplicableHeaderTradeAgreement")
    settlement = walk(trade, "ApplicableHeaderTradeSettlement")
    totals = walk(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    currency = text(settlement, "InvoiceCurrencyCode")
    context = walk(root, "ExchangedDocumentContext")
    return Document(
        family=Family.INVOICE,
        syntax=Syntax.CII,
        kind=kind,
        profile=text(context, "GuidelineSpecifiedDocumentContextParameter", "ID"),
        number=text(header, "ID"),
        issue_date=date(text(header, "IssueDateTime", "DateTimeString")),
        type_code=text(header, "TypeCode"),
        seller=_party(walk(agreement, "SellerTradeParty")),
        buyer=_party(walk(agreement, "BuyerTradeParty")),
        currency=currency,
        total_without_vat=text(totals, "TaxBasisTotalAmount"),
        total_vat=amount_in(totals, "TaxTotalAmount", currency),
        total_with_vat=text(totals, "GrandTotalAmount"),
        lines=lines,
    )


def _party(party: etree._Element | None) -> Party:
    siren = best_siren(children(walk(party, "SpecifiedLegalOrganization"), "ID")) or best_siren(
        children(party, "GlobalID"), only=("0002", "0009")
    )
    return Party(siren=siren, name=text(party, "Name"))
