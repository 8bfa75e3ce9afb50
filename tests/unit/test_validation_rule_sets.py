"""Which rule sets judge what: the list we ship, and the files that it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from connector.errors import ConfigurationError
from connector.model import Severity
from connector.resources import shipped
from connector.validation.rules.rulesets import RuleSet, check_all, load_rule_sets
from connector.validation.rules.svrl import read_svrl

SETS = {rule_set.name: rule_set for rule_set in load_rule_sets()}
CTC = "urn:cen.eu:en16931:2017#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr"
XSLT = "{http://www.w3.org/1999/XSL/Transform}"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
# Whatever a stylesheet can open a file or an address with.
OPENS = re.compile(
    r"\b(document|doc|doc-available|unparsed-text(?:-lines|-available)?|collection|uri-collection)\("
)


def judging(kind: str, profile: str | None) -> list[str]:
    return [name for name, rule_set in SETS.items() if rule_set.judges(kind, profile)]


def expressions(stylesheet: Path) -> list[str]:
    """The values of all attributes: every XPath is in one."""
    return [str(value) for element in etree.parse(stylesheet).iter() for value in element.attrib.values()]


def test_all_rule_sets_of_this_installation_are_the_known_ones() -> None:
    check_all()


@pytest.mark.parametrize(
    ("kind", "profile", "expected"),
    [
        ("ubl-invoice", "urn:cen.eu:en16931:2017", ["en16931-ubl", "br-fr-ubl"]),
        ("ubl-creditnote", None, ["en16931-ubl", "br-fr-ubl"]),
        ("ubl-invoice", CTC, ["extended-ctc-fr-ubl", "br-fr-ubl"]),
        ("ubl-invoice", f" {CTC.upper()}\n", ["extended-ctc-fr-ubl", "br-fr-ubl"]),
        ("cii-invoice", None, ["facturx-en16931", "br-fr-cii"]),
        (
            "cii-invoice",
            "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
            ["facturx-en16931", "br-fr-cii"],
        ),
        ("cii-invoice", CTC, ["extended-ctc-fr-cii", "br-fr-cii"]),
        ("facturx-en16931", "urn:cen.eu:en16931:2017", ["facturx-en16931", "br-fr-cii"]),
        (
            "facturx-basic",
            "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic",
            ["facturx-basic", "br-fr-cii"],
        ),
        (
            "facturx-extended",
            "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended",
            ["facturx-extended", "br-fr-cii"],
        ),
        ("facturx-basicwl", "urn:factur-x.eu:1p0:basicwl", ["facturx-basicwl"]),
        ("facturx-minimum", "urn:factur-x.eu:1p0:minimum", ["facturx-minimum"]),
        ("cdar", "urn.cpro.gouv.fr:1p0:CDV:invoice", ["br-fr-cdv"]),
        ("frr-report", None, []),
    ],
)
def test_a_document_is_judged_by_the_sets_of_its_kind_and_profile(
    kind: str, profile: str | None, expected: list[str]
) -> None:
    assert judging(kind, profile) == expected


@pytest.mark.parametrize(
    ("name", "rule", "flag", "expected"),
    [
        ("en16931-ubl", "BR-CO-15", "fatal", Severity.ERROR),
        ("en16931-ubl", "UBL-CR-001", "warning", Severity.WARNING),
        ("br-fr-ubl", "BR-FR-12_BT-49", "fatal", Severity.ERROR),
        ("facturx-en16931", "BR-CO-15", None, Severity.ERROR),
        ("facturx-en16931", "CII-SR-465", None, Severity.WARNING),
        ("facturx-en16931", "FX-SCH-A-000556", None, Severity.WARNING),
        ("facturx-en16931", "FX-NOT-USED", None, Severity.WARNING),
        ("facturx-extended", "BR-FXEXT-S-08", "warning", Severity.WARNING),
        ("extended-ctc-fr-cii", "CII-SR-019", "fatal", Severity.ERROR),
        ("br-fr-cdv", "BR-FR-CDV-08", "warning", Severity.WARNING),
    ],
)
def test_only_rules_that_everybody_keeps_may_refuse_a_document(
    name: str, rule: str, flag: str | None, expected: Severity
) -> None:
    assert SETS[name].severity(rule, flag) is expected


def test_a_verdict_names_rules_version_and_package() -> None:
    assert SETS["en16931-ubl"].shown == "EN 16931 UBL 1.3.16 (factur-x 7.8)"


@pytest.mark.parametrize("rule_set", SETS.values(), ids=SETS)
def test_a_stylesheet_opens_nothing_but_the_files_that_are_checked(rule_set: RuleSet) -> None:
    stylesheet = rule_set.locate()
    checked = {Path(name).name for name in rule_set.files}
    for expression in expressions(stylesheet):
        for call in OPENS.finditer(expression):
            name = re.match(r"\s*'([^'/:]+)'\s*\)", expression[call.end() :])
            assert name is not None, expression
            assert name[1] in checked
    tree = etree.parse(stylesheet)
    for instruction in (
        "import",
        "include",
        "import-schema",
        "result-document",
        "evaluate",
        "source-document",
    ):
        assert tree.find(f".//{XSLT}{instruction}") is None, instruction


@pytest.mark.parametrize("rule_set", SETS.values(), ids=SETS)
def test_every_rule_of_a_stylesheet_gets_a_name(rule_set: RuleSet) -> None:
    tree = etree.parse(rule_set.locate())
    rules = [*tree.iterfind(f".//{SVRL}failed-assert"), *tree.iterfind(f".//{SVRL}successful-report")]
    assert len(rules) >= 40
    for rule in rules:
        identifier = rule.findtext(f"{XSLT}attribute[@name='id']") or rule.get("id")
        sentence = rule.find(f"{SVRL}text")
        assert sentence is not None
        report = etree.Element(f"{SVRL}schematron-output")
        broken = etree.SubElement(report, rule.tag)
        if identifier:
            broken.set("id", identifier)
        etree.SubElement(broken, f"{SVRL}text").text = "".join(map(str, sentence.itertext()))
        (raised,) = read_svrl(etree.tostring(report, encoding="unicode"))
        if raised.rule is None:
            assert rule_set.unnamed == "FX-NOT-USED"
            assert "not used" in raised.text
        else:
            assert re.fullmatch(r"[A-Z][A-Za-z0-9_.-]+", raised.rule)
            assert identifier is None or raised.rule == identifier or identifier.startswith("FX-SCH-A-")


def changed_list(tmp_path: Path, old: str, new: str) -> tuple[RuleSet, ...]:
    text = shipped("schemas", "rules.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "rules.toml"
    path.write_text(text.replace(old, new), "utf-8")
    return load_rule_sets(path)


def test_a_stylesheet_that_is_not_the_known_one_is_an_error(tmp_path: Path) -> None:
    known = SETS["en16931-ubl"].files[SETS["en16931-ubl"].stylesheet]
    (changed, *_) = changed_list(tmp_path, known, "0" * 64)
    with pytest.raises(ConfigurationError, match=r"EN16931-UBL-validation\.xslt: found SHA-256"):
        changed.locate()


def test_another_version_of_the_package_is_an_error(tmp_path: Path) -> None:
    (changed, *_) = changed_list(tmp_path, 'package_version = "7.8"', 'package_version = "7.9"')
    with pytest.raises(ConfigurationError, match=r"found version 7\.8, expected 7\.9 \(rules en16931-ubl\)"):
        changed.locate()
