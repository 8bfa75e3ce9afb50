"""From statuses that somebody wants to messages that may go: all that can be known beforehand. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from connector.cdar.message import Invoice, Status, identifier, written
from connector.cdar.rows import BY_SELLER, Wish
from connector.crosscheck import stands
from connector.model import Document, Family, Job, Problem, Severity

_OVERPAID = Decimal("1.00")  # of the currency: bank charges and rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Statuses that are to become messages.

    Args:
        wishes: which invoices, which status.
        jobs: number → the jobs that the journal has with it.
        given: what the caller says of an invoice that the journal does not have.
        label: what the status is called in French.
        now: local time of the company.
    """

    wishes: Sequence[Wish]
    jobs: Mapping[str, Sequence[Job]] = field(default_factory=dict)
    given: Invoice | None = None
    label: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of one wish; without content its problems say why."""

    wish: Wish
    problems: tuple[Problem, ...] = ()
    number: str = ""
    content: bytes = b""

    @property
    def name(self) -> str:
        """What the file is called: the same message always has the same name."""
        return f"{self.number}.xml"


def make(order: Order) -> list[Made]:
    """A message for each wish that can be fulfilled."""
    return [_made(order, wish) for wish in order.wishes]


def _made(order: Order, wish: Wish) -> Made:
    invoice, problems = _invoice(order, wish)
    if wish.status.day > order.now.date():
        problems.append(_problem(wish, "status-in-the-future", found=str(wish.status.day)))
    if invoice is None or any(problem.severity is Severity.ERROR for problem in problems):
        return Made(wish=wish, problems=tuple(problems))
    content = written(
        invoice,
        wish.status,
        label=order.label,
        by_seller=wish.status.code in BY_SELLER,
        made_at=order.now,
    )
    number = identifier(invoice, wish.status)
    return Made(wish=wish, problems=tuple(problems), number=number, content=content)


def unless_sent(made: Made, earlier: Sequence[Job]) -> Made:
    """The message, or why it need not go: the very same one did.

    Args:
        earlier: jobs with the message's number.
    """
    standing = [job for job in earlier if stands(job)]
    if not standing:
        return made
    return Made(wish=made.wish, problems=(_problem(made.wish, "status-already-sent", found=standing[-1].id),))


def _invoice(order: Order, wish: Wish) -> tuple[Invoice | None, list[Problem]]:
    """The one invoice that is meant: as the journal has it, else as the caller describes it."""
    known = [job for job in order.jobs.get(wish.invoice, ()) if _is_invoice(job) and stands(job)]
    distinct = {
        (job.document.seller.siren, job.document.issue_date[:4]): job
        for job in known
        if job.document and job.document.issue_date
    }
    if order.given is not None and order.given.number == wish.invoice:
        return order.given, []
    if not distinct:
        return None, [_problem(wish, "invoice-unknown-here")]
    if len(distinct) > 1:
        found = ", ".join(sorted(job.id for job in distinct.values()))
        return None, [_problem(wish, "invoice-several", found=found)]
    (job,) = distinct.values()
    document = job.document
    assert document is not None
    invoice = _described(document)
    if invoice is None:
        return None, [_problem(wish, "invoice-without-parties", found=job.id)]
    return invoice, _overpaid(wish, wish.status, document)


def _is_invoice(job: Job) -> bool:
    return job.document is not None and job.document.family is Family.INVOICE


def _described(document: Document) -> Invoice | None:
    seller, buyer = document.seller.siren, document.buyer.siren
    if not (document.number and document.issue_date and seller and buyer):
        return None
    return Invoice(
        number=document.number,
        issued=date.fromisoformat(document.issue_date[:10]),
        type_code=document.type_code or "380",
        seller=seller,
        buyer=buyer,
        seller_name=document.seller.name,
        buyer_name=document.buyer.name,
        currency=document.currency or "EUR",
    )


def _overpaid(wish: Wish, status: Status, document: Document) -> list[Problem]:
    """More was received than the invoice asks for: told, because amounts without VAT are often taken."""
    try:
        total = Decimal(document.total_with_vat or "")
    except InvalidOperation:
        return []
    received = sum((amount.value for amount in status.amounts), Decimal(0))
    if received <= total + _OVERPAID:
        return []
    return [
        _problem(
            wish, "payment-too-large", severity=Severity.WARNING, found=f"{received:f}", expected=f"{total:f}"
        )
    ]


def _problem(
    wish: Wish,
    code: str,
    *,
    found: str | None = None,
    expected: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(
        code=code, severity=severity, line=wish.line, where=wish.invoice, found=found, expected=expected
    )
