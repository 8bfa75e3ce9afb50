"""`connector audit`: is the history whole, and a copy of it for an inspector."""

from __future__ import annotations

from datetime import datetime
from gettext import gettext
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.evidence import Fault


@click.group()
def audit() -> None:
    """The history: whether it is whole, and a copy of it."""


@audit.command()
@global_options
@click.pass_obj
def verify(context: Context) -> int:
    """Hold the history against its hash chain, and every archived original against its SHA-256.

    Exit code 0 when all is as it was recorded, 1 when anything is not.
    """
    from connector import evidence
    from connector.journal import JournalView
    from connector.model import State
    from connector.paths import folders_of, journal_of

    settings = context.settings
    folders = {route.name: folders_of(settings, route) for route in settings.route}
    view = JournalView(journal_of(settings))
    try:
        faults = list(evidence.verify(view, folders))
        done = sum(1 for job in view.jobs(states=(State.DONE,), limit=-1) if job.parent is None)
        head = view.head()
    finally:
        view.close()
    if context.json:
        chain = {"seq": head[0], "hash": head[1]} if head else None
        context.emit({"whole": not faults, "originals": done, "head": chain, "faults": _records(faults)})
    else:
        _say(context, faults)
        if not faults:
            context.say(context.text("audit.whole", n=done))
        if head:
            context.say(context.text("audit.head", seq=head[0], hash=head[1]))
    return ExitCode.SOME_REFUSED if faults else ExitCode.DONE


@audit.command()
@click.option("--from", "since", required=True, help="First day or moment, such as 2026-11-01.")
@click.option("--to", "until", required=True, help="First day or moment that does not belong to it.")
@click.option(
    "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip to write."
)
@global_options
@click.pass_obj
def export(context: Context, since: str, until: str, output: Path) -> int:
    """Write originals, results and history of a span of time into a zip that anybody can read and check.

    Exit code 0, or 1 when an original is missing or altered; the zip says which.
    """
    from connector import evidence
    from connector.journal import JournalView
    from connector.paths import folders_of, journal_of

    settings = context.settings
    zone = ZoneInfo(settings.timezone)
    first, last = _moment(since, zone), _moment(until, zone)
    if output.exists():
        raise click.BadParameter(gettext("{file} exists").format(file=output))
    folders = {route.name: folders_of(settings, route) for route in settings.route}
    view = JournalView(journal_of(settings))
    try:
        count, faults = evidence.export(view, folders, first, last, output)
    finally:
        view.close()
    if context.json:
        context.emit({"documents": count, "path": str(output), "faults": _records(faults)})
    else:
        _say(context, faults)
        context.say(context.text("audit.written", n=count, path=output))
    return ExitCode.SOME_REFUSED if faults else ExitCode.DONE


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """A day begins at midnight where the company is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            gettext("{value!r} is no date such as 2026-11-01").format(value=text)
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _records(faults: list[Fault]) -> list[dict[str, str]]:
    return [{"code": fault.kind, "about": fault.about, "path": fault.path} for fault in faults]


def _say(context: Context, faults: list[Fault]) -> None:
    for fault in faults:
        context.say(context.text(f"audit.{fault.kind}", about=fault.about, path=fault.path))
