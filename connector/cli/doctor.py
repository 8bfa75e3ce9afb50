"""`connector doctor`: what would break, found by trying it, with what to do about each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ConnectorError, ExitCode

if TYPE_CHECKING:
    from connector.cautions import Caution
    from connector.gateways import AccountDesk
    from connector.settings import Account

_SOMEBODY = (
    "732829320"  # asked about where the account names no company: whether it is listed does not matter
)


@click.command()
@click.option("--online", is_flag=True, help="Also ask every platform for a token and a harmless question.")
@global_options
@click.pass_obj
def doctor(context: Context, online: bool) -> int:
    """Try what the configuration promises: folders, secrets, schemas and, with --online, the platforms.

    Exit code 0 when all is well, 78 when something here would break, 77 or 75 when only a platform does not
    let us in or does not answer.
    """
    from connector import checks
    from connector.cautions import cautions
    from connector.validation.schemas import check_all

    worst = ExitCode.DONE
    for finding in checks.faults(context.settings):
        _tell(context, "machine", finding)
        worst = ExitCode.CONFIGURATION
    try:
        check_all(overrides=context.settings.schemas)
    except ConfigurationError as error:
        for finding in error.findings:
            _tell(context, "schemas", finding)
        worst = ExitCode.CONFIGURATION
    if worst is ExitCode.DONE:
        _tell(context, "machine", None)
        worst = max(worst, _look_into_journal(context))
        for caution in cautions(context.settings):
            _warn(context, caution)
    if online:
        worst = max(worst, _ask_platforms(context))
    return worst


def _ask_platforms(context: Context) -> ExitCode:
    from connector.cautions import skewed
    from connector.gateways import LOCKED_OUT
    from connector.wiring import opened_account

    worst = ExitCode.DONE
    for account in context.settings.account:
        what = f"account {account.name}"
        try:
            with opened_account(context.settings, account) as desk:
                health = desk.examine()
                trouble = _directory_trouble(context, account, desk) if health.up else None
        except ConfigurationError as error:
            _tell(context, what, "; ".join(error.findings))
            worst = ExitCode.CONFIGURATION
            continue
        if health.up:
            _tell(context, what, None)
            for caution in skewed(account.name, health.clock_ahead):
                _warn(context, caution)
            if trouble is not None:
                words = context.text("doctor.directory", reason=trouble)
                _tell(context, f"directory of {account.name}", words, trouble)
                worst = max(worst, ExitCode.TRY_AGAIN)
            continue
        reason = health.reason or "unknown"
        words = f"doctor.{account.gateway}.{reason}"
        known = context.messages.has(f"cli.{words}")
        other = "locked-out" if reason in LOCKED_OUT else "no-answer"
        _tell(context, what, context.text(words if known else f"doctor.{other}", reason=reason), reason)
        refused = ExitCode.AUTHENTICATION if reason in LOCKED_OUT else ExitCode.TRY_AGAIN
        worst = max(worst, refused)
    return worst


def _directory_trouble(context: Context, account: Account, desk: AccountDesk) -> str | None:
    """Why the directory that a route relies on does not answer; None when it does, or no route does.

    Nothing stops for a directory in trouble, so that nobody would notice that it never answers.
    """
    from connector.directory import Address
    from connector.model import Family

    routes = [route for route in context.settings.route if route.account == account.name]
    relied_on = any(route.recipient_check != "off" or Family.DIRECTORY in route.accept for route in routes)
    if not account.has_directory or account.gateway == "chorus-pro" or not relied_on:
        return None
    somebody = account.organizations[0] if account.organizations else _SOMEBODY
    try:
        desk.find_recipient(Address(siren=somebody))
    except ConnectorError as error:
        return str(error)
    return None


def _look_into_journal(context: Context) -> ExitCode:
    """Whether the journal can be read, and its history is as it was written."""
    from connector.journal import JournalView
    from connector.paths import journal_of

    try:
        view = JournalView(journal_of(context.settings))
        try:
            broken = view.first_break()
        finally:
            view.close()
    except ConnectorError as error:
        _tell(context, "journal", str(error))
        return ExitCode.CONFIGURATION
    if broken is not None:
        _tell(context, "journal", context.text("audit.chain", about=broken), "chain")
        return ExitCode.CONFIGURATION
    _tell(context, "journal", None)
    return ExitCode.DONE


def _warn(context: Context, caution: Caution) -> None:
    """A thing to see to in time; it changes no exit code."""
    words = context.text(f"doctor.{caution.kind}", **caution.facts)
    if context.json:
        context.emit({"check": caution.about, "ok": True, "reason": caution.kind, "finding": words})
    else:
        context.say(context.text("doctor.warning", what=caution.about, finding=words))


def _tell(context: Context, what: str, finding: str | None, reason: str | None = None) -> None:
    if context.json:
        context.emit({"check": what, "ok": finding is None, "reason": reason, "finding": finding})
    elif finding is None:
        context.say(context.text("doctor.good", what=what))
    else:
        context.say(context.text("doctor.bad", what=what, finding=finding))
