"""Every kind of answer of the public portal, in JSON, in XML and as a code alone, and what it means."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange, Trouble
from connector.gateways.ppf_answers import flow_in, flows_in, health_of, submitted, words_in
from connector.gateways.ppf_xml import plain
from connector.model import AckStatus
from connector.policy import outcome_of
from tests.unit.test_gateways_answers import PAGE, answered, meaning

FLOW = "FFE0111A_SIM001_SIM0010111000001700000001"
OTHER = "FFE0111A_SIM001_SIM0010111000001700000002"
RECEIPT = {"nomFlux": FLOW, "dateReception": "2026-11-22T08:00:00.000Z"}
XML = {"content-type": "application/xml;charset=UTF-8"}
PROBLEM = {
    "type": "about:blank",
    "titre": "Erreur de validation des données",
    "statut": 422,
    "detail": "nom du flux : valeur invalide",
    "instance": "/flux",
}


def xml(value: Any, name: str = "flux") -> bytes:
    if isinstance(value, list):
        return b"".join(xml(one, name) for one in value)
    inside = (
        b"".join(xml(one, part) for part, one in value.items())
        if isinstance(value, dict)
        else escape(str(value)).encode()
    )
    return b"<%s>%s</%s>" % (name.encode(), inside, name.encode())


def refusal(*reasons: str) -> dict[str, Any]:
    return PROBLEM | {
        "motifs": [{"code": reason, "libelle": "non", "fichier": "f.xml"} for reason in reasons]
    }


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        # a receipt names our flow, in whichever notation; nothing else is one (H05, H22)
        (answered(201, RECEIPT), ("received", FLOW)),
        (answered(200, RECEIPT), ("received", FLOW)),
        (answered(201, xml(RECEIPT), headers=XML), ("received", FLOW)),
        (answered(201, b""), ("unknown", "unnamed")),
        (answered(204), ("unknown", "unnamed")),
        (answered(201, b" \r\n"), ("unknown", "unnamed")),
        (answered(201, {"nomFlux": OTHER}), ("unknown", "unreadable-answer")),
        (answered(201, PAGE), ("unknown", "unreadable-answer")),
        (answered(201, xml(RECEIPT)), ("unknown", "unreadable-answer")),  # it does not say that it is XML
        (answered(201, xml(RECEIPT)[:-4], headers=XML), ("unknown", "unreadable-answer")),
        (answered(201, b"<!DOCTYPE x>" + xml(RECEIPT), headers=XML), ("unknown", "unreadable-answer")),
        (answered(201, b'{"no', complete=False, trouble=Trouble.READ), ("unknown", "read")),
        # final refusals, with the portal's reasons (H08), in both spellings
        (answered(422, refusal("IRR_SYNTAX")), ("refused", "IRR_SYNTAX")),
        (answered(422, xml(refusal("IRR_VID_F"), "erreur"), headers=XML), ("refused", "IRR_VIDE_F")),
        (answered(422, PROBLEM | {"detail": "REJ_COH : incohérent"}), ("refused", "REJ_COH")),
        (answered(422, PROBLEM), ("refused", "http-422")),
        (answered(400, b""), ("refused", "http-400")),
        (answered(413, PAGE), ("refused", "http-413")),
        (answered(501), ("refused", "http-501")),
        # the name is taken: perhaps by ourselves (H09)
        (answered(422, refusal("IRR_UNICITE")), ("unknown", "already-exists")),
        (answered(422, refusal("IRR_UNCITE")), ("unknown", "already-exists")),
        (answered(400, PROBLEM | {"detail": "Flux déjà reçu"}), ("unknown", "already-exists")),
        # the way is closed, whatever the document (H06, H22, H24)
        (answered(401), ("stop", "unauthorized")),
        (answered(403, PROBLEM), ("stop", "forbidden")),
        (answered(404), ("stop", "no-such-service")),
        (answered(308), ("stop", "redirect")),
        (answered(429, headers={"retry-after": "3"}), ("not sent", "rate")),
        # nobody knows (H02, H03)
        (answered(408), ("unknown", "timeout")),
        (answered(500, PROBLEM), ("unknown", "server-error")),
        (answered(503, b"", headers={"retry-after": "3"}), ("unknown", "server-error")),
        (Exchange(body_started=True, trouble=Trouble.TIMEOUT), ("unknown", "timeout")),
        (Exchange(body_started=False, trouble=Trouble.CONNECT), ("not sent", "connect")),
    ],
)
def test_H01_each_answer_to_a_deposit_has_one_meaning(exchange: Exchange, expected: tuple[str, str]) -> None:
    assert meaning(submitted(exchange, FLOW)) == expected


@given_any(
    st.integers(100, 599),
    st.binary(max_size=200) | st.just(xml(RECEIPT)) | st.just(json.dumps(RECEIPT).encode()),
    st.booleans(),
    st.sampled_from([{}, XML, {"content-type": "application/problem+json"}]),
)
def test_no_answer_is_without_a_meaning(
    status: int, body: bytes, complete: bool, headers: dict[str, str]
) -> None:
    trouble = None if complete else Trouble.READ
    exchange = answered(status, body, complete=complete, trouble=trouble, headers=headers)
    assert meaning(submitted(exchange, FLOW))
    assert health_of(exchange) is not None
    for read in (lambda: flow_in(exchange, FLOW), lambda: flows_in(exchange, "search")):
        try:
            read()
        except ReadFailed as failure:
            assert failure.reason


def state(status: str | None = None, *objects: str, **more: Any) -> dict[str, Any]:
    told = {"nomFlux": FLOW, "objets": [{"nom": "f.xml", "statut": word} for word in objects]}
    return told | ({"statut": status} if status else {}) | more


@pytest.mark.parametrize("how", ["json", "xml"])
@pytest.mark.parametrize(
    ("told", "ack"),
    [
        (state(), AckStatus.PENDING),
        (state("500"), AckStatus.PENDING),  # admissible is not accepted
        (state("500", "250"), AckStatus.OK),
        (state("500", "300"), AckStatus.OK),
        (state(None, "250"), AckStatus.OK),
        (state("501"), AckStatus.ERROR),
        (state("500", "251"), AckStatus.ERROR),
        (state("500", "301"), AckStatus.ERROR),
        (state("500", "601"), AckStatus.ERROR),
        (state("500", "250", "251"), AckStatus.ERROR),
        (state("500", "250", "299"), AckStatus.UNKNOWN),
        (state("599", "250"), AckStatus.UNKNOWN),
        (state("recevable"), AckStatus.UNKNOWN),
    ],
)
def test_H17_flow_and_object_are_judged_together_and_an_unknown_status_is_never_an_answer(
    told: dict[str, Any], ack: AckStatus, how: str
) -> None:
    exchange = answered(200, xml(told), headers=XML) if how == "xml" else answered(200, told)
    found = flow_in(exchange, FLOW)
    assert found is not None
    assert (found.ack, found.flow_id) == (ack, FLOW)


def test_a_lifecycle_message_that_is_admissible_is_heard_of_again_only_if_it_is_rejected() -> None:
    flow = FLOW.replace("FFE0111A", "FFE0614A")
    found = flow_in(answered(200, {"nomFlux": flow, "statut": "500"}), flow)
    assert found is not None
    assert found.ack is AckStatus.OK


@pytest.mark.parametrize(
    ("told", "codes", "outcome"),
    [
        (
            state("501", motifs=[{"code": "IRR_VID_F"}, {"code": "IRR_TYPE"}]),
            ["IRR_VIDE_F", "IRR_TYPE"],
            "inadmissible",
        ),
        (state("501"), ["501"], "inadmissible"),
        (state("500", "251"), ["251"], "rejected_by_platform"),
        (
            state("500", objets=[{"statut": "251", "motifs": {"code": "REJ_UNI", "libelle": "déjà"}}]),
            ["REJ_UNI"],
            "rejected_by_platform",
        ),
    ],
)
def test_H08_the_reasons_of_a_refusal_decide_whose_fault_it_was(
    told: dict[str, Any], codes: list[str], outcome: str
) -> None:
    found = flow_in(answered(200, told), FLOW)
    assert found is not None
    assert [problem.code for problem in found.problems] == codes
    assert outcome_of(found.problems) == outcome


@pytest.mark.parametrize("status", [204, 404])
def test_a_flow_that_the_portal_does_not_know_is_none(status: int) -> None:
    assert flow_in(answered(status), FLOW) is None


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (answered(200, {"nomFlux": OTHER, "statut": "500"}), "unreadable-answer"),
        (answered(200, b""), "unreadable-answer"),
        (answered(200, PAGE), "unreadable-answer"),
        (answered(401), "unauthorized"),
        (answered(403), "forbidden"),
        (answered(408), "server-error"),
        (answered(422, PROBLEM), "bad-question"),
        (answered(429), "rate"),
        (answered(500), "server-error"),
        (answered(501), "no-such-service"),
        (answered(503), "server-error"),
        (Exchange(body_started=True, trouble=Trouble.READ), "read"),
    ],
)
def test_an_answer_that_says_nothing_of_a_flow_is_a_failure_to_read(exchange: Exchange, reason: str) -> None:
    with pytest.raises(ReadFailed) as failed:
        flow_in(exchange, FLOW)
    assert failed.value.reason == reason


@pytest.mark.parametrize("how", ["json", "xml"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_page_of_a_search_is_read_in_both_notations_and_206_says_that_there_is_more(
    count: int, how: str
) -> None:
    listed = [{"nomFlux": FLOW[:-1] + str(place), "statut": "500"} for place in range(count)]
    told = {"nombre_total_resultats": 9, "resultats": listed}
    body, headers = (xml(told), XML) if how == "xml" else (json.dumps(told).encode(), {})
    page = flows_in(answered(206, body, headers=headers), "search")
    assert [flow.report.flow_id for flow in page.flows] == [one["nomFlux"] for one in listed]
    assert page.partial
    assert not flows_in(answered(200, body, headers=headers), "search").partial
    assert flows_in(answered(204), "search").flows == ()


@pytest.mark.parametrize("told", [{}, [], {"resultats": [{"nom": "x"}]}, {"error": "x"}])
def test_H13_what_is_no_list_of_flows_is_never_read_as_an_empty_one(told: Any) -> None:
    with pytest.raises(ReadFailed):
        flows_in(answered(200, told), "search")


def test_the_words_of_an_error_are_kept_as_they_were_said() -> None:
    said = "Erreur de validation des données : nom du flux : valeur invalide"
    assert words_in(answered(422, PROBLEM)) == said
    assert words_in(answered(422, xml(PROBLEM, "erreur"), headers=XML)) == said
    assert words_in(answered(422, {"title": "Bad", "detail": "no"})) == "Bad : no"
    assert words_in(answered(503, PAGE)) == ""
    assert words_in(answered(503, b"Service indisponible")) == "Service indisponible"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"<a>",
        b"<a><b></a></b>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b"<a>&x;</a>",
        b"<a>" * 40 + b"</a>" * 40,
        b"<a>\xff</a>",
    ],
)
def test_what_is_not_plain_xml_is_not_read(raw: bytes) -> None:
    assert plain(raw) is None


def test_xml_is_read_as_json_would_have_been() -> None:
    raw = b'<p:a xmlns:p="urn:x" at="1"><p:b> 1 </p:b><b>2</b><c><d>&lt;</d></c><e/></p:a>'
    assert plain(raw) == {"b": ["1", "2"], "c": {"d": "<"}, "e": ""}
