"""Lists of recipients: a table with an answer for each line, whatever happens to the directory or to us."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from connector.cli import connector
from connector.cli.context import Context
from connector.errors import Refused
from connector.model import Outcome, State
from connector.samples.parties import siren
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.simulator.directory import Line
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import SECRET, Tree, assert_traceable, plant, visible

SIRENS = [siren(99_800_000 + n) for n in range(300)]
LISTED = SIRENS[::2]


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


def plant_lists(folder: Path, platform: Simulator, **route: Any) -> Tree:
    platform.list_in_directory(*(Line(address=number, siren=number) for number in LISTED))
    account = {"directory_url": platform.directory_url, "timeouts": {"read": 0.5, "total": 1.0}}
    return plant(folder, platform, account=account, route={"accept": ["directory", "invoice"]} | route)


def serve(tree: Tree, follow_for: float = 4.0) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def rows_in(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def rows_of(tree: Tree) -> list[dict[str, str]]:
    (path,) = tree.outbox.rglob("*.reponses.csv")
    return rows_in(path.read_bytes())


def table(numbers: list[str]) -> bytes:
    return ("siren;nom\r\n" + "".join(f"{number};Client\r\n" for number in numbers)).encode("cp1252")


def expected(numbers: list[str]) -> list[tuple[str, str]]:
    return [(number, "yes" if number in LISTED else "no") for number in numbers]


def answers(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["identifier"], row["reachable"]) for row in rows]


def test_each_line_gets_its_answer_in_order_and_each_recipient_is_asked_about_once(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_lists(tmp_path, platform)
    twice = [*SIRENS, "12345", "=cmd|' /C calc'!A0", *SIRENS[:5]]
    tree.drop("clients.csv", table(twice))
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree).outcomes == {"accepted": 1, "answered": 1}
    rows = rows_of(tree)
    assert answers(rows[:300]) == expected(SIRENS)
    assert answers(rows[302:]) == expected(SIRENS[:5])
    assert [row["reachable"] for row in rows[300:302]] == ["unknown", "unknown"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert platform.asked("directory") == 300
    result = next(result for result in tree.results() if result["outcome"] == "answered")
    assert (result["final"], result["next"]["action"], result["document"]["lines"]) == (True, "none", 307)
    assert {job.state for job in tree.jobs()} == {State.DONE}
    assert sum(tree.archived().values()) == 2
    assert visible(tree.inbox) == []
    assert_traceable(tree)
    tree.drop("clients.csv", table(SIRENS[:3]))
    tree.drop("clients 2.csv", table(SIRENS[:3]))  # a question may be asked again
    assert serve(tree).outcomes == {"answered": 2}
    assert platform.asked("directory") == 300


def test_H02_questions_that_fail_are_asked_again_until_all_are_answered(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_lists(tmp_path, platform)
    platform.faults({"on": "directory", "do": "status", "code": 500, "times": 2})
    tree.drop("clients.csv", table(SIRENS[:40]))
    assert serve(tree, 15.0).outcomes == {"answered": 1}
    assert answers(rows_of(tree)) == expected(SIRENS[:40])


def test_a_directory_that_never_answers_ends_a_list_with_what_is_known(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_lists(tmp_path, platform, recipient_patience=0.5)
    platform.faults({"on": "directory", "do": "status", "code": 403, "match": {"after": 3}})
    tree.drop("clients.csv", table(SIRENS[:8]))
    report = serve(tree, 8.0)
    assert (report.outcomes, report.account_stopped) == ({"answered": 1}, False)
    assert sorted({row["reachable"] for row in rows_of(tree)}) == ["no", "unknown", "yes"]
    (result,) = tree.results()
    (problem,) = result["problems"]
    assert (problem["code"], problem["severity"], problem["found"]) == (
        "recipients-unanswered",
        "warning",
        "5",
    )


def test_without_a_directory_a_list_is_refused_and_the_others_go_on(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform, route={"accept": ["directory", "invoice"]})
    tree.drop("clients.csv", table(SIRENS[:3]))
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree).outcomes == {"accepted": 1, "rejected_before_sending": 1}
    codes = {problem["code"] for result in tree.results() for problem in result["problems"]}
    assert codes == {"list-without-directory"}


def test_P01_a_list_that_a_kill_interrupted_is_answered_once_and_whole(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_lists(tmp_path, platform)
    platform.faults({"on": "directory", "do": "delay", "seconds": 0.02})
    tree.drop("clients.csv", table(SIRENS))
    with tree.started("run") as process:
        until(lambda: platform.asked("directory") >= 150, 60.0)
        process.kill()
    platform.faults()
    assert serve(tree, 10.0).outcomes == {"answered": 1}
    assert answers(rows_of(tree)) == expected(SIRENS)
    assert platform.asked("directory") < 2 * len(SIRENS)  # what was answered is not asked again
    (job,) = tree.jobs()
    assert (job.state, job.outcome) == (State.DONE, Outcome.ANSWERED)
    assert len(tree.results()) == 1


# --------------------------------------------------------------------------- the command
def test_the_command_gives_the_same_table_without_a_daemon(tmp_path: Path, platform: Simulator) -> None:
    tree = plant_lists(tmp_path, platform)
    numbers = [*SIRENS[:60], "12345"]
    (tmp_path / "clients.csv").write_bytes(table(numbers))
    words = ["directory", "check", "--config", str(tree.config), "--csv", str(tmp_path / "clients.csv")]
    done = CliRunner().invoke(connector, words, obj=Context(), standalone_mode=False)
    assert done.return_value == 1
    assert answers(rows_in(done.stdout_bytes))[:60] == expected(SIRENS[:60])
    assert not (tree.state / "state.db").exists()
    tree.drop("clients.csv", table(numbers))
    assert serve(tree).outcomes == {"answered": 1}
    assert rows_of(tree) == rows_in(done.stdout_bytes)


@pytest.mark.parametrize(
    ("content", "words", "fault"), [(b"\0\0", [], Refused), (b"siren\n", ["702042755"], click.UsageError)]
)
def test_the_command_says_what_it_cannot_do(
    tmp_path: Path, platform: Simulator, content: bytes, words: list[str], fault: type[Exception]
) -> None:
    tree = plant_lists(tmp_path, platform)
    listed = tmp_path / "clients.csv"
    listed.write_bytes(content)
    asked = ["directory", "check", "--config", str(tree.config), "--csv", str(listed), *words]
    done = CliRunner().invoke(connector, asked, obj=Context(), standalone_mode=False)
    assert isinstance(done.exception, fault)
    assert done.stdout == ""
    assert platform.exchanges == ()
