"""`connector submit`: one file now, for scripts of an ERP."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from connector.model import Job


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--route", "route_name", required=True, help="The route to take.")
@click.option("--wait", is_flag=True, help="Wait until each file has its outcome.")
@click.option(
    "--follow-for",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="With --wait: seconds to wait at most without any movement.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@global_options
@click.pass_obj
def submit(
    context: Context, files: tuple[Path, ...], route_name: str, wait: bool, follow_for: float, dry_run: bool
) -> int:
    """Put files into a route's inbox, whole and at once; with --wait, say what became of them."""
    from connector.effects import sha256_of
    from connector.inbox.place import place
    from connector.paths import is_owned

    route = next((route for route in context.settings.route if route.name == route_name), None)
    if route is None:
        raise ConfigurationError(f'there is no route "{route_name}"')
    if not route.inbox_dir.is_dir():
        raise ConfigurationError(f"there is no inbox {route.inbox_dir}")
    if dry_run:
        for file in files:
            context.say(context.text("submit.would", file=file.name, folder=route.inbox_dir))
        return ExitCode.DONE
    since = time.time()
    digests = {}
    for file in files:
        target = place(file, route.inbox_dir, os.fsencode(file.name))
        digests[file] = (sha256_of(file), os.fsencode(target.name))
        if not wait:
            _tell_placed(context, file, target)
    if not wait:
        return ExitCode.DONE
    if not is_owned(context.settings):
        from connector.cli.running import run_quietly

        run_quietly(context, (route_name,), follow_for=follow_for)
    return _await(context, route_name, digests, since, follow_for)


def _tell_placed(context: Context, file: Path, target: Path) -> None:
    if context.json:
        context.emit({"file": str(file), "placed": str(target)})
    else:
        context.say(context.text("submit.placed", file=file.name, folder=target.parent))


def _await(
    context: Context,
    route: str,
    digests: dict[Path, tuple[str, bytes]],
    since: float,
    follow_for: float,
) -> int:
    """Wait for the outcomes of these files, wherever they are processed, and tell each once."""
    from connector.journal.view import JournalView
    from connector.paths import journal_of

    waiting, refused = dict(digests), False
    deadline = time.monotonic() + follow_for
    while waiting:
        view = JournalView(journal_of(context.settings))
        try:
            for file, (sha256, name) in list(waiting.items()):
                job = _job_of(view.jobs(route=route, limit=10_000), sha256, name, since)
                if job is not None and job.outcome is not None and job.result:
                    refused |= _tell_outcome(context, file, job)
                    del waiting[file]
        finally:
            view.close()
        if waiting and time.monotonic() > deadline:
            break
        if waiting:
            time.sleep(0.2)
    for file in waiting:
        _tell_waiting(context, file)
    if waiting:
        return ExitCode.KEPT_FOR_LATER
    return ExitCode.SOME_REFUSED if refused else ExitCode.DONE


def _job_of(jobs: Iterable[Job], sha256: str, name: bytes, since: float) -> Job | None:
    for job in jobs:
        if job.claimed_at.timestamp() < since - 1:
            return None  # newest first: the rest is older than our file
        if job.sha256 == sha256 and job.name == name:
            return job
    return None


def _tell_outcome(context: Context, file: Path, job: Job) -> bool:
    from connector.model import FINE

    if context.json:
        context.emit(
            {
                "file": str(file),
                "job": job.id,
                "outcome": job.outcome,
                "flow_id": job.flow_id,
                "results": [result.target for result in job.result],
            }
        )
    else:
        label = context.outcome(job.outcome or "")
        context.say(context.text("submit.outcome", file=file.name, outcome=label, job=job.id))
    return job.outcome not in FINE


def _tell_waiting(context: Context, file: Path) -> None:
    if context.json:
        context.emit({"file": str(file), "outcome": None})
    else:
        context.say(context.text("submit.waiting", file=file.name))
