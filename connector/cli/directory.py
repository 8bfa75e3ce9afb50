"""`connector directory check`: who can be reached, asked of the directory behind an account."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from gettext import gettext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ConnectorError, ExitCode, Refused

if TYPE_CHECKING:
    from connector.directory import Address, DirectoryLine, Told
    from connector.gateways import AccountDesk


_PATIENCE = 15.0  # seconds without any answer


@click.group()
def directory() -> None:
    """Ask the directory of the reform who can be reached."""


@directory.command()
@click.argument("identifiers", metavar="SIREN|SIRET|ADDRESS...", nargs=-1)
@click.option(
    "--csv",
    "listed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A list of identifiers; the answers, in its order, go to standard output as CSV.",
)
@click.option("--account", "name", metavar="NAME", help="The account to ask with; default: the first.")
@global_options
@click.pass_obj
def check(context: Context, identifiers: tuple[str, ...], listed: Path | None, name: str | None) -> int:
    """Tell of each recipient whether a document sent to it would arrive.

    Exit code 0 when all can be reached, 1 when one cannot, 75 when the directory could not be asked.
    """
    from connector.directory import NotAnAddress, Reach, address, reach

    if (listed is None) is not bool(identifiers):
        raise click.UsageError(gettext("name recipients, or a file with --csv"))
    if listed is not None:
        return _check_list(context, listed, name)
    worst = ExitCode.DONE
    with _asking(context, name) as recipients:
        for identifier in identifiers:
            try:
                lines = recipients.find_recipient(address(identifier))
            except NotAnAddress:
                raise click.BadParameter(
                    gettext("{value!r} is not an address of the directory").format(value=identifier)
                ) from None
            except ConnectorError as error:
                context.warn(f"{identifier}: {error}")
                _tell(context, identifier, Reach.UNKNOWN, ())
                worst = ExitCode.TRY_AGAIN
                continue
            found = reach(lines)
            _tell(context, identifier, found, lines)
            if found is not Reach.REACHABLE:
                worst = max(worst, ExitCode.SOME_REFUSED)
    return worst


def _check_list(context: Context, listed: Path, name: str | None) -> int:
    """The answers to a list, without a daemon; what the directory does not answer in time is unknown."""
    from connector.directory import Reach
    from connector.messages import Messages
    from connector.outbox.answers import write_answers
    from connector.recipient_list import Answered, NotAList, questions_in

    try:
        questions = list(questions_in(listed.read_bytes()))
    except NotAList as fault:
        raise Refused(f"{listed}: {context.messages.entry(str(fault)).title}") from None
    with _asking(context, name) as desk:
        told = _told_of(desk, [question.address for question in questions if question.address])
    answers = [Answered(question=each, told=told.get(str(each.address))) for each in questions]
    click.echo(write_answers(answers, context.messages, Messages("en")), nl=False)
    reaches = {answer.told.reach if answer.told else Reach.UNKNOWN for answer in answers}
    if Reach.UNKNOWN in reaches and any(each.address and str(each.address) not in told for each in questions):
        return ExitCode.TRY_AGAIN
    return ExitCode.DONE if reaches <= {Reach.REACHABLE} else ExitCode.SOME_REFUSED


def _told_of(desk: AccountDesk, wanted: Sequence[Address]) -> dict[str, Told]:
    """The answers of the directory, as far as it gives any, and as long as it does."""
    from connector.clock import SystemClock
    from connector.directory_journey import put
    from connector.gateways.enquiry import Enquiry, Remembered
    from connector.world import Asking

    clock = SystemClock()
    told: dict[str, Told] = {}
    enquiry = Enquiry(desk, Remembered(), 1.0, clock)
    asking = Asking(open={str(address): address for address in wanted}, moved=clock.monotonic())
    while asking.open and clock.monotonic() < asking.moved + _PATIENCE:
        answered = put(enquiry, asking, clock)
        told |= answered
        if not answered:
            time.sleep(0.05)
    return told


def _tell(context: Context, identifier: str, found: str, lines: tuple[DirectoryLine, ...]) -> None:
    if context.json:
        context.emit({"identifier": identifier, "reach": found, "lines": [asdict(line) for line in lines]})
        return
    context.say(f"{identifier}: {context.messages.label('reach', found)}")
    for line in lines:
        name = f"  {line.name}" if line.name else ""
        context.say(f"    {line.address}  {context.messages.label('line_status', line.status)}{name}")


@contextlib.contextmanager
def _asking(context: Context, name: str | None) -> Iterator[AccountDesk]:
    """The directory behind an account, without journal, folders or lock."""
    from connector.wiring import opened_account

    accounts = context.settings.account
    account = next((known for known in accounts if name in (None, known.name)), None)
    if account is None:
        raise ConfigurationError(f'there is no account "{name}"')
    with opened_account(context.settings, account) as desk:
        yield desk
