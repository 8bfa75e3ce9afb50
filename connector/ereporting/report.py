"""Sales or payments of a period as one report of e-reporting (flux 10, DGFiP v3.2 annexe 6).

Sales to consumers become one aggregate for each day, currency and category (10.3), with a part for each VAT
rate; payments one for each day (10.4), with a part for each rate. The order of the rows does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from xml.sax.saxutils import escape

from connector.ereporting.rows import Payment, Sale
from connector.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands at the head of a report.

    Args:
        number: transmission identifier (TT-1), unique for a declarant and a period (G8.05).
        type_code: IN (initial) or RE (rectifying).
        made_at: local time of the company; after the end of the period (G7.43).
        platform: registration number of the approved platform (TT-8), four characters.
    """

    number: str
    type_code: str
    made_at: datetime
    siren: str
    name: str
    platform: str
    platform_name: str
    period: Period
    role: str = "SE"


def sales_report(head: Head, sales: Iterable[Sale]) -> bytes:
    """The XML of the sales of a period (10.3).

    Raises:
        ValueError: there is none; an empty report is not due.
    """
    ordered = sorted(sales, key=lambda one: (one.day, one.currency, one.category, -one.rate))
    groups = groupby(ordered, key=lambda one: (one.day, one.currency, one.category))
    return _report(head, "TransactionsReport", [_day_of_sales(*key, list(group)) for key, group in groups])


def payments_report(head: Head, payments: Iterable[Payment]) -> bytes:
    """The XML of the payments of a period (10.4).

    Raises:
        ValueError: there is none; an empty report is not due.
    """
    ordered = sorted(payments, key=lambda one: (one.day, -one.rate))
    days = [_day_of_payments(day, list(group)) for day, group in groupby(ordered, key=lambda one: one.day)]
    return _report(head, "PaymentsReport", [each for each in days if each])


def _day_of_sales(day: date, currency: str, category: str, sales: Sequence[Sale]) -> str:
    parts = "".join(
        f"<TaxSubtotal><TaxPercent>{rate:f}</TaxPercent>"
        f"<TaxableAmount>{_sum(one.net for one in part)}</TaxableAmount>"
        f"<TaxTotal>{_sum(one.vat for one in part)}</TaxTotal></TaxSubtotal>\n"
        for rate, part in ((rate, list(rows)) for rate, rows in groupby(sales, key=lambda one: one.rate))
    )
    counts = [one.count for one in sales if one.count is not None]
    # Half a count would be a wrong one: it is told when every row of the day has it.
    count = f"<TransactionsCount>{sum(counts)}</TransactionsCount>" if len(counts) == len(sales) else ""
    return (
        f"<Transactions><Date>{day:%Y%m%d}</Date><TransactionsCurrency>{currency}</TransactionsCurrency>"
        f"<CategoryCode>{category}</CategoryCode>\n"
        f"<TaxExclusiveAmount>{_sum(one.net for one in sales)}</TaxExclusiveAmount>"
        f"<TaxTotal>{_sum(one.vat_in_euros for one in sales)}</TaxTotal>{count}\n"
        f"{parts}</Transactions>\n"
    )


def _day_of_payments(day: date, payments: Sequence[Payment]) -> str:
    """A day's payments; nothing of a rate that was paid back in full, nor of a day with nothing else."""
    sums = {
        rate: _sum(one.amount for one in rows) for rate, rows in groupby(payments, key=lambda one: one.rate)
    }
    parts = "".join(
        f"<SubTotals><TaxPercent>{rate:f}</TaxPercent><CurrencyCode>EUR</CurrencyCode>"
        f"<Amount>{total}</Amount></SubTotals>\n"
        for rate, total in sums.items()
        if total
    )
    if not parts:
        return ""
    return f"<Transactions><Payment><Date>{day:%Y%m%d}</Date>\n{parts}</Payment></Transactions>\n"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))


def _report(head: Head, block: str, parts: Sequence[str]) -> bytes:
    if not parts:
        raise ValueError("an empty report is not due")
    period = f"<StartDate>{head.period.start:%Y%m%d}</StartDate><EndDate>{head.period.end:%Y%m%d}</EndDate>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Report>
<ReportDocument>
<Id>{escape(head.number)}</Id>
<IssueDateTime><DateTimeString>{head.made_at:%Y%m%d%H%M%S}</DateTimeString></IssueDateTime>
<TypeCode>{head.type_code}</TypeCode>
<Sender><Id schemeId="0238">{escape(head.platform)}</Id>
<Name>{escape(head.platform_name)}</Name><RoleCode>WK</RoleCode></Sender>
<Issuer><Id schemeId="0002">{head.siren}</Id>
<Name>{escape(head.name)}</Name><RoleCode>{head.role}</RoleCode></Issuer>
</ReportDocument>
<{block}>
<ReportPeriod>{period}</ReportPeriod>
{"".join(parts)}</{block}>
</Report>
""".encode()
