"""E-reporting transmissions (flux 10, "FRR"): aggregated daily sales to consumers (10.3).

Valid by the XSD and by the rules of Annexe 7 that the official Schematron checks (DGFiP/AIFE v3.2): dates
AAAAMMJJ, period end after its start, sender 0238 in role WK, declarant 0002, sums that add up.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from connector.samples.parties import PLATFORM, SELLER, cents, company

_RATES = (Decimal(20), Decimal(10), Decimal("5.5"))


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
    """A valid 10.3 transmission.

    Args:
        number: TT-1, unique for a declarant and a period.
        type_code: IN (initial) or RE (rectifying).
        transactions: number of daily aggregates; their days go round the period.
        sender_address: URIID of the sender (TT-11); `0238:9999` is usual and libxml2 refuses it as a URI.
    """
    days = (period_end - period_start).days + 1
    body = "".join(_transactions(period_start + timedelta(days=n % days), n) for n in range(transactions))
    address = (
        f"<URIUniversalCommunication><URIID>{escape(sender_address)}</URIID></URIUniversalCommunication>"
        if sender_address
        else ""
    )
    declarant = company(declarant_siren, declarant_name)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Report>
<ReportDocument>
<Id>{escape(number)}</Id>
<IssueDateTime><DateTimeString>{issued_at:%Y%m%d%H%M%S}</DateTimeString></IssueDateTime>
<TypeCode>{type_code}</TypeCode>
<Sender><Id schemeId="0238">{PLATFORM}</Id>
<Name>Plateforme Exemple</Name><RoleCode>WK</RoleCode>{address}</Sender>
<Issuer><Id schemeId="0002">{declarant.siren}</Id>
<Name>{escape(declarant.name)}</Name><RoleCode>SE</RoleCode></Issuer>
</ReportDocument>
<TransactionsReport>
<ReportPeriod><StartDate>{period_start:%Y%m%d}</StartDate><EndDate>{period_end:%Y%m%d}</EndDate></ReportPeriod>
{body}</TransactionsReport>
</Report>
""".encode()


def _transactions(day: date, index: int) -> str:
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
<CategoryCode>TLB1</CategoryCode>
<TaxExclusiveAmount>{sum(base for _, base in parts)}</TaxExclusiveAmount>
<TaxTotal>{sum(taxes)}</TaxTotal><TransactionsCount>{10 + index % 90}</TransactionsCount>
{subtotals}</Transactions>
"""
