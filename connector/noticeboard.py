"""Keeping a route's board up to date: gathered from the journal, written as a page beside the folders.

The page must not be older than its own promise (`outbox.board`: ten minutes), and a share must not be written
to for nothing. That it cannot be written, because somebody has it open or a share is gone, is told in the log
by whoever keeps the chores; the documents go on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from connector import board
from connector.board import Board
from connector.deadlines import Deadline
from connector.effects import Effects
from connector.ports import Clock, Overview

View = TypeVar("View", bound=Overview)

EVERY = 30.0  # seconds between two looks
RENEWED = 60.0  # seconds after which the page is written again although only the hour has changed


class Page(Protocol):
    """How a board looks.

    Args:
        folders: below the outbox, that it leads to where they are.
    """

    name: str
    folders: tuple[str, ...]

    def written(self, board: Board) -> bytes:
        """The whole page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a route's board hangs, and what it is about."""

    route: str
    environment: str
    zone: tzinfo
    folder: Path  # the page lies in it
    outbox: Path


class Noticeboard(Generic[View]):
    """The board of one route. Called by one thread.

    Args:
        view: opens the journal for reading.
        in_inbox: how many files lie in the inbox and were not taken.
        deadlines: those of e-reporting that concern this route, the next first.
    """

    def __init__(
        self,
        place: Place,
        page: Page,
        view: Callable[[], AbstractContextManager[View]],
        effects: Effects,
        clock: Clock,
        *,
        in_inbox: Callable[[], int] = lambda: 0,
        deadlines: Callable[[View], tuple[Deadline, ...]] = lambda _: (),
    ) -> None:
        self._place, self._page, self._view = place, page, view
        self._effects, self._clock = effects, clock
        self._in_inbox, self._deadlines = in_inbox, deadlines
        self._told: Board | None = None
        self._renew_at = 0.0

    def renew(self) -> None:
        """Write the page, if it tells something new or its hour has grown old.

        Raises:
            OSError: it cannot be written now; the one that is there stays whole.
        """
        now = self._gathered()
        monotonic = self._clock.monotonic()
        if now == self._told and monotonic < self._renew_at:
            return
        content = self._page.written(now)
        put_in_place(self._effects, self._place.folder / self._page.name, content)
        self._told, self._renew_at = now, monotonic + RENEWED

    def _gathered(self) -> Board:
        place = self._place
        with self._view() as view:
            found = board.gathered(
                view,
                route=place.route,
                environment=place.environment,
                now=self._clock.now(),
                zone=place.zone,
                in_inbox=self._in_inbox(),
                deadlines=self._deadlines(view),
            )
        return replace(found, shown=self._shown(found))

    def _shown(self, found: Board) -> frozenset[str]:
        """Which files of what is on the board can be opened: one look at each folder."""
        targets = {file.target for job in found.to_do for file in job.result}
        targets |= {file.target for late in found.late for file in late.delivery.result}
        seen: set[str] = set()
        for folder in {target.rpartition("/")[0] for target in targets}:
            with contextlib.suppress(FileNotFoundError):
                there = (self._place.outbox / folder).iterdir()
                seen.update(f"{folder}/{path.name}" for path in there)
        folders = {folder for folder in self._page.folders if (self._place.outbox / folder).is_dir()}
        return frozenset(targets & seen | folders)


def put_in_place(effects: Effects, path: Path, content: bytes) -> None:
    """Write a page that people look at: whole when its name shows it, the old one until then.

    It is not waited for until it is on the disk: it says nothing that the journal does not say.

    Raises:
        OSError: it could not be written; nothing of it is left.
    """
    unfinished = path.with_name(f".{path.name}.new")
    effects.make_directories(path.parent)
    try:
        effects.write(unfinished, content)
        effects.replace(unfinished, path)
    except OSError:
        with contextlib.suppress(OSError):
            effects.unlink(unfinished)
        raise
