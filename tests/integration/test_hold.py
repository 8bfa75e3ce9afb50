"""What a person decides about a held file is carried out once, and what the outbox said of the hold goes."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import connector
from connector.cli.context import Context
from connector.model import Job, Outcome, State
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.archives import zip_of
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant, visible


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


def serve(tree: Tree) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=4.0)


def hold(tree: Tree, verb: str, *words: str) -> tuple[int, list[dict[str, Any]]]:
    line = ["hold", verb, "--config", str(tree.config), "--json", *words]
    done = CliRunner().invoke(connector, line, obj=Context(), standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), [json.loads(told) for told in done.stdout.splitlines()]


def in_doubt(folder: Path, platform: Simulator) -> tuple[Tree, Job, str]:
    """A file whose deposit the platform claims to have and does not find."""
    tree = plant(folder, platform)
    sha256 = tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    platform.faults({"on": "submit", "do": "duplicate-refusal", "times": 1})
    assert serve(tree).exit_code == 1
    (job,) = tree.jobs()
    assert job.state is State.HELD
    assert visible(tree.outbox / "erreurs") != []
    return tree, job, sha256


def test_the_list_tells_which_file_and_why(tmp_path: Path, platform: Simulator) -> None:
    tree, job, _ = in_doubt(tmp_path, platform)
    code, told = hold(tree, "list")
    assert code == 0
    assert told == [
        {
            "id": job.id,
            "route": "ventes",
            "file": "FA1.xml",
            "number": "FA1",
            "reasons": ["already-exists"],
            "sent": True,
            "twin": None,
        }
    ]


def test_H14_what_did_not_arrive_is_sent_again_with_the_same_key(tmp_path: Path, platform: Simulator) -> None:
    tree, job, sha256 = in_doubt(tmp_path, platform)
    assert hold(tree, "resend", job.id) == (0, [{"job": job.id, "result": "valid"}])
    assert visible(tree.outbox / "erreurs") == []
    assert serve(tree).exit_code == 0
    assert [flow.info.tracking_id for flow in platform.flows] == [job.tracking_id]
    assert_at_rest(tree, platform, [sha256])


def test_H14_what_did_arrive_is_followed_and_not_sent_again(tmp_path: Path, platform: Simulator) -> None:
    tree, job, sha256 = in_doubt(tmp_path / "ours", platform)
    twin = plant(tmp_path / "theirs", platform)  # somebody sent it by other means
    twin.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(twin).exit_code == 0
    (flow,) = platform.flows
    assert hold(tree, "adopt", job.id, flow.flow_id)[0] == 0
    assert serve(tree).exit_code == 0
    assert len(platform.flows) == 1
    (after,) = tree.jobs()
    assert (after.outcome, after.flow_id) == (Outcome.ACCEPTED, flow.flow_id)
    assert_at_rest(tree, platform, [sha256])


def test_a_deposit_that_the_platform_does_not_know_is_not_adopted(
    tmp_path: Path, platform: Simulator
) -> None:
    tree, job, _ = in_doubt(tmp_path, platform)
    assert hold(tree, "adopt", job.id, "nowhere") == (1, [{"job": job.id, "result": "unknown-flow"}])
    assert tree.jobs() == [job]


def test_a_number_that_is_meant_to_go_again_is_let_go(tmp_path: Path, platform: Simulator) -> None:
    platform.switch(duplicates="accept")
    tree = plant(tmp_path, platform)
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    assert serve(tree).exit_code == 0
    dropped.append(tree.drop("FA1-bis.xml", ubl_invoice(number="FA1", note="other")))
    assert serve(tree).exit_code == 1
    held = tree.job("FA1-bis.xml")
    assert hold(tree, "release", held.id)[0] == 0
    assert serve(tree).exit_code == 0
    assert len({flow.info.tracking_id for flow in platform.flows}) == 2
    assert_at_rest(tree, platform, dropped)


def test_what_shall_not_go_is_cancelled_and_archived(tmp_path: Path, platform: Simulator) -> None:
    tree, job, sha256 = in_doubt(tmp_path, platform)
    assert hold(tree, "cancel", job.id)[0] == 0
    serve(tree)
    (after,) = tree.jobs()
    assert (after.state, after.outcome) == (State.DONE, Outcome.CANCELLED)
    assert_at_rest(tree, platform, [sha256])


@pytest.mark.parametrize(
    ("verb", "words", "result"),
    [
        ("release", (), "sent-before"),
        ("resend", ("--dry-run",), "would"),
        ("cancel", ("--dry-run",), "would"),
    ],
)
def test_what_cannot_be_or_is_only_asked_changes_nothing(
    tmp_path: Path, platform: Simulator, verb: str, words: tuple[str, ...], result: str
) -> None:
    tree, job, _ = in_doubt(tmp_path, platform)
    shown = visible(tree.outbox)
    code, told = hold(tree, verb, job.id, *words)
    assert (code, told) == (int(result != "would"), [{"job": job.id, "result": result}])
    assert tree.jobs() == [job]
    assert visible(tree.outbox) == shown


def test_only_a_held_file_waits_for_a_decision(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree).exit_code == 0
    (job,) = tree.jobs()
    for verb in ("resend", "release", "cancel"):
        assert hold(tree, verb, job.id)[1] == [{"job": job.id, "result": "not-held"}]
    assert hold(tree, "resend", "20261122-100000-00000000")[1][0]["result"] == "no-job"


def test_a_notice_that_a_killed_command_left_behind_is_taken_back_at_the_next_start(
    tmp_path: Path, platform: Simulator
) -> None:
    tree, job, sha256 = in_doubt(tmp_path, platform)
    notices = {path: path.read_bytes() for path in (tree.outbox / "erreurs").iterdir()}
    assert hold(tree, "resend", job.id)[0] == 0
    for path, content in notices.items():
        path.write_bytes(content)  # as if the command had died between its step and its tidying
    assert serve(tree).exit_code == 0
    assert visible(tree.outbox / "erreurs") == []
    assert_at_rest(tree, platform, [sha256])


def test_a_notice_that_somebody_has_written_on_is_left_alone(tmp_path: Path, platform: Simulator) -> None:
    tree, job, _ = in_doubt(tmp_path, platform)
    notice = next((tree.outbox / "erreurs").glob("*.ERREUR.txt"))
    notice.write_text("Appelé la plateforme le 22.", "utf-8")
    assert hold(tree, "resend", job.id)[0] == 0
    assert visible(tree.outbox / "erreurs") == [notice.name]


def test_an_archive_whose_held_document_was_decided_on_is_summed_up_anew(
    tmp_path: Path, platform: Simulator
) -> None:
    platform.switch(duplicates="accept")
    tree = plant(tmp_path, platform)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree).exit_code == 0
    members = {"FA1-bis.xml": ubl_invoice(number="FA1", note="other"), "FA2.xml": ubl_invoice(number="FA2")}
    tree.drop("lot.zip", zip_of(members))
    assert serve(tree).exit_code == 1
    held = {job.member: job for job in tree.jobs() if job.state is State.HELD}
    assert set(held) == {None, "FA1-bis.xml"}
    assert hold(tree, "release", held[None].id)[1][0]["result"] == "is-bundle"
    assert hold(tree, "cancel", held[None].id)[1][0]["result"] == "is-bundle"
    assert hold(tree, "release", held["FA1-bis.xml"].id)[0] == 0
    assert visible(tree.outbox / "erreurs") == []
    assert serve(tree).exit_code == 0
    assert {job.outcome for job in tree.jobs()} == {Outcome.ACCEPTED}
    assert len(platform.flows) == 3
