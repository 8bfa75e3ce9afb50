"""Gateways: the clients of the platforms, and the synchronous front that the journey uses.

`open_gateway` gives the front of one account; nothing else of this room is for other rooms.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pydantic import SecretStr

from connector.gateways.afnor import AfnorGateway
from connector.gateways.base import Gateway
from connector.gateways.channel import Channel, OpenSession
from connector.gateways.front import AccountDesk, RouteCourier
from connector.gateways.gate import Gate, Snapshot
from connector.gateways.http import HttpSession
from connector.gateways.limits import Rules
from connector.gateways.loop import EventLoop
from connector.settings import Account

__all__ = [
    "AccountDesk",
    "EventLoop",
    "Gateway",
    "HttpSession",
    "OpenSession",
    "RouteCourier",
    "Snapshot",
    "open_gateway",
]


def open_gateway(
    account: Account,
    secret: SecretStr,
    loop: EventLoop,
    *,
    session: OpenSession = HttpSession,
    clock: Callable[[], float] = time.monotonic,
) -> AccountDesk:
    """The front of one account; nothing is asked of the platform yet. Close the desk, then the loop.

    Args:
        account: its settings.
        secret: its client secret.
        loop: shared by all accounts; started when needed.
        session: makes the connections.
        clock: monotonic seconds, for the pauses of the account.
    """
    return loop.run(_open(account, secret, loop, session, clock))


async def _open(
    account: Account, secret: SecretStr, loop: EventLoop, session: OpenSession, clock: Callable[[], float]
) -> AccountDesk:
    rules = Rules(failures=account.breaker_failures, pause=account.breaker_pause)
    gate = Gate(
        account.name,
        places=account.max_in_flight,
        per_second=account.max_per_second,
        rules=rules,
        clock=clock,
    )
    channel = Channel(account, secret, gate, session)
    match account.gateway:
        case "afnor":
            return AccountDesk(loop, gate, AfnorGateway(account, channel))
