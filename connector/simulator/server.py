"""A simulated platform on a real socket, in a thread beside whoever uses it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from connector.simulator import ppf_endpoints
from connector.simulator.chorus import TECHNICAL_ACCOUNT, TECHNICAL_PASSWORD, ChorusFlow, Structure
from connector.simulator.contract import FlowInfo
from connector.simulator.directory import Line
from connector.simulator.endpoints import (
    CHORUS_PREFIX,
    DIRECTORY_PREFIX,
    PREFIX,
)
from connector.simulator.exchanges import Exchange
from connector.simulator.flows import Detail, Flow, Verdict
from connector.simulator.ledger import Ledger
from connector.simulator.plan import Plan, Switches, read_plan
from connector.simulator.platform import CLIENT_ID, CLIENT_SECRET, SimulatedPlatform
from connector.simulator.ppf import APPLICATION_CODE, PpfFlow
from connector.simulator.serving import archive_of, listen, plan_of, server_of

_GRACE = 0.1  # seconds that a request under way has to end when the server stops


class Simulator:
    """A simulated platform in a thread of this process, for a `with` statement. Safe from any thread.

    Args:
        plan: switches and rules: a `Plan`, its plain values, or the file that has them.
        port: 0 for any free one.
        keep: a folder in which it remembers what it received.
        clock: seconds since 1970; a test may own it.
        switches: shorthand for single switches, e.g. `ack_delay=0.5`.
    Raises:
        ConfigurationError: as `serve`.
    """

    def __init__(
        self,
        plan: Plan | Path | dict[str, Any] | None = None,
        *,
        port: int = 0,
        keep: Path | None = None,
        clock: Callable[[], float] = time.time,
        **switches: Any,
    ) -> None:
        self._platform = SimulatedPlatform(plan_of(plan), archive_of(keep), clock=clock)
        self._port = port
        self._url = ""
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._server: web.Server | None = None
        self._thread = threading.Thread(target=self._live, name="simulator", daemon=True)
        if switches:
            self.switch(**switches)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            self._platform.ledger.close()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening and drop every connection; the ledger can still be read. May be called twice."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._platform.ledger.close()

    def _live(self) -> None:
        try:
            asyncio.run(self._until_stopped())
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits for the start
            self._failure = error
            self._started.set()

    async def _until_stopped(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._server = server_of(self._platform)
        await listen(self._server, "127.0.0.1", self._port, self._listens, self._stop)

    def _listens(self, url: str) -> None:
        self._url = url
        self._started.set()

    # ------------------------------------------------------------------ where it is
    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return self._url

    @property
    def base_url(self) -> str:
        """Of the Flow Service."""
        return self._url + PREFIX

    @property
    def chorus_url(self) -> str:
        """Of Chorus Pro."""
        return self._url + CHORUS_PREFIX

    @property
    def directory_url(self) -> str:
        """Of the Directory Service."""
        return self._url + DIRECTORY_PREFIX

    @property
    def annuaire_url(self) -> str:
        """Of the public portal's Annuaire."""
        return f"{self.ppf_url}/{ppf_endpoints.DIRECTORY}/v1"

    @property
    def ppf_url(self) -> str:
        """Of the public portal, before the domains."""
        return self._url + ppf_endpoints.PREFIX

    @property
    def application_code(self) -> str:
        """Of the one connection that the public portal knows."""
        return APPLICATION_CODE

    @property
    def technical_account(self) -> str:
        """Of Chorus Pro."""
        return TECHNICAL_ACCOUNT

    @property
    def technical_password(self) -> str:
        """Of Chorus Pro's technical account."""
        return TECHNICAL_PASSWORD

    @property
    def token_url(self) -> str:
        return self._url + "/token"

    @property
    def client_id(self) -> str:
        return CLIENT_ID

    @property
    def client_secret(self) -> str:
        return CLIENT_SECRET

    # ------------------------------------------------------------------ what it holds
    @property
    def ledger(self) -> Ledger:
        return self._platform.ledger

    @property
    def flows(self) -> tuple[Flow, ...]:
        """Everything received, in the order of deposit."""
        return self._platform.ledger.flows()

    @property
    def chorus_flows(self) -> tuple[ChorusFlow, ...]:
        """Everything that Chorus Pro received, in the order of deposit."""
        return self._platform.chorus.flows

    @property
    def callers(self) -> int:
        """How many are connected."""
        return len(self._server.connections) if self._server is not None else 0

    @property
    def ppf_flows(self) -> tuple[PpfFlow, ...]:
        """Everything that the public portal received, in the order of deposit."""
        return self._platform.portal.flows

    @property
    def ppf_subscriptions(self) -> tuple[Mapping[str, Any], ...]:
        """Who wants to be called by the public portal."""
        return self._platform.portal.subscriptions

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return self._platform.exchanges.kept()

    def asked(self, on: str) -> int:
        """How many requests an endpoint got: token, submit, search, flow, health."""
        return sum(exchange.on == on for exchange in self.exchanges)

    # ------------------------------------------------------------------ how it behaves
    def faults(self, *rules: dict[str, Any]) -> None:
        """Put these rules in force, in this order, in place of all others; none: it behaves.

        Raises:
            ConfigurationError: a rule that is not one.
        """
        self._platform.faults.replace(read_plan({"rule": list(rules)}).rule)

    def switch(self, **changes: Any) -> Switches:
        """Change single switches; the others keep their value.

        Raises:
            ConfigurationError: an unknown switch or value.
        """
        changed = self._platform.switches.model_dump() | changes
        self._platform.switch(read_plan({"switches": changed}).switches)
        return self._platform.switches

    def acknowledge(self, flow_id: str, status: str, details: Iterable[Detail] = ()) -> Flow:
        """Force an acknowledgement now.

        Raises:
            KeyError: no such flow.
        """
        flow = self.ledger.acknowledge(flow_id, Verdict(status=status, details=tuple(details)))
        if flow is None:
            raise KeyError(flow_id)
        return flow

    def bring(
        self,
        content: bytes,
        flow_type: str,
        *,
        name: str,
        syntax: str = "CDAR",
        tracking_id: str | None = None,
        company: str | None = None,
    ) -> Flow:
        """Have a flow for the client from now on: a status, a supplier's invoice.

        Args:
            flow_type: "CustomerInvoiceLC", "SupplierInvoice", …
            tracking_id: as the platform tells it: of its sender, or of the flow that it is about.
            company: that it is for, where the platform serves several.
        """
        info = FlowInfo(name=name, syntax=syntax, tracking_id=tracking_id, company=company)
        return self._platform.ledger.bring(info, content, flow_type)

    def notify_ppf(self, name: str) -> list[int]:
        """Have the public portal call everybody who subscribed to a flow's domain; what each answered.

        Raises:
            KeyError: no such flow.
        """
        assert self._loop is not None
        calls = self._platform.portal.notify(name)
        return asyncio.run_coroutine_threadsafe(calls, self._loop).result()

    def decide_ppf(self, name: str, status: str) -> PpfFlow:
        """Force a status of a flow of the public portal, or of what is in it, now.

        Raises:
            KeyError: no such flow.
        """
        flow = self._platform.portal.decide(name, status)
        if flow is None:
            raise KeyError(name)
        return flow

    def decide(self, number: str, state: str) -> ChorusFlow:
        """Force the state of a flow of Chorus Pro now.

        Raises:
            KeyError: no such flow.
        """
        flow = self._platform.chorus.decide(number, state)
        if flow is None:
            raise KeyError(number)
        return flow

    def pass_on(self, number: str, status: str, comment: str = "") -> None:
        """Give the invoice of a Chorus Pro flow its next status, now: "MISE_EN_PAIEMENT", …

        Raises:
            KeyError: there is no such flow.
        """
        if self._platform.chorus.pass_on(number, status, comment) is None:
            raise KeyError(number)

    def list_in_directory(self, *lines: Line) -> None:
        """Have these lines in the directory, in the place of all others."""
        self._platform.list_in_directory(lines)

    def know_structures(self, *structures: Structure) -> None:
        """Have Chorus Pro know these public recipients, in the place of all others."""
        self._platform.chorus.know(structures)

    def call_webhooks(self, flow_id: str) -> list[dict[str, Any]]:
        """Tell the receivers that are to know of this flow, those on loopback; what each answered.

        Raises:
            Refusal: 404, no such flow.
        """
        assert self._loop is not None
        calls = self._platform.call_webhooks(flow_id)
        return asyncio.run_coroutine_threadsafe(calls, self._loop).result()

    def revoke_tokens(self) -> None:
        self._platform.tokens.revoke()

    def reset(self) -> None:
        """As just started."""
        self._platform.reset()
