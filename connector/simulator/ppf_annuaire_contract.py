"""The contract of the simulated "Annuaire" 1.11.0: what a caller may ask and write, read strictly. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.simulator.ppf_wire import PortalRefusal

Entry = dict[str, Any]
_HISTORY = frozenset({"dateDefinition", "dateDebutEffet", "masque", "idInstance", "creePar"})
_SIREN, _SIRET, _FOUR = r"\d{9}", r"\d{14}", r"\d{4}"
_CODE, _SUFFIX, _DAY = r"[-_/@a-zA-Z0-9]{1,100}", r"[-_.@a-zA-Z0-9]{1,100}", r"\d{4}-\d\d-\d\d"
_LABEL, _STATE = r"(?s)(?=.*\S).{1,100}", r"[AF]"


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource: its fields, its filters (name → operator, pattern of a value), what it brings along."""

    key: str
    fields: frozenset[str]
    filters: Mapping[str, tuple[str, str]]
    includes: frozenset[str] = frozenset()
    searches_include: bool = True


KINDS: Mapping[str, Kind] = {
    "siren": Kind(
        "siren",
        frozenset({"siren", "raisonSociale", "typeEntite", "diffusible", "etatAdministratif"}),
        {
            "siren": ("strict", _SIREN),
            "raisonSociale": ("contient", r".{0,150}"),
            "typeEntite": ("strict", "Publique|Privée assujettie"),
            "etatAdministratif": ("strict", "[AC]"),
        },
    ),
    "siret": Kind(
        "siret",
        frozenset({"siret", "siren", "denomination", "typeEtablissement", "adresse", "diffusible"})
        | {"etatAdministratif", "gestionEngagementJuridique", "gestionCodeService", "moa", "moaUniquement"}
        | {"gestionStatutMiseEnPaiement", "gestionEngagementJuridiqueOuService"},
        {
            "siret": ("strict", _SIRET),
            "siren": ("strict", _SIREN),
            "typeEtablissement": ("strict", "[PS]"),
            "denomination": ("contient", r".{0,100}"),
            "etatAdministratif": ("strict", _STATE),
        },
        frozenset({"siren"}),
    ),
    "code-routage": Kind(
        "identifiantRoutage",
        frozenset({"siret", "typeIdentifiantRoutage", "libelleCodeRoutage", "identifiantRoutage"})
        | {"gestionEngagementJuridique", "etatAdministratif", "adresse"},
        {
            "identifiantRoutage": ("contient", _CODE),
            "siret": ("strict", _SIRET),
            "libelleCodeRoutage": ("contient", r".{0,100}"),
            "etatAdministratif": ("strict", _STATE),
        },
        frozenset({"siren", "siret"}),
    ),
    "ligne-annuaire": Kind(
        "identifiantAdressage",
        frozenset({"identifiantAdressage", "siren", "siret", "identifiantRoutage", "suffixeAdressage"})
        | {"matriculePlateforme", "dateFinEffet", "dateFinEffective"},
        {
            "identifiantAdressage": ("contient", r".{1,125}"),
            "matriculePlateforme": ("strict", _FOUR),
            "siren": ("strict", _SIREN),
            "siret": ("strict", _SIRET),
            "identifiantRoutage": ("contient", _CODE),
            "suffixeAdressage": ("strict", _SUFFIX),
        },
        frozenset({"siren", "siret", "codeRoutage", "plateforme"}),
        searches_include=False,
    ),
}
# field → (required, pattern)
_NEW_LINE = {
    "siren": (True, _SIREN),
    "matriculePlateforme": (True, _FOUR),
    "siret": (False, _SIRET),
    "identifiantRoutage": (False, _CODE),
    "suffixeAdressage": (False, _SUFFIX),
}
_PERIOD = {"dateDebutEffet": (True, _DAY), "dateFinEffet": (False, _DAY)}
NEW_CODE = {
    "natureEtablissement": (True, "Privé|Public"),
    "identifiantRoutage": (True, _CODE),
    "siret": (True, _SIRET),
    "typeIdentifiantRoutage": (False, _FOUR),
    "libelleCodeRoutage": (True, _LABEL),
    "etatAdministratif": (True, _STATE),
}
CHANGES: Mapping[str, Mapping[str, tuple[bool, str]]] = {
    "ligne-annuaire": {"matriculePlateforme": (True, _FOUR), "dateFinEffet": (False, _DAY)},
    "code-routage": {
        "typeIdentifiantRoutage": (True, _FOUR),
        "libelleCodeRoutage": (True, _LABEL),
        "etatAdministratif": (True, _STATE),
    },
}


def read_search(kind: Kind, given: Entry, language: str) -> Entry:
    """A search, checked and given back.

    Raises:
        PortalRefusal: 422, naming the field.
    """
    allowed = {"filtres", "tris", "champs", "limite", "ignorer"}
    allowed |= {"inclure"} if kind.includes and kind.searches_include else set()
    for name in given:
        if name not in allowed:
            raise PortalRefusal(422, name, language)
    filters = given.get("filtres", {})
    if not isinstance(filters, dict):
        raise PortalRefusal(422, "filtres", language)
    for name, condition in filters.items():
        _check_filter(kind, name, condition, language)
    for sort in given.get("tris", []):
        if not isinstance(sort, dict) or sort.get("champ") not in kind.fields | _HISTORY:
            raise PortalRefusal(422, "tris.champ", language)
        if sort.get("ordre") not in ("ascendant", "descendant"):
            raise PortalRefusal(422, "tris.ordre", language)
    if not set(given.get("champs", [])) <= kind.fields | _HISTORY:
        raise PortalRefusal(422, "champs", language)
    if not set(given.get("inclure", [])) <= kind.includes:
        raise PortalRefusal(422, "inclure", language)
    for name, least in (("limite", 1), ("ignorer", 0)):
        value = given.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise PortalRefusal(422, name, language)
    return given


def _check_filter(kind: Kind, name: str, condition: Any, language: str) -> None:
    place = f"filtres.{name}"
    if not isinstance(condition, dict):
        raise PortalRefusal(422, place, language)
    if name == "historisation":
        day = condition.get("dateObservation")
        if not isinstance(day, dict) or not re.fullmatch(_DAY, str(day.get("valeur"))):
            raise PortalRefusal(422, place, language)
        return
    operator, pattern = kind.filters.get(name, ("", ""))
    value = condition.get("valeur")
    if set(condition) != {"op", "valeur"} or condition["op"] != operator or not isinstance(value, str):
        raise PortalRefusal(422, place, language)
    if not re.fullmatch(pattern, value):
        raise PortalRefusal(422, place, language)


def fits(entry: Entry, asked: Entry, kind: Kind) -> bool:
    """Whether an entry satisfies every filter of a search."""
    for name, condition in asked.get("filtres", {}).items():
        if name == "historisation":
            if entry["start"] > condition["dateObservation"]["valeur"]:
                return False
            continue
        own, value = str(entry.get(name, "")), condition["valeur"]
        if value not in own if kind.filters[name][0] == "contient" else value != own:
            return False
    return True


def check_query(kind: Kind, query: Mapping[str, list[str]], language: str, *, by_instance: bool) -> None:
    """The query of a GET. Raises PortalRefusal: 422, naming the parameter."""
    allowed = {"champs"} if by_instance else {"champs", "dateObservation"}
    allowed |= {"inclure"} if kind.includes and not by_instance else set()
    for name, values in query.items():
        if name not in allowed:
            raise PortalRefusal(422, name, language)
        known = {"champs": kind.fields | _HISTORY, "inclure": kind.includes}.get(name)
        if known is not None and not set(values) <= known:
            raise PortalRefusal(422, name, language)
        if name == "dateObservation" and not _is_day(values[0]):
            raise PortalRefusal(422, name, language)


def read_line(given: Entry, language: str) -> tuple[Entry, str]:
    """A line to create, and the day from which it holds. Raises PortalRefusal: 422, naming the field."""
    for name in given:
        if name not in ("periodeEffet", "informationAdressage"):
            raise PortalRefusal(422, name, language)
    period, about = given.get("periodeEffet"), given.get("informationAdressage")
    if not isinstance(period, dict) or not isinstance(about, dict):
        raise PortalRefusal(422, "periodeEffet, informationAdressage", language)
    check(period, _PERIOD, language, "periodeEffet.")
    check(about, _NEW_LINE, language, "informationAdressage.")
    if "siret" in about and not about["siret"].startswith(about["siren"]):
        raise PortalRefusal(422, "informationAdressage.siret", language)
    parts = ("siren", "siret", "identifiantRoutage", "suffixeAdressage")
    address = "_".join(about[name] for name in parts if about.get(name))
    ends = {"dateFinEffet": period["dateFinEffet"]} if period.get("dateFinEffet") else {}
    return about | ends | {"identifiantAdressage": address}, period["dateDebutEffet"]


def check(
    given: Mapping[str, Any],
    rules: Mapping[str, tuple[bool, str]],
    language: str,
    prefix: str,
    more: Iterable[str] = (),
) -> None:
    """Fields of a body. Raises PortalRefusal: 422, naming one that is missing, unknown or not as it must be.

    Args:
        rules: field → whether it is required, pattern of its value.
        prefix: of the field's name in the error.
        more: fields that are not looked into.
    """
    for name in given:
        if name not in rules and name not in more:
            raise PortalRefusal(422, prefix + name, language)
    for name, (required, pattern) in rules.items():
        value = given.get(name)
        if value is None and not required:
            continue
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise PortalRefusal(422, prefix + name, language)
        if pattern == _DAY and not _is_day(value):
            raise PortalRefusal(422, prefix + name, language)


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
