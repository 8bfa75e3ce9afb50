"""Trouble around the program: an outbox, a platform, another instance, a share's limits. Nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.model import Outcome, State
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import Tree, assert_at_rest, assert_traceable, plant, visible


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    return plant(tmp_path, platform)


def drop_three(tree: Tree) -> list[str]:
    return [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(3)]


# --------------------------------------------------------------------------- the outbox
def test_S13_a_file_in_the_place_of_a_results_folder_holds_the_results_and_loses_none(
    tree: Tree, platform: Simulator
) -> None:
    dropped = drop_three(tree)
    tree.outbox.mkdir()
    (tree.outbox / "ok").write_text("in the way")
    ended = tree.run_once(follow_for=1.0, seconds=15)
    assert ended.code == 73, ended.err
    assert len(platform.flows) == 3
    assert visible(tree.root / "archive") == []  # nothing is archived before it is told
    (tree.outbox / "ok").unlink()
    assert tree.run_once().code == 0
    assert len(platform.flows) == 3
    assert_at_rest(tree, platform, dropped)


def test_S13_an_outbox_that_is_mounted_read_only_is_told_before_anything_is_taken(
    tree: Tree, platform: Simulator
) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("mounting needs root")
    dropped = drop_three(tree)
    tree.outbox.mkdir()
    mount = f'mount --bind "{tree.outbox}" "{tree.outbox}" && mount -o remount,bind,ro "{tree.outbox}"'
    ended = tree.run("run", "--once", before=["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"])
    assert ended.code in (73, 78), ended.err
    assert str(tree.outbox) in ended.err
    assert len(visible(tree.inbox)) == 3
    assert tree.run_once().code == 0
    assert_at_rest(tree, platform, dropped)


# --------------------------------------------------------------------------- the platform
def test_H01_a_platform_that_is_down_for_the_whole_run_loses_nothing_and_makes_no_errors(
    tree: Tree, platform: Simulator
) -> None:
    dropped = drop_three(tree)
    tree.drop("KO.xml", broken.invoice_without_date(number="KO"))
    good = tree.config.read_text("utf-8")
    tree.config.write_text(good.replace(platform.url, "http://127.0.0.1:9"), "utf-8")
    ended = tree.run_once(follow_for=1.0)
    assert ended.code == 3, ended.err
    assert [job.outcome for job in tree.jobs() if job.state is State.VALID] == [None] * 3
    assert [result["file"]["name"] for result in tree.results()] == ["KO.xml"]
    tree.config.write_text(good, "utf-8")
    assert tree.run_once(follow_for=8.0).code == 0
    ko = tree.job("KO.xml").sha256
    assert ko is not None
    assert_at_rest(tree, platform, [*dropped, ko])


def test_a_daemon_waits_a_platform_out_and_says_why(tree: Tree, platform: Simulator) -> None:
    platform.faults({"on": "submit", "do": "status", "code": 429, "retry_after": 1, "times": 6})
    dropped = drop_three(tree)
    with tree.started("run") as process:
        until(lambda: any(job.waits_for == "rate" for job in tree.jobs()), 20)
        status = json.loads(tree.run("status", "--json").out)
        assert status["running"] is True
        until(lambda: sum(job.state is State.DONE for job in tree.jobs()) == 3, 30)
        assert tree.end(process) == 0
    assert json.loads(tree.run("status", "--json").out)["running"] is False
    assert_at_rest(tree, platform, dropped)


def test_H06_a_wrong_secret_exits_77_and_marks_no_file(tree: Tree, platform: Simulator) -> None:
    dropped = drop_three(tree)
    wrong = tree.environment(CONNECTOR_PA_CLIENT_SECRET="wrong")
    ended = tree.run("run", "--once", "--follow-for", "1", env=wrong)
    assert ended.code == 77, ended.err
    assert tree.results() == []
    assert tree.run_once().code == 0
    assert_at_rest(tree, platform, dropped)


# --------------------------------------------------------------------------- other instances, other limits
def test_P06_a_second_instance_on_the_same_state_exits_4_and_disturbs_nothing(
    tree: Tree, platform: Simulator
) -> None:
    with tree.started("run") as process:
        until(lambda: "route.open" in tree.log(), 20)
        second = tree.run_once()
        assert second.code == 4
        assert str(tree.state) in second.err
        dropped = drop_three(tree)
        until(lambda: sum(job.state is State.DONE for job in tree.jobs()) == 3, 30)
        assert tree.end(process) == 0
    assert_at_rest(tree, platform, dropped)


def test_P08_a_killed_instance_leaves_no_lock_behind(tree: Tree) -> None:
    with tree.started("run") as process:
        until(lambda: "route.open" in tree.log(), 20)
        process.kill()
    assert tree.run_once().code == 0


def test_W03_without_inotify_files_are_found_by_the_scan(tree: Tree, platform: Simulator) -> None:
    dropped = drop_three(tree)
    script = 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"'
    ended = tree.run(
        "run", "--once", before=["unshare", "-U", "-r", "sh", "-c", script, "sh"]
    )  # fmt: skip
    if "unshare" in ended.err or "/proc/sys/user" in ended.err:
        pytest.skip("no user namespace here")
    assert ended.code == 0, ended.err
    assert "bell.not-hung" in ended.err
    assert_at_rest(tree, platform, dropped)


def test_S19_a_damaged_journal_exits_78_and_nothing_is_taken(tree: Tree) -> None:
    drop_three(tree)
    tree.state.mkdir()
    (tree.state / "state.db").write_bytes(os.urandom(20_000))
    ended = tree.run_once()
    assert ended.code == 78
    assert "Traceback" not in ended.err
    assert len(visible(tree.inbox)) == 3


def test_one_route_in_trouble_does_not_stop_the_other(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform, more_routes={"achats": {}})
    other = tmp_path / "achats" / "inbox"
    with tree.started("run") as process:
        until(lambda: tree.log().count("route.open") == 2, 20)
        shutil.rmtree(other)  # its share went away
        dropped = drop_three(tree)
        until(lambda: sum(job.state is State.DONE for job in tree.jobs()) == 3, 30)
        other.mkdir()  # and came back
        (other / "AC1.xml").write_bytes(ubl_invoice(number="AC1"))
        until(lambda: len(platform.flows) == 4, 30)
        until(lambda: all(job.state is State.DONE for job in tree.jobs()), 30)
        assert tree.end(process) == 0
    assert len(dropped) == 3
    assert_traceable(tree)


# --------------------------------------------------------------------------- the same again
def test_A14_one_name_dropped_three_times_gives_three_results_and_three_archived_files(
    tree: Tree, platform: Simulator
) -> None:
    dropped = []
    with tree.started("run") as process:
        for number in range(3):
            dropped.append(tree.drop("FA1.xml", ubl_invoice(number=f"FA-{number}")))
            until(lambda: visible(tree.inbox) == [], 20)
        until(lambda: [job.state for job in tree.jobs()] == [State.DONE] * 3, 30)
        assert tree.end(process) == 0
    names = sorted(path.name for path in tree.outbox.glob("ok/*/*"))
    assert names == ["FA1.xml.ok.json", "FA1~2.xml.ok.json", "FA1~3.xml.ok.json"]
    assert_at_rest(tree, platform, dropped)


def test_N06_names_that_differ_by_case_alone_give_results_that_do_not_collide(
    tree: Tree, platform: Simulator
) -> None:
    dropped = [tree.drop(name, ubl_invoice(number=name)) for name in ("FA1.xml", "fa1.XML", "Fa1.xml")]
    assert tree.run_once().code == 0
    assert len({path.name.casefold() for path in tree.outbox.glob("ok/*/*")}) == 3
    assert_at_rest(tree, platform, dropped)


def test_A15_the_same_bytes_are_sent_once_and_A16_the_same_number_is_held(
    tree: Tree, platform: Simulator
) -> None:
    first = tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert tree.run_once().code == 0
    again = tree.drop("copie.xml", ubl_invoice(number="FA1"))
    other = tree.drop("corrigee.xml", ubl_invoice(number="FA1", lines=2))
    assert tree.run_once().code == 1
    assert tree.job("copie.xml").outcome is Outcome.DUPLICATE
    assert tree.job("corrigee.xml").outcome is Outcome.HELD
    assert {tree.job(name).twin for name in ("copie.xml", "corrigee.xml")} == {tree.job("FA1.xml").id}
    assert_at_rest(tree, platform, [first, again, other])


def test_A15_equal_files_of_one_batch_are_sent_once(tree: Tree, platform: Simulator) -> None:
    dropped = [tree.drop(f"FA1-{n}.xml", ubl_invoice(number="FA1")) for n in range(20)]
    assert tree.run_once().code == 0
    assert sorted(str(job.outcome) for job in tree.jobs()) == ["accepted"] + ["duplicate"] * 19
    assert_at_rest(tree, platform, dropped)


def test_a_result_name_that_somebody_took_is_stepped_aside_from(tree: Tree, platform: Simulator) -> None:
    dropped = [tree.drop("KO.xml", broken.invoice_without_date(number="KO"))]
    folder = tree.outbox / "erreurs"
    folder.mkdir(parents=True)
    (folder / "KO.xml").write_text("the operator's own")
    assert tree.run_once().code == 1
    assert (folder / "KO.xml").read_text() == "the operator's own"
    assert_at_rest(tree, platform, dropped)


def test_a_result_of_two_files_stays_together_when_somebody_took_the_name_of_its_second(
    tree: Tree, platform: Simulator
) -> None:
    dropped = [tree.drop(name, ubl_invoice(number="FA1")) for name in ("FA1.xml", "FA2.xml")]
    days = [datetime.now(UTC).date() + timedelta(days=shift) for shift in (-1, 0, 1)]
    for day in days:
        folder = tree.outbox / "doublons" / day.isoformat()
        folder.mkdir(parents=True)
        (folder / "FA2.xml.doublon.json").write_text("{}")
    assert tree.run_once().code == 0
    duplicate = next(job for job in tree.jobs() if job.outcome is Outcome.DUPLICATE)
    assert [file.target for file in duplicate.result if not (tree.outbox / file.target).exists()] == []
    assert len(dropped) == len(platform.flows) + 1


def test_P17_a_corrected_file_and_the_uncorrected_one_may_be_dropped_again(
    tree: Tree, platform: Simulator
) -> None:
    wrong = broken.invoice_without_date(number="FA1")
    dropped = [tree.drop("FA1.xml", wrong)]
    assert tree.run_once().code == 1
    (tree.outbox / "erreurs" / "FA1.xml").rename(tree.inbox / "FA1.xml")  # back to the inbox is a retry
    assert tree.run_once().code == 1
    dropped += [dropped[0], tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    assert tree.run_once().code == 0
    assert [str(job.outcome) for job in tree.jobs()] == ["rejected_before_sending"] * 2 + ["accepted"]
    assert_at_rest(tree, platform, dropped)


def test_A18_a_claimed_file_that_an_admin_removed_is_archived_from_our_copy(
    tree: Tree, platform: Simulator
) -> None:
    platform.switch(ack_delay=1e7)
    dropped = drop_three(tree)
    assert tree.run_once(follow_for=0.5).code == 3
    for claimed in (tree.root / ".work").glob("*.xml"):
        claimed.unlink()
    for flow in platform.flows:
        platform.acknowledge(flow.flow_id, "Ok")
    assert tree.run_once().code == 0
    assert_at_rest(tree, platform, dropped)


def test_A05_bytes_that_come_after_the_claim_become_a_job_of_their_own(
    tree: Tree, platform: Simulator
) -> None:
    platform.switch(ack_delay=1e7)
    first = ubl_invoice(number="FA1")
    dropped = [tree.drop("FA1.xml", first)]
    assert tree.run_once(follow_for=0.5).code == 3
    (claimed,) = (tree.root / ".work").glob("*.xml")
    with claimed.open("ab") as late:
        late.write(b"<!-- late -->")
    dropped.append(hashlib.sha256(first + b"<!-- late -->").hexdigest())
    platform.acknowledge(platform.flows[0].flow_id, "Ok")
    assert tree.run_once().code == 1
    assert sorted(str(job.outcome) for job in tree.jobs()) == ["accepted", "held"]  # the number is known
    assert_at_rest(tree, platform, dropped)
