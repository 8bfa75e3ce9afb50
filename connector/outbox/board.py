"""The board of a route as a page: `TABLEAU_DE_BORD.html`, opened by a double click from the share.

The same board gives the same page. A page cannot see that its writer has died, so it says how to notice: by
the hour it was written at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePath
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connector.board import MOST_ROWS, Board, Wait
from connector.controls import CANCEL, TREATED
from connector.incoming import Late
from connector.messages import Language, Messages
from connector.model import Announced, Job, Outcome
from connector.outbox import formats
from connector.outbox.case import Case, case_of, shown_name, title_of, to_correct, what_next
from connector.outbox.chart import Chart, Count, chart_of
from connector.outbox.layout import clean
from connector.outbox.pages import page
from connector.outbox.points import entry_of
from connector.outbox.scribe import FOLDERS
from connector.outbox.status import facts_of, in_short
from connector.settings import Route

NAMES: dict[Language, str] = {"fr": "TABLEAU_DE_BORD.html", "en": "DASHBOARD.html"}
_HELP = ("retry", "resolve", "cancel", "pause")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where one can go on."""

    label: str
    address: str  # from where the page lies


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure at the top."""

    name: str
    tone: str  # "alert" | "warn" | "good" | "calm"
    label: str
    figure: str
    sub: str

    links: tuple[Link, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.figure.replace("\u00a0", "").isdigit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One document, or one status, that somebody has to see to."""

    noun: str  # what it is
    number: str  # may be empty
    party: str
    file: str
    when: str
    what: str
    is_held: bool
    motive: str
    action: str
    links: tuple[Link, ...]


class BoardPage:
    """Writes the board of one route.

    Args:
        language: of the page; names of folders follow the route's `folder_language` where it is set.
        timezone: name of the zone of the times that are told.
    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such time zone.
    """

    def __init__(self, route: Route, language: Language, timezone: str) -> None:
        self._route = route
        self._messages = Messages(language)
        self._zone = ZoneInfo(timezone)
        self._language: Language = route.folder_language or language
        self._folders = FOLDERS[self._language]
        self.name = NAMES[self._language]
        self.folders: tuple[str, ...] = (self._folders.statuses, self._folders.received)

    def written(self, board: Board) -> bytes:
        """The whole page."""
        text, count = self._text, self._messages.count
        waits = [self._wait(wait) for wait in board.waits]
        rows = [(job.claimed_at, self._row(job, board.shown)) for job in board.to_do]
        rows += [(late.delivery.noted_at, self._late(late, board.shown)) for late in board.late]
        rows.sort(key=lambda row: row[0], reverse=True)
        left = board.to_do_count - len(rows[:MOST_ROWS])
        return page(
            "board.html",
            language=self._messages.language,
            title=text("title", what=self._left_to_do(board.to_do_count), route=board.route),
            heading=text("heading", route=board.route),
            badge=text("badge") if board.environment != "production" else "",
            state=text("state", moment=self._moment(board.at)),
            stale=text("stale"),
            notes=list(self._notes(board)),
            cards=list(self._cards(board)),
            rows=[row for _, row in rows[:MOST_ROWS]],
            more=count("board.more", left) if left > 0 else "",
            waits=waits,
            chart=self._chart(board),
            chart_words=self._words("chart", "title", "sent", "refused", "others", "table", "day"),
            help=[self._help(name) for name in _HELP],
            words=self._words(
                "words", "to_do", "document", "motive", "action", "files", "nothing",
                "waiting", "count", "reason", "since", "days", "help", "foot",
            ),
        )  # fmt: skip

    # ------------------------------------------------------------------ the top of the page
    def _left_to_do(self, count: int) -> str:
        return self._messages.count("board.to_do", count) if count else self._text("to_do.none")

    def _notes(self, board: Board) -> Iterator[str]:
        if board.paused_since is not None:
            yield self._text(
                "paused", moment=self._moment(board.paused_since), inbox=self._route.inbox_dir.name
            )
        for reason in board.stuck_for:
            yield self._text("stuck", reason=self._messages.waiting(reason))

    def _cards(self, board: Board) -> Iterator[Card]:
        yield self._card(
            "to-do",
            "alert" if board.to_do_count else "good",
            str(board.to_do_count),
            self._text("card.to_do.some" if board.to_do_count else "card.to_do.none"),
        )
        tone = "warn" if board.stuck_for else "calm"
        yield self._card("waiting", tone, str(board.waiting + board.in_inbox), self._waiting(board))
        since = sum(day.sent for day in board.days)
        yield self._card(
            "sent", "calm", str(board.today.sent), self._text("card.sent.sub", n=since, days=len(board.days))
        )
        if board.statuses or board.documents:
            yield self._received(board)
        if board.deadlines:
            first = board.deadlines[0]
            data = self._text(f"card.deadline.{first.data}")
            start, end = (self._day(day) for day in (first.period.start, first.period.end))
            sub = self._text("card.deadline.sub", data=data, start=start, end=end)
            left = first.days_left
            words = self._text("card.deadline.today")
            if left:
                words = self._messages.count(f"board.days_{'left' if left > 0 else 'late'}", abs(left))
            figure = self._day(first.due)
            tone = "alert" if left < 0 else "warn" if first.is_to_warn_of else "calm"
            yield self._card("deadline", tone, figure, f"{words} {sub}")

    def _received(self, board: Board) -> Card:
        counts = (board.statuses, board.documents)
        folders = zip(("statuses", "documents"), counts, self.folders, strict=True)
        parts = [(self._messages.count(f"board.{what}", n), folder) for what, n, folder in folders if n]
        card = self._card("received", "calm", str(sum(counts)), "")
        shown = [(label, folder) for label, folder in parts if folder in board.shown]
        gone = " ".join(label for label, folder in parts if folder not in board.shown)
        links = tuple(Link(label=label, address=self._address(folder)) for label, folder in shown)
        return replace(card, sub=gone, links=links)

    def _waiting(self, board: Board) -> str:
        if not board.waiting and not board.in_inbox:
            return self._text("card.waiting.none")
        return self._text("card.waiting.sub", inbox=board.in_inbox, taken=board.waiting)

    def _card(self, name: str, tone: str, figure: str, sub: str) -> Card:
        label = self._text(f"card.{name.replace('-', '_')}.label")
        return Card(name=name, tone=tone, label=label, figure=figure, sub=sub)

    # ------------------------------------------------------------------ the tables
    def _row(self, job: Job, shown: frozenset[str]) -> Row:
        case = case_of(
            job,
            None,
            environment="",
            zone=self._zone,
            inbox=self._route.inbox_dir.name,
            errors_folder=self._folders.errors,
        )
        document, messages = job.document, self._messages
        words = messages.words(document)
        number = clean(document.number, 40) if document and document.number else ""
        party = document.buyer.name if document else None
        original, text = files_of(job)
        return Row(
            noun=words["noun"].capitalize(),
            number=number,
            party=clean(party, 80) if party else "",
            file=shown_name(job),
            when=self._moment(case.local(job.claimed_at)),
            what=title_of(case, messages),
            is_held=case.outcome is Outcome.HELD,
            motive=self._motive(case),
            action=self._action(case),
            links=self._links({"text": text, "original": original}, shown),
        )

    def _late(self, late: Late, shown: frozenset[str]) -> Row:
        delivery, job = late.delivery, late.job
        said = in_short(
            facts_of(delivery, delivery.status or Announced()),
            job,
            self._messages,
            inbox=self._route.inbox_dir.name,
            errors_folder=self._folders.errors,
        )
        document, text = said.document, delivery.text or ""
        targets = [file.target for file in delivery.result]
        files = {PurePath(target).suffix: target for target in targets if target != text}
        return Row(
            noun=self._messages.words(document)["noun"].capitalize(),
            number=clean(document.number or "", 40),
            party=clean(document.buyer.name or "", 80),
            file=shown_name(job) if job else clean(PurePath(text).name, 200),
            when=self._moment(delivery.noted_at),
            what=said.what,
            is_held=False,
            motive=self._and_others(said.motives),
            action=said.action,
            links=self._links({"text": text, "status": files.get(".xml"), "data": files.get(".json")}, shown),
        )

    def _links(self, targets: dict[str, str | None], shown: frozenset[str]) -> tuple[Link, ...]:
        """To those of these files that can be opened, by what they are called."""
        return tuple(
            Link(label=self._text(f"words.{key}"), address=self._address(target))
            for key, target in targets.items()
            if target in shown and target is not None
        )

    def _motive(self, case: Case) -> str:
        """The first thing that is wrong, and how many more there are."""
        errors = [point for point in case.points if point.is_error]
        if not errors:
            return self._messages.text(
                f"outcome.{case.outcome}.happened",
                **self._messages.words(case.job.document),
                errors=self._messages.count("notice.errors", 0),
            )
        entries = (entry_of(error.first, case.job.document, self._messages) for error in errors)
        return self._and_others([entry.title for entry in entries])

    def _and_others(self, motives: Sequence[str]) -> str:
        """The first of these, and how many more there are."""
        first, more = motives[0], len(motives) - 1
        if not more:
            return first
        key = "others.one" if more == 1 else "others.many"
        return self._text(key, first=first.rstrip("."), n=more)

    def _action(self, case: Case) -> str:
        """What to do: of something to correct, what exactly; else what comes next."""
        if to_correct(case.advice):
            errors = (point.first for point in case.points if point.is_error)
            actions = (entry_of(problem, case.job.document, self._messages).action for problem in errors)
            if found := next(filter(None, actions), None):
                return found
        return what_next(case, self._messages)

    def _wait(self, wait: Wait) -> dict[str, object]:
        messages = self._messages
        reason = messages.waiting(wait.reason) if wait.reason else messages.label("state", wait.state)
        since = self._text("words.oldest", moment=self._moment(wait.since.astimezone(self._zone)))
        return {"count": wait.count, "reason": reason, "since": since}

    def _chart(self, board: Board) -> Chart:
        return chart_of(
            [
                counted(
                    self._messages,
                    f"{day.date:%d/%m}",
                    self._day(day.date),
                    day.sent,
                    day.refused,
                    day.others,
                )
                for day in board.days
            ]
        )

    def _help(self, name: str) -> dict[str, str]:
        names = {
            "inbox": self._route.inbox_dir.name,
            "errors": self._folders.errors,
            "treated": TREATED[self._language],
            "cancel": CANCEL[self._language],
        }
        return {"label": self._text(f"help.{name}.label"), "text": self._text(f"help.{name}.text", **names)}

    # ------------------------------------------------------------------ words
    def _text(self, key: str, **params: object) -> str:
        return self._messages.text(f"board.{key}", **params)

    def _words(self, table: str, *keys: str) -> dict[str, str]:
        return {key: self._text(f"{table}.{key}") for key in keys}

    def _day(self, day: date) -> str:
        return formats.day(day.isoformat(), self._messages.language)

    def _moment(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        return self._messages.text(
            "notice.moment",
            date=formats.day_of(local, self._messages.language),
            time=formats.time_of(local),
        )

    def _address(self, target: str) -> str:
        return address(self._route.outbox_dir / target, self._route.root)


def counted(messages: Messages, label: str, name: str, sent: int, refused: int, others: int) -> Count:
    """A bar of a chart with its figures in words."""
    title = messages.text("board.chart.bar", day=name, sent=sent, refused=refused, others=others)
    return Count(label=label, name=name, title=title, sent=sent, refused=refused, others=others)


def files_of(job: Job) -> tuple[str | None, str | None]:
    """(original, text for people) among the result files of a job in the folder of errors, where they are.

    In either language: the settings may have changed since it was told.
    """
    targets = [file.target for file in job.result]
    for names in FOLDERS.values():
        for text in targets:
            if text.startswith(f"{names.errors}/") and text.endswith(names.notice):
                original = text.removesuffix(names.notice)
                return original if original in targets else None, text
    return None, None


def address(target: PurePath, folder: PurePath) -> str:
    """How a page in a folder points to a file: relative, so that it holds on a share, and in URL form."""
    return quote(os.fsencode(os.path.relpath(target, folder)))
