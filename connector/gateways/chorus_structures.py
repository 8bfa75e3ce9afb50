"""What Chorus Pro says of a public recipient: whether it is there, and what it wants on an invoice. Pure.

Three questions: `structures/v1/rechercher` finds the structure of a SIRET, `structures/v1/consulter` tells
whether invoices to it need a service code or a commitment number, and `structures/v1/rechercher/services`
lists its services. What lacks in an invoice is why Chorus Pro rejects it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.directory import DirectoryLine, LineStatus
from connector.gateways.fields import text

LANGUAGE = "fr"
PAGE = 500  # services; a large structure has some hundreds


def search_of(siret: str) -> dict[str, Any]:
    """The body of `structures/v1/rechercher`."""
    return {"structure": {"identifiantStructure": siret, "typeIdentifiantStructure": "SIRET"}}


def question_about(structure: int) -> dict[str, Any]:
    """The body of `structures/v1/consulter`."""
    return {"idStructureCPP": structure, "codeLangue": LANGUAGE}


def services_of(structure: int, page: int) -> dict[str, Any]:
    """The body of `structures/v1/rechercher/services`."""
    paging = {"nbResultatsParPage": PAGE, "pageResultatDemandee": page}
    return {"idStructure": structure, "parametresRechercherServicesStructure": paging}


def structure_in(answer: Mapping[str, Any], siret: str) -> int | None:
    """The number of the structure that a search found; None when there is none of this SIRET."""
    listed = answer.get("listeStructures")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and text(entry.get("identifiantStructure")) in (None, siret):
            number = entry.get("idStructureCPP")
            if isinstance(number, int) and not isinstance(number, bool):
                return number
    return None


def line_in(answer: Mapping[str, Any], siret: str) -> DirectoryLine:
    """A structure as a line of a directory. A state that we do not know is not taken for a working one."""
    told = answer.get("parametres")
    parameters: Mapping[str, Any] = told if isinstance(told, dict) else {}
    status = (text(answer.get("statut")) or "ACTIF").upper()
    return DirectoryLine(
        address=siret,
        siren=siret[:9],
        siret=siret,
        status={"ACTIF": LineStatus.ENABLED, "INACTIF": LineStatus.DISABLED}.get(status, LineStatus.UNKNOWN),
        platform="portal",
        name=text(answer.get("designationStructure")),
        service_required=_told(parameters.get("codeServiceDoitEtreRenseigne")),
        commitment_required=_told(parameters.get("numeroEJDoitEtreRenseigne")),
        either_required=_told(parameters.get("gestionNumeroEJOuCodeService")),
    )


def services_in(answer: Mapping[str, Any]) -> tuple[dict[str, bool], int]:
    """Service code → whether it is active, of one page; and how many services there are in all."""
    listed = answer.get("listeServices")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    services = {
        code: entry.get("estActif") is not False
        for entry in entries
        if (code := text(entry.get("codeService"))) is not None
    }
    paging = answer.get("parametresRetour")
    total = paging.get("total") if isinstance(paging, dict) else None
    return services, total if isinstance(total, int) else len(entries)


def service_line(structure: DirectoryLine, code: str, is_active: bool | None) -> DirectoryLine:
    """A service as a line of its own, addressed as routing codes are.

    Args:
        is_active: None: the list of services did not come whole, and it was not in it.
    """
    status = {True: LineStatus.ENABLED, False: LineStatus.DISABLED, None: LineStatus.UNKNOWN}[is_active]
    return DirectoryLine(
        address=f"{structure.siren}_{structure.siret}_{code}",
        siren=structure.siren,
        siret=structure.siret,
        status=status,
        platform=structure.platform,
        name=structure.name,
    )


def _told(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
