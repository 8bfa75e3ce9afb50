"""The contracts of the public portal as models of their own: the published "Annuaire" 1.11.0, and our model.

Written from the description of the directory and from docs/ppf.md, apart from the gateway and the simulator,
which share no code with them. Requests are read strictly; answers must have what was described, in its type.
"""

# ruff: noqa: N815 - the names are those of the portal

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, model_validator

Siren = Annotated[str, Field(pattern=r"^\d{9}$")]
Siret = Annotated[str, Field(pattern=r"^\d{14}$")]
Platform = Annotated[str, Field(pattern=r"^\d{4}$")]
Routing = Annotated[str, Field(pattern=r"^[-_/@a-zA-Z0-9]{1,100}$")]
Suffix = Annotated[str, Field(pattern=r"^[-_.@a-zA-Z0-9]{1,100}$")]
Address = Annotated[str, Field(min_length=1, max_length=125)]
Day = Annotated[date, Field(strict=False)]
Moment = Annotated[AwareDatetime, Field(strict=False)]
FlowName = Annotated[str, Field(pattern=r"^FFE\d{4}[A-Z]_[A-Z0-9]{6}_[A-Z0-9]{25}$")]
Version = Literal["v1", "v2"]


class Contract(BaseModel):
    """What was described and nothing else, with the types of JSON and no conversions between them."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Problem(Contract):
    """`application/problem+json`; the portal adds the reasons of a flow's refusal (modelled)."""

    type: str
    titre: str
    statut: Annotated[StrictInt, Field(ge=100, le=600)]
    detail: str
    instance: str
    motifs: list[Motif] = []


# --------------------------------------------------------------------------- the Annuaire, published
class Strict(Contract):
    """A filter that compares the whole value."""

    op: Literal["strict"]
    valeur: Annotated[str, Field(min_length=1)]


class StrictSiren(Strict):
    """By SIREN."""

    valeur: Siren


class StrictSiret(Strict):
    """By SIRET."""

    valeur: Siret


class Containing(Contract):
    """A filter that compares a part."""

    op: Literal["contient"]
    valeur: str


class OnDay(Contract):
    """As things are on a day."""

    op: Literal["strict"]
    valeur: Day


class Observed(Contract):
    """The filter on history."""

    dateObservation: OnDay


class Search(Contract):
    """What all searches have in common."""

    limite: Annotated[StrictInt, Field(ge=1)] = 50
    ignorer: Annotated[StrictInt, Field(ge=0)] = 0


class LineFilters(Contract):
    """`/ligne-annuaire/recherche`."""

    identifiantAdressage: Containing | None = None
    matriculePlateforme: Strict | None = None
    siren: StrictSiren | None = None
    siret: StrictSiret | None = None
    identifiantRoutage: Containing | None = None
    suffixeAdressage: Strict | None = None
    historisation: Observed | None = None


LineField = Literal[
    "identifiantAdressage", "siren", "siret", "identifiantRoutage", "suffixeAdressage", "matriculePlateforme",
    "dateFinEffet", "dateFinEffective", "dateDefinition", "dateDebutEffet", "masque", "idInstance", "creePar",
]  # fmt: skip


class LineSort(Contract):
    """One sort."""

    champ: LineField
    ordre: Literal["ascendant", "descendant"]


class LineSearch(Search):
    """A search for lines; this resource knows no `inclure` when it is searched."""

    filtres: LineFilters
    tris: list[LineSort] = []
    champs: list[LineField] = []


class CompanyFilters(Contract):
    """`/siren/recherche`."""

    siren: StrictSiren | None = None
    raisonSociale: Containing | None = None
    typeEntite: Strict | None = None
    etatAdministratif: Strict | None = None
    historisation: Observed | None = None


class CompanySearch(Search):
    """A search for companies."""

    filtres: CompanyFilters
    tris: list[dict[str, str]] = []
    champs: list[str] = []


class History(Contract):
    """`historisationRead`."""

    dateDefinition: Moment | None = None
    dateDebutEffet: Day | None = None
    creePar: str | None = None
    masque: bool | None = None
    idInstance: StrictInt | None = None


class CompanyRead(Contract):
    """A company as it is told."""

    siren: Siren | None = None
    raisonSociale: Annotated[str, Field(max_length=150)] | None = None
    typeEntite: Literal["Publique", "Privée assujettie"] | None = None
    etatAdministratif: Literal["A", "C"] | None = None
    diffusible: Literal["O", "P", "M"] | None = None
    historisation: History | None = None


class PlatformRead(Contract):
    """The platform of a line."""

    typePlateforme: Literal["PDP", "PPF", "AP", "NA"] | None = None
    matriculePlateforme: Platform | None = None
    raisonSocialePlateforme: str | None = None
    nomCommercialPlateforme: str | None = None
    contactOuUrlPlateforme: str | None = None
    statutPlateforme: Literal["Actif", "Inactif"] | None = None


class LineRead(Contract):
    """A line as it is told."""

    identifiantAdressage: Address | None = None
    siren: Siren | None = None
    siret: Siret | None = None
    identifiantRoutage: Routing | None = None
    suffixeAdressage: Suffix | None = None
    matriculePlateforme: Platform | None = None
    dateFinEffet: Day | None = None
    dateFinEffective: Day | None = None
    historisation: History | None = None
    codeRoutage: dict[str, Any] | None = None
    plateforme: PlatformRead | None = None
    uniteLegale: CompanyRead | None = None
    etablissement: dict[str, Any] | None = None


class LinesFound(Contract):
    """The answer to a search for lines, in a 200 as in a 206."""

    recherche: LineSearch
    nombre_total_resultats: Annotated[StrictInt, Field(ge=0)]
    resultats: list[LineRead]


class CompaniesFound(Contract):
    """The answer to a search for companies."""

    recherche: CompanySearch
    nombre_total_resultats: Annotated[StrictInt, Field(ge=0)]
    resultats: list[CompanyRead]


class Period(Contract):
    """`periodeEffet`."""

    dateDebutEffet: Day
    dateFinEffet: Day | None = None


class Addressing(Contract):
    """`informationAdressage`."""

    siren: Siren
    matriculePlateforme: Platform
    siret: Siret | None = None
    identifiantRoutage: Routing | None = None
    suffixeAdressage: Suffix | None = None


class LineToCreate(Contract):
    """`POST /ligne-annuaire`."""

    periodeEffet: Period
    informationAdressage: Addressing


class LinePatch(Contract):
    """`PATCH /ligne-annuaire/id-instance:…`."""

    matriculePlateforme: Platform | None = None
    dateFinEffet: Day | None = None


class LinePut(LinePatch):
    """`PUT /ligne-annuaire/id-instance:…`."""

    matriculePlateforme: Platform


class LineWritten(Contract):
    """The 201, and the 200 of a change."""

    idInstance: StrictInt
    identifiantAdressage: Address
    dateDebutEffet: Day


class CodePatch(Contract):
    """`PATCH /code-routage/id-instance:…`."""

    typeIdentifiantRoutage: Platform | None = None
    libelleCodeRoutage: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    etatAdministratif: Literal["A", "F"] | None = None


class CodePut(CodePatch):
    """`PUT /code-routage/id-instance:…`."""

    typeIdentifiantRoutage: Platform
    libelleCodeRoutage: Annotated[str, Field(min_length=1, max_length=100)]
    etatAdministratif: Literal["A", "F"]


class CodeToCreate(CodePatch):
    """`POST /code-routage`."""

    natureEtablissement: Literal["Privé", "Public"]
    identifiantRoutage: Routing
    siret: Siret
    libelleCodeRoutage: Annotated[str, Field(min_length=1, max_length=100)]
    etatAdministratif: Literal["A", "F"]
    gestionEngagementJuridique: bool | None = None


class CodeWritten(Contract):
    """The 201, and the 200 of a change."""

    idInstance: StrictInt
    siret: Siret
    identifiantRoutage: Routing


# --------------------------------------------------------------------------- flows, our model
class ByName(Contract):
    """The filter on a flow's name."""

    op: Literal["strict"]
    valeur: FlowName


class Since(Contract):
    """The filter on changes, the moment itself included."""

    op: Literal["depuis"]
    valeur: Moment


class FlowFilters(Contract):
    """One of them at least."""

    nomFlux: ByName | None = None
    dateMiseAJour: Since | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> FlowFilters:
        if not self.model_fields_set:
            raise ValueError("a search needs a filter")
        return self


class FlowSort(Contract):
    """One sort."""

    champ: Literal["nomFlux", "dateMiseAJour", "dateReception"]
    ordre: Literal["ascendant", "descendant"]


class FlowSearch(Contract):
    """`POST /<domaine>/<version>/flux/recherche`."""

    filtres: FlowFilters
    tris: list[FlowSort] = []
    limite: Annotated[StrictInt, Field(ge=1, le=100)] = 50
    ignorer: Annotated[StrictInt, Field(ge=0)] = 0


class Motif(Contract):
    """A reason."""

    code: Annotated[str, Field(min_length=1)]
    libelle: str
    fichier: str


class Judged(Contract):
    """What is in a flow, and its status."""

    nom: str
    statut: Annotated[str, Field(pattern=r"^\d{3}$")]
    motifs: list[Motif] = []


class FlowReceipt(Contract):
    """The 201 of a deposit in the first version."""

    nomFlux: FlowName
    dateReception: Moment


class FlowReceipt2(FlowReceipt):
    """In the second version the SHA-256 of the envelope is told."""

    empreinte: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FlowState(FlowReceipt):
    """A flow as it is told in the first version."""

    dateMiseAJour: Moment
    statut: Literal["500", "501"] | None = None
    motifs: list[Motif] = []
    objets: list[Judged] = []


class FlowState2(FlowState):
    """And in the second."""

    empreinte: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FlowsFound(Contract):
    """The answer to a search for flows."""

    nombre_total_resultats: Annotated[StrictInt, Field(ge=0)]
    resultats: list[FlowState]


class FlowsFound2(FlowsFound):
    """In the second version."""

    resultats: list[FlowState2]  # type: ignore[assignment]


class Subscription(Contract):
    """`POST /<domaine>/<version>/abonnements`."""

    adresse: Annotated[str, Field(pattern=r"^https?://\S+$")]
    evenements: Annotated[list[Literal["STATUT_FLUX"]], Field(min_length=1)]
    jeton: Annotated[str, Field(min_length=1)] | None = None


class Subscribed(Contract):
    """Its 201."""

    idInstance: StrictInt


Problem.model_rebuild()
