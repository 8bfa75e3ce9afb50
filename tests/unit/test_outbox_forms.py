"""The files for programs say the same in every form, and nothing that a file contains can break them."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connector.delivery import Delivery, Form
from connector.messages import LANGUAGES, Language
from connector.model import Job, Outcome, Party
from connector.outbox import OutboxScribe
from connector.outbox.forms import COLUMNS
from connector.resources import shipped
from tests.unit.outbox_situations import EARLIER, INVOICE, ROUTE, SITUATIONS, invalid, job, sent
from tests.unit.outbox_strategies import concluded_jobs
from tests.unit.test_cells import FORMULA, NUMBER
from tests.unit.test_outbox_result import SCHEMA

XSD = etree.XMLSchema(etree.fromstring(shipped("schemas", "results", "result.xsd").read_bytes()))
ALL: tuple[Form, ...] = ("json", "csv", "xml")
deliveries = st.builds(
    Delivery,
    result_formats=st.just(ALL),
    result_encoding=st.sampled_from(["utf-8", "cp1252"]),
    result_delimiter=st.sampled_from([";", ","]),
)


def files(
    ended: Job, twin: Job | None = None, language: Language = "fr", **settings: Any
) -> dict[str, bytes]:
    """The files for programs by their last extension."""
    route = ROUTE.model_copy(update={"result_formats": ALL, **settings})
    composed = OutboxScribe(route, "production", language, "Europe/Paris").compose(ended, twin)
    return {
        suffix.rpartition(".")[2]: content
        for _, suffix, content in composed
        if content is not None and not suffix.endswith(".txt")
    }


def row(content: bytes, encoding: str = "utf-8", delimiter: str = ";") -> dict[str, str]:
    [cells] = csv.DictReader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter)
    assert None not in cells
    return cells


@given(concluded_jobs, st.none() | concluded_jobs, st.sampled_from(LANGUAGES), deliveries)
def test_N01_N02_every_form_can_be_read_whatever_the_names_numbers_and_messages(
    ended: Job, twin: Job | None, language: Language, delivery: Delivery
) -> None:
    written = files(ended, twin, language, **delivery.model_dump())
    encoding = delivery.result_encoding
    record = json.loads(written["json"].decode(encoding))

    tree = etree.fromstring(written["xml"])
    XSD.assertValid(tree)
    assert tree.findtext("outcome") == record["outcome"]
    assert tree.findtext("next/message") == record["next"]["message"]

    lines = written["csv"].decode(encoding).split("\r\n")
    assert (len(lines), lines[2]) == (3, "")
    cells = row(written["csv"], encoding, delivery.result_delimiter)
    assert tuple(cells) == COLUMNS
    assert (cells["id"], cells["outcome"]) == (record["id"], record["outcome"])
    assert not any(FORMULA.match(cell) and not NUMBER.fullmatch(cell) for cell in cells.values())
    if encoding == "utf-8":
        assert cells["replaced_characters"] == "0"


@pytest.mark.parametrize("name", sorted(SITUATIONS))
def test_the_three_forms_say_the_same(name: str) -> None:
    written = files(*SITUATIONS[name])
    record, cells, tree = json.loads(written["json"]), row(written["csv"]), etree.fromstring(written["xml"])
    assert cells["message"] == record["message"] == tree.findtext("message")
    allowed = record["next"]["same_number_allowed"]
    assert cells["same_number_allowed"] == {True: "true", False: "false", None: ""}[allowed]
    assert tree.findtext("next/same_number_allowed", "") == cells["same_number_allowed"]
    document = record["document"] or {}
    assert cells["number"] == (document.get("number") or "") == tree.findtext("document/number", "")
    errors = {problem["n"] for problem in record["problems"] if problem["severity"] == "error"}
    assert cells["errors"] == str(len(errors))
    assert [p.findtext("code") for p in tree.iterfind("problems/problem")] == [
        problem["code"] for problem in record["problems"]
    ]


def test_the_xsd_and_the_json_schema_name_the_same_members_in_the_same_order() -> None:
    def of_json(schema: dict[str, Any]) -> list[Any]:
        return [
            (name, of_json(member.get("items", member)))
            for name, member in schema.get("properties", {}).items()
        ]

    namespace = "{http://www.w3.org/2001/XMLSchema}"
    root = etree.fromstring(shipped("schemas", "results", "result.xsd").read_bytes())
    named = {node.get("name"): node for node in root.iterfind(f"{namespace}complexType")}

    def of_xsd(node: etree._Element | None) -> list[Any]:
        found = node.findall(f"{namespace}sequence/{namespace}element") if node is not None else []
        members = []
        for element in found:
            inner = element.find(f"{namespace}complexType")
            below = of_xsd(named.get(element.get("type")) if inner is None else inner)
            is_list = len(below) == 1 and below[0][0] in ("problem", "document")
            members.append((element.get("name"), below[0][1] if is_list else below))
        return members

    assert of_xsd(root.find(f"{namespace}element/{namespace}complexType")) == of_json(SCHEMA)


def test_what_a_code_page_lacks_is_escaped_in_json_and_xml_and_counted_in_csv() -> None:
    buyer = Party(name="Łódź 商事 – été")
    accepted = sent(job(Outcome.ACCEPTED, document=replace(INVOICE, buyer=buyer)))
    written = files(accepted, result_encoding="cp1252")
    assert json.loads(written["json"].decode("cp1252"))["document"]["buyer"]["name"] == buyer.name
    assert etree.fromstring(written["xml"]).findtext("document/buyer/name") == buyer.name
    assert b'encoding="windows-1252"' in written["xml"]
    cells = row(written["csv"], "cp1252")
    assert cells["buyer_name"] == "?ód? ?? – été"
    assert cells["replaced_characters"] == "4"


def test_a_company_that_is_called_like_a_formula_stays_text_and_amounts_stay_numbers() -> None:
    buyer = Party(name='=HYPERLINK("http://x.example")')
    document = replace(INVOICE, buyer=buyer, total_with_vat="-1210.00")
    cells = row(files(sent(job(Outcome.ACCEPTED, document=document)))["csv"])
    assert cells["buyer_name"] == '\'=HYPERLINK("http://x.example")'
    assert cells["total_with_vat"] == "-1210.00"


def test_a_csv_for_machines_has_no_bom_points_for_decimals_and_iso_dates() -> None:
    content = files(sent(job(Outcome.ACCEPTED)), result_delimiter=",")["csv"]
    assert content.startswith(b"schema_version,id,outcome,")
    cells = row(content, delimiter=",")
    assert (cells["total_with_vat"], cells["issue_date"]) == ("1210.00", "2026-11-21")
    assert re.fullmatch(r"2026-11-22T06:02:11\+01:00", cells["received_at"])


@pytest.mark.parametrize(
    ("ended", "twin", "suffixes"),
    [
        (sent(job(Outcome.ACCEPTED)), None, [".ok.csv", ".ok.xml", ".ok.json", ".ok.go"]),
        (
            job(Outcome.REJECTED_BEFORE_SENDING, verdict=invalid()),
            None,
            ["", ".ERREUR.txt", ".err.csv", ".err.xml", ".err.json", ".err.go"],
        ),
        (
            job(Outcome.DUPLICATE),
            EARLIER,
            ["", ".doublon.csv", ".doublon.xml", ".doublon.json", ".doublon.go"],
        ),
    ],
)
def test_files_appear_in_the_order_of_the_setting_and_the_marker_last(
    ended: Job, twin: Job | None, suffixes: list[str]
) -> None:
    route = ROUTE.model_copy(update={"result_formats": ("csv", "xml", "json"), "go_marker": True})
    composed = list(OutboxScribe(route, "production", "fr", "Europe/Paris").compose(ended, twin))
    assert [suffix for _, suffix, _ in composed] == suffixes
    assert composed[-1][2] == b""


def test_a_flat_layout_has_one_folder_for_all_days() -> None:
    route = ROUTE.model_copy(update={"result_layout": "flat"})
    flat = OutboxScribe(route, "production", "fr", "Europe/Paris")
    assert {folder for folder, _, _ in flat.compose(sent(job(Outcome.ACCEPTED)), None)} == {"ok"}
    assert {folder for folder, _, _ in flat.compose(job(Outcome.DUPLICATE), EARLIER)} == {"doublons"}


def test_a_text_points_to_the_form_that_the_site_has() -> None:
    route = ROUTE.model_copy(update={"result_formats": ("xml",)})
    composed = OutboxScribe(route, "production", "fr", "Europe/Paris").compose(*SITUATIONS["trop_de_points"])
    notice = next(content for _, suffix, content in composed if suffix.endswith(".txt"))
    assert notice is not None
    assert "voir le fichier .err.xml." in " ".join(notice.decode().split())
