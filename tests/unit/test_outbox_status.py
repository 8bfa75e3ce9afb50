"""What people are told when a status comes after the result: whatever the status, whatever its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.messages import LANGUAGES, Language, Messages
from connector.model import Job, Party, Problem, Reference
from connector.outbox.advice import Action, Number
from connector.outbox.layout import columns
from connector.outbox.status import StatusFacts, status_advice, status_label, status_notice
from tests.unit.outbox_statuses import STATUSES, accepted, reason, setting, status
from tests.unit.outbox_strategies import concluded_jobs, maybe, moments, problems, words
from tests.unit.test_explanations import REASONS
from tests.unit.test_explanations import STATUSES as CODES

QUIET = {"200", "201", "202", "203", "204", "205", "209", "211", "212", "214", "220"} | {
    *("224", "225", "226", "227", "228", "250", "300", "400", "500")
}


def text(facts: StatusFacts, about: Job | None, language: Language = "fr") -> str:
    """The text on one line, so that a test does not depend on where lines end."""
    written = status_notice(facts, about, setting(language), Messages(language))
    return "" if written is None else " ".join(written.decode("utf-8-sig").replace("\u00a0", " ").split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES.split())
def test_no_pair_of_status_and_reason_is_left_without_plain_words(code: str, language: Language) -> None:
    messages = Messages(language)
    assert messages.has(f"lifecycle_status.{code}")
    bare = text(status(code), accepted(), language)
    assert bool(bare) is (code not in QUIET)
    for name in REASONS.split():
        facts = status(code, reason(name))
        told, what = text(facts, accepted(), language), status_advice(facts, accepted())
        if code in QUIET and (code, name) != ("200", "NON_TRANSMISE"):
            assert told == ""
            continue
        entry = messages.entry(name, source="platform", **messages.words(accepted().document))
        assert " ".join(entry.title.replace("\u00a0", " ").split()) in told
        assert messages.text("notice.next") in told
        assert messages.has(f"next.because.{what.because}") or what.because is None
        assert name in told
        assert status_label(code, messages).replace("\u00a0", " ") in told
        assert "{" not in told
        assert what.number is Number.NOT_ASKED or any(
            word in told
            for word in ("MÊME", "ne change pas", "réutiliser", "SAME", "stays the same", "again for now")
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(STATUSES))
def test_every_text_answers_the_accountants_five_questions(name: str, language: Language) -> None:
    facts, about = STATUSES[name]
    told, messages = text(facts, about, language), Messages(language)
    number = about.document.number if about and about.document else facts.about and facts.about.number
    assert number
    assert number in told.split("=====")[0]
    for label in ("late.label", "notice.happened", "notice.next", "notice.help"):
        assert messages.text(label).replace("\u00a0", " ") in told
    assert (about.id if about else messages.text("late.not_ours").replace("\u00a0", " ")) in told


def test_a_late_repeat_says_that_the_first_one_stands_and_asks_for_nothing_to_be_sent() -> None:
    told = text(status("213", reason("DOUBLON")), accepted())
    assert "C'est le premier envoi qui compte" in told
    assert "Ne rien renvoyer" in told
    assert "nouveau numéro" not in told


def test_a_status_that_the_connector_does_not_know_is_told_as_such_when_it_has_a_reason() -> None:
    assert text(status("299"), accepted()) == ""
    told = text(status("299", reason("ZZZ", "à voir")), accepted())
    assert "299 (inconnu du connecteur)" in told
    assert "à voir" in told


def test_a_status_without_the_reason_that_it_should_have_says_so() -> None:
    assert "Aucun motif n'est donné" in text(status("210"), accepted())


def test_a_status_of_a_document_that_we_did_not_send_is_told_by_its_own_words() -> None:
    about = Reference(number="FA-7", issuer=Party(siren="732829320"))
    told = text(status("210", reason("AUTRE"), about=about), None)
    assert "FACTURE FA-7 : REFUSÉE PAR LE CLIENT" in told
    assert "n'a pas été envoyé par le connecteur" in told


def test_a_job_of_which_nothing_is_known_but_its_file_has_a_text_too() -> None:
    told = text(status("501", reason("IRR_SYNTAX")), replace(accepted(), document=None))
    assert "IRRECEVABLE" in told
    assert "FA2026-00125.xml" in told


def test_a_test_environment_says_so() -> None:
    told = status_notice(status("210"), accepted(), setting("fr", "test"), Messages("fr"))
    assert told is not None
    assert "TEST, sans effet réel" in told.decode()


def test_what_there_is_to_do_is_told_to_programs_in_the_same_words_as_for_a_result() -> None:
    advised = status_advice(status("208", reason("JUSTIF_ABS")), accepted())
    assert (advised.action, advised.same_number_allowed) == (Action.SEND_DOCUMENTS, False)


def test_many_reasons_are_counted_beyond_twenty() -> None:
    reasons = [reason("AUTRE", f"motif {n}") for n in range(25)]
    told = text(status("210", *reasons), accepted())
    assert "+ 5 autres points, voir le fichier .json." in told


facts = st.builds(
    StatusFacts,
    code=st.sampled_from(CODES.split()) | words,
    at=st.none() | moments,
    reasons=st.lists(problems, max_size=4).map(tuple),
    issuer=st.builds(Party, siren=maybe, name=maybe),
    about=st.none() | st.builds(Reference, number=maybe, issue_date=maybe),
)


@given(facts, st.none() | concluded_jobs, st.sampled_from(LANGUAGES))
def test_N02_a_text_is_harmless_and_fits_notepad_whatever_a_platform_says(
    told: StatusFacts, about: Job | None, language: Language
) -> None:
    written = status_notice(told, about, setting(language), Messages(language))
    assert written == status_notice(told, about, setting(language), Messages(language))
    if written is None:
        return
    assert written.startswith(b"\xef\xbb\xbf")
    lines = written.decode("utf-8-sig").split("\r\n")
    assert lines.pop() == ""
    for line in lines:
        assert line.replace("\u00a0", " ").isprintable()
        assert columns(line) <= 78


def test_the_moment_is_told_in_the_local_time_of_the_route() -> None:
    late = StatusFacts(
        code="210", at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), reasons=(Problem(code="AUTRE"),)
    )
    assert "le 02/07/2026 à 00:30" in text(late, accepted())
