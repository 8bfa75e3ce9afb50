"""`connector lifecycle send`: the statuses that a company gives to invoices, as messages, through a route."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from gettext import gettext
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from connector.cdar import Amount, Invoice, Made, Order
    from connector.cdar.rows import Wish
    from connector.journal.view import JournalView
    from connector.model import Problem
    from connector.settings import Route

_TABLE = click.Path(exists=True, dir_okay=False, path_type=Path)
_UNREADABLE = {"csv-not-text", "csv-broken", "csv-empty"}
_LARGEST = 64 * 1024 * 1024  # bytes of a table
_STATUSES: tuple[str, ...] = (
    "204",
    "205",
    "206",
    "207",
    "208",
    "209",
    "210",
    "211",
    "212",
    "214",
    "220",
    "224",
    "225",
)
_STATUSES += ("226", "227", "228")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the command line says of the statuses that are wanted, as it was typed."""

    code: str
    table: Path | None
    number: str | None
    day: str | None
    amounts: tuple[str, ...]
    reason: str | None
    issued: str | None
    seller: str | None
    buyer: str | None


@click.group()
def lifecycle() -> None:
    """Statuses that a company gives to invoices: paid, refused, disputed, …"""


@lifecycle.command()
@click.option(
    "--status", "code", type=click.Choice(_STATUSES), required=True, help="212 is paid, 210 refused."
)
@click.option("--csv", "table", type=_TABLE, help="CSV file: facture; date; taux_tva; montant; motif.")
@click.option("--invoice", "number", help="One invoice, instead of a CSV file.")
@click.option("--date", "day", metavar="DAY", help="Since when, such as 2026-11-22. Default: today.")
@click.option(
    "--amount", "amounts", multiple=True, metavar="RATE=AMOUNT", help="Received at a VAT rate, VAT included."
)
@click.option("--reason", help="Why; 206, 207, 208 and 210 need one, such as TX_TVA_ERR.")
@click.option("--issued", metavar="DAY", help="Issue date of an invoice that was not sent from here.")
@click.option("--seller", metavar="SIREN", help="Its seller.")
@click.option("--buyer", metavar="SIREN", help="Its buyer.")
@click.option("--route", "route_name", metavar="NAME", help="Send by this route; default: the only one.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Only write into this folder."
)
@click.option("--dry-run", is_flag=True, help="Build and check, and write nothing.")
@global_options
@click.pass_obj
def send(
    context: Context,
    code: str,
    table: Path | None,
    number: str | None,
    day: str | None,
    amounts: tuple[str, ...],
    reason: str | None,
    issued: str | None,
    seller: str | None,
    buyer: str | None,
    route_name: str | None,
    output: Path | None,
    dry_run: bool,
) -> int:
    """Build a lifecycle message for each invoice, check it, and send it through a route that takes them.

    Exit code 0 when all are on their way, 1 when one cannot be built (the others go), 65 when the CSV file
    cannot be read.
    """
    from connector.cdar import make, unless_sent

    asked = _Asked(
        code=code,
        table=table,
        number=number,
        day=day,
        amounts=amounts,
        reason=reason,
        issued=issued,
        seller=seller,
        buyer=buyer,
    )
    wishes, problems = _wishes(context, asked)
    unreadable = any(problem.code in _UNREADABLE for problem in problems)
    if any(problem.severity == "error" for problem in problems):
        _tell_problems(context, table, problems)
        return ExitCode.UNREADABLE if unreadable else ExitCode.SOME_REFUSED
    route = None if output else _route(context, route_name)
    _tell_problems(context, table, problems)
    refused = False
    with _journal(context) as view:
        for made in make(_order(context, view, wishes, asked)):
            seen = _looked_at(unless_sent(made, list(view.jobs(number=made.number)) if made.number else ()))
            target = None
            if _is_sound(seen) and not dry_run:
                target = _placed(seen, route, output)
            refused |= not _is_sound(seen)
            _tell(context, seen, target)
    return ExitCode.SOME_REFUSED if refused else ExitCode.DONE


# --------------------------------------------------------------------------- what is wanted
def _wishes(context: Context, asked: _Asked) -> tuple[Sequence[Wish], Sequence[Problem]]:
    from connector.cdar.rows import NEED_AMOUNTS, NEED_REASON, Wish, read_statuses, status_of

    if (asked.table is None) == (asked.number is None):
        raise click.UsageError(context.text("lifecycle.one_of"))
    if asked.table is not None:
        if asked.table.stat().st_size > _LARGEST:
            raise click.BadParameter(context.text("ereporting.too_large", file=asked.table.name))
        read = read_statuses(asked.table.read_bytes(), asked.code)
        return read.rows, read.problems
    assert asked.number is not None
    if asked.code in NEED_REASON and not asked.reason:
        raise click.UsageError(context.text("lifecycle.needs_reason", code=asked.code))
    if asked.code in NEED_AMOUNTS and not asked.amounts:
        raise click.UsageError(context.text("lifecycle.needs_amount", code=asked.code))
    day = _day(asked.day) if asked.day else _now(context).date()
    amounts = [_amount(context, written) for written in asked.amounts]
    status = status_of(asked.code, day, asked.reason, amounts)
    return (Wish(invoice=asked.number, status=status),), ()


def _amount(context: Context, written: str) -> Amount:
    from connector.cdar import Amount
    from connector.tabular import read_amount, read_rate

    rate, _, value = written.partition("=")
    percent, amount = read_rate(rate), read_amount(value)
    if percent is None or amount is None or amount == Decimal(0):
        raise click.BadParameter(context.text("lifecycle.not_an_amount", amount=written))
    return Amount(rate=percent, value=amount)


def _day(written: str) -> date:
    from connector.tabular import read_day

    day = read_day(written)
    if day is None:
        raise click.BadParameter(gettext("{value!r} is no day such as 2026-11-22").format(value=written))
    return day


def _now(context: Context) -> datetime:
    return datetime.now(ZoneInfo(context.settings.timezone))


def _order(context: Context, view: JournalView, wishes: Sequence[Wish], asked: _Asked) -> Order:
    from connector.cdar import Order
    from connector.messages import Messages

    return Order(
        wishes=wishes,
        jobs={wish.invoice: list(view.jobs(number=wish.invoice)) for wish in wishes},
        given=_described(context, asked),
        label=Messages("fr").label("lifecycle_status", asked.code),
        now=_now(context),
    )


def _described(context: Context, asked: _Asked) -> Invoice | None:
    """An invoice that the journal does not have, as the caller describes it."""
    from connector.cdar import Invoice

    if not (asked.issued or asked.seller or asked.buyer):
        return None
    if not (asked.number and asked.issued and asked.seller and asked.buyer):
        raise click.UsageError(context.text("lifecycle.describe"))
    for siren in (asked.seller, asked.buyer):
        if not (siren.isdigit() and len(siren) == 9):
            raise click.BadParameter(gettext("{value!r} is no SIREN of nine digits").format(value=siren))
    return Invoice(
        number=asked.number,
        issued=_day(asked.issued),
        type_code="380",
        seller=asked.seller,
        buyer=asked.buyer,
    )


@contextmanager
def _journal(context: Context) -> Iterator[JournalView]:
    from connector.journal.view import JournalView
    from connector.paths import journal_of

    view = JournalView(journal_of(context.settings))
    try:
        yield view
    finally:
        view.close()


# --------------------------------------------------------------------------- checking and sending
def _route(context: Context, name: str | None) -> Route:
    from connector.model import Family

    able = [route for route in context.settings.route if Family.LIFECYCLE in route.accept]
    if name is None and len(able) == 1:
        return able[0]
    if name is None:
        raise click.UsageError(context.text("lifecycle.which_route"))
    route = next((route for route in context.settings.route if route.name == name), None)
    if route is None:
        raise ConfigurationError(f'there is no route "{name}"')
    if route not in able:
        raise ConfigurationError(f'route "{name}" takes no lifecycle messages; add "lifecycle" to its accept')
    return route


def _looked_at(made: Made) -> Made:
    """The message as a route would see it: by its schema, and by the rules where they are installed."""
    from connector.validation.inspect import inspect_file
    from connector.validation.schemas import Schemas

    if not made.content:
        return made
    with tempfile.TemporaryDirectory(prefix="connector-") as folder:
        path = Path(folder) / "message.xml"
        path.write_bytes(made.content)
        seen = inspect_file(path, Schemas(), name=made.name, rules="error")
    return replace(made, problems=(*made.problems, *seen.verdict.problems))


def _is_sound(made: Made) -> bool:
    return bool(made.content) and not any(problem.severity == "error" for problem in made.problems)


def _placed(made: Made, route: Route | None, output: Path | None) -> Path:
    from connector.inbox.place import place

    if route is not None:
        folder = route.inbox_dir
        if not folder.is_dir():
            raise ConfigurationError(f"there is no inbox {folder}")
    else:
        assert output is not None
        folder = output
        folder.mkdir(parents=True, exist_ok=True)
    if (waiting := folder / made.name).exists():  # the very same message: it is on its way already
        return waiting
    with tempfile.TemporaryDirectory(prefix="connector-") as own:
        source = Path(own) / "message.xml"
        source.write_bytes(made.content)
        return place(source, folder, os.fsencode(made.name))


# --------------------------------------------------------------------------- telling
def _tell(context: Context, made: Made, target: Path | None) -> None:
    status = made.wish.status
    if context.json:
        context.emit(
            {
                "invoice": made.wish.invoice,
                "status": status.code,
                "day": str(status.day),
                "amounts": {f"{amount.rate:f}": f"{amount.value:f}" for amount in status.amounts},
                "message": made.number or None,
                "sound": _is_sound(made),
                "written": str(target) if target else None,
                "problems": [
                    {"code": problem.code, "severity": problem.severity, "line": problem.line}
                    for problem in made.problems
                ],
            }
        )
        return
    _tell_problems(context, None, made.problems)
    if _is_sound(made):
        label = context.messages.label("lifecycle_status", status.code)
        context.say(context.text("lifecycle.built", invoice=made.wish.invoice, status=label, day=status.day))
    if target is not None:
        context.say(context.text("ereporting.written", path=target))


def _tell_problems(context: Context, table: Path | None, problems: Sequence[Problem]) -> None:
    if not context.json:
        from connector.cli.building import problem_lines

        for line in problem_lines(context, table.name if table else "", problems):
            context.warn(line)
        return
    if table is not None and problems:
        context.emit({"table": str(table), "problems": [problem.code for problem in problems]})
