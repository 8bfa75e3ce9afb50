"""E-reporting as an operator meets it: deadlines, what was sent for each period, reports built from CSV."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.calendars import read_calendar
from connector.periods import Period, Shape
from connector.samples.frr import frr_report
from connector.samples.parties import SELLER
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import Tree, plant

TODAY = datetime.now(ZoneInfo("Europe/Paris")).date()
DECLARANT = f"""
[[declarant]]
siren = "{SELLER}"
name = "Exemple & Fils SAS"
regime = "reel_normal_mensuel"
size = "eti"
data = ["transactions"]
route = "ventes"
platform = "0123"
platform_name = "Plateforme Exemple"
"""


def last_ended() -> tuple[Period, Shape]:
    """The last decade that is over."""
    near = read_calendar().periods("reel_normal_mensuel", "transactions", TODAY - timedelta(days=40), TODAY)
    return [(period, shape) for period, shape in near if period.end < TODAY][-1]


PERIOD, SHAPE = last_ended()


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    made = plant(tmp_path, platform, route={"accept": ["ereporting"]})
    declare(made)
    return made


def declare(tree: Tree, text: str = DECLARANT) -> None:
    tree.config.write_text(tree.config.read_text("utf-8") + text, "utf-8")


def report(number: str = "ER1", **more: Any) -> bytes:
    facts: dict[str, Any] = {
        "number": number,
        "period_start": PERIOD.start,
        "period_end": PERIOD.end,
        "issued_at": datetime.combine(PERIOD.end + timedelta(days=1), datetime.min.time()),
        "transactions": 6,
    }
    return frr_report(**(facts | more))


# --------------------------------------------------------------------------- deadlines
def test_a_period_is_done_once_its_report_is_accepted_and_the_others_are_asked_for(tree: Tree) -> None:
    tree.drop("report.xml", report())
    assert tree.run_once().code == 0
    lines = {line["period_start"]: line for line in tree.run("deadlines", "--json", "--days", "60").lines}
    done = lines[str(PERIOD.start)]
    assert (done["standing"], done["due"]) == ("done", str(SHAPE.deadline(PERIOD.end)))
    assert [(one["number"], one["type"], one["outcome"]) for one in done["reports"]] == [
        ("ER1", "IN", "accepted")
    ]
    others = {line["standing"] for start, line in lines.items() if start != str(PERIOD.start)}
    assert others <= {"open", "soon", "urgent", "late"}
    assert "late" in others  # a month that nobody reported
    status = json.loads(tree.run("status", "--json").out)["deadlines"]
    assert status["late"] == sum(line["standing"] == "late" for line in lines.values())
    assert status["next"]["period_start"] > str(PERIOD.start)


def test_the_log_and_the_status_tell_of_what_is_late(tree: Tree) -> None:
    assert tree.run_once().code == 0
    told = [json.loads(line) for line in tree.log().splitlines() if "ereporting.deadline" in line]
    late = [line for line in told if line["standing"] == "late"]
    assert len(late) == len({line["period"] for line in late}) >= 2
    assert {line["declarant"] for line in late} == {SELLER}
    wide = tree.environment(COLUMNS="200")
    assert "en retard" in tree.run("status").out
    shown = tree.run("deadlines", env=wide)
    assert "dépassée depuis" in shown.out
    assert "Une période sans opération ne se déclare pas" in shown.out
    assert "over for" in tree.run("deadlines", "--lang", "en", env=wide).out


def test_without_a_company_in_the_configuration_there_are_no_deadlines(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    ended = tree.run("deadlines")
    assert (ended.code, "[[declarant]]" in ended.out) == (0, True)
    assert tree.run("deadlines", "--json").out == ""
    assert json.loads(tree.run("status", "--json").out)["deadlines"]["next"] is None


def test_a_company_that_is_not_in_the_configuration_is_a_wrong_argument(tree: Tree) -> None:
    ended = tree.run("deadlines", "--declarant", "552100554")
    assert (ended.code, "552100554" in ended.err) == (2, True)


@pytest.mark.parametrize("verb", ["run", "check-config", "deadlines"])
def test_a_regime_that_the_calendar_does_not_have_is_a_matter_of_configuration(
    tmp_path: Path, verb: str
) -> None:
    tree = plant(tmp_path)
    declare(tree, DECLARANT.replace("reel_normal_mensuel", "mensuel"))
    ended = tree.run(verb)
    assert (ended.code, "'mensuel'" in ended.err) == (78, True), ended.err
    assert "Traceback" not in ended.err
