"""The result file keeps the contract that it publishes, for every job that the journal can hold."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connector.messages import LANGUAGES, Language
from connector.model import Document, Family, Job, Outcome, Party, Problem, Reference, Severity, Syntax
from connector.outbox.advice import Action, Who
from connector.resources import shipped
from tests.unit.outbox_situations import EARLIER, SITUATIONS, invalid, job, scribe, sent
from tests.unit.outbox_strategies import concluded_jobs

SCHEMA: dict[str, Any] = json.loads(shipped("schemas", "results", "result.schema.json").read_text("utf-8"))


def strict(schema: Any) -> Any:
    """The published schema with its door for newer members shut: we emit none that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: strict(value) for key, value in schema.items()}
    return shut | {"additionalProperties": False} if "additionalProperties" in schema else shut


STRICT = Draft202012Validator(strict(SCHEMA), format_checker=Draft202012Validator.FORMAT_CHECKER)


def result_of(ended: Job, twin: Job | None = None, language: Language = "fr") -> Any:
    [content] = [c for _, suffix, c in scribe(language).compose(ended, twin) if suffix.endswith(".json")]
    assert content is not None
    assert not content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"}\n")
    return json.loads(content.decode("utf-8"))


def test_the_published_schema_is_a_schema_and_describes_every_member() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    pending = [SCHEMA]
    while pending:
        for member in pending.pop().get("properties", {}).values():
            pending += [member, member.get("items", {})]
            assert member.get("description")


@given(concluded_jobs, st.none() | concluded_jobs, st.sampled_from(LANGUAGES))
def test_every_result_is_valid_and_has_no_member_unnamed_by_the_schema(
    ended: Job, twin: Job | None, language: Language
) -> None:
    STRICT.validate(result_of(ended, twin, language))


def test_a_consumers_schema_lets_newer_members_through_and_catches_missing_ones() -> None:
    result = result_of(*SITUATIONS["acceptee"])
    newer = copy.deepcopy(result) | {"colour": "blue"}
    Draft202012Validator(SCHEMA).validate(newer)
    assert not STRICT.is_valid(newer)
    del result["next"]["action"]
    assert not Draft202012Validator(SCHEMA).is_valid(result)


def test_the_schema_knows_every_outcome_action_and_person() -> None:
    properties = SCHEMA["properties"]
    assert properties["outcome"]["enum"] == [outcome.value for outcome in Outcome]
    assert properties["next"]["properties"]["action"]["enum"] == [action.value for action in Action]
    assert properties["next"]["properties"]["who"]["enum"] == [who.value for who in Who]


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_held_job_is_not_final(outcome: Outcome) -> None:
    assert result_of(job(outcome))["final"] is (outcome is not Outcome.HELD)


def test_acceptance_is_told_as_technical_only() -> None:
    result = result_of(*SITUATIONS["acceptee"])
    assert result["status"]["code"] == "technically_accepted"
    assert "techniquement" in result["status"]["label"]
    assert "pas encore une réponse du destinataire" in result["message"]


def test_amounts_stay_as_written_and_times_carry_their_offset() -> None:
    result = result_of(*SITUATIONS["acceptee"])
    assert result["document"]["total_with_vat"] == "1210.00"
    assert result["file"]["received_at"] == "2026-11-22T06:02:11+01:00"


def test_N01_a_name_that_is_no_utf8_is_shown_and_N02_what_acts_in_it_is_escaped() -> None:
    assert result_of(job(Outcome.HELD, name=b"re\xe7u.xml"))["file"]["name"] == "reçu.xml"
    shown = result_of(job(Outcome.HELD, name="a\n\u202eb.xml".encode()))["file"]["name"]
    assert "\n" not in shown
    assert "\u202e" not in shown
    assert "202e" in shown


def test_a_duplicate_says_what_became_of_the_first() -> None:
    repeated = replace(job(Outcome.DUPLICATE, Problem(code="same-content")), twin=EARLIER.id)
    result = result_of(repeated, EARLIER)
    assert result["duplicate_of"] == {
        "id": EARLIER.id,
        "name": "FA2026-00125.xml",
        "received_at": "2026-11-20T16:10:00+01:00",
        "outcome": "accepted",
        "flow_id": "flow-7f3a",
    }
    assert "le 20/11/2026 à 16:10" in result["message"]
    assert result["next"]["message"].startswith("Il n'y a rien à faire.")


def test_a_duplicate_of_a_refused_file_points_to_its_result() -> None:
    first = replace(EARLIER, outcome=Outcome.REFUSED_BY_BUYER)
    result = result_of(replace(job(Outcome.DUPLICATE), twin=first.id), first)
    assert "compte rendu du premier dépôt" in result["next"]["message"]
    assert "refusée par le client" in result["message"]


def test_a_duplicate_of_a_forgotten_file_still_has_a_result() -> None:
    result = result_of(replace(job(Outcome.DUPLICATE), twin="20200101-000000-00000000"), None)
    assert result["duplicate_of"]["outcome"] is None


def test_nothing_is_said_of_a_platform_that_was_never_asked() -> None:
    assert result_of(job(Outcome.REJECTED_BEFORE_SENDING))["platform"] is None
    assert result_of(sent(job(Outcome.HELD), flow_id=None))["platform"]["attempts"] == 1


def test_findings_keep_their_own_place_and_share_the_number_of_their_cause() -> None:
    found = [
        Problem(
            code="xsd-wrong-type", source="xsd", where=f"/Invoice/InvoiceLine[{n}]/Price/PriceAmount", line=n
        )
        for n in (3, 7)
    ]
    warning = Problem(code="xsd-wrong-type", severity=Severity.WARNING, where="/Invoice/ProfileID")
    rejected = job(Outcome.REJECTED_BEFORE_SENDING, verdict=invalid(warning, *found))
    problems = result_of(rejected)["problems"]
    assert [(p["n"], p["severity"], p["invoice_line"]) for p in problems] == [
        (1, "error", 3),
        (1, "error", 7),
        (2, "warning", None),
    ]
    assert problems[0]["term"] == "BT-146"
    assert problems[0]["term_label"] == "Prix unitaire net HT"


def test_long_values_are_cut_and_the_raw_words_kept() -> None:
    problem = Problem(code="xsd-other", found="v" * 5000, message="m" * 900)
    [told] = result_of(job(Outcome.REJECTED_BEFORE_SENDING, problem))["problems"]
    assert len(told["found"]) == 200
    assert told["raw"] == "m" * 900


def test_of_a_lifecycle_message_the_result_names_the_invoice_and_its_status() -> None:
    message = Document(
        family=Family.LIFECYCLE,
        syntax=Syntax.CDAR,
        kind="cdar",
        number="CDV-1",
        status_code="210",
        about=Reference(number="FA-7", issue_date="2026-09-01"),
        sender=Party(name="0238:9999"),
    )
    document = result_of(job(Outcome.ACCEPTED, document=message))["document"]
    assert (document["status_code"], document["about"]["number"]) == ("210", "FA-7")
    assert document["sender"]["name"] == "0238:9999"
    STRICT.validate(result_of(job(Outcome.ACCEPTED, document=message)))
