"""Putting an account's gateway together: limits, a way to the platform, and the client of that platform."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from loguru import logger
from pydantic import SecretStr, ValidationError

from connector.errors import ConfigurationError
from connector.gateways import afnor, chorus_pro, ppf
from connector.gateways.afnor import AfnorGateway
from connector.gateways.base import Gateway, Traits
from connector.gateways.channel import Channel, OpenSession
from connector.gateways.chorus_pro import ChorusProGateway
from connector.gateways.client import Client
from connector.gateways.gate import Gate
from connector.gateways.http import HttpSession
from connector.gateways.limits import Rules
from connector.gateways.ppf import PpfGateway
from connector.gateways.ppf_subscriptions import PortalHooks
from connector.gateways.webhooks import Hooks, Webhooks
from connector.settings import Account
from connector.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What an account proves itself with. Never in a log, a result or the repository."""

    client_secret: SecretStr
    technical_password: SecretStr | None = None  # of the technical account, where the gateway has one

    @classmethod
    def of(cls, client_secret: str, technical_password: str | None = None) -> Self:
        """From plain texts, which are wrapped so that nothing prints them."""
        password = None if technical_password is None else SecretStr(technical_password)
        return cls(client_secret=SecretStr(client_secret), technical_password=password)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an account stands in.

    Args:
        session: makes the connections.
        clock: monotonic seconds, for the pauses of the account.
        standing: how the account stood when it was last written down: a pause goes on over a restart.
        language: of the platform's messages, where it has several: "fr" or "en".
    """

    session: OpenSession = HttpSession
    clock: Callable[[], float] = field(default=time.monotonic)
    standing: Standing | None = None
    language: str = "fr"


def account_of(settings: Mapping[str, object]) -> Account:
    """An account from plain settings, those of an `[[account]]` table of config/connector.toml.

    Nothing else is read: no file, no environment.

    Raises:
        ConfigurationError: one finding for each fault.
    """
    try:
        return Account.model_validate(dict(settings))
    except ValidationError as error:
        findings = (
            f"{'.'.join(map(str, item['loc'])) or 'account'}: {item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(*findings) from None


def traits_of(account: Account) -> Traits:
    """What the platform behind an account can and cannot do."""
    match account.gateway:
        case "afnor":
            return afnor.TRAITS
        case "chorus-pro":
            return replace(chorus_pro.TRAITS, absence_is_proof=account.resend_after_absence)
        case "ppf":
            return ppf.TRAITS


def client_of(
    account: Account, secrets: Secrets, *, standing: Standing | None = None, language: str = "fr"
) -> Client:
    """The client of one account, for an `async with` on the running event loop. Nothing is asked yet.

    Args:
        account: its settings.
        secrets: its secrets.
        standing: as `Client.standing` told it before: a pause that a platform asked for goes on.
        language: of the platform's messages, where it has several: "fr" or "en".
    Raises:
        ConfigurationError: a secret that the account needs is not given.
    """
    return Client(*parts_of(account, secrets, Surroundings(standing=standing, language=language)))


def parts_of(account: Account, secrets: Secrets, around: Surroundings) -> tuple[Gate, Gateway, Hooks | None]:
    """The gate, the gateway and the webhooks of one account. On the event loop only.

    Raises:
        ConfigurationError: as `client_of`.
    """
    gate = Gate(
        account.name,
        places=account.max_in_flight,
        per_second=account.max_per_second,
        rules=Rules(failures=account.breaker_failures, pause=account.breaker_pause),
        clock=around.clock,
        standing=around.standing,
    )
    channel = Channel(account, secrets.client_secret, gate, around.session)
    gateway = _gateway(account, secrets, channel, around.language)
    return gate, gateway, _webhooks(account, channel, gateway)


def _webhooks(account: Account, channel: Channel, gateway: Gateway) -> Hooks | None:
    """XP Z12-013 has them since Flow 1.2, our model of the public portal too; Chorus Pro publishes none."""
    if isinstance(gateway, PpfGateway):
        return PortalHooks(gateway.subscriptions)
    if (account.gateway, account.api_version) != ("afnor", "1.2"):
        return None
    headers = dict(account.headers)
    if account.organization_header and account.organizations:
        headers[account.organization_header] = account.organizations[0]
    return Webhooks(str(account.base_url), headers, channel)


def _gateway(account: Account, secrets: Secrets, channel: Channel, language: str) -> Gateway:
    if account.gateway == "afnor":
        return AfnorGateway(account, channel)
    password = secrets.technical_password
    if password is None:
        raise ConfigurationError(
            f'account "{account.name}": the password of its technical account is missing'
        )
    if account.gateway == "chorus-pro":
        return ChorusProGateway(account, password, channel)
    logger.warning(
        "account {}: the public portal has published no contract for deposits; this gateway follows "
        "a model of our own (docs/ppf.md)",
        account.name,
    )
    return PpfGateway(account, password, channel, language)
