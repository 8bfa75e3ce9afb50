"""E-reporting transmissions (flux 10, "FRR") of all four kinds: 10.1 to 10.4.

Valid by the XSD and by the rules of annexe 7 that the official Schematron checks (DGFiP/AIFE v3.2): dates
AAAAMMJJ, period end after its start, sender 0238 in role WK, declarant 0002, sums that add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from connector.samples.frr_invoice import international_invoice
from connector.samples.parties import PLATFORM, SELLER, cents, company

_RATES = (Decimal(20), Decimal(10), Decimal("5.5"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands at the head of any transmission.

    Args:
        number: TT-1, unique for a declarant and a period.
        type_code: IN (initial) or RE (rectifying).
        role: SE: the declarant sells; BY: he buys.
        sender_address: URIID of the sender (TT-11); `0238:9999` is usual and libxml2 refuses it as a URI.
    """

    number: str = "ER-2026-09-001"
    issued_at: datetime = datetime(2026, 10, 1, 8, 30, 0)  # noqa: DTZ001 - the format has no time zone
    declarant_siren: str = SELLER
    declarant_name: str | None = None
    period_start: date = date(2026, 9, 1)
    period_end: date = date(2026, 9, 30)
    type_code: str = "IN"
    role: str = "SE"
    sender_address: str | None = None

    def day(self, index: int) -> date:
        """A day of the period; they go round."""
        days = (self.period_end - self.period_start).days + 1
        return self.period_start + timedelta(days=index % days)


def frr_report(
    *,
    number: str = "ER-2026-09-001",
    issued_at: datetime = datetime(2026, 10, 1, 8, 30, 0),  # noqa: DTZ001 - the format has no time zone
    declarant_siren: str = SELLER,
    declarant_name: str | None = None,
    period_start: date = date(2026, 9, 1),
    period_end: date = date(2026, 9, 30),
    type_code: str = "IN",
    transactions: int = 30,
    sender_address: str | None = None,
) -> bytes:
    """A valid 10.3 transmission: daily sales to consumers.

    Args:
        number: TT-1, unique for a declarant and a period.
        type_code: IN (initial) or RE (rectifying).
        transactions: number of daily aggregates; their days go round the period.
        sender_address: URIID of the sender (TT-11).
    """
    head = Head(
        number=number,
        issued_at=issued_at,
        declarant_siren=declarant_siren,
        declarant_name=declarant_name,
        period_start=period_start,
        period_end=period_end,
        type_code=type_code,
        sender_address=sender_address,
    )
    return transactions_report(head, transactions=transactions)


def transactions_report(
    head: Head | None = None, *, invoices: int = 0, transactions: int = 0, full: bool = False
) -> bytes:
    """A valid transmission of international invoices (10.1), daily sales to consumers (10.3), or both.

    Args:
        invoices: number of invoices.
        transactions: number of daily aggregates.
        full: with all that may be there: an invoice's lines, the earlier invoice, a day's VAT due code.
    """
    head = head or Head()
    body = "".join(
        international_invoice(
            number=f"FX-{head.period_start:%Y%m}-{n + 1:06d}",
            day=head.day(n),
            declarant=head.declarant_siren,
            sells=head.role == "SE",
            index=n,
            full=full,
        )
        for n in range(invoices)
    )
    body += "".join(_transactions(head.day(n), n, full) for n in range(transactions))
    return _report(head, "TransactionsReport", body)


def payments_report(head: Head | None = None, *, invoices: int = 0, transactions: int = 0) -> bytes:
    """A valid transmission of payments: of international invoices (10.2), of services to consumers (10.4).

    Args:
        invoices: number of invoices paid.
        transactions: number of days on which consumers paid.
    """
    head = head or Head()
    body = "".join(
        f"<Invoice><InvoiceID>FX-{head.period_start:%Y%m}-{n + 1:06d}</InvoiceID>"
        f"<IssueDate>{head.period_start:%Y%m%d}</IssueDate>\n{_payment(head.day(n), n)}</Invoice>\n"
        for n in range(invoices)
    )
    body += "".join(f"<Transactions>{_payment(head.day(n), n)}</Transactions>\n" for n in range(transactions))
    return _report(head, "PaymentsReport", body)


def _report(head: Head, kind: str, body: str) -> bytes:
    address = (
        f"<URIUniversalCommunication><URIID>{escape(head.sender_address)}</URIID></URIUniversalCommunication>"
        if head.sender_address
        else ""
    )
    declarant = company(head.declarant_siren, head.declarant_name)
    period = f"<StartDate>{head.period_start:%Y%m%d}</StartDate><EndDate>{head.period_end:%Y%m%d}</EndDate>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Report>
<ReportDocument>
<Id>{escape(head.number)}</Id>
<IssueDateTime><DateTimeString>{head.issued_at:%Y%m%d%H%M%S}</DateTimeString></IssueDateTime>
<TypeCode>{head.type_code}</TypeCode>
<Sender><Id schemeId="0238">{PLATFORM}</Id>
<Name>Plateforme Exemple</Name><RoleCode>WK</RoleCode>{address}</Sender>
<Issuer><Id schemeId="0002">{declarant.siren}</Id>
<Name>{escape(declarant.name)}</Name><RoleCode>{head.role}</RoleCode></Issuer>
</ReportDocument>
<{kind}>
<ReportPeriod>{period}</ReportPeriod>
{body}</{kind}>
</Report>
""".encode()


def _transactions(day: date, index: int, full: bool) -> str:
    parts = [
        (rate, cents(Decimal(4200 + 315 * index + 50 * place) / 10)) for place, rate in enumerate(_RATES)
    ]
    taxes = [cents(base * rate / 100) for rate, base in parts]
    subtotals = "".join(
        f"<TaxSubtotal><TaxPercent>{rate}</TaxPercent><TaxableAmount>{base}</TaxableAmount>"
        f"<TaxTotal>{tax}</TaxTotal></TaxSubtotal>\n"
        for (rate, base), tax in zip(parts, taxes, strict=True)
    )
    return f"""<Transactions><Date>{day:%Y%m%d}</Date><TransactionsCurrency>EUR</TransactionsCurrency>
{"<TaxDueDateTypeCode>5</TaxDueDateTypeCode>" if full else ""}<CategoryCode>TLB1</CategoryCode>
<TaxExclusiveAmount>{sum(base for _, base in parts)}</TaxExclusiveAmount>
<TaxTotal>{sum(taxes)}</TaxTotal><TransactionsCount>{10 + index % 90}</TransactionsCount>
{subtotals}</Transactions>
"""


def _payment(day: date, index: int) -> str:
    subtotals = "".join(
        f"<SubTotals><TaxPercent>{rate}</TaxPercent><CurrencyCode>EUR</CurrencyCode>"
        f"<Amount>{cents(Decimal(9900 + 120 * index + place) / 7)}</Amount></SubTotals>\n"
        for place, rate in enumerate(_RATES[:2])
    )
    return f"<Payment><Date>{day:%Y%m%d}</Date>\n{subtotals}</Payment>"
