"""The business summary of a UN/CEFACT Cross Industry Invoice (CII), alone or inside a Factur-X PDF."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from connector.documents.reading import amount_in, children, date, party, text, walk
from connector.documents.tally import Tally
from connector.model import Document, Family, Party, Syntax


def summarise(kind: str, root: etree._Element, tally: Tally) -> Document:
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
        buyer_reference=text(agreement, "BuyerReference"),
        order_reference=text(agreement, "BuyerOrderReferencedDocument", "IssuerAssignedID"),
        currency=currency,
        total_without_vat=text(totals, "TaxBasisTotalAmount"),
        total_vat=amount_in(totals, "TaxTotalAmount", currency),
        total_with_vat=text(totals, "GrandTotalAmount"),
        lines=tally.lines,
    )


def summarise_facturx(kind: str, root: etree._Element, tally: Tally) -> Document:
    """The same of the invoice that a Factur-X PDF carries."""
    return replace(summarise(kind, root, tally), syntax=Syntax.FACTUR_X)


def _party(node: etree._Element | None) -> Party:
    return party(
        children(walk(node, "SpecifiedLegalOrganization"), "ID"),
        (*children(node, "GlobalID"), *children(node, "ID")),
        name=text(node, "Name"),
        vat=next(
            (
                text(id_)
                for tax in children(node, "SpecifiedTaxRegistration")
                for id_ in children(tax, "ID")
                if id_.get("schemeID") == "VA"
            ),
            None,
        ),
        endpoint=walk(node, "URIUniversalCommunication", "URIID"),
    )
