"""UN/CEFACT Cross Industry Invoices as EN 16931 writes them, with totals that add up."""

from __future__ import annotations

from datetime import date, timedelta
from xml.sax.saxutils import escape

from connector.samples.parties import BUYER, LEGAL_NOTES, RATE, SELLER, Company, Line, Totals, company, totals
from connector.samples.parties import lines as sample_lines

_STANDARD = "urn:un:unece:uncefact:data:standard:"

# Guideline (BT-24) of each profile of Factur-X 1.09.
GUIDELINES = {
    "minimum": "urn:factur-x.eu:1p0:minimum",
    "basicwl": "urn:factur-x.eu:1p0:basicwl",
    "basic": "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic",
    "en16931": "urn:cen.eu:en16931:2017",
    "extended": "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended",
    "extended-ctc-fr": "urn:cen.eu:en16931:2017#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr",
}


def cii_invoice(
    *,
    number: str = "FC-2026-0001",
    issue_date: date = date(2026, 9, 1),
    seller_siren: str = SELLER,
    seller_name: str | None = None,
    buyer_siren: str = BUYER,
    buyer_name: str | None = None,
    lines: int = 1,
    currency: str = "EUR",
    type_code: str = "380",
    profile: str = "en16931",
) -> bytes:
    """A valid CII invoice.

    Args:
        lines: number of invoice lines; the profiles `minimum` and `basicwl` only tell their sum.
        type_code: BT-3; 380 is a commercial invoice, 381 a credit note.
        profile: key of `GUIDELINES`.
    """
    items = sample_lines(lines)
    small = profile == "minimum"
    body = "" if profile in ("minimum", "basicwl") else "".join(_line(item) for item in items)
    seller, buyer = company(seller_siren, seller_name), company(buyer_siren, buyer_name)
    due = issue_date + timedelta(days=30)
    notes = "" if small else "".join(_note(code, text) for code, text in LEGAL_NOTES)
    sums = totals(items)
    settlement = _sums(sums, currency) if small else _settlement(sums, currency, seller.iban, due)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="{_STANDARD}CrossIndustryInvoice:100"
 xmlns:ram="{_STANDARD}ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="{_STANDARD}UnqualifiedDataType:100">
<rsm:ExchangedDocumentContext>
<ram:BusinessProcessSpecifiedDocumentContextParameter><ram:ID>B1</ram:ID>
</ram:BusinessProcessSpecifiedDocumentContextParameter>
<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{GUIDELINES[profile]}</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter>
</rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{escape(number)}</ram:ID><ram:TypeCode>{type_code}</ram:TypeCode>
<ram:IssueDateTime>{_date(issue_date)}</ram:IssueDateTime>
{notes}</rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
{body}<ram:ApplicableHeaderTradeAgreement>
<ram:SellerTradeParty>{_seller(seller) if small else _party(seller)}</ram:SellerTradeParty>
<ram:BuyerTradeParty>{_legal(buyer) if small else _party(buyer)}</ram:BuyerTradeParty>
</ram:ApplicableHeaderTradeAgreement>
{"<ram:ApplicableHeaderTradeDelivery/>" if small else _delivery(issue_date)}
{settlement}</rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>
""".encode()


def _date(day: date) -> str:
    return f'<udt:DateTimeString format="102">{day:%Y%m%d}</udt:DateTimeString>'


def _delivery(day: date) -> str:
    return f"""<ram:ApplicableHeaderTradeDelivery><ram:ActualDeliverySupplyChainEvent>
<ram:OccurrenceDateTime>{_date(day)}</ram:OccurrenceDateTime>
</ram:ActualDeliverySupplyChainEvent></ram:ApplicableHeaderTradeDelivery>"""


def _legal(party: Company) -> str:
    return f"""<ram:Name>{escape(party.name)}</ram:Name>
<ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">{party.siren}</ram:ID>
</ram:SpecifiedLegalOrganization>"""


def _seller(party: Company) -> str:
    """As much as the profile `minimum` tells."""
    return f"""{_legal(party)}
<ram:PostalTradeAddress><ram:CountryID>FR</ram:CountryID></ram:PostalTradeAddress>
<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{party.vat}</ram:ID></ram:SpecifiedTaxRegistration>"""


def _note(code: str, text: str) -> str:
    return (
        f"<ram:IncludedNote><ram:Content>{escape(text)}</ram:Content>"
        f"<ram:SubjectCode>{code}</ram:SubjectCode></ram:IncludedNote>\n"
    )


def _party(party: Company) -> str:
    return f"""{_legal(party)}
<ram:PostalTradeAddress><ram:PostcodeCode>{party.post_code}</ram:PostcodeCode>
<ram:LineOne>{escape(party.street)}</ram:LineOne><ram:CityName>{party.city}</ram:CityName>
<ram:CountryID>FR</ram:CountryID></ram:PostalTradeAddress>
<ram:URIUniversalCommunication><ram:URIID schemeID="0225">{party.siren}</ram:URIID>
</ram:URIUniversalCommunication>
<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{party.vat}</ram:ID></ram:SpecifiedTaxRegistration>"""


def _settlement(sums: Totals, currency: str, account: str, due: date) -> str:
    return f"""<ram:ApplicableHeaderTradeSettlement>
<ram:InvoiceCurrencyCode>{currency}</ram:InvoiceCurrencyCode>
<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>30</ram:TypeCode>
<ram:PayeePartyCreditorFinancialAccount><ram:IBANID>{account}</ram:IBANID>
</ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>
<ram:ApplicableTradeTax><ram:CalculatedAmount>{sums.vat}</ram:CalculatedAmount>
<ram:TypeCode>VAT</ram:TypeCode>
<ram:BasisAmount>{sums.net}</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode>
<ram:RateApplicablePercent>{RATE}</ram:RateApplicablePercent></ram:ApplicableTradeTax>
<ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>{_date(due)}</ram:DueDateDateTime>
</ram:SpecifiedTradePaymentTerms>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation>
<ram:LineTotalAmount>{sums.net}</ram:LineTotalAmount>
<ram:TaxBasisTotalAmount>{sums.net}</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="{currency}">{sums.vat}</ram:TaxTotalAmount>
<ram:GrandTotalAmount>{sums.gross}</ram:GrandTotalAmount>
<ram:DuePayableAmount>{sums.gross}</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
"""


def _sums(sums: Totals, currency: str) -> str:
    """As much as the profile `minimum` tells."""
    return f"""<ram:ApplicableHeaderTradeSettlement>
<ram:InvoiceCurrencyCode>{currency}</ram:InvoiceCurrencyCode>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation>
<ram:TaxBasisTotalAmount>{sums.net}</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="{currency}">{sums.vat}</ram:TaxTotalAmount>
<ram:GrandTotalAmount>{sums.gross}</ram:GrandTotalAmount>
<ram:DuePayableAmount>{sums.gross}</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
"""


def _line(line: Line) -> str:
    return f"""<ram:IncludedSupplyChainTradeLineItem>
<ram:AssociatedDocumentLineDocument><ram:LineID>{line.number}</ram:LineID>
</ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:Name>{escape(line.name)}</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>
<ram:ChargeAmount>{line.unit_price}</ram:ChargeAmount>
</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery>
<ram:BilledQuantity unitCode="C62">{line.quantity}</ram:BilledQuantity>
</ram:SpecifiedLineTradeDelivery>
<ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode>
<ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>{RATE}</ram:RateApplicablePercent>
</ram:ApplicableTradeTax>
<ram:SpecifiedTradeSettlementLineMonetarySummation>
<ram:LineTotalAmount>{line.net}</ram:LineTotalAmount>
</ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>
</ram:IncludedSupplyChainTradeLineItem>
"""
