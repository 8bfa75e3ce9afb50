"""`connector directory check`: who can be reached, asked of the directory behind an account."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ConnectorError, ExitCode

if TYPE_CHECKING:
    from connector.directory import DirectoryLine
    from connector.ports import Recipients


@click.group()
def directory() -> None:
    """Ask the directory of the reform who can be reached."""


@directory.command()
@click.argument("identifiers", metavar="SIREN|SIRET|ADDRESS...", nargs=-1, required=True)
@click.option("--account", "name", metavar="NAME", help="The account to ask with; default: the first.")
@global_options
@click.pass_obj
def check(context: Context, identifiers: tuple[str, ...], name: str | None) -> int:
    """Tell of each recipient whether a document sent to it would arrive.

    Exit code 0 when all can be reached, 1 when one cannot, 75 when the directory could not be asked.
    """
    from connector.directory import NotAnAddress, Reach, address, reach

    worst = ExitCode.DONE
    with _asking(context, name) as recipients:
        for identifier in identifiers:
            try:
                lines = recipients.find_recipient(address(identifier))
            except NotAnAddress as error:
                raise click.BadParameter(str(error)) from None
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


def _tell(context: Context, identifier: str, found: str, lines: tuple[DirectoryLine, ...]) -> None:
    if context.json:
        context.emit({"identifier": identifier, "reach": found, "lines": [asdict(line) for line in lines]})
        return
    context.say(f"{identifier}: {context.messages.label('reach', found)}")
    for line in lines:
        name = f"  {line.name}" if line.name else ""
        context.say(f"    {line.address}  {context.messages.label('line_status', line.status)}{name}")


@contextlib.contextmanager
def _asking(context: Context, name: str | None) -> Iterator[Recipients]:
    """The directory behind an account, without journal, folders or lock."""
    from connector.wiring import opened_account

    accounts = context.settings.account
    account = next((known for known in accounts if name in (None, known.name)), None)
    if account is None:
        raise ConfigurationError(f'there is no account "{name}"')
    with opened_account(context.settings, account) as desk:
        yield desk
