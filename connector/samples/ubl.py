"""UBL 2.1 invoices and credit notes as EN 16931 writes them, with totals that add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from xml.sax.saxutils import escape

from connector.samples.parties import (
    BUYER,
    LEGAL_NOTES,
    RATE,
    SELLER,
    Company,
    Line,
    Totals,
    company,
    lines,
    totals,
)

LINES_FOR_10_KB = 13  # lines that make an invoice of about ten kilobytes

_COMMON = "urn:oasis:names:specification:ubl:schema:xsd:Common"


def ubl_invoice(
    *,
    number: str = "FA-2026-0001",
    issue_date: date = date(2026, 9, 1),
    seller_siren: str = SELLER,
    seller_name: str | None = None,
    buyer_siren: str = BUYER,
    buyer_name: str | None = None,
    lines: int = 1,
    currency: str = "EUR",
    type_code: str = "380",
    note: str | None = None,
    buyer_siret: str | None = None,
    buyer_address: str | None = None,
    buyer_reference: str | None = None,
    order_reference: str | None = None,
) -> bytes:
    """A valid UBL invoice. With `lines=LINES_FOR_10_KB` it has about ten kilobytes.

    Args:
        lines: number of invoice lines.
        type_code: BT-3; 380 is a commercial invoice.
        note: free text (BT-22), for instance to make two invoices differ.
        buyer_siret: BT-46, as public recipients want it.
        buyer_address: BT-49 in the place of the buyer's SIREN.
        buyer_reference: BT-10.
        order_reference: BT-13.
    """
    reference = (
        f"<cbc:BuyerReference>{escape(buyer_reference)}</cbc:BuyerReference>" if buyer_reference else ""
    )
    if order_reference:
        reference += f"<cac:OrderReference><cbc:ID>{escape(order_reference)}</cbc:ID></cac:OrderReference>"
    buyer = company(buyer_siren, buyer_name)
    return _document(
        root="Invoice",
        head=f"<cbc:DueDate>{issue_date + timedelta(days=30)}</cbc:DueDate>"
        f"<cbc:InvoiceTypeCode>{type_code}</cbc:InvoiceTypeCode>",
        quantity="InvoicedQuantity",
        reference=reference,
        number=number,
        issue_date=issue_date,
        seller=company(seller_siren, seller_name),
        buyer=replace(buyer, siret=buyer_siret, address=buyer_address),
        count=lines,
        currency=currency,
        note=note,
    )


def ubl_credit_note(
    *,
    number: str = "AV-2026-0001",
    issue_date: date = date(2026, 9, 15),
    of_invoice: str = "FA-2026-0001",
    of_date: date = date(2026, 9, 1),
    seller_siren: str = SELLER,
    seller_name: str | None = None,
    buyer_siren: str = BUYER,
    buyer_name: str | None = None,
    lines: int = 1,
    currency: str = "EUR",
    note: str | None = None,
) -> bytes:
    """A valid UBL credit note (type 381) that names the invoice it corrects, with its date."""
    return _document(
        root="CreditNote",
        head="<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>",
        quantity="CreditedQuantity",
        reference="<cac:BillingReference><cac:InvoiceDocumentReference>"
        f"<cbc:ID>{escape(of_invoice)}</cbc:ID><cbc:IssueDate>{of_date}</cbc:IssueDate>"
        "</cac:InvoiceDocumentReference></cac:BillingReference>\n",
        number=number,
        issue_date=issue_date,
        seller=company(seller_siren, seller_name),
        buyer=company(buyer_siren, buyer_name),
        count=lines,
        currency=currency,
        note=note,
    )


def _document(
    *,
    root: str,
    head: str,
    quantity: str,
    reference: str,
    number: str,
    issue_date: date,
    seller: Company,
    buyer: Company,
    count: int,
    currency: str,
    note: str | None,
) -> bytes:
    items = lines(count)
    body = "".join(_line(root, quantity, item, currency) for item in items)
    notes = [f"#{code}#{text}" for code, text in LEGAL_NOTES] + ([note] if note else [])
    written_notes = "".join(f"<cbc:Note>{escape(each)}</cbc:Note>\n" for each in notes)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"
 xmlns:cac="{_COMMON}AggregateComponents-2"
 xmlns:cbc="{_COMMON}BasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
<cbc:ProfileID>B1</cbc:ProfileID>
<cbc:ID>{escape(number)}</cbc:ID>
<cbc:IssueDate>{issue_date}</cbc:IssueDate>
{head}
{written_notes}<cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>
{reference}<cac:AccountingSupplierParty>{_party(seller)}</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty>{_party(buyer)}</cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
<cac:PayeeFinancialAccount><cbc:ID>{seller.iban}</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>
{_totals(totals(items), currency)}{body}</{root}>
""".encode()


def _party(party: Company) -> str:
    siret = ""
    if party.siret:
        id_ = f'<cbc:ID schemeID="0009">{party.siret}</cbc:ID>'
        siret = f"<cac:PartyIdentification>{id_}</cac:PartyIdentification>"
    return f"""<cac:Party>
<cbc:EndpointID schemeID="0225">{escape(party.address or party.siren)}</cbc:EndpointID>
{siret}<cac:PartyName><cbc:Name>{escape(party.name)}</cbc:Name></cac:PartyName>
<cac:PostalAddress><cbc:StreetName>{escape(party.street)}</cbc:StreetName>
<cbc:CityName>{party.city}</cbc:CityName><cbc:PostalZone>{party.post_code}</cbc:PostalZone>
<cac:Country><cbc:IdentificationCode>FR</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
<cac:PartyTaxScheme><cbc:CompanyID>{party.vat}</cbc:CompanyID>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>{escape(party.name)}</cbc:RegistrationName>
<cbc:CompanyID schemeID="0002">{party.siren}</cbc:CompanyID></cac:PartyLegalEntity>
</cac:Party>"""


def _totals(sums: Totals, currency: str) -> str:
    cur = f'currencyID="{currency}"'
    return f"""<cac:TaxTotal><cbc:TaxAmount {cur}>{sums.vat}</cbc:TaxAmount>
<cac:TaxSubtotal><cbc:TaxableAmount {cur}>{sums.net}</cbc:TaxableAmount>
<cbc:TaxAmount {cur}>{sums.vat}</cbc:TaxAmount>
<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>{RATE}</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount {cur}>{sums.net}</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount {cur}>{sums.net}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount {cur}>{sums.gross}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount {cur}>{sums.gross}</cbc:PayableAmount></cac:LegalMonetaryTotal>
"""


def _line(root: str, quantity: str, line: Line, currency: str) -> str:
    cur = f'currencyID="{currency}"'
    return f"""<cac:{root}Line>
<cbc:ID>{line.number}</cbc:ID>
<cbc:{quantity} unitCode="C62">{line.quantity}</cbc:{quantity}>
<cbc:LineExtensionAmount {cur}>{line.net}</cbc:LineExtensionAmount>
<cac:Item><cbc:Name>{escape(line.name)}</cbc:Name>
<cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>{RATE}</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount {cur}>{line.unit_price}</cbc:PriceAmount></cac:Price>
</cac:{root}Line>
"""
