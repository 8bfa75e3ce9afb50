"""Reports of days that are over: complete, numbered without a gap, the same bytes ever, harmless to Excel."""

from __future__ import annotations

import csv
import io
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from connector.cli import connector
from connector.cli.context import Context
from connector.effects import Effects
from connector.journal import SqliteJournal
from connector.mailing import Mailer
from connector.reporting import Reporter
from connector.samples import broken
from connector.samples.ubl import ubl_invoice
from connector.settings import Mail, load
from connector.simulator import Simulator
from tests.archives import zip_of
from tests.one_thread import run
from tests.pages import read
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, plant, visible

PARIS = ZoneInfo("Europe/Paris")
EVIL = '=cmd|"/c calc"!A1'


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    return plant(tmp_path, platform)


class Later:
    """A clock that runs so many days ahead. Satisfies `ports.Clock`."""

    def __init__(self, days: int) -> None:
        self._ahead = timedelta(days=days)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        return 0.0


@contextmanager
def reporter(tree: Tree, days: int = 1, mailer: Mailer | None = None) -> Iterator[Reporter]:
    """The reporter of the route as it will be some days from now."""
    settings, effects = load(tree.config), Effects(threads=1)
    journal = SqliteJournal(tree.state / "state.db")
    try:
        yield Reporter(settings, settings.route[0], journal, effects, Later(days), mailer)
    finally:
        journal.close()


def today() -> date:
    return datetime.now(PARIS).date()


def table(tree: Tree, name: str, folder: str = "rapports") -> list[list[str]]:
    """The rows of a table as Excel reads them in France, without the head."""
    content = (tree.root / folder / f"{today()}_{name}.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))[1:]


def busy_day(tree: Tree) -> None:
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    tree.drop("KO.xml", broken.invoice_without_date(number="KO"))
    tree.drop("=1+1.xml", b"<no")
    tree.drop("lot.zip", zip_of({"FA2.xml": ubl_invoice(number="FA2")}))
    run(tree)


def test_a_day_is_reported_once_it_is_over_and_not_before(tree: Tree, platform: Simulator) -> None:
    busy_day(tree)
    with reporter(tree, days=0) as early:
        early.write()
    assert not (tree.root / "rapports").exists()
    with reporter(tree) as later:
        later.write()
    written = visible(tree.root / "rapports")
    names = ("liste_recapitulative.csv", "rejets.csv", "synthese.csv", "synthese.html")
    assert written == [f"{today()}_{name}" for name in names]


def test_every_document_that_ended_has_a_line_and_amounts_are_numbers(
    tree: Tree, platform: Simulator
) -> None:
    busy_day(tree)
    with reporter(tree) as later:
        later.write()
    rows = {row[1]: row for row in table(tree, "synthese")}
    assert set(rows) == {"FA1.xml", "KO.xml", "'=1+1.xml", "lot.zip/FA2.xml"}  # of an archive its documents
    assert rows["FA1.xml"][2:4] == ["facture", "FA1"]
    assert all("," in amount and "." not in amount for amount in rows["FA1.xml"][7:9])
    assert rows["FA1.xml"][10].startswith("reçue et acceptée techniquement")
    assert rows["FA1.xml"][12] == next(flow.flow_id for flow in platform.flows if "FA1" in flow.info.name)


def test_a_refused_document_has_a_line_for_each_thing_that_is_wrong(tree: Tree, platform: Simulator) -> None:
    busy_day(tree)
    with reporter(tree) as later:
        later.write()
    rows = table(tree, "rejets")
    assert {row[1] for row in rows} == {"KO.xml", "'=1+1.xml"}
    for row in rows:
        assert row[6]  # a code
        assert row[7]  # what is wrong
        assert row[10]  # what to do
        assert row[11]  # whether the number may be used again


def test_nothing_from_outside_is_a_formula_in_a_spreadsheet(tree: Tree, platform: Simulator) -> None:
    tree.drop("+evil.xml", ubl_invoice(number=EVIL))
    run(tree)
    with reporter(tree) as later:
        later.write()
    for name in ("synthese", "rejets", "liste_recapitulative"):
        for row in table(tree, name):
            assert not [cell for cell in row if cell[:1] in "=+-@" and cell]


def test_the_list_of_exchanges_is_numbered_without_a_gap_from_day_to_day(
    tree: Tree, platform: Simulator
) -> None:
    busy_day(tree)
    with reporter(tree) as later:
        later.write()
        rows = table(tree, "liste_recapitulative")
        assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
        assert {row[2] for row in rows} == {"émission", "réception", "interne"}
        sent = [row for row in rows if row[2] == "émission"]
        assert {row[6] for row in sent} == {"FA1", "FA2"}
        assert [int(row[12]) for row in rows] == sorted(int(row[12]) for row in rows)
        later.write()  # nothing is left to report
        assert later.days(date.min) == [today()]
    tree.drop("FA3.xml", ubl_invoice(number="FA3"))
    run(tree)  # the clock was put back: still of the day that is reported already
    with reporter(tree, days=2) as much_later:
        much_later.write()
        assert much_later.days(date.min) == [today(), today() + timedelta(days=1)]
    next_day = f"{today() + timedelta(days=1)}_liste_recapitulative.csv"
    lines = (tree.root / "rapports" / next_day).read_text("utf-8-sig").splitlines()[1:]
    assert [line.split(";")[0] for line in lines] == [str(len(rows) + n) for n in range(1, len(lines) + 1)]
    assert any("FA3" in line for line in lines)


def test_the_same_day_gives_the_same_bytes_also_when_a_hold_has_been_ended_since(
    tree: Tree, platform: Simulator
) -> None:
    platform.switch(duplicates="accept")
    busy_day(tree)
    tree.drop("FA1-bis.xml", ubl_invoice(number="FA1", note="autre"))
    run(tree)
    with reporter(tree) as later:
        later.write()
        first = {path.name: path.read_bytes() for path in (tree.root / "rapports").iterdir()}
        held = tree.job("FA1-bis.xml").id
        done = CliRunner().invoke(
            connector, ["hold", "release", "--config", str(tree.config), held], obj=Context()
        )
        assert done.exit_code == 0
        run(tree)
        for path in (tree.root / "rapports").iterdir():
            path.unlink()
        assert len(later.rebuild(today()) or []) == len(first)
    assert {path.name: path.read_bytes() for path in (tree.root / "rapports").iterdir()} == first


def test_the_page_of_a_day_and_of_a_month_tell_the_figures(tree: Tree, platform: Simulator) -> None:
    busy_day(tree)
    with reporter(tree) as later:
        later.write()
        (month,) = later.month(f"{today():%Y-%m}") or []
        assert later.month("2020-01") is None
    for path in (tree.root / "rapports" / f"{today()}_synthese.html", month):
        page = read(path.read_bytes())
        figures = [element.text for element in page.all("p") if element.attributes.get("class") == "figure"]
        assert figures == ["2", "2", "0", "0"]
        assert len(page.the("rejected-list").rows) == 2


def test_an_english_route_has_english_reports(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform, route={"folder_language": "en"})
    busy_day(tree)
    with reporter(tree) as later:
        later.write()
    content = (tree.root / "reports" / f"{today()}_summary.csv").read_text("utf-8-sig")
    assert content.startswith("Time,File,Kind,Number")


# --------------------------------------------------------------------------- the command
def report(tree: Tree, *words: str) -> tuple[int, list[dict[str, str]]]:
    line = ["report", *words, "--config", str(tree.config), "--json"]
    done = CliRunner().invoke(connector, line, obj=Context(), standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), [json.loads(told) for told in done.stdout.splitlines()]


def test_the_command_writes_what_is_wanted_and_says_what_is_not_there(
    tree: Tree, platform: Simulator
) -> None:
    busy_day(tree)
    assert report(tree, "daily", "--date", "2020-01-01") == (1, [])
    assert report(tree, "rebuild") == (1, [])
    with reporter(tree) as later:
        later.write()
    code, told = report(tree, "daily", "--date", today().isoformat())
    assert (code, len(told)) == (0, 4)
    assert all(Path(entry["file"]).is_file() for entry in told)
    assert report(tree, "month", "--month", f"{today():%Y-%m}")[0] == 0
    assert len(report(tree, "rebuild", "--since", today().isoformat())[1]) == 4


# --------------------------------------------------------------------------- the message
class Post(socketserver.ThreadingTCPServer):
    """A mail server on loopback that keeps what it is given; told to, it refuses everything."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Letterbox)
        self.messages: list[str] = []
        self.is_closed = False


class _Letterbox(socketserver.StreamRequestHandler):
    server: Post

    def handle(self) -> None:
        self.say("554 closed" if self.server.is_closed else "220 ready")
        while line := self.rfile.readline().decode().strip():
            match line.split(maxsplit=1)[0].upper():
                case "DATA":
                    self.say("354 go on")
                    lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                    self.server.messages.append("".join(lines))
                    self.say("250 kept")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 ok")

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def post() -> Iterator[Post]:
    with Post() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_day_is_told_by_mail_once_and_again_only_until_the_server_took_it(
    tree: Tree, platform: Simulator, post: Post
) -> None:
    busy_day(tree)
    settings = Mail(host="127.0.0.1", port=post.server_address[1], to=("compta@example.com",))
    with reporter(tree, mailer=Mailer(settings, None)) as later:
        post.is_closed = True
        with pytest.raises(OSError):
            later.write()
        assert len(visible(tree.root / "rapports")) == 4  # the reports do not wait for the mail
        post.is_closed = False
        later.write()
        later.write()
    (message,) = post.messages
    assert "To: compta@example.com" in message
    assert SECRET not in message


@pytest.mark.parametrize("wrong", [{"host": "mail"}, {"host": "mail", "to": ["a@b.fr"], "username": "u"}])
def test_mail_settings_that_cannot_work_or_would_tell_a_password_are_refused(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(ValueError):
        Mail.model_validate(wrong)
