"""Where the state directory keeps what, and who owns it. Light: for commands that only look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from connector.errors import AnotherInstance
from connector.moves import Folders
from connector.settings import Route, Settings


def journal_of(settings: Settings) -> Path:
    return settings.state_dir / "state.db"


def log_of(settings: Settings) -> Path:
    return settings.state_dir / "log"


def pulse_of(settings: Settings) -> Path:
    return settings.state_dir / "pulse.json"


@contextmanager
def owned(settings: Settings) -> Iterator[None]:
    """Hold the lock on the state directory: one process owns the routes, a dead one owns nothing (P06, P08).

    Raises:
        AnotherInstance: somebody holds it.
    """
    lock = FileLock(settings.state_dir / "instance.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AnotherInstance(f"another connector is running on {settings.state_dir}") from None
    try:
        yield
    finally:
        lock.release()


def is_owned(settings: Settings) -> bool:
    """Whether a connector runs on the state directory now."""
    if not settings.state_dir.is_dir():
        return False
    try:
        with owned(settings):
            return False
    except AnotherInstance:
        return True


def folders_of(settings: Settings, route: Route) -> Folders:
    """Where one route's files lie."""
    return Folders(
        inbox=route.inbox_dir.absolute(),
        work=route.work_dir.absolute(),
        spool=settings.state_dir.absolute() / "spool",
        staging=route.staging_dir.absolute(),
        outbox=route.outbox_dir.absolute(),
        archive=route.archive_dir.absolute(),
    )
