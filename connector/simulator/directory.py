"""The simulated directory: lines that a test or an integrator puts in, searched in either language. No
socket.

XP Z12-013 Directory Service 1.2.0 (`/v1/directory-line/search`) and the PPF's Annuaire 1.11.0
(`/ligne-annuaire/recherche`, errors as problem+json in French or English). Searches are read strictly.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.simulator.answers import Answer, answer_json
from connector.simulator.contract import Refusal

_MOST = 100
_STATUSES = ("Enabled", "Disabled", "Upcoming")
# field in English → (field in French, operators)
_FIELDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "siren": ("siren", frozenset({"strict"})),
    "siret": ("siret", frozenset({"strict", "contains", "contient"})),
    "addressingIdentifier": ("identifiantAdressage", frozenset({"strict", "contains", "contient"})),
}
_WORDS = {
    "fr": {"invalid": "Erreur de validation des données", "value": "valeur invalide"},
    "en": {"invalid": "The data are not valid", "value": "invalid value"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the simulated directory."""

    address: str
    siren: str
    siret: str | None = None
    status: str = "Enabled"
    platform: str = "0145"  # registration number of an approved platform
    name: str | None = None

    def as_english(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "addressingIdentifier": self.address,
            "platformType": "WK",
            "directoryLineStatus": self.status,
            "siren": self.siren,
        }
        if self.siret:
            told["siret"] = self.siret
        if self.name:
            told["legalUnit"] = {"siren": self.siren, "businessName": self.name}
        return told

    def as_french(self) -> dict[str, Any]:
        start = "2999-01-01" if self.status == "Upcoming" else "2026-09-01"
        told: dict[str, Any] = {
            "identifiantAdressage": self.address,
            "siren": self.siren,
            "matriculePlateforme": self.platform,
            "dateDebutEffet": start,
            "plateforme": {
                "typePlateforme": "PDP",
                "matriculePlateforme": self.platform,
                "statutPlateforme": "Actif",
                "raisonSociale": self.name,
            },
        }
        if self.siret:
            told["siret"] = self.siret
        if self.status == "Disabled":
            told["dateFinEffective"] = "2026-10-01"
        return told


class Directory:
    """The lines, and searches in them. May be used from any thread."""

    def __init__(self) -> None:
        self._lines: tuple[Line, ...] = ()
        self._lock = threading.Lock()

    def put(self, lines: tuple[Line, ...]) -> None:
        """Have these lines in the place of all others."""
        with self._lock:
            self._lines = lines

    def search(self, body: bytes, *, french: bool, language: str) -> Answer:
        """One page of lines; 204 when there is none.

        Args:
            language: of error messages, as `Accept-Language` asks for it.
        Raises:
            Refusal: 400 or 422, naming what is wrong.
        """
        words = _WORDS["en" if language.lower().startswith("en") else "fr"]
        try:
            asked = _read(body, french)
        except _Wrong as wrong:
            if not french:
                raise Refusal(422, "UNPROCESSABLE_ENTITY", str(wrong)) from None
            problem = {
                "type": "about:blank",
                "titre": words["invalid"],
                "statut": 422,
                "detail": f"{wrong} : {words['value']}",
                "instance": "/ligne-annuaire/recherche",
            }
            return Answer(
                status=422, body=json.dumps(problem).encode(), content_type="application/problem+json"
            )
        found = [line for line in self._lines if asked.fits(line)]
        if not found:
            return Answer(status=204)
        page = sorted(found, key=lambda line: line.address)[asked.ignore : asked.ignore + asked.limit]
        if french:
            told = {"recherche": asked.echo, "nombre_total_resultats": len(found)}
            return answer_json(told | {"resultats": [line.as_french() for line in page]})
        said = {"search": asked.echo, "totalNumberOfResults": len(found)}
        return answer_json(said | {"results": [line.as_english() for line in page]})


class _Wrong(Exception):
    """A search that cannot be understood; the text is the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    filters: tuple[tuple[str, str, str], ...]  # field in English, operator, value
    limit: int
    ignore: int
    echo: dict[str, Any]

    def fits(self, line: Line) -> bool:
        values = {"siren": line.siren, "siret": line.siret or "", "addressingIdentifier": line.address}
        return all(
            values[field] == value if operator == "strict" else value in values[field]
            for field, operator, value in self.filters
        )


def _read(body: bytes, french: bool) -> _Search:
    names = ("filtres", "limite", "ignorer", "valeur") if french else ("filters", "limit", "ignore", "value")
    try:
        given = json.loads(body)
    except ValueError:
        raise _Wrong("JSON") from None
    if not isinstance(given, dict) or not isinstance(filters := given.get(names[0]), dict) or not filters:
        raise _Wrong(names[0])
    known = {(told[0] if french else field): (field, told[1]) for field, told in _FIELDS.items()}
    read = []
    for name, condition in filters.items():
        if name not in known or not isinstance(condition, dict):
            raise _Wrong(f"{names[0]}.{name}")
        field, operators = known[name]
        operator, value = condition.get("op"), condition.get(names[3])
        if operator not in operators or not isinstance(value, str) or not value:
            raise _Wrong(f"{names[0]}.{name}")
        read.append((field, operator, value))
    limit, ignore = given.get(names[1], 50), given.get(names[2], 0)
    for name, number, least in ((names[1], limit, 1), (names[2], ignore, 0)):
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise _Wrong(name)
    return _Search(filters=tuple(read), limit=min(limit, _MOST), ignore=ignore, echo=given)


def read_lines(given: Any) -> tuple[Line, ...]:
    """Lines from plain values, for the control endpoint.

    Raises:
        Refusal: 400, a line that is none.
    """
    try:
        lines = tuple(Line(**entry) for entry in given)
    except TypeError as error:
        raise Refusal(400, "INVALID_REQUEST", f"lines: {error}") from None
    for line in lines:
        if line.status not in _STATUSES:
            raise Refusal(400, "INVALID_FIELD", f"status must be one of {', '.join(_STATUSES)}")
    return lines
