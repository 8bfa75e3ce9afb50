"""The public portal's part of the front: which endpoint a request is for, and who answers it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from connector.simulator.answers import Answer
from connector.simulator.contract import FlowInfo
from connector.simulator.plan import Endpoint
from connector.simulator.platform import SimulatedPlatform
from connector.simulator.ppf import APPLICATION_CODE, DOMAINS, VERSIONS
from connector.simulator.ppf_annuaire_contract import KINDS
from connector.simulator.ppf_wire import Envelope, PortalRefusal, language_of, read_envelope

PREFIX = "/ppf"
DIRECTORY = "annuaire-public"
_PATH = re.compile(rf"{PREFIX}/({'|'.join((*DOMAINS, DIRECTORY))})/({'|'.join(VERSIONS)})/(.+)")
_LONGEST_ATTACHMENT = 209  # characters of an entry of PPF-Rattachements
_ROUTES: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "flux"): "submit",
    ("POST", "flux/recherche"): "search",
    ("GET", "healthcheck"): "health",
    ("POST", "abonnements"): "subscription",
    ("GET", "abonnements"): "subscription",
}
_BY_KEY = re.compile(rf"({'|'.join(KINDS)})/([^/]+:.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to the portal.

    Args:
        path: as it came, without its query.
        headers: looked up whatever the case of their names.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def parts(self) -> tuple[str, str, str]:
        """Domain, version and the rest of the path."""
        found = _PATH.fullmatch(self.path)
        assert found is not None  # `locate` found it
        return found[1], found[2], unquote(found[3])

    @property
    def language(self) -> str:
        return language_of(self.headers.get("Accept-Language", ""))


def locate(method: str, path: str) -> Endpoint | None:
    """The endpoint that a request below `PREFIX` is for; None when there is no such."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    domain, rest = found[1], found[3]
    if domain == DIRECTORY:
        return "health" if (method, rest) == ("GET", "healthcheck") else _in_directory(method, rest)
    if (method, rest) in _ROUTES:
        return _ROUTES[method, rest]
    if method == "GET" and re.fullmatch(r"flux/[^/]+", rest):
        return "flow"
    return "subscription" if method == "DELETE" and rest.startswith("abonnements/id-instance:") else None


def _in_directory(method: str, rest: str) -> Endpoint | None:
    kind = rest.partition("/")[0]
    written = ("ligne-annuaire", "code-routage")
    if method == "POST" and rest == f"{kind}/recherche" and kind in KINDS:
        return "directory"
    if method == "POST" and rest in written:
        return "directory"
    by_key = _BY_KEY.fullmatch(rest)
    if by_key is None:
        return None
    changes = by_key[1] in written and by_key[2].startswith("id-instance:")
    known = {"GET"} | ({"PUT", "PATCH"} if changes else set())
    known |= {"DELETE"} if changes and by_key[1] == "ligne-annuaire" else set()
    return "directory" if method in known else None


def let_in(platform: SimulatedPlatform, call: Call) -> None:
    """Check token and, but for the directory, technical account.

    Raises:
        Refusal: 401.
    """
    platform.tokens.check(call.headers.get("Authorization", ""))
    if call.parts[0] != DIRECTORY:
        platform.portal.let_in(call.headers.get("ppf-account", ""))


def read_deposit(call: Call, most: int) -> tuple[FlowInfo, Envelope]:
    """A deposit, checked: what a rule may match, and the flow.

    Args:
        most: bytes that its document may have.
    Raises:
        PortalRefusal: 413, 415 or 422.
    """
    envelope = read_envelope(call.headers, call.body, call.parts[0], APPLICATION_CODE, call.language)
    if len(envelope.content) > most:
        raise PortalRefusal(413, envelope.inner, call.language)
    return FlowInfo(name=envelope.inner, syntax=envelope.syntax), envelope


def deposit(platform: SimulatedPlatform, call: Call, envelope: Envelope) -> Answer:
    """Take a checked deposit in."""
    domain, version, _ = call.parts
    return platform.portal.deposit(domain, version, envelope, call.language)


def ask(platform: SimulatedPlatform, on: Endpoint, call: Call) -> Answer:
    """The answer to anything but a deposit.

    Raises:
        PortalRefusal: what is wrong with it.
    """
    domain, version, rest = call.parts
    portal, language = platform.portal, call.language
    if on == "health":
        return Answer(status=200, content_type="text/plain")
    if on == "directory":
        return _ask_directory(platform, call, rest)
    if on == "search":
        return portal.search(domain, version, call.body, language)
    if on == "flow":
        return portal.state(domain, version, rest.partition("/")[2], language)
    match call.method:
        case "POST":
            return portal.subscribe(domain, call.body, language)
        case "GET":
            return portal.subscribed(domain, language)
        case _:
            return portal.unsubscribe(domain, rest.rpartition(":")[2], language)


def _ask_directory(platform: SimulatedPlatform, call: Call, rest: str) -> Answer:
    annuaire, language = platform.annuaire, call.language
    kind, _, key = rest.partition("/")
    if call.method == "POST" and key == "recherche":
        return annuaire.search(kind, call.body, language)
    if call.method == "GET":
        return annuaire.show(kind, key, parse_qs(call.query, keep_blank_values=True), language)
    for entry in call.headers.get("PPF-Rattachements", "").split(","):
        if len(entry.strip()) > _LONGEST_ATTACHMENT:
            raise PortalRefusal(422, "PPF-Rattachements", language)
    match call.method:
        case "POST":
            return annuaire.create(kind, call.body, language)
        case "DELETE":
            return annuaire.delete(kind, key, language)
        case method:
            return annuaire.change(kind, key, call.body, language, whole=method == "PUT")
