"""`connector retry`: give files another chance by putting their originals back into the inbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.model import Job


@click.command()
@click.argument("job_ids", metavar="JOB...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@global_options
@click.pass_obj
def retry(context: Context, job_ids: tuple[str, ...], dry_run: bool) -> int:
    """Put the originals of refused files back into their inbox, to be taken as new files."""
    from connector.journal.view import JournalView
    from connector.paths import journal_of

    view = JournalView(journal_of(context.settings))
    try:
        results = [_retry(context, job_id, view.job(job_id), dry_run) for job_id in job_ids]
    finally:
        view.close()
    return ExitCode.DONE if all(results) else ExitCode.SOME_REFUSED


def _retry(context: Context, job_id: str, job: Job | None, dry_run: bool) -> bool:
    from connector import crosscheck, names
    from connector.inbox.place import place
    from connector.model import State
    from connector.paths import folders_of

    if job is None:
        return _answer(context, job_id, "none", done=False)
    if job.state is not State.DONE:
        return _answer(context, job_id, "held" if job.state is State.HELD else "on_its_way", done=False)
    if crosscheck.stands(job):
        return _answer(context, job_id, "stands", done=False)
    route = next((route for route in context.settings.route if route.name == job.route), None)
    if route is None:
        return _answer(context, job_id, "no_route", done=False)
    folders = folders_of(context.settings, route)
    source = folders.archived(job)
    if not source.exists():
        return _answer(context, job_id, "no_original", done=False)
    if dry_run:
        return _answer(context, job_id, "would", done=True, file=names.display(job.name))
    target = place(source, folders.inbox, names.base(job.name))
    return _answer(context, job_id, "done", done=True, file=names.display(os.fsencode(target.name)))


def _answer(context: Context, job_id: str, key: str, *, done: bool, **params: str) -> bool:
    if context.json:
        context.emit({"job": job_id, "result": key, **params})
    elif done:
        context.say(context.text(f"retry.{key}", job=job_id, **params))
    else:
        context.warn(context.text(f"retry.{key}", job=job_id, **params))
    return done
