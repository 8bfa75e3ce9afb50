"""The rules of flux 10 on values that must fit together: sums, parties, references, periods.

`GROUP_RULES` is the table. Every rule is a function from one group of plain values to its faults. What is
missing or badly written is no fault here when another rule already says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.model import Severity
from connector.validation.flux10.values import as_date, is_amount
from connector.validation.flux10.words import ANNEXE_7, Facts, Fault, Group, GroupRule

CENT = Decimal("0.01")
INVOICE = "Report/TransactionsReport/Invoice"
_ENDED_CONTRACT = "VATEX-FR-CNWVAT"
_SCHEMES = {  # G2.19: what an identifier of each scheme looks like
    "0002": (re.compile(r"[0-9]{9}"), "SIREN"),
    "0223": (re.compile(r".{0,18}", re.DOTALL), "<= 18"),
    "0227": (re.compile(r".{0,18}", re.DOTALL), "<= 18"),
    "0228": (re.compile(r"[0-9]{9,10}"), "RIDET"),
    "0229": (re.compile(r"[0-9]{9}"), "TAHITI"),
}
_NEEDS_VAT_NUMBER = ("0002", "0223")


# --------------------------------------------------------------------------- report and periods
def one_kind_of_report(report: Group, facts: Facts) -> Iterator[Fault]:
    """Transactions or payments, never both and never neither."""
    kinds = [name for name in ("TransactionsReport", "PaymentsReport") if name in report.groups]
    if len(kinds) != 1:
        yield Fault(found=", ".join(kinds), expected="TransactionsReport | PaymentsReport")


def period_begun(report: Group, facts: Facts) -> Iterator[Fault]:
    """The period does not begin after today."""
    for name, start, _ in _periods(report):
        first = as_date(start)
        if first and first > facts.today:
            yield Fault(at=f"{name}/ReportPeriod/StartDate", found=start, expected=f"<= {facts.today:%Y%m%d}")


def period_over(report: Group, facts: Facts) -> Iterator[Fault]:
    """The period is over today, and was when the report was made."""
    made = report.first("ReportDocument/IssueDateTime/DateTimeString") or ""
    for name, _, end in _periods(report):
        last = as_date(end)
        if last and last >= facts.today:
            yield Fault(at=f"{name}/ReportPeriod/EndDate", found=end, expected=f"< {facts.today:%Y%m%d}")
        day = as_date(made[:8])
        if last and day and day <= last:
            yield Fault(at="ReportDocument/IssueDateTime/DateTimeString", found=made, expected=f"> {end}")


def ends_after_it_starts(period: Group, facts: Facts) -> Iterator[Fault]:
    """The end is strictly after the start: as the rule stands, a period of one day is not possible."""
    start, end = period.first("StartDate"), period.first("EndDate")
    if start is not None and end is not None and end <= start:
        yield Fault(at="EndDate", found=end, expected=f"> {start}")


def _periods(report: Group) -> Iterator[tuple[str, str, str]]:
    for name in ("TransactionsReport", "PaymentsReport"):
        for start, end in zip(
            report.all(f"{name}/ReportPeriod/StartDate"),
            report.all(f"{name}/ReportPeriod/EndDate"),
            strict=False,
        ):
            yield name, start, end


# --------------------------------------------------------------------------- invoices
def no_deposit_after_deposit(invoice: Group, facts: Facts) -> Iterator[Fault]:
    """The final invoice after a deposit is not itself a deposit invoice."""
    framework, kind = invoice.first("BusinessProcess/ID"), invoice.first("TypeCode")
    if framework in facts.codes["frameworks_after_deposit"] and kind in facts.codes["deposit_types"]:
        yield Fault(at="TypeCode", found=f"{kind}, {framework}")


def net_vat_only_on_credit_notes(invoice: Group, facts: Facts) -> Iterator[Fault]:
    """The exemption for a credit note net of VAT stands on credit notes only."""
    reasons = invoice.all("TaxSubTotal/TaxCategory/TaxExemptionReasonCode")
    kind = invoice.first("TypeCode")
    if _ENDED_CONTRACT in reasons and kind not in facts.codes["credit_note_types"]:
        yield Fault(at="TypeCode", found=kind, expected=facts.one_of("credit_note_types"))


def names_the_earlier_invoice(invoice: Group, facts: Facts) -> Iterator[Fault]:
    """A corrective invoice names the one it corrects; a credit note names one at least, or one a line."""
    kind = invoice.first("TypeCode")
    number = len(invoice.groups.get("ReferencedDocument", ()))
    dated = bool(invoice.all("ReferencedDocument/IssueDate"))
    if kind in facts.codes["corrective_types"] and not (number == 1 and dated):
        yield Fault(at="ReferencedDocument", found=str(number), expected="1")
    if kind in facts.codes["credit_types"] and not dated and not _every_line_names_one(invoice):
        yield Fault(at="ReferencedDocument", found=str(number), expected=">= 1")


def names_the_buyer(invoice: Group, facts: Facts) -> Iterator[Fault]:
    """Invoices are told one by one only between companies: there is a buyer with an identifier."""
    if not invoice.all("Buyer/CompanyId"):
        yield Fault(at="Buyer/CompanyId")


def exempt_with_a_vat_number(invoice: Group, facts: Facts) -> Iterator[Fault]:
    """An exempt invoice gives the VAT number of the seller or of the one who represents him."""
    exempt = "E" in invoice.all("TaxSubTotal/TaxCategory/Code")
    if exempt and not (
        invoice.all("Seller/TaxRegistrationId") or invoice.all("SellerTaxRepresentative/TaxRegistrationId")
    ):
        yield Fault(at="Seller/TaxRegistrationId")


def says_why_it_is_exempt(subtotal: Group, facts: Facts) -> Iterator[Fault]:
    """An exempt part gives the reason, as a code and in words."""
    if "E" in subtotal.all("TaxCategory/Code"):
        for name in ("TaxExemptionReasonCode", "TaxExemptionReason"):
            if not subtotal.all(f"TaxCategory/{name}"):
                yield Fault(at=f"TaxCategory/{name}")


def identified_by_its_scheme(party: Group, facts: Facts) -> Iterator[Fault]:
    """A seller's or buyer's identifier has a scheme that exists, and looks as that scheme has it."""
    number, scheme = party.first("CompanyId"), party.first("CompanyId/@schemeId")
    if number is None or scheme is None:
        return
    if scheme not in _SCHEMES:
        yield Fault(at="CompanyId/@schemeId", found=scheme, expected=", ".join(_SCHEMES))
        return
    form, expected = _SCHEMES[scheme]
    if not form.fullmatch(number):
        yield Fault(at="CompanyId", found=number, expected=expected)


def taxed_by_its_scheme(party: Group, facts: Facts) -> Iterator[Fault]:
    """A company of the European Union has a VAT number."""
    if party.first("CompanyId/@schemeId") in _NEEDS_VAT_NUMBER and not party.all("TaxRegistrationId"):
        yield Fault(at="TaxRegistrationId")


def _every_line_names_one(invoice: Group) -> bool:
    lines = invoice.groups.get("Line", [])
    return bool(lines) and all(
        line.all("ReferencedDocument/ID") and line.all("ReferencedDocument/IssueDate") for line in lines
    )


# --------------------------------------------------------------------------- sums
@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A total and the parts it must be the sum of; paths from the group."""

    currency: str
    total: str
    parts: str


_SUMS_OF_INVOICE = (
    Sum(currency="CurrencyCode", total="MonetaryTotal/TaxExclusiveAmount", parts="TaxSubTotal/TaxableAmount"),
    Sum(currency="CurrencyCode", total="MonetaryTotal/TaxAmount", parts="TaxSubTotal/TaxAmount"),
)
_SUMS_OF_DAY = (
    Sum(currency="TransactionsCurrency", total="TaxExclusiveAmount", parts="TaxSubtotal/TaxableAmount"),
    Sum(currency="TransactionsCurrency", total="TaxTotal", parts="TaxSubtotal/TaxTotal"),
)


def invoice_adds_up(invoice: Group, facts: Facts) -> Iterator[Fault]:
    """The totals of an invoice in euros are the sums of its VAT breakdown, give or take a cent a part."""
    yield from _adds_up(invoice, _SUMS_OF_INVOICE)


def day_adds_up(day: Group, facts: Facts) -> Iterator[Fault]:
    """The totals of a day in euros are the sums of its rates, give or take a cent a part."""
    yield from _adds_up(day, _SUMS_OF_DAY)


def net_price_is_gross_less_discount(price: Group, facts: Facts) -> Iterator[Fault]:
    """Net price = gross price - discount, give or take a cent."""
    written = [price.first(name) for name in ("PriceAmount", "AllowanceChargeBaseAmount")]
    written.append(price.first("AllowanceChargeAmount"))
    values = [value for value in written if value is not None and is_amount(value, 6, signed=False)]
    if len(values) < 3:
        return
    net, gross, discount = map(Decimal, values)
    severity = _beyond(net - (gross - discount), CENT, _as_floats(values))
    if severity:
        yield Fault(at="PriceAmount", found=values[0], expected=f"{gross - discount:f}", severity=severity)


def _adds_up(group: Group, sums: Sequence[Sum]) -> Iterator[Fault]:
    for each in sums:
        total, parts = group.first(each.total), group.all(each.parts)
        if group.first(each.currency) != "EUR" or total is None:
            continue
        if not all(is_amount(value, 2, signed=True) for value in (total, *parts)):
            continue  # G1.14 says so
        wanted = sum(map(Decimal, parts), Decimal(0))
        as_floats = float(total) - sum(map(float, parts))
        severity = _beyond(Decimal(total) - wanted, CENT * len(parts), as_floats)
        if severity:
            yield Fault(at=each.total, found=total, expected=f"{wanted:f}", severity=severity)


def _as_floats(values: Sequence[str]) -> float:
    net, gross, discount = map(float, values)
    return net - (gross - discount)


def _beyond(gap: Decimal, allowed: Decimal, as_float: float) -> Severity | None:
    """An error when the gap is too wide; a warning when only the official check will find it so.

    That one computes in binary: of two sums one cent apart it finds half too far apart, although the rule
    allows a cent.
    """
    if abs(gap) > allowed:
        return Severity.ERROR
    return Severity.WARNING if abs(as_float) > float(allowed) else None


GROUP_RULES = tuple(
    GroupRule(id=id, source=ANNEXE_7, at=at, judge=judge)
    for id, at, judge in (
        ("G6.29", ("Report",), one_kind_of_report),
        ("G6.24", ("Report",), period_begun),  # the official Schematron does not know what day it is
        ("G7.43", ("Report",), period_over),  # nor what is compared with it
        (
            "G6.25",
            (
                "Report/TransactionsReport/ReportPeriod",
                "Report/PaymentsReport/ReportPeriod",
                f"{INVOICE}/InvoicePeriod",
                f"{INVOICE}/Line/InvoicePeriod",
            ),
            ends_after_it_starts,
        ),
        ("G1.60", (INVOICE,), no_deposit_after_deposit),
        ("G6.21", (INVOICE,), net_vat_only_on_credit_notes),
        ("G1.32", (INVOICE,), names_the_earlier_invoice),
        ("G6.28", (INVOICE,), names_the_buyer),
        ("G2.19", (f"{INVOICE}/Seller", f"{INVOICE}/Buyer"), identified_by_its_scheme),
        ("G2.33", (f"{INVOICE}/Seller", f"{INVOICE}/Buyer"), taxed_by_its_scheme),
        ("G1.102", (INVOICE,), exempt_with_a_vat_number),
        ("G1.40", (f"{INVOICE}/TaxSubTotal",), says_why_it_is_exempt),
        ("G1.53", (INVOICE,), invoice_adds_up),
        ("G1.53", ("Report/TransactionsReport/Transactions",), day_adds_up),
        ("G1.55", (f"{INVOICE}/Line/Price",), net_price_is_gross_less_discount),
    )
)
