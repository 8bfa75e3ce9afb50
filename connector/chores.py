"""What the service does beside the journey: telling people and monitors how it goes.

No chore may hurt a document's journey: they run in a thread of their own, one after the other, and one that
fails is told of in the log and tried again when its time comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loguru import logger


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to do now and then.

    Args:
        name: for the log, such as "ventes/board".
        every: seconds between two times.
        act: does it; called once more when the service ends, so that what it writes is not behind the facts.
    """

    name: str
    every: float
    act: Callable[[], None]


class Housekeeping(threading.Thread):
    """The thread that does the chores."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._chores = tuple(chores)
        self._due = dict.fromkeys(range(len(self._chores)), 0.0)
        self._trouble: dict[str, str] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Do every chore a last time, and end."""
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            now = time.monotonic()
            for place, chore in enumerate(self._chores):
                if self._due[place] <= now and not self._stopping.is_set():
                    self._do(chore)
                    self._due[place] = time.monotonic() + chore.every
            soonest = min(self._due.values(), default=now + 3600.0)
            self._stopping.wait(max(soonest - time.monotonic(), 0.0))
        for chore in self._chores:
            self._do(chore)

    def _do(self, chore: Chore) -> None:
        try:
            chore.act()
        except Exception as error:  # noqa: BLE001 - whatever it is, the documents go on
            words = f"{type(error).__name__}: {error}"
            if self._trouble.get(chore.name) != words:  # the same words every minute would only bury the rest
                logger.warning("chore.failed", chore=chore.name, error=words)
            self._trouble[chore.name] = words
        else:
            if self._trouble.pop(chore.name, None):
                logger.info("chore.recovered", chore=chore.name)
