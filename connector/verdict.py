"""Words for a document and for what is said of it; a part of `model`, which hands them on.

No I/O, no clock, no rule. Amounts are decimal strings as the document wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """What kind of business a document is, which decides the routes that take it."""

    INVOICE = "invoice"
    EREPORTING = "ereporting"
    LIFECYCLE = "lifecycle"
    DIRECTORY = "directory"


class Syntax(StrEnum):
    """How a document is written; the values are those of `flowSyntax` (XP Z12-013 Flow 1.2.0).

    Directory files have a syntax of their own, which that API does not carry.
    """

    UBL = "UBL"
    CII = "CII"
    FACTUR_X = "Factur-X"
    CDAR = "CDAR"
    FRR = "FRR"
    DIRECTORY = "Annuaire"
    LIST = "CSV"  # of recipients to be looked up


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A seller, a buyer, a declarant, a sender, as far as the document names them."""

    siren: str | None = None
    siren_scheme: str | None = None  # ISO 6523 scheme written beside it: "0002", "0009", "0225"; None: none
    siret: str | None = None  # as written, blanks taken out
    vat: str | None = None  # VAT number as written, blanks taken out
    name: str | None = None
    endpoint: str | None = None  # electronic address as written (BT-34, BT-49)
    endpoint_scheme: str | None = None  # "0225": an address of the reform's directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Another document that a document speaks of."""

    number: str | None = None
    issue_date: str | None = None  # ISO date
    type_code: str | None = None
    issuer: Party = Party()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a document has a status."""

    code: str | None = None  # DGFiP annexe 7: "DOUBLON", "TX_TVA_ERR", …; an open list
    words: str | None = None  # of whoever gave the status


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAmount:
    """An amount that a status tells of, for instance what was paid of an invoice at one VAT rate."""

    kind: str | None = None  # "MEN", "MPA", "RAP", …
    amount: str
    currency: str | None = None
    rate: str | None = None  # of VAT, in percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """One status of one document, as a lifecycle message announces it."""

    code: str | None = None  # "200" … "601"; an open list
    words: str | None = None  # what the message calls it
    at: str | None = None  # ISO date, with the time where there is one; messages name no time zone
    about: Reference = Reference()
    reasons: tuple[Reason, ...] = ()
    amounts: tuple[StatusAmount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a job's bytes turned out to be, with the business summary that people recognise it by.

    For an e-reporting report, `number` is the transmission id (TT-1), `seller` the declarant,
    `type_code` is IN or RE, and the period is given. The amounts are sums over the report, as long as all of
    it is in one currency: of transactions without VAT and VAT, of payments what was received.
    """

    family: Family
    syntax: Syntax
    kind: str  # entry of schemas/catalogue.toml, e.g. "ubl-invoice"
    profile: str | None = None  # guideline identifier as written (BT-24)
    number: str | None = None
    issue_date: str | None = None  # ISO date
    type_code: str | None = None
    seller: Party = Party()
    buyer: Party = Party()
    buyer_reference: str | None = None  # BT-10; at Chorus Pro the code of the service
    order_reference: str | None = None  # BT-13; at Chorus Pro the number of the commitment
    currency: str | None = None
    total_without_vat: str | None = None
    total_vat: str | None = None
    total_with_vat: str | None = None
    lines: int | None = None
    period_start: str | None = None  # ISO date
    period_end: str | None = None  # ISO date
    report_kind: str | None = None  # "10.1", "10.2", "10.3", "10.4"; several with commas between them
    role: str | None = None  # of the declarant (TT-15): SE or BY
    invoices: int | None = None  # in a report
    transactions: int | None = None  # in a report: daily aggregates, not sales
    sender: Party = Party()  # of a lifecycle message
    recipient: Party = Party()  # of a lifecycle message; the first, when there are several
    status_code: str | None = None  # the status that a lifecycle message announces: "200" … "601"
    about: Reference | None = None  # the document that has this status
    statuses: tuple[Announced, ...] = ()  # all that a lifecycle message announces, in its order


# --------------------------------------------------------------------------- verdicts
class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding on a document. It carries a code and facts; the sentences are in `messages`."""

    code: str  # e.g. "xsd-unexpected-element", "InvalidSchema"
    severity: Severity = Severity.ERROR
    source: str = "connector"  # "connector" | "xml" | "xsd" | "rules" | "platform"
    where: str | None = None  # path of the element, without namespaces: /Invoice/InvoiceLine[2]/ID
    line: int | None = None  # line of the XML file, from 1
    term: str | None = None  # business term, e.g. "BT-112"
    found: str | None = None
    expected: str | None = None
    message: str | None = None  # the words of the engine or of the platform, verbatim
    occurrences: int = 1
    invoice_line: str | None = None  # the line it is about, as the document numbers it (BT-126)
    line_name: str | None = None  # what that line calls its article (BT-153)


class VerdictStatus(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What our own checks say of a document, and which versions of schemas and rules said it."""

    status: VerdictStatus
    problems: tuple[Problem, ...] = ()
    schema: str | None = None  # e.g. "UBL 2.1 Invoice (factur-x 7.8)"
    rules: str | None = None  # None: no business rules were evaluated
    incomplete: bool = False  # the file stops in the middle: perhaps it is still being written
