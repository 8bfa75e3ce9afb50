"""Lifecycle messages (flux 6): a status of an invoice as a UN/CEFACT CDAR D22B, as XP Z12-012 uses it."""

from __future__ import annotations

from datetime import date, datetime
from xml.sax.saxutils import escape

from connector.samples.parties import BUYER, PLATFORM, SELLER, company

_STANDARD = "urn:un:unece:uncefact:data:standard:"
_WORDS = {
    "200": "Déposée",
    "204": "Prise en charge",
    "205": "Approuvée",
    "207": "En litige",
    "210": "Refusée",
    "213": "Rejetée",
}


def lifecycle_message(
    *,
    number: str = "CDV-2026-0001",
    issued_at: datetime = datetime(2026, 9, 3, 9, 15, 0),  # noqa: DTZ001 - the format has no time zone
    status_code: str = "205",
    reason_code: str | None = None,
    invoice: str = "FA-2026-0001",
    invoice_date: date = date(2026, 9, 1),
    seller_siren: str = SELLER,
    buyer_siren: str = BUYER,
) -> bytes:
    """A valid message of the processing phase: the buyer says how far an invoice has come.

    Args:
        status_code: of the invoice: 200 to 228.
        reason_code: why; 206, 207, 208, 210 and 213 need one.
    """
    buyer, seller = company(buyer_siren), company(seller_siren)
    reason = (
        "<ram:SpecifiedDocumentStatus>"
        f"<ram:ReasonCode>{escape(reason_code)}</ram:ReasonCode><ram:SequenceNumeric>1</ram:SequenceNumeric>"
        "</ram:SpecifiedDocumentStatus>\n"
        if reason_code
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
<ram:TypeCode>23</ram:TypeCode>
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
{reason}</ram:ReferenceReferencedDocument>
</rsm:AcknowledgementDocument>
</rsm:CrossDomainAcknowledgementAndResponse>
""".encode()


def _moment(at: datetime) -> str:
    return f'<udt:DateTimeString format="204">{at:%Y%m%d%H%M%S}</udt:DateTimeString>'


def _party(siren: str, name: str, role: str) -> str:
    return (
        f'<ram:GlobalID schemeID="0002">{siren}</ram:GlobalID>'
        f"<ram:Name>{escape(name)}</ram:Name><ram:RoleCode>{role}</ram:RoleCode>"
    )
