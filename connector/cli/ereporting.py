"""`connector ereporting`: what was reported for each period, and reports built from tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from connector.cli.building import build
from connector.cli.context import Context, global_options
from connector.cli.deadlines import data, left, record, span, today, told
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.deadlines import Deadline, Report
    from connector.periods import Period

_LOOK_BACK = 400  # days


@click.group()
@global_options
def ereporting() -> None:
    """See what was reported for which period, and build reports from tables."""


ereporting.add_command(build)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A period of a company, with its deadline where the calendar has one, and its reports."""

    siren: str
    data: str
    role: str
    period: Period
    deadline: Deadline | None
    reports: Sequence[Report]


@ereporting.command()
@click.option("--declarant", "siren", metavar="SIREN", help="Only this company.")
@click.option(
    "--period", "written", metavar="P", help="Only what lies in it: 2026-11, 2026-11-D2, 2026-09/2026-10."
)
@global_options
@click.pass_obj
def status(context: Context, siren: str | None, written: str | None) -> int:
    """For each period of the last year: what was sent, what the platform accepted, what is missing."""
    from connector.periods import read_period

    within = read_period(written) if written else None
    if written and within is None:
        raise click.BadParameter(context.text("ereporting.not_a_period", period=written))
    rows = [
        row
        for row in _rows(context)
        if siren in (None, row.siren)
        and (within is None or (within.start <= row.period.start and row.period.end <= within.end))
    ]
    if context.json:
        for row in rows:
            context.emit(_record(row))
        return ExitCode.DONE
    for number, (company, group) in enumerate(groupby(rows, key=lambda row: row.siren)):
        _say_company(context, company, list(group), apart=number > 0)
    if not rows:
        context.say(context.text("ereporting.none"))
    return ExitCode.DONE


def _rows(context: Context) -> list[_Row]:
    """What the calendar asks for and what the journal has, newest period last."""
    from connector.calendars import declarants_of, read_calendar
    from connector.deadlines import deadlines_of, earliest_end, reports_by_period
    from connector.journal.view import JournalView
    from connector.paths import journal_of

    calendar = read_calendar(context.settings.ereporting_calendar)
    declarants = declarants_of(context.settings, calendar)
    now = today(context)
    view = JournalView(journal_of(context.settings))
    try:
        jobs = view.reports(since=earliest_end(now, _LOOK_BACK))
    finally:
        view.close()
    owed = deadlines_of(calendar, declarants, jobs, now, behind=_LOOK_BACK)
    found = {
        (one.declarant.siren, one.data, one.role, one.period): _Row(
            siren=one.declarant.siren,
            data=one.data,
            role=one.role,
            period=one.period,
            deadline=one,
            reports=one.reports,
        )
        for one in owed
    }
    for key, reports in reports_by_period(jobs).items():
        if key not in found and key[3].end >= now - timedelta(days=_LOOK_BACK):
            found[key] = _Row(
                siren=key[0], data=key[1], role=key[2], period=key[3], deadline=None, reports=reports
            )
    return sorted(found.values(), key=lambda row: (row.siren, row.period.end, row.data, row.role))


def _record(row: _Row) -> dict[str, Any]:
    reports = [{**told(report), **_carried(report)} for report in row.reports]
    if row.deadline is not None:
        return {**record(row.deadline), "in_calendar": True, "reports": reports}
    return {
        "siren": row.siren,
        "data": row.data,
        "role": row.role,
        "period_start": str(row.period.start),
        "period_end": str(row.period.end),
        "in_calendar": False,
        "reports": reports,
    }


def _carried(report: Report) -> dict[str, Any]:
    """What a report holds, as far as a rectifying one is compared by it."""
    document = report.document
    return {
        "invoices": document.invoices,
        "aggregates": document.transactions,
        "total_without_vat": document.total_without_vat,
        "total_vat": document.total_vat,
        "total_received": document.total_with_vat,
    }


def _say_company(context: Context, siren: str, rows: Sequence[_Row], *, apart: bool) -> None:
    """One company: a line a period, and below it one a report."""
    from connector.outbox import formats

    name = next((row.deadline.declarant.name for row in rows if row.deadline), None)
    if apart:
        context.say("")
    shown = formats.siren(siren)
    known = context.text("ereporting.company", company=name, siren=shown)
    context.say(known if name else shown)
    for row in rows:
        context.say(f"  {_period(context, row)}")
        for report in row.reports:
            context.say(f"      {_told(context, report)}")


def _period(context: Context, row: _Row) -> str:
    facts = {
        "span": span(context, row.period.start, row.period.end),
        "data": data(context, row.data, row.role),
    }
    if row.deadline is None:
        return context.text("ereporting.period", **facts, standing=context.text("ereporting.not_in_calendar"))
    facts["standing"] = context.messages.label("deadline_standing", row.deadline.standing)
    remaining = left(context, row.deadline)
    if remaining is None:
        return context.text("ereporting.period", **facts)
    return context.text("ereporting.period_left", **facts, left=remaining)


def _told(context: Context, report: Report) -> str:
    state = (
        context.outcome(report.outcome) if report.outcome else context.messages.label("state", report.state)
    )
    return context.text(
        "ereporting.report", type=report.type_code or "?", number=report.number or report.job, state=state
    )
