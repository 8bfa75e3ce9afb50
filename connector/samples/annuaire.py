"""Directory files: an update (F12/F13) and an extract (F14), from what is publicly known of them."""

from __future__ import annotations

from datetime import date, datetime

from connector.samples.parties import BUYER, PLATFORM


def annuaire_update(*, siren: str = BUYER, start: date = date(2026, 9, 1), lines: int = 1) -> bytes:
    """An update that names the platform of a company.

    Args:
        lines: number of directory lines, one addressing suffix each.
    """
    body = "".join(
        f"""<LigneAnnuaire><Nature>D</Nature>
<DateEffet><DateDebut>{start:%Y%m%d}</DateDebut></DateEffet>
<InfoAdressage><Identifiant qualifiant="0002"><IdLinSIREN>{siren}</IdLinSIREN>
<Suffixe>S{number}</Suffixe></Identifiant></InfoAdressage>
<IdPlateforme>{PLATFORM}</IdPlateforme></LigneAnnuaire>
"""
        for number in range(1, lines + 1)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<AnnuaireActualisation><BlocLignesAnnuaire>
{body}</BlocLignesAnnuaire></AnnuaireActualisation>
""".encode()


def annuaire_extract(
    *,
    produced_at: datetime = datetime(2026, 9, 1, 2, 0, 0),  # noqa: DTZ001 - the format has no time zone
    type_code: str = "D",
    lines: int = 1,
) -> bytes:
    """An extract as the public portal sends it to platforms.

    Args:
        type_code: C (complete) or D (what has changed).
    """
    body = "<LigneAnnuaire/>" * lines
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<AnnuaireConsultationF14><HorodateProduction>{produced_at:%Y%m%d%H%M%S}</HorodateProduction>
<TypeFlux>{type_code}</TypeFlux><BlocLignesAnnuaire>{body}</BlocLignesAnnuaire></AnnuaireConsultationF14>
""".encode()
