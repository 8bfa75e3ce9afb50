"""The words of the public portal's directory, "Annuaire" 1.11.0: what it keeps, how it is searched. Pure.

Names of filters, sorts and fields are the contract's own, in French; what comes back is told in ours. What an
answer leaves out, because it was not asked for or because we have no right to see it, is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

from connector.gateways.fields import text

Item = TypeVar("Item", covariant=True)
Order = Literal["ascendant", "descendant"]
_SEARCH_BY_PART = "contient"
_HISTORY = ("dateDefinition", "dateDebutEffet", "masque", "idInstance", "creePar")


# --------------------------------------------------------------------------- what it keeps
@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A legal unit ("siren"). `kind`: Publique, Privée assujettie; `state`: A active, C ceased."""

    instance: int | None
    siren: str | None
    name: str | None
    kind: str | None
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Establishment:
    """An establishment ("siret"). `state`: A open, F closed.

    Args:
        service_required, commitment_required: what a public establishment asks for on an invoice.
    """

    instance: int | None
    siret: str | None
    siren: str | None
    name: str | None
    state: str | None
    service_required: bool | None
    commitment_required: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingCode:
    """A code inside an establishment ("code-routage"). `scheme`: of the identifier, four digits."""

    instance: int | None
    siret: str | None
    code: str | None
    scheme: str | None
    label: str | None
    state: str | None
    commitment_required: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressLine:
    """A line ("ligne-annuaire"): which platform receives for an address, and when. Dates are ISO dates."""

    instance: int | None
    address: str | None
    siren: str | None
    siret: str | None
    routing_code: str | None
    suffix: str | None
    platform: str | None
    starts: str | None
    ends: str | None


# --------------------------------------------------------------------------- how it is searched
@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search, in the contract's own names.

    Args:
        where: filter → value; all of them must hold.
        observed: as things stood, or will stand, on that day.
        sort: (field, order), the most important first.
        fields: to be told; all when empty.
        include: related resources to be told too, where the resource knows them.
        limit: entries in one answer. `ignore`: entries to leave out before them.
    """

    where: Mapping[str, str]
    observed: date | None = None
    sort: tuple[tuple[str, Order], ...] = ()
    fields: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    limit: int = 50
    ignore: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How one entry is to be told, in the words of `Query`."""

    observed: date | None = None
    fields: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Generic[Item]):
    """One kind of entry: where it lies, what it can be searched by, and how it is read.

    Args:
        path: the first part of its paths.
        exact, partial: filters that compare the whole value, or a part of it.
        fields: that can be asked for and sorted by, beside those of the history.
        include: related resources that a search can bring along.
        with_one: those that a single entry can bring along.
        read: an entry of an answer.
    """

    path: str
    exact: frozenset[str]
    partial: frozenset[str]
    fields: frozenset[str]
    include: frozenset[str]
    with_one: frozenset[str]
    read: Callable[[Mapping[str, Any]], Item]

    def question(self, query: Query) -> dict[str, Any]:
        """The body of a search.

        Raises:
            ValueError: a name that the contract does not have here, or a page that is none.
        """
        self.check_fields((*query.fields, *(field for field, _ in query.sort)))
        for name in query.include:
            _known(name, self.include, "resource to include")
        if query.limit < 1 or query.ignore < 0:
            raise ValueError("a page has at least one entry, and begins at 0")
        filters: dict[str, Any] = {name: self._filter(name, value) for name, value in query.where.items()}
        if query.observed is not None:
            day = {"op": "strict", "valeur": query.observed.isoformat()}
            filters["historisation"] = {"dateObservation": day}
        asked: dict[str, Any] = {
            "filtres": filters,
            "tris": [{"champ": field, "ordre": order} for field, order in query.sort],
            "limite": query.limit,
            "ignorer": query.ignore,
        }
        optional = {"champs": list(query.fields), "inclure": list(query.include)}
        return asked | {name: names for name, names in optional.items() if names}

    def check_fields(self, names: Iterable[str]) -> None:
        """Raises ValueError: a field that the contract does not have here."""
        for name in names:
            _known(name, self.fields | set(_HISTORY), "field")

    def look(self, key: str, view: View) -> str:
        """The path and query of one entry.

        Raises:
            ValueError: a name that the contract does not have here.
        """
        self.check_fields(view.fields)
        for name in view.include:
            _known(name, self.with_one, "resource to include")
        asked = [("dateObservation", view.observed.isoformat())] if view.observed else []
        asked += [("champs", name) for name in view.fields]
        asked += [("inclure", name) for name in view.include]
        return f"/{self.path}/{key}" + (f"?{urlencode(asked)}" if asked else "")

    def _filter(self, name: str, value: str) -> dict[str, str]:
        _known(name, self.exact | self.partial, "filter")
        return {"op": "strict" if name in self.exact else _SEARCH_BY_PART, "valeur": value}


def _known(name: str, known: frozenset[str] | set[str], what: str) -> None:
    if name not in known:
        raise ValueError(f"{name!r} is no {what} here; known: {', '.join(sorted(known)) or 'none'}")


# --------------------------------------------------------------------------- reading
def _company(entry: Mapping[str, Any]) -> Company:
    return Company(
        instance=_instance(entry),
        siren=text(entry.get("siren")),
        name=text(entry.get("raisonSociale")),
        kind=text(entry.get("typeEntite")),
        state=text(entry.get("etatAdministratif")),
    )


def _establishment(entry: Mapping[str, Any]) -> Establishment:
    public = _part(entry, "donneesB2gComplementaires")
    return Establishment(
        instance=_instance(entry),
        siret=text(entry.get("siret")),
        siren=text(entry.get("siren")),
        name=text(entry.get("denomination")),
        state=text(entry.get("etatAdministratif")),
        service_required=_flag(public.get("gestionCodeService")),
        commitment_required=_flag(public.get("gestionEngagementJuridique")),
    )


def _routing_code(entry: Mapping[str, Any]) -> RoutingCode:
    return RoutingCode(
        instance=_instance(entry),
        siret=text(entry.get("siret")),
        code=text(entry.get("identifiantRoutage")),
        scheme=text(entry.get("typeIdentifiantRoutage")),
        label=text(entry.get("libelleCodeRoutage")),
        state=text(entry.get("etatAdministratif")),
        commitment_required=_flag(entry.get("gestionEngagementJuridique")),
    )


def _line(entry: Mapping[str, Any]) -> AddressLine:
    return AddressLine(
        instance=_instance(entry),
        address=text(entry.get("identifiantAdressage")),
        siren=text(entry.get("siren")),
        siret=text(entry.get("siret")),
        routing_code=text(entry.get("identifiantRoutage")),
        suffix=text(entry.get("suffixeAdressage")),
        platform=text(entry.get("matriculePlateforme")),
        starts=text(_part(entry, "historisation").get("dateDebutEffet")),
        ends=text(entry.get("dateFinEffective")) or text(entry.get("dateFinEffet")),
    )


def _part(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = entry.get(name)
    return part if isinstance(part, dict) else {}


def _instance(entry: Mapping[str, Any]) -> int | None:
    number = _part(entry, "historisation").get("idInstance", entry.get("idInstance"))
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


COMPANIES = Resource(
    path="siren",
    exact=frozenset({"siren", "typeEntite", "etatAdministratif"}),
    partial=frozenset({"raisonSociale"}),
    fields=frozenset({"siren", "raisonSociale", "typeEntite", "diffusible", "etatAdministratif"}),
    include=frozenset(),
    with_one=frozenset(),
    read=_company,
)
_PUBLIC = ("moa", "moaUniquement", "gestionStatutMiseEnPaiement", "gestionEngagementJuridiqueOuService")
_PLACE = frozenset({"lignesAdresse", "codePostal", "localite"})
ESTABLISHMENTS = Resource(
    path="siret",
    exact=frozenset({"siret", "siren", "typeEtablissement", "etatAdministratif"}),
    partial=frozenset({"denomination", "subDivisionPays"}) | _PLACE,
    fields=frozenset({"siret", "siren", "denomination", "typeEtablissement", "adresse", "diffusible"})
    | {"etatAdministratif", "gestionEngagementJuridique", "gestionCodeService", *_PUBLIC},
    include=frozenset({"siren"}),
    with_one=frozenset({"siren"}),
    read=_establishment,
)
ROUTING_CODES = Resource(
    path="code-routage",
    exact=frozenset({"siret", "etatAdministratif"}),
    partial=frozenset({"identifiantRoutage", "libelleCodeRoutage"}) | _PLACE,
    fields=frozenset({"siret", "typeIdentifiantRoutage", "libelleCodeRoutage", "identifiantRoutage"})
    | {"gestionEngagementJuridique", "etatAdministratif", "adresse"},
    include=frozenset({"siren", "siret"}),
    with_one=frozenset({"siren", "siret"}),
    read=_routing_code,
)
LINES = Resource(
    path="ligne-annuaire",
    exact=frozenset({"siren", "siret", "matriculePlateforme", "suffixeAdressage"}),
    partial=frozenset({"identifiantAdressage", "identifiantRoutage"}),
    fields=frozenset({"identifiantAdressage", "siren", "siret", "identifiantRoutage", "suffixeAdressage"})
    | {"matriculePlateforme", "dateFinEffet", "dateFinEffective"},
    include=frozenset(),
    with_one=frozenset({"siren", "siret", "codeRoutage", "plateforme"}),
    read=_line,
)
