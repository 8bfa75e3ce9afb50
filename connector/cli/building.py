"""`connector ereporting build`: reports of e-reporting made from tables, checked, and put where they go."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from connector.ereporting import Company, Kind, Made
    from connector.model import Document, Job, Problem
    from connector.periods import Calendar, Period
    from connector.settings import Route

_TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
_UNREADABLE = {"csv-not-text", "csv-broken", "csv-empty"}
_SHOWN = 20  # problems of one table; the others are counted
_LARGEST = 64 * 1024 * 1024  # bytes of a table: a line a sale, hundreds of thousands of them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """One report that was ordered, and what the checks of the route will see in it."""

    table: Path
    kind: Kind
    made: Made
    problems: tuple[Problem, ...]
    document: Document | None = None

    @property
    def is_sound(self) -> bool:
        return not any(problem.severity == "error" for problem in self.problems)


@click.command()
@click.option(
    "--declarant", "siren", metavar="SIREN", required=True, help="The company, one of the settings."
)
@click.option(
    "--period",
    "written",
    metavar="P",
    required=True,
    help="2026-11, 2026-11-D2 (11 to 20), 2026-09/2026-10 or 2026-11-11/2026-11-20.",
)
@click.option("--sales", type=_TABLE, help="CSV file of the sales to consumers (10.3).")
@click.option("--payments", type=_TABLE, help="CSV file of the payments received for services (10.4).")
@click.option("--rectify", is_flag=True, help="Replace all that was reported for the period (RE).")
@click.option("--route", "route_name", metavar="NAME", help="Send by this route; default: the company's.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Only write into this folder."
)
@click.option("--dry-run", is_flag=True, help="Build and check, and write nothing.")
@global_options
@click.pass_obj
def build(
    context: Context,
    siren: str,
    written: str,
    sales: Path | None,
    payments: Path | None,
    rectify: bool,
    route_name: str | None,
    output: Path | None,
    dry_run: bool,
) -> int:
    """Build the reports of a period from CSV files, check them, and send them or write them into a folder.

    Nothing is written unless all that was asked for is sound.
    """
    from connector.ereporting import Kind
    from connector.periods import read_period

    period = read_period(written)
    if period is None:
        raise click.BadParameter(context.text("ereporting.not_a_period", period=written))
    tables = [(path, kind) for path, kind in ((sales, Kind.TRANSACTIONS), (payments, Kind.PAYMENTS)) if path]
    if not tables:
        raise click.UsageError(context.text("ereporting.nothing_given"))
    company, calendar = _company(context, siren)
    route = None if output else _route(context, siren, route_name)
    built = [_built(context, company, calendar, period, path, kind, rectify=rectify) for path, kind in tables]
    sound = all(one.is_sound for one in built)
    for one in built:
        target = None
        if sound and not dry_run:
            try:
                target = _placed(one.made, route) if route else _written(one.made, output)
            except OSError as error:
                context.warn(context.text("ereporting.not_written", file=one.made.name, error=error.strerror))
                return ExitCode.OUTBOX
        _tell(context, one, target)
    if sound:
        return ExitCode.DONE
    unreadable = any(problem.code in _UNREADABLE for one in built for problem in one.problems)
    return ExitCode.UNREADABLE if unreadable else ExitCode.SOME_REFUSED


# --------------------------------------------------------------------------- who and where
def _company(context: Context, siren: str) -> tuple[Company, Calendar]:
    """What the settings say of a company; the calendar that it is held against."""
    from connector.calendars import declarants_of, read_calendar
    from connector.ereporting import Company

    found = next((one for one in context.settings.declarant if one.siren == siren), None)
    if found is None:
        raise click.BadParameter(context.text("deadlines.stranger", siren=siren))
    if found.name is None or found.platform is None or found.platform_name is None:
        raise ConfigurationError(context.text("ereporting.incomplete", siren=siren))
    calendar = read_calendar(context.settings.ereporting_calendar)
    declarant = next(one for one in declarants_of(context.settings, calendar) if one.siren == siren)
    company = Company(
        declarant=declarant,
        name=found.name,
        platform=found.platform,
        platform_name=found.platform_name,
    )
    return company, calendar


def _route(context: Context, siren: str, name: str | None) -> Route:
    from connector.model import Family

    own = next((one.route for one in context.settings.declarant if one.siren == siren), None)
    wanted = name or own
    if wanted is None:
        raise click.UsageError(context.text("ereporting.nowhere"))
    route = next((route for route in context.settings.route if route.name == wanted), None)
    if route is None:
        raise ConfigurationError(f'there is no route "{wanted}"')
    if Family.EREPORTING not in route.accept:
        raise ConfigurationError(f'route "{wanted}" takes no reports; add "ereporting" to its accept')
    if not route.inbox_dir.is_dir():
        raise ConfigurationError(f"there is no inbox {route.inbox_dir}")
    return route


# --------------------------------------------------------------------------- building
def _built(
    context: Context,
    company: Company,
    calendar: Calendar,
    period: Period,
    table: Path,
    kind: Kind,
    *,
    rectify: bool,
) -> _Built:
    from connector.ereporting import INITIAL, RECTIFYING, Order, make, remarks
    from connector.journal.view import JournalView
    from connector.paths import journal_of

    if table.stat().st_size > _LARGEST:
        raise click.BadParameter(context.text("ereporting.too_large", file=table.name))
    view = JournalView(journal_of(context.settings))
    try:
        jobs = view.reports(company.declarant.siren)
    finally:
        view.close()
    order = Order(
        company=company,
        kind=kind,
        period=period,
        type_code=RECTIFYING if rectify else INITIAL,
        table=table.read_bytes(),
        now=datetime.now(ZoneInfo(context.settings.timezone)),
        calendar=calendar,
        jobs=jobs,
    )
    made = make(order)
    if not made.content:
        return _Built(table=table, kind=kind, made=made, problems=made.problems)
    job = _looked_at(made)
    assert job.verdict is not None
    problems = [*made.problems, *job.verdict.problems]
    if job.document is not None:
        problems += remarks(order, job)
    return _Built(table=table, kind=kind, made=made, problems=tuple(problems), document=job.document)


def _looked_at(made: Made) -> Job:
    """The report as a route would see it: by its schema and by the rules of e-reporting."""
    from connector.outbox.preview import looked_at
    from connector.validation.inspect import inspect_file
    from connector.validation.schemas import Schemas

    with tempfile.TemporaryDirectory(prefix="connector-") as folder:
        path = Path(folder) / "report.xml"
        path.write_bytes(made.content)
        seen = inspect_file(path, Schemas(), name=made.name, rules="error")
    return looked_at(os.fsencode(made.name), len(made.content), seen)


def _placed(made: Made, route: Route) -> Path:
    from connector.inbox.place import place

    with tempfile.TemporaryDirectory(prefix="connector-") as folder:
        source = Path(folder) / "report.xml"
        source.write_bytes(made.content)
        return place(source, route.inbox_dir, os.fsencode(made.name))


def _written(made: Made, folder: Path | None) -> Path:
    """Write the file whole or not at all; one of its name is an older try at the same report."""
    assert folder is not None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / made.name
    hidden = target.with_name(f".{made.name}.part")
    try:
        hidden.write_bytes(made.content)
        hidden.replace(target)
    finally:
        hidden.unlink(missing_ok=True)
    return target


# --------------------------------------------------------------------------- telling
def _tell(context: Context, built: _Built, target: Path | None) -> None:
    if context.json:
        context.emit(_record(context, built, target))
        return
    for line in problem_lines(context, built.table.name, built.problems):
        context.warn(line)
    if built.document is not None and built.is_sound:
        context.say(_summary(context, built))
    if target is not None:
        context.say(context.text("ereporting.written", path=target))


def _record(context: Context, built: _Built, target: Path | None) -> dict[str, Any]:
    document = built.document
    return {
        "table": str(built.table),
        "data": built.kind,
        "number": built.made.number or None,
        "file": built.made.name or None,
        "type": document.type_code if document else None,
        "period_start": document.period_start if document else None,
        "period_end": document.period_end if document else None,
        "aggregates": document.transactions if document else None,
        "total_without_vat": document.total_without_vat if document else None,
        "total_vat": document.total_vat if document else None,
        "total_received": document.total_with_vat if document else None,
        "sound": built.is_sound,
        "written": str(target) if target else None,
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity,
                "line": problem.line,
                "column": problem.where,
                "found": problem.found,
                "expected": problem.expected,
                "message": context.messages.entry(problem.code, source=problem.source).title,
            }
            for problem in built.problems
        ],
    }


def _summary(context: Context, built: _Built) -> str:
    from connector.messages import Messages
    from connector.outbox import formats

    document, messages = built.document, context.messages
    assert document is not None
    assert isinstance(messages, Messages)
    amounts = [
        context.text(f"ereporting.{name}", amount=formats.amount(value, document.currency, messages.language))
        for name in ("total_without_vat", "total_vat", "total_with_vat")
        if (value := getattr(document, name)) is not None
    ]
    return context.text(
        "ereporting.built",
        number=built.made.number,
        type=messages.label("report_type", document.type_code or ""),
        days=messages.count("cli.ereporting.aggregates", document.transactions or 0),
        amounts=", ".join(amounts),
    )


def _shown(context: Context, value: str) -> str:
    """Dates and periods as people write them, anything else as it is."""
    from connector.outbox import formats

    first, _, last = value.partition("/")
    days = [formats.day(each, context.messages.language) for each in (first, last) if each]
    return context.text("deadlines.span", start=days[0], end=days[1]) if len(days) == 2 else days[0]


def problem_lines(context: Context, table: str, problems: Sequence[Problem]) -> Iterable[str]:
    """What is wrong, errors first: where in the table, what, and what to do."""
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    for problem in ordered[:_SHOWN]:
        entry = context.messages.entry(problem.code, source=problem.source, message=problem.message)
        place = (
            [context.text("line", n=problem.line)] if problem.line and problem.source == "connector" else []
        )
        if problem.where:
            place.append(context.text("ereporting.column", name=problem.where))
        facts = [
            context.text(name, value=_shown(context, value))
            for name, value in (("found", problem.found), ("expected", problem.expected))
            if value
        ]
        told = f" ({', '.join(facts)})" if facts else ""
        where = ", ".join([table, *place])
        yield context.text(
            "ereporting.problem", where=where, what=f"{entry.title}{told} {entry.action}".strip()
        )
    if len(ordered) > _SHOWN:
        yield context.messages.count("notice.and_more", len(ordered) - _SHOWN)
