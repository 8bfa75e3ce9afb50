"""What a deposited file seems to be, at a glance: flow type, business key, a contradiction with its label.

This is no validation and no parser: it looks for a few marks in the bytes, quickly, as the simulator is on
the path of load tests. What it does not recognise it leaves alone, and the simulator then accepts it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD = 64 * 1024  # bytes in which the root element and the header of a document are looked for
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_]\w*)(?=[\s>/])")
_PROLOGUE = re.compile(rb"<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ID = re.compile(rb"<(?:\w+:)?I[Dd](?:\s[^>]*)?>\s*([^<]{1,200}?)\s*<")
_UBL_DATE = re.compile(rb"<(?:\w+:)?IssueDate>\s*(\d{4})")
_CII_DATE = re.compile(rb"<(?:\w+:)?DateTimeString[^>]*>\s*(\d{4})")
_SIREN = re.compile(rb'schemeI[Dd]="0002"[^>]*>\s*(\d{9})|>\s*FR[0-9A-Z]{2}(\d{9})\s*<')
_SELF_BILLED = re.compile(rb"TypeCode(?:\s[^>]*)?>\s*(?:389|261|501|500|471|473)\s*<")
_CONDITION = re.compile(rb"ProcessConditionCode>\s*(\d{3})")
_BUYER_ROLE = re.compile(rb"<(?:\w+:)?RoleCode>\s*BY\s*<")
# Statuses that the seller's side sends about a sales invoice; the others come from the buyer's side.
_BY_SELLER = frozenset({b"209", b"212", b"220", b"224", b"225", b"226", b"227", b"228"})

_SYNTAX_OF_ROOT = {
    b"Invoice": "UBL",
    b"CreditNote": "UBL",
    b"CrossIndustryInvoice": "CII",
    b"CrossDomainAcknowledgementAndResponse": "CDAR",
    b"Report": "FRR",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What was seen of a file."""

    flow_type: str
    key: str | None  # number, year and SIREN of the issuer; None: it has no number that we can read
    contradicts: bool  # it is recognisably another syntax than the sender said


def glance(content: bytes, syntax: str, rule: str | None) -> Glance:
    """Look at a file that was deposited as `syntax` under a processing rule.

    The key is that of uniqueness in the reform: number, year, SIREN of the issuer (for an e-reporting
    report its own number and the declarant). A Factur-X has none here: its XML is compressed inside the PDF.
    """
    head = content[:_HEAD]
    pdf = head.startswith(b"%PDF-")
    root = None if pdf else _root(head)
    actual = "Factur-X" if pdf else _SYNTAX_OF_ROOT.get(root or b"")
    key = None
    match actual:
        case "UBL":
            key = _ubl_key(content, head)
        case "CII":
            key = _cii_key(content, head)
        case "FRR":
            key = _report_key(head)
    return Glance(
        flow_type=_flow_type(syntax, rule, content, head),
        key=key,
        contradicts=actual is not None and actual != syntax,
    )


def _root(head: bytes) -> bytes | None:
    if b"<!--" in head:
        head = _PROLOGUE.sub(b"", head)
    found = _ROOT.search(head)
    return found[1] if found else None


def _flow_type(syntax: str, rule: str | None, content: bytes, head: bytes) -> str:
    state = rule is not None and rule.startswith("B2G")
    match syntax:
        case "CDAR":
            status = _CONDITION.search(content)
            side = "Customer" if status is None or status[1] in _BY_SELLER else "Supplier"
            return f"State{side}InvoiceLC" if state else f"{side}InvoiceLC"
        case "FRR":
            return _report_type(content, head)
    if state:
        return "StateInvoice"
    return "SupplierInvoice" if _SELF_BILLED.search(head) else "CustomerInvoice"


def _report_type(content: bytes, head: bytes) -> str:
    payments = b"<PaymentsReport" in content
    unitary, aggregated = b"<Invoice>" in content, b"<Transactions>" in content
    if (unitary and aggregated) or (payments and b"<TransactionsReport" in content):
        return "MultiFlowReport"
    if payments:
        return "UnitaryCustomerPaymentReport" if unitary else "AggregatedCustomerPaymentReport"
    if unitary:
        buyer = _BUYER_ROLE.search(head)
        return "UnitarySupplierTransactionReport" if buyer else "UnitaryCustomerTransactionReport"
    return "AggregatedCustomerTransactionReport"


def _ubl_key(content: bytes, head: bytes) -> str | None:
    number = _ID.search(head)
    if number is not None and (opened := head.find(b"UBLExtensions>", 0, number.start())) >= 0:
        # That identifier belongs to an extension (a signature, say); the invoice's follows them all.
        number = _ID.search(head, max(head.find(b"UBLExtensions>", opened + 1), opened))
    year = _UBL_DATE.search(head)
    return _key(number, year, content, content.find(b"AccountingSupplierParty"))


def _cii_key(content: bytes, head: bytes) -> str | None:
    start = head.find(b"ExchangedDocument>")
    if start < 0:
        return None
    # The seller follows the lines in CII, so it may be far from the head of a big invoice.
    return _key(
        _ID.search(head, start), _CII_DATE.search(head, start), content, content.find(b"SellerTradeParty")
    )


def _report_key(head: bytes) -> str | None:
    document = head.find(b"ReportDocument")
    return _key(_ID.search(head, document), None, head, head.find(b"<Issuer")) if document >= 0 else None


def _key(number: re.Match[bytes] | None, year: re.Match[bytes] | None, content: bytes, at: int) -> str | None:
    if number is None:
        return None
    siren = _SIREN.search(content, at, at + 4096) if at >= 0 else None
    issuer = (siren[1] or siren[2]) if siren else b""
    return b"|".join((number[1], year[1] if year else b"", issuer)).decode("utf-8", "replace")
