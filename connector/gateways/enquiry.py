"""Asking the directory behind one account on behalf of all its routes: each question once, many at a time.

Answers are kept in a book that outlives a restart; who cannot be reached today may be tomorrow, so that "no"
is believed for a shorter time than "yes". A question has places of its own beside the deposits', and its
failure says nothing of the account: whatever trouble the directory is in, documents go on.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from loguru import logger

from connector.directory import Address, Reach, Told
from connector.gateways.front import AccountDesk
from connector.ports import AnswerBook, Clock

LONGEST_NO = timedelta(hours=1)  # that somebody cannot be reached is believed
RETRY = 2.0  # seconds before an address that failed is asked about again
FAILURES = 3  # in a row, and the directory is left alone for a while
PAUSE = 30.0  # seconds
_OURS = {"needs-siret", "no-directory"}  # no question that could be put: nothing is wrong with the directory
WAITING = 8  # questions that wait for each one that is being asked


class Enquiry:
    """See `ports.Enquiry`. May be used from any thread but the loop's own.

    Args:
        desk: of the account.
        book: where answers are kept.
        hours: for which it is believed that somebody can be reached.
        clock: of the whole connector.
    """

    def __init__(self, desk: AccountDesk, book: AnswerBook, hours: float, clock: Clock) -> None:
        self._desk, self._book, self._clock = desk, book, clock
        self._longest_yes = timedelta(hours=hours)
        self._news: queue.SimpleQueue[tuple[str, Told]] = queue.SimpleQueue()
        self._lock = threading.Lock()  # over all below
        self._asked: set[str] = set()
        self._failed: dict[str, tuple[Told, float]] = {}  # and when it is asked about again
        self._in_a_row = 0
        self._closed_until = 0.0
        self._trouble: str | None = None

    def under_way(self) -> int:
        """See `ports.Enquiry`."""
        return len(self._asked)

    def recall(self, wanted: Sequence[str], since: datetime) -> dict[str, Told]:
        """See `ports.Enquiry`."""
        return self._book.recall(self._desk.account, wanted, since, since)

    def ask(self, wanted: Sequence[Address], wait: float, since: datetime | None = None) -> dict[str, Told]:
        """See `ports.Enquiry`."""
        by_text = {str(address): address for address in wanted}
        with self._lock:
            self._take_in(())
            told = self._known(by_text, since)
            missing = {text: address for text, address in by_text.items() if text not in told}
            told |= self._begin(missing)
            awaited = missing.keys() & self._asked
            if awaited and wait > 0:
                told |= self._take_in(awaited, wait)
        return told

    # ------------------------------------------------------------------ under the lock
    def _known(self, wanted: Mapping[str, Address], since: datetime | None) -> dict[str, Told]:
        now = self._clock.monotonic()
        failed = {text: self._failed[text] for text in wanted if text in self._failed}
        told = {text: answer for text, (answer, until) in failed.items() if now < until}
        left = [text for text in wanted if text not in told]
        return told | self._book.recall(self._desk.account, left, self._clock.now(), since)

    def _begin(self, missing: Mapping[str, Address]) -> dict[str, Told]:
        """Start asking, as far as there is room; answers for those about whom it is useless to ask now."""
        if self._trouble and self._clock.monotonic() < self._closed_until:
            told = Told(at=self._clock.now(), trouble=self._trouble)
            return dict.fromkeys(missing.keys() - self._asked, told)
        room = self._desk.questions * (1 + WAITING) - len(self._asked)
        fresh = [text for text in missing if text not in self._asked][: max(room, 0)]
        for text in fresh:
            self._asked.add(text)
            self._desk.inquire(missing[text], self._teller(text))
        return {}

    def _teller(self, text: str) -> Callable[[Told], None]:
        return lambda told: self._news.put((text, told))

    def _take_in(self, awaited: Iterable[str], wait: float = 0.0) -> dict[str, Told]:
        """Write down the answers that have come; with `awaited`, wait a while for these."""
        left, end = set(awaited), time.monotonic() + wait
        came: dict[str, Told] = {}
        while True:
            remaining = end - time.monotonic() if left else 0.0
            try:
                text, told = self._news.get(timeout=remaining) if remaining > 0 else self._news.get_nowait()
            except queue.Empty:
                break
            came[text] = told
            left.discard(text)
        self._write_down(came)
        return {text: told for text, told in came.items() if text not in left}

    def _write_down(self, came: Mapping[str, Told]) -> None:
        good: dict[str, tuple[Told, datetime]] = {}
        for text, told in came.items():
            self._asked.discard(text)
            if told.trouble is None:
                self._failed.pop(text, None)
                self._in_a_row = 0
                longest = self._longest_yes
                if told.reach is not Reach.REACHABLE:
                    longest = min(longest, LONGEST_NO)
                good[text] = told, told.at + longest
            else:
                self._note_failure(text, told)
        if good:
            self._book.remember(self._desk.account, good)

    def _note_failure(self, text: str, told: Told) -> None:
        now = self._clock.monotonic()
        self._failed = {key: kept for key, kept in self._failed.items() if now < kept[1]}
        self._failed[text] = told, now + RETRY
        if told.trouble in _OURS:
            return
        self._in_a_row += 1
        if self._in_a_row >= FAILURES:
            if self._trouble is None or now >= self._closed_until:
                logger.warning(
                    "account {}: the directory does not answer ({}), asked again in {:.0f} s",
                    self._desk.account,
                    told.trouble,
                    PAUSE,
                )
            self._trouble, self._closed_until = told.trouble, now + PAUSE


class Remembered:
    """An `AnswerBook` for as long as a command runs."""

    def __init__(self) -> None:
        self._answers: dict[str, Told] = {}

    def recall(
        self, account: str, addresses: Sequence[str], now: datetime, since: datetime | None
    ) -> dict[str, Told]:
        """See `ports.AnswerBook`."""
        return {text: self._answers[text] for text in addresses if text in self._answers}

    def remember(self, account: str, answers: Mapping[str, tuple[Told, datetime]]) -> None:
        """See `ports.AnswerBook`."""
        self._answers |= {text: told for text, (told, _) in answers.items()}
