"""People who have nothing but a file explorer: they send again, settle, cancel and pause by files."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from connector import control_journey, journey, lanes
from connector.effects import Effects
from connector.journal import JournalView
from connector.journal.overview import RouteOverview
from connector.model import Job, Outcome, State
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.service import Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from connector.world import World
from tests.archives import zip_of
from tests.one_thread import opened, run, work
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant, visible


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    return plant(tmp_path, platform)


@contextmanager
def by_hand(tree: Tree) -> Iterator[World]:
    """The connector with nobody at work in it: the test calls the stages."""
    with opened(tree) as assembly:
        yield assembly.lines[0].world


def errors(tree: Tree) -> list[str]:
    return visible(tree.outbox / "erreurs") if (tree.outbox / "erreurs").is_dir() else []


def to_do(tree: Tree) -> list[Job]:
    view = RouteOverview(tree.state / "state.db")
    try:
        return view.to_do("ventes", 100)
    finally:
        view.close()


def history(tree: Tree, job: str) -> list[tuple[str, dict[str, object]]]:
    view = JournalView(tree.state / "state.db")
    try:
        assert view.first_break() is None
        return [(event.kind, event.facts) for event in view.history(job)]
    finally:
        view.close()


def refused(tree: Tree, name: str = "KO.xml", number: str = "KO") -> tuple[Job, str]:
    digest = tree.drop(name, broken.invoice_without_date(number=number))
    run(tree)
    assert errors(tree) == [name, f"{name}.ERREUR.txt", f"{name}.err.json"]
    return tree.job(name), digest


def request(tree: Tree, name: str) -> Path:
    path = tree.inbox / f"{name}.annuler"
    path.touch()
    return path


# --------------------------------------------------------------------------- sending again
def test_P17_a_refused_file_moved_back_to_the_inbox_is_tried_again_and_has_one_answer(
    tree: Tree, platform: Simulator
) -> None:
    first, digest = refused(tree)
    (tree.outbox / "erreurs" / "KO.xml").rename(tree.inbox / "KO.xml")
    run(tree)
    assert errors(tree) == ["KO.xml", "KO.xml.ERREUR.txt", "KO.xml.err.json"]  # one trio, the new one's
    second = tree.jobs()[-1]
    assert (second.id != first.id, second.outcome) == (True, Outcome.REJECTED_BEFORE_SENDING)
    assert [job.id for job in to_do(tree)] == [second.id]
    assert history(tree, first.id)[-1] == ("settled", {"how": "replaced"})
    assert [result["id"] for result in tree.results()] == [second.id]
    assert tree.archived()[digest] == 2


def test_a_corrected_file_of_the_same_number_clears_the_old_answer(tree: Tree, platform: Simulator) -> None:
    platform.faults({"on": "submit", "do": "ack-error", "times": 1})
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    run(tree)
    assert len(errors(tree)) == 3
    tree.drop("FA1-corrigée.xml", ubl_invoice(number="FA1", note="corrigée"))
    run(tree)
    assert errors(tree) == []
    assert to_do(tree) == []


def test_the_old_answer_stays_until_the_new_file_is_taken_and_looked_into(tree: Tree) -> None:
    refused(tree)
    (tree.outbox / "erreurs" / "KO.xml").rename(tree.inbox / "KO.xml")
    with by_hand(tree) as world:
        until(lambda: journey.claim(world))
        journey.spool(world)
        control_journey.clear(world)
        assert "KO.xml.ERREUR.txt" in errors(tree)
        journey.inspect(world)
        control_journey.clear(world)
        assert errors(tree) == []


def test_the_whole_trio_dragged_back_is_one_file_sent_again(tree: Tree) -> None:
    refused(tree)
    for name in errors(tree):
        (tree.outbox / "erreurs" / name).rename(tree.inbox / name)
    run(tree)
    assert len(tree.jobs()) == 2
    assert visible(tree.inbox) == []


def test_two_copies_dropped_together_both_keep_their_answers(tree: Tree) -> None:
    content = broken.invoice_without_date(number="KO")
    tree.drop("a.xml", content)
    tree.drop("b.xml", content)
    run(tree)
    assert len(errors(tree)) == 6


def test_an_answer_that_somebody_has_written_on_is_not_cleared(tree: Tree) -> None:
    refused(tree)
    notice = tree.outbox / "erreurs" / "KO.xml.ERREUR.txt"
    notice.write_text("Vu avec le client.", "utf-8")
    (tree.outbox / "erreurs" / "KO.xml").rename(tree.inbox / "KO.xml")
    run(tree)
    assert notice.read_text("utf-8") == "Vu avec le client."


# --------------------------------------------------------------------------- settling
@pytest.mark.parametrize("folder", ["traite", "done"])
@pytest.mark.parametrize("moved", ["KO.xml", "KO.xml.ERREUR.txt"])
def test_what_is_put_into_the_folder_for_settled_ones_leaves_the_list(
    tree: Tree, moved: str, folder: str
) -> None:
    job, digest = refused(tree)
    treated = tree.outbox / "erreurs" / folder
    treated.mkdir()
    (treated.parent / moved).rename(treated / moved)
    run(tree)
    assert errors(tree) == [f"{folder}/{moved}"]  # what is left of the answer goes; what was kept is kept
    assert to_do(tree) == []
    assert history(tree, job.id)[-1] == ("settled", {"how": "filed"})
    assert tree.archived()[digest] == 1


def test_what_people_have_deleted_leaves_the_list_and_stays_in_the_archive(tree: Tree) -> None:
    job, digest = refused(tree)
    (tree.outbox / "erreurs" / "KO.xml").unlink()
    run(tree)
    assert [found.id for found in to_do(tree)] == [job.id]  # the text is still there to be read
    (tree.outbox / "erreurs" / "KO.xml.ERREUR.txt").unlink()
    run(tree)
    assert (to_do(tree), errors(tree)) == ([], [])
    assert history(tree, job.id)[-1] == ("settled", {"how": "removed"})
    assert tree.archived()[digest] == 1


def test_a_program_that_takes_its_own_file_settles_nothing(tree: Tree) -> None:
    job, _ = refused(tree)
    (tree.outbox / "erreurs" / "KO.xml.err.json").unlink()
    run(tree)
    assert [found.id for found in to_do(tree)] == [job.id]
    assert errors(tree) == ["KO.xml", "KO.xml.ERREUR.txt"]


def test_S02_a_share_that_is_gone_settles_nothing(tree: Tree) -> None:
    job, _ = refused(tree)
    (tree.outbox / "erreurs").rename(tree.folder / "away")
    run(tree)
    assert [found.id for found in to_do(tree)] == [job.id]
    (tree.folder / "away").rename(tree.outbox / "erreurs")
    run(tree)
    assert len(errors(tree)) == 3


def test_a_held_file_is_settled_by_a_decision_only(tree: Tree, platform: Simulator) -> None:
    platform.switch(duplicates="accept")
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    run(tree)
    tree.drop("FA1-bis.xml", ubl_invoice(number="FA1", note="autre"))
    run(tree)
    for name in errors(tree):
        (tree.outbox / "erreurs" / name).unlink()
    run(tree)
    assert [job.outcome for job in to_do(tree)] == [Outcome.HELD]


# --------------------------------------------------------------------------- cancelling
def test_a_file_in_the_inbox_is_cancelled_and_never_sent(tree: Tree, platform: Simulator) -> None:
    asked = request(tree, "FA1.xml")
    digest = tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    other = tree.drop("FA2.xml", ubl_invoice(number="FA2"))
    run(tree)
    assert tree.job("FA1.xml").outcome is Outcome.CANCELLED
    assert tree.job("FA2.xml").outcome is Outcome.ACCEPTED
    assert len(platform.flows) == 1
    assert to_do(tree) == []  # nobody has to see to what somebody wanted
    assert not asked.exists()
    assert ("cancel-asked", {"answer": "done", "file": "FA1.xml", "route": "ventes"}) in history(
        tree, tree.job("FA1.xml").id
    )
    assert_at_rest(tree, platform, [digest, other])


def test_a_cancelled_file_may_come_again(tree: Tree, platform: Simulator) -> None:
    request(tree, "FA1.xml")
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    run(tree)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    run(tree)
    assert len(platform.flows) == 1
    assert errors(tree) == []


def test_a_file_that_waits_to_be_sent_is_cancelled(tree: Tree, platform: Simulator) -> None:
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    with by_hand(tree) as world:
        until(lambda: journey.claim(world))
        journey.spool(world)
        journey.inspect(world)
        assert tree.job("FA1.xml").state is State.VALID
        request(tree, "FA1.xml")
        world.drops.ready(10)
        until(lambda: world.drops.ready(10) == [] and world.drops.requests())
        assert control_journey.call_off(world) == 1
        assert control_journey.call_off(world) == 0
    run(tree)
    assert platform.flows == ()
    assert tree.job("FA1.xml").outcome is Outcome.CANCELLED


def test_a_held_file_that_was_never_sent_is_cancelled(tree: Tree, platform: Simulator) -> None:
    platform.switch(duplicates="accept")
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    run(tree)
    tree.drop("FA1-bis.xml", ubl_invoice(number="FA1", note="autre"))
    run(tree)
    asked = request(tree, "FA1-bis.xml")
    run(tree)
    assert tree.job("FA1-bis.xml").outcome is Outcome.CANCELLED
    assert not asked.exists()
    assert [result["outcome"] for result in tree.results()].count("held") == 0


def letter(tree: Tree, name: str) -> list[str]:
    content = (tree.outbox / "erreurs" / f"{name}.ANNULATION_REFUSEE.txt").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert max(map(len, lines)) <= 78
    return lines


def test_too_late_is_said_in_words_and_the_request_goes(tree: Tree, platform: Simulator) -> None:
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    run(tree)
    asked = request(tree, "FA1.xml")
    run(tree)
    assert not asked.exists()
    text = letter(tree, "FA1.xml")
    assert text[0].replace("\u00a0", " ") == "ANNULATION DE « FA1.xml » : IMPOSSIBLE, TROP TARD"
    assert "établir un avoir" in " ".join(text)
    assert tree.job("FA1.xml").outcome is Outcome.ACCEPTED
    asked_for = [kind for kind, _ in history(tree, tree.job("FA1.xml").id)].count("cancel-asked")
    assert asked_for == 1  # answered once, not in each round


def test_a_file_that_was_refused_needs_no_cancelling(tree: Tree) -> None:
    refused(tree)
    request(tree, "KO.xml")
    run(tree)
    assert "RIEN À ANNULER" in letter(tree, "KO.xml")[0]


def test_a_name_that_nobody_knows_is_said_to_be_unknown(tree: Tree) -> None:
    asked = request(tree, "FA9.xml")
    run(tree)
    with by_hand(tree) as world:
        until(lambda: (world.drops.ready(10), control_journey.heed(world), not asked.exists())[-1])
    assert "FICHIER INCONNU" in letter(tree, "FA9.xml")[0]


def test_the_documents_of_an_archive_that_did_not_leave_are_cancelled_together(
    tree: Tree, platform: Simulator
) -> None:
    tree.drop("lot.zip", zip_of({f"{n}.xml": ubl_invoice(number=n) for n in ("FA1", "FA2")}))
    with by_hand(tree) as world:
        until(lambda: journey.claim(world))
        for stage in lanes.INTAKE[1:]:
            stage(world)
        request(tree, "lot.zip")
    run(tree)
    assert {job.outcome for job in tree.jobs() if job.parent} == {Outcome.CANCELLED}
    assert platform.flows == ()
    assert visible(tree.inbox) == []


def test_a_request_for_a_name_that_is_not_utf8_and_in_a_sub_folder_is_understood(
    tree: Tree, platform: Simulator
) -> None:
    name = os.fsdecode(b"sous/factur\xe9 1.xml")
    (tree.inbox / "sous").mkdir()
    request(tree, name)
    tree.drop(os.fsencode(name), ubl_invoice(number="FA1"))
    run(tree)
    assert [job.outcome for job in tree.jobs()] == [Outcome.CANCELLED]
    assert platform.flows == ()


# --------------------------------------------------------------------------- ended at any instant
class Stopped(BaseException):
    """The process ended here."""


class Mortal(Effects):
    """Effects of which the n-th is never done, nor anything after it."""

    def __init__(self, left: int) -> None:
        super().__init__(threads=1)
        self.left = left

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stopped

    def unlink(self, path: Path) -> None:
        self._live()
        super().unlink(path)

    def write(self, path: Path, content: bytes) -> str:
        self._live()
        return super().write(path, content)

    def replace(self, source: Path, target: Path) -> None:
        self._live()
        super().replace(source, target)


@pytest.mark.parametrize("deed", ["too late", "replaced", "cancelled"])
def test_P09_ended_between_any_two_effects_it_is_finished_by_the_next_run(
    tree: Tree, platform: Simulator, deed: str
) -> None:
    for left in count():
        name = f"FA{left}.xml"
        if deed == "replaced":
            tree.drop(name, broken.invoice_without_date(number=name))
            run(tree)
            (tree.outbox / "erreurs" / name).rename(tree.inbox / name)
        else:
            tree.drop(name, ubl_invoice(number=f"FA{left}"))
            if deed == "too late":
                run(tree)
            request(tree, name)
        mortal = Mortal(left)
        try:
            with opened(tree, effects=lambda mortal=mortal: mortal) as assembly:  # type: ignore[misc]
                work(assembly)
        except Stopped:
            run(tree)
        assert visible(tree.inbox) == []
        jobs = [job for job in tree.jobs() if job.name == name.encode()]
        match deed:
            case "too late":
                assert [job.outcome for job in jobs] == [Outcome.ACCEPTED]
                assert "TROP TARD" in letter(tree, name)[0]
            case "replaced":
                assert [found for found in errors(tree) if found.startswith(f"{name}.")] != []
                assert [result["id"] for result in tree.results() if result["file"]["name"] == name] == [
                    jobs[-1].id
                ]
            case _:
                assert [job.outcome for job in jobs] == [Outcome.CANCELLED]
                assert not [flow for flow in platform.flows if flow.info.name.startswith(f"FA{left}_")]
        if mortal.left >= 0:  # it has lived through everything
            break


# --------------------------------------------------------------------------- pausing
def test_a_paused_route_takes_nothing_and_what_was_taken_goes_on(tree: Tree, platform: Simulator) -> None:
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    with by_hand(tree) as world:
        until(lambda: journey.claim(world))
    (tree.inbox / "Pause.TXT").touch()
    second = tree.drop("FA2.xml", ubl_invoice(number="FA2"))
    with assembled(load(tree.config)) as assembly:
        report = Service(assembly, threading.Event()).run(once=True, follow_for=1.0)
    assert report.exit_code == 3  # something is kept for later, and the run has not waited for it
    assert [job.outcome for job in tree.jobs()] == [Outcome.ACCEPTED]
    assert hashlib.sha256((tree.inbox / "FA2.xml").read_bytes()).hexdigest() == second
    board = (tree.root / "TABLEAU_DE_BORD.html").read_text("utf-8")
    assert "Route en pause depuis le" in board
    (tree.inbox / "Pause.TXT").unlink()
    run(tree)
    assert tree.job("FA2.xml").outcome is Outcome.ACCEPTED
    assert [kind for kind, _ in history(tree, "")] == ["paused", "resumed"]


def test_a_file_can_be_cancelled_in_a_pause(tree: Tree, platform: Simulator) -> None:
    (tree.inbox / "PAUSE.txt").touch()
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    tree.drop("FA2.xml", ubl_invoice(number="FA2"))
    request(tree, "FA1.xml")
    run(tree)
    assert [job.outcome for job in tree.jobs()] == [Outcome.CANCELLED]
    assert platform.flows == ()


def test_a_pause_in_a_sub_folder_pauses_nothing(tree: Tree, platform: Simulator) -> None:
    (tree.inbox / "sous").mkdir()
    (tree.inbox / "sous" / "PAUSE.txt").touch()
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    run(tree)


# --------------------------------------------------------------------------- the text in the folder
def test_the_text_that_explains_the_folders_is_there_and_comes_back_as_it_was(tree: Tree) -> None:
    run(tree)
    guide = tree.root / "LISEZ-MOI.txt"
    written = guide.read_bytes()
    for word in ("inbox", "erreurs", "traite", ".annuler", "PAUSE.txt", "TABLEAU_DE_BORD.html"):
        assert word in written.decode("utf-8-sig")
    assert max(map(len, written.decode("utf-8-sig").split("\r\n"))) <= 78
    guide.write_text("changé", "utf-8")
    run(tree)
    assert guide.read_bytes() == written
    before = guide.stat().st_ino
    run(tree)
    assert guide.stat().st_ino == before  # left alone when it is right
