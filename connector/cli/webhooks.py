"""`connector webhook`: have a platform call us when something has changed, instead of only being asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from connector.gateways import AccountDesk
    from connector.settings import Account
    from connector.webhook import Subscription, Webhook

_account = click.option("--account", "name", metavar="NAME", help="The account; default: the first.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group()
@global_options
def webhook() -> None:
    """Whom the platform calls when something has changed (XP Z12-013 Flow 1.2)."""


@webhook.command("list")
@_account
@global_options
@click.pass_obj
def list_(context: Context, name: str | None) -> int:
    """List the webhooks that the account has at its platform. Their secrets are not shown."""
    account = _chosen(context, name)
    with _opened(context, account) as desk:
        there = desk.webhooks()
    if context.json:
        for hook in there:
            context.emit(asdict(hook))
        return ExitCode.DONE
    columns = [context.text(f"webhook.{column}") for column in ("id", "url", "about")]
    context.table(columns, [(hook.id, hook.url, _about(hook)) for hook in there])
    if not there:
        context.say(context.text("webhook.none", account=account.name))
    return ExitCode.DONE


@webhook.command()
@_account
@_dry_run
@global_options
@click.pass_obj
def add(context: Context, name: str | None, dry_run: bool) -> int:
    """Have the platform call this connector for all that the account waits for; what is there stays."""
    from connector.webhook import missing

    account = _chosen(context, name)
    wishes = _wishes(context, account)
    with _opened(context, account) as desk:
        lacking = missing(wishes, desk.webhooks())
        for wish in lacking:
            webhook_id = None if dry_run else desk.add_webhook(wish)
            _tell_added(context, wish, webhook_id)
    if not lacking:
        context.say(context.text("webhook.complete", account=account.name))
    return ExitCode.DONE


@webhook.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_account
@_dry_run
@global_options
@click.pass_obj
def remove(context: Context, ids: tuple[str, ...], name: str | None, dry_run: bool) -> int:
    """Remove these webhooks; without any, those that call this connector for the account."""
    account = _chosen(context, name)
    with _opened(context, account) as desk:
        chosen = ids or tuple(hook.id for hook in desk.webhooks() if hook.url == _url_of(context, account))
        for webhook_id in chosen:
            if not dry_run:
                desk.remove_webhook(webhook_id)
            context.say(context.text(f"webhook.{'would_remove' if dry_run else 'removed'}", id=webhook_id))
            if context.json:
                context.emit({"id": webhook_id, "removed": not dry_run})
    if not chosen:
        context.say(context.text("webhook.nothing"))
    return ExitCode.DONE


# --------------------------------------------------------------------------- small things
def _chosen(context: Context, name: str | None) -> Account:
    account = next((known for known in context.settings.account if name in (None, known.name)), None)
    if account is None:
        raise ConfigurationError(f'there is no account "{name}"')
    return account


def _url_of(context: Context, account: Account) -> str:
    url = context.settings.webhook.url_of(account.name)
    if url is None:
        raise ConfigurationError(
            "webhook.public_url: missing; it is where the platform reaches this connector"
        )
    return url


def _wishes(context: Context, account: Account) -> tuple[Subscription, ...]:
    from connector.credentials import webhook_token
    from connector.webhook import wanted, wanted_at_portal

    settings = context.settings
    if account.name not in settings.webhook.accounts:
        raise ConfigurationError(
            f'webhook.accounts does not name "{account.name}": nobody would answer the calls'
        )
    routes = [route for route in settings.route if route.account == account.name]
    families = {family for route in routes for family in route.accept}
    url, token = _url_of(context, account), webhook_token(settings, account).get_secret_value()
    if account.gateway == "ppf":
        return wanted_at_portal(families, url=url, token=token)
    return wanted(families, receives=any(route.receive for route in routes), url=url, token=token)


def _tell_added(context: Context, wish: Subscription, webhook_id: str | None) -> None:
    facts = {"id": webhook_id, "url": wish.url, "flow_type": wish.flow_type, "direction": wish.direction}
    if context.json:
        context.emit(facts)
    context.say(context.text("webhook.would_add" if webhook_id is None else "webhook.added", **facts))


def _about(hook: Webhook) -> str:
    parts = (hook.flow_type, hook.direction, hook.processing_rule, hook.ack_status)
    return " ".join(part for part in parts if part)


@contextlib.contextmanager
def _opened(context: Context, account: Account) -> Iterator[AccountDesk]:
    from connector.wiring import opened_account

    with opened_account(context.settings, account) as desk:
        yield desk
