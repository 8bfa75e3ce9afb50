"""The verbs of the command line: exit codes, JSON that parses, and nothing secret in any of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from connector.journal import JournalView
from connector.model import State
from connector.policy import STEPS
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import Tree, assert_at_rest, assert_traceable, plant, visible


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    return plant(tmp_path, platform)


def outside(tree: Tree, name: str, content: bytes) -> Path:
    path = tree.folder / name
    path.write_bytes(content)
    return path


# --------------------------------------------------------------------------- submit
def test_submit_wait_does_the_work_itself_when_no_daemon_runs(tree: Tree, platform: Simulator) -> None:
    good = outside(tree, "FA1.xml", ubl_invoice(number="FA1"))
    ended = tree.run("submit", good, "--route", "ventes", "--wait", "--json")
    assert ended.code == 0, ended.err
    (line,) = ended.lines
    assert (line["outcome"], line["flow_id"]) == ("accepted", platform.flows[0].flow_id)
    assert (tree.outbox / line["results"][-1]).is_file()
    assert good.read_bytes() == ubl_invoice(number="FA1")
    assert_at_rest(tree, platform, [platform.flows[0].sha256])


def test_submit_wait_tells_the_outcome_that_a_daemon_brings_about(tree: Tree, platform: Simulator) -> None:
    good = outside(tree, "FA1.xml", ubl_invoice(number="FA1"))
    bad = outside(tree, "KO.xml", broken.invoice_without_date(number="KO"))
    with tree.started("run") as process:
        until(lambda: "route.open" in tree.log(), 20)
        ended = tree.run("submit", good, bad, "--route", "ventes", "--wait", "--json")
        assert tree.end(process) == 0
    assert ended.code == 1, ended.err
    outcomes = {Path(line["file"]).name: line["outcome"] for line in ended.lines}
    assert outcomes == {"FA1.xml": "accepted", "KO.xml": "rejected_before_sending"}
    assert_traceable(tree)


def test_submit_without_wait_places_the_file_whole_and_beside_one_of_its_name(tree: Tree) -> None:
    for _ in range(2):
        ended = tree.run("submit", outside(tree, "FA1.xml", ubl_invoice()), "--route", "ventes")
        assert ended.code == 0, ended.err
    assert visible(tree.inbox) == ["FA1.xml", "FA1~2.xml"]


def test_submit_wait_exits_3_when_the_platform_is_down(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    good = outside(tree, "FA1.xml", ubl_invoice())
    ended = tree.run("submit", good, "--route", "ventes", "--wait", "--follow-for", "1", "--json")
    assert ended.code == 3, ended.err
    assert ended.lines[-1]["outcome"] is None


def test_submit_dry_run_does_nothing(tree: Tree) -> None:
    good = outside(tree, "FA1.xml", ubl_invoice())
    assert tree.run("submit", good, "--route", "ventes", "--dry-run").code == 0
    assert visible(tree.inbox) == []


def test_submit_to_a_route_that_is_not_there_is_a_matter_of_configuration(tree: Tree) -> None:
    good = outside(tree, "FA1.xml", ubl_invoice())
    assert tree.run("submit", good, "--route", "achats").code == 78
    assert tree.run("submit", tree.folder / "none.xml", "--route", "ventes").code == 2


# --------------------------------------------------------------------------- validate
@pytest.mark.parametrize(
    ("files", "code", "verdicts"),
    [
        ({"a.xml": ubl_invoice()}, 0, ["valid"]),
        ({"a.xml": ubl_invoice(), "b.xml": broken.invoice_without_date()}, 1, ["valid", "invalid"]),
        (
            {"a.xml": broken.invoice_cut_off(), "b.xml": broken.invoice_without_date()},
            65,
            ["unreadable", "invalid"],
        ),
    ],
    ids=["valid", "invalid", "unreadable"],
)
def test_validate_needs_no_configuration_and_exits_by_the_worst_verdict(
    tmp_path: Path, files: dict[str, bytes], code: int, verdicts: list[str]
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    tree = Tree(folder=tmp_path)
    command = [*tree.command("validate")[:4], str(tmp_path), "--json"]
    done = subprocess.run(
        command, env=tree.environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["verdict"] for line in lines] == verdicts
    members = {"file", "family", "syntax", "profile", "verdict", "problems", "schema", "rules"}
    for line in lines:
        assert members <= line.keys()
        assert (line["verdict"] == "valid") == (line["problems"] == [])
        assert all({"code", "severity"} <= problem.keys() for problem in line["problems"])


# --------------------------------------------------------------------------- looking
def test_status_ls_and_show_speak_json_before_during_and_after(tree: Tree, platform: Simulator) -> None:
    assert json.loads(tree.run("status", "--json").out)["routes"][0]["states"] == {}
    assert tree.run("ls", "--json").out == ""
    assert tree.jobs() == []
    tree.drop(b"FA\xe9.xml", ubl_invoice(number="FA1"))
    tree.drop("KO.xml", broken.invoice_without_date(number="KO"))
    assert tree.run_once().code == 1
    status = json.loads(tree.run("status", "--json").out)
    assert status["routes"][0]["last_24h"] == {"accepted": 1, "rejected_before_sending": 1}
    lines = tree.run("ls", "--json").lines
    assert {line["file"]: line["outcome"] for line in lines} == {
        "FAé.xml": "accepted",
        "KO.xml": "rejected_before_sending",
    }
    for line in lines:
        shown = json.loads(tree.run("show", line["job"], "--json").out)
        assert shown["history"][0]["kind"] == "claimed"
        assert shown["history"][-1]["kind"] == "done"
        assert all((tree.outbox / target).exists() for target in shown["results"])
    (only,) = tree.run("ls", "--number", "FA1", "--state", "accepted", "--since", "1h", "--json").lines
    assert only["flow_id"] == platform.flows[0].flow_id
    assert_traceable(tree)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_same_for_people(tree: Tree, lang: str) -> None:
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert tree.run_once().code == 0
    job = tree.job("FA1.xml").id
    for verb in (["status"], ["ls"], ["show", job]):
        ended = tree.run(*verb, "--lang", lang)
        assert ended.code == 0, ended.err
        assert "ventes" in ended.out
        assert ended.err == ""


@pytest.mark.parametrize(
    "wrong", [["show", "20261122-101112-00000000"], ["ls", "--state", "x"], ["ls", "--since", "x"], ["fly"]]
)
def test_a_wrong_call_exits_2(tree: Tree, wrong: list[str]) -> None:
    assert tree.run(*wrong).code == 2


# --------------------------------------------------------------------------- retry, run
def test_retry_gives_a_refused_file_another_chance_and_an_accepted_one_none(
    tree: Tree, platform: Simulator
) -> None:
    platform.faults({"on": "submit", "do": "ack-error", "times": 1, "reason_code": "OtherTechnicalError"})
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert tree.run_once().code == 1
    refused = tree.job("FA1.xml").id
    assert tree.run("retry", refused, "--dry-run").code == 0
    assert visible(tree.inbox) == []
    assert tree.run("retry", refused, "--json").lines[0]["result"] == "done"
    assert visible(tree.inbox) == ["FA1.xml"]
    assert tree.run_once().code == 0
    first, second = tree.jobs()
    assert [str(first.outcome), str(second.outcome)] == ["inadmissible", "accepted"]
    assert first.tracking_id != second.tracking_id
    for job_id, why in ((second.id, "stands"), ("20261122-101112-00000000", "none")):
        ended = tree.run("retry", job_id, "--json")
        assert ended.code == 1
        assert ended.lines[0]["result"] == why
    sha256 = first.sha256 or ""
    assert_at_rest(tree, platform, [sha256, sha256])


def test_run_once_with_nothing_to_do_is_done_at_once(tree: Tree) -> None:
    ended = tree.run("run", "--once", "--json", seconds=20)
    assert ended.code == 0
    assert json.loads(ended.out) == {"outcomes": {}, "left": 0, "in_inbox": 0}


def test_quiet_says_nothing_and_works(tree: Tree, platform: Simulator) -> None:
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    ended = tree.run("run", "--once", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert_at_rest(tree, platform, dropped)


def test_the_log_is_json_lines_with_named_events(tree: Tree) -> None:
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert tree.run_once().code == 0
    events = [json.loads(line) for line in tree.log().splitlines()]
    assert {"route.open", "job.concluded", "run.ended"} <= {event["event"] for event in events}
    assert all({"ts", "level", "event"} <= event.keys() for event in events)


def test_the_daemon_tells_systemd_when_it_is_ready_lives_and_stops(tree: Tree) -> None:
    address = str(tree.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(20)
        with tree.started("run", env=tree.environment(NOTIFY_SOCKET=address)) as process:
            assert systemd.recv(1000) == b"READY=1"
            assert systemd.recv(1000).startswith(b"WATCHDOG=1\nSTATUS=")
            assert tree.end(process) == 0
        assert systemd.recv(1000) == b"STOPPING=1"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_demo_shows_every_outcome_as_expected(tmp_path: Path, lang: str) -> None:
    tree = Tree(folder=tmp_path)
    command = [*tree.command("demo")[:4], "--folder", str(tmp_path / "demo"), "--json", "--lang", lang]
    done = subprocess.run(
        command, env=tree.environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    told = [line for line in lines if "as_expected" in line]
    assert len(told) == 8
    assert all(line["as_expected"] for line in told)


def test_demo_leaves_a_folder_alone_that_is_not_its_own(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    tree = Tree(folder=tmp_path)
    command = [*tree.command("demo")[:4], "--folder", str(tmp_path)]
    done = subprocess.run(command, env=tree.environment(), cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 78
    assert os.listdir(tmp_path) == ["kept.txt"]


def test_every_job_goes_only_the_steps_of_the_graph(tree: Tree, platform: Simulator) -> None:
    platform.faults({"on": "submit", "do": "store-then-status", "code": 502, "times": 2})
    for number in range(5):
        tree.drop(f"FA{number}.xml", ubl_invoice(number=f"FA{number}"))
    assert tree.run_once().code == 0
    view = JournalView(tree.state / "state.db")
    for job in tree.jobs():
        way = [State(event.kind) for event in view.history(job.id)]
        assert way[0] is State.CLAIMED
        assert all(after in STEPS[before] for before, after in pairwise(way))
    view.close()
