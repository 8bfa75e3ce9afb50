"""What a caller of the simulated public portal may ask of it, read strictly. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.simulator.ppf_wire import PortalRefusal

OPERATORS = {"nomFlux": "strict", "dateMiseAJour": "depuis"}
EVENTS = ("STATUT_FLUX",)
_MOST = 100
_DEFAULT = 50
_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSearch:
    """A search for flows; None means that the field is no criterion. `since` in seconds since 1970."""

    name: str | None
    since: float | None
    limit: int
    ignore: int

    @classmethod
    def read(cls, body: bytes, language: str) -> FlowSearch:
        """A search request, checked.

        Raises:
            PortalRefusal: 400 or 422, naming the field.
        """
        given = read_object(body, language)
        for name in given:
            if name not in ("filtres", "tris", "limite", "ignorer"):
                raise PortalRefusal(422, name, language)
        filters = given.get("filtres")
        if not isinstance(filters, dict) or not filters:
            raise PortalRefusal(422, "filtres", language)
        values = {name: _filtered(name, filter_, language) for name, filter_ in filters.items()}
        _check_sorts(given.get("tris", []), language)
        since = values.get("dateMiseAJour")
        return cls(
            name=values.get("nomFlux"),
            since=_moment(since, language) if since is not None else None,
            limit=min(_count(given, "limite", _DEFAULT, 1, language), _MOST),
            ignore=_count(given, "ignorer", 0, 0, language),
        )


def _filtered(name: str, condition: Any, language: str) -> str:
    if name not in OPERATORS or not isinstance(condition, dict) or set(condition) != {"op", "valeur"}:
        raise PortalRefusal(422, f"filtres.{name}", language)
    value = condition["valeur"]
    if condition["op"] != OPERATORS[name] or not isinstance(value, str) or not value:
        raise PortalRefusal(422, f"filtres.{name}", language)
    return value


def _check_sorts(sorts: Any, language: str) -> None:
    for sort in sorts if isinstance(sorts, list) else [None]:
        if not isinstance(sort, dict) or sort.get("champ") not in (*OPERATORS, "dateReception"):
            raise PortalRefusal(422, "tris", language)
        if sort.get("ordre") not in ("ascendant", "descendant"):
            raise PortalRefusal(422, "tris", language)


def _count(given: Mapping[str, Any], name: str, default: int, least: int, language: str) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise PortalRefusal(422, name, language)
    return value


def _moment(value: str, language: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PortalRefusal(422, "filtres.dateMiseAJour", language)
    return round(moment.timestamp(), 3)


def read_object(body: bytes, language: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        PortalRefusal: 400.
    """
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise PortalRefusal(400, "JSON", language)
    return value


def read_subscription(body: bytes, language: str) -> dict[str, Any]:
    """A subscription, checked.

    Raises:
        PortalRefusal: 400 or 422, naming the field.
    """
    given = read_object(body, language)
    for name in given:
        if name not in ("adresse", "evenements", "jeton"):
            raise PortalRefusal(422, name, language)
    events, address, token = given.get("evenements"), given.get("adresse"), given.get("jeton")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise PortalRefusal(422, "adresse", language)
    if not isinstance(events, list) or not events or not set(map(str, events)) <= set(EVENTS):
        raise PortalRefusal(422, "evenements", language)
    if token is not None and (not isinstance(token, str) or not token):
        raise PortalRefusal(422, "jeton", language)
    return given
