"""One status of one invoice as a lifecycle message: UN/CEFACT CDAR D22B as XP Z12-012 uses it (flux 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

_STANDARD = "urn:un:unece:uncefact:data:standard:"
_PROCESSING_PHASE = "23"  # MDT-77; 305 is the phase of transmission, which is the platforms' own
_RECEIVED = "MEN"  # MDT-207: the amount that was received, VAT included
# UNTDID 1373, as public implementations map it; the other statuses have none.
_CONDITIONS = {"205": "1", "206": "49", "207": "46", "208": "39", "210": "50", "211": "47", "212": "47"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What was received at one VAT rate, VAT included."""

    rate: Decimal  # percent
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """The invoice that a status is about, and its two parties."""

    number: str
    issued: date
    type_code: str
    seller: str  # SIREN
    buyer: str  # SIREN
    seller_name: str | None = None
    buyer_name: str | None = None
    currency: str = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status that a company gives to an invoice.

    Args:
        code: "204" to "228": those of the processing phase.
        day: since when it holds; of 212, when the money came.
        reason: why; 206, 207, 208 and 210 need one.
        amounts: of 212, one for each VAT rate.
    """

    code: str
    day: date
    reason: str | None = None
    amounts: tuple[Amount, ...] = ()


def identifier(invoice: Invoice, status: Status) -> str:
    """The message's own number: the same status of the same invoice gets the same one at any time."""
    told = [
        invoice.seller,
        invoice.number,
        str(invoice.issued.year),
        status.code,
        str(status.day),
        status.reason or "",
    ]
    told += [f"{amount.rate:f}={amount.value:f}" for amount in status.amounts]
    digest = hashlib.sha256("|".join(told).encode()).hexdigest()
    return f"CDV-{status.code}-{invoice.seller}-{status.day:%Y%m%d}-{digest[:10]}"


def written(invoice: Invoice, status: Status, *, label: str, by_seller: bool, made_at: datetime) -> bytes:
    """The message.

    Args:
        label: what the status is called, in French.
        by_seller: the seller says so to the buyer; else the other way round.
        made_at: local time; the format has no time zone.

    The sender is the platform that passes it on, whose number is not ours to give.
    """
    seller = _party(invoice.seller, invoice.seller_name, "SE")
    buyer = _party(invoice.buyer, invoice.buyer_name, "BY")
    issuer, recipient = (seller, buyer) if by_seller else (buyer, seller)
    addressee = invoice.buyer if by_seller else invoice.seller
    condition = _CONDITIONS.get(status.code)
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
<rsm:ExchangedDocument>
<ram:ID>{escape(identifier(invoice, status))}</ram:ID>
<ram:IssueDateTime>{_moment(made_at)}</ram:IssueDateTime>
<ram:SenderTradeParty><ram:RoleCode>WK</ram:RoleCode></ram:SenderTradeParty>
<ram:IssuerTradeParty>{issuer}</ram:IssuerTradeParty>
<ram:RecipientTradeParty>{recipient}
<ram:URIUniversalCommunication><ram:URIID schemeID="0225">{escape(addressee)}</ram:URIID>
</ram:URIUniversalCommunication></ram:RecipientTradeParty>
</rsm:ExchangedDocument>
<rsm:AcknowledgementDocument>
<ram:MultipleReferencesIndicator><udt:Indicator>false</udt:Indicator></ram:MultipleReferencesIndicator>
<ram:TypeCode>{_PROCESSING_PHASE}</ram:TypeCode>
<ram:IssueDateTime>{_moment(made_at)}</ram:IssueDateTime>
{f"<ram:StatusCode>{condition}</ram:StatusCode>" if condition else ""}
<ram:ReferenceReferencedDocument>
<ram:IssuerAssignedID>{escape(invoice.number)}</ram:IssuerAssignedID>
<ram:TypeCode>{escape(invoice.type_code)}</ram:TypeCode>
<ram:FormattedIssueDateTime><qdt:DateTimeString format="102">{invoice.issued:%Y%m%d}</qdt:DateTimeString>
</ram:FormattedIssueDateTime>
<ram:ProcessConditionCode>{status.code}</ram:ProcessConditionCode>
<ram:ProcessCondition>{escape(label)}</ram:ProcessCondition>
<ram:IssuerTradeParty>{seller}</ram:IssuerTradeParty>
<ram:RecipientTradeParty>{buyer}</ram:RecipientTradeParty>
{"".join(_details(invoice, status))}</ram:ReferenceReferencedDocument>
</rsm:AcknowledgementDocument>
</rsm:CrossDomainAcknowledgementAndResponse>
""".encode()


def _details(invoice: Invoice, status: Status) -> Iterator[str]:
    """Why, and how much: nothing for a status that speaks for itself."""
    if not status.reason and not status.amounts:
        return
    yield "<ram:SpecifiedDocumentStatus>\n"
    if status.code == "212":
        yield f"<ram:ReferenceDateTime>{_moment_of(status.day)}</ram:ReferenceDateTime>\n"
    if status.reason:
        yield f"<ram:ReasonCode>{escape(status.reason)}</ram:ReasonCode>\n"
    yield "<ram:SequenceNumeric>1</ram:SequenceNumeric>\n"
    for amount in status.amounts:
        yield (
            f"<ram:SpecifiedDocumentCharacteristic><ram:TypeCode>{_RECEIVED}</ram:TypeCode>"
            f"<ram:ValueAmount currencyID={quoteattr(invoice.currency)}>{amount.value:f}</ram:ValueAmount>"
            f"<ram:ValuePercent>{amount.rate:f}</ram:ValuePercent></ram:SpecifiedDocumentCharacteristic>\n"
        )
    yield "</ram:SpecifiedDocumentStatus>\n"


def _moment(at: datetime) -> str:
    return f'<udt:DateTimeString format="204">{at:%Y%m%d%H%M%S}</udt:DateTimeString>'


def _moment_of(day: date) -> str:
    return f'<udt:DateTimeString format="102">{day:%Y%m%d}</udt:DateTimeString>'


def _party(siren: str, name: str | None, role: str) -> str:
    named = f"<ram:Name>{escape(name)}</ram:Name>" if name else ""
    number = f'<ram:GlobalID schemeID="0002">{escape(siren)}</ram:GlobalID>'
    return f"{number}{named}<ram:RoleCode>{role}</ram:RoleCode>"
