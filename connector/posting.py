"""What hangs in a route's folder for people: put together from the journal and the outbox, as chores.

Beside `watch`, which does the same for monitors: it knows the rooms, and nothing of the journey needs it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from connector import noticeboard, reporting
from connector.calendars import declarants_of, read_calendar
from connector.chores import Chore
from connector.deadlines import Deadline, Standing, deadlines_of, earliest_end
from connector.effects import Effects
from connector.inbox import Inbox
from connector.journal import SqliteJournal
from connector.journal.overview import RouteOverview
from connector.noticeboard import Noticeboard, Place
from connector.outbox.board import BoardPage
from connector.outbox.letters import RouteLetters
from connector.paths import journal_of
from connector.ports import Clock
from connector.reporting import Reporter, mailer_of
from connector.settings import Route, Settings

_GUIDE_EVERY = 60.0  # seconds
_SHOWN = 3  # deadlines that a board looks at


class Posts:
    """The chores of all routes. The calendar of e-reporting is read once.

    Raises:
        ConfigurationError: the calendar cannot be used.
    """

    def __init__(self, settings: Settings, journal: SqliteJournal, effects: Effects, clock: Clock) -> None:
        self._settings, self._journal = settings, journal
        self._effects, self._clock = effects, clock
        self._zone = ZoneInfo(settings.timezone)
        self._calendar = read_calendar(settings.ereporting_calendar)
        self._declarants = declarants_of(settings, self._calendar)

    def chores(self, route: Route, inbox: Inbox) -> tuple[Chore, ...]:
        """What is to be done for one route.

        Args:
            inbox: its own, of which only the number of waiting files is read.
        """
        guide = partial(self._guide, route)
        found = [Chore(name=f"{route.name}/guide", every=_GUIDE_EVERY, act=guide)]
        if route.dashboard:
            board = self._noticeboard(route, inbox)
            found.append(Chore(name=f"{route.name}/board", every=noticeboard.EVERY, act=board.renew))
        if route.reports:
            reporter = Reporter(
                self._settings, route, self._journal, self._effects, self._clock, mailer_of(self._settings)
            )
            found.append(Chore(name=f"{route.name}/reports", every=reporting.EVERY, act=reporter.write))
        return tuple(found)

    def _guide(self, route: Route) -> None:
        """Put the text back that says what each folder is for, if it is missing or was changed."""
        name, content = RouteLetters(route, route.folder_language or self._settings.language).guide()
        path = route.root.absolute() / name
        if not path.is_file() or path.read_bytes() != content:
            noticeboard.put_in_place(self._effects, path, content)

    def _noticeboard(self, route: Route, inbox: Inbox) -> Noticeboard[RouteOverview]:
        settings = self._settings
        return Noticeboard(
            Place(
                route=route.name,
                environment=settings.environment,
                zone=self._zone,
                folder=route.root.absolute(),
                outbox=route.outbox_dir.absolute(),
            ),
            BoardPage(route, route.folder_language or settings.language, settings.timezone),
            self._view,
            self._effects,
            self._clock,
            in_inbox=lambda: inbox.waiting,
            deadlines=lambda view: self._deadlines(route, view),
        )

    def _view(self) -> AbstractContextManager[RouteOverview]:
        return closing(RouteOverview(journal_of(self._settings)))

    def _deadlines(self, route: Route, view: RouteOverview) -> tuple[Deadline, ...]:
        """The next deadlines of the companies that report through this route, without those that are met."""
        ours = {one.siren for one in self._settings.declarant if one.route == route.name}
        declarants = [one for one in self._declarants if one.siren in ours]
        if not declarants:
            return ()
        today: date = self._clock.now().astimezone(self._zone).date()
        found = deadlines_of(self._calendar, declarants, view.reports(since=earliest_end(today)), today)
        return tuple(one for one in found if one.standing is not Standing.DONE)[:_SHOWN]
