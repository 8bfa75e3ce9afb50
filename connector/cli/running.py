"""`connector run`: the daemon, and the batch."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.service import Report

Tick = Callable[[int, int], None]  # jobs concluded in this run, jobs left


@click.command()
@click.option("--once", is_flag=True, help="Do what lies in the inboxes, follow it, and end.")
@click.option("--route", "routes", multiple=True, help="Only this route (may be given again).")
@click.option(
    "--follow-for",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="With --once: seconds without any movement after which the rest is left for the next run.",
)
@global_options
@click.pass_obj
def run(context: Context, once: bool, routes: tuple[str, ...], follow_for: float) -> int:
    """Run the routes: as a daemon, or with --once until nothing is left to do."""
    return run_routes(context, routes, once=once, follow_for=follow_for)


def run_routes(context: Context, routes: tuple[str, ...], *, once: bool, follow_for: float) -> int:
    """Run these routes (none for all) in this process, and say how it went.

    Raises:
        ConnectorError: it cannot start.
    """
    stop, signals = threading.Event(), _Signals()
    with signals.caught(stop), _progress(context) as tick:
        report = _run(context, routes, stop, tick, once=once, follow_for=follow_for)
    if once:
        _tell(context, report.outcomes, report.left, report.in_inbox)
    if signals.interrupted:
        return ExitCode.INTERRUPTED
    return report.exit_code if once or report.crashed else ExitCode.DONE


def run_quietly(context: Context, routes: tuple[str, ...], *, follow_for: float) -> None:
    """Do what lies in the inboxes of these routes, as `run --once`, and say nothing."""
    stop, signals = threading.Event(), _Signals()
    with signals.caught(stop):
        _run(context, routes, stop, None, once=True, follow_for=follow_for)


def _run(
    context: Context,
    routes: tuple[str, ...],
    stop: threading.Event,
    tick: Tick | None,
    *,
    once: bool,
    follow_for: float,
) -> Report:
    from connector import log
    from connector.paths import log_of
    from connector.service import Service
    from connector.wiring import assembled

    settings = context.settings
    log.set_up(
        level=settings.log_level,
        folder=log_of(settings),
        console=not context.quiet and not context.is_interactive,
    )
    with assembled(settings, routes) as assembly:
        return Service(assembly, stop, tick).run(once=once, follow_for=follow_for)


def _tell(context: Context, outcomes: dict[str, int], left: int, in_inbox: int) -> None:
    if context.json:
        context.emit({"outcomes": outcomes, "left": left, "in_inbox": in_inbox})
        return
    for outcome, count in sorted(outcomes.items()):
        context.say(f"{count:>6}  {context.outcome(outcome)}")
    if left:
        context.say(context.text("run.left", n=left))
    if in_inbox:
        context.say(context.text("run.in_inbox", n=in_inbox))
    if not outcomes and not left and not in_inbox:
        context.say(context.text("run.nothing"))


class _Signals:
    """SIGTERM and the first Ctrl-C end the run in good order; a second Ctrl-C ends it at once."""

    def __init__(self) -> None:
        self.interrupted = False

    @contextlib.contextmanager
    def caught(self, stop: threading.Event) -> Iterator[None]:
        def handle(number: int, _: FrameType | None) -> None:
            if number == signal.SIGINT:
                self.interrupted = True
                signal.signal(signal.SIGINT, signal.default_int_handler)
            stop.set()

        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _progress(context: Context) -> Iterator[Tick | None]:
    """A bar on a terminal, moved by the jobs that are concluded and those still on their way."""
    if not context.is_interactive:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=context.errors) as progress:
        bar = progress.add_task(context.text("run.progress"), total=None)

        def tick(concluded: int, left: int) -> None:
            progress.update(bar, completed=concluded, total=concluded + left or None)

        yield tick
