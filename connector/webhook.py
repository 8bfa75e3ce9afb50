"""Words for webhooks: what an account has its platform call when something changes, and what is wanted. Pure.

A webhook is a hint to ask now (XP Z12-013 Flow 1.2.0 leaves open what a signature covers, whether calls are
repeated, and in which order they come); what is asked for is the truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.verdict import Family

TOKEN_HEADER = "X-Webhook-Token"  # noqa: S105 - the name of a header, not a secret

# What a document of a family brings about, as (flowType, flowDirection): our deposits change their
# acknowledgement, and what others say of them comes in.
_WANTED: dict[Family, tuple[tuple[str, str], ...]] = {
    Family.INVOICE: (
        ("CustomerInvoice", "Out"),
        ("StateInvoice", "Out"),
        ("CustomerInvoiceLC", "In"),
        ("StateCustomerInvoiceLC", "In"),
    ),
    Family.LIFECYCLE: (("CustomerInvoiceLC", "Out"), ("SupplierInvoiceLC", "Out")),
    Family.EREPORTING: (
        ("AggregatedCustomerTransactionReport", "Out"),
        ("UnitaryCustomerTransactionReport", "Out"),
        ("UnitarySupplierTransactionReport", "Out"),
        ("AggregatedCustomerPaymentReport", "Out"),
        ("UnitaryCustomerPaymentReport", "Out"),
        ("MultiFlowReport", "Out"),
    ),
}
_DOMAINS = {
    Family.INVOICE: "facturation",
    Family.LIFECYCLE: "facturation",
    Family.EREPORTING: "e-reporting",
}
_RECEIVED = (("SupplierInvoice", "In"), ("SupplierInvoiceLC", "In"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicLogin:
    """How the platform is to prove itself to the receiver: HTTP Basic."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthLogin:
    """The same with a token that the platform has to ask for."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How the platform is to sign its calls. What it signs, the contract does not say."""

    algorithm: str  # RS256, HS256, ECDSA, EDDSA_25519, RSA_PSS, EDDSA_448
    key: str = field(repr=False)  # base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One webhook as it is wished for: a type of flow, a direction, and where to call."""

    url: str
    flow_type: str
    direction: str  # "In": from the platform to the client; "Out": our own deposits
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # their values may be secrets
    login: BasicLogin | OAuthLogin | None = None
    signature: Signature | None = None
    processing_rule: str | None = None  # only flows under this rule
    ack_status: str | None = None  # only flows with this acknowledgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One webhook that the platform has; its secrets are left out."""

    id: str
    url: str
    flow_type: str | None
    direction: str | None
    header_names: tuple[str, ...] = ()
    has_login: bool = False
    has_signature: bool = False
    processing_rule: str | None = None
    ack_status: str | None = None


def wanted(families: Iterable[Family], *, receives: bool, url: str, token: str) -> tuple[Subscription, ...]:
    """The webhooks that tell of everything an account waits for.

    Args:
        families: of the documents that its routes send.
        receives: its incoming supplier documents are taken.
        url: of the receiver, as the platform reaches it.
        token: proves to the receiver that a call comes from the platform.
    """
    pairs = dict.fromkeys(
        pair for family in Family if family in set(families) for pair in _WANTED.get(family, ())
    )
    pairs |= dict.fromkeys(_RECEIVED if receives else ())
    return tuple(
        Subscription(url=url, flow_type=flow_type, direction=direction, headers=((TOKEN_HEADER, token),))
        for flow_type, direction in pairs
    )


def wanted_at_portal(families: Iterable[Family], *, url: str, token: str) -> tuple[Subscription, ...]:
    """The same at the public portal, which knows domains in the place of types of flows. Args as `wanted`."""
    domains = dict.fromkeys(_DOMAINS[family] for family in Family if family in set(families) & set(_DOMAINS))
    return tuple(
        Subscription(url=url, flow_type=domain, direction="Out", headers=((TOKEN_HEADER, token),))
        for domain in domains
    )


def missing(wishes: Iterable[Subscription], there: Iterable[Webhook]) -> list[Subscription]:
    """Those of the wishes that no webhook fulfils yet: by address, type and direction."""
    known = {(hook.url, hook.flow_type, hook.direction) for hook in there}
    return [wish for wish in wishes if (wish.url, wish.flow_type, wish.direction) not in known]
