"""Sales and payments as a table tells them, or what is wrong with it; every line is looked at.

Codes and rates are those of annexe 7 (`schemas/flux10.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from connector.model import Problem, Severity
from connector.periods import Period
from connector.resources import shipped
from connector.tabular import LineReader, Read, read_amount, read_count, read_day, read_rate, read_rows

# How each column may be called in a header; compared without accents, capitals and punctuation.
SALES = {
    "date": ("jour", "date_vente", "day"),
    "categorie": ("category", "code_categorie", "category_code"),
    "devise": ("currency", "monnaie"),
    "montant_ht": ("ht", "total_ht", "base_ht", "amount_without_vat", "net_amount", "taxable_amount"),
    "taux_tva": ("taux", "tva_taux", "vat_rate", "rate"),
    "montant_tva": ("tva", "total_tva", "vat_amount", "vat"),
    "nombre": ("nb", "nombre_transactions", "nombre_de_transactions", "count", "transactions"),
    "montant_tva_eur": ("tva_eur", "vat_amount_eur", "vat_eur"),
}
PAYMENTS = {
    "date": ("jour", "date_encaissement", "date_paiement", "day", "payment_date"),
    "taux_tva": ("taux", "tva_taux", "vat_rate", "rate"),
    "montant": ("montant_encaisse", "montant_ttc", "encaissement", "amount", "amount_received"),
}
_NEEDED_SALES = ("date", "categorie", "montant_ht", "taux_tva", "montant_tva")
_NEEDED_PAYMENTS = ("date", "taux_tva", "montant")
_MARGIN = "TMA1"  # the VAT of a margin scheme is not that of the amount beside it
_ROUNDING = Decimal("0.05")  # of the VAT expected: what the rounding of many receipts may come to
_LEAST = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Sales of one day, category and VAT rate. Amounts in `currency`, but `vat_in_euros`."""

    day: date
    category: str
    currency: str
    rate: Decimal
    net: Decimal
    vat: Decimal
    vat_in_euros: Decimal
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What was received on one day for services at one VAT rate, VAT included, in euros."""

    day: date
    rate: Decimal
    amount: Decimal


def read_sales(data: bytes, period: Period) -> Read[Sale]:
    """The sales of a CSV file; none may lie outside the period."""
    return read_rows(data, SALES, _NEEDED_SALES, lambda line: _sale(line, period))


def read_payments(data: bytes, period: Period) -> Read[Payment]:
    """The payments of a CSV file; none may lie outside the period."""
    found = read_rows(data, PAYMENTS, _NEEDED_PAYMENTS, lambda line: _payment(line, period))
    return (
        found if found.errors else Read(rows=found.rows, problems=(*found.problems, *_refunded(found.rows)))
    )


def _sale(line: LineReader, period: Period) -> Sale | None:
    day = _day(line, period)
    categories = _codes()["transaction_categories"]
    category = line.value("categorie", _one_of(categories), "csv-category", expected=", ".join(categories))
    currency = line.optional("devise", _one_of(_codes()["currencies"]), "csv-currency") or "EUR"
    rate = _rate(line)
    net = line.value("montant_ht", read_amount, "csv-amount")
    vat = line.value("montant_tva", read_amount, "csv-amount")
    count = line.optional("nombre", read_count, "csv-count")
    in_euros = vat if currency == "EUR" else line.value("montant_tva_eur", read_amount, "csv-amount")
    if day is None or category is None or rate is None or net is None or vat is None or in_euros is None:
        return None
    if category != _MARGIN and _unlikely(net, rate, vat):
        expected = f"{(net * rate / 100).quantize(Decimal('0.01')):f}"
        line.complain("csv-vat-unlikely", "montant_tva", expected, Severity.WARNING)
    return Sale(
        day=day,
        category=category,
        currency=currency,
        rate=rate,
        net=net,
        vat=vat,
        vat_in_euros=in_euros,
        count=count,
    )


def _payment(line: LineReader, period: Period) -> Payment | None:
    day, rate = _day(line, period), _rate(line)
    amount = line.value("montant", read_amount, "csv-amount")
    if day is None or rate is None or amount is None:
        return None
    return Payment(day=day, rate=rate, amount=amount)


def _day(line: LineReader, period: Period) -> date | None:
    day = line.value("date", read_day, "csv-date")
    if day is not None and not period.start <= day <= period.end:
        line.complain("csv-outside-period", "date", str(period))
        return None
    return day


def _rate(line: LineReader) -> Decimal | None:
    """A VAT rate that a report may carry (annexe 7 v1.9, G1.24)."""
    rates = {Decimal(rate): rate for rate in _codes()["vat_rates"]}
    rate = line.value("taux_tva", read_rate, "csv-rate")
    if rate is not None and rate not in rates:
        line.complain("csv-rate", "taux_tva", ", ".join(rates.values()))
        return None
    return rate


def _unlikely(net: Decimal, rate: Decimal, vat: Decimal) -> bool:
    """Whether the VAT is far from the rate: columns taken for each other, an amount with VAT in it."""
    expected = net * rate / 100
    return abs(vat - expected) > max(abs(expected) * _ROUNDING, _LEAST)


def _refunded(payments: tuple[Payment, ...]) -> list[Problem]:
    """Days on which more was paid back than received: the official rules know no sign there (G1.16)."""
    totals: dict[tuple[date, Decimal], Decimal] = {}
    for payment in payments:
        key = (payment.day, payment.rate)
        totals[key] = totals.get(key, Decimal(0)) + payment.amount
    return [
        Problem(code="csv-payments-negative", where=f"{day}, {rate:f} %", found=f"{total:f}")
        for (day, rate), total in sorted(totals.items())
        if total < 0
    ]


def _one_of(codes: list[str]) -> Callable[[str], str | None]:
    known = frozenset(codes)
    return lambda cell: cell.upper() if cell.upper() in known else None


@cache
def _codes() -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads(shipped("schemas", "flux10.toml").read_text("utf-8"))["codes"]
    return data
