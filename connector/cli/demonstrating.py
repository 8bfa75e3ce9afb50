"""`connector demo`: the whole thing in a minute: a simulated platform, eight files, the real run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from connector.cli.context import Context, global_options
from connector.errors import ConfigurationError, ExitCode, PlatformUnavailable
from connector.model import Outcome

_MARK = ".made-by-connector-demo"


@dataclass(frozen=True, slots=True)
class _Sample:
    """One file that is dropped, and what must become of it."""

    name: str
    content: bytes
    outcome: Outcome


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Made anew; what an earlier demo left there is removed.",
)
@global_options
@click.pass_obj
def demo(context: Context, folder: Path) -> int:
    """Drop eight files, run the connector against a simulated platform, show what became of each."""
    folder = folder.absolute()
    route = _make_tree(folder)
    samples = _samples()
    for sample in samples:
        (route / "inbox" / sample.name).write_bytes(sample.content)
        context.say(context.text("demo.dropped", file=sample.name))
    with _platform() as platform:
        config = _write_config(folder, platform, context.messages.language)
        environment = {**os.environ, "CONNECTOR_PA_CLIENT_SECRET": platform["client_secret"]}
        command = ["run", "--once", "--config", str(config), *(["--quiet"] if context.quiet else [])]
        context.say(f"\n$ connector {' '.join(command)}\n")
        subprocess.run([sys.executable, "-m", "connector", *command], env=environment, check=False)  # noqa: S603 - our own program
    return _show(context, config, route, samples)


def _samples() -> tuple[_Sample, ...]:
    """In the order of dropping: what comes first is the original of what repeats it."""
    from connector.samples.broken import invoice_not_well_formed, invoice_without_date
    from connector.samples.cii import cii_invoice
    from connector.samples.frr import frr_report
    from connector.samples.ubl import ubl_credit_note, ubl_invoice

    invoice = ubl_invoice(number="FA-2026-0001")
    accepted, refused = Outcome.ACCEPTED, Outcome.REJECTED_BEFORE_SENDING
    return (
        _Sample("FA-2026-0001.xml", invoice, accepted),
        _Sample("AV-2026-0001.xml", ubl_credit_note(number="AV-2026-0001"), accepted),
        _Sample("FC-2026-0002.xml", cii_invoice(number="FC-2026-0002"), accepted),
        _Sample("ereporting_novembre.xml", frr_report(), accepted),
        _Sample("FA-2026-0003.xml", invoice_without_date(number="FA-2026-0003"), refused),
        _Sample("FA-2026-0004.xml", invoice_not_well_formed(number="FA-2026-0004"), Outcome.UNREADABLE),
        _Sample("copie de FA-2026-0001.xml", invoice, Outcome.DUPLICATE),
        _Sample("FA-2026-0001_corrigee.xml", ubl_invoice(number="FA-2026-0001", lines=2), Outcome.HELD),
    )


def _make_tree(folder: Path) -> Path:
    """A fresh tree; an earlier demo is removed, anything else is left alone.

    Raises:
        ConfigurationError: the folder holds something that is not ours.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise ConfigurationError(
                f"{folder} is not empty and not from an earlier demo; choose another folder"
            )
        shutil.rmtree(folder)
    route = folder / "ventes"
    (route / "inbox").mkdir(parents=True)
    (folder / _MARK).write_text("connector demo\n", "utf-8")
    return route


def _write_config(folder: Path, platform: dict[str, str], language: str) -> Path:
    config = folder / "connector.toml"
    config.write_text(
        f"""\
environment = "test"
language = "{language}"
state_dir = "{folder}/state"

[[account]]
name = "pa"
gateway = "afnor"
base_url = "{platform["base_url"]}"
token_url = "{platform["token_url"]}"
client_id = "{platform["client_id"]}"
poll_seconds = 0.5

[[route]]
name = "ventes"
root = "{folder}/ventes"
account = "pa"
accept = ["invoice", "ereporting"]
quiet_seconds = 1.0
""",
        "utf-8",
    )
    return config


@contextlib.contextmanager
def _platform() -> Iterator[dict[str, str]]:
    """The simulator as a program of its own, as an integrator would run it."""
    command = [sys.executable, "-m", "connector", "simulator", "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise PlatformUnavailable("the simulator did not start")
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def _show(context: Context, config: Path, route: Path, samples: tuple[_Sample, ...]) -> int:
    """A line for each file: what became of it, whether that was to be expected, and where to look."""
    from connector.journal.view import JournalView
    from connector.paths import journal_of
    from connector.settings import load

    view = JournalView(journal_of(load(config)))
    jobs = {job.name.decode(): job for job in view.jobs()}
    view.close()
    rows, as_expected = [], True
    for sample in samples:
        job = jobs.get(sample.name)
        outcome = job.outcome if job else None
        good = outcome == sample.outcome
        as_expected &= good
        where = job.result[-1].target if job and job.result else "inbox"
        if context.json:
            context.emit({"file": sample.name, "outcome": outcome, "as_expected": good, "result": where})
        label = context.outcome(outcome) if outcome else "-"
        rows.append((sample.name, label, "✓" if good else "✗", where))
    if not context.json:
        columns = [context.text(f"demo.{column}") for column in ("file", "outcome", "expected", "where")]
        context.table(columns, rows)
        context.say("")
        context.say(context.text("demo.look", folder=route / "outbox"))
        context.say(context.text("demo.good" if as_expected else "demo.bad"))
    return ExitCode.DONE if as_expected else ExitCode.SOME_REFUSED
