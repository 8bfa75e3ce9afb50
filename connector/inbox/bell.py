"""A bell on local folders: watchdog's events say "look now", and never what there is to see.

Events get lost without a word (W01), watches run out (W02, W03) and shares raise none (W04). So a bell that
cannot be hung, or that falls silent, costs some seconds and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from loguru import logger
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import InotifyConstants, Mask


class _Arrivals(InotifyEmitter):
    """Only what arrives.

    Each of our own claims is a move out of the folder. watchdog would hold it back for half a second, waiting
    for its other half, and every later event behind it.
    """

    def get_event_mask_from_filter(self) -> Mask:
        return Mask(
            InotifyConstants.IN_CREATE
            | InotifyConstants.IN_MOVED_TO
            | InotifyConstants.IN_CLOSE_WRITE
            | InotifyConstants.IN_DELETE_SELF
        )


class _Ringer(FileSystemEventHandler):
    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._ring()


class Bell:
    """Watches one folder tree and calls `ring` when something may have arrived there.

    Args:
        folder: on a local file system.
        ring: called from watchdog's thread, often; must return at once.
    """

    def __init__(self, folder: Path, ring: Callable[[], None]) -> None:
        self.works = False
        try:
            self._observer = BaseObserver(_Arrivals)  # takes one of the system's few inotify instances (W03)
            self._observer.schedule(_Ringer(ring), str(folder), recursive=True)
            self._observer.start()
            self.works = True
        except OSError as error:
            logger.warning("bell.not-hung", folder=str(folder), error=str(error))

    def close(self) -> None:
        if self.works:
            self._observer.stop()
            self._observer.join(timeout=5.0)
