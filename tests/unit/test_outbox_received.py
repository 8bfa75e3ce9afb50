"""The files about what came from the platform: as their schemas say, under names that any system can hold."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connector.incoming import Delivery, Effect, Phase
from connector.messages import LANGUAGES, Language, Messages
from connector.model import (
    Announced,
    Document,
    Family,
    Job,
    Outcome,
    Party,
    Problem,
    Reason,
    Reference,
    Seal,
    State,
    StatusAmount,
    Syntax,
)
from connector.outbox.received import Desk, announced
from connector.resources import shipped
from tests.unit.policy_jobs import document as invoice
from tests.unit.policy_jobs import job as job_in
from tests.unit.test_outbox_result import strict

NIGHT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # the next day in Paris
ANY_TEXT = st.none() | st.text(max_size=300)


def desk(language: Language = "fr") -> Desk:
    return Desk(
        route="ventes",
        environment="test",
        messages=Messages(language),
        english=Messages("en"),
        zone=ZoneInfo("Europe/Paris"),
        inbox="inbox",
        errors="erreurs",
        statuses="statuts",
        received="recus",
        notice=".ERREUR.txt",
    )


def delivery(**facts: Any) -> Delivery:
    whole = Delivery(
        id="20261122-233000-0000000a-00001",
        incoming="20261122-233000-0000000a",
        account="pa",
        route="ventes",
        state=Phase.NOTED,
        noted_at=NIGHT,
        subject="s",
        n=3,
        flow_id="in-1",
        name="CDV.xml",
        size=10,
        sha256="a" * 64,
        seal=Seal(seq=7, hash="b" * 64),
    )
    return replace(whole, **facts)


def job() -> Job:
    whole = job_in(State.DONE, name=b"FA1.xml", outcome=Outcome.ACCEPTED, flow_id="f-1")
    return replace(whole, document=invoice())


def told(what: Delivery, about: Job | None = None, language: Language = "fr") -> dict[str, Any]:
    """The machine's file, which comes last and fits its schema to the letter."""
    _, files = announced(what, about, desk(language))
    _, suffix, content = files[-1]
    assert suffix == ".json"
    assert content is not None
    record: dict[str, Any] = json.loads(content)
    schema = json.loads(shipped("schemas", "results", f"{record['type']}.schema.json").read_text("utf-8"))
    Draft202012Validator(strict(schema)).validate(record)
    return record


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("current", ["205", None])
def test_every_effect_of_a_status_has_its_sentence(
    effect: Effect, current: str | None, language: Language
) -> None:
    said = Announced(code="210", about=Reference(number="FA1"))
    about = None if effect is Effect.UNMATCHED else job()
    record = told(delivery(status=said, effect=effect, current=current), about, language)
    for message in (record["message"], record["message_en"]):
        assert "FA1" in message
        assert "{" not in message
    assert (record["message"] == record["message_en"]) == (language == "en")


@pytest.mark.parametrize(
    ("code", "reason", "effect", "asked"),
    [
        ("207", "QTE_ERR", Effect.CURRENT, True),
        ("221", "ROUTAGE_ERR", Effect.CURRENT, True),
        ("301", "REJ_PER", Effect.CURRENT, True),
        ("213", "DOUBLON", Effect.FIRST_STANDS, True),
        ("205", None, Effect.CURRENT, False),
        ("207", "QTE_ERR", Effect.KEPT, False),  # repeated, or older than what is known
        ("210", "TX_TVA_ERR", Effect.AFTER_END, False),
        ("501", "IRR_SYNTAX", Effect.KEPT, True),  # of the flow: it never becomes the document's own status
        ("251", "REJ_COH", Effect.KEPT, True),
        ("601", "REJ_ENCAISSEMENT", Effect.KEPT, True),
        ("250", None, Effect.KEPT, False),
        ("501", "IRR_SYNTAX", Effect.AFTER_END, False),
    ],
)
def test_a_text_is_written_for_what_is_news_and_asks_for_something(
    code: str, reason: str | None, effect: Effect, asked: bool
) -> None:
    said = Announced(code=code, reasons=(Reason(code=reason),) if reason else ())
    _, files = announced(delivery(status=said, effect=effect), job(), desk())
    assert [suffix for folder, suffix, _ in files if folder == "erreurs"] == [".ERREUR.txt"] * asked


def test_a_status_is_named_after_the_file_that_was_dropped_and_the_day_is_the_companys() -> None:
    name, files = announced(delivery(status=Announced(code="205"), effect=Effect.CURRENT), job(), desk())
    assert name == "FA1_CDV_205_003"
    assert [(folder, suffix) for folder, suffix, _ in files] == [
        ("statuts/2026-11-23", ".xml"),
        ("statuts/2026-11-23", ".json"),
    ]
    assert files[0][2] is None  # the message as it came


def test_a_document_is_named_as_the_platform_names_it_with_an_extension_for_people() -> None:
    pdf = Document(family=Family.INVOICE, syntax=Syntax.FACTUR_X, kind="facturx-basic", number="A1")
    assert announced(delivery(name="A1", document=pdf), None, desk())[0] == "A1.pdf"
    assert announced(delivery(name="A1.data", document=pdf), None, desk())[0] == "A1.data"
    assert announced(delivery(name=""), None, desk())[0] == "in-1"


def test_what_never_came_has_no_file_and_says_so() -> None:
    missing = delivery(sha256=None, problems=(Problem(code="incoming-not-found", source="platform"),))
    _, files = announced(missing, None, desk())
    assert [suffix for _, suffix, _ in files] == [".json"]
    record = told(missing)
    assert record["file"] is None
    assert "in-1" in record["message"]
    assert record["problems"][0]["message"].startswith("La plateforme annonce ce document")


@given(
    code=ANY_TEXT,
    words=ANY_TEXT,
    number=ANY_TEXT,
    reason=ANY_TEXT,
    amount=st.text(max_size=40),
    name=st.text(max_size=300),
)
def test_whatever_a_platform_writes_the_files_are_sound_and_their_names_safe(
    code: str | None, words: str | None, number: str | None, reason: str | None, amount: str, name: str
) -> None:
    said = Announced(
        code=code,
        words=words,
        about=Reference(number=number, issuer=Party(siren=number, name=words)),
        reasons=(Reason(code=reason, words=words),),
        amounts=(StatusAmount(kind=code, amount=amount),),
    )
    for what in (
        delivery(status=said, effect=Effect.UNMATCHED, name=name, current=code),
        delivery(name=name, problems=(Problem(code=reason or "x", message=words),)),
    ):
        told(what)
        wished, _ = announced(what, None, desk())
        assert re.fullmatch(r"[A-Za-z0-9_.~()\[\]{}^`'+,=-]{1,200}", wished), wished
        assert not wished.startswith(".")
