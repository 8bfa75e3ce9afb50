"""What a platform says after the result is on the board until somebody has seen to it, and in the reports."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from connector.journal import JournalView
from connector.samples.cdar import lifecycle_message
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.integration.test_noticeboard import serve, shown
from tests.integration.test_reports import reporter, table, today
from tests.pages import leads_to
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, plant, visible

TEXT = "FA1_CDV_210_001.ERREUR.txt"


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator) -> Tree:
    """A company whose invoice was accepted, then refused by its client; a supplier has sent one as well."""
    tree = plant(tmp_path, platform, account={"status_seconds": 0.2}, route={"receive": True})
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree).exit_code == 0
    late = lifecycle_message(status_code="210", invoice="FA1", reason_code="TX_TVA_ERR")
    platform.bring(late, "CustomerInvoiceLC", name="CDV_210.xml")
    platform.bring(ubl_invoice(number="SUP-1"), "SupplierInvoice", name="SUP-1.xml", syntax="UBL")
    serve(tree)
    return tree


def settlings(tree: Tree) -> list[dict[str, object]]:
    with closing(JournalView(tree.state / "state.db")) as view:
        assert view.first_break() is None
        events = view.history(tree.job("FA1.xml").id)
    return [event.facts for event in events if event.kind == "status-settled"]


def test_a_refusal_by_the_client_is_counted_told_and_leads_to_its_files(tree: Tree) -> None:
    page = shown(tree)
    assert page.all("title")[0].text == "1 à corriger – ventes"
    assert page.the("to-do").text.startswith("À corriger 1 ")
    ((document, motive, action, _),) = page.the("to-do-list").rows
    assert document.startswith("Facture FA1 ")
    assert "FA1.xml" in document
    assert motive.startswith("REFUSÉE PAR LE CLIENT ")
    assert "nouveau numéro" in action
    links = page.the("to-do-list").all("a")
    assert [link.text for link in links] == ["Lire le message", "Ouvrir le statut", "Données du statut"]
    board = tree.root / "TABLEAU_DE_BORD.html"
    names = [leads_to(link.attributes["href"], board).name for link in links]
    assert names == [TEXT, "FA1_CDV_210_001.xml", "FA1_CDV_210_001.json"]
    assert all(leads_to(link.attributes["href"], board).is_file() for link in links)
    card = page.the("received")  # and what came since yesterday, with its folders one click away
    assert card.text == "Reçu depuis hier 2 1 statut. 1 document."
    places = [leads_to(link.attributes["href"], board) for link in card.all("a")]
    assert [place.name for place in places] == ["statuts", "recus"]
    assert all(place.is_dir() for place in places)


@pytest.mark.parametrize("how", ["filed", "removed"])
def test_a_text_that_was_put_away_settles_its_status_which_stays_for_programs(tree: Tree, how: str) -> None:
    errors = tree.outbox / "erreurs"
    statuses = visible(tree.outbox / "statuts")
    if how == "filed":
        (errors / "traite").mkdir()
        (errors / TEXT).rename(errors / "traite" / TEXT)
    else:
        (errors / TEXT).unlink()
    serve(tree)
    assert shown(tree).all("title")[0].text == "Rien à faire – ventes"
    (told,) = (told for told in tree.received() if told["type"] == "status")
    assert settlings(tree) == [{"delivery": told["id"], "how": how}]
    assert visible(tree.outbox / "statuts") == statuses


def test_the_reports_of_the_day_tell_all_that_was_sent_and_all_that_came_without_a_gap(tree: Tree) -> None:
    with reporter(tree) as later:
        later.write()
        first = {path.name: path.read_bytes() for path in (tree.root / "rapports").iterdir()}
        later.rebuild(today())
    assert {path.name: path.read_bytes() for path in (tree.root / "rapports").iterdir()} == first
    exchanges = table(tree, "liste_recapitulative")
    assert [row[0] for row in exchanges] == [str(n) for n in range(1, len(exchanges) + 1)]
    came = {row[3]: row for row in exchanges if row[3] in ("statut reçu : Refusée (210)", "document reçu")}
    assert {row[2] for row in came.values()} == {"réception"}
    status, document = came["statut reçu : Refusée (210)"], came["document reçu"]
    assert status[4:7] == ["FA1.xml", "facture", "FA1"]
    assert document[4:7] == ["SUP-1.xml", "facture", "SUP-1"]
    told = {each["platform"]["flow_id"]: each for each in tree.received()}
    for row in (status, document):
        assert row[7] == told[row[10]]["file"]["sha256"]
        assert row[13] == told[row[10]]["audit"]["hash"]
    ((_, file, *_, result, code, reason, _, _, action, same_number, job),) = table(tree, "rejets")
    assert (file, result, code) == ("FA1.xml", "statut reçu : Refusée (210)", "TX_TVA_ERR")
    assert reason and "nouveau numéro" in action and "PAS" in same_number
    assert job == tree.job("FA1.xml").id
    assert {row[1] for row in table(tree, "synthese")} == {"FA1.xml", "SUP-1.xml"}


def test_a_folder_of_errors_that_is_gone_settles_nothing(tree: Tree) -> None:
    (tree.outbox / "erreurs").rename(tree.folder / "elsewhere")
    serve(tree)
    assert shown(tree).all("title")[0].text == "1 à corriger – ventes"
    assert settlings(tree) == []
