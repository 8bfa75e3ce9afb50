"""Archives through the whole journey: each document has its own result, the archive one that sums them up."""

from __future__ import annotations

import errno
import gzip
import hashlib
import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from connector.effects import Effects
from connector.model import Job, Outcome, State
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import Parts, assembled
from tests.archives import central, local, patched, tar_of, zip_of
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant, visible


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    return plant(tmp_path, platform)


def serve(tree: Tree, effects: Effects | None = None, follow_for: float = 4.0) -> Report:
    """A whole run in this process."""
    parts = Parts(effects=lambda: effects) if effects else None
    with assembled(load(tree.config), parts=parts) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def invoices(*numbers: str) -> dict[str, bytes]:
    return {f"{number}.xml": ubl_invoice(number=number) for number in numbers}


KO = {"KO.xml": broken.invoice_without_date(number="KO")}


def bundle(tree: Tree) -> Job:
    """The one archive that was taken."""
    (found,) = (job for job in tree.jobs() if job.parent is None)
    return found


def ends(jobs: Iterable[Job]) -> dict[str, str | None]:
    return {job.member or "": job.outcome for job in jobs if job.parent is not None}


def result_of(tree: Tree, job: Job) -> dict[str, Any]:
    (found,) = (result for result in tree.results() if result["id"] == job.id)
    return found


# --------------------------------------------------------------------------- each document by itself
@pytest.mark.parametrize("name", ["lot.zip", "lot.tar.gz"])
def test_N15_good_documents_of_an_archive_go_and_bad_ones_have_a_result_each(
    tree: Tree, platform: Simulator, name: str
) -> None:
    contents = {**invoices("FA1", "sous/FA2"), **KO, "note.txt": b"bonjour", "vide.xml": b""}
    dropped = tree.drop(name, (zip_of if name == "lot.zip" else tar_of)(contents))
    assert serve(tree).exit_code == 1
    assert ends(tree.jobs()) == {
        "FA1.xml": Outcome.ACCEPTED,
        "sous/FA2.xml": Outcome.ACCEPTED,
        "KO.xml": Outcome.REJECTED_BEFORE_SENDING,
        "note.txt": Outcome.UNREADABLE,
        "vide.xml": Outcome.UNREADABLE,
    }
    assert bundle(tree).outcome is Outcome.REJECTED_BEFORE_SENDING
    assert_at_rest(tree, platform, [dropped])
    told = result_of(tree, bundle(tree))
    assert [(entry["name"], entry["outcome"]) for entry in told["documents"]] == list(
        ends(tree.jobs()).items()
    )
    assert told["status"]["code"] == "partial"
    assert [result_of(tree, job)["bundle"]["name"] for job in tree.jobs() if job.parent] == [name] * 5
    shown = visible(tree.outbox / "erreurs")
    assert {f"{name}.ERREUR.txt", f"{name}__KO.xml", f"{name}__KO.xml.ERREUR.txt"} <= set(shown)
    assert name not in shown  # nobody should drop the whole archive again


def test_a_gzipped_document_goes_as_a_bundle_of_one(tree: Tree, platform: Simulator) -> None:
    dropped = tree.drop("FA1.xml.gz", gzip.compress(ubl_invoice(number="FA1")))
    assert serve(tree).exit_code == 0
    assert ends(tree.jobs()) == {"FA1.xml": Outcome.ACCEPTED}
    assert_at_rest(tree, platform, [dropped])


def test_members_that_cannot_be_taken_out_are_told_one_by_one_and_the_others_go(
    tree: Tree, platform: Simulator
) -> None:
    contents = [*invoices("FA1").items(), ("../FA2.xml", b"<a/>"), ("lot.zip", zip_of(KO)), *KO.items()]
    archive = zip_of(contents, method=zipfile.ZIP_STORED)
    flags = [(local(archive, 4) + 6, "<H", 1), (central(archive, 4) + 8, "<H", 1)]
    dropped = tree.drop("lot.zip", patched(archive, *flags))
    assert serve(tree).exit_code == 1
    problems = {job.member: [problem.code for problem in job.problems] for job in tree.jobs() if job.parent}
    assert problems == {
        "FA1.xml": [],
        "../FA2.xml": ["bundle-member-name"],
        "lot.zip": ["bundle-nested"],
        "KO.xml": ["bundle-member-encrypted"],
    }
    assert_at_rest(tree, platform, [dropped])
    assert len(platform.flows) == 1
    assert "lot.zip__KO.xml" not in visible(tree.outbox / "erreurs")  # it has no bytes that could be shown


def test_A15_documents_that_were_here_before_are_not_sent_again_by_whatever_way_they_come(
    tree: Tree, platform: Simulator
) -> None:
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    assert serve(tree).exit_code == 0
    dropped.append(
        tree.drop("lot.zip", zip_of({**invoices("FA1", "FA2"), "encore.xml": ubl_invoice(number="FA2")}))
    )
    assert serve(tree).exit_code == 0
    dropped.append(tree.drop("FA2.xml", ubl_invoice(number="FA2")))
    dropped.append(
        tree.drop("lot2.zip", zip_of({**invoices("FA1", "FA2"), "encore.xml": ubl_invoice(number="FA2")}))
    )
    assert serve(tree).exit_code == 0
    assert len(platform.flows) == 2
    assert ends(tree.jobs()) == {
        "FA1.xml": Outcome.DUPLICATE,
        "FA2.xml": Outcome.ACCEPTED,
        "encore.xml": Outcome.DUPLICATE,
    }
    assert [job.outcome for job in tree.jobs() if job.parent is None] == [
        Outcome.ACCEPTED,
        Outcome.ACCEPTED,
        Outcome.DUPLICATE,
        Outcome.DUPLICATE,
    ]
    assert_at_rest(tree, platform, dropped)


def test_A16_a_document_that_is_held_holds_its_bundle_and_no_other_document(
    tree: Tree, platform: Simulator
) -> None:
    other = ubl_invoice(number="FA1", lines=2)
    dropped = [tree.drop("lot.zip", zip_of({**invoices("FA1", "FA2"), "autre.xml": other}))]
    assert serve(tree).exit_code == 1
    assert ends(tree.jobs())["autre.xml"] is Outcome.HELD
    told = result_of(tree, bundle(tree))
    assert (told["outcome"], told["final"]) == (Outcome.HELD, False)
    assert [entry["final"] for entry in told["documents"]] == [True, True, False]
    assert len(platform.flows) == 2
    assert_at_rest(tree, platform, dropped)


def test_two_hundred_documents_in_one_archive(tree: Tree, platform: Simulator) -> None:
    numbers = [f"FA{n}" for n in range(200)]
    dropped = tree.drop("lot.tar.gz", tar_of(invoices(*numbers)))
    assert serve(tree, follow_for=15.0).exit_code == 0
    assert len(platform.flows) == 200
    assert bundle(tree).documents == 200
    assert_at_rest(tree, platform, [dropped])


# --------------------------------------------------------------------------- all or none
def test_N15_where_all_or_none_go_one_bad_document_keeps_all_back_and_the_corrected_archive_goes(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform, route={"bundle": "all"})
    dropped = [tree.drop("lot.zip", zip_of({**invoices("FA1", "FA2"), **KO}))]
    assert serve(tree).exit_code == 1
    assert not platform.flows
    assert ends(tree.jobs()) == {
        "FA1.xml": Outcome.CANCELLED,
        "FA2.xml": Outcome.CANCELLED,
        "KO.xml": Outcome.REJECTED_BEFORE_SENDING,
    }
    kept_back = next(
        result for result in tree.results() if result["bundle"] and "FA1" in result["bundle"]["member"]
    )
    assert kept_back["next"]["same_number_allowed"] is True
    assert "bundle-refused" in {problem["code"] for problem in kept_back["problems"]}
    assert_at_rest(tree, platform, dropped)
    dropped.append(tree.drop("lot.zip", zip_of(invoices("FA1", "FA2", "KO"))))
    assert serve(tree).exit_code == 0
    assert len(platform.flows) == 3
    assert_at_rest(tree, platform, dropped)


def test_the_same_document_beside_an_archive_that_is_refused_is_sent_by_itself(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform, route={"bundle": "all"})
    dropped = [
        tree.drop("lot.zip", zip_of({**invoices("FA1"), **KO})),
        tree.drop("FA1.xml", ubl_invoice(number="FA1")),
    ]
    assert serve(tree).exit_code == 1
    assert len(platform.flows) == 1
    assert ends(tree.jobs())["FA1.xml"] in (Outcome.CANCELLED, Outcome.DUPLICATE)
    assert_at_rest(tree, platform, dropped)


# --------------------------------------------------------------------------- the archive as a whole
def test_N13_an_archive_that_cannot_be_opened_is_one_result_and_the_other_files_go_on(
    tree: Tree, platform: Simulator
) -> None:
    sound = zip_of(invoices("FA1"), method=zipfile.ZIP_STORED)
    password = [(local(sound) + 6, "<H", 1), (central(sound) + 8, "<H", 1)]
    bad = {
        "bundle-incomplete": sound[:-30],
        "bundle-encrypted": patched(sound, *password),
        "bundle-damaged": patched(sound, (central(sound) + 42, "<L", 9)),
        "bundle-empty": zip_of({}),
        "bundle-too-large": gzip.compress(bytes(80 * 1024 * 1024)),
    }
    dropped = [tree.drop(f"{code}.zip", archive) for code, archive in bad.items()]
    dropped.append(tree.drop("FA9.xml", ubl_invoice(number="FA9")))
    assert serve(tree).exit_code == 1
    codes = {}
    for job in tree.jobs():
        if job.outcome is Outcome.UNREADABLE:
            assert job.verdict is not None
            codes[job.name.decode()] = [problem.code for problem in job.verdict.problems]
    assert codes == {f"{code}.zip": [code] for code in bad}
    assert len(platform.flows) == 1
    assert_at_rest(tree, platform, dropped)
    assert "bundle-empty.zip" in visible(tree.outbox / "erreurs")


def test_A08_an_archive_whose_rest_comes_after_the_claim_is_waited_for(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform, route={"quiet_seconds": 1.0})
    archive = zip_of(invoices("FA1", "FA2"))
    tree.drop("lot.zip", archive[:-40])

    def go_on_writing() -> None:
        until(lambda: any(job.waits_for == "incomplete" for job in tree.jobs()), 20)
        (claimed,) = (tree.root / ".work").iterdir()
        with claimed.open("ab") as late:
            late.write(archive[-40:])

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    assert serve(tree).exit_code == 0
    writer.join()
    assert len(platform.flows) == 2
    assert_at_rest(tree, platform, [hashlib.sha256(archive).hexdigest()])


class FullDisk(Effects):
    """A disk that is full whenever the third document of an archive is taken out."""

    def write_pieces(self, path: Path, pieces: Iterable[bytes]) -> str:
        if path.name.endswith("-00003"):
            path.write_bytes(next(iter(pieces)))
            raise OSError(errno.ENOSPC, "no space left", str(path))
        return super().write_pieces(path, pieces)


def test_S08_a_disk_that_is_full_while_an_archive_is_taken_apart_loses_nothing_and_sends_nothing_twice(
    tree: Tree, platform: Simulator
) -> None:
    dropped = [tree.drop("lot.zip", zip_of(invoices("FA1", "FA2", "FA3", "FA4")))]
    dropped.append(tree.drop("FA9.xml", ubl_invoice(number="FA9")))
    assert serve(tree, FullDisk(), follow_for=3.0).exit_code == 3
    waiting = tree.job("lot.zip")
    assert (waiting.state, waiting.waits_for) == (State.OPENED, "disk-full")
    assert len(platform.flows) == 1  # the other file went on
    spool = [path.name for path in (tree.state / "spool").iterdir()]
    assert spool == [waiting.id]  # what was taken out already gave its room back
    assert serve(tree).exit_code == 0
    assert_at_rest(tree, platform, dropped)
