"""What a simulated Chorus Pro tells of an integrated invoice: its line in a search, and its history. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.simulator.chorus import ChorusFlow

FIRST = "DEPOSEE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One status of an invoice, and since when it has it, in seconds since 1970."""

    at: float
    status: str
    comment: str = ""


def listed(flow: ChorusFlow) -> dict[str, Any]:
    """The invoice of a flow as `rechercher/fournisseur` lists it."""
    seen, latest = flow.invoice, _all(flow)[-1]
    return {
        "identifiantFactureCPP": int(flow.number.removeprefix("CPP")),
        "typeFacture": "FACTURE",
        "numeroFacture": seen.number,
        "codeFournisseur": seen.supplier,
        "dateFacture": seen.issue_date,
        "dateDepot": flow.day,
        "montantTTC": float(seen.total) if seen.total else None,
        "statut": latest.status,
        "dateHeureEtatCourant": _written(latest.at),
        "commentaireEtatCourant": latest.comment or None,
        "numeroFluxDepot": flow.number,
    }


def history(flow: ChorusFlow) -> dict[str, Any]:
    """Every status of the invoice of a flow, as `consulter/historique` tells them."""
    passed = _all(flow)
    told = [
        {
            "histoStatutCode": each.status,
            "histoStatutDatePassage": _written(each.at),
            "histoStatutCommentaire": each.comment or None,
        }
        for each in passed
    ]
    return {"statutCourantCode": passed[-1].status, "historiquesDesStatuts": {"histoStatut": told}}


def _all(flow: ChorusFlow) -> tuple[Passed, ...]:
    return Passed(at=flow.due, status=FIRST), *flow.passed


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
