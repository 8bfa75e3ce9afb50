"""A simulated Chorus Pro: deposits of flows, processing reports, the search for suppliers. No socket.

Played from the public description of the API and what integrators report of it: `codeRetour` in every answer,
a receipt that says nothing of the outcome, flows that are unknown for a while, a search that shows only what
has been integrated, ten invoices a page, one invoice a number, year and issuer.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from connector.simulator.answers import Answer, answer_json
from connector.simulator.chorus_content import SeenInvoice, look
from connector.simulator.chorus_history import Passed, history, listed
from connector.simulator.contract import FlowInfo, Refusal
from connector.simulator.faults import FaultPlan
from connector.simulator.plan import AckDelay, AckError, AckStatus, Switches

TECHNICAL_ACCOUNT, TECHNICAL_PASSWORD = "TECH_1_1@cpro.fr", "simulated-technical-secret"  # open nothing else
SYNTAXES = {
    "IN_DP_E1_UBL_INVOICE": "UBL",
    "IN_DP_E1_CII_16B": "CII",
    "IN_DP_E2_CII_FACTURX": "Factur-X",
}
_LARGEST = 30 * 1024 * 1024
_WAITING = "IN_DEPOT_PORTAIL_EN_ATTENTE_TRAITEMENT_SE_CPP"
_INTEGRATED = ("IN_INTEGRE", "IN_INTEGRE_PARTIEL")
_FIRST, _PAGE = 1, 10
_TAKEN = "Le numero de facture existe deja"


class BadCall(Refusal):
    """Chorus Pro's answer is an error: `codeRetour` and `libelle`, usually with HTTP 400."""

    def __init__(self, words: str, *, code: int = 20001, status: int = 400) -> None:
        super().__init__(status, str(code), words)

    def body(self) -> bytes:
        return json.dumps({"codeRetour": int(self.code), "libelle": self.message}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChorusFlow:
    """One received deposit. Times in seconds since 1970."""

    number: str  # numeroFluxDepot
    name: str
    syntax: str
    sha256: str
    size: int
    invoice: SeenInvoice
    received: float
    due: float  # when `state` is reached
    state: str
    errors: tuple[str, ...] = ()  # why the invoice was rejected
    asked: int = 0  # reports asked for so far
    passed: tuple[Passed, ...] = ()  # statuses of the integrated invoice, behind the first

    def state_at(self, now: float) -> str:
        return self.state if now >= self.due else _WAITING

    @property
    def day(self) -> str:
        return datetime.fromtimestamp(self.received, UTC).date().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A public recipient."""

    number: int  # idStructureCPP
    siret: str
    name: str = "Commune d'essai"
    status: str = "ACTIF"
    service_required: bool = False
    commitment_required: bool = False
    either_required: bool = False
    services: tuple[tuple[str, bool], ...] = ()  # code, and whether it is active


class ChorusPro:
    """State and decisions. May be used from any thread.

    Args:
        faults: whose rules on acknowledgements also decide the outcome of a flow.
        switches: how it behaves now.
        clock: seconds since 1970.
    """

    def __init__(
        self, faults: FaultPlan, switches: Callable[[], Switches], clock: Callable[[], float] = time.time
    ) -> None:
        self._faults, self._switches, self._clock = faults, switches, clock
        self._flows: dict[str, ChorusFlow] = {}
        self._structures: tuple[Structure, ...] = ()
        self._lock = threading.Lock()

    @property
    def flows(self) -> tuple[ChorusFlow, ...]:
        """Everything received, in the order of deposit."""
        with self._lock:
            return tuple(self._flows.values())

    def clear(self) -> None:
        with self._lock:
            self._flows.clear()
            self._structures = ()

    def let_in(self, header: str) -> None:
        """Check `cpro-account`.

        Raises:
            Refusal: 401; it is not our technical account.
        """
        pair = f"{TECHNICAL_ACCOUNT}:{TECHNICAL_PASSWORD}".encode()
        if header != base64.b64encode(pair).decode():
            raise Refusal(401, "UNAUTHORIZED", "cpro-account is missing or wrong")

    # ------------------------------------------------------------------ calls
    def read_deposit(self, body: bytes) -> tuple[FlowInfo, bytes]:
        """A `deposer/flux` request, checked: what is said of the file, and the file.

        Raises:
            BadCall: 400, naming the field.
        """
        given = _object(body)
        name, syntax = _text(given, "nomFichier"), _text(given, "syntaxeFlux")
        if syntax not in SYNTAXES:
            raise BadCall("GCU_MSG_01_001 : syntaxeFlux inconnue")
        if not isinstance(given.get("avecSignature", False), bool):
            raise BadCall("GCU_MSG_01_001 : avecSignature doit etre un booleen")
        try:
            content = base64.b64decode(_text(given, "fichierFlux"), validate=True)
        except binascii.Error:
            raise BadCall("GCU_MSG_01_001 : fichierFlux n'est pas en base64") from None
        if len(content) > min(_LARGEST, self._switches().max_file_bytes):
            raise BadCall("GDP_MSG_11.022 : fichier trop volumineux")
        return FlowInfo(name=name, syntax=syntax), content

    def deposit(self, info: FlowInfo, content: bytes) -> Answer:
        """Store a checked deposit, decide what will become of it, and answer with its number."""
        seen = look(content)
        now, switches = self._clock(), self._switches()
        with self._lock:
            errors: tuple[str, ...] = ()
            state, delay = "IN_INTEGRE", switches.ack_delay
            if switches.duplicates != "accept" and any(
                flow.invoice.key == seen.key and flow.state in _INTEGRATED for flow in self._flows.values()
            ):
                state, errors = "IN_REJETE", (_TAKEN,)
            for rule in self._faults.take_acks(info):
                match rule:
                    case AckError():
                        state, errors = "IN_REJETE", (rule.message,)
                    case AckStatus():
                        state = rule.status
                    case AckDelay():
                        delay = rule.seconds
            flow = ChorusFlow(
                number=f"CPP{len(self._flows) + 1:022d}",
                name=info.name,
                syntax=info.syntax,
                sha256=sha256(content).hexdigest(),
                size=len(content),
                invoice=seen,
                received=now,
                due=now + delay,
                state=state,
                errors=errors,
            )
            self._flows[flow.number] = flow
        said = {"numeroFluxDepot": flow.number, "dateDepot": flow.day, "syntaxeFlux": flow.syntax}
        return answer_json({"codeRetour": 0, "libelle": "GCU_MSG_01_000", **said}, 200, flow.number)

    def report(self, body: bytes) -> Answer:
        """`consulterCRDetaille`.

        Raises:
            BadCall: the flow is unknown, or not known yet (switch `unknown_polls`).
        """
        number = _text(_object(body), "numeroFluxDepot")
        with self._lock:
            flow = self._flows.get(number)
            if flow is not None:
                self._flows[number] = flow = replace(flow, asked=flow.asked + 1)
        if flow is None or flow.asked <= self._switches().unknown_polls:
            raise BadCall("POQ_MSG_01.003 - Flux introuvable.")
        state = flow.state_at(self._clock())
        told = {
            "codeRetour": 0,
            "libelle": "TRA_MSG_00.000",
            "nomFichier": flow.name,
            "dateDepotFlux": datetime.fromtimestamp(flow.received, UTC).isoformat(),
            "etatCourantDepotFlux": state,
        }
        if state == _WAITING:
            return answer_json(told)
        rejected = [
            {
                "numeroDP": flow.invoice.number,
                "identifiantFournisseur": flow.invoice.supplier,
                "libelleErreurDP": words,
            }
            for words in flow.errors
        ]
        return answer_json({**told, "listeErreurDP": rejected, "listeErreurTechnique": []})

    def search(self, body: bytes) -> Answer:
        """`rechercher/fournisseur`: integrated invoices only, by number and days of deposit.

        Raises:
            BadCall: 400, naming the field.
        """
        given = _object(body)
        paging = given.get("rechercheFactureParFournisseur", {})
        if not isinstance(paging, dict):
            raise BadCall("GCU_MSG_01_001 : rechercheFactureParFournisseur")
        page = _number(paging, "pageResultatDemandee", _FIRST)
        size = min(_number(paging, "nbResultatsParPage", _PAGE), self._switches().page_limit)
        found = [flow for flow in self.flows if self._is_shown(flow, given)]
        pages = max(1, -(-len(found) // size))
        return answer_json(
            {
                "codeRetour": 0,
                "libelle": "GCU_MSG_01_000",
                "parametresRetour": {
                    "pageCourante": page,
                    "pages": pages,
                    "nbResultatsParPage": size,
                    "total": len(found),
                },
                "listeFactures": [listed(flow) for flow in found[(page - 1) * size : page * size]],
            }
        )

    def find_structure(self, body: bytes) -> Answer:
        """`structures/v1/rechercher`, by SIRET."""
        asked = _object(body).get("structure")
        if not isinstance(asked, dict) or asked.get("typeIdentifiantStructure") != "SIRET":
            raise BadCall("GCU_MSG_01_001 : structure")
        siret = _text(asked, "identifiantStructure")
        found = [entry for entry in self._structures if entry.siret == siret]
        listed = [{"idStructureCPP": entry.number, "identifiantStructure": siret} for entry in found]
        return answer_json({"codeRetour": 0, "libelle": "TRA_MSG_00.000", "listeStructures": listed})

    def show_structure(self, body: bytes) -> Answer:
        """`structures/v1/consulter`."""
        number = _number(_object(body), "idStructureCPP", 0)
        entry = next((entry for entry in self._structures if entry.number == number), None)
        if entry is None:
            raise BadCall("GCU_MSG_02_001 : structure inconnue")
        wants = {
            "codeServiceDoitEtreRenseigne": entry.service_required,
            "numeroEJDoitEtreRenseigne": entry.commitment_required,
            "gestionNumeroEJOuCodeService": entry.either_required,
        }
        told = {"designationStructure": entry.name, "statut": entry.status, "parametres": wants}
        return answer_json({"codeRetour": 0, "libelle": "TRA_MSG_00.000", **told})

    def list_services(self, body: bytes) -> Answer:
        """`structures/v1/rechercher/services`, ten a page unless asked otherwise."""
        asked = _object(body)
        number = _number(asked, "idStructure", 0)
        paging = asked.get("parametresRechercherServicesStructure", {})
        if not isinstance(paging, dict):
            raise BadCall("GCU_MSG_01_001 : parametresRechercherServicesStructure")
        entry = next((entry for entry in self._structures if entry.number == number), None)
        if entry is None:
            raise BadCall("GCU_MSG_02_001 : structure inconnue")
        page = _number(paging, "pageResultatDemandee", _FIRST)
        size = min(_number(paging, "nbResultatsParPage", _PAGE), self._switches().page_limit)
        listed = [
            {"idService": place, "codeService": code, "libelleService": code, "estActif": active}
            for place, (code, active) in enumerate(entry.services, 1)
        ]
        paged = {"pageCourante": page, "nbResultatsParPage": size, "total": len(listed)}
        return answer_json(
            {
                "codeRetour": 0,
                "libelle": "TRA_MSG_00.000",
                "listeServices": listed[(page - 1) * size : page * size],
                "parametresRetour": paged | {"pages": max(1, -(-len(listed) // size))},
            }
        )

    def history(self, body: bytes) -> Answer:
        """`consulter/historique`.

        Raises:
            BadCall: there is no such invoice.
        """
        number = _number(_object(body), "idFacture", 0)
        with self._lock:
            flow = self._flows.get(f"CPP{number:022d}")
        if flow is None or flow.state_at(self._clock()) not in _INTEGRATED:
            raise BadCall("GCU_MSG_02_001 : facture inconnue")
        return answer_json({"codeRetour": 0, "libelle": "GCU_MSG_01_000", **history(flow)})

    def pass_on(self, number: str, status: str, comment: str = "") -> ChorusFlow | None:
        """Give the invoice of a flow its next status, now; None: no such flow."""
        with self._lock:
            flow = self._flows.get(number)
            if flow is not None:
                passed = (*flow.passed, Passed(at=self._clock(), status=status, comment=comment))
                flow = self._flows[number] = replace(flow, passed=passed)
            return flow

    def decide(self, number: str, state: str) -> ChorusFlow | None:
        """Force the state of a flow now, whatever was planned or said before; None: no such flow."""
        with self._lock:
            flow = self._flows.get(number)
            if flow is not None:
                flow = self._flows[number] = replace(flow, state=state, due=self._clock(), errors=())
            return flow

    def know(self, structures: tuple[Structure, ...]) -> None:
        """Know these public recipients, in the place of all others."""
        self._structures = structures

    def _is_shown(self, flow: ChorusFlow, where: dict[str, Any]) -> bool:
        number, start, end, since, until = (
            where.get(name)
            for name in (
                "numeroFacture",
                "periodeDateDepotDu",
                "periodeDateDepotAu",
                "periodeDateHeureEtatCourantDu",
                "periodeDateHeureEtatCourantAu",
            )
        )
        changed = listed(flow)["dateHeureEtatCourant"][:10]
        return (
            flow.state_at(self._clock()) in _INTEGRATED
            # Nobody has told whether the search compares or contains, so it is played as the wider one.
            and (number is None or str(number) in (flow.invoice.number or ""))
            and (start is None or flow.day >= str(start))
            and (end is None or flow.day <= str(end))
            and (since is None or changed >= str(since)[:10])
            and (until is None or changed <= str(until)[:10])
        )


def read_structures(given: Any) -> tuple[Structure, ...]:
    """Public recipients from plain values, for the control endpoint.

    Raises:
        Refusal: 400, a structure that is none.
    """
    try:
        return tuple(
            Structure(**entry | {"services": tuple((str(code), bool(on)) for code, on in entry["services"])})
            if "services" in entry
            else Structure(**entry)
            for entry in given
        )
    except (TypeError, ValueError) as error:
        raise Refusal(400, "INVALID_REQUEST", f"structures: {error}") from None


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BadCall("GCU_MSG_01_001 : le corps n'est pas un objet JSON")
    return value


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise BadCall(f"GCU_MSG_01_001 : {name} est obligatoire")
    return value


def _number(given: dict[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadCall(f"GCU_MSG_01_001 : {name} doit etre un entier positif")
    return value
