"""The French help is whole: everything the command line can show has its entry, and no entry is left over."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from connector.cli import connector
from connector.cli.speaking import CATALOGUES, asked_for

PROJECT = Path(__file__).parents[2]
PO = CATALOGUES / "fr" / "LC_MESSAGES" / "connector.po"
# The modules of click whose words people can come to see; the others are for prompts, pagers and Windows.
CLICK = ("core.py", "decorators.py", "exceptions.py", "formatting.py", "parser.py", "types.py")


def french() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="fr")


def entries() -> list[Message]:
    return [message for message in french() if message.id]


def key(message: Message) -> str:
    """What gettext looks an entry up by: the singular, where there are two."""
    return message.id if isinstance(message.id, str) else message.id[0]


def contents(catalog: Catalog) -> dict[str, tuple[list[str], list[str]]]:
    """Each entry: its one text or its two, in English and in French."""
    return {key(message): (forms(message.id), forms(message.string)) for message in catalog if message.id}


def forms(text: object) -> list[str]:
    return [text] if isinstance(text, str) else list(text) if isinstance(text, list | tuple) else []


def commands(command: click.Command = connector) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from commands(found)


def shown(command: click.Command) -> Iterator[str]:
    """What the help of one command shows, as it stands in the code, but for the names of options."""
    assert command.help, command.name
    yield inspect.cleandoc(command.help)
    if isinstance(command, click.Group):
        yield command.subcommand_metavar
    context = click.Context(command)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, (command.name, parameter.name)
            yield parameter.help
            if parameter.metavar:
                yield parameter.metavar
        elif not isinstance(parameter.type, click.Choice):
            yield parameter.make_metavar(context)
        takes_a_value = isinstance(parameter, click.Argument) or not getattr(parameter, "is_flag", False)
        if takes_a_value and parameter.type.get_metavar(parameter, context) is None:
            yield parameter.type.name  # in the place of a metavar, and in what click has against a value


def said_in(folder: Path, *files: str) -> set[str]:
    """What the sources in a folder give to gettext; only of these files, if any are named."""
    return {
        text if isinstance(text, str) else text[0]
        for name, _, text, _, _ in extract_from_dir(folder, method_map=[("**.py", "python")])
        if not files or name in files
    }


def needed() -> set[str]:
    helps = {text for command in commands() for text in shown(command)}
    clicks = said_in(Path(inspect.getfile(click)).parent, *CLICK)
    return helps | clicks | said_in(PROJECT / "connector" / "cli")


def test_everything_that_help_and_errors_can_say_has_a_french_entry_and_none_is_left_over() -> None:
    translated = {key(message) for message in entries()}
    assert needed() - translated == set(), "without a French entry"
    assert translated - needed() == set(), "left over"


def test_what_gettext_reads_is_what_people_wrote() -> None:
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = read_mo(file)
    assert contents(compiled) == contents(french()), "run `make translations`"
    assert compiled.plural_forms == french().plural_forms


@pytest.mark.parametrize("message", entries(), ids=key)
def test_an_entry_is_whole_keeps_its_gaps_and_is_set_as_french_is(message: Message) -> None:
    assert not message.fuzzy
    sources, texts = forms(message.id), forms(message.string)
    gaps = r"\{\w+(?:!r)?\}|%\(\w+\)s"
    known = {gap for source in sources for gap in re.findall(gaps, source)}
    for source, text in zip(sources, texts, strict=True):
        assert text.strip()
        assert set(re.findall(gaps, text)) <= known
        if len(sources) == 1:
            assert sorted(re.findall(gaps, text)) == sorted(re.findall(gaps, source))
        assert not re.search(r" [:;!?»%]|« ", text), "a space that may break"
        assert text.count("\n\n") == source.count("\n\n"), "paragraphs"


@pytest.mark.parametrize(
    ("words", "locale", "language"),
    [
        ("run --help", {}, "en"),
        ("--lang fr run --help", {"LANG": "en_GB.UTF-8"}, "fr"),
        ("run --lang=fr --help", {}, "fr"),
        ("run --lang en --lang fr", {}, "fr"),
        ("ls --lang en", {"LANG": "fr_FR.UTF-8"}, "en"),
        ("ls", {"LANG": "fr_FR.UTF-8"}, "fr"),
        ("ls", {"LC_ALL": "C.UTF-8", "LANG": "fr_FR.UTF-8"}, "en"),
        ("ls", {"LC_ALL": "", "LC_MESSAGES": "fr_BE", "LANG": "de_DE"}, "fr"),
        ("ls --lang", {}, "en"),
        ("ls --lang de", {"LANG": "fr_FR.UTF-8"}, "fr"),
        ("show -- --lang fr", {}, "en"),
    ],
)
def test_the_option_decides_the_language_before_the_locale(
    words: str, locale: dict[str, str], language: str
) -> None:
    assert asked_for(words.split(), locale) == language
