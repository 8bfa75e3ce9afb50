"""What the documents say is what the program does: commands, options, exit codes, settings, links."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from connector.cli import connector
from connector.delivery import Mail
from connector.errors import ExitCode
from connector.policy import STEPS
from connector.settings import Account, Declarant, Monitoring, Route, Settings, Timeouts, Workers
from connector.validation.catalogue import load_catalogue

PROJECT = Path(__file__).parents[2]
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
SHIPPED = PROJECT / "config" / "connector.toml"
MODELS: dict[str, type[BaseModel]] = {
    "": Settings,
    "account": Account,
    "route": Route,
    "declarant": Declarant,
    "workers": Workers,
    "monitoring": Monitoring,
    "mail": Mail,
}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """(document, words) of each `connector …` in code: what follows a prompt, or stands between backticks."""
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        shown = re.findall(r"^\$ (?:.*/)?(connector .*)$|`(connector [^`]+)`", text, re.MULTILINE)
        for prompt, inline in shown:
            yield document.name, shlex.split(prompt or inline, comments=True)[1:]


def parsed(words: list[str]) -> click.Command:
    """The command that the words name; raises click's errors for what its parser does not know."""
    context = click.Context(connector)
    _, rest, _ = connector.make_parser(context).parse_args(list(words))
    _, command, rest = connector.resolve_command(context, rest)
    assert command is not None
    command.make_parser(click.Context(command)).parse_args(rest)
    return command


# --------------------------------------------------------------------------- the command line
@pytest.mark.parametrize(("document", "words"), list(command_lines()))
def test_every_command_line_that_is_shown_can_be_typed(document: str, words: list[str]) -> None:
    assert parsed(words), document


@pytest.mark.parametrize("words", [["run", "--onec"], ["runn"], ["ls", "--state"]])
def test_a_command_line_that_is_wrong_would_be_noticed(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        parsed(words)


def test_every_command_has_its_line_in_the_readme_and_a_help_text() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    commands = connector.list_commands(click.Context(connector))
    assert set(re.findall(r"^\| `connector ([a-z-]+)", readme, re.MULTILINE)) == set(commands)
    for name in commands:
        done = CliRunner().invoke(connector, [name, "--help"])
        assert done.exit_code == ExitCode.DONE
        assert f"connector {name}" in done.output


def test_the_table_of_exit_codes_is_the_programs() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    table = readme.split("| exit code | meaning |")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(int(code)) for code in ExitCode]


# --------------------------------------------------------------------------- the settings
def shown_settings() -> dict[str, dict[str, tuple[Any, bool]]]:
    """Section → key → (value shown, whether it is only shown); a key without a value has None."""
    sections: dict[str, dict[str, tuple[Any, bool]]] = {"": {}}
    section = ""
    for line in SHIPPED.read_text("utf-8").splitlines():
        if header := re.match(r"(?:# )?\[{1,2}([a-z]+)\]{1,2}$", line):
            section = header[1]
            sections[section] = {}
        elif pair := re.match(r"(# )?([a-z][a-z_-]*) *= .*", line):
            value = tomllib.loads(line.removeprefix("# "))[pair[2]]
            sections[section][pair[2]] = (value, pair[1] is not None)
        elif names := re.match(r"# ([a-z]+(?:, [a-z]+)+) +# ", line):
            sections[section] |= dict.fromkeys(names[1].split(", "), (None, True))
    return sections


def test_every_setting_is_in_the_shipped_configuration_and_nothing_else() -> None:
    shown = shown_settings()
    for section, model in MODELS.items():
        expected = set(model.model_fields) - (set(shown) if section == "" else set())
        assert set(shown[section]) == expected, section or "the top"
    assert set(shown) == {*MODELS, "schemas"}
    assert set(shown["account"]["timeouts"][0]) == set(Timeouts.model_fields)


def test_the_kinds_of_the_schemas_section_are_kinds_of_the_catalogue() -> None:
    assert set(shown_settings()["schemas"]) <= set(load_catalogue().entries)


@pytest.mark.parametrize("section", MODELS)
def test_a_setting_that_is_only_shown_shows_its_default(section: str) -> None:
    for key, (value, only_shown) in shown_settings()[section].items():
        field = MODELS[section].model_fields[key]
        default = field.get_default(call_default_factory=True, validated_data={})
        if not only_shown or value is None or default is None or field.is_required():
            continue  # a value to be edited, or a default that depends on something else
        if isinstance(default, BaseModel):
            default = default.model_dump()
        assert value == (list(default) if isinstance(default, tuple) else default), key


# --------------------------------------------------------------------------- the rest
def test_every_link_between_documents_leads_somewhere() -> None:
    for document in [*DOCUMENTS, PROJECT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8")):
            assert target.startswith("https://") or (document.parent / target).exists(), target


def test_the_pictures_of_the_journey_show_every_state() -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    pictures = "".join(page.split("## Folders")[0].split("```")[1::2])
    assert {state.name for state in STEPS} == set(re.findall(r"\b[A-Z]{4,}\b", pictures))


def test_the_layers_in_the_documents_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    checked = [set(re.findall(r"\w+", layer)) for layer in contracts["contracts"][0]["layers"][1:]]
    page = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    drawn = page.split("## What may import what")[1].split("```")[1]
    layers = [re.split(r" {2,}", line)[0] for line in drawn.strip().splitlines()]
    assert [set(layer.split(" · ")) for layer in layers] == checked
