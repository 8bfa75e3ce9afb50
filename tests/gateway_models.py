"""The contracts of the platforms as models of their own: XP Z12-013 Flow 1.1 and 1.2, and Chorus Pro.

Written from the published descriptions, apart from the gateways and from the simulator, which share no code
either: what all three understand in the same way is not one misreading. Requests are read strictly (a field
that nobody published is an error); answers must have what was published, in its type and size.
"""

# ruff: noqa: N815 - the names are those of the platforms

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, StrictInt

Text36 = Annotated[str, Field(min_length=1, max_length=36)]
HttpsOrHttp = Annotated[str, Field(pattern=r"^https?://[^/]+")]
Sha256 = Annotated[str, Field(pattern=r"^[a-f0-9]{64}$")]
Syntax = Literal["CII", "UBL", "Factur-X", "CDAR", "FRR"]
Profile = Literal["Basic", "CIUS", "Extended-CTC-FR"]
Direction = Literal["In", "Out"]
RuleOf11 = Literal["B2B", "B2BInt", "B2C", "OutOfScope", "ArchiveOnly", "NotApplicable"]
RuleOf12 = RuleOf11 | Literal["B2G", "B2GInt", "B2GOutOfScope"]
FlowType = Literal[
    "CustomerInvoice",
    "SupplierInvoice",
    "StateInvoice",
    "CustomerInvoiceLC",
    "SupplierInvoiceLC",
    "StateCustomerInvoiceLC",
    "StateSupplierInvoiceLC",
    "AggregatedCustomerTransactionReport",
    "UnitaryCustomerTransactionReport",
    "UnitarySupplierTransactionReport",
    "AggregatedCustomerPaymentReport",
    "UnitaryCustomerPaymentReport",
    "MultiFlowReport",
]


class Contract(BaseModel):
    """What is published and nothing else, with the types of JSON and no conversions between them."""

    model_config = ConfigDict(extra="forbid", strict=True)


# --------------------------------------------------------------------------- XP Z12-013 Flow
class FlowInfo11(Contract):
    """`flowInfo` of a deposit in 1.1.0: only the syntax is required."""

    flowSyntax: Syntax
    name: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    trackingId: Text36 | None = None
    processingRule: RuleOf11 | None = None
    flowProfile: Profile | None = None
    sha256: Sha256 | None = None


class FlowInfo12(FlowInfo11):
    """In 1.2.0 the name is required too, and there are the rules for the public sector."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    processingRule: RuleOf12 | None = None  # type: ignore[assignment]


class Receipt11(FlowInfo11):
    """`FullFlowInfo`, the 202: what was said, and the number of the flow."""

    flowId: Text36
    submittedAt: Annotated[AwareDatetime, Field(strict=False)]


class Receipt12(FlowInfo12):
    """The same in 1.2.0."""

    flowId: Text36
    submittedAt: Annotated[AwareDatetime, Field(strict=False)]


class Detail(Contract):
    """One reason of an acknowledgement; the codes are an open list."""

    level: Literal["Error", "Warning"]
    item: str
    reasonCode: str
    reasonMessage: str


class Acknowledgement(Contract):
    """What a platform says of a flow."""

    status: Literal["Pending", "Ok", "Error"]
    details: list[Detail] = []


class Flow11(Contract):
    """A flow as search and metadata answer it in 1.1.0; its SHA-256 is no part of it."""

    flowSyntax: Syntax
    flowId: Text36
    submittedAt: Annotated[AwareDatetime, Field(strict=False)]
    updatedAt: Annotated[AwareDatetime, Field(strict=False)]
    flowType: FlowType
    flowDirection: Direction
    processingRuleSource: Literal["Input", "Computed"]
    acknowledgement: Acknowledgement
    trackingId: Text36 | None = None
    processingRule: RuleOf12 | None = None
    flowProfile: Profile | None = None


class Flow12(Flow11):
    """In 1.2.0 a flow has its name."""

    name: Annotated[str, Field(min_length=1, max_length=255)]


class Where(Contract):
    """The criteria of a search, one at least. Not among them: flow id, name, SHA-256, number."""

    updatedAfter: Annotated[AwareDatetime, Field(strict=False)] | None = None
    updatedBefore: Annotated[AwareDatetime, Field(strict=False)] | None = None
    processingRule: list[RuleOf12] | None = None
    flowType: list[FlowType] | None = None
    flowDirection: list[Direction] | None = None
    trackingId: Text36 | None = None
    ackStatus: Literal["Pending", "Ok", "Error"] | None = None

    def model_post_init(self, _: Any) -> None:
        if not self.model_fields_set:
            raise ValueError("a search needs a criterion")


class Search(Contract):
    """A search request."""

    where: Where
    limit: Annotated[StrictInt, Field(ge=1, le=100)] = 25


class Found11(Contract):
    """A search answer in 1.1.0: neither a total nor a cursor."""

    limit: Annotated[StrictInt, Field(ge=1, le=100)]
    filters: Where
    results: Annotated[list[Flow11], Field(max_length=100)]


class Found12(Found11):
    """The same in 1.2.0."""

    results: Annotated[list[Flow12], Field(max_length=100)]  # type: ignore[assignment]


class WebhookHeader(Contract):
    """A header of the platform's calls."""

    headerName: Annotated[str, Field(min_length=1)]
    headerValue: str


class BasicAuthentication(Contract):
    """HTTP Basic at the receiver."""

    authType: Literal["BASIC"]
    userId: str
    userPassword: str


class OAuth2Authentication(Contract):
    """A token for the receiver."""

    authType: Literal["OAUTH2"]
    tokenUrl: HttpsOrHttp
    clientId: str
    clientSecret: str


class WebhookSignature(Contract):
    """Of the calls; what it covers is not published."""

    algo: Literal["RS256", "HS256", "ECDSA", "EDDSA_25519", "RSA_PSS", "EDDSA_448", "null"]
    key: Annotated[Base64Bytes, Field(strict=False)]


class WebhookChange(Contract):
    """What of a webhook can be changed."""

    headers: list[WebhookHeader] | None = None
    authentication: BasicAuthentication | OAuth2Authentication | None = None
    signature: WebhookSignature | None = None


class WebhookCallback(WebhookChange):
    """Where the platform calls."""

    url: HttpsOrHttp


class WebhookMetadata(Contract):
    """One type of flow in one direction."""

    flowType: FlowType
    flowDirection: Direction
    processingRule: RuleOf12 | None = None
    ackStatus: Literal["Pending", "Ok", "Error"] | None = None


class WebhookParams(Contract):
    """A webhook, since 1.2.0."""

    callback: WebhookCallback
    metadata: WebhookMetadata


class WebhookCreated(Contract):
    """The answer to a new one."""

    webhookId: Annotated[UUID, Field(strict=False)]


class WebhookList(Contract):
    """All of the token's owner."""

    webhookIds: list[Annotated[UUID, Field(strict=False)]]


class Error(Contract):
    """An error; 1.2.0 added what is optional."""

    errorCode: str
    errorMessage: str | None = None
    type: str = "about:blank"
    details: Any = None
    instance: str | None = None


# --------------------------------------------------------------------------- OAuth2
class Token(Contract):
    """RFC 6749 §5.1, as PISTE answers it."""

    access_token: Annotated[str, Field(min_length=1)]
    token_type: Literal["Bearer"]
    expires_in: Annotated[StrictInt, Field(gt=0)]
    scope: str | None = None


class TokenError(Contract):
    """RFC 6749 §5.2."""

    error: Literal["invalid_client", "invalid_request", "unsupported_grant_type", "invalid_scope"]


# --------------------------------------------------------------------------- Chorus Pro
class ChorusDeposit(Contract):
    """`deposer/flux`: of the syntaxes published, those that our three formats have."""

    fichierFlux: Annotated[Base64Bytes, Field(strict=False)]
    nomFichier: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^%$!&/\\:;«»#@]+$")]
    syntaxeFlux: Literal["IN_DP_E1_UBL_INVOICE", "IN_DP_E1_CII_16B", "IN_DP_E2_CII_FACTURX"]
    avecSignature: bool
    idUtilisateurCourant: int | None = None


class ChorusAnswer(Contract):
    """In every answer; 0 is good, and an error may well come in a 200."""

    codeRetour: StrictInt
    libelle: str


class ChorusReceipt(ChorusAnswer):
    """The receipt of a deposit. It says nothing of the outcome."""

    codeRetour: Literal[0]
    numeroFluxDepot: Annotated[str, Field(pattern=r"^CPP\d{22}$")]
    dateDepot: Annotated[date, Field(strict=False)]
    syntaxeFlux: str


class ReportQuestion(Contract):
    """`consulterCRDetaille`."""

    numeroFluxDepot: Annotated[str, Field(min_length=1)]
    syntaxeFlux: str | None = None


class RejectedInvoice(Contract):
    """One invoice that was not taken."""

    numeroDP: str | None
    identifiantFournisseur: str | None
    identifiantDestinataire: str | None = None
    libelleErreurDP: str


class ChorusReport(ChorusAnswer):
    """The processing report; states have no published enumeration."""

    codeRetour: Literal[0]
    nomFichier: str
    dateDepotFlux: Annotated[datetime, Field(strict=False)]
    etatCourantDepotFlux: Annotated[str, Field(pattern=r"^IN_[A-Z_]+$")]
    codeInterfaceDepotFlux: str | None = None
    dateHeureEtatCourantFlux: Annotated[datetime, Field(strict=False)] | None = None
    listeErreurDP: list[RejectedInvoice] = []
    listeErreurTechnique: list[dict[str, str]] = []


class Paging(Contract):
    """Which page of a search for suppliers."""

    pageResultatDemandee: Annotated[StrictInt, Field(ge=1)] = 1
    nbResultatsParPage: Annotated[StrictInt, Field(ge=1)] = 10
    nbResultatsMaximum: StrictInt | None = None
    triSens: Literal["Ascendant", "Descendant"] | None = None
    triColonne: str | None = None


class SupplierSearch(Contract):
    """`rechercher/fournisseur`, as far as it has criteria that find a deposit, or what changed, again."""

    numeroFacture: str | None = None
    numeroFluxDepot: str | None = None
    periodeDateDepotDu: Annotated[date, Field(strict=False)] | None = None
    periodeDateDepotAu: Annotated[date, Field(strict=False)] | None = None
    periodeDateHeureEtatCourantDu: Annotated[date, Field(strict=False)] | None = None
    periodeDateHeureEtatCourantAu: Annotated[date, Field(strict=False)] | None = None
    typeFacture: Literal["FACTURE", "AVOIR", "ACOMPTE"] | None = None
    rechercheFactureParFournisseur: Paging = Paging()


class PageTold(Contract):
    """Where an answer stands among its pages."""

    pageCourante: Annotated[StrictInt, Field(ge=1)]
    pages: Annotated[StrictInt, Field(ge=1)]
    nbResultatsParPage: Annotated[StrictInt, Field(ge=1)]
    total: Annotated[StrictInt, Field(ge=0)]


class ListedInvoice(Contract):
    """An invoice that was integrated."""

    identifiantFactureCPP: StrictInt
    typeFacture: Literal["FACTURE", "AVOIR", "ACOMPTE"]
    numeroFacture: str
    codeFournisseur: Annotated[str, Field(pattern=r"^\d{14}$")]
    dateFacture: Annotated[date, Field(strict=False)]
    dateDepot: Annotated[date, Field(strict=False)]
    montantTTC: float
    statut: str
    dateHeureEtatCourant: Annotated[datetime, Field(strict=False)]
    commentaireEtatCourant: str | None = None
    numeroFluxDepot: str


class SupplierFound(ChorusAnswer):
    """One page of integrated invoices."""

    codeRetour: Literal[0]
    parametresRetour: PageTold
    listeFactures: list[ListedInvoice]


class HistoryQuestion(Contract):
    """`consulter/historique`."""

    idFacture: StrictInt


class PassedStatus(Contract):
    """One status that an invoice has had."""

    histoStatutCode: str
    histoStatutDatePassage: Annotated[datetime, Field(strict=False)]
    histoStatutCommentaire: str | None = None


class History(Contract):
    """All of them."""

    histoStatut: list[PassedStatus]


class HistoryTold(ChorusAnswer):
    """What is known of an invoice's life."""

    codeRetour: Literal[0]
    statutCourantCode: str
    historiquesDesStatuts: History
