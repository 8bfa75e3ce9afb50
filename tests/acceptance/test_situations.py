"""Somebody who never saw the program finds out from the folder alone what to do about each file.

These tests read what lies in the folders: texts, JSON files, and the board as a browser shows it. They ask no
journal, no log and no command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.outbox.scribe import FOLDERS
from connector.samples.ubl import ubl_invoice
from tests.acceptance.later import LATE, Late
from tests.acceptance.playing import LATER, RouteTree, played
from tests.acceptance.situations import OVER, STOPPED, WAITING, Over, Stopped, Waiting
from tests.pages import Element, leads_to, read
from tests.setup_tree import result_schema, visible

OPERATORS = Path(__file__).parents[2] / "docs" / "exploitation.md"
BOARD, GUIDE = "TABLEAU_DE_BORD.html", "LISEZ-MOI.txt"
Routes = Mapping[str, RouteTree]


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Routes]:
    with played(tmp_path_factory.mktemp("company")) as company:
        yield company


# --------------------------------------------------------------------------- reading the folder
def plain(text: str) -> str:
    """Words with one space between them: line ends, columns and spaces that do not break do not count."""
    return " ".join(text.split())


def letter(path: Path) -> str:
    """A text as Notepad shows it."""
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    return plain(content.decode("utf-8-sig"))


def board(route: RouteTree) -> Element:
    return read((route.root / BOARD).read_bytes())


def to_do(route: RouteTree, file: str) -> list[Element]:
    """The rows of the board that name a file."""
    table = board(route).of_id("to-do-list")
    rows = [row for body in table.all("tbody") for row in body.all("tr")] if table else []
    return [row for row in rows if any(part.text == file for part in row.all("div"))]


def result(path: Path, kind: str = "result") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    result_schema(kind).validate(found)
    return found


# --------------------------------------------------------------------------- somebody has to see to it
@pytest.mark.parametrize("name", STOPPED)
def test_the_text_answers_the_five_questions(routes: Routes, name: str) -> None:
    seen: Stopped = STOPPED[name]
    text = letter(routes[seen.route].errors / f"{seen.shown}.ERREUR.txt")
    assert text.startswith(seen.which)
    for words in (*seen.what, seen.where, *seen.todo, seen.number):
        assert words in text, words
    assert f"Fichier reçu : {seen.file}, le 08/12/2026 à" in text
    assert "Besoin d'aide" in text


@pytest.mark.parametrize("name", STOPPED)
def test_the_json_says_the_same_to_a_program(routes: Routes, name: str) -> None:
    seen: Stopped = STOPPED[name]
    found = result(routes[seen.route].errors / f"{seen.shown}.err.json")
    told = found["next"]
    assert found["outcome"] == seen.outcome
    assert found["file"]["name"] == seen.file
    assert (told["action"], told["same_number_allowed"]) == (seen.action, seen.same_number)
    assert (told["who"], told["deadline"]) == (seen.who, seen.deadline)
    assert plain(told["message"]) in letter(routes[seen.route].errors / f"{seen.shown}.ERREUR.txt")


@pytest.mark.parametrize("name", STOPPED)
def test_the_board_tells_it_and_leads_to_its_files(routes: Routes, name: str) -> None:
    seen: Stopped = STOPPED[name]
    route = routes[seen.route]
    if not seen.on_board:
        assert to_do(route, seen.file) == []
        return
    (row,) = to_do(route, seen.file)
    _, motive, action, _ = (plain(cell.text) for cell in row.all("td"))
    assert seen.motive in motive
    assert seen.short in action
    opened = {
        link.text: leads_to(link.attributes["href"], route.root / BOARD).resolve() for link in row.all("a")
    }
    files = {"Lire le message": f"{seen.shown}.ERREUR.txt"}
    if seen.original:
        files["Ouvrir le fichier"] = seen.shown
    assert opened == {label: (route.errors / file).resolve() for label, file in files.items()}
    assert all(path.is_file() for path in opened.values())


# --------------------------------------------------------------------------- what comes after the result
@pytest.mark.parametrize("name", LATE)
def test_what_is_said_later_has_a_text_that_answers_the_same_questions(routes: Routes, name: str) -> None:
    seen: Late = LATE[name]
    text = letter(routes["ventes"].errors / f"{seen.stem}.ERREUR.txt")
    assert text.startswith(seen.which)
    for words in (*seen.what, *seen.todo, seen.same):
        assert words in text, words
    assert f"Fichier envoyé : {seen.file}, le 08/12/2026 à" in text
    assert f"Statut reçu : {seen.code} " in text
    assert "Une fois le point réglé, ce fichier peut être supprimé du dossier « erreurs »." in text


@pytest.mark.parametrize("name", LATE)
def test_what_is_said_later_is_told_to_a_program_beside_the_result(routes: Routes, name: str) -> None:
    seen: Late = LATE[name]
    route = routes["ventes"]
    (path,) = route.outbox.glob(f"statuts/*/{seen.stem}.json")
    assert path.with_suffix(".xml").is_file()
    found = result(path, "status")
    current = found["current_status"]
    assert (found["status"]["code"], found["effect"]) == (seen.code, seen.effect)
    assert (current and current["code"], found["job"]["name"]) == (seen.current, seen.file)
    assert list(route.outbox.glob(f"ok/*/{seen.file}.ok.json"))


@pytest.mark.parametrize("name", LATE)
def test_the_board_tells_what_is_said_later_and_leads_to_its_files(routes: Routes, name: str) -> None:
    seen: Late = LATE[name]
    route = routes["ventes"]
    (row,) = to_do(route, seen.file)
    document, motive, action, _ = (plain(cell.text) for cell in row.all("td"))
    assert document.startswith(f"Facture {seen.number} ")
    assert motive == seen.motive
    assert seen.short in action
    (status,) = route.outbox.glob(f"statuts/*/{seen.stem}.xml")
    files = {
        "Lire le message": route.errors / f"{seen.stem}.ERREUR.txt",
        "Ouvrir le statut": status,
        "Données du statut": status.with_suffix(".json"),
    }
    opened = {link.text: leads_to(link.attributes["href"], route.root / BOARD) for link in row.all("a")}
    assert {label: path.resolve() for label, path in opened.items()} == {
        label: path.resolve() for label, path in files.items()
    }


def test_what_a_supplier_sends_lies_in_its_folder_as_it_came_and_asks_for_nothing(routes: Routes) -> None:
    route = routes["ventes"]
    (path,) = route.outbox.glob("recus/*/FOURNISSEUR-1.xml.json")
    assert path.with_suffix("").read_bytes() == ubl_invoice(number="FOURNISSEUR-1")
    found = result(path, "received")
    assert found["document"]["number"] == "FOURNISSEUR-1"
    assert plain(found["message"]).startswith("La plateforme a remis un document : facture FOURNISSEUR-1, de")
    assert not list(route.errors.glob("FOURNISSEUR*"))
    card = board(route).the("received")
    assert plain(card.text) == f"Reçu depuis hier {len(LATER) + 1} {len(LATER)} statuts. 1 document."


# --------------------------------------------------------------------------- others of their kind
def test_an_archive_says_which_of_its_documents_are_wrong_and_that_the_others_went(routes: Routes) -> None:
    route = routes["ventes"]
    text = letter(route.errors / "lot.zip.ERREUR.txt")
    assert text.startswith("FICHIER lot.zip : 1 DOCUMENT À REPRENDRE SUR 2")
    assert "- FA-LOT-2.xml (FA-LOT-2) : non transmise, à corriger" in text
    assert "Les autres documents de l'archive n'ont pas à être redéposés." in text
    documents = result(route.errors / "lot.zip.err.json")["documents"]
    assert [document["outcome"] for document in documents] == ["accepted", "rejected_before_sending"]
    assert list((route.outbox / "ok").glob("*/lot.zip__FA-LOT-1.xml.ok.json"))


def test_who_cancels_too_late_is_told_so_and_what_to_do_instead(routes: Routes) -> None:
    text = letter(routes["ventes"].errors / "FA-ACCEPTEE.xml.ANNULATION_REFUSEE.txt")
    assert text.startswith("ANNULATION DE « FA-ACCEPTEE.xml » : IMPOSSIBLE, TROP TARD")
    assert "État actuel : reçue et acceptée techniquement par la plateforme." in text
    assert "établir un avoir dans le logiciel d'origine et le déposer" in text
    assert "Une fois lu, ce message peut être supprimé." in text


# --------------------------------------------------------------------------- nobody's error
@pytest.mark.parametrize("name", WAITING)
def test_what_waits_is_no_error_and_the_board_says_why_since_when_and_who_must_act(
    routes: Routes, name: str
) -> None:
    seen: Waiting = WAITING[name]
    route = routes[seen.route]
    assert not route.errors.exists()
    shown = board(route)
    assert shown.all("title")[0].text == f"Rien à faire – {seen.route}"
    assert shown.the("waiting").text.startswith("En attente 1 ")
    table = shown.of_id("waiting-list")
    said = plain(f"{shown.the('waiting').text} {table.text if table else ''}")
    assert seen.said in said
    if table:
        assert table.rows[0][2].startswith("le 08/12/2026 à ")
    notes = [plain(part.text) for part in shown.all("p") if part.attributes.get("class") == "note"]
    assert len(notes) == (0 if seen.note is None else 1)
    assert seen.note is None or seen.note in notes[0]


def test_a_paused_inbox_keeps_its_files(routes: Routes) -> None:
    assert visible(routes["suspendue"].inbox) == ["FA-PAUSE.xml", "PAUSE.txt"]


# --------------------------------------------------------------------------- nothing to do
@pytest.mark.parametrize("name", OVER)
def test_what_is_over_asks_nothing_of_anybody(routes: Routes, name: str) -> None:
    seen: Over = OVER[name]
    route = routes["ventes"]
    stem = seen.file.removesuffix(".xml")
    left = [path.name for path in route.errors.iterdir() if path.name.startswith(f"{stem}.xml.ERREUR")]
    assert left == []
    assert to_do(route, seen.file) == []
    if seen.result is None:
        assert (route.errors / "traite" / f"{seen.file}.ERREUR.txt").is_file()
        return
    (path,) = route.outbox.glob(seen.result)
    found = result(path)
    assert (found["outcome"], found["next"]["action"]) == (seen.outcome, "none")
    assert found["next"]["who"] == "nobody"


# --------------------------------------------------------------------------- dates
@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("declarations", "10/12/2026 Dans 2 jours. Transactions du 21/11/2026 au 30/11/2026."),
        ("retard", "30/11/2026 Dépassée depuis 8 jours. Transactions du 11/11/2026 au 20/11/2026."),
    ],
    ids=["near", "past"],
)
def test_a_deadline_of_e_reporting_is_told_before_and_after_it(routes: Routes, route: str, said: str) -> None:
    card = plain(board(routes[route]).the("deadline").text)
    assert card == f"Prochaine échéance e-reporting {said}"


# --------------------------------------------------------------------------- the folder as a whole
def test_the_board_counts_what_the_folder_of_errors_holds(routes: Routes) -> None:
    for name, route in routes.items():
        told = [one for one in STOPPED.values() if one.route == name]
        asked = sum(one.on_board for one in told)
        late = len(LATE) if name == "ventes" else 0
        assert plain(board(route).the("to-do").text).startswith(f"À corriger {asked + late} ")
        texts = list(route.errors.glob("*.ERREUR.txt")) if route.errors.exists() else []
        archives = sum(".zip.ERREUR" in path.name for path in texts)
        assert len(texts) == len(told) + late + archives


def test_the_page_for_operators_names_what_is_there(routes: Routes) -> None:
    """docs/exploitation.md: each folder of its first table, and each kind of file of its second."""
    route, ventes = routes["ventes"].root, routes["ventes"]
    _, folders, names, *_ = re.split(r"^## ", OPERATORS.read_text("utf-8"), flags=re.MULTILINE)
    for name in re.findall(r"^\| `([^`]+)` \|", folders, re.MULTILINE):
        assert name == "rapports" or (route / name).exists(), name  # no day is over yet
    kinds = re.findall(r"^\| `FA1\.xml(\.[^`]+)` \|", names, re.MULTILINE)
    assert len(kinds) >= 5
    for kind in kinds:
        assert list(ventes.outbox.rglob(f"*{kind}")), kind


def test_every_link_of_every_board_leads_somewhere_from_the_folder(routes: Routes) -> None:
    for route in routes.values():
        page = route.root / BOARD
        for link in board(route).all("a"):
            assert leads_to(link.attributes["href"], page).exists()


def test_every_text_and_every_name_can_be_copied_to_any_machine(routes: Routes) -> None:
    for route in routes.values():
        for path in (path for path in route.outbox.rglob("*") if path.is_file()):
            assert path.name.isascii(), path.name
            assert not set(path.name) & set('<>:"|?*%'), path.name


def test_the_guide_names_the_folders_that_are_there(routes: Routes) -> None:
    route, names = routes["ventes"], FOLDERS["fr"]
    text = (route.root / GUIDE).read_text("utf-8-sig")
    for folder in (names.errors, names.ok, names.duplicates):
        assert f"outbox\\{folder}" in text
        assert (route.outbox / folder).is_dir()
    assert BOARD in text
