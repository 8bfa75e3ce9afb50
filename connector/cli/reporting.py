"""`connector report`: the reports of days and months, written into the routes' folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from gettext import gettext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.reporting import Reporter

_ROUTE = click.option("--route", "routes", multiple=True, help="Only this route (may be given again).")
_DATE = click.DateTime(["%Y-%m-%d"])


@click.group()
def report() -> None:
    """What was sent, received and refused, day by day."""


@report.command()
@click.option("--date", "day", type=_DATE, help="The day; yesterday unless told otherwise.")
@_ROUTE
@global_options
@click.pass_obj
def daily(context: Context, day: datetime | None, routes: tuple[str, ...]) -> int:
    """Write the report of a day, the same as ever; and those of days that are over and have none yet."""

    def build(reporter: Reporter) -> list[Path] | None:
        reporter.write()
        return reporter.rebuild(day.date() if day else reporter.today - timedelta(days=1))

    return _each(context, routes, build)


@report.command()
@click.option("--month", help="YYYY-MM; the present one unless told otherwise.")
@_ROUTE
@global_options
@click.pass_obj
def month(context: Context, month: str | None, routes: tuple[str, ...]) -> int:
    """Write the page of a month, as far as its days are over."""
    if month is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise click.BadParameter(
            gettext("{value!r} is not a month such as 2026-11").format(value=month), param_hint="--month"
        )

    def build(reporter: Reporter) -> list[Path] | None:
        reporter.write()
        return reporter.month(month or f"{reporter.today:%Y-%m}")

    return _each(context, routes, build)


@report.command()
@click.option("--since", "since", type=_DATE, help="From this day on; all days unless told otherwise.")
@_ROUTE
@global_options
@click.pass_obj
def rebuild(context: Context, since: datetime | None, routes: tuple[str, ...]) -> int:
    """Write the reports of days anew, for instance after their folder was lost."""

    def build(reporter: Reporter) -> list[Path] | None:
        written = [reporter.rebuild(day) or [] for day in reporter.days(since.date() if since else date.min)]
        return [path for paths in written for path in paths] or None

    return _each(context, routes, build)


def _each(
    context: Context, routes: tuple[str, ...], build: Callable[[Reporter], list[Path] | None]
) -> ExitCode:
    """Build for every route that is wanted, and say what was written."""
    known = [route.name for route in context.settings.route]
    for name in set(routes) - set(known):
        raise click.BadParameter(
            gettext("there is no route {value!r}").format(value=name), param_hint="--route"
        )
    worst = ExitCode.DONE
    for name in routes or known:
        with _reporter(context, name) as reporter:
            paths = build(reporter)
        for path in paths or ():
            if context.json:
                context.emit({"route": name, "file": str(path)})
            else:
                context.say(str(path))
        if paths is None:
            context.warn(context.text("report.none", route=name))
            worst = ExitCode.SOME_REFUSED
    return worst


@contextmanager
def _reporter(context: Context, name: str) -> Iterator[Reporter]:
    from connector.cli.holding import opened_journal
    from connector.clock import SystemClock
    from connector.effects import Effects
    from connector.reporting import Reporter

    route = next(route for route in context.settings.route if route.name == name)
    hands = Effects(threads=1)
    with opened_journal(context) as journal:
        yield Reporter(context.settings, route, journal, hands, SystemClock())
    hands.close()
