"""E-reporting as an operator meets it: deadlines, what was sent for each period, reports built from CSV."""

from __future__ import annotations

import io
import json
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.calendars import read_calendar
from connector.cli import main
from connector.periods import Period, Shape
from connector.samples.frr import frr_report
from connector.samples.parties import SELLER
from connector.simulator import Simulator
from tests import one_thread
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Ended, Tree, plant, visible

PROJECT = Path(__file__).parents[2]
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
def tree(tmp_path: Path, platform: Simulator, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    made = plant(tmp_path, platform, route={"accept": ["ereporting"]})
    declare(made)
    return made


def declare(tree: Tree, text: str = DECLARANT) -> None:
    tree.config.write_text(tree.config.read_text("utf-8") + text, "utf-8")


def called(tree: Tree, *arguments: str | Path, columns: int = 80) -> Ended:
    """A command in this process: what only looks or builds needs no process of its own to be tried."""
    verb, *rest = map(str, arguments)
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", ["connector", verb, "--config", str(tree.config), *rest])
        patch.setenv("COLUMNS", str(columns))
        patch.chdir(tree.folder)
        with pytest.raises(SystemExit) as left:
            main()
    tree.said.extend((out.getvalue(), err.getvalue()))
    return Ended(code=int(left.value.code or 0), out=out.getvalue(), err=err.getvalue())


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
    one_thread.run(tree)
    lines = {line["period_start"]: line for line in called(tree, "deadlines", "--json", "--days", "60").lines}
    done = lines[str(PERIOD.start)]
    assert (done["standing"], done["due"]) == ("done", str(SHAPE.deadline(PERIOD.end)))
    assert [(one["number"], one["type"], one["outcome"]) for one in done["reports"]] == [
        ("ER1", "IN", "accepted")
    ]
    others = {line["standing"] for start, line in lines.items() if start != str(PERIOD.start)}
    assert others <= {"open", "soon", "urgent", "late"}
    assert "late" in others  # a month that nobody reported
    status = json.loads(called(tree, "status", "--json").out)["deadlines"]
    assert status["late"] == sum(line["standing"] == "late" for line in lines.values())
    assert status["next"]["period_start"] > str(PERIOD.start)


def test_the_log_and_the_status_tell_of_what_is_late(tree: Tree) -> None:
    assert tree.run_once().code == 0
    told = [json.loads(line) for line in tree.log().splitlines() if "ereporting.deadline" in line]
    late = [line for line in told if line["standing"] == "late"]
    assert len(late) == len({line["period"] for line in late}) >= 2
    assert {line["declarant"] for line in late} == {SELLER}
    assert "en retard" in called(tree, "status").out
    shown = called(tree, "deadlines", columns=200)
    assert "jours de retard" in shown.out
    assert "Une période sans opération ne se déclare pas" in shown.out
    assert "days late" in called(tree, "deadlines", "--lang", "en", columns=200).out


def test_without_a_company_in_the_configuration_there_are_no_deadlines(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    ended = called(tree, "deadlines")
    assert (ended.code, "[[declarant]]" in ended.out) == (0, True)
    assert called(tree, "deadlines", "--json").out == ""
    assert json.loads(called(tree, "status", "--json").out)["deadlines"]["next"] is None


def test_a_company_that_is_not_in_the_configuration_is_a_wrong_argument(tree: Tree) -> None:
    ended = called(tree, "deadlines", "--declarant", "552100554")
    assert (ended.code, "552100554" in ended.err) == (2, True)


@pytest.mark.parametrize("verb", ["check-config", "deadlines", "run"])
def test_a_regime_that_the_calendar_does_not_have_is_a_matter_of_configuration(
    tmp_path: Path, verb: str
) -> None:
    tree = plant(tmp_path)
    declare(tree, DECLARANT.replace("reel_normal_mensuel", "mensuel"))
    ended = tree.run(verb)
    assert (ended.code, "'mensuel'" in ended.err) == (78, True), ended.err
    assert "Traceback" not in ended.err


# --------------------------------------------------------------------------- reports built from tables
def sales(tree: Tree, *amounts: int, day: date = PERIOD.start, encoding: str = "cp1252") -> Path:
    """A table of sales as French Excel saves it."""
    rows = [f"{day:%d/%m/%Y};TLB1;{amount},00;20;{amount * 20 // 100},00;1" for amount in amounts]
    text = "\r\n".join(["Date;Catégorie;Montant HT;Taux TVA;Montant TVA;Nombre", *rows, ""])
    path = tree.folder / "ventes.csv"
    path.write_bytes(text.encode(encoding))
    return path


def build(tree: Tree, *more: str | Path, period: str | None = None) -> Ended:
    return called(
        tree, "ereporting", "build", "--declarant", SELLER, "--period", period or str(PERIOD), "--json", *more
    )


def of_period(tree: Tree) -> dict[str, Any]:
    lines = called(tree, "ereporting", "status", "--json", "--period", str(PERIOD)).lines
    assert len(lines) == 1
    return lines[0]


def test_a_table_becomes_a_report_that_the_platform_accepts_once(tree: Tree, platform: Simulator) -> None:
    built = build(tree, "--sales", sales(tree, 100, 200))
    assert built.code == 0, built.err
    (line,) = built.lines
    assert (line["aggregates"], line["total_without_vat"], line["total_vat"]) == (1, "300.00", "60.00")
    assert visible(tree.inbox) == [f"{SELLER}_{line['number']}_{PERIOD.start:%Y%m%d}_{PERIOD.end:%Y%m%d}.xml"]
    one_thread.run(tree)
    assert len(platform.flows) == 1
    status = of_period(tree)
    assert status["standing"] == "done"
    assert [(one["number"], one["outcome"], one["total_vat"]) for one in status["reports"]] == [
        (line["number"], "accepted", "60.00")
    ]
    again = build(tree, "--sales", tree.folder / "ventes.csv")
    assert (again.code, [p["code"] for p in again.lines[0]["problems"]]) == (1, ["report-already-sent"])
    assert visible(tree.inbox) == []


def test_a_rectifying_report_with_less_in_it_is_held_and_one_with_more_goes(
    tree: Tree, platform: Simulator
) -> None:
    for amounts, more, held in (
        ((100, 200), [], False),
        ((100,), ["--rectify"], True),
        ((100, 250), ["--rectify"], False),
    ):
        built = build(tree, "--sales", sales(tree, *amounts), *more)
        assert built.code == 0, built.err
        warned = {problem["code"] for problem in built.lines[0]["problems"]} - {"report-late"}
        assert warned == ({"report-carries-less"} if held else set())
        one_thread.run(tree)
    assert [(one["type"], one["outcome"]) for one in of_period(tree)["reports"]] == [
        ("IN", "accepted"),
        ("RE", "held"),
        ("RE", "accepted"),
    ]
    numbers = [one["number"] for one in of_period(tree)["reports"]]
    assert [number[-6:] for number in numbers] == ["IN-001", "RE-001", "RE-002"]
    assert len(platform.flows) == 2


def test_the_same_report_built_twice_before_it_was_taken_is_sent_once(
    tree: Tree, platform: Simulator
) -> None:
    for amounts in ((100,), (101,)):
        assert build(tree, "--sales", sales(tree, *amounts)).code == 0
    one_thread.run(tree)
    assert len(platform.flows) == 1
    assert sorted(one["outcome"] for one in of_period(tree)["reports"]) == ["accepted", "held"]


def test_a_table_with_a_fault_builds_nothing_and_says_where_it_is(tree: Tree) -> None:
    table = sales(tree, 100, day=PERIOD.end + timedelta(days=1))
    built = called(
        tree, "ereporting", "build", "--declarant", SELLER, "--period", str(PERIOD), "--sales", table
    )
    assert built.code == 1
    assert (
        "ventes.csv, ligne 2, colonne « Date » : Cette date n'est pas dans la période"
        in built.err.replace("\u00a0", " ")
    )
    assert "Traceback" not in built.err
    assert visible(tree.inbox) == []


def test_payments_and_sales_become_two_reports_in_a_folder_or_none(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    declare(tree, DECLARANT.replace("reel_normal_mensuel", "reel_simplifie"))
    month = PERIOD.start.replace(day=1) - timedelta(days=1)  # the last day of the month before
    paid = tree.folder / "encaissements.csv"
    paid.write_text(f"date,rate,amount\n{month},20,120.00\n", "utf-8")
    sold = sales(tree, 100, day=month)
    both = ("--sales", sold, "--payments", paid, "--output", tree.folder / "out")
    assert build(tree, *both, "--dry-run", period=f"{month:%Y-%m}").code == 0
    assert not (tree.folder / "out").exists()
    built = build(tree, *both, period=f"{month:%Y-%m}")
    assert built.code == 0, built.err
    assert [line["data"] for line in built.lines] == ["transactions", "payments"]
    assert len({line["number"] for line in built.lines}) == 2
    assert {path.name for path in (tree.folder / "out").iterdir()} == {line["file"] for line in built.lines}
    assert called(tree, "validate", "--rules", "error", tree.folder / "out").code == 0
    occupied = tree.folder / "occupied"
    occupied.write_text("a file where a folder is wanted", "utf-8")
    blocked = build(tree, *both[:4], "--output", occupied / "out", period=f"{month:%Y-%m}")
    assert (blocked.code, blocked.out, "Impossible" in blocked.err) == (73, "", True)
    paid.write_bytes(b"PK\x03\x04\x00")
    refused = build(tree, *both[:4], "--output", tree.folder / "none", period=f"{month:%Y-%m}")
    assert (refused.code, [line["written"] for line in refused.lines]) == (65, [None, None])
    assert not (tree.folder / "none").exists()


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        (["--period", "novembre"], 2, "2026-11-D2"),
        (["--declarant", "552100554"], 2, "552100554"),
        (["--route", "achats"], 78, "achats"),
    ],
)
def test_an_argument_that_cannot_be_acted_on_is_told(
    tree: Tree, more: list[str], code: int, word: str
) -> None:
    built = build(tree, "--sales", sales(tree, 1), *more)
    assert (built.code, word in built.err) == (code, True), built.err
    assert visible(tree.inbox) == []


def test_a_company_without_what_a_report_must_say_is_a_matter_of_configuration(tmp_path: Path) -> None:
    tree = plant(tmp_path, route={"accept": ["ereporting"]})
    declare(tree, DECLARANT.replace('platform = "0123"', ""))
    built = build(tree, "--sales", sales(tree, 1))
    assert (built.code, "platform" in built.err) == (78, True)
    assert build(tree).code == 2


# --------------------------------------------------------------------------- what the manual says
def test_every_example_of_the_manual_does_what_it_says(tree: Tree) -> None:
    """The tables and commands of docs/ereporting.md, on the days of their own example."""
    page = (PROJECT / "docs" / "ereporting.md").read_text("utf-8")
    examples = re.findall(r"<!-- (\S+\.csv) -->\n+```\n(.*?)```", page, re.DOTALL)
    assert [name for name, _ in examples] == ["ventes.csv", "encaissements.csv"]
    for name, text in examples:
        (tree.folder / name).write_text(text, "utf-8")
    commands = re.findall(r"^\$ connector (ereporting build .*)$", page, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        ended = called(tree, *shlex.split(command.replace("732829320", SELLER)))
        assert ended.code == 0, ended.err
    assert len(visible(tree.inbox)) == 2
