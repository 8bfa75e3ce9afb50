"""The board as a reader finds it: what is told, where links lead, and that nothing from outside can act."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.board import DAYS, FOR_ADMIN, Board, Day, Wait
from connector.deadlines import Deadline, Standing
from connector.incoming import Delivery, Late, Phase
from connector.messages import LANGUAGES, Language, Messages, catalogue
from connector.model import Announced, Job, Outcome, Party, Problem, Reason, Reference, ResultFile, State
from connector.outbox.board import BoardPage, address, files_of
from connector.periods import Declarant, Period
from connector.settings import Route
from tests.pages import Element, leads_to, read
from tests.unit.outbox_situations import INVOICE, invalid, job, unreadable

NOW = datetime(2026, 11, 22, 6, 15, tzinfo=ZoneInfo("Europe/Paris"))
FIGURES = [(day * 7 % 40, day % 3, day % 2) for day in range(DAYS)]


HOSTILE = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> \u202egpj.exe {{7*7}} javascript:"


def days(figures: list[tuple[int, int, int]]) -> tuple[Day, ...]:
    first = NOW.date() - timedelta(days=len(figures) - 1)
    return tuple(
        Day(date=first + timedelta(days=n), sent=sent, refused=refused, others=others)
        for n, (sent, refused, others) in enumerate(figures)
    )


def told(refused: Job, name: str = "FA1.xml", notice: str = "erreurs/{}.ERREUR.txt") -> Job:
    """The job once its result is in the outbox."""
    targets = (f"erreurs/{name}", notice.format(name), f"erreurs/{name}.err.json")
    files = tuple(ResultFile(staged="x", target=target, sha256="0" * 64) for target in targets)
    return replace(refused, state=State.DONE, result=files)


REFUSED = told(job(Outcome.REJECTED_BEFORE_SENDING, verdict=invalid(Problem(code="BR-CO-15"))))
HELD = replace(told(job(Outcome.HELD, Problem(code="same-number", found="x"))), state=State.HELD)


def board(*to_do: Job, figures: list[tuple[int, int, int]] = FIGURES) -> Board:
    return Board(
        route="ventes",
        environment="production",
        at=NOW,
        to_do=to_do,
        to_do_count=len(to_do),
        shown=frozenset(file.target for one in to_do for file in one.result),
        days=days(figures),
    )


def page(told: Board, language: Language = "fr", root: Path = Path("/srv/ventes")) -> Element:
    route = Route(name="ventes", root=root, account="pa")
    return read(BoardPage(route, language, "Europe/Paris").written(told))


# --------------------------------------------------------------------------- what is told
def test_the_hour_is_told_with_the_rule_by_which_a_dead_service_is_noticed() -> None:
    (state,) = (element for element in page(board()).all("p") if element.attributes.get("class") == "state")
    assert state.text.startswith("État au 22/11/2026 à 06:15. Si cette heure a plus de 10 minutes de retard,")
    (refresh,) = (
        element for element in page(board()).all("meta") if element.attributes.get("http-equiv") == "refresh"
    )
    assert refresh.attributes["content"] == "60"


@pytest.mark.parametrize(
    ("to_do", "title", "card"),
    [
        ((), "Rien à faire – ventes", "À corriger 0 Rien à faire."),
        ((REFUSED,), "1 à corriger – ventes", "À corriger 1 Voir la liste ci-dessous."),
        ((HELD, REFUSED), "2 à corriger – ventes", "À corriger 2 Voir la liste ci-dessous."),
    ],
)
def test_the_tab_and_the_first_card_tell_how_much_there_is_to_do(
    to_do: tuple[Job, ...], title: str, card: str
) -> None:
    shown = page(board(*to_do))
    assert shown.all("title")[0].text == title
    assert shown.the("to-do").text == card
    assert (shown.of_id("to-do-list") is None) == (not to_do)


def test_a_refused_invoice_is_told_with_what_is_wrong_what_to_do_and_both_files() -> None:
    shown = page(board(REFUSED))
    ((document, motive, action, _),) = shown.the("to-do-list").rows
    assert document == "Facture FA2026-00125 Client SA FA2026-00125.xml 22/11/2026 à 06:02"
    assert motive == "NON TRANSMISE Le total TTC ne correspond pas à la somme du total HT et de la TVA."
    assert action.startswith("Corriger le total TTC")
    links = shown.the("to-do-list").all("a")
    assert {link.text: link.attributes["href"] for link in links} == {
        "Lire le message": "outbox/erreurs/FA1.xml.ERREUR.txt",
        "Ouvrir le fichier": "outbox/erreurs/FA1.xml",
    }


def test_of_several_points_the_first_is_told_and_the_others_are_counted() -> None:
    two = told(
        job(Outcome.REJECTED_BEFORE_SENDING, verdict=invalid(Problem(code="BR-CO-15"), Problem(code="BR-16")))
    )
    assert page(board(two)).the("to-do-list").rows[0][1].endswith("de la TVA, et 1 autre point.")


def test_a_file_that_somebody_has_taken_away_gets_no_link() -> None:
    shown = page(replace(board(HELD), shown=frozenset({"erreurs/FA1.xml.ERREUR.txt"})))
    assert [link.text for link in shown.the("to-do-list").all("a")] == ["Lire le message"]


def test_why_documents_wait_is_told_in_words_never_in_codes() -> None:
    waits = (
        Wait(reason="rate", state=State.VALID, count=9, since=NOW - timedelta(hours=2)),
        Wait(reason=None, state=State.SPOOLED, count=1, since=NOW),
    )
    shown = page(replace(board(), waiting=10, in_inbox=3, waits=waits))
    assert shown.the("waiting").text == "En attente 13 3 dans le dossier de dépôt, 10 en cours de traitement."
    assert shown.the("waiting-list").rows == [
        ["9", "La plateforme demande de ralentir ; l'envoi reprendra tout seul.",
         "le 22/11/2026 à 04:15 pour le plus ancien"],
        ["1", "copié, à contrôler", "le 22/11/2026 à 06:15 pour le plus ancien"],
    ]  # fmt: skip


def notes_of(shown: Element) -> list[str]:
    return [element.text for element in shown.all("p") if element.attributes.get("class") == "note"]


def test_what_does_not_go_by_itself_is_told_at_the_top_and_nothing_else_is() -> None:
    def since(reason: str) -> Wait:
        return Wait(reason=reason, state=State.VALID, count=2, since=NOW)

    shown = page(replace(board(), waiting=4, waits=(since("token-refused"), since("rate"))))
    (note,) = notes_of(shown)
    assert "prévenir la personne qui administre le connecteur" in note
    assert "refuse l'identifiant ou le secret" in note
    assert notes_of(page(replace(board(), waiting=2, waits=(since("rate"),)))) == []


def test_the_reasons_that_need_somebody_are_those_whose_words_name_him() -> None:
    waits = {key.removeprefix("waits.") for key in catalogue("fr") if key.startswith("waits.")}
    assert {code for code in waits if "l'administrateur doit" in Messages("fr").waiting(code)} == FOR_ADMIN


def test_a_pause_is_told_with_how_to_end_it() -> None:
    notes = notes_of(page(replace(board(), paused_since=NOW)))
    assert len(notes) == 1
    assert "supprimer le fichier PAUSE.txt du dossier « inbox »" in notes[0].replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("due", "standing", "words"),
    [
        (date(2026, 11, 30), Standing.OPEN, "Dans 8 jours."),
        (date(2026, 11, 23), Standing.URGENT, "Demain au plus tard."),
        (date(2026, 11, 22), Standing.URGENT, "Aujourd'hui : dernier jour."),
        (date(2026, 11, 20), Standing.LATE, "Dépassée depuis 2 jours."),
    ],
)
def test_the_next_deadline_of_e_reporting_is_told(due: date, standing: Standing, words: str) -> None:
    deadline = Deadline(
        declarant=Declarant(siren="732829320", regime="x", starts=date(2026, 9, 1), data=("transactions",)),
        data="transactions",
        role="SE",
        period=Period(start=date(2026, 11, 11), end=date(2026, 11, 20)),
        due=due,
        remind_by=due,
        days_left=(due - NOW.date()).days,
        standing=standing,
    )
    card = page(replace(board(), deadlines=(deadline,))).the("deadline").text.replace("\u00a0", " ")
    day = f"{due:%d/%m/%Y}"
    told = f"{words} Transactions du 11/11/2026 au 20/11/2026."
    assert card == f"Prochaine échéance e-reporting {day} {told}"


def test_the_chart_says_the_same_as_its_table() -> None:
    shown = page(board())
    (chart,) = (svg for svg in shown.all("svg") if svg.attributes.get("class") == "chart")
    table = next(table for table in shown.all("table") if "id" not in table.attributes).rows
    assert [tuple(map(int, row[1:])) for row in table] == FIGURES
    bars = chart.all("g")
    assert len(bars) == DAYS
    for bar, (sent, refused, _) in zip(bars, FIGURES, strict=True):
        kinds = [rect.attributes["class"] for rect in bar.all("rect")]
        assert ("sent" in kinds) == bool(sent)
        assert ("refused" in kinds) == bool(refused)
        assert (bar.all("text")[0].text == str(sent + refused)) == bool(sent + refused)


def test_bars_are_as_high_as_their_figures_say_and_stay_on_the_sheet() -> None:
    shown = page(board(figures=[(100, 0, 0), (50, 0, 0), (99, 1, 0), (0, 0, 0)]))
    (chart,) = (svg for svg in shown.all("svg") if svg.attributes.get("class") == "chart")
    heights = [
        float(rect.attributes["height"]) for rect in chart.all("rect") if rect.attributes["class"] == "sent"
    ]
    assert heights[0] == 2 * heights[1]
    small = [rect for rect in chart.all("rect") if rect.attributes["class"] == "refused"]
    assert float(small[0].attributes["height"]) >= 3  # can be seen
    assert all(float(rect.attributes.get("y", "0")) >= 0 for rect in chart.all("rect"))


# --------------------------------------------------------------------------- what came after the result
def late(code: str, about: Job | None, *reasons: str, text: str = "FA1_CDV_001.ERREUR.txt") -> Late:
    """A status whose files are in the outbox; it came an hour after the documents above."""
    targets = ("statuts/2026-11-22/FA1_CDV_001.xml", f"erreurs/{text}", "statuts/2026-11-22/FA1_CDV_001.json")
    said = Announced(
        code=code,
        reasons=tuple(Reason(code=reason, words=reason) for reason in reasons),
        about=Reference(number=HOSTILE if about is None else None),
    )
    delivery = Delivery(
        id="in-1-00000", incoming="in-1", account="pa", route="ventes", state=Phase.PUBLISHED,
        noted_at=NOW + timedelta(hours=1), subject="x", flow_id="f", status=said,
        result=tuple(ResultFile(staged="x", target=target, sha256="0" * 64) for target in targets),
    )  # fmt: skip
    return Late(delivery=delivery, job=about)


def with_late(*found: Late, jobs: tuple[Job, ...] = ()) -> Board:
    files = {file.target for each in found for file in each.delivery.result}
    now = board(*jobs)
    return replace(now, late=found, to_do_count=len(jobs) + len(found), shown=now.shown | files)


def test_a_late_status_is_told_among_the_others_the_newest_first() -> None:
    shown = page(with_late(late("207", REFUSED, "QTE_ERR", "PU_ERR"), jobs=(REFUSED,)))
    assert shown.all("title")[0].text == "2 à corriger – ventes"
    first, second = shown.the("to-do-list").rows
    assert first[1].startswith("EN LITIGE Une quantité facturée n'est pas celle")
    assert first[1].endswith("et 1 autre point.")
    assert first[2].startswith("Prendre contact avec le client")
    assert second[1].startswith("NON TRANSMISE")


def test_a_status_of_a_document_that_did_not_go_through_here_is_told_by_its_text_and_harms_nobody() -> None:
    shown = page(with_late(late("210", None, HOSTILE)))
    ((document, _, _, _),) = shown.the("to-do-list").rows
    assert "FA1_CDV_001.ERREUR.txt" in document
    assert "\u202e" not in shown.text
    assert not shown.all("script") and not shown.all("img")


def test_files_of_a_status_that_a_program_has_taken_away_get_no_link() -> None:
    told = with_late(late("210", REFUSED, "TX_TVA_ERR"))
    shown = page(replace(told, shown=frozenset({"erreurs/FA1_CDV_001.ERREUR.txt"})))
    assert [link.text for link in shown.the("to-do-list").all("a")] == ["Lire le message"]


@pytest.mark.parametrize(
    ("statuses", "documents", "words"),
    [
        (1, 0, "Reçu depuis hier 1 1 statut."),
        (0, 3, "Reçu depuis hier 3 3 documents."),
        (12, 1, "Reçu depuis hier 13 12 statuts. 1 document."),
    ],
)
def test_what_came_is_counted_and_a_folder_that_is_not_there_gets_no_link(
    statuses: int, documents: int, words: str
) -> None:
    told = replace(board(), statuses=statuses, documents=documents)
    card = page(replace(told, shown=frozenset({"statuts"}))).the("received")
    assert sorted(card.text.split()) == sorted(words.split())
    assert [link.attributes["href"] for link in card.all("a")] == ["outbox/statuts"] * (statuses > 0)
    assert page(board()).of_id("received") is None


def test_a_long_list_is_cut_and_says_so() -> None:
    shown = page(replace(board(REFUSED), to_do_count=201))
    assert "Et 200 autres, plus anciens, dans le dossier des erreurs." in shown.text
    assert shown.all("title")[0].text.startswith("201 à corriger")


def test_the_english_page_tells_the_same_things_in_the_same_places() -> None:
    french, english = (page(board(REFUSED, HELD), language) for language in LANGUAGES)
    assert english.all("html")[0].attributes["lang"] == "en"
    names = [[element.name for element in _below(shown)] for shown in (french, english)]
    assert names[0] == names[1]
    assert "corriger" not in english.text


def _below(element: Element) -> list[Element]:
    found = []
    for child in element.children:
        if isinstance(child, Element):
            found += [child, *_below(child)]
    return found


# --------------------------------------------------------------------------- what must not be


@pytest.mark.parametrize("language", LANGUAGES)
def test_N02_nothing_that_comes_from_outside_can_act_on_the_page(language: Language) -> None:
    document = replace(INVOICE, number=HOSTILE, buyer=Party(name=HOSTILE))
    problem = Problem(code=HOSTILE, source="platform", message=HOSTILE, found=HOSTILE)
    evil = told(job(Outcome.REJECTED_BY_PLATFORM, problem, document=document, name=HOSTILE.encode()))
    shown = page(replace(board(evil), route="ventes"), language)
    allowed = {"a", "article", "body", "dd", "details", "div", "dl", "dt", "footer", "g", "h1", "h2", "head",
               "header", "html", "defs", "li", "line", "main", "meta", "p", "pattern", "rect", "section",
               "span", "strong", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead",
               "title", "tr", "ul"}  # fmt: skip
    assert {element.name for element in _below(shown)} <= allowed
    for element in _below(shown):
        assert not [name for name in element.attributes if name.startswith("on") or name == "src"]
        assert not element.attributes.get("href", "").lower().startswith("javascript")
    assert "\u202e" not in shown.text
    assert "{{7*7}}" in shown.text  # shown as it is, not computed


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    route = Route(name="ventes", root=Path("/srv/ventes"), account="pa")
    source = BoardPage(route, "fr", "Europe/Paris").written(board(REFUSED)).decode()
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\((?!#)|https?:", source)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_character_is_one_that_any_system_can_show(language: Language) -> None:
    shown = page(replace(board(REFUSED, HELD), paused_since=NOW), language)
    odd = {
        char for char in shown.text if ord(char) > 0xFFFF or unicodedata.category(char) in ("So", "Cn", "Co")
    }
    assert odd == set()


# --------------------------------------------------------------------------- where links lead
@pytest.mark.parametrize(
    "folder",
    [b"outbox", b"r\xc3\xa9sultats #1 (100%25)", b"d'\xe9t\xe9 & \"co\"", b"a:b?c=d#e", b"..%2f",
     b"../ailleurs/sortie"],
    ids=["plain", "percent and hash", "not UTF-8, quotes", "like an address", "percent dots", "set apart"],
)  # fmt: skip
def test_N01_every_link_opens_its_file_whatever_the_folders_are_called(tmp_path: Path, folder: bytes) -> None:
    root = tmp_path / "ventes # 50% d'été"
    root.mkdir()
    outbox = Path(os.path.normpath(root / os.fsdecode(folder)))
    (outbox / "erreurs").mkdir(parents=True)
    for file in REFUSED.result:
        (outbox / file.target).write_bytes(b"x")
    route = Route(name="ventes", root=root, account="pa", outbox=outbox)
    content = BoardPage(route, "fr", "Europe/Paris").written(board(REFUSED))
    links = read(content).the("to-do-list").all("a")
    assert len(links) == 2
    for link in links:
        assert leads_to(link.attributes["href"], root / "TABLEAU_DE_BORD.html").is_file()


def test_an_address_is_relative_so_that_it_holds_from_another_machine() -> None:
    assert address(Path("/srv/v/outbox/erreurs/a b#1.xml"), Path("/srv/v")) == "outbox/erreurs/a%20b%231.xml"


def test_the_files_of_a_result_are_found_by_what_it_is_made_of_not_by_guessing() -> None:
    assert files_of(REFUSED) == ("erreurs/FA1.xml", "erreurs/FA1.xml.ERREUR.txt")
    alone = told(job(Outcome.UNREADABLE, document=None, verdict=unreadable(Problem(code="file-empty"))))
    alone = replace(alone, result=alone.result[1:])
    assert files_of(alone) == (None, "erreurs/FA1.xml.ERREUR.txt")
    assert files_of(replace(alone, result=())) == (None, None)
