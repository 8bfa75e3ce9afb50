"""Gateways: the clients of the platforms, and the synchronous front that the journey uses.

`open_gateway` gives the front of one account; nothing else of this room is for other rooms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import SecretStr

from connector.gateways import afnor, chorus_pro
from connector.gateways.afnor import AfnorGateway
from connector.gateways.base import Gateway, Traits
from connector.gateways.channel import Channel, OpenSession
from connector.gateways.chorus_pro import ChorusProGateway
from connector.gateways.front import AccountDesk, RouteCourier
from connector.gateways.gate import Gate, Snapshot
from connector.gateways.http import HttpSession
from connector.gateways.limits import Rules
from connector.gateways.loop import EventLoop
from connector.settings import Account

# Reasons that credentials or rights explain.
LOCKED_OUT = frozenset({"unauthorized", "token-refused", "forbidden"})

__all__ = [
    "LOCKED_OUT",
    "AccountDesk",
    "EventLoop",
    "Gateway",
    "HttpSession",
    "OpenSession",
    "RouteCourier",
    "Secrets",
    "Snapshot",
    "Traits",
    "open_gateway",
    "traits_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What an account proves itself with. Never in a log, a result or the repository."""

    client_secret: SecretStr
    technical_password: SecretStr | None = None  # of the technical account, where the gateway has one


def traits_of(account: Account) -> Traits:
    """What the platform behind an account can and cannot do."""
    match account.gateway:
        case "afnor":
            return afnor.TRAITS
        case "chorus-pro":
            return replace(chorus_pro.TRAITS, absence_is_proof=account.resend_after_absence)


def open_gateway(
    account: Account,
    secrets: Secrets,
    loop: EventLoop,
    *,
    session: OpenSession = HttpSession,
    clock: Callable[[], float] = time.monotonic,
) -> AccountDesk:
    """The front of one account; nothing is asked of the platform yet. Close the desk, then the loop.

    Args:
        account: its settings.
        secrets: its secrets.
        loop: shared by all accounts; started when needed.
        session: makes the connections.
        clock: monotonic seconds, for the pauses of the account.
    """
    return loop.run(_open(account, secrets, loop, session, clock))


async def _open(
    account: Account, secrets: Secrets, loop: EventLoop, session: OpenSession, clock: Callable[[], float]
) -> AccountDesk:
    rules = Rules(failures=account.breaker_failures, pause=account.breaker_pause)
    gate = Gate(
        account.name,
        places=account.max_in_flight,
        per_second=account.max_per_second,
        rules=rules,
        clock=clock,
    )
    channel = Channel(account, secrets.client_secret, gate, session)
    return AccountDesk(loop, gate, _gateway(account, secrets, channel))


def _gateway(account: Account, secrets: Secrets, channel: Channel) -> Gateway:
    match account.gateway:
        case "afnor":
            return AfnorGateway(account, channel)
        case "chorus-pro":
            assert secrets.technical_password is not None  # the settings ask for the account it belongs to
            return ChorusProGateway(account, secrets.technical_password, channel)
