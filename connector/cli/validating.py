"""`connector validate`: the checks alone, without configuration, network or platform.

People read what the operator would be told of each file; programs get the same as one JSON object a document.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from connector.model import Job

_LEVELS = ("off", "warn", "error")
_LARGEST = 100 * 1024 * 1024  # bytes of one document, as of a route that does not say


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--rules",
    type=click.Choice(_LEVELS),
    help="How business rules count. Default: warn, as far as they are installed.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Processes that look into files.",
)
@global_options
@click.pass_obj
def validate(context: Context, paths: tuple[Path, ...], rules: str | None, workers: int) -> int:
    """Check files, and the files in folders and archives, as a route would: one verdict for each."""
    from connector.cli.sightings import Looker
    from connector.outbox.preview import looked_at
    from connector.settings import Workers
    from connector.validation.pool import InspectionPool
    from connector.validation.schemas import check_all

    _check_engine(rules)
    check_all()
    verdicts: Counter[str] = Counter()
    apart = False  # whether an empty line is wanted before the next text
    with InspectionPool(Workers(count=workers)) as pool:
        for sighting in Looker(pool, rules or "warn", _LARGEST).sightings(paths):
            job = looked_at(sighting.name, sighting.size, sighting.seen)
            assert job.verdict is not None
            verdicts[job.verdict.status] += 1
            if context.json:
                context.emit(_record(context, job))
            else:
                _say(context, job, apart=apart)
                apart = job.outcome is None
    if context.is_interactive and verdicts.total() > 1:
        context.warn(_summary(context, verdicts))
    if verdicts["unreadable"]:
        return ExitCode.UNREADABLE
    return ExitCode.SOME_REFUSED if verdicts["invalid"] else ExitCode.DONE


def _check_engine(rules: str | None) -> None:
    """A level that somebody asks for is a promise; without one, what is installed is evaluated."""
    from connector.resources import has_rules_engine

    if rules in ("warn", "error") and not has_rules_engine():
        raise ConfigurationError(
            f"--rules {rules} needs the engine of the business rules; "
            'install it with `pip install "connector[rules]"`'
        )


def _say(context: Context, job: Job, *, apart: bool) -> None:
    """A valid document in one line, with what is worth noting; any other with the operator's whole text."""
    from connector.outbox.preview import preview

    if job.outcome is None:
        context.say(_verdict(context, job))
    elif apart:
        context.say("")
    for line in preview(job, context.messages):
        context.say(line)
    if job.outcome is not None:
        context.say("")


def _verdict(context: Context, job: Job) -> str:
    from connector import names

    name = names.display(job.name)
    kind = context.messages.label("kind", job.document.kind) if job.document else ""
    number = job.document.number if job.document else None
    facts = " ".join(filter(None, (kind, number)))
    verdict = f"{name}{context.text('validate.colon')}{context.messages.label('verdict', 'valid')}"
    return f"{verdict} ({facts})" if facts else verdict


def _record(context: Context, job: Job) -> dict[str, Any]:
    """The line for programs."""
    from connector import names
    from connector.messages import Messages
    from connector.outbox.preview import problems_of

    document, verdict = job.document, job.verdict
    assert verdict is not None
    return {
        "file": names.display(job.name),
        "family": document.family if document else None,
        "kind": document.kind if document else None,
        "syntax": document.syntax if document else None,
        "profile": document.profile if document else None,
        "number": document.number if document else None,
        "verdict": verdict.status,
        "problems": problems_of(job, context.messages, Messages("en")),
        "schema": verdict.schema,
        "rules": verdict.rules,
    }


def _summary(context: Context, verdicts: Counter[str]) -> str:
    messages = context.messages
    counts = [
        messages.count(f"cli.validate.{verdict}", count)
        for verdict in ("valid", "invalid", "unreadable")
        if (count := verdicts[verdict])
    ]
    files = messages.count("cli.validate.files", verdicts.total())
    return f"{files}{messages.text('cli.validate.colon')}{', '.join(counts)}."
