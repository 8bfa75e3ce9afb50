"""The composition root: the only module that knows every room, and builds the routes' worlds from them.

`assembled` is what a process calls. It has two halves: `proven` checks the machine, `built` makes the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from loguru import logger

from connector import checks
from connector.calendars import declarants_of, read_calendar
from connector.chores import Chore
from connector.clock import SystemClock
from connector.credentials import client_secret, technical_password, webhook_token
from connector.effects import Effects
from connector.errands import Errand, errands
from connector.errors import ConfigurationError
from connector.gateways import (
    AccountDesk,
    Enquiry,
    EventLoop,
    HttpSession,
    OpenSession,
    Secrets,
    open_gateway,
    traits_of,
)
from connector.inbox import Bell, Inbox
from connector.inbox.ignore import NameFilter
from connector.inbox.settle import SettleRules
from connector.journal import SqliteJournal
from connector.lifecycle import Receiver, Receivers
from connector.model import Severity
from connector.mounts import is_remote, kind_of, quiet_seconds
from connector.moves import Folders
from connector.outbox import OutboxScribe
from connector.outbox.letters import RouteLetters
from connector.paths import folders_of, journal_of, owned
from connector.periods import Calendar, due_on
from connector.policy import LookupRules, RecipientRules, RouteRules
from connector.ports import Clock, Courier, Inspector
from connector.reception import Reception
from connector.settings import Account, Route, Settings
from connector.validation.catalogue import Catalogue, load_catalogue
from connector.validation.pool import InspectionPool
from connector.validation.rules.rulesets import check_all as check_rule_sets
from connector.webhook_server import WebhookServer
from connector.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One route, ready to run."""

    route: Route
    world: World
    inbox: Inbox
    bell: Bell | None

    @property
    def errand(self) -> Errand:
        return Errand(route=self.route, world=self.world, inbox=self.inbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Everything that one process owns while it runs."""

    settings: Settings
    journal: SqliteJournal
    lines: tuple[Line, ...]
    desks: dict[str, AccountDesk]
    offices: dict[str, Reception]  # by account, as the desks
    webhooks: WebhookServer | None = None  # not listening yet
    chores: tuple[Chore, ...] = ()


@contextmanager
def inspectors(settings: Settings, routes: Sequence[Route]) -> Iterator[Inspector]:
    """The processes that look into files, getting warm for what these routes take."""
    with InspectionPool(settings.workers, overrides=settings.schemas) as pool:
        pool.warm_up(_ruled_kinds(load_catalogue(overrides=settings.schemas), routes))
        yield pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How what everything else stands on is made. The defaults are the real ones."""

    effects: Callable[[], Effects] = Effects
    journal: Callable[[Path], SqliteJournal] = SqliteJournal
    inspector: Callable[[Settings, Sequence[Route]], AbstractContextManager[Inspector]] = inspectors
    session: OpenSession = HttpSession
    clock: Clock = field(default_factory=SystemClock)


@contextmanager
def assembled(
    settings: Settings, routes: tuple[str, ...] = (), parts: Parts | None = None
) -> Iterator[Assembly]:
    """Check the machine, take the lock and build everything; tidy up afterwards.

    Args:
        routes: names of the routes to run; none for all.
        parts: what to build from.
    Raises:
        ConfigurationError: something would break; one finding for each.
        AnotherInstance: the state directory is in use.
        JournalDamaged: the journal cannot be trusted.
    """
    with built(settings, proven(settings, routes), parts or Parts()) as assembly:
        yield assembly


def proven(settings: Settings, routes: tuple[str, ...] = ()) -> list[Route]:
    """The routes to run, once this machine has shown that it can keep what the settings promise.

    Raises:
        ConfigurationError: as `assembled`.
    """
    chosen = [route for route in settings.route if not routes or route.name in routes]
    if unknown := set(routes) - {route.name for route in chosen}:
        raise ConfigurationError(*(f'there is no route "{name}"' for name in sorted(unknown)))
    if found := list(checks.faults(settings)):
        raise ConfigurationError(*found)
    catalogue = load_catalogue(overrides=settings.schemas)
    for kind in catalogue.entries:
        catalogue.locate(kind)
    if any(route.rules_level != "off" for route in chosen):
        check_rule_sets()
    return chosen


@contextmanager
def built(settings: Settings, chosen: list[Route], parts: Parts) -> Iterator[Assembly]:
    """Take the lock and build everything, without another look at the machine.

    Raises:
        AnotherInstance, JournalDamaged: as `assembled`.
    """
    with ExitStack() as stack:
        stack.enter_context(owned(settings))
        hands = parts.effects()
        stack.callback(hands.close)
        journal = parts.journal(journal_of(settings))
        stack.callback(journal.close)
        inspector = stack.enter_context(parts.inspector(settings, chosen))
        loop = EventLoop()
        stack.callback(loop.close)
        desks: dict[str, AccountDesk] = {}
        for account in {
            settings.account_of(route).name: settings.account_of(route) for route in chosen
        }.values():
            desks[account.name] = open_gateway(
                account,
                _secrets(settings, account),
                loop,
                session=parts.session,
                clock=parts.clock.monotonic,
                language=settings.language,
                standing=journal.standing(account.name),
            )
            stack.callback(desks[account.name].close, 0.0)
        enquiries = {
            account.name: Enquiry(desks[account.name], journal, account.recipient_cache_hours, parts.clock)
            for account in settings.account
            if account.name in desks and account.has_directory
        }
        lines = []
        for route in chosen:
            courier, enquiry = desks[route.account].courier(), enquiries.get(route.account)
            line = _line(settings, route, journal, hands, inspector, courier, enquiry, parts.clock)
            lines.append(line)
            if line.bell is not None:
                stack.callback(line.bell.close)
        offices = {
            name: _office(settings, desk, journal, hands, inspector, parts.clock)
            for name, desk in desks.items()
        }
        yield Assembly(
            settings=settings,
            journal=journal,
            lines=tuple(lines),
            desks=desks,
            offices=offices,
            webhooks=_webhook_server(settings, desks),
            chores=errands(settings, [line.errand for line in lines], journal, hands, parts.clock, stack),
        )


def _webhook_server(settings: Settings, names: Collection[str]) -> WebhookServer | None:
    """The server for those of the running accounts whose platforms may call; None when there are none."""
    wanted = settings.webhook
    tokens = {
        account.name: webhook_token(settings, account)
        for account in settings.account
        if account.name in wanted.accounts and account.name in names
    }
    if not tokens:
        return None
    return WebhookServer(wanted.host, wanted.port, wanted.path, tokens, least=wanted.least_seconds)


@contextmanager
def opened_account(settings: Settings, account: Account) -> Iterator[AccountDesk]:
    """The front of one account alone, for a question: no lock, journal or folder is touched.

    Raises:
        ConfigurationError: its secrets are missing.
    """
    with ExitStack() as stack:
        secrets = _secrets(settings, account)
        loop = EventLoop()
        stack.callback(loop.close)
        desk = open_gateway(account, secrets, loop, language=settings.language)
        stack.callback(desk.close, 0.0)
        yield desk


def _ruled_kinds(catalogue: Catalogue, routes: Sequence[Route]) -> list[str]:
    """The kinds that business rules will be asked about on these routes."""
    families = {family for route in routes if route.rules_level != "off" for family in route.accept}
    return [entry.kind for entry in catalogue.entries.values() if entry.family in families]


def _line(
    settings: Settings,
    route: Route,
    journal: SqliteJournal,
    effects: Effects,
    inspector: Inspector,
    courier: Courier,
    enquiry: Enquiry | None,
    clock: Clock,
) -> Line:
    kind = kind_of(route.inbox_dir)
    remote = is_remote(kind)
    quiet = quiet_seconds(kind) if route.quiet_seconds is None else route.quiet_seconds
    calendar = read_calendar(settings.ereporting_calendar)
    inbox = Inbox(
        route.inbox_dir,
        NameFilter(route.include, route.ignore),
        SettleRules(quiet=quiet, empty_wait=route.empty_wait, max_settle=route.max_settle),
        clock,
        depth=route.max_depth,
        local=not remote,
        scan_seconds=route.scan_seconds,
    )
    bell = None if remote or route.watch == "scan" else Bell(route.inbox_dir, inbox.ring)
    logger.info("route.open", route=route.name, inbox=str(route.inbox_dir), file_system=kind, quiet=quiet)
    world = World(
        route=route.name,
        account=route.account,
        batch=route.batch,
        folders=_made(folders_of(settings, route)),
        rules=_route_rules(settings, route, calendar, quiet),
        lookup_rules=lookup_rules(settings.account_of(route)),
        drops=inbox,
        journal=journal,
        bundles=journal,
        controls=journal,
        effects=effects,
        inspector=inspector,
        courier=courier,
        scribe=OutboxScribe(
            route,
            settings.environment,
            route.folder_language or settings.language,
            settings.timezone,
            partial(due_on, calendar=calendar, declarants=declarants_of(settings, calendar)),
        ),
        letters=RouteLetters(route, route.folder_language or settings.language),
        clock=clock,
        incoming=journal,
        numbers=_numbers(settings.account_of(route), journal),
        enquiry=enquiry,
        recipient_rules=_recipient_rules(settings.account_of(route), route),
    )
    return Line(route=route, world=world, inbox=inbox, bell=bell)


def _route_rules(settings: Settings, route: Route, calendar: Calendar, quiet: float) -> RouteRules:
    """What the settings say about taking documents, as the decisions read it."""
    account = settings.account_of(route)
    traits = traits_of(account)
    return RouteRules(
        accept=frozenset(route.accept),
        carried=traits.families,
        syntaxes=traits.syntaxes,
        has_directory=account.has_directory,
        companies=frozenset(account.organizations),
        duplicates=route.duplicates,
        on_same_number=route.on_same_number,
        on_same_period=route.on_same_period,
        identifiers=Severity.ERROR if settings.environment == "production" else Severity.WARNING,
        zone=ZoneInfo(settings.timezone),
        calendar=calendar,
        declarants=declarants_of(settings, calendar),
        bundle=route.bundle,
        business_rules=route.rules_level,
        max_size=min(route.max_size, traits.largest),
        incomplete_grace=timedelta(seconds=2 * quiet),
        quiet=timedelta(seconds=quiet),
    )


def _office(
    settings: Settings,
    desk: AccountDesk,
    journal: SqliteJournal,
    effects: Effects,
    inspector: Inspector,
    clock: Clock,
) -> Reception:
    routes = [route for route in settings.route if route.account == desk.account]
    receiving = [route for route in routes if route.receive]
    return Reception(
        account=desk.account,
        platform=desk,
        journal=journal,
        effects=effects,
        inspector=inspector,
        clock=clock,
        spool=folders_of(settings, routes[0]).spool,
        receivers=Receivers(
            routes=tuple(route.name for route in routes),
            receiving=tuple(
                Receiver(route=route.name, companies=frozenset(route.receive_for)) for route in receiving
            ),
        ),
        limit=max(route.max_size for route in receiving or routes),
    )


def _made(folders: Folders) -> Folders:
    """The folders, the missing ones made; an inbox is never made here."""
    for folder in (folders.work, folders.spool, folders.staging, folders.outbox, folders.archive):
        folder.mkdir(parents=True, exist_ok=True)
    return folders


def _secrets(settings: Settings, account: Account) -> Secrets:
    return Secrets(
        client_secret=client_secret(settings, account),
        technical_password=technical_password(settings, account),
    )


def _numbers(
    account: Account, journal: SqliteJournal
) -> Callable[[Sequence[str], int], Mapping[str, int]] | None:
    """What gives an account's flows their numbers; connections with one application code share the series."""
    series = account.application_code
    return partial(journal.numbers, series) if series is not None else None


def _recipient_rules(account: Account, route: Route) -> RecipientRules:
    return RecipientRules(
        check=route.recipient_check,
        structure=account.structure_check if account.gateway == "chorus-pro" else "off",
        patience=timedelta(seconds=route.recipient_patience),
    )


def lookup_rules(account: Account) -> LookupRules:
    """When a look-up of this account may be believed, and how long news may take."""
    return LookupRules(
        checks=account.lookup_checks,
        interval=timedelta(seconds=account.lookup_interval),
        visibility=timedelta(seconds=account.visibility),
        absence_is_proof=traits_of(account).absence_is_proof,
        patience=timedelta(seconds=account.ask_after),
        look_back=timedelta(days=account.first_look_days),
    )
