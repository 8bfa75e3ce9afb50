"""Runs a simulated platform on a real socket of this machine: beside a test, or for the command line."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from connector.errors import ConfigurationError
from connector.simulator import ppf_endpoints
from connector.simulator.archive import Archive, FolderArchive, MemoryArchive
from connector.simulator.chorus import TECHNICAL_ACCOUNT, TECHNICAL_PASSWORD, ChorusFlow, Structure
from connector.simulator.contract import FlowInfo
from connector.simulator.directory import Line
from connector.simulator.endpoints import (
    CHORUS_PREFIX,
    DIRECTORY_PREFIX,
    PREFIX,
    Front,
)
from connector.simulator.exchanges import Exchange
from connector.simulator.flows import Detail, Flow, Verdict
from connector.simulator.ledger import Ledger
from connector.simulator.plan import Plan, Switches, load_plan, read_plan
from connector.simulator.platform import CLIENT_ID, CLIENT_SECRET, SimulatedPlatform
from connector.simulator.ppf import APPLICATION_CODE, PpfFlow

_GRACE = 0.1  # seconds that a request under way has to end when the server stops


def _loopback(host: str) -> str:
    """Raises:
    ConfigurationError: others than this machine could reach that address.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ConfigurationError(f"the simulator listens on loopback only, not on {host}")
    return str(address)


def _plan(given: Plan | Path | dict[str, Any] | None) -> Plan:
    match given:
        case None:
            return Plan()
        case Path():
            return load_plan(given)
        case dict():
            return read_plan(given)
    return given


def _archive(keep: Path | None) -> Archive:
    return MemoryArchive() if keep is None else FolderArchive(keep)


def _server(platform: SimulatedPlatform) -> web.Server:
    return web.Server(Front(platform), access_log=None)


async def _run(
    server: web.Server, host: str, port: int, ready: Callable[[str], None], stop: asyncio.Event
) -> None:
    loop = asyncio.get_running_loop()
    try:
        listener = await loop.create_server(server, host, port, backlog=1024)
    except OSError as error:
        raise ConfigurationError(f"the simulator cannot listen on {host}:{port}: {error.strerror}") from None
    try:
        address, bound = listener.sockets[0].getsockname()[:2]
        ready(f"http://[{address}]:{bound}" if ":" in address else f"http://{address}:{bound}")
        await stop.wait()
    finally:
        listener.close()
        await server.shutdown(_GRACE)
        await listener.wait_closed()


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    plan: Plan | Path | None = None,
    keep: Path | None = None,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Run a simulated platform until SIGTERM or SIGINT. Call it from the main thread.

    Args:
        host: a loopback address.
        port: 0 for any free one.
        plan: switches and rules, or the file that has them.
        keep: a folder in which it remembers what it received; None: it forgets.
        ready: called with the URL once it listens; the Flow Service is below `/flow-service`, the token
            endpoint is `/token`, the control endpoints are below `/_control/`.
    Raises:
        ConfigurationError: not a loopback address, the port is taken, a plan or folder it cannot use.
    """
    address = _loopback(host)
    platform = SimulatedPlatform(_plan(plan), _archive(keep))

    async def until_signalled() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await _run(_server(platform), address, port, ready, stop)

    try:
        asyncio.run(until_signalled())
    finally:
        platform.ledger.close()


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
        self._platform = SimulatedPlatform(_plan(plan), _archive(keep), clock=clock)
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
        self._server = _server(self._platform)
        await _run(self._server, "127.0.0.1", self._port, self._listens, self._stop)

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
