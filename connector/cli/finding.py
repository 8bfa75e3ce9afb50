"""`connector explain FILE`: where a file is on its way, and why it waits."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli.context import Context
from connector.errors import ConfigurationError

if TYPE_CHECKING:
    from connector.journal.view import JournalView
    from connector.model import Job
    from connector.settings import Route

_LATEST = 100_000  # jobs looked through for a name


def is_about_a_file(typed: str) -> bool:
    """Whether somebody means a file: it has a folder or an ending, or is there."""
    return (
        os.sep in typed
        or Path(typed).exists()
        or Path(typed).suffix.lower()
        in (
            ".xml",
            ".pdf",
            ".zip",
            ".gz",
            ".csv",
            ".json",
            ".txt",
        )
    )


def told_of(context: Context, typed: str) -> dict[str, Any] | None:
    """What is known of a file: of one in an inbox, or of the job that has, or had, it; None: nothing."""
    try:
        settings = context.settings
    except ConfigurationError:
        return None
    path = Path(typed).absolute()  # not resolved: links of a share are the names people see
    for route in settings.route:
        inbox = route.inbox_dir.absolute()
        if path.is_relative_to(inbox) and path.is_file():
            return _in_inbox(context, route, path, inbox)
    job = _job(context, path)
    return None if job is None else _on_its_way(context, job)


def _in_inbox(context: Context, route: Route, path: Path, inbox: Path) -> dict[str, Any]:
    from connector.inbox.ignore import NameFilter
    from connector.mounts import kind_of, quiet_seconds
    from connector.paths import is_owned
    from connector.whereabouts import Lying, reasons

    seen = path.stat()
    quiet = quiet_seconds(kind_of(inbox)) if route.quiet_seconds is None else route.quiet_seconds
    lying = Lying(
        size=seen.st_size,
        depth=len(path.relative_to(inbox).parts) - 1,
        age=time.time() - seen.st_mtime,
        taken_name=NameFilter(route.include, route.ignore).takes_file(path.name),
        readable=os.access(path, os.R_OK),
        running=is_owned(context.settings),
        paused=any(entry.name.lower() == "pause.txt" for entry in inbox.iterdir()),
        quiet=quiet,
        empty_wait=route.empty_wait,
        max_depth=route.max_depth,
    )
    why = reasons(lying)
    return {
        "file": str(path),
        "route": route.name,
        "place": "inbox",
        "reasons": [reason.kind for reason in why],
        "words": [
            context.text("why.inbox", route=route.name),
            *(context.text(f"why.{reason.kind}", **reason.facts) for reason in why),
        ],
    }


def _on_its_way(context: Context, job: Job) -> dict[str, Any]:
    from connector import names
    from connector.cli.looking import why

    words = [context.text("why.job", job=job.id, route=job.route, file=names.display(job.name))]
    words.append(context.outcome(job.outcome) if job.outcome else why(context, job))
    if job.not_before and not job.outcome:
        words.append(context.text("why.next", at=f"{job.not_before.astimezone():%Y-%m-%d %H:%M:%S}"))
    words += [
        context.messages.entry(problem.code, source=problem.source, message=problem.message).title
        for problem in (*(job.verdict.problems if job.verdict else ()), *job.problems)
    ][:5]
    words += [context.text("why.result", path=file.target) for file in job.result]
    return {
        "file": names.display(job.name),
        "route": job.route,
        "place": str(job.state),
        "job": job.id,
        "outcome": job.outcome,
        "waits_for": job.waits_for,
        "words": words,
    }


def _job(context: Context, path: Path) -> Job | None:
    """The newest job whose result, archived original or own name this is."""
    from connector import names
    from connector.journal.view import JournalView
    from connector.paths import folders_of, journal_of

    outboxes = [folders_of(context.settings, route).outbox for route in context.settings.route]
    targets = {str(path.relative_to(outbox)) for outbox in outboxes if path.is_relative_to(outbox)}
    held = names.of_held(os.fsencode(path.name))
    view = JournalView(journal_of(context.settings))
    try:
        if held is not None and (job := view.job(held[0])) is not None:
            return job
        return next(_matching(view, os.fsencode(path.name), targets), None)
    finally:
        view.close()


def _matching(view: JournalView, name: bytes, targets: set[str]) -> Iterator[Job]:
    from connector import names

    for job in view.jobs(limit=_LATEST):
        if names.base(job.name) == name or any(file.target in targets for file in job.result):
            yield job
