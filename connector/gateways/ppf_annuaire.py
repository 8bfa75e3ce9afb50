"""The client of the public portal's directory: the published contract "Annuaire" 1.11.0, whole.

Reading raises `ReadFailed` when there is no usable answer. Writing raises `AnnuaireRefused` when the portal
said no, with its words; and `AnnuaireInDoubt` when nobody can say whether it was done: look before you try
again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Generic, Literal
from urllib.parse import quote

from connector.gateways import answers, ppf_answers
from connector.gateways.base import ReadFailed
from connector.gateways.body import BytesBody
from connector.gateways.channel import Channel
from connector.gateways.exchange import Exchange, Request
from connector.gateways.fields import text
from connector.gateways.ppf_annuaire_words import (
    COMPANIES,
    ESTABLISHMENTS,
    LINES,
    ROUTING_CODES,
    AddressLine,
    Company,
    Establishment,
    Item,
    Query,
    Resource,
    RoutingCode,
    View,
)

MOST = 10_000  # entries of one search
WHOLE = View()
_LONGEST_ATTACHMENT = 209  # characters of one entry of PPF-Rattachements
_REFUSALS = frozenset({400, 404, 409, 422, 501})


class AnnuaireRefused(Exception):
    """The portal does not do what it was asked to. `title` and `detail` are its words."""

    def __init__(self, status: int, title: str | None, detail: str | None) -> None:
        super().__init__(" : ".join(filter(None, (f"HTTP {status}", title, detail))))
        self.status, self.title, self.detail = status, title, detail


class AnnuaireInDoubt(Exception):
    """A change was sent, and nobody can say whether it was done. `reason` as in `Unknown`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no usable answer ({reason})")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Results(Generic[Item]):
    """What a search found. `partial`: the portal told less than it found, or than was asked for."""

    items: tuple[Item, ...]
    total: int | None
    partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A line to create. An establishment needs its SIREN too; dates are days in France."""

    siren: str
    platform: str  # matricule, four digits
    starts: date
    ends: date | None = None
    siret: str | None = None
    routing_code: str | None = None
    suffix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRoutingCode:
    """A routing code to create."""

    siret: str
    code: str
    label: str
    nature: Literal["Privé", "Public"]
    state: Literal["A", "F"] = "A"
    scheme: str | None = None  # four digits
    commitment_required: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the portal says of an entry that it has created or changed."""

    instance: int | None
    identifier: str | None  # the address of a line, or a routing code


class Annuaire:
    """Built and used on the event loop only.

    Args:
        base_url: up to the version; the paths of the contract begin behind it.
        channel: the account's way to the portal.
        language: of the portal's messages: "fr" or "en".
        headers: sent with every call.
    """

    def __init__(
        self, base_url: str, channel: Channel, language: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._base = base_url.rstrip("/")
        self._channel = channel
        self._headers = {**(headers or {}), "Accept-Language": language}

    # ------------------------------------------------------------------ searches
    async def search(self, resource: Resource[Item], query: Query) -> Results[Item]:
        """One page of entries: `POST /<resource>/recherche`.

        Args:
            resource: `COMPANIES`, `ESTABLISHMENTS`, `ROUTING_CODES` or `LINES`.
        Raises:
            ValueError: the query has what the contract does not.
            ReadFailed: no usable answer.
        """
        exchange = await self._ask("POST", f"/{resource.path}/recherche", resource.question(query))
        if exchange.status == 204:
            return Results(items=(), total=0, partial=False)
        if exchange.status != 206 and (failure := ppf_answers.read_failure(exchange, resource.path)):
            raise failure
        answer = exchange.json()
        listed = answer.get("resultats") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            raise ReadFailed("unreadable-answer", f"{resource.path}: the answer is not a list")
        total = answer.get("nombre_total_resultats")
        return Results(
            items=tuple(resource.read(entry) for entry in ppf_answers.entries(listed)),
            total=total if isinstance(total, int) and not isinstance(total, bool) else None,
            partial=exchange.status == 206,
        )

    async def search_all(self, resource: Resource[Item], query: Query, most: int = MOST) -> Results[Item]:
        """Every entry, page after page; `partial` when the portal keeps some back, or has more than `most`.

        Raises:
            ValueError, ReadFailed: as `search`.
        """
        found: list[Item] = []
        while True:
            page = await self.search(resource, replace(query, ignore=query.ignore + len(found)))
            found += page.items
            whole = query.ignore + len(found) >= page.total if page.total is not None else not page.partial
            if whole or not page.items or len(found) >= most:
                return Results(items=tuple(found[:most]), total=page.total, partial=not whole)

    # ------------------------------------------------------------------ single entries
    async def company(self, siren: str, view: View = WHOLE) -> Company | None:
        """`GET /siren/code-insee:<siren>`; None: unknown there. Raises ReadFailed, or ValueError (`view`)."""
        return await self._entry(COMPANIES, f"code-insee:{siren}", view)

    async def establishment(self, siret: str, view: View = WHOLE) -> Establishment | None:
        """`GET /siret/code-insee:<siret>`, as `company`."""
        return await self._entry(ESTABLISHMENTS, f"code-insee:{siret}", view)

    async def routing_code(self, siret: str, code: str, view: View = WHOLE) -> RoutingCode | None:
        """`GET /code-routage/siret:<siret>/code:<code>`, as `company`."""
        return await self._entry(ROUTING_CODES, f"siret:{siret}/code:{quote(code, safe='')}", view)

    async def line(self, address: str, view: View = WHOLE) -> AddressLine | None:
        """`GET /ligne-annuaire/code:<address>`, as `company`."""
        return await self._entry(LINES, f"code:{quote(address, safe='')}", view)

    async def by_instance(
        self, resource: Resource[Item], instance: int, fields: tuple[str, ...] = ()
    ) -> Item | None:
        """`GET /<resource>/id-instance:<n>`, as `company`."""
        return await self._entry(resource, f"id-instance:{instance}", View(fields=fields))

    async def _entry(self, resource: Resource[Item], key: str, view: View) -> Item | None:
        exchange = await self._ask("GET", resource.look(key, view))
        if exchange.status == 204 or (exchange.status == 404 and _is_the_portals(exchange)):
            return None
        if failure := ppf_answers.read_failure(exchange, f"{resource.path} {key}"):
            raise failure
        answer = exchange.json()
        if not isinstance(answer, dict):
            raise ReadFailed("unreadable-answer", f"{resource.path} {key}: the answer is no entry")
        return resource.read(answer)

    # ------------------------------------------------------------------ changes
    async def create_line(self, line: NewLine, on_behalf_of: Sequence[str] = ()) -> Written:
        """`POST /ligne-annuaire`.

        Args:
            on_behalf_of: whose line it is, as `PPF-Rattachements` wants it told (SIREN, SIRET, service).
        Raises:
            AnnuaireRefused, AnnuaireInDoubt: see the module's text.
            ReadFailed: the way is closed; nothing was done.
        """
        information = {
            "siren": line.siren,
            "siret": line.siret,
            "identifiantRoutage": line.routing_code,
            "suffixeAdressage": line.suffix,
            "matriculePlateforme": line.platform,
        }
        period = {"dateDebutEffet": line.starts.isoformat(), "dateFinEffet": _day(line.ends)}
        body = {"periodeEffet": _given(period), "informationAdressage": _given(information)}
        return await self._write("POST", LINES, "", body, on_behalf_of)

    async def change_line(
        self,
        instance: int,
        *,
        platform: str | None = None,
        ends: date | None = None,
        on_behalf_of: Sequence[str] = (),
    ) -> Written:
        """`PATCH /ligne-annuaire/id-instance:<n>`: only what is given changes. Raises as `create_line`."""
        body = _given({"matriculePlateforme": platform, "dateFinEffet": _day(ends)})
        return await self._write("PATCH", LINES, f"/id-instance:{instance}", body, on_behalf_of)

    async def replace_line(
        self, instance: int, *, platform: str, ends: date | None = None, on_behalf_of: Sequence[str] = ()
    ) -> Written:
        """`PUT /ligne-annuaire/id-instance:<n>`: without `ends`, it never ends. Raises as `create_line`."""
        body = {"matriculePlateforme": platform, "dateFinEffet": _day(ends)}
        return await self._write("PUT", LINES, f"/id-instance:{instance}", body, on_behalf_of)

    async def delete_line(self, instance: int, on_behalf_of: Sequence[str] = ()) -> None:
        """`DELETE /ligne-annuaire/id-instance:<n>`. Raises as `create_line`."""
        await self._write("DELETE", LINES, f"/id-instance:{instance}", None, on_behalf_of)

    async def create_routing_code(self, code: NewRoutingCode, on_behalf_of: Sequence[str] = ()) -> Written:
        """`POST /code-routage`. Raises as `create_line`."""
        body = {
            "natureEtablissement": code.nature,
            "identifiantRoutage": code.code,
            "siret": code.siret,
            "typeIdentifiantRoutage": code.scheme,
            "libelleCodeRoutage": code.label,
            "gestionEngagementJuridique": code.commitment_required,
            "etatAdministratif": code.state,
        }
        return await self._write("POST", ROUTING_CODES, "", _given(body), on_behalf_of)

    async def change_routing_code(
        self,
        instance: int,
        *,
        label: str | None = None,
        state: Literal["A", "F"] | None = None,
        scheme: str | None = None,
        on_behalf_of: Sequence[str] = (),
    ) -> Written:
        """`PATCH /code-routage/id-instance:<n>`: only what is given changes. Raises as `create_line`."""
        body = {"typeIdentifiantRoutage": scheme, "libelleCodeRoutage": label, "etatAdministratif": state}
        return await self._write(
            "PATCH", ROUTING_CODES, f"/id-instance:{instance}", _given(body), on_behalf_of
        )

    async def replace_routing_code(
        self,
        instance: int,
        *,
        label: str,
        state: Literal["A", "F"],
        scheme: str,
        on_behalf_of: Sequence[str] = (),
    ) -> Written:
        """`PUT /code-routage/id-instance:<n>`. Raises as `create_line`."""
        body = {"typeIdentifiantRoutage": scheme, "libelleCodeRoutage": label, "etatAdministratif": state}
        return await self._write("PUT", ROUTING_CODES, f"/id-instance:{instance}", body, on_behalf_of)

    # ------------------------------------------------------------------ requests
    async def _write(
        self, method: str, resource: Resource[Any], key: str, body: Any, on_behalf_of: Sequence[str]
    ) -> Written:
        headers = _attached(on_behalf_of)
        exchange = await self._ask(method, f"/{resource.path}{key}", body, headers)
        if (status := exchange.status) is None or (exchange.trouble is not None and status < 300):
            trouble = exchange.trouble.value if exchange.trouble else "read"
            if body is not None and not exchange.body_started:
                raise ReadFailed(trouble, f"{method} {resource.path}: not sent ({exchange.detail})")
            raise AnnuaireInDoubt(trouble)
        if status in _REFUSALS:
            said = exchange.json() if _is_the_portals(exchange) else {}
            raise AnnuaireRefused(status, text(said.get("titre")), text(said.get("detail")))
        if status in (408, 409) or status >= 500:
            raise AnnuaireInDoubt("timeout" if status == 408 else "server-error")
        if not 200 <= status < 300:
            failure = answers.read_failure(exchange, resource.path, ppf_answers.words_in(exchange)[:300])
            assert failure is not None  # it is no 200
            raise failure
        return _written(exchange)

    async def _ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Exchange:
        return await self._channel.ask(
            Request(
                method=method,
                url=self._base + path,
                headers={**self._headers, **(headers or {})},
                body=None if body is None else BytesBody(json.dumps(body).encode(), "application/json"),
            )
        )


def _attached(on_behalf_of: Sequence[str]) -> dict[str, str]:
    for entry in on_behalf_of:
        if not entry or len(entry) > _LONGEST_ATTACHMENT or "," in entry or not entry.isascii():
            raise ValueError(f"{entry[:60]!r} cannot be an entry of PPF-Rattachements")
    return {"PPF-Rattachements": ",".join(on_behalf_of)} if on_behalf_of else {}


def _written(exchange: Exchange) -> Written:
    """What a good answer tells; 204 and 206 tell nothing."""
    answer = exchange.json()
    said = answer if isinstance(answer, dict) else {}
    instance = said.get("idInstance")
    return Written(
        instance=instance if isinstance(instance, int) and not isinstance(instance, bool) else None,
        identifier=text(said.get("identifiantAdressage")) or text(said.get("identifiantRoutage")),
    )


def _is_the_portals(exchange: Exchange) -> bool:
    """Whether an error is the portal's own; a 404 of a wrong address or of a proxy proves nothing."""
    answer = exchange.json()
    return isinstance(answer, dict) and "statut" in answer


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
