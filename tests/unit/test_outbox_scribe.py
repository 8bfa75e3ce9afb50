"""What the scribe writes: the right files in the right order, readable anywhere, the same each time."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.messages import LANGUAGES, Language, Messages
from connector.model import Job, Outcome, Problem
from connector.outbox import OutboxScribe
from connector.outbox.layout import columns
from connector.ports import Scribe
from tests.unit.outbox_situations import EARLIER, ROUTE, SITUATIONS, SNAPSHOTS, job, scribe, sent, snapshots
from tests.unit.outbox_strategies import concluded_jobs
from tests.unit.test_explanations import REASONS


def text_of(ended: Job, twin: Job | None = None, language: Language = "fr") -> str:
    [content] = [
        content for _, suffix, content in scribe(language).compose(ended, twin) if suffix.endswith(".txt")
    ]
    assert content is not None
    return content.decode("utf-8-sig")


def one_line(text: str) -> str:
    """Without line breaks and indents, so that a test does not depend on where lines end."""
    return " ".join(text.replace("\u00a0", " ").split())


@pytest.mark.parametrize("name", sorted(snapshots()))
def test_people_read_what_the_snapshot_shows(name: str) -> None:
    assert snapshots()[name].decode() == SNAPSHOTS.joinpath(name).read_bytes().decode()


def test_no_snapshot_is_left_over() -> None:
    assert {path.name for path in SNAPSHOTS.iterdir()} == set(snapshots())


FINE = (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.ANSWERED)
ERRORS = [("erreurs", ""), ("erreurs", ".ERREUR.txt"), ("erreurs", ".err.json")]


@pytest.mark.parametrize(
    ("outcome", "files"),
    [
        (Outcome.ACCEPTED, [("ok/2026-11-22", ".ok.json")]),
        (Outcome.DUPLICATE, [("doublons/2026-11-22", ""), ("doublons/2026-11-22", ".doublon.json")]),
        (Outcome.ANSWERED, [("ok/2026-11-22", ".reponses.csv"), ("ok/2026-11-22", ".ok.json")]),
        *((outcome, ERRORS) for outcome in Outcome if outcome not in FINE),
    ],
)
def test_each_outcome_has_its_files_and_the_machines_comes_last(
    outcome: Outcome, files: list[tuple[str, str]]
) -> None:
    composed = list(scribe().compose(job(outcome), None))
    assert [(folder, suffix) for folder, suffix, _ in composed] == files
    assert all((content is None) == (suffix == "") for _, suffix, content in composed)


def test_folders_speak_the_routes_language_and_texts_the_connectors() -> None:
    route = ROUTE.model_copy(update={"folder_language": "en"})
    composed = list(OutboxScribe(route, "production", "fr", "Europe/Paris").compose(job(Outcome.HELD), None))
    assert [(folder, suffix) for folder, suffix, _ in composed] == [
        ("errors", ""),
        ("errors", ".ERROR.txt"),
        ("errors", ".err.json"),
    ]
    notice = composed[1][2]
    assert notice is not None
    assert "BLOQUÉE" in notice.decode()


def test_the_day_folder_is_the_local_day_of_the_conclusion() -> None:
    late = replace(job(Outcome.ACCEPTED), concluded_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    [(folder, _, _)] = scribe().compose(late, None)
    assert folder == "ok/2026-11-23"


def test_a_job_without_an_outcome_has_no_result() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        scribe().compose(replace(job(Outcome.HELD), outcome=None), None)


def test_the_scribe_is_what_the_journey_asks_for() -> None:
    asked_for: Scribe = scribe()
    assert list(asked_for.compose(job(Outcome.CANCELLED), None))


@given(concluded_jobs, st.none() | concluded_jobs, st.sampled_from(LANGUAGES))
def test_N01_N02_a_text_is_harmless_and_fits_notepad_whatever_the_file_contains(
    ended: Job, twin: Job | None, language: Language
) -> None:
    for _, suffix, content in scribe(language).compose(ended, twin):
        if content is None or not suffix.endswith(".txt"):
            continue
        assert content.startswith(b"\xef\xbb\xbf")
        lines = content.decode("utf-8-sig").split("\r\n")
        assert lines.pop() == ""
        for line in lines:
            assert line.replace("\u00a0", " ").isprintable()
            assert columns(line) <= 78
            assert not any(unicodedata.category(character) == "Cf" for character in line)


@given(concluded_jobs, st.none() | concluded_jobs)
def test_the_same_job_gives_the_same_bytes(ended: Job, twin: Job | None) -> None:
    assert list(scribe().compose(ended, twin)) == list(scribe().compose(ended, twin))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(SITUATIONS))
def test_every_result_answers_the_accountants_five_questions(name: str, language: Language) -> None:
    ended, twin = SITUATIONS[name]
    result = json.loads(
        next(c for _, s, c in scribe(language).compose(ended, twin) if c and s.endswith(".json"))
    )
    happened, then = one_line(result["message"]), one_line(result["next"]["message"])
    assert happened
    assert then
    if ended.outcome in (Outcome.ACCEPTED, Outcome.DUPLICATE):
        return
    text = one_line(text_of(ended, twin, language))
    assert (
        (ended.document.number or "") in text.split("=====")[0]
        if ended.document
        else result["file"]["name"] in text
    )
    assert then in text
    assert ended.id in text
    assert any(
        word in then for word in ("MÊME", "réutiliser", "SAME", "again for now", "ne change pas", "stays")
    )
    held_for = result["problems"][0]["code"] if ended.outcome is Outcome.HELD else None
    for problem in result["problems"][:20]:
        if problem["severity"] == "error" and problem["code"] != held_for:
            assert one_line(problem["message"]) in text
            assert one_line(problem["action"]) in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "outcome", [Outcome.INADMISSIBLE, Outcome.REJECTED_BY_PLATFORM, Outcome.REFUSED_BY_BUYER]
)
def test_no_pair_of_outcome_and_reason_is_left_without_plain_words(
    outcome: Outcome, language: Language
) -> None:
    messages = Messages(language)
    for code in REASONS.split():
        ended = sent(job(outcome, Problem(code=code, source="platform", message="raw words of the platform")))
        text = one_line(text_of(ended, None, language))
        entry = messages.entry(code, source="platform", **messages.words(ended.document))
        assert one_line(entry.title) in text, code
        assert one_line(entry.action) in text, code
        assert "raw words of the platform" in text, code
        [result] = [
            json.loads(c) for _, s, c in scribe(language).compose(ended, None) if c and s.endswith(".json")
        ]
        assert one_line(result["next"]["message"]) in text, code
        assert result["next"]["same_number_allowed"] is not None, code


def test_a_report_that_was_not_accepted_says_by_when_it_has_to_come_again() -> None:
    ended, _ = SITUATIONS["declaration_rejetee"]
    assert "Date limite de transmission pour cette période : 30/11/2026." in one_line(text_of(ended))
    [result] = [json.loads(c) for _, s, c in scribe().compose(ended, None) if c and s.endswith(".json")]
    assert result["next"]["deadline"] == "2026-11-30"
    accepted = sent(job(Outcome.ACCEPTED, document=ended.document))
    [result] = [json.loads(c) for _, s, c in scribe().compose(accepted, None) if c]
    assert result["next"]["deadline"] is None
    assert "limite" not in text_of(job(Outcome.REJECTED_BEFORE_SENDING))


def test_a_clash_of_numbers_names_both_files_and_their_dates() -> None:
    newer = replace(job(Outcome.HELD, Problem(code="same-number"), name=b"b/FA125.xml"), twin=EARLIER.id)
    text = text_of(newer, EARLIER)
    assert "b/FA125.xml, le 22/11/2026 à 06:02" in text
    assert "FA2026-00125.xml, le 20/11/2026 à 16:10" in text


def test_at_most_twenty_points_are_told_and_the_others_counted() -> None:
    text = text_of(*SITUATIONS["trop_de_points"])
    assert "20) " in text
    assert "21) " not in text
    assert "+ 5 autres points" in one_line(text)


def test_the_same_fault_on_several_lines_is_one_point() -> None:
    text = one_line(text_of(*SITUATIONS["non_transmise"]))
    assert "lignes 3, 7, 12" in text
    assert "4 points à corriger" in text.split("=====")[0]


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("maxLength 35", "35 caractères au maximum"),
        ("fractionDigits 2", "2 décimales au maximum"),
        ("pattern [0-9]{9}", "un texte de la forme [0-9]{9}"),
        ("C62, H87", "C62, H87"),
        ("IN", "IN"),
    ],
)
def test_what_a_type_allows_is_told_in_words(expected: str, words: str) -> None:
    problem = Problem(code="xsd-wrong-value", where="/Invoice/ID", found="x", expected=expected)
    assert f"Valeur attendue : {words}" in one_line(text_of(job(Outcome.REJECTED_BEFORE_SENDING, problem)))


def test_the_missing_element_comes_before_the_optional_ones() -> None:
    text = one_line(text_of(*SITUATIONS["date_absente"]))
    assert "Valeur attendue : Date d'émission (BT-2), « CopyIndicator », « UUID »" in text


def test_a_sound_file_of_another_kind_is_not_called_unreadable() -> None:
    assert "ILLISIBLE" not in text_of(*SITUATIONS["autre_format"])
    assert "ILLISIBLE" not in text_of(*SITUATIONS["controle_perdu"])
    assert "ILLISIBLE" in text_of(*SITUATIONS["illisible"])


def test_a_test_environment_says_so() -> None:
    [_, (_, _, notice), _] = scribe(environment="test").compose(job(Outcome.CANCELLED), None)
    assert notice is not None
    assert "TEST" in notice.decode()
    assert "Environnement" not in text_of(job(Outcome.CANCELLED))


def test_a_lost_answer_is_never_told_as_a_refusal() -> None:
    text = one_line(text_of(*SITUATIONS["bloquee_envoi_douteux"]))
    assert "REJET" not in text
    assert "ne pas redéposer" in text


def test_the_platforms_own_words_are_passed_on() -> None:
    refused = Problem(code="unheard-of", source="platform", message="Référence\x1b[31m absente")
    text = one_line(text_of(sent(job(Outcome.REJECTED_BY_PLATFORM, refused))))
    assert "« Référence [31m absente »" in text
