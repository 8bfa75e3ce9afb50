"""What the service does beside the journey, put together: boards and reports, reminders, metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from connector import control_journey
from connector.calendars import declarants_of, read_calendar
from connector.chores import Chore
from connector.deadlines import Standing, deadlines_of, earliest_end
from connector.effects import Effects
from connector.errors import ConfigurationError
from connector.inbox import Inbox
from connector.journal import JournalView, SqliteJournal
from connector.model import Job
from connector.paths import journal_of
from connector.ports import Clock
from connector.posting import Posts
from connector.reminders import Reminders
from connector.settings import Route, Settings
from connector.watch import Watch
from connector.world import World

REMIND_EVERY = 3600.0  # seconds between two looks at the deadlines of e-reporting
SETTLE_EVERY = 15.0  # seconds between two looks at what people have put away


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What telling of one route needs."""

    route: Route
    world: World
    inbox: Inbox


def errands(
    settings: Settings,
    routes: Sequence[Errand],
    journal: SqliteJournal,
    effects: Effects,
    clock: Clock,
    stack: ExitStack,
) -> tuple[Chore, ...]:
    """Every chore of this configuration.

    Args:
        stack: closes what is opened for them.
    Raises:
        ConfigurationError: the address of the pages for monitors cannot be had.
    """
    return (
        *_monitored(settings, clock, stack),
        *_reminded(settings, clock),
        *_posted(settings, routes, journal, effects, clock),
    )


def _posted(
    settings: Settings, routes: Sequence[Errand], journal: SqliteJournal, effects: Effects, clock: Clock
) -> Iterator[Chore]:
    """The chores that tell people how each route is."""
    posts = Posts(settings, journal, effects, clock)
    for errand in routes:
        yield Chore(
            name=f"{errand.route.name}/errors",
            every=SETTLE_EVERY,
            act=partial(control_journey.settle, errand.world),
        )
        yield from posts.chores(errand.route, errand.inbox)


def _reminded(settings: Settings, clock: Clock) -> Iterator[Chore]:
    """The chore that tells of deadlines, where a company has some."""
    if settings.declarant:
        calendar = read_calendar(settings.ereporting_calendar)
        reminders = Reminders(
            calendar,
            declarants_of(settings, calendar),
            reports=partial(_reports, settings),
            today=lambda: clock.now().astimezone(ZoneInfo(settings.timezone)).date(),
        )
        yield Chore(name="ereporting/deadlines", every=REMIND_EVERY, act=reminders)


def _seconds_left(settings: Settings, clock: Clock) -> dict[tuple[str, str], float]:
    """Until the next report that is owed and not accepted, by SIREN and data; negative when it is late."""
    if not settings.declarant:
        return {}
    calendar = read_calendar(settings.ereporting_calendar)
    now = clock.now().astimezone(ZoneInfo(settings.timezone))
    known = _reports(settings, earliest_end(now.date()))
    left: dict[tuple[str, str], float] = {}
    for one in deadlines_of(calendar, declarants_of(settings, calendar), known, now.date()):
        over = datetime.combine(one.due + timedelta(days=1), time(), now.tzinfo)
        if one.standing is not Standing.DONE:
            left.setdefault((one.declarant.siren, one.data), (over - now).total_seconds())
    return left


def _reports(settings: Settings, since: date) -> list[Job]:
    """The jobs with reports of periods that ended since a day, as the journal knows them now."""
    with closing(JournalView(journal_of(settings))) as view:
        return view.reports(since=since)


def _monitored(settings: Settings, clock: Clock, stack: ExitStack) -> tuple[Chore, ...]:
    """What the settings want monitors to be given.

    Raises:
        ConfigurationError: the address of the pages cannot be had.
    """
    given = settings.monitoring
    if given.textfile is None and given.address is None:
        return ()
    watch = Watch(settings, partial(_seconds_left, settings, clock))
    if given.address is not None:
        try:
            stack.callback(watch.pages(*given.address).close)
        except OSError as error:
            raise ConfigurationError(f"monitoring.listen: {given.listen}: {error}") from None
    return (watch.chore(),)
