"""`connector deadlines`: which reports of e-reporting are due when, and what has become of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.deadlines import Deadline, Report
    from connector.journal import JournalView


@click.command()
@click.option("--days", type=click.IntRange(0, 366), default=30, show_default=True, help="How far ahead.")
@click.option("--declarant", "siren", metavar="SIREN", help="Only this company.")
@global_options
@click.pass_obj
def deadlines(context: Context, days: int, siren: str | None) -> int:
    """List the deadlines of e-reporting that come, and those of the last month without a report."""
    from connector.deadlines import Standing
    from connector.journal.view import JournalView
    from connector.paths import journal_of

    view = JournalView(journal_of(context.settings))
    try:
        found = near(context, view, ahead=days)
    finally:
        view.close()
    if siren is not None:
        known = [one.siren for one in context.settings.declarant]
        if siren not in known:
            raise click.BadParameter(context.text("deadlines.stranger", siren=siren))
        found = [one for one in found if one.declarant.siren == siren]
    found = [one for one in found if one.days_left >= 0 or one.standing is not Standing.DONE]
    if context.json:
        for one in found:
            context.emit(record(one))
        return ExitCode.DONE
    if not context.settings.declarant:
        context.say(context.text("deadlines.nobody"))
        return ExitCode.DONE
    columns = [context.text(f"deadlines.{name}") for name in ("due", "left", "what")]
    context.table(columns, [line(context, one) for one in found])
    if not found:
        context.say(context.text("deadlines.none"))
    if any(one.standing is Standing.LATE for one in found):
        context.say(context.text("deadlines.nothing_to_report"))
    return ExitCode.DONE


# --------------------------------------------------------------------------- for other commands too
def near(context: Context, view: JournalView, *, ahead: int = 30) -> list[Deadline]:
    """The deadlines around today of all companies in the settings; none without companies."""
    if not context.settings.declarant:
        return []
    from connector.calendars import declarants_of, read_calendar
    from connector.deadlines import deadlines_of, earliest_end

    calendar = read_calendar(context.settings.ereporting_calendar)
    declarants = declarants_of(context.settings, calendar)
    now = today(context)
    known = view.reports(since=earliest_end(now))
    return list(deadlines_of(calendar, declarants, known, now, ahead=ahead))


def today(context: Context) -> date:
    """The day where the company is."""
    return datetime.now(ZoneInfo(context.settings.timezone)).date()


def summary(found: Sequence[Deadline]) -> dict[str, Any]:
    """How many deadlines want a report soon, and the next one: for `status --json`."""
    counts = _counts(found)
    open_ones = (one for one in found if one.standing in ("open", "soon", "urgent"))
    following = next(open_ones, None)
    return {
        "late": counts["late"],
        "urgent": counts["urgent"],
        "soon": counts["soon"],
        "next": record(following) if following else None,
    }


def warning(context: Context, found: Sequence[Deadline]) -> str | None:
    """One line on what is late or nearly so; None when nothing is."""
    counts = _counts(found)
    if not counts:
        return None
    parts = [
        context.messages.count(f"cli.deadlines.{standing}", counts[standing])
        for standing in ("late", "urgent", "soon")
        if counts[standing]
    ]
    return context.text("deadlines.warning", what=", ".join(parts))


def _counts(found: Sequence[Deadline]) -> Counter[str]:
    return Counter(one.standing.value for one in found if one.is_to_warn_of)


def record(deadline: Deadline) -> dict[str, Any]:
    """A deadline as one JSON object."""
    return {
        "siren": deadline.declarant.siren,
        "name": deadline.declarant.name,
        "regime": deadline.declarant.regime,
        "data": deadline.data,
        "role": deadline.role,
        "period_start": str(deadline.period.start),
        "period_end": str(deadline.period.end),
        "due": str(deadline.due),
        "remind_by": str(deadline.remind_by),
        "days_left": deadline.days_left,
        "standing": deadline.standing,
        "reports": [told(report) for report in deadline.reports],
    }


def told(report: Report) -> dict[str, Any]:
    """A report of a period as one JSON object."""
    return {
        "job": report.job,
        "route": report.route,
        "number": report.number,
        "type": report.type_code,
        "kinds": report.kinds.split(",") if report.kinds else [],
        "state": report.state,
        "outcome": report.outcome,
        "concluded_at": report.concluded_on,
    }


def line(context: Context, deadline: Deadline) -> tuple[str, ...]:
    """A deadline as a row of a table for people."""
    from connector.outbox import formats

    what = context.text(
        "deadlines.line",
        company=deadline.declarant.name or formats.siren(deadline.declarant.siren),
        data=data(context, deadline.data, deadline.role),
        span=span(context, deadline.period.start, deadline.period.end),
        standing=standing(context, deadline),
    )
    return _due(context, deadline), left(context, deadline) or "-", what


def left(context: Context, deadline: Deadline) -> str | None:
    """How many days are left, as people count them; None when it does not matter any more."""
    if not deadline.is_to_warn_of and deadline.standing != "open":
        return None
    days = deadline.days_left
    if days < 0:
        return context.messages.count("cli.deadlines.over", -days)
    return context.text("deadlines.last_day") if days == 0 else context.text("deadlines.days", n=days)


def standing(context: Context, deadline: Deadline) -> str:
    """Where the report stands, with the one that was stopped on its way."""
    label = context.messages.label("deadline_standing", deadline.standing)
    stopped = deadline.stopped
    if stopped is None:
        return label
    outcome = context.outcome(stopped.outcome or "")
    return f"{label} ({context.text('deadlines.stopped', job=stopped.job, outcome=outcome)})"


def data(context: Context, name: str, role: str) -> str:
    label = context.messages.label("deadline_data", name)
    return context.text("deadlines.bought", data=label) if role == "BY" else label


def span(context: Context, start: date, end: date) -> str:
    return context.text("deadlines.span", start=_day(context, start), end=_day(context, end))


def _due(context: Context, deadline: Deadline) -> str:
    if deadline.remind_by == deadline.due:
        return _day(context, deadline.due)
    return context.text(
        "deadlines.two_days", first=_day(context, deadline.remind_by), last=_day(context, deadline.due)
    )


def _day(context: Context, when: date) -> str:
    from connector.outbox import formats

    return formats.day(when.isoformat(), context.messages.language)
