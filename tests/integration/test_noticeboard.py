"""The board in a route's folder: true after every run, written no more than needed, and hurting nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector import noticeboard
from connector.board import Day, gathered, span_of, waits_of
from connector.effects import Effects
from connector.journal import SqliteJournal
from connector.journal.overview import RouteOverview
from connector.model import Job, Outcome, State, Step
from connector.noticeboard import Noticeboard, Place
from connector.outbox.board import BoardPage
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import Route, load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.archives import zip_of
from tests.pages import Element, leads_to, read
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, plant
from tests.unit.policy_jobs import job

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


def serve(tree: Tree) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=4.0)


def shown(tree: Tree, name: str = "TABLEAU_DE_BORD.html") -> Element:
    return read((tree.root / name).read_bytes())


# --------------------------------------------------------------------------- after a real run
def test_after_a_run_the_board_tells_what_was_sent_and_what_is_to_be_done(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform, route={"outbox": str(tmp_path / "ventes" / "sortie #1 100% d'été")})
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    tree.drop(b"FA2 \xe9t\xe9 #2%.xml", broken.invoice_without_date(number="FA2"))
    tree.drop("lot.zip", zip_of({"FA3.xml": ubl_invoice(number="FA3"), "KO.xml": b"<no"}))
    assert serve(tree).exit_code == 1
    page = shown(tree)
    assert page.all("title")[0].text == "2 à corriger – ventes"
    assert page.the("sent").text.startswith("Transmis aujourd'hui 2 ")
    assert {row[0].split()[1] for row in page.the("to-do-list").rows} == {"FA2", "lot.zip/KO.xml"}
    links = page.the("to-do-list").all("a")
    assert len(links) == 4
    for link in links:
        assert leads_to(link.attributes["href"], tree.root / "TABLEAU_DE_BORD.html").is_file()
    day = next(table for table in page.all("table") if "id" not in table.attributes).rows[-1]
    assert day[1:] == ["2", "2", "0"]  # documents: an archive is not counted beside its own


def test_an_english_route_has_an_english_board(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform, route={"folder_language": "en"})
    tree.drop("FA2.xml", broken.invoice_without_date(number="FA2"))
    serve(tree)
    page = shown(tree, "DASHBOARD.html")
    assert page.all("title")[0].text == "1 to correct – ventes"
    for link in page.the("to-do-list").all("a"):
        assert leads_to(link.attributes["href"], tree.root / "DASHBOARD.html").is_file()


def test_a_route_that_wants_no_board_has_none(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform, route={"dashboard": False})
    serve(tree)
    assert not list(tree.root.glob("*.html"))


def test_a_board_that_cannot_be_written_hurts_no_document(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    (tree.root / "TABLEAU_DE_BORD.html").mkdir()  # as with a share that does not let us
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree).exit_code == 0
    assert [path.name for path in tree.root.iterdir() if path.name.startswith(".TABLEAU")] == []


# --------------------------------------------------------------------------- when it is written
class Hand:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.at, self.seconds = datetime(2026, 11, 22, 5, 0, tzinfo=UTC), 1000.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


class Stage:
    """A journal and the board over it."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock = root, Hand()
        self.journal = SqliteJournal(root / "state.db")
        self.effects = Effects(threads=1)
        place = Place(route="ventes", environment="test", zone=PARIS, folder=root, outbox=root / "outbox")
        page = BoardPage(Route(name="ventes", root=root, account="pa"), "fr", "Europe/Paris")
        self.board = Noticeboard(
            place, page, lambda: closing(RouteOverview(root / "state.db")), self.effects, self.clock
        )
        self.page = root / page.name

    def ended(self, number: int, outcome: Outcome, at: datetime, **facts: object) -> Job:
        """A job of the route that ended at a time."""
        new = job(State.CLAIMED, f"20261122-100000-{number:08x}")
        spooled = replace(new, state=State.SPOOLED)
        over = replace(spooled, state=State.CONCLUDED, outcome=outcome, concluded_at=at, **facts)  # type: ignore[arg-type]
        way = [new, spooled, over, *(replace(over, state=state) for state in (State.READY, State.PUBLISHED))]
        for before, after in zip([None, *way], way, strict=False):
            self.journal.commit([Step(before=before, after=after)])
        return way[-1]

    def renewed(self) -> bool:
        """Whether the page was written by this look."""
        before = self.page.stat().st_ino if self.page.exists() else None
        self.board.renew()
        return self.page.stat().st_ino != before


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.journal.close()


def test_news_are_written_at_once_and_the_hour_alone_once_a_minute(stage: Stage) -> None:
    assert stage.renewed()
    stage.clock.turn(noticeboard.EVERY)
    assert not stage.renewed()
    stage.ended(1, Outcome.ACCEPTED, stage.clock.at)
    assert stage.renewed()
    stage.clock.turn(noticeboard.EVERY)
    assert not stage.renewed()
    stage.clock.turn(noticeboard.EVERY)
    assert stage.renewed()
    assert "06:01" in read(stage.page.read_bytes()).all("strong")[0].text


def test_the_hour_is_renewed_often_enough_for_what_the_page_promises() -> None:
    assert noticeboard.EVERY + noticeboard.RENEWED < 600 / 2


def test_a_page_that_fails_leaves_the_old_one_whole_and_is_tried_again(stage: Stage) -> None:
    stage.board.renew()
    old = stage.page.read_bytes()
    stage.clock.turn(120)
    blocker = stage.root / f".{stage.page.name}.new"
    blocker.mkdir()
    with pytest.raises(OSError):
        stage.board.renew()
    assert stage.page.read_bytes() == old
    blocker.rmdir()
    assert stage.renewed()


# --------------------------------------------------------------------------- the facts
def test_days_begin_at_the_companys_midnight_also_when_the_clocks_change(stage: Stage) -> None:
    start, until = span_of(datetime(2026, 10, 25, tzinfo=PARIS).date(), PARIS)
    assert until.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=25)
    late, early = datetime(2026, 11, 21, 22, 59, tzinfo=UTC), datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    stage.ended(1, Outcome.ACCEPTED, late)
    stage.ended(2, Outcome.ACCEPTED, early)
    stage.ended(3, Outcome.DUPLICATE, early)
    stage.ended(4, Outcome.UNREADABLE, early)
    with closing(RouteOverview(stage.root / "state.db")) as view:
        found = gathered(
            view, route="ventes", environment="test", now=datetime(2026, 11, 22, 8, tzinfo=UTC), zone=PARIS
        )
    assert found.days[-2] == Day(date=found.at.date() - timedelta(days=1), sent=1)
    assert found.today == Day(date=found.at.date(), sent=1, refused=1, others=1)


def test_a_bundle_is_not_counted_beside_its_documents(stage: Stage) -> None:
    at = stage.clock.at
    bundle = job(State.CLAIMED, "20261122-100000-0000000b")
    opened = replace(bundle, state=State.SPOOLED), replace(bundle, state=State.OPENED)
    unpacked = replace(bundle, state=State.UNPACKED, documents=2)
    for before, after in zip([None, bundle, *opened], [bundle, *opened, unpacked], strict=True):
        stage.journal.commit([Step(before=before, after=after)])
    for n in (1, 2):
        child = replace(job(State.SPOOLED, f"{bundle.id}-0000{n}"), parent=bundle.id, member=f"{n}.xml")
        over = replace(child, state=State.CONCLUDED, outcome=Outcome.ACCEPTED, concluded_at=at)
        stage.journal.commit([Step(before=None, after=child)])
        stage.journal.commit([Step(before=child, after=over)])
    summed = replace(unpacked, state=State.CONCLUDED, outcome=Outcome.ACCEPTED, concluded_at=at)
    stage.journal.commit([Step(before=unpacked, after=summed)])
    with closing(RouteOverview(stage.root / "state.db")) as view:
        assert view.ended("ventes", at - timedelta(hours=1), at + timedelta(hours=1)) == {"accepted": 2}


def test_what_waits_for_the_same_thing_is_told_together_with_its_oldest(stage: Stage) -> None:
    valid = [replace(job(State.VALID, f"20261122-100000-{n:08x}"), waits_for="rate") for n in range(3)]
    later = replace(valid[2], waits_for=None)
    waits = waits_of([*valid[:2], later])
    assert [(wait.reason, wait.count, wait.since) for wait in waits] == [
        ("rate", 2, valid[0].claimed_at),
        (None, 1, later.claimed_at),
    ]
