"""Whether this machine can keep what the settings promise: tried for real, before any file is touched."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.credentials import client_secret, mail_password, technical_password, webhook_token
from connector.errors import ConfigurationError
from connector.model import Family
from connector.mounts import is_remote, kind_of
from connector.resources import has_rules_engine
from connector.settings import Route, Settings

ENGINE_FAMILIES = {Family.INVOICE, Family.LIFECYCLE}  # the rules of e-reporting are our own


def faults(settings: Settings) -> Iterator[str]:
    """One sentence for each thing that would break, each with its remedy; none when all is well.

    Makes the folders that are missing below a route's inbox and outbox, but never an inbox: an inbox that is
    not there is more likely a share that is not mounted.
    """
    yield from _state_directory(settings.state_dir)
    for account in settings.account:
        try:
            client_secret(settings, account)
            technical_password(settings, account)
            if account.name in settings.webhook.accounts:
                webhook_token(settings, account)
        except (ConfigurationError, OSError) as error:
            yield str(error)
    try:
        mail_password(settings)
    except (ConfigurationError, OSError) as error:
        yield str(error)
    yield from _time_zone(settings.timezone)
    yield from _overlaps(settings.route)
    for route in settings.route:
        if settings.state_dir.absolute().is_relative_to(route.inbox_dir.absolute()):
            yield f'route "{route.name}": state_dir lies inside its inbox; choose a folder outside of it'
    for route in settings.route:
        yield from _folders(route)
        yield from _rules(route)


def _state_directory(state_dir: Path) -> Iterator[str]:
    kind = kind_of(state_dir)
    if is_remote(kind):
        yield (
            f"state_dir: {state_dir} lies on a network file system ({kind}), which would damage the journal; "
            "choose a folder on a local disk"
        )
        return
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _probe(state_dir).unlink()
    except OSError as error:
        yield f"state_dir: cannot write in {state_dir} ({error.strerror}); give its owner the right to"


def _time_zone(name: str) -> Iterator[str]:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield f'timezone: "{name}" is not a time zone; use a name such as "Europe/Paris"'


def _overlaps(routes: tuple[Route, ...]) -> Iterator[str]:
    """What we write must never look like something to take, nor two routes share an inbox."""
    for route in routes:
        for other in routes:
            inbox = other.inbox_dir.absolute()
            for label, folder in (
                ("outbox", route.outbox_dir),
                ("work folder", route.work_dir),
                ("archive", route.archive_dir),
                ("root", route.root),
            ):
                if folder.absolute().is_relative_to(inbox):
                    yield (
                        f'route "{route.name}": its {label} {folder} lies inside the inbox of route '
                        f'"{other.name}"; what is written there would be taken for invoices'
                    )
            if other.name > route.name and _nested(inbox, route.inbox_dir.absolute()):
                yield f'routes "{route.name}" and "{other.name}" share an inbox; give each its own'


def _nested(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _folders(route: Route) -> Iterator[str]:
    if not route.inbox_dir.is_dir():
        yield (
            f'route "{route.name}": there is no inbox {route.inbox_dir}; mount the share, or make '
            "the folders with `connector init`"
        )
        return
    for label, source, target in (
        ("inbox to work", route.inbox_dir, route.work_dir),
        ("staging to outbox", route.staging_dir, route.outbox_dir),
        ("archive", route.archive_dir, route.archive_dir),
    ):
        try:
            target.mkdir(parents=True, exist_ok=True)
            source.mkdir(parents=True, exist_ok=True)
            moved = target / f".probe-{secrets.token_hex(4)}"
            probe = _probe(source)
            try:
                probe.rename(moved)
            except OSError:
                probe.unlink()
                raise
            moved.unlink()
        except OSError as error:
            yield f'route "{route.name}", {label}: {_remedy(error, source, target)}'


def _rules(route: Route) -> Iterator[str]:
    """A level that somebody wrote down is a promise; without one, what is installed is evaluated."""
    if route.rules in (None, "off") or not ENGINE_FAMILIES.intersection(route.accept):
        return
    if not has_rules_engine():
        yield (
            f'route "{route.name}": rules = "{route.rules}" needs the engine of the business rules; '
            'install it with `pip install "connector[rules]"`, or set rules = "off"'
        )


def _probe(folder: Path) -> Path:
    """A file of ours, written and flushed, under a name that no scan takes."""
    path = folder / f".probe-{secrets.token_hex(4)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, b"connector")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def _remedy(error: OSError, source: Path, target: Path) -> str:
    if (
        error.errno == errno.EXDEV
    ):  # S04: a move between two file systems is a copy, and a copy can end half-way
        return f"{source} and {target} are on two file systems; put both on the same one"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no right to write in {source} and {target}; give it to the service's user"
    return f"{source} and {target}: {error.strerror}"
