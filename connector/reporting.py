"""Reports of days and months in a route's folder: made from the history, and anew whenever asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from loguru import logger

from connector import moves
from connector.credentials import mail_password
from connector.effects import Effects
from connector.journal import SqliteJournal
from connector.journal.annals import Annals
from connector.mailing import Mailer
from connector.outbox.reports import FOLDER, ReportPages
from connector.paths import journal_of
from connector.ports import Clock
from connector.reports import DayReport, DaySpan, report_of
from connector.settings import Route, Settings

EVERY = 60.0  # seconds between two looks for a day that is over
_AT_ONCE = 10  # days written in one go: the others of a long pause have their turn a minute later


def mailer_of(settings: Settings) -> Mailer | None:
    """What sends messages, as the settings say; None when nobody is to be told.

    Raises:
        ConfigurationError: the password of the server is missing.
    """
    return Mailer(settings.mail, mail_password(settings)) if settings.mail.host is not None else None


class Reporter:
    """The reports of one route.

    Args:
        journal: where it is written down that a day has been reported.
        mailer: sends what is told of a day; None: nobody wants it.
    """

    def __init__(
        self,
        settings: Settings,
        route: Route,
        journal: SqliteJournal,
        effects: Effects,
        clock: Clock,
        mailer: Mailer | None = None,
    ) -> None:
        language = route.folder_language or settings.language
        self._settings, self._route, self._journal = settings, route, journal
        self._effects, self._clock, self._mailer = effects, clock, mailer
        self._zone = ZoneInfo(settings.timezone)
        self._pages = ReportPages(route, language, settings.timezone)
        self._folder = route.root.absolute() / FOLDER[language]

    def write(self) -> None:
        """Write the reports of the days that are over and have none, and send what is to be told of them.

        Raises:
            OSError: they cannot be written or sent now. What was written stays; the rest has its turn later.
        """
        for _ in range(_AT_ONCE):
            with self._annals() as annals:
                span = annals.next_day(self._route.name, self.today, self._zone)
                if span is None:
                    break
                report = self._report(annals, span)
            self._put(self._pages.daily(report))
            self._journal.report_day(self._route.name, span)
            logger.info("report.written", route=self._route.name, day=span.day.isoformat())
        self._send()

    def rebuild(self, day: date) -> list[Path] | None:
        """Write the files of a day anew, the same bytes as ever; None when the day has not been reported."""
        with self._annals() as annals:
            span = annals.reported(self._route.name, day)
            report = self._report(annals, span) if span else None
        return None if report is None else self._put(self._pages.daily(report))

    def month(self, month: str) -> list[Path] | None:
        """Write the page of a month (YYYY-MM), as far as its days were reported; None when none was."""
        with self._annals() as annals:
            spans = annals.reported_in(self._route.name, month)
            reports = [self._report(annals, span) for span in spans]
        if not reports:
            return None
        return self._put([self._pages.monthly(month, reports)])

    def days(self, since: date) -> list[date]:
        """The days from this one on that have been reported."""
        with self._annals() as annals:
            return [span.day for span in annals.reported_in(self._route.name) if span.day >= since]

    @property
    def today(self) -> date:
        """The day where the company is."""
        return self._clock.now().astimezone(self._zone).date()

    # ------------------------------------------------------------------ inside
    def _annals(self) -> contextlib.closing[Annals]:
        return closing(Annals(journal_of(self._settings)))

    def _report(self, annals: Annals, span: DaySpan) -> DayReport:
        name = self._route.name
        entries, exchanges = annals.entries(name, span), annals.exchanges(name, span)
        return report_of(name, self._settings.environment, span, entries, exchanges)

    def _put(self, files: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> list[Path]:
        paths = []
        for name, content in files:
            target = self._folder / name
            moves.put_letter(self._effects, target.with_name(f".{name}.new"), target, content)
            paths.append(target)
        return paths

    def _send(self) -> None:
        """Send what is to be told of the latest days, each once."""
        if self._mailer is None:
            return
        week = self.today - timedelta(days=7)  # what is older is no news
        for day in self._journal.days_to_tell(self._route.name, week):
            with self._annals() as annals:
                span = annals.reported(self._route.name, day)
                report = self._report(annals, span) if span else None
            if report is not None and (report.told or report.arrivals):
                self._mailer.send(*self._pages.digest(report))
            self._journal.day_told(self._route.name, day)
