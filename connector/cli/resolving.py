"""`connector resolve`: a refused file has been seen to; nobody needs to be told of it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.effects import Effects
    from connector.journal import SqliteJournal
    from connector.model import Job


@click.command()
@click.argument("job_ids", metavar="JOB...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@global_options
@click.pass_obj
def resolve(context: Context, job_ids: tuple[str, ...], dry_run: bool) -> int:
    """Settle refused files: they leave the list of what is to be done, and their messages the folder.

    Their originals stay in the archive.
    """
    from connector.cli.holding import opened_journal
    from connector.effects import Effects

    worst, hands = ExitCode.DONE, Effects(threads=1)
    with opened_journal(context) as journal:
        known = {job.id: job for job in journal.jobs(job_ids)}
        for job_id in dict.fromkeys(job_ids):
            result = _resolve(context, journal, hands, known.get(job_id), dry_run)
            if context.json:
                context.emit({"job": job_id, "result": result})
            elif result in ("done", "would"):
                context.say(context.text(f"resolve.{result}", job=job_id))
            else:
                context.warn(context.text(f"resolve.{result}", job=job_id))
            worst = worst if result in ("done", "would") else ExitCode.SOME_REFUSED
    hands.close()
    return worst


def _resolve(context: Context, journal: SqliteJournal, hands: Effects, job: Job | None, dry_run: bool) -> str:
    """What became of one job, as a key of the sentences under `cli.resolve`."""
    from connector import wishes
    from connector.model import State
    from connector.moves import withdraw
    from connector.paths import folders_of

    if job is None:
        return "none"
    if job.state is State.HELD:
        return "held"
    if not wishes.can_be_settled(job):
        return "nothing"
    if dry_run:
        return "would"
    for route in (known for known in context.settings.route if known.name == job.route):
        withdraw(hands, folders_of(context.settings, route), job)
    return "done" if journal.settle([job.id], "command") else "nothing"
