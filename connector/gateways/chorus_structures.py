"""What Chorus Pro says of a public recipient: whether it is there, and what it wants on an invoice. Pure.

Two questions: `structures/v1/rechercher` finds the structure of a SIRET, `structures/v1/consulter` tells
whether invoices to it need a service code or a commitment number; without them Chorus Pro rejects the
invoice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.directory import DirectoryLine, LineStatus
from connector.gateways.fields import text

LANGUAGE = "fr"


def search_of(siret: str) -> dict[str, Any]:
    """The body of `structures/v1/rechercher`."""
    return {"structure": {"identifiantStructure": siret, "typeIdentifiantStructure": "SIRET"}}


def question_about(structure: int) -> dict[str, Any]:
    """The body of `structures/v1/consulter`."""
    return {"idStructureCPP": structure, "codeLangue": LANGUAGE}


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
    )


def _told(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
