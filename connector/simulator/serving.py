"""Puts a simulated platform on a socket of this machine, until a signal ends it."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from connector.errors import ConfigurationError
from connector.simulator.archive import Archive, FolderArchive, MemoryArchive
from connector.simulator.endpoints import Front
from connector.simulator.plan import Plan, load_plan, read_plan
from connector.simulator.platform import SimulatedPlatform

_GRACE = 0.1  # seconds that a request under way has to end when the server stops


def loopback(host: str) -> str:
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


def plan_of(given: Plan | Path | dict[str, Any] | None) -> Plan:
    match given:
        case None:
            return Plan()
        case Path():
            return load_plan(given)
        case dict():
            return read_plan(given)
    return given


def archive_of(keep: Path | None) -> Archive:
    return MemoryArchive() if keep is None else FolderArchive(keep)


def server_of(platform: SimulatedPlatform) -> web.Server:
    return web.Server(Front(platform), access_log=None)


async def listen(
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
    address = loopback(host)
    platform = SimulatedPlatform(plan_of(plan), archive_of(keep))

    async def until_signalled() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await listen(server_of(platform), address, port, ready, stop)

    try:
        asyncio.run(until_signalled())
    finally:
        platform.ledger.close()
