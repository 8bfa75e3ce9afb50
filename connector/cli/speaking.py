"""The language of the help and of click's own words: gettext, with a catalogue for each language but English.

What stands in the code is English, and is what the catalogue is asked for. `connector/locale/<language>/` has
it as people write it (`connector.po`) and as gettext reads it (`connector.mo`, made by `make translations`).
What commands say of invoices does not stand there but in `messages.*.toml`.
"""

from __future__ import annotations

import gettext
import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connector.texts import Language

CATALOGUES = Path(__file__).parents[1] / "locale"
_DOMAIN = "connector"


def of_the_system(environment: Mapping[str, str]) -> Language:
    """French where the locale is (POSIX: LC_ALL, LC_MESSAGES, LANG), else English."""
    locale = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG", "")
    return "fr" if locale.lower().startswith("fr") else "en"


def asked_for(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of a command line: its last --lang, else the system's.

    Read before click parses it, because what click has against a command line is said in that language too.
    """
    found = of_the_system(environment)
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option == "--":
            break
        name, _, joined = option.partition("=")
        wanted = joined or value
        if name == "--lang" and wanted in ("fr", "en"):
            found = "fr" if wanted == "fr" else "en"
    return found


def speak(language: Language) -> None:
    """Let gettext, and click with it, answer in this language from now on."""
    os.environ["LANGUAGE"] = language  # what gettext asks before the locale
    gettext.bindtextdomain(_DOMAIN, str(CATALOGUES))
    gettext.textdomain(_DOMAIN)


def translated(command: click.Command) -> click.Command:
    """The command, with what its help shows, and that of its sub-commands, in the language that is spoken.

    What the catalogue does not have stays as it is.
    """
    if command.help:
        command.help = gettext.gettext(inspect.cleandoc(command.help))
    for parameter in command.params:
        _translate(parameter, click.Context(command))
    if isinstance(command, click.Group):
        command.subcommand_metavar = gettext.gettext(command.subcommand_metavar)
        for each in command.commands.values():
            translated(each)
    return command


def _translate(parameter: click.Parameter, context: click.Context) -> None:
    if isinstance(parameter, click.Argument):
        parameter.metavar = parameter.make_metavar(context)
    elif isinstance(parameter, click.Option) and parameter.help:
        parameter.help = gettext.gettext(parameter.help)
    if parameter.metavar:
        parameter.metavar = gettext.gettext(parameter.metavar)
    parameter.type.name = gettext.gettext(parameter.type.name)
