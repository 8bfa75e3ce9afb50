"""The simulated platform itself: its state, and what it decides about one request. No socket.

Here: XP Z12-013 Flow 1.1 and 1.2: deposit, search, metadata, documents, webhooks.
`chorus` plays Chorus Pro, `ppf` the public portal, `directory` and `ppf_annuaire` the directories beside
them, with the same tokens, faults and switches. A document's content is glanced at, never validated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from connector.simulator.answers import ALREADY_EXISTS, Answer, answer_json
from connector.simulator.archive import Archive
from connector.simulator.chorus import ChorusPro
from connector.simulator.content import Glance, glance
from connector.simulator.contract import Deposit, FlowInfo, Refusal, Search
from connector.simulator.directory import Directory, Line
from connector.simulator.exchanges import ExchangeLog
from connector.simulator.faults import FaultPlan
from connector.simulator.flows import OK, Detail, Flow, Verdict
from connector.simulator.ledger import Arrival, Ledger
from connector.simulator.plan import AckDelay, AckError, AckStatus, Plan, Switches
from connector.simulator.ppf import PublicPortal
from connector.simulator.ppf_annuaire import Annuaire
from connector.simulator.renditions import converted, readable_view
from connector.simulator.tokens import Tokens
from connector.simulator.webhooks import Hooks

CLIENT_ID, CLIENT_SECRET = "connector", "simulated-secret"  # open nothing but the simulator


class SimulatedPlatform:
    """State and decisions of one platform.

    Args:
        plan: how it behaves from the start.
        archive: where it keeps what it receives.
        client_id, client_secret: the one client it knows.
        clock: seconds since 1970; a test may own it.
    """

    def __init__(
        self,
        plan: Plan | None = None,
        archive: Archive | None = None,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        clock: Callable[[], float] = time.time,
    ) -> None:
        plan = plan or Plan()
        self.ledger = Ledger(archive, clock)
        self.tokens = Tokens(client_id, client_secret)
        self.faults = FaultPlan(plan.rule)
        self.exchanges = ExchangeLog()
        self.directory = Directory()
        self.hooks = Hooks()
        self.annuaire = Annuaire(lambda: self._switches)
        self.chorus = ChorusPro(self.faults, lambda: self._switches)
        self.portal = PublicPortal(self.faults, lambda: self._switches)
        self.switch(plan.switches)

    @property
    def switches(self) -> Switches:
        return self._switches

    def switch(self, switches: Switches) -> None:
        """Behave so from now on; what was received keeps its planned acknowledgement."""
        self._switches = switches
        self.ledger.grain = switches.coarse_clock

    def reset(self) -> None:
        """As just started: no flow, no rule, no token, no log, switches at their defaults."""
        self.ledger.clear()
        self.chorus.clear()
        self.portal.clear()
        self.hooks.clear()
        self.list_in_directory(())
        self.faults.replace(())
        self.tokens.revoke()
        self.exchanges.clear()
        self.switch(Switches())

    def list_in_directory(self, lines: tuple[Line, ...]) -> None:
        """Have these lines in both directories, in the place of all others."""
        self.directory.put(lines)
        self.annuaire.put(lines)

    def accept(self, arrival: Arrival) -> Answer:
        """Store a valid deposit, decide its acknowledgement, and answer 202.

        Raises:
            Refusal: a switch says that such a deposit is refused at once; nothing is stored.
        """
        verdict = self._verdict(arrival)
        delay = self._switches.ack_delay
        for rule in self.faults.take_acks(arrival.deposit.info):
            match rule:
                case AckError():
                    verdict = _error(rule.reason_code, rule.item, rule.message)
                case AckStatus():
                    verdict = Verdict(status=rule.status)
                case AckDelay():
                    delay = rule.seconds
        flow = self.ledger.store(arrival, verdict, delay)
        return answer_json(flow.as_receipt(), 202, flow.flow_id)

    def _verdict(self, arrival: Arrival) -> Verdict:
        """The acknowledgement that a deposit earns by itself, the most technical fault first."""
        info, switches = arrival.deposit.info, self._switches
        if info.rule is not None and switches.refuse_processing_rule:
            raise Refusal(501, "NOT_IMPLEMENTED", "processingRule is not supported as an argument")
        if info.sha256 is not None and info.sha256 != arrival.sha256:
            if switches.checksum == "refuse-at-post":
                raise Refusal(422, "UNPROCESSABLE_ENTITY", "sha256 is not that of the file")
            return _error("ChecksumMismatch", "sha256", "The file is not the one that was announced")
        if not arrival.deposit.content:
            return _error("EmptyFlow", "file", "The file is empty")
        if arrival.seen.contradicts:
            return _error("FlowTypeError", "flowSyntax", _contradiction(info, arrival.seen))
        if switches.duplicates != "accept" and self.ledger.twin(arrival) is not None:
            if switches.duplicates == "refuse-at-post":
                raise ALREADY_EXISTS
            return _error("AlreadyExistingFlow", "BT-1", "The flow has already been sent and received")
        return OK

    def search(self, asked: Search) -> Answer:
        """One page of flows."""
        page = self.ledger.search(asked, self._switches)
        limit = min(asked.limit, self._switches.page_limit)
        results = [flow.as_flow(self._switches.api_version) for flow in page]
        return answer_json({"limit": limit, "filters": asked.where, "results": results})

    def company(self, header: str | None) -> str | None:
        """The company that a call is about; None where the platform serves one only.

        Raises:
            Refusal: 403, the call has to name one and does not.
        """
        if not self._switches.organization_header:
            return None
        if not header:
            raise Refusal(403, "FORBIDDEN_ACCESS", "Organization-Id is required")
        return header

    def webhook(self, method: str, webhook_id: str | None, body: bytes) -> Answer:
        """A request about webhooks.

        Raises:
            Refusal: as `Hooks.answer`; 404 in version 1.1, which has none.
        """
        if self._switches.api_version != "1.2":
            raise Refusal(404, "MISSING_RESOURCE", "no such endpoint")
        return self.hooks.answer(method, webhook_id, body)

    async def call_webhooks(self, flow_id: str) -> list[dict[str, Any]]:
        """Tell the receivers that are to know of this flow; what each answered.

        Raises:
            Refusal: 404, no such flow.
        """
        flow = self.ledger.flow(flow_id)
        if flow is None:
            raise Refusal(404, "MISSING_RESOURCE", "no such flow")
        return await self.hooks.call(flow, self._switches.api_version)

    def flow(self, flow_id: str, kind: str, company: str | None = None) -> Answer:
        """One flow as `docType` asks for it.

        Raises:
            Refusal: 404 for an unknown flow, 400 for a kind that this platform does not have.
        """
        flow, switches = self.ledger.flow(flow_id), self._switches
        agreed = {"Converted": switches.converts, "ReadableView": switches.readable_view}
        if not agreed.get(kind, True):
            raise Refusal(400, "CLIENT_NOT_CONFIGURED", f"no {kind} is configured for this client")
        if kind not in ("Metadata", "Original", *agreed):
            raise Refusal(400, "INVALID_FIELD", "docType is unknown")
        if flow is None or company not in (None, flow.info.company):
            raise Refusal(404, "MISSING_RESOURCE", "Requested resource is Not Found")
        if kind == "Metadata":
            return answer_json(flow.as_flow(switches.api_version))
        return self._document(flow, kind)

    def _document(self, flow: Flow, kind: str) -> Answer:
        content = self.ledger.content(flow)
        if content is None:
            raise Refusal(404, "MISSING_RESOURCE", "The simulator no longer keeps this document")
        if kind == "Converted":
            content = converted(content)
        elif kind == "ReadableView":
            content = readable_view(flow.info.name, flow.flow_id)
        suffix = "pdf" if content.startswith(b"%PDF-") else "xml"
        disposition = f"attachment;filename={flow.flow_id}.{suffix}"
        return Answer(
            status=200,
            body=content,
            content_type="application/octet-stream",
            headers=(("Content-Disposition", disposition),),
        )


def examine(deposit: Deposit) -> Arrival:
    """Look at a deposit and hash it; the costly part of accepting one, and independent of the platform."""
    seen = glance(deposit.content, deposit.info.syntax, deposit.info.rule)
    return Arrival(deposit=deposit, seen=seen, sha256=sha256(deposit.content).hexdigest())


def _error(code: str, item: str, message: str) -> Verdict:
    return Verdict(status="Error", details=(Detail(reason_code=code, item=item, message=message),))


def _contradiction(info: FlowInfo, seen: Glance) -> str:
    return f"The file does not look like {info.syntax}; it was taken for {seen.flow_type}"
