"""Statuses that come after the result, each with the reason that decides what to do: for the snapshots."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from connector.messages import Language, Messages
from connector.model import Document, Family, Job, Outcome, Party, Problem, Reference, Syntax
from connector.outbox.status import Setting, StatusFacts, status_notice
from tests.unit.outbox_situations import CREDIT_NOTE, INVOICE, REPORT, job, sent

GIVEN = datetime(2026, 11, 25, 8, 12, tzinfo=UTC)
CUSTOMER = Party(name="Client SA", siren="552100554")
STATUS_MESSAGE = Document(
    family=Family.LIFECYCLE, syntax=Syntax.CDAR, kind="cdar", number="CDV-2026-17", status_code="212"
)
UPDATE = Document(
    family=Family.DIRECTORY, syntax=Syntax.DIRECTORY, kind="annuaire-f12-f13", number="ANN-2026-3"
)


def reason(code: str, message: str | None = None) -> Problem:
    return Problem(code=code, source="platform", message=message)


def accepted(document: Document = INVOICE) -> Job:
    """A deposit that the platform accepted technically before the status came."""
    return sent(job(Outcome.ACCEPTED, document=document))


def status(
    code: str, *reasons: Problem, issuer: Party = CUSTOMER, about: Reference | None = None
) -> StatusFacts:
    return StatusFacts(code=code, at=GIVEN, reasons=reasons, issuer=issuer, about=about)


def _from_platform(code: str, *reasons: Problem) -> StatusFacts:
    return status(code, *reasons, issuer=Party(name="0238:9999"))


STATUSES: dict[str, tuple[StatusFacts, Job | None]] = {
    "200_NON_TRANSMISE": (_from_platform("200", reason("NON_TRANSMISE")), accepted()),
    "206_PU_ERR": (status("206", reason("PU_ERR", "prix du marché 95,00")), accepted()),
    "207_QTE_ERR": (status("207", reason("QTE_ERR", "10 livrées, 12 facturées")), accepted()),
    "207_DOUBLE_FACT": (status("207", reason("DOUBLE_FACT")), accepted()),
    "207_sans_motif": (status("207"), accepted()),
    "208_JUSTIF_ABS": (status("208", reason("JUSTIF_ABS", "bon de livraison signé")), accepted()),
    "208_CMD_ERR": (status("208", reason("CMD_ERR")), accepted()),
    "210_TX_TVA_ERR": (status("210", reason("TX_TVA_ERR", "taux de 10 % attendu")), accepted()),
    "210_deux_motifs": (status("210", reason("CALCUL_ERR"), reason("REF_CT_ABSENT")), accepted()),
    "210_avoir": (status("210", reason("MONTANTTOTAL_ERR")), accepted(CREDIT_NOTE)),
    "210_TRANSAC_INC": (status("210", reason("TRANSAC_INC")), accepted()),
    "210_COORD_BANC_ERR": (status("210", reason("COORD_BANC_ERR")), accepted()),
    "210_DOUBLE_FACT": (status("210", reason("DOUBLE_FACT")), accepted()),
    "210_SUPPR_COMP_AVOIR": (status("210", reason("SUPPR_COMP_AVOIR")), accepted()),
    "210_TRANSF_PMNT_REGIE": (status("210", reason("TRANSF_PMNT_REGIE")), accepted()),
    "210_facture_inconnue": (
        status(
            "210",
            reason("AUTRE", "voir notre courriel"),
            about=Reference(
                number="FA2026-00007",
                issue_date="2026-10-02",
                issuer=Party(siren="732829320", name="Exemple SAS"),
            ),
        ),
        None,
    ),
    "213_CALCUL_ERR": (_from_platform("213", reason("CALCUL_ERR")), accepted()),
    "213_DEST_INC": (_from_platform("213", reason("DEST_INC")), accepted()),
    "213_DOUBLON": (_from_platform("213", reason("DOUBLON")), accepted()),
    "221_ROUTAGE_ERR": (_from_platform("221", reason("ROUTAGE_ERR")), accepted()),
    "251_REJ_COH": (_from_platform("251", reason("REJ_COH")), accepted()),
    "301_REJ_PER": (_from_platform("301", reason("REJ_PER")), accepted(REPORT)),
    "301_REJ_UNI": (_from_platform("301", reason("REJ_UNI")), accepted(REPORT)),
    "401_REJ_VAL_INC": (_from_platform("401", reason("REJ_VAL_INC")), accepted(UPDATE)),
    "501_IRR_SYNTAX": (_from_platform("501", reason("IRR_SYNTAX")), accepted()),
    "501_IRR_ANTIVIRUS": (_from_platform("501", reason("IRR_ANTIVIRUS")), accepted()),
    "601_REJ_ENCAISSEMENT": (_from_platform("601", reason("REJ_ENCAISSEMENT")), accepted(STATUS_MESSAGE)),
    "299_inconnu": (_from_platform("299", reason("ZZZ")), accepted()),
}


def setting(language: Language, environment: str = "production") -> Setting:
    return Setting(
        environment=environment,
        zone=ZoneInfo("Europe/Paris"),
        inbox="inbox",
        errors_folder="erreurs" if language == "fr" else "errors",
    )


def text_of(name: str, language: Language) -> bytes | None:
    facts, about = STATUSES[name]
    reported = about is not None and about.document is not None and about.document.family is Family.EREPORTING
    deadline = date(2026, 11, 30) if reported else None
    return status_notice(facts, about, setting(language), Messages(language), deadline=deadline)
