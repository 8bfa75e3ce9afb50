"""`connector hold`: what waits for a person, and what that person decides; while the daemon runs or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ConnectorError, ExitCode

if TYPE_CHECKING:
    from connector.journal import SqliteJournal
    from connector.model import Job

_JOBS = click.argument("job_ids", metavar="JOB...", nargs=-1, required=True)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@click.group()
def hold() -> None:
    """Files that wait for a person's decision."""


@hold.command("list")
@global_options
@click.pass_obj
def list_held(context: Context) -> int:
    """List the held files, oldest first, and why each is held."""
    from connector import names
    from connector.journal import JournalView
    from connector.model import State
    from connector.paths import journal_of

    view = JournalView(journal_of(context.settings))
    try:
        jobs = list(view.jobs(states=(State.HELD,), limit=100_000))[::-1]
    finally:
        view.close()
    rows = []
    for job in jobs:
        codes = [problem.code for problem in job.problems]
        number = job.document.number if job.document else None
        if context.json:
            held = {"id": job.id, "route": job.route, "file": names.display(job.name), "number": number}
            context.emit({**held, "reasons": codes, "sent": job.attempts > 0, "twin": job.twin})
        rows.append((job.id, job.route, names.display(job.name), number or "-", ", ".join(codes)))
    if not context.json:
        columns = [context.text(f"ls.{column}") for column in ("job", "route", "file", "number", "what")]
        context.table(columns, rows)
    return ExitCode.DONE


@hold.command()
@click.argument("job_id", metavar="JOB")
@click.argument("flow_id", metavar="FLOW")
@click.option("--unchecked", is_flag=True, help="Do not ask the platform whether it knows this deposit.")
@_DRY_RUN
@global_options
@click.pass_obj
def adopt(context: Context, job_id: str, flow_id: str, unchecked: bool, dry_run: bool) -> int:
    """JOB did arrive: it is the platform's deposit FLOW. Follow that one."""
    from connector import holding
    from connector.wiring import lookup_rules, opened_account

    def decide(job: Job) -> Job:
        account = next(known for known in context.settings.account if known.name == job.account)
        after = holding.adopted(job, flow_id, lookup_rules(account), datetime.now(UTC))
        if not unchecked:
            with opened_account(context.settings, account) as desk:
                if desk.acknowledgement(flow_id) is None:
                    raise holding.NotPossible("unknown-flow")
        return after

    return _decide(context, (job_id,), decide, dry_run)


@hold.command()
@_JOBS
@_DRY_RUN
@global_options
@click.pass_obj
def resend(context: Context, job_ids: tuple[str, ...], dry_run: bool) -> int:
    """JOB did not arrive, as you have made sure of: send it again, with the same key."""
    from connector import holding

    return _decide(context, job_ids, holding.resent, dry_run)


@hold.command()
@_JOBS
@_DRY_RUN
@global_options
@click.pass_obj
def release(context: Context, job_ids: tuple[str, ...], dry_run: bool) -> int:
    """JOB may go, in spite of what it was held for (the same number, the same content)."""
    from connector import holding

    return _decide(context, job_ids, holding.released, dry_run)


@hold.command()
@_JOBS
@_DRY_RUN
@global_options
@click.pass_obj
def cancel(context: Context, job_ids: tuple[str, ...], dry_run: bool) -> int:
    """JOB shall not go. Its original is archived, and its result says that it was cancelled."""
    from connector import holding

    return _decide(context, job_ids, lambda job: holding.cancelled(job, datetime.now(UTC)), dry_run)


def _decide(
    context: Context, job_ids: tuple[str, ...], decide: Callable[[Job], Job], dry_run: bool
) -> ExitCode:
    """Commit one decision a job, and take back what the outbox said of the hold."""
    from connector.effects import Effects
    from connector.holding import NotPossible, with_its_bundle
    from connector.model import Step
    from connector.moves import withdraw
    from connector.paths import folders_of

    worst, hands = ExitCode.DONE, Effects(threads=1)
    with opened_journal(context) as journal:
        known = {job.id: job for job in journal.jobs(job_ids)}
        for job_id in dict.fromkeys(job_ids):
            job = known.get(job_id)
            if job is None:
                _say(context, job_id, "no-job")
                worst = ExitCode.SOME_REFUSED
                continue
            try:
                after = decide(job)
            except NotPossible as reason:
                _say(context, job_id, str(reason))
                worst = ExitCode.SOME_REFUSED
                continue
            if not dry_run:
                steps = [Step(before=job, after=after, detail={"why": "operator"})]
                for bundle in journal.jobs([job.parent]) if job.parent else []:
                    if (waiting := with_its_bundle(bundle)) is not None:
                        steps.append(Step(before=bundle, after=waiting, detail={"why": "operator"}))
                journal.commit(steps)
                for route in (known for known in context.settings.route if known.name == job.route):
                    for step in steps:
                        withdraw(hands, folders_of(context.settings, route), step.after)
            _say(context, job_id, "would" if dry_run else str(after.state))
    hands.close()
    return worst


@contextmanager
def opened_journal(context: Context) -> Iterator[SqliteJournal]:
    """The journal itself, beside a daemon that may be writing in it: each step checks what it begins from."""
    from connector.journal import SqliteJournal
    from connector.paths import journal_of

    path = journal_of(context.settings)
    if not path.exists():
        raise ConnectorError(context.text("hold.no-job", job=path))
    journal = SqliteJournal(path)
    try:
        yield journal
    finally:
        journal.close()


def _say(context: Context, job_id: str, result: str) -> None:
    if context.json:
        context.emit({"job": job_id, "result": result})
    elif result in ("valid", "received", "concluded", "would"):
        context.say(context.text(f"hold.{result}", job=job_id))
    else:
        context.warn(context.text(f"hold.{result}", job=job_id))
