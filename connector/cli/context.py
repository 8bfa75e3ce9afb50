"""What all commands share: the global options, the settings, and how to print for people and for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from connector.cli.speaking import of_the_system
from connector.errors import ConfigurationError, ConnectorError

if TYPE_CHECKING:
    from rich.console import Console

    from connector.messages import Language, Messages
    from connector.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])


class Context:
    """One call of the command line. The settings are read when first asked for."""

    def __init__(self) -> None:
        self.config: Path | None = None
        self.json = False
        self.quiet = False
        self.color = "NO_COLOR" not in os.environ
        self.lang: Language | None = None
        self._settings: Settings | None = None
        self._capturing: Console | None = None

    # ------------------------------------------------------------------ settings and words
    @property
    def settings(self) -> Settings:
        """The checked configuration file.

        Raises:
            ConfigurationError: it is missing or wrong.
        """
        if self._settings is None:
            from connector.settings import find_config, load

            self._settings = load(find_config(self.config))
        return self._settings

    @property
    def messages(self) -> Messages:
        """The catalogue of the language asked for: --lang, else the settings', else the system's."""
        from connector.messages import Messages

        if self.lang is None:
            try:
                self.lang = self.settings.language
            except ConfigurationError:
                self.lang = of_the_system(os.environ)
        return Messages(self.lang)

    def text(self, key: str, **params: object) -> str:
        return self.messages.text(f"cli.{key}", **params)

    def outcome(self, outcome: str) -> str:
        """What people call an outcome."""
        return self.messages.label(f"outcome.{outcome}", "label")

    # ------------------------------------------------------------------ printing
    @property
    def console(self) -> Console:
        """Standard output for people; plain when it is not a terminal."""
        from rich.console import Console

        return self._capturing or Console(
            no_color=not self.color, highlight=False, soft_wrap=not sys.stdout.isatty()
        )

    def captured(self, show: Callable[[], object]) -> str:
        """What `show` would print for people, with its colours, instead of printing it."""
        self._capturing = console = self.console
        try:
            with console.capture() as capture:
                show()
        finally:
            self._capturing = None
        return capture.get()

    @property
    def errors(self) -> Console:
        from rich.console import Console

        return Console(stderr=True, no_color=not self.color, highlight=False, soft_wrap=True)

    @property
    def is_interactive(self) -> bool:
        """Whether progress may be drawn: a person looks on, and has not asked for silence."""
        return sys.stderr.isatty() and not self.quiet and not self.json

    def say(self, line: str) -> None:
        """A line for people; nothing with --quiet or --json."""
        if not self.quiet and not self.json:
            self.console.print(line, markup=False)

    def warn(self, line: str) -> None:
        self.errors.print(line, markup=False)

    def emit(self, record: Mapping[str, Any]) -> None:
        """One JSON object on a line of its own."""
        click.echo(json.dumps(record, ensure_ascii=False, default=str))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table for people; one line a row when piped."""
        from rich.table import Table
        from rich.text import Text

        if self.quiet:
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))  # names from outside are not markup
        self.console.print(table)


def global_options(function: Function) -> Function:
    """The options that every command takes, before or after its name."""

    def store(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
        def callback(ctx: click.Context, _: click.Parameter, value: Any) -> None:
            if value not in (None, False):
                setattr(ctx.ensure_object(Context), name, value)

        return callback

    def no_color(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.ensure_object(Context).color = False

    options = (
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            expose_value=False,
            callback=store("config"),
            help="Configuration file.",
        ),
        click.option(
            "--json",
            is_flag=True,
            expose_value=False,
            callback=store("json"),
            help="JSON on standard output.",
        ),
        click.option(
            "--lang",
            type=click.Choice(["fr", "en"]),
            expose_value=False,
            callback=store("lang"),
            help="Language of what is printed.",
        ),
        click.option(
            "-q", "--quiet", is_flag=True, expose_value=False, callback=store("quiet"), help="Only errors."
        ),
        click.option("--no-color", is_flag=True, expose_value=False, callback=no_color, help="No colours."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def report_error(context: Context, error: ConnectorError) -> None:
    """Say on standard error what is wrong; as one JSON object with --json."""
    if context.json:
        findings = list(getattr(error, "findings", (str(error),)))
        record = {"error": type(error).__name__, "findings": findings, "exit_code": int(error.exit_code)}
        click.echo(json.dumps(record, ensure_ascii=False), err=True)
        return
    for line in getattr(error, "findings", (str(error),)):
        context.warn(line)
