"""`connector validate`: the checks alone, without configuration, network or platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.context import Context, global_options
from connector.errors import ExitCode

if TYPE_CHECKING:
    from connector.model import Inspection, InspectionLost, Problem

_AT_ONCE = 500  # files handed to the workers in one go


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Processes that look into files.",
)
@global_options
@click.pass_obj
def validate(context: Context, paths: tuple[Path, ...], workers: int) -> int:
    """Check files, and the files in folders, as a route would: one verdict for each."""
    from connector.settings import Workers
    from connector.validation.pool import InspectionPool
    from connector.validation.schemas import check_all

    check_all()
    worst = ExitCode.DONE
    with InspectionPool(Workers(count=workers)) as pool:
        for batch in _batches(_files(paths)):
            for path, seen in _inspect(pool, batch):
                worst = max(worst, _tell(context, path, seen))
    return worst


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.is_file())
        else:
            yield path


def _batches(files: Iterable[Path]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    for file in files:
        batch.append(file)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _inspect(pool: Any, files: list[Path]) -> list[tuple[Path, Inspection | InspectionLost]]:
    """The verdicts in the order of the files."""
    from connector.model import InspectionOrder

    orders = [
        InspectionOrder(key=str(number), path=file.absolute(), size=file.stat().st_size)
        for number, file in enumerate(files)
    ]
    seen = {int(key): inspection for group in pool.inspect(orders) for key, inspection in group}
    return [(file, seen[number]) for number, file in enumerate(files)]


def _tell(context: Context, path: Path, seen: Inspection | InspectionLost) -> ExitCode:
    import os

    from connector import names
    from connector.model import InspectionLost, Problem, Verdict, VerdictStatus

    name = names.display(os.fsencode(path))
    if isinstance(seen, InspectionLost):
        document = None
        lost = Problem(code="inspection-lost", found=seen.reason)
        verdict = Verdict(status=VerdictStatus.UNREADABLE, problems=(lost,))
    else:
        document, verdict = seen.document, seen.verdict
    if context.json:
        context.emit(
            {
                "file": name,
                "family": document.family if document else None,
                "syntax": document.syntax if document else None,
                "profile": document.profile if document else None,
                "number": document.number if document else None,
                "verdict": verdict.status,
                "problems": [_record(problem) for problem in verdict.problems],
                "schema": verdict.schema,
                "rules": verdict.rules,
            }
        )
    else:
        kind = context.messages.label("kind", document.kind) if document else ""
        status = context.messages.label("verdict", verdict.status)
        context.say(f"{name}: {status}{f' ({kind})' if kind else ''}")
        for problem in verdict.problems:
            context.say(f"    {_sentence(context, problem)}")
    codes = {VerdictStatus.VALID: ExitCode.DONE, VerdictStatus.INVALID: ExitCode.SOME_REFUSED}
    return codes.get(verdict.status, ExitCode.UNREADABLE)


def _record(problem: Problem) -> dict[str, Any]:
    return {key: value for key, value in asdict(problem).items() if value is not None}


def _sentence(context: Context, problem: Problem) -> str:
    entry = context.messages.entry(
        problem.code,
        source=problem.source,
        message=problem.message,
        found=problem.found,
        expected=problem.expected,
        line=problem.line,
    )
    facts = [problem.code]
    if problem.line:
        facts.append(context.text("line", n=problem.line))
    if problem.where:
        facts.append(problem.where)
    if problem.found:
        facts.append(context.text("found", value=problem.found))
    if problem.expected:
        facts.append(context.text("expected", value=problem.expected))
    return f"{entry.title} [{'; '.join(facts)}]"
