"""Gateways: the clients of the platforms, one account each.

For any product: `connect` (asynchronous) and `sync.connect`, with the words that they speak, below; see
docs/gateways.md. For the connector itself: `open_gateway`, the front that the routes' threads use.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from connector.directory import Address, DirectoryLine, LineStatus, Reach, address, reach
from connector.errors import AuthenticationFailed, ConfigurationError, NotOffered, PlatformUnavailable
from connector.gateways import sync
from connector.gateways.base import Gateway, Traits
from connector.gateways.channel import OpenSession
from connector.gateways.client import Client
from connector.gateways.enquiry import Enquiry
from connector.gateways.front import AccountDesk, RouteCourier
from connector.gateways.gate import Snapshot
from connector.gateways.http import HttpSession
from connector.gateways.loop import EventLoop
from connector.gateways.opening import Secrets, Surroundings, account_of, parts_of, traits_of
from connector.gateways.opening import client_of as connect
from connector.gateways.parcels import parcel_of
from connector.gateways.ppf import PpfGateway
from connector.model import (
    Absent,
    AckStatus,
    Document,
    Family,
    Fetched,
    FetchFailed,
    FetchKind,
    FlowReport,
    Found,
    Health,
    Inconclusive,
    LookupAnswer,
    NotSent,
    Parcel,
    Party,
    PollPage,
    Problem,
    Received,
    Refused,
    SubmitAnswer,
    Syntax,
    Unknown,
)
from connector.settings import Account
from connector.standing import Standing
from connector.webhook import BasicLogin, OAuthLogin, Signature, Subscription, Webhook

# Reasons that credentials or rights explain.
LOCKED_OUT = frozenset({"unauthorized", "token-refused", "forbidden"})

__all__ = [
    "LOCKED_OUT",
    "Absent",
    "Account",
    "AccountDesk",
    "AckStatus",
    "Address",
    "AuthenticationFailed",
    "BasicLogin",
    "Client",
    "ConfigurationError",
    "DirectoryLine",
    "Document",
    "Enquiry",
    "EventLoop",
    "Family",
    "FetchFailed",
    "FetchKind",
    "Fetched",
    "FlowReport",
    "Found",
    "Gateway",
    "Health",
    "HttpSession",
    "Inconclusive",
    "LineStatus",
    "LookupAnswer",
    "NotOffered",
    "NotSent",
    "OAuthLogin",
    "OpenSession",
    "Parcel",
    "Party",
    "PlatformUnavailable",
    "PollPage",
    "PpfGateway",
    "Problem",
    "Reach",
    "Received",
    "Refused",
    "RouteCourier",
    "Secrets",
    "Signature",
    "Snapshot",
    "Standing",
    "SubmitAnswer",
    "Subscription",
    "Syntax",
    "Traits",
    "Unknown",
    "Webhook",
    "account_of",
    "address",
    "connect",
    "open_gateway",
    "parcel_of",
    "reach",
    "sync",
    "traits_of",
]


def open_gateway(
    account: Account,
    secrets: Secrets,
    loop: EventLoop,
    *,
    session: OpenSession = HttpSession,
    clock: Callable[[], float] = time.monotonic,
    standing: Standing | None = None,
    language: str = "fr",
) -> AccountDesk:
    """The front of one account; nothing is asked of the platform yet. Close the desk, then the loop.

    Args:
        account: its settings.
        secrets: its secrets.
        loop: shared by all accounts; started when needed.
        session, clock, standing, language: as of `Surroundings`.
    Raises:
        ConfigurationError: a secret that the account needs is not given.
    """
    around = Surroundings(session=session, clock=clock, standing=standing, language=language)

    async def opened() -> AccountDesk:
        return AccountDesk(loop, *parts_of(account, secrets, around))

    return loop.run(opened())
