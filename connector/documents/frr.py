"""The business summary of an e-reporting transmission (flux 10, "FRR"; DGFiP/AIFE v3.2)."""

from __future__ import annotations

import re
from decimal import Decimal

from lxml import etree

from connector.documents.reading import children, date, party, text, walk
from connector.documents.tally import Tally
from connector.model import Document, Family, Syntax

_AMOUNT = re.compile(r"[+-]?[0-9]{1,21}(\.[0-9]{0,6})?")  # Annexe 6: at most 19 digits, 6 of them decimals
# Which of the four reports an element belongs to, by the block it is in.
_KINDS = {
    "TransactionsReport": {"Invoice": "10.1", "Transactions": "10.3"},
    "PaymentsReport": {"Invoice": "10.2", "Transactions": "10.4"},
}


class Sum:
    """Amounts added up, as long as all are in one currency."""

    def __init__(self) -> None:
        self._total: Decimal | None = None
        self.currencies: set[str | None] = set()

    def add(self, amount: str | None, currency: str | None) -> None:
        """Take one amount in; one that is none adds nothing."""
        if amount is None or not _AMOUNT.fullmatch(amount):
            return
        self._total = (self._total or Decimal(0)) + Decimal(amount)
        if len(self.currencies) < 2:  # two are as good as many
            self.currencies.add(currency)

    @property
    def written(self) -> str | None:
        """The sum, or None without amounts or with more than one currency."""
        return None if self._total is None or len(self.currencies) != 1 else f"{self._total:f}"


class ReportTally(Tally):
    """Invoices, daily aggregates and amounts of a report: what a rectifying one is compared by."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: set[str] = set()
        self.invoices = 0
        self.transactions = 0
        self.net, self.vat, self.paid = Sum(), Sum(), Sum()

    def see(self, line: etree._Element) -> None:
        """Take an `Invoice` or `Transactions` of either block in."""
        super().see(line)
        name = str(etree.QName(line).localname)
        parent = line.getparent()
        block = "" if parent is None else str(etree.QName(parent).localname)
        self.kinds.update(filter(None, [_KINDS.get(block, {}).get(name)]))
        if name == "Invoice":
            self.invoices += 1
        else:
            self.transactions += 1
        if block == "PaymentsReport":
            for payment in children(line, "Payment"):
                for part in children(payment, "SubTotals"):
                    self.paid.add(text(part, "Amount"), text(part, "CurrencyCode") or "EUR")  # G6.27
        elif name == "Invoice":
            total = walk(line, "MonetaryTotal")
            tax = walk(total, "TaxAmount")
            self.net.add(text(total, "TaxExclusiveAmount"), text(line, "CurrencyCode"))
            self.vat.add(text(tax), None if tax is None else tax.get("CurrencyCode"))
        else:
            currency = text(line, "TransactionsCurrency")
            self.net.add(text(line, "TaxExclusiveAmount"), currency)
            self.vat.add(text(line, "TaxTotal"), currency)


def summarise(kind: str, root: etree._Element, tally: Tally) -> Document:
    """What people recognise the transmission by; a field that is missing is None."""
    assert isinstance(tally, ReportTally)
    head = walk(root, "ReportDocument")
    issuer = walk(head, "Issuer")
    block = next((name for name in _KINDS if walk(root, name) is not None), None)
    body = walk(root, block) if block else None
    period = walk(body, "ReportPeriod")
    amounts = tally.net.currencies | tally.paid.currencies
    return Document(
        family=Family.EREPORTING,
        syntax=Syntax.FRR,
        kind=kind,
        profile=text(body, "Invoice", "BusinessProcess", "TypeID"),
        number=text(head, "Id"),
        issue_date=date(text(head, "IssueDateTime", "DateTimeString")),
        type_code=text(head, "TypeCode"),
        seller=party(children(issuer, "Id"), name=text(issuer, "Name"), scheme="schemeId"),
        currency=next(iter(amounts)) if len(amounts) == 1 else None,
        total_without_vat=tally.net.written,
        total_vat=tally.vat.written,
        total_with_vat=tally.paid.written,
        lines=tally.lines,
        period_start=date(text(period, "StartDate")),
        period_end=date(text(period, "EndDate")),
        report_kind=_kind(tally, block),
        role=text(issuer, "RoleCode"),
        invoices=tally.invoices,
        transactions=tally.transactions,
    )


def _kind(tally: ReportTally, block: str | None) -> str | None:
    """What was reported; of an empty report, what its block is for."""
    kinds = tally.kinds or set(_KINDS[block].values() if block else ())
    return ",".join(sorted(kinds)) or None
