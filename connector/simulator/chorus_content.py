"""What the simulated Chorus Pro reads from a deposited invoice: the facts that its search lists. A glance."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = (
    re.compile(rb"<(?:\w+:)?ExchangedDocument>\s*<(?:\w+:)?ID>\s*([^<]+?)\s*<"),
    re.compile(rb"<(?:\w+:)?ID>\s*([^<]+?)\s*<"),
)
_DATE = re.compile(
    rb"<(?:\w+:)?IssueDate>\s*(\d{4}-\d{2}-\d{2})|<(?:\w+:)?DateTimeString[^>]*>\s*(\d{4})(\d{2})(\d{2})"
)
_TOTAL = re.compile(rb"<(?:\w+:)?(?:TaxInclusiveAmount|GrandTotalAmount)[^>]*>\s*([0-9.]+)\s*<")
_SELLER = re.compile(rb"AccountingSupplierParty|SellerTradeParty")
_SIRET_OR_SIREN = re.compile(rb'schemeID="000[29]"[^>]*>\s*(\d{14}|\d{9})\s*<')


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenInvoice:
    """Number, supplier (SIRET, or a SIREN completed with zeros), ISO date and total, as far as seen."""

    number: str | None
    supplier: str | None
    issue_date: str | None
    total: str | None

    @property
    def key(self) -> tuple[str | None, str, str]:
        """Number, year and issuer: what Chorus Pro takes once only."""
        return self.number, (self.issue_date or "")[:4], (self.supplier or "")[:9]


def look(content: bytes) -> SeenInvoice:
    """The facts of one invoice in UBL or CII; of a PDF, nothing: its XML is compressed."""
    if content.startswith(b"%PDF-"):
        return SeenInvoice(number=None, supplier=None, issue_date=None, total=None)
    number = next((found[1] for pattern in _NUMBER if (found := pattern.search(content))), None)
    date = _DATE.search(content)
    total = _TOTAL.search(content)
    seller = _SELLER.search(content)
    supplier = _SIRET_OR_SIREN.search(content, seller.end()) if seller else None
    return SeenInvoice(
        number=number.decode("utf-8", "replace") if number else None,
        supplier=supplier[1].decode().ljust(14, "0") if supplier else None,
        issue_date=_iso(date),
        total=total[1].decode() if total else None,
    )


def _iso(found: re.Match[bytes] | None) -> str | None:
    if found is None:
        return None
    return (found[1] or b"-".join(found.groups()[1:])).decode()
