"""What the answers of directories mean: one model, read from English (XP Z12-013) and from French (PPF).
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.directory import Address, DirectoryLine, LineStatus
from connector.gateways import answers
from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange
from connector.gateways.fields import text

PAGE = 100
_WORDS: Mapping[str, LineStatus] = {
    "enabled": LineStatus.ENABLED,
    "disabled": LineStatus.DISABLED,
    "upcoming": LineStatus.UPCOMING,
}
_NOT_FOUND = ("NOT_FOUND", "MISSING_RESOURCE")
_PLATFORMS: Mapping[str, str] = {"WK": "approved", "DFH": "portal", "PDP": "approved", "PPF": "portal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePage:
    """Some of the lines that were searched for, and how many there are in all."""

    lines: tuple[DirectoryLine, ...]
    entries: int  # those that were no line included
    total: int | None  # None: not told, and there are more


def afnor_question(wanted: Address, ignore: int) -> dict[str, Any]:
    """`POST /v1/directory-line/search` (XP Z12-013 Directory 1.2.0): all lines of a SIREN or of a SIRET."""
    field, value = ("siret", wanted.siret) if wanted.siret else ("siren", wanted.siren)
    return {
        "filters": {field: {"op": "strict", "value": value}},
        "sorting": [{"field": "addressingIdentifier", "sortingOrder": "ascending"}],
        "limit": PAGE,
        "ignore": ignore,
    }


def ppf_question(wanted: Address, ignore: int) -> dict[str, Any]:
    """`POST /ligne-annuaire/recherche` (PPF Annuaire 1.11.0)."""
    field, value = ("siret", wanted.siret) if wanted.siret else ("siren", wanted.siren)
    return {
        "filtres": {field: {"op": "strict", "valeur": value}},
        "tris": [{"champ": "identifiantAdressage", "ordre": "ascendant"}],
        "limite": PAGE,
        "ignorer": ignore,
    }


def page_in(exchange: Exchange, *, french: bool, today: date) -> LinePage:
    """One page of lines; 204 is none, 206 a part of them.

    Args:
        french: the words are those of the PPF's Annuaire, which tells dates in the place of a status.
        today: to which such dates are compared.
    Raises:
        ReadFailed: no usable answer.
    """
    if exchange.status == 204:
        return LinePage(lines=(), entries=0, total=0)
    if exchange.status == 404 and _says_not_found(exchange):
        return LinePage(lines=(), entries=0, total=0)
    if exchange.status != 206 and (failure := answers.read_failure(exchange, "directory", _said(exchange))):
        raise failure
    answer = exchange.json()
    results = answer.get("resultats" if french else "results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise ReadFailed("unreadable-answer", "directory: the answer is not a list of lines")
    entries = [entry for entry in results if isinstance(entry, dict)]
    read = [_french_line(entry, today) if french else _line(entry) for entry in entries]
    told = answer.get("nombre_total_resultats" if french else "totalNumberOfResults")
    unsaid = None if exchange.status == 206 else len(results)
    total = told if isinstance(told, int) and not isinstance(told, bool) else unsaid
    lines = tuple(line for line in read if line is not None)
    return LinePage(lines=lines, entries=len(results), total=total)


def _line(entry: Mapping[str, Any]) -> DirectoryLine | None:
    address, siren = text(entry.get("addressingIdentifier")), text(entry.get("siren"))
    if address is None or siren is None:
        return None
    status = (text(entry.get("directoryLineStatus")) or "").lower()
    unit, code = entry.get("legalUnit"), entry.get("routingCode")
    commitment = code.get("managesLegalCommitment") if isinstance(code, dict) else None
    return DirectoryLine(
        address=address,
        siren=siren,
        siret=text(entry.get("siret")),
        status=_WORDS.get(status, LineStatus.UNKNOWN),
        platform=_PLATFORMS.get(text(entry.get("platformType")) or ""),
        name=text(unit.get("businessName")) if isinstance(unit, dict) else None,
        commitment_required=commitment if isinstance(commitment, bool) else None,
    )


def _french_line(entry: Mapping[str, Any], today: date) -> DirectoryLine | None:
    address, siren = text(entry.get("identifiantAdressage")), text(entry.get("siren"))
    if address is None or siren is None:
        return None
    platform = entry.get("plateforme")
    told = platform if isinstance(platform, dict) else {}
    return DirectoryLine(
        address=address,
        siren=siren,
        siret=text(entry.get("siret")),
        status=_in_force(entry, told, today),
        platform=_PLATFORMS.get(text(told.get("typePlateforme")) or ""),
        name=text(_object(entry, "uniteLegale").get("raisonSociale")),
        valid_from=_iso(_start(entry)),
        valid_to=_iso(_end(entry)),
    )


def _in_force(entry: Mapping[str, Any], platform: Mapping[str, Any], today: date) -> LineStatus:
    """The dates of a line decide, and whether its platform still works."""
    start, end = _start(entry), _end(entry)
    if start is not None and start > today:
        return LineStatus.UPCOMING
    if (end is not None and end <= today) or text(platform.get("statutPlateforme")) == "Inactif":
        return LineStatus.DISABLED
    return LineStatus.ENABLED


def _start(entry: Mapping[str, Any]) -> date | None:
    """The contract tells it with the history of the line; older answers, in the line itself."""
    return _day(_object(entry, "historisation").get("dateDebutEffet") or entry.get("dateDebutEffet"))


def _end(entry: Mapping[str, Any]) -> date | None:
    return _day(entry.get("dateFinEffective") or entry.get("dateFinEffet"))


def _object(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = entry.get(name)
    return part if isinstance(part, dict) else {}


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _says_not_found(exchange: Exchange) -> bool:
    """Some directories answer 404 in place of "none"; a 404 of a wrong address or of a proxy proves
    nothing."""
    answer = exchange.json()
    return isinstance(answer, dict) and answer.get("errorCode") in _NOT_FOUND


def _said(exchange: Exchange) -> str:
    """The first words of an error: of XP Z12-013, of problem+json in French, or of nobody in particular."""
    answer = exchange.json()
    if not isinstance(answer, dict):
        return answers.plain_words(exchange, answer) or ""
    names = ("errorCode", "errorMessage", "titre", "title", "detail")
    return " ".join(word for name in names if (word := text(answer.get(name))))[:300]
