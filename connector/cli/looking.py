"""`connector status`, `ls` and `show`: what the journal knows, while the daemon runs or not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from gettext import gettext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli import accounts, arrivals
from connector.cli.context import Context, global_options
from connector.controls import is_pause
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.journal import JournalView
    from connector.model import Job, State

_SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@click.command()
@click.option(
    "--watch",
    type=click.FloatRange(min=0.1, max=3600),
    is_flag=False,
    flag_value=2.0,
    metavar="[SECONDS]",
    help="Show it anew every so many seconds (2 if not said), until Ctrl-C.",
)
@global_options
@click.pass_obj
def status(context: Context, watch: float | None) -> int:
    """How many files wait, where and why, and what became of those of the last 24 hours."""
    if watch is not None:
        from connector.cli.redrawing import redraw

        redraw(context, watch, lambda: _show_status(context))
    _show_status(context)
    return ExitCode.DONE


def _show_status(context: Context) -> None:
    from connector.cli.deadlines import near, summary, warning

    since = datetime.now(UTC) - timedelta(days=1)
    with _view(context) as view:
        came, left_over = view.delivered(since), arrivals.left(context, view)
        routes = _routes(context, view.counts(), view.outcomes(since), came)
        oldest = _oldest_waiting(view)
        standings = accounts.standings(context, view)
        due = near(context, view)
    running = _is_running(context)
    if context.json:
        context.emit(
            {
                "environment": context.settings.environment,
                "running": running,
                "routes": routes,
                "accounts": standings,
                "left_at_platform": left_over,
                "oldest_waiting": _summary(oldest) if oldest else None,
                "deadlines": summary(due),
            }
        )
        return
    environment = context.messages.label("environment", context.settings.environment)
    context.say(context.text("status.head", environment=environment))
    context.say(context.text("status.running" if running else "status.stopped"))
    _tell_routes(context, routes)
    accounts.tell(context, standings)
    arrivals.tell(context, came, left_over)
    if oldest:
        context.say(context.text("status.oldest", job=oldest.id, why=why(context, oldest)))
    if what := warning(context, due):
        context.say(what)


def _routes(
    context: Context,
    counts: Mapping[str, Mapping[State, int]],
    outcomes: Mapping[str, Mapping[str, int]],
    came: Mapping[str, Mapping[str, int]],
) -> list[dict[str, Any]]:
    """What lies on each route, what became of what lay there, and what came for it."""
    from connector.model import State

    return [
        {
            "route": route.name,
            "account": route.account,
            "paused": _is_paused(route.inbox_dir),
            "states": {
                str(state): count
                for state, count in counts.get(route.name, {}).items()
                if state not in (State.DONE, State.VOID)
            },
            "last_24h": outcomes.get(route.name, {}),
            "received_24h": came.get(route.name, {}),
        }
        for route in context.settings.route
    ]


def _tell_routes(context: Context, routes: list[dict[str, Any]]) -> None:
    label = context.messages.label
    rows = []
    for entry in routes:
        waiting = ", ".join(f"{count} {label('state', state)}" for state, count in entry["states"].items())
        done = ", ".join(f"{count} {context.outcome(name)}" for name, count in entry["last_24h"].items())
        name = context.text("status.paused", route=entry["route"]) if entry["paused"] else entry["route"]
        rows.append((name, waiting or "-", done or "-"))
    context.table([context.text(f"status.{column}") for column in ("route", "waiting", "last_day")], rows)


@click.command()
@click.option("--state", help="Only this state or outcome, e.g. held, received, duplicate.")
@click.option("--since", help="Only files taken since then: 2026-11-22, or 30m, 12h, 7d, 2w.")
@click.option("--number", help="Only this invoice number or transmission id.")
@click.option("--route", help="Only this route.")
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="Most lines.")
@global_options
@click.pass_obj
def ls(
    context: Context, state: str | None, since: str | None, number: str | None, route: str | None, limit: int
) -> int:
    """List files that were taken, newest first."""
    from connector.model import Outcome, State

    states = (State(state),) if state in set(State) else ()
    outcome = state if state and not states else None
    if outcome is not None and outcome not in set(Outcome):
        known = ", ".join([*State, *Outcome])
        raise click.BadParameter(
            gettext("{value!r} is neither a state nor an outcome; known: {known}").format(
                value=state, known=known
            )
        )
    with _view(context) as view:
        jobs = list(
            view.jobs(
                states=states,
                outcome=outcome,
                route=route,
                number=number,
                since=_since(since) if since else None,
                limit=limit,
            )
        )
        news = arrivals.of_jobs(view, jobs)
    if context.json:
        for job in jobs:
            context.emit(_summary(job) | news.get(job.id, {}))
        return ExitCode.DONE
    columns = [context.text(f"ls.{column}") for column in ("job", "route", "file", "number", "what")]
    context.table(columns, [_line(context, job, news.get(job.id)) for job in jobs])
    if not jobs:
        context.say(context.text("ls.none"))
    return ExitCode.DONE


@click.command()
@click.argument("job_id", metavar="JOB")
@global_options
@click.pass_obj
def show(context: Context, job_id: str) -> int:
    """Everything that is known of one file: what it is, its history, and where its results are."""
    with _view(context) as view:
        job = view.job(job_id)
        history = view.history(job_id)
        statuses = view.statuses([job_id])
    if job is None:
        raise click.BadParameter(context.text("show.none", job=job_id))
    if context.json:
        events = [{"seq": event.seq, "at": event.at, "kind": event.kind, **event.facts} for event in history]
        context.emit(
            {
                **_summary(job),
                "results": [file.target for file in job.result],
                "statuses": [arrivals.record(each) for each in statuses],
                "history": events,
            }
        )
        return ExitCode.DONE
    for key, value in _summary(job).items():
        if value not in (None, [], ""):
            context.say(f"{key:>16}  {value}")
    if job.waits_for:
        context.say(f"{'':>16}  {why(context, job)}")
    for problem in (*(job.verdict.problems if job.verdict else ()), *job.problems):
        entry = context.messages.entry(problem.code, source=problem.source, message=problem.message)
        where = ", ".join(filter(None, (problem.where, f"line {problem.line}" if problem.line else None)))
        context.say(f"{'problem':>16}  {entry.title} [{problem.code}{', ' + where if where else ''}]")
    for file in job.result:
        context.say(f"{'result':>16}  {file.target}")
    for each in statuses:
        context.say(f"{'status':>16}  {arrivals.line(context, each)}")
    context.say("")
    for event in history:
        facts = " ".join(
            f"{key}={value}"
            for key, value in event.facts.items()
            if key not in ("route", "name", "sha256", "key")
        )
        context.say(f"{event.at:%Y-%m-%d %H:%M:%S}  {event.kind:<10} {facts}")
    return ExitCode.DONE


# --------------------------------------------------------------------------- small things
@contextmanager
def _view(context: Context) -> Iterator[JournalView]:
    from connector.journal.view import JournalView
    from connector.paths import journal_of

    view = JournalView(journal_of(context.settings))
    try:
        yield view
    finally:
        view.close()


def _is_running(context: Context) -> bool:
    from connector.paths import is_owned

    return is_owned(context.settings)


def _is_paused(inbox: Path) -> bool:
    """Whether somebody has put the file there that pauses a route, as the folder says at this moment."""
    try:
        return any(is_pause(os.fsencode(path.name)) for path in inbox.iterdir())
    except OSError:
        return False


def _oldest_waiting(view: JournalView) -> Job | None:
    from connector.policy import OPEN

    return min(view.jobs(states=OPEN, limit=100_000), key=lambda job: job.id, default=None)


def why(context: Context, job: Job) -> str:
    """Why a job waits, or where it is, in a sentence."""
    if job.waits_for:
        return context.messages.waiting(job.waits_for)
    return context.messages.label("state", job.state)


def _summary(job: Job) -> dict[str, Any]:
    """A job as one JSON object for `ls`, `show` and `status`."""
    from connector import names

    document = job.document
    return {
        "job": job.id,
        "route": job.route,
        "file": names.display(job.name),
        "parent": job.parent,
        "member": job.member,
        "documents": job.documents or None,
        "state": job.state,
        "outcome": job.outcome,
        "waits_for": job.waits_for,
        "not_before": job.not_before.isoformat() if job.not_before else None,
        "number": document.number if document else None,
        "kind": document.kind if document else None,
        "size": job.size,
        "sha256": job.sha256,
        "claimed_at": job.claimed_at.isoformat(),
        "concluded_at": job.concluded_at.isoformat() if job.concluded_at else None,
        "tracking_id": job.tracking_id,
        "attempts": job.attempts,
        "flow_id": job.flow_id,
        "twin": job.twin,
        "problems": [
            problem.code for problem in (*(job.verdict.problems if job.verdict else ()), *job.problems)
        ],
    }


def _line(context: Context, job: Job, news: dict[str, Any] | None) -> tuple[str, ...]:
    from connector import names

    what = context.outcome(job.outcome) if job.outcome else context.messages.label("state", job.state)
    if news and job.outcome == "accepted":  # what came since says more
        what = arrivals.labelled(context, news)
    number = job.document.number if job.document and job.document.number else "-"
    return job.id, job.route, names.display(job.name), number, what


def _since(text: str) -> datetime:
    if text[:-1].isdigit() and text[-1] in _SPANS:
        return datetime.now(UTC) - int(text[:-1]) * _SPANS[text[-1]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            gettext("{value!r} is neither a date nor a span such as 30m, 12h, 7d, 2w").format(value=text)
        ) from None
    return moment.astimezone(UTC)
