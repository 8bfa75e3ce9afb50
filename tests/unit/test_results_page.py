"""The page for integrators says what the program writes: every example, table and list of it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connector.model import FINE, Outcome
from connector.outbox.advice import Action, Who
from connector.outbox.forms import COLUMNS
from connector.outbox.scribe import FOLDERS
from connector.settings import Route
from tests.unit.outbox_situations import EARLIER, SITUATIONS, job, scribe, sent
from tests.unit.test_outbox_forms import files

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text("utf-8")
RESULT = files(*SITUATIONS["rejetee"])


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def column(header: str) -> list[str]:
    """The words in backticks of the first column of a table."""
    table = PAGE.split(f"| `{header}` | means |")[1].split("\n\n")[0]
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


def is_part(example: Any, whole: Any) -> bool:
    if isinstance(example, dict):
        return all(is_part(value, whole[key]) for key, value in example.items())
    if isinstance(example, list):
        return all(is_part(item, of) for item, of in zip(example, whole, strict=False))
    return bool(example == whole)


def test_the_example_in_json_is_part_of_a_real_result() -> None:
    assert is_part(json.loads(block("json")), json.loads(RESULT["json"]))


def test_the_example_in_xml_is_part_of_a_real_result() -> None:
    whole = etree.fromstring(RESULT["xml"])
    example = etree.fromstring(block("xml").encode())
    shown = [node for node in example.iter() if len(node) == 0]
    assert len(shown) == 5
    for node in shown:
        path = etree.ElementTree(example).getpath(node).removeprefix("/result/")
        assert whole.findtext(path) == node.text


def test_the_columns_are_those_of_the_csv_file() -> None:
    assert tuple(block("text").split()) == COLUMNS


def test_the_settings_can_be_set_and_their_defaults_are_as_told() -> None:
    shown = tomllib.loads(block("toml"))
    assert Route(name="ventes", root=Path("/x"), account="pa", **shown).go_marker
    for line in block("toml").splitlines():
        name, default = re.match(r"(\w+) .*default: (.*)$", line).groups()  # type: ignore[union-attr]
        told = tomllib.loads(f"value = {default}")["value"]
        is_list = isinstance(told, list)
        assert Route.model_fields[name].default == (tuple(told) if is_list else told)
    assert set(shown) >= {name for name in Route.model_fields if name.startswith(("result_", "go_"))}


def test_the_reader_in_python_reads_each_result_once(tmp_path: Path) -> None:
    for number, ended in enumerate((sent(job(Outcome.ACCEPTED)), job(Outcome.HELD))):
        for folder, suffix, content in scribe().compose(ended, None):
            tmp_path.joinpath(folder).mkdir(parents=True, exist_ok=True)
            tmp_path.joinpath(folder, f"FA{number}.xml{suffix}").write_bytes(content or b"<Invoice/>")
    names: dict[str, Any] = {}
    exec(block("python"), names)
    assert list(names["results"](tmp_path)) == [
        ("FA2026-00125.xml", "held", "contact_admin"),
        ("FA2026-00125.xml", "accepted", "none"),
    ]
    assert list(names["results"](tmp_path)) == []


def test_every_outcome_and_action_is_explained() -> None:
    assert column("outcome") == [outcome.value for outcome in Outcome]
    assert column("next.action") == [action.value for action in Action]
    assert all(f"`{who}`" in PAGE for who in Who)


@pytest.mark.parametrize("outcome", Outcome)
def test_the_table_of_folders_is_what_the_scribe_does(outcome: Outcome) -> None:
    name = outcome if outcome in FINE else "all others"
    row = next(line for line in PAGE.splitlines() if re.match(rf"\| `?{name}`? \| `", line))
    _, _, folder, shown, _ = row.split("|")
    composed = list(scribe().compose(job(outcome), EARLIER))
    assert re.findall("`([^`]+)`", shown) == [f"FA1.xml{suffix}" for _, suffix, _ in composed]
    day = composed[0][0].rpartition("/")[2]
    assert folder.strip(" `").replace("<day>", day) == f"{composed[0][0]}/"
    assert FOLDERS["en"].errors in PAGE
    assert FOLDERS["en"].notice in PAGE
    assert f"{FOLDERS['en'].duplicate}.json" in PAGE
