"""A simulated public portal (PPF), by our own model of its general rules. No socket.

Two domains take flows, each under two versions of its URLs; answers are JSON, XML or a code alone. A name of
a flow is taken once, an invoice or a report once by its number. What the directory does is in `ppf_annuaire`.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from connector.simulator.answers import Answer
from connector.simulator.chorus import TECHNICAL_ACCOUNT, TECHNICAL_PASSWORD
from connector.simulator.content import glance
from connector.simulator.contract import FlowInfo, Refusal
from connector.simulator.faults import FaultPlan
from connector.simulator.plan import AckDelay, AckError, AckStatus, Switches
from connector.simulator.ppf_reading import EVENTS, FlowSearch, read_subscription
from connector.simulator.ppf_wire import Envelope, PortalRefusal, written
from connector.simulator.webhooks import call

APPLICATION_CODE = "SIM001"
VERSIONS = ("v1", "v2")
DOMAINS = ("facturation", "e-reporting")
_ADMISSIBLE, _INADMISSIBLE = "500", "501"
_GOOD = {"facturation": "250", "e-reporting": "300"}
_BAD = {"facturation": "251", "e-reporting": "301"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PpfFlow:
    """One received flow. Times in seconds since 1970."""

    number: int
    name: str
    domain: str
    inner: str
    sha256: str  # of the document inside
    envelope: str  # SHA-256 of the whole
    key: str  # what makes it the same business content as another
    received: float
    due: float  # when the statuses are told
    status: str | None
    judged: str | None  # status of the object inside
    reasons: tuple[tuple[str, str], ...] = ()  # code and words

    @property
    def state(self) -> str:
        """Both statuses as one word, as far as they are known: 500/250."""
        return "/".join(word for word in (self.status, self.judged) if word)


class PublicPortal:
    """State and decisions. May be used from any thread.

    Args:
        faults: whose rules on acknowledgements also decide what becomes of a flow.
        switches: how it behaves now.
        clock: seconds since 1970.
    """

    def __init__(
        self, faults: FaultPlan, switches: Callable[[], Switches], clock: Callable[[], float] = time.time
    ) -> None:
        self._faults, self._switches, self._clock = faults, switches, clock
        self._flows: list[PpfFlow] = []
        self._missed: dict[int, int] = {}
        self._subscriptions: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def flows(self) -> tuple[PpfFlow, ...]:
        """Everything received, in the order of deposit."""
        with self._lock:
            return tuple(self._flows)

    @property
    def subscriptions(self) -> tuple[Mapping[str, Any], ...]:
        """Who wants to be called."""
        with self._lock:
            return tuple(self._subscriptions.values())

    def clear(self) -> None:
        with self._lock:
            self._flows.clear()
            self._missed.clear()
            self._subscriptions.clear()

    def let_in(self, header: str) -> None:
        """Check `ppf-account`.

        Raises:
            Refusal: 401; it is not our technical account.
        """
        pair = f"{TECHNICAL_ACCOUNT}:{TECHNICAL_PASSWORD}".encode()
        if header != base64.b64encode(pair).decode():
            raise Refusal(401, "UNAUTHORIZED", "ppf-account is missing or wrong")

    # ------------------------------------------------------------------ deposits
    def deposit(self, domain: str, version: str, envelope: Envelope, language: str) -> Answer:
        """Store a checked flow, decide what will become of it, and answer with its name.

        Raises:
            PortalRefusal: 422 IRR_UNICITE; the name is taken (unless the switch `duplicates` accepts it).
        """
        now, switches = self._clock(), self._switches()
        info = FlowInfo(name=envelope.inner, syntax=envelope.syntax)
        seen = glance(envelope.content, envelope.syntax, None)
        with self._lock:
            if switches.duplicates != "accept" and any(flow.name == envelope.flow for flow in self._flows):
                raise PortalRefusal(422, envelope.flow, language, "IRR_UNICITE")
            flow = PpfFlow(
                number=len(self._flows) + 1,
                name=envelope.flow,
                domain=domain,
                inner=envelope.inner,
                sha256=sha256(envelope.content).hexdigest(),
                envelope=envelope.sha256,
                key=seen.key or sha256(envelope.content).hexdigest(),
                received=now,
                due=now + switches.ack_delay,
                status=_ADMISSIBLE,
                judged=None if envelope.syntax == "CDAR" else _GOOD[domain],
            )
            flow = self._decided(flow, info, contradicts=seen.contradicts, empty=not envelope.content)
            self._flows.append(flow)
        answer = written(
            {"nomFlux": flow.name, "dateReception": _instant(flow.received)} | _digest(flow, version),
            201,
            switches.ppf_answers,
            language,
            "flux",
        )
        return replace(answer, flow_id=flow.name)

    def _decided(self, flow: PpfFlow, info: FlowInfo, *, contradicts: bool, empty: bool) -> PpfFlow:
        """What a flow earns by itself, and what the rules say beside that."""
        twins = (one for one in self._flows if one.key == flow.key and one.judged == _GOOD[flow.domain])
        if empty or contradicts:
            reason = "IRR_VIDE_F" if empty else "IRR_TYPE_F"
            flow = _refused(flow, reason, "Flux irrecevable")
        elif self._switches().duplicates != "accept" and any(twins):
            flow = _refused(flow, "REJ_UNI", "Objet déjà transmis")
        for rule in self._faults.take_acks(info):
            match rule:
                case AckError():
                    flow = _refused(flow, rule.reason_code, rule.message)
                case AckStatus():
                    flow = _stated(flow, rule.status)
                case AckDelay():
                    flow = replace(flow, due=flow.received + rule.seconds)
        return flow

    def decide(self, name: str, status: str) -> PpfFlow | None:
        """Force a status of a flow, or of the object in it, now; None: no such flow."""
        with self._lock:
            for place, flow in enumerate(self._flows):
                if flow.name == name:
                    changed = replace(_stated(flow, status), due=self._clock())
                    self._flows[place] = changed
                    return changed
        return None

    # ------------------------------------------------------------------ questions
    def state(self, domain: str, version: str, name: str, language: str) -> Answer:
        """`GET /<domain>/<version>/flux/<name>`.

        Raises:
            PortalRefusal: 404, it does not have it.
        """
        found = [flow for flow in self.flows if flow.name == name and flow.domain == domain]
        if not found:
            raise PortalRefusal(404, name, language)
        told = self._told(found[0], version)
        return written(told, 200, self._how, language, "flux")

    def search(self, domain: str, version: str, body: bytes, language: str) -> Answer:
        """`POST /<domain>/<version>/flux/recherche`: 204 for nothing, 206 for a part.

        Raises:
            PortalRefusal: 422, naming the field.
        """
        asked = FlowSearch.read(body, language)
        switches = self._switches()
        with self._lock:
            found = [flow for flow in self._flows if flow.domain == domain and self._fits(flow, asked)]
            found = [flow for flow in found if self._is_shown(flow)]
        found.sort(key=self._updated, reverse=switches.order == "descending")
        page = found[asked.ignore : asked.ignore + min(asked.limit, switches.page_limit)]
        if switches.order == "shuffled":
            random.shuffle(page)
        if not page:
            return Answer(status=204)
        status = 200 if asked.ignore + len(page) == len(found) else 206
        told = {
            "nombre_total_resultats": len(found),
            "resultats": [self._told(flow, version) for flow in page],
        }
        return written(told, status, self._how, language, "recherche")

    def _fits(self, flow: PpfFlow, asked: FlowSearch) -> bool:
        by_name = asked.name is None or flow.name == asked.name or self._switches().ignore_tracking_filter
        return by_name and (asked.since is None or self._updated(flow) >= asked.since)

    def _is_shown(self, flow: PpfFlow) -> bool:
        switches = self._switches()
        if self._clock() < flow.received + switches.index_lag_seconds:
            return False
        missed = self._missed.get(flow.number, 0)
        if missed < switches.index_lag_searches:
            self._missed[flow.number] = missed + 1
            return False
        return True

    def _updated(self, flow: PpfFlow) -> float:
        """When its state last changed; to the grain of the times told."""
        changed = flow.due if flow.due <= self._clock() else flow.received
        grain = self._switches().coarse_clock
        return changed - changed % grain if grain else round(changed, 3)

    def _told(self, flow: PpfFlow, version: str) -> dict[str, Any]:
        told: dict[str, Any] = {
            "nomFlux": flow.name,
            "dateReception": _instant(flow.received),
            "dateMiseAJour": _instant(self._updated(flow)),
        } | _digest(flow, version)
        if self._clock() < flow.due:
            return told
        reasons = [{"code": code, "libelle": words, "fichier": flow.inner} for code, words in flow.reasons]
        of_flow = flow.status != _ADMISSIBLE
        if flow.judged is not None:
            told["objets"] = [
                {"nom": flow.inner, "statut": flow.judged, "motifs": [] if of_flow else reasons}
            ]
        return told | {"statut": flow.status, "motifs": reasons if of_flow else []}

    @property
    def _how(self) -> str:
        """Only receipts are ever a code alone: a state that is not told helps nobody."""
        how = self._switches().ppf_answers
        return "json" if how == "bare" else how

    # ------------------------------------------------------------------ subscriptions
    def subscribe(self, domain: str, body: bytes, language: str) -> Answer:
        """`POST /<domain>/<version>/abonnements`.

        Raises:
            PortalRefusal: 422, naming the field.
        """
        given = read_subscription(body, language)
        with self._lock:
            instance = max(self._subscriptions, default=0) + 1
            self._subscriptions[instance] = given | {"idInstance": instance, "domaine": domain}
        return written({"idInstance": instance}, 201, self._how, language, "abonnement")

    def subscribed(self, domain: str, language: str) -> Answer:
        """`GET /<domain>/<version>/abonnements`; a token is not told again."""
        listed = [
            {name: one[name] for name in ("idInstance", "adresse", "evenements")}
            for one in self.subscriptions
            if one["domaine"] == domain
        ]
        if not listed:
            return Answer(status=204)
        return written({"resultats": listed}, 200, self._how, language, "abonnements")

    async def notify(self, name: str) -> list[int]:
        """Call everybody who subscribed to the domain of a flow; the status that each answered, 0 for none.

        Raises:
            KeyError: no such flow.
        """
        domain = next((flow.domain for flow in self.flows if flow.name == name), None)
        if domain is None:
            raise KeyError(name)
        body = json.dumps({"nomFlux": name, "evenement": EVENTS[0]}).encode()
        called = [one for one in self.subscriptions if one["domaine"] == domain]
        return [await call(one["adresse"], one.get("jeton"), body) for one in called]

    def unsubscribe(self, domain: str, instance: str, language: str) -> Answer:
        """`DELETE /<domain>/<version>/abonnements/id-instance:<n>`.

        Raises:
            PortalRefusal: 404, there is none.
        """
        with self._lock:
            found = self._subscriptions.get(int(instance)) if instance.isdecimal() else None
            if found is None or found["domaine"] != domain:
                raise PortalRefusal(404, instance, language)
            del self._subscriptions[int(instance)]
        return Answer(status=204)


def _refused(flow: PpfFlow, reason: str, words: str) -> PpfFlow:
    """Inadmissible for a reason of the flow, rejected for one of what is in it."""
    of_flow = reason.startswith("IRR_")
    return replace(
        flow,
        status=_INADMISSIBLE if of_flow else _ADMISSIBLE,
        judged=None if of_flow else _BAD[flow.domain],
        reasons=((reason, words),),
    )


def _stated(flow: PpfFlow, status: str) -> PpfFlow:
    """The flow with a status told by a plan: its own when that begins with 5, else of what is in it."""
    if status.startswith("5"):
        return replace(flow, status=status, judged=None, reasons=())
    return replace(flow, status=_ADMISSIBLE, judged=status, reasons=())


def _digest(flow: PpfFlow, version: str) -> dict[str, str]:
    """What the second version tells beside the first."""
    return {"empreinte": flow.envelope} if version == "v2" else {}


def _instant(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def summary(flows: Sequence[PpfFlow]) -> list[dict[str, Any]]:
    """What the control endpoint tells of received flows."""
    return [
        {
            "nomFlux": flow.name,
            "domaine": flow.domain,
            "nom": flow.inner,
            "sha256": flow.sha256,
            "etat": flow.state,
            "motifs": [code for code, _ in flow.reasons],
        }
        for flow in flows
    ]
