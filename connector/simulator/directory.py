"""The simulated directory: lines that a test or an integrator puts in, searched by others. No socket.

`/v1/directory-line/search` of XP Z12-013 Directory Service 1.2.0, read strictly. `ppf_annuaire` plays the
public portal's directory with the same lines.
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
# field → operators
_FIELDS: Mapping[str, frozenset[str]] = {
    "siren": frozenset({"strict"}),
    "siret": frozenset({"strict", "contains"}),
    "addressingIdentifier": frozenset({"strict", "contains"}),
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

    def as_entry(self) -> dict[str, Any]:
        """The line as an entry of the public portal's directory, and the day from which it holds."""
        suffix = self.address.partition("_")[2]
        told: dict[str, Any] = {
            "identifiantAdressage": self.address,
            "siren": self.siren,
            "siret": self.siret,
            "matriculePlateforme": self.platform,
            "dateDebutEffet": "2999-01-01" if self.status == "Upcoming" else "2026-09-01",
        }
        if suffix and self.siret is None:
            told["suffixeAdressage"] = suffix
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

    def search(self, body: bytes) -> Answer:
        """One page of lines; 204 when there is none.

        Raises:
            Refusal: 422, naming what is wrong.
        """
        try:
            asked = _read(body)
        except _Wrong as wrong:
            raise Refusal(422, "UNPROCESSABLE_ENTITY", str(wrong)) from None
        found = [line for line in self._lines if asked.fits(line)]
        if not found:
            return Answer(status=204)
        page = sorted(found, key=lambda line: line.address)[asked.ignore : asked.ignore + asked.limit]
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


def _read(body: bytes) -> _Search:
    try:
        given = json.loads(body)
    except ValueError:
        raise _Wrong("JSON") from None
    if not isinstance(given, dict) or not isinstance(filters := given.get("filters"), dict) or not filters:
        raise _Wrong("filters")
    read = []
    for name, condition in filters.items():
        if name not in _FIELDS or not isinstance(condition, dict):
            raise _Wrong(f"filters.{name}")
        operator, value = condition.get("op"), condition.get("value")
        if operator not in _FIELDS[name] or not isinstance(value, str) or not value:
            raise _Wrong(f"filters.{name}")
        read.append((name, operator, value))
    limit, ignore = given.get("limit", 50), given.get("ignore", 0)
    for name, number, least in (("limit", limit, 1), ("ignore", ignore, 0)):
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
