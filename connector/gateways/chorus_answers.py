"""What an answer of Chorus Pro means. Pure, and total: any exchange has a meaning.

A 200 may carry a failure: `codeRetour` decides, and `libelle` says why. Fields have three shapes of dates and
no enumeration of states in the public description, so everything is read leniently, and a state that we do
not know is its own outcome and never taken for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.gateways import answers
from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange
from connector.gateways.fields import text
from connector.model import (
    AckStatus,
    Document,
    FlowReport,
    Health,
    NotSent,
    Problem,
    Received,
    Refused,
    SubmitAnswer,
    Unknown,
)

_REFUSALS = frozenset({400, 413, 415, 422, 501})
_CODE = re.compile(r"\b[A-Z]{3}_MSG_\d{2}[._]\d{2,3}\b")
_NOT_FOUND = re.compile(r"POQ_MSG_01\.003|introuvable", re.IGNORECASE)
# `etatCourantDepotFlux`, as far as integrators have met them; the public description lists none.
_STATES: Mapping[str, AckStatus] = {
    "IN_RECU": AckStatus.PENDING,
    "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP": AckStatus.PENDING,
    "IN_TRAITE_SE_CPP": AckStatus.PENDING,
    "IN_EN_ATTENTE_TRAITEMENT_CPP": AckStatus.PENDING,
    "IN_EN_COURS_TRAITEMENT_CPP": AckStatus.PENDING,
    "IN_EN_ATTENTE_RETRAITEMENT_CPP": AckStatus.PENDING,  # somebody there has to take it up again
    "IN_INTEGRE": AckStatus.OK,
    "IN_INTEGRE_PARTIEL": AckStatus.PARTIAL,
    "IN_REJETE": AckStatus.ERROR,
    "IN_INCIDENTE": AckStatus.ERROR,  # not processed: the whole flow has to be sent again
    "IN_A_RELANCER": AckStatus.STUCK,
    "IN_ERREUR_INTERNE": AckStatus.STUCK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What Chorus Pro says of a call beside its data.

    Args:
        code: `codeRetour`; None when there is none: it was not Chorus Pro that answered.
        words: `libelle`.
    """

    code: int | None
    words: str

    @property
    def message_code(self) -> str:
        """The code inside the words, e.g. GDP_MSG_11.022, else `codeRetour`."""
        found = _CODE.search(self.words)
        return found[0] if found else f"codeRetour-{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownInvoice:
    """An invoice as the search for suppliers lists it."""

    number: str | None
    supplier: str | None  # SIRET
    issue_date: str | None  # ISO
    total_with_vat: Decimal | None
    flow_id: str | None  # numeroFluxDepot; None when it did not come by a flow

    def is_of(self, document: Document) -> bool:
        """Whether this is the document: number, and every one of supplier, date and total that both know."""
        siren, total = document.seller.siren, _amount(document.total_with_vat)
        return (
            self.number is not None
            and self.number == document.number
            and (not siren or not self.supplier or self.supplier.startswith(siren))
            and (not document.issue_date or not self.issue_date or self.issue_date == document.issue_date)
            and (total is None or self.total_with_vat is None or self.total_with_vat == total)
        )


# --------------------------------------------------------------------------- a deposit
def submitted(exchange: Exchange) -> SubmitAnswer:
    """The meaning of the answer to `deposer/flux`."""
    if (answer := answers.about_the_way(exchange)) is not None:
        return answer
    status, said = exchange.status or 0, said_in(exchange)
    if status == 400 and said.code is None and "www-authenticate" in exchange.headers:
        # The gateway before Chorus Pro did not see a token; the document never got to it.
        return NotSent(reason="unauthorized", stops_account=True, trace=exchange.trace)
    if status == 200 and said.code == 0:
        flow_id = text(_object(exchange).get("numeroFluxDepot"))
        if flow_id is not None:
            return Received(flow_id=flow_id, at=exchange.at, trace=exchange.trace)
    elif status in _REFUSALS or (status == 200 and said.code is not None):
        if answers.says_already_there(said.words or exchange.trace.body):
            return Unknown(reason="already-exists", trace=exchange.trace)
        return Refused(problems=(_refusal(exchange, said),), trace=exchange.trace)
    if 200 <= status < 300:
        return Unknown(reason="unreadable-answer", trace=exchange.trace)
    return answers.in_doubt(exchange)


def said_in(exchange: Exchange) -> Said:
    """`codeRetour` and `libelle` of an answer."""
    answer = _object(exchange)
    given = answer.get("codeRetour")
    code = int(given) if isinstance(given, int | str) and re.fullmatch(r"-?\d{1,9}", str(given)) else None
    return Said(code=code, words=text(answer.get("libelle")) or "")


def _refusal(exchange: Exchange, said: Said) -> Problem:
    if said.code is None:
        words = answers.plain_words(exchange, exchange.json())
        return Problem(code=f"http-{exchange.status}", source="platform", message=words)
    return Problem(code=said.message_code, source="platform", message=said.words or None)


# --------------------------------------------------------------------------- the processing report
def report_in(exchange: Exchange, flow_id: str) -> FlowReport | None:
    """What `consulterCRDetaille` says of a flow; None when Chorus Pro does not know it (yet).

    Raises:
        ReadFailed: no usable answer.
    """
    said = said_in(exchange)
    if exchange.status in (200, 400, 404) and said.code not in (None, 0) and _NOT_FOUND.search(said.words):
        return None
    answer = _good(exchange, said, f"flow {flow_id}")
    state = text(answer.get("etatCourantDepotFlux"))
    if state is None:
        raise ReadFailed("unreadable-answer", f"flow {flow_id}: the answer names no state")
    problems = (*_rejections(answer), *_technical(answer))
    ack = _STATES.get(state, AckStatus.UNKNOWN)
    if ack is AckStatus.ERROR and (not problems or state == "IN_INCIDENTE"):
        problems = (Problem(code=state, source="platform"), *problems)
    return FlowReport(
        flow_id=flow_id, name=text(answer.get("nomFichier")), ack=ack, raw_ack=state, problems=problems
    )


def _rejections(answer: Mapping[str, Any]) -> Iterator[Problem]:
    """One problem for each rejected invoice of the flow; `found` is the invoice's number."""
    for entry in _entries(answer, "listeErreurDP"):
        words = text(entry.get("libelleErreurDP")) or ""
        code = "DOUBLON" if answers.says_already_there(words) else "chorus-rejection"
        yield Problem(code=code, source="platform", found=text(entry.get("numeroDP")), message=words or None)


def _technical(answer: Mapping[str, Any]) -> Iterator[Problem]:
    for entry in _entries(answer, "listeErreurTechnique"):
        yield Problem(
            code=text(entry.get("codeErreur")) or "unnamed",
            source="platform",
            where=text(entry.get("natureErreur")),
            message=text(entry.get("libelleErreur")),
        )


# --------------------------------------------------------------------------- searches and health
def invoices_in(exchange: Exchange) -> tuple[list[KnownInvoice], int]:
    """One page of `rechercher/fournisseur`, and how many pages there are.

    Raises:
        ReadFailed: no usable answer.
    """
    answer = _good(exchange, said_in(exchange), "search")
    found = answer.get("listeFactures")
    paging = answer.get("parametresRetour")
    if found is None:  # nothing found: the list is left out
        found = []
    if not isinstance(found, list):
        raise ReadFailed("unreadable-answer", "search: the answer is not a list of invoices")
    pages = paging.get("pages") if isinstance(paging, dict) else None
    return [_invoice(entry) for entry in found if isinstance(entry, dict)], (
        pages if isinstance(pages, int) and not isinstance(pages, bool) else 1
    )


def _invoice(entry: Mapping[str, Any]) -> KnownInvoice:
    return KnownInvoice(
        number=text(entry.get("numeroFacture")),
        supplier=text(entry.get("codeFournisseur")),
        issue_date=(text(entry.get("dateFacture")) or "")[:10] or None,
        total_with_vat=_amount(entry.get("montantTTC")),
        flow_id=text(entry.get("numeroFluxDepot")),
    )


def answer_in(exchange: Exchange, what: str) -> Mapping[str, Any]:
    """The data of a good answer.

    Raises:
        ReadFailed: no usable answer.
    """
    return _good(exchange, said_in(exchange), what)


def health_of(exchange: Exchange) -> Health:
    """The meaning of the health check; a gateway that has no such route may well be up."""
    failure = answers.read_failure(exchange, "health-check", "")
    if failure is None:
        return Health(up=True, clock_ahead=exchange.clock_ahead)
    return Health(up=failure.reason == "no-such-service", reason=failure.reason)


# --------------------------------------------------------------------------- reading
def _good(exchange: Exchange, said: Said, what: str) -> Mapping[str, Any]:
    """The data of an answer whose `codeRetour` is 0."""
    words = said.words or answers.plain_words(exchange, exchange.json()) or ""
    if failure := answers.read_failure(exchange, what, words[:300]):
        raise failure
    if said.code is None:
        raise ReadFailed("unreadable-answer", f"{what}: the answer has no codeRetour")
    if said.code != 0:
        raise ReadFailed("bad-question", f"{what}: {said.message_code} {said.words[:300]}".rstrip())
    return _object(exchange)


def _object(exchange: Exchange) -> Mapping[str, Any]:
    answer = exchange.json()
    return answer if isinstance(answer, dict) else {}


def _entries(answer: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    listed = answer.get(name)
    return (entry for entry in listed if isinstance(entry, dict)) if isinstance(listed, list) else iter(())


def _amount(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
