"""Gateways: the clients of the platforms, and the synchronous front that the journey uses.

`open_gateway` gives the front of one account; nothing else of this room is for other rooms.
"""

from __future__ import annotations

from pydantic import SecretStr

from connector.gateways.afnor import AfnorGateway
from connector.gateways.base import Gateway
from connector.gateways.channel import Channel
from connector.gateways.front import AccountDesk, RouteCourier
from connector.gateways.gate import Gate, Snapshot
from connector.gateways.limits import Rules
from connector.gateways.loop import EventLoop
from connector.settings import Account

__all__ = ["AccountDesk", "EventLoop", "Gateway", "RouteCourier", "Snapshot", "open_gateway"]


def open_gateway(account: Account, secret: SecretStr, loop: EventLoop) -> AccountDesk:
    """The front of one account; nothing is asked of the platform yet. Close the desk, then the loop.

    Args:
        account: its settings.
        secret: its client secret.
        loop: shared by all accounts; started when needed.
    """
    return loop.run(_open(account, secret, loop))


async def _open(account: Account, secret: SecretStr, loop: EventLoop) -> AccountDesk:
    rules = Rules(failures=account.breaker_failures, pause=account.breaker_pause)
    gate = Gate(account.name, places=account.max_in_flight, per_second=account.max_per_second, rules=rules)
    channel = Channel(account, secret, gate)
    match account.gateway:
        case "afnor":
            return AccountDesk(loop, gate, AfnorGateway(account, channel))
