"""From a table to a report that may go: all that can be known before anybody looks at the XML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.crosscheck import report_clash
from connector.deadlines import Report, reports_by_period
from connector.ereporting.naming import Kind, file_name, transmission_id
from connector.ereporting.report import Head, payments_report, sales_report
from connector.ereporting.rows import Payment, Sale, read_payments, read_sales
from connector.model import Job, Problem, Severity
from connector.periods import Calendar, Declarant, Period, period_problems

INITIAL, RECTIFYING = "IN", "RE"
_KINDS = {Kind.TRANSACTIONS: "10.3", Kind.PAYMENTS: "10.4"}  # what is built here: the aggregates


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who reports, as the report says it.

    Args:
        declarant: its SIREN and its place in the calendar.
        name: TT-14.
        platform, platform_name: TT-8 and TT-9.
    """

    declarant: Declarant
    name: str
    platform: str
    platform_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A report that somebody wants.

    Args:
        table: bytes of the CSV file.
        type_code: IN or RE.
        now: local time of the company.
        jobs: those with a report of this company, oldest first.
    """

    company: Company
    kind: Kind
    period: Period
    type_code: str
    table: bytes
    now: datetime
    calendar: Calendar
    jobs: Sequence[Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of an order; without content there are problems that say why."""

    problems: tuple[Problem, ...] = ()
    number: str = ""
    name: str = ""
    content: bytes = b""


def make(order: Order) -> Made:
    """Build the report that was ordered; nothing of it when anything is wrong."""
    problems = list(_out_of_place(order))
    read = (read_sales if order.kind is Kind.TRANSACTIONS else read_payments)(order.table, order.period)
    problems += read.problems
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Made(problems=tuple(problems))
    siren = order.company.declarant.siren
    used = [job.document.number for job in order.jobs if job.document and job.document.number]
    number = transmission_id(siren, order.period, order.kind, order.type_code, used)
    head = Head(
        number=number,
        type_code=order.type_code,
        made_at=order.now,
        siren=siren,
        name=order.company.name,
        platform=order.company.platform,
        platform_name=order.company.platform_name,
        period=order.period,
    )
    try:
        content = _written(head, read.rows)
    except ValueError:  # all of it was paid back
        return Made(problems=(*problems, Problem(code="csv-no-rows")))
    return Made(
        problems=tuple(problems),
        number=number,
        name=file_name(siren, number, order.period),
        content=content,
    )


def remarks(order: Order, job: Job) -> list[Problem]:
    """What the route will say of a report that was made, as far as it is known now: warnings.

    Args:
        job: the report as it would be taken, its document known.
    """
    assert job.document is not None
    clash = report_clash(job, order.jobs)
    less = [problem for problem in clash.problems if clash.earlier is not None] if clash else []
    late = period_problems(job.document, order.now.date(), order.calendar, [order.company.declarant])
    return [replace(problem, severity=Severity.WARNING) for problem in (*less, *late)]


def _written(head: Head, rows: Sequence[Sale | Payment]) -> bytes:
    sales = [row for row in rows if isinstance(row, Sale)]
    payments = [row for row in rows if isinstance(row, Payment)]
    return sales_report(head, sales) if sales else payments_report(head, payments)


def _out_of_place(order: Order) -> list[Problem]:
    """Why there can be no such report of this period, or none now."""
    problems = []
    period, declarant = order.period, order.company.declarant
    if period.end >= order.now.date():
        problems.append(
            Problem(code="period-not-ended", found=str(order.now.date()), expected=str(period.end))
        )
    if order.calendar.shape_of(period, (order.kind,), declarant.regime) is None:
        shown = ", ".join(str(each) for each in _near(order))
        problems.append(Problem(code="period-misaligned", found=str(period), expected=shown or None))
    earlier, others = _earlier(order)
    if earlier and order.type_code == INITIAL:
        problems.append(Problem(code="report-already-sent", found=earlier[-1].job))
    if not earlier and order.type_code == RECTIFYING:
        problems.append(
            Problem(code="report-without-initial", severity=Severity.WARNING, found=RECTIFYING, term="TT-4")
        )
    if others and order.type_code == RECTIFYING:
        found = others[-1].number
        problems.append(Problem(code="report-of-other-kind", severity=Severity.WARNING, found=found))
    return problems


def _earlier(order: Order) -> tuple[list[Report], list[Report]]:
    """What the platform was told of the period: of the same kind of data, and of the other kind beside it."""
    key = (order.company.declarant.siren, str(order.kind), "SE", order.period)
    told = [report for report in reports_by_period(order.jobs).get(key, ()) if report.is_told]
    own = _KINDS[order.kind]
    same = [report for report in told if own in (report.kinds or "").split(",")]
    return same, [report for report in told if report.kinds != own]


def _near(order: Order) -> list[Period]:
    """The periods of the company's regime that touch the one that was asked for."""
    period, regime = order.period, order.company.declarant.regime
    first = period.start - timedelta(days=31)  # a period of two months may have begun in the month before
    return [
        each
        for each, _ in order.calendar.periods(regime, order.kind, first, period.end)
        if each.start <= period.end and period.start <= each.end
    ]
