"""The catalogues: complete, alike in both languages, and typographically right."""

from __future__ import annotations

import re
import string
from dataclasses import replace

import pytest

from connector import explanations
from connector.messages import LANGUAGES, Language, Messages, catalogue, kind_of
from connector.model import Family, Outcome, State
from connector.outbox.advice import Action, Number
from tests.unit.outbox_situations import CREDIT_NOTE, INVOICE, REPORT

# Agreement differs between the languages; facts may not.
GRAMMAR = {key.rpartition(".")[2] for key in catalogue("fr") if key.startswith("document.file.")}
SENTENCES = {language: {**catalogue(language), **explanations.entries(language)} for language in LANGUAGES}

OUR_CODES = """
    xsd-unexpected-element xsd-missing-element xsd-wrong-type xsd-wrong-value xsd-unexpected-attribute
    xsd-missing-attribute xsd-wrong-namespace xsd-other xml-not-well-formed xml-incomplete xml-doctype
    xml-encoding xml-not-utf8 xml-too-deep xml-too-large file-empty file-too-large file-not-regular
    kind-unknown kind-not-supported kind-not-accepted inspection-lost same-content same-number in-doubt
    found-several already-exists never-settles source-changed platform-refused
"""
AFNOR_REASONS = """
    EmptyAttachement AttachmentTypeError EmptyFlow OtherTechnicalError InvalidSchema FileSizeExceeded
    FlowTypeError AlreadyExistingFlow VirusFound ChecksumMismatch InvoiceLCInvalidStatus InvoiceLCStatusError
    InvoiceLCRuleError InvoiceLCAccessDenied InvoiceLCAmountError
"""
AFNOR_ERRORS = """
    MISSING_REQUIRED_FIELD MISSING_TOKEN FORBIDDEN_ACCESS MISSING_RESOURCE FILE_SIZE_EXCEEDED
    UNPROCESSABLE_ENTITY TOO_MANY_REQUESTS INTERNAL_ERROR RESOURCE_ERROR
"""
WAITS = """
    connect rate token token-refused unauthorized forbidden breaker in-doubt already-exists resend incomplete
    share-trouble file-trouble no-right disk-full inspection-retry acknowledgement
"""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_catalogues_have_the_same_keys() -> None:
    assert set(catalogue("fr")) == set(catalogue("en"))
    assert set(explanations.entries("fr")) == set(explanations.entries("en"))
    assert explanations.entries("fr")["version"] == explanations.entries("en")["version"]


def test_both_languages_tell_the_same_facts() -> None:
    for key, text in SENTENCES["fr"].items():
        assert placeholders(text) - GRAMMAR == placeholders(SENTENCES["en"][key]) - GRAMMAR, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_document_has_all_the_words(language: Language) -> None:
    kinds = ("file", "invoice", "credit_note", *(family.value for family in Family))
    for kind in kinds:
        words = {key.rpartition(".")[2] for key in catalogue(language) if key.startswith(f"document.{kind}.")}
        assert words == GRAMMAR, kind


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", (OUR_CODES + AFNOR_REASONS + AFNOR_ERRORS).split())
def test_every_code_we_may_meet_is_explained(code: str, language: Language) -> None:
    entry = Messages(language).entry(code, **Messages(language).words(INVOICE))
    assert Messages(language).knows(code)
    assert entry.title
    assert entry.action
    assert "{" not in entry.title + entry.meaning + entry.action


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_enumerated_word_has_a_label(language: Language) -> None:
    messages = Messages(language)
    for outcome in (*Outcome, "pending"):
        assert messages.has(f"outcome.{outcome}.title")
        assert messages.has(f"outcome.{outcome}.label")
    assert all(messages.has(f"state.{state}") for state in State)
    assert all(messages.has(f"family.{family}") for family in Family)
    new_number = f"next.{Action.NEW_INVOICE_NEW_NUMBER}.other"
    assert messages.has(new_number)
    assert all(messages.has(f"next.{action}") for action in Action if action != Action.NEW_INVOICE_NEW_NUMBER)
    assert all(messages.has(f"number.{number}") for number in Number if number != Number.NOT_ASKED)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", WAITS.split())
def test_every_waiting_reason_is_a_sentence(code: str, language: Language) -> None:
    assert Messages(language).has(f"waits.{code}")
    assert Messages(language).waiting(code).endswith(".")


def test_an_unknown_waiting_reason_is_shown_as_it_is() -> None:
    assert "moon-phase" in Messages("fr").waiting("moon-phase")


def test_an_unknown_platform_code_is_told_in_the_platforms_words() -> None:
    entry = Messages("fr").entry("ZZ9", source="platform", message="poids excessif")
    assert "poids excessif" in entry.title
    assert "ZZ9" in Messages("fr").entry("ZZ9", source="platform").title


def test_a_refusal_without_a_reason_is_explained_as_a_refusal() -> None:
    french = Messages("fr")
    assert french.knows("http-422")
    assert french.entry("http-418", source="platform") == french.entry("platform-refused", source="platform")
    assert "422" in french.entry("http-422", source="platform").title


def test_words_from_outside_are_never_read_as_a_template() -> None:
    entry = Messages("fr").entry("ZZ9", source="platform", message="{the} {0} {message.__class__}")
    assert "{the} {0} {message.__class__}" in entry.title


def test_a_sentence_asked_for_without_its_facts_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Messages("fr").text("place.line")
    with pytest.raises(KeyError):
        Messages("fr").text("no.such.key")


def test_french_sentences_are_typeset() -> None:
    for key, text in SENTENCES["fr"].items():
        assert not re.search(r" [;:!?%»]|« |n° ", text), f"{key}: a breaking space where none may break"
        assert not re.search(r"[^\s\u00a0][;!?»]", text), f"{key}: a space is missing"
        assert not re.search(r"  |\.\.\.|[\u2018\u2019]", text), key


def test_sentences_begin_and_end_like_sentences() -> None:
    for language in LANGUAGES:
        for key, text in explanations.entries(language).items():
            if key != "version":
                assert text[0].isupper() or text[0] in "{0123456789", key
                assert text.endswith((".", "…")), key


def test_a_document_is_called_what_it_is() -> None:
    assert kind_of(None) == "file"
    assert kind_of(INVOICE) == "invoice"
    assert kind_of(CREDIT_NOTE) == "credit_note"
    assert kind_of(replace(INVOICE, kind="cii-invoice", type_code="381")) == "credit_note"
    assert kind_of(REPORT) == "ereporting"
    assert Messages("fr").words(CREDIT_NOTE)["the"] == "l'avoir"


def test_counts_agree_in_number() -> None:
    french = Messages("fr")
    assert french.count("notice.errors", 1) == "1 erreur"
    assert french.count("notice.errors", 2) == "2 erreurs"
