"""Lifecycle messages (flux 6): a status of an invoice as a UN/CEFACT CDAR D22B, as XP Z12-012 uses it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from xml.sax.saxutils import escape

from connector.samples.parties import BUYER, PLATFORM, SELLER, company

_STANDARD = "urn:un:unece:uncefact:data:standard:"
_WORDS = {
    "200": "Déposée",
    "201": "Émise",
    "202": "Reçue",
    "203": "Mise à disposition",
    "204": "Prise en charge",
    "205": "Approuvée",
    "207": "En litige",
    "210": "Refusée",
    "212": "Encaissée",
    "213": "Rejetée",
}
_TRANSMISSION = {"200", "201", "202", "203", "213", "221"}  # set by platforms on the way


def lifecycle_message(
    *,
    number: str = "CDV-2026-0001",
    issued_at: datetime = datetime(2026, 9, 3, 9, 15, 0),  # noqa: DTZ001 - the format has no time zone
    status_code: str = "205",
    reason_code: str | None = None,
    paid: Sequence[tuple[str, str]] = (),
    invoice: str = "FA-2026-0001",
    invoice_date: date = date(2026, 9, 1),
    seller_siren: str = SELLER,
    buyer_siren: str = BUYER,
) -> bytes:
    """A valid message: a platform, or the buyer, says how far an invoice has come.

    Args:
        status_code: of the invoice: 200 to 228.
        reason_code: why; 206, 207, 208, 210 and 213 need one.
        paid: amounts with the VAT rate of each, in percent; 212 needs them.
    """
    buyer, seller = company(buyer_siren), company(seller_siren)
    why = f"<ram:ReasonCode>{escape(reason_code)}</ram:ReasonCode>" if reason_code else ""
    amounts = "".join(_paid(amount, rate) for amount, rate in paid)
    details = (
        f"<ram:SpecifiedDocumentStatus>{why}<ram:SequenceNumeric>1</ram:SequenceNumeric>{amounts}"
        "</ram:SpecifiedDocumentStatus>\n"
        if why or amounts
        else ""
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossDomainAcknowledgementAndResponse
 xmlns:rsm="{_STANDARD}CrossDomainAcknowledgementAndResponse:100"
 xmlns:ram="{_STANDARD}ReusableAggregateBusinessInformationEntity:100"
 xmlns:qdt="{_STANDARD}QualifiedDataType:100"
 xmlns:udt="{_STANDARD}UnqualifiedDataType:100">
<rsm:ExchangedDocumentContext>
<ram:BusinessProcessSpecifiedDocumentContextParameter><ram:ID>REGULATED</ram:ID>
</ram:BusinessProcessSpecifiedDocumentContextParameter>
<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn.cpro.gouv.fr:1p0:CDV:invoice</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter>
</rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{escape(number)}</ram:ID>
<ram:IssueDateTime>{_moment(issued_at)}</ram:IssueDateTime>
<ram:SenderTradeParty><ram:GlobalID schemeID="0238">{PLATFORM}</ram:GlobalID>
<ram:RoleCode>WK</ram:RoleCode></ram:SenderTradeParty>
<ram:IssuerTradeParty>{_party(buyer.siren, buyer.name, "BY")}</ram:IssuerTradeParty>
<ram:RecipientTradeParty>{_party(seller.siren, seller.name, "SE")}
<ram:URIUniversalCommunication><ram:URIID schemeID="0225">{seller.siren}</ram:URIID>
</ram:URIUniversalCommunication></ram:RecipientTradeParty>
</rsm:ExchangedDocument>
<rsm:AcknowledgementDocument>
<ram:MultipleReferencesIndicator><udt:Indicator>false</udt:Indicator></ram:MultipleReferencesIndicator>
<ram:TypeCode>{305 if status_code in _TRANSMISSION else 23}</ram:TypeCode>
<ram:IssueDateTime>{_moment(issued_at)}</ram:IssueDateTime>
<ram:ReferenceReferencedDocument>
<ram:IssuerAssignedID>{escape(invoice)}</ram:IssuerAssignedID>
<ram:TypeCode>380</ram:TypeCode>
<ram:FormattedIssueDateTime><qdt:DateTimeString format="102">{invoice_date:%Y%m%d}</qdt:DateTimeString>
</ram:FormattedIssueDateTime>
<ram:ProcessConditionCode>{escape(status_code)}</ram:ProcessConditionCode>
<ram:ProcessCondition>{_WORDS.get(status_code, "Autre")}</ram:ProcessCondition>
<ram:IssuerTradeParty>{_party(seller.siren, seller.name, "SE")}</ram:IssuerTradeParty>
<ram:RecipientTradeParty>{_party(buyer.siren, buyer.name, "BY")}</ram:RecipientTradeParty>
{details}</ram:ReferenceReferencedDocument>
</rsm:AcknowledgementDocument>
</rsm:CrossDomainAcknowledgementAndResponse>
""".encode()


def _paid(amount: str, rate: str) -> str:
    """What was paid at one VAT rate ("MEN", DGFiP annexe 2)."""
    return (
        "<ram:SpecifiedDocumentCharacteristic><ram:TypeCode>MEN</ram:TypeCode>"
        f'<ram:ValueAmount currencyID="EUR">{escape(amount)}</ram:ValueAmount>'
        f"<ram:ValuePercent>{escape(rate)}</ram:ValuePercent></ram:SpecifiedDocumentCharacteristic>"
    )


def _moment(at: datetime) -> str:
    return f'<udt:DateTimeString format="204">{at:%Y%m%d%H%M%S}</udt:DateTimeString>'


def _party(siren: str, name: str, role: str) -> str:
    return (
        f'<ram:GlobalID schemeID="0002">{siren}</ram:GlobalID>'
        f"<ram:Name>{escape(name)}</ram:Name><ram:RoleCode>{role}</ram:RoleCode>"
    )
