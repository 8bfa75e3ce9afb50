"""Statuses of invoices as a table or a command line tells them, or what is wrong; every line is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector.cdar.message import Amount, Status
from connector.model import Problem
from connector.tabular import LineReader, Read, read_amount, read_day, read_rate, read_rows

# How each column may be called in a header; compared without accents, capitals and punctuation.
COLUMNS = {
    "facture": ("numero", "numero_facture", "n_facture", "no_facture", "piece", "invoice", "invoice_number"),
    "date": (
        "jour",
        "date_encaissement",
        "date_d_encaissement",
        "date_paiement",
        "date_statut",
        "day",
        "payment_date",
    ),
    "taux_tva": ("taux", "tva_taux", "vat_rate", "rate"),
    "montant": ("montant_encaisse", "montant_ttc", "encaissement", "amount", "amount_received"),
    "motif": ("code_motif", "reason", "reason_code"),
}
NEED_REASON = frozenset({"206", "207", "208", "210"})  # XP Z12-012: a reason is mandatory
NEED_AMOUNTS = frozenset({"212"})  # MDT-207: one amount for each VAT rate (BR-FR-CDV-14)
# What a company may say of an invoice; the statuses of the transmission phase are the platforms' own.
BY_SELLER = frozenset({"209", "212", "220", "224", "225", "226", "227", "228"})
BY_BUYER = frozenset({"204", "205", "206", "207", "208", "210", "211", "214"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A status that somebody wants an invoice to have, before anybody has looked for the invoice."""

    invoice: str
    status: Status
    line: int | None = None  # of the table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    invoice: str
    day: date
    reason: str | None
    amount: Amount | None
    line: int


def read_statuses(data: bytes, code: str) -> Read[Wish]:
    """The statuses of a CSV file, all of one code.

    Lines of one invoice and one day are one status: a payment has a line for each VAT rate.
    """
    needed = ["facture", "date"]
    needed += ["taux_tva", "montant"] if code in NEED_AMOUNTS else []
    needed += ["motif"] if code in NEED_REASON else []
    found = read_rows(data, COLUMNS, tuple(needed), lambda line: _row(line, code))
    if found.errors:
        return Read(problems=found.problems)
    grouped: dict[tuple[str, date, str | None], list[_Row]] = {}
    for row in found.rows:
        grouped.setdefault((row.invoice, row.day, row.reason), []).append(row)
    wishes = tuple(
        Wish(
            invoice=invoice,
            status=status_of(code, day, reason, (row.amount for row in rows if row.amount)),
            line=rows[0].line,
        )
        for (invoice, day, reason), rows in grouped.items()
    )
    return Read(rows=wishes, problems=(*found.problems, *_nothing_received(wishes)))


def status_of(code: str, day: date, reason: str | None, amounts: Iterable[Amount]) -> Status:
    """A status with one amount for each VAT rate, in the order of the rates."""
    totals: dict[Decimal, Decimal] = {}
    for amount in amounts:
        totals[amount.rate] = totals.get(amount.rate, Decimal(0)) + amount.value
    summed = tuple(Amount(rate=rate, value=totals[rate]) for rate in sorted(totals, reverse=True))
    return Status(code=code, day=day, reason=reason, amounts=summed)


def _row(line: LineReader, code: str) -> _Row | None:
    invoice = line.value("facture", lambda cell: cell or None, "csv-cell-empty")
    day = line.value("date", read_day, "csv-date")
    reason = line.optional("motif", lambda cell: cell.upper() or None, "csv-cell-empty")
    if code in NEED_REASON and reason is None:
        line.complain("csv-cell-empty", "motif")
        return None
    amount = None
    if code in NEED_AMOUNTS:
        rate = line.value("taux_tva", read_rate, "csv-rate")
        value = line.value("montant", read_amount, "csv-amount")
        if rate is None or value is None:
            return None
        amount = Amount(rate=rate, value=value)
    if invoice is None or day is None:
        return None
    return _Row(invoice=invoice, day=day, reason=reason, amount=amount, line=line.number)


def _nothing_received(wishes: Iterable[Wish]) -> list[Problem]:
    """Payments of which nothing is left: a line and its reversal."""
    return [
        Problem(code="payment-of-nothing", line=wish.line, where=wish.invoice)
        for wish in wishes
        if wish.status.amounts and all(amount.value == 0 for amount in wish.status.amounts)
    ]
