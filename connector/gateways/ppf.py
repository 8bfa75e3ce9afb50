"""The gateway of the public portal (PPF): its directory as published, its deposits as we model them.

Only the contract of the directory ("Annuaire" 1.11.0) is public. Deposits, searches and statuses follow the
portal's general rules (DGFiP/AIFE external specifications v3.2, 3.3.3 and 3.4: domains, versions in the URL,
languages, codes) in paths and fields of our own choice: docs/ppf.md tells which. What an answer means is
decided in `ppf_answers`, how flows are named and wrapped in `ppf_flows`.

The sender numbers its flows, and the portal takes a name once only. A receipt that names no flow is no
receipt: the deposit is then looked for by its name.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from loguru import logger
from pydantic import SecretStr

from connector.directory import Address, DirectoryLine
from connector.gateways import ppf_answers, ppf_cursor, ppf_flows
from connector.gateways.base import ReadFailed, Traits
from connector.gateways.body import BytesBody
from connector.gateways.channel import Channel
from connector.gateways.directory import DirectoryClient
from connector.gateways.draft import Draft
from connector.gateways.exchange import Body, Request
from connector.gateways.fetch import kept
from connector.gateways.ppf_annuaire import Annuaire
from connector.gateways.ppf_answers import FlowPage, KnownFlow
from connector.gateways.ppf_flows import EREPORTING, INVOICING, EnvelopeBody
from connector.gateways.ppf_subscriptions import Subscriptions
from connector.model import (
    Absent,
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
    PollPage,
    SubmitAnswer,
)
from connector.settings import Account

# 100 MB a file (DGFiP v3.2 3.4.2). Of names the portal knows whether it has them.
TRAITS = Traits(
    families=frozenset(Family) - {Family.DIRECTORY},
    largest=100 * 1024 * 1024,
    absence_is_proof=True,
    syntaxes=ppf_flows.SYNTAXES,
)
DOMAINS = (INVOICING, EREPORTING)
DIRECTORY = "annuaire-public"  # as in the published contract
PAGE = 100  # flows
BEFORE_SENDING = timedelta(hours=1)  # clocks differ by less
SUBMIT_ANSWER = 1024 * 1024  # bytes
_ACCEPTED = "application/json, application/xml;q=0.8"


class PpfGateway:
    """See `base.Gateway`.

    Args:
        account: its settings; `base_url` ends before `/facturation/v1/…`.
        password: of the technical account.
        channel: its way to PISTE.
        language: of the portal's messages: "fr" or "en".
    """

    def __init__(self, account: Account, password: SecretStr, channel: Channel, language: str) -> None:
        assert account.application_code is not None
        self._base = str(account.base_url).rstrip("/")
        self._version = account.api_version
        self._application = account.application_code
        self._channel = channel
        pair = f"{account.technical_account}:{password.get_secret_value()}"
        told = {"Accept": _ACCEPTED, "Accept-Language": language}
        self._headers = {**told, **account.headers, "ppf-account": b64encode(pair.encode()).decode()}
        directory = str(account.directory_url or f"{self._base}/{DIRECTORY}/{self._version}")
        self.annuaire = Annuaire(directory, channel, language, account.headers)
        self._directory = DirectoryClient(
            directory, "ppf", channel, {**account.headers, "Accept-Language": language}
        )
        self.subscriptions = Subscriptions(self._base, self._version, channel, self._headers)

    async def close(self) -> None:
        await self._channel.close()

    # ------------------------------------------------------------------ deposits
    async def submit(self, parcel: Parcel) -> SubmitAnswer:
        """`POST <domain>/<version>/flux`, one document a flow. The caller has taken a turn of the rate.

        A parcel needs its `number`: the portal takes a flow by the name that its sender gave it.
        """
        if parcel.number is None:
            return NotSent(reason="no-number")
        flow = ppf_flows.flow_name(parcel, self._application)

        def build() -> Request:
            headers = {"Content-Disposition": f'attachment; filename="{flow}.tar.gz"'}
            path = f"{ppf_flows.domain_of(flow)}/{self._version}/flux"
            return self._request("POST", path, EnvelopeBody(parcel), headers, limit=SUBMIT_ANSWER)

        return await self._channel.deposit(
            parcel.job, build, lambda exchange: ppf_answers.submitted(exchange, flow)
        )

    # ------------------------------------------------------------------ look-ups
    async def lookup(self, parcel: Parcel) -> LookupAnswer:
        """Search for the flow by its name, which nobody else gives unless under our application code."""
        if parcel.number is None:
            return Inconclusive(reason="no-number")
        flow = ppf_flows.flow_name(parcel, self._application)
        try:
            known = await self._known(flow)
            ours = known is not None and await self._is_ours(known, parcel)
        except (ReadFailed, OSError) as failure:
            logger.warning("{}: look-up failed: {}", parcel.job, failure)
            return Inconclusive(reason=failure.reason if isinstance(failure, ReadFailed) else "spool")
        if known is None:
            return Absent()
        if not ours:
            logger.error(
                "{}: {} is another document's flow; is its application code used twice?", parcel.job, flow
            )
            return Absent()
        return Found(flows=(known.report,))

    async def _known(self, flow: str) -> KnownFlow | None:
        where = {"nomFlux": {"op": "strict", "valeur": flow}}
        page = await self._search(ppf_flows.domain_of(flow), where, 0, PAGE)
        if any(known.report.flow_id != flow for known in page.flows):
            logger.warning("the portal ignores the filter on names; asking for {} itself", flow)
            report = await self.acknowledgement(flow)
            if report is None:  # a 404 alone may be a proxy's: it proves nothing
                raise ReadFailed("filter-ignored", f"flow {flow}: neither found nor proved absent")
            return KnownFlow(report=report)
        return page.flows[-1] if page.flows else None

    async def _is_ours(self, known: KnownFlow, parcel: Parcel) -> bool:
        """Whether the portal holds this very document under its name, as far as it says so.

        What it had long before our first attempt is not ours, whatever its name: a clock that was put back
        behind a journal that has forgotten gives a number again.
        """
        received = known.report.submitted_at
        if received is not None and received < parcel.started_at - BEFORE_SENDING:
            return False
        if known.sha256 is None:
            return True
        return known.sha256 == await asyncio.to_thread(ppf_flows.sha256_of_envelope, parcel)

    # ------------------------------------------------------------------ following
    async def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """One page of changed flows of each domain.

        Raises:
            ReadFailed: no usable answer.
        """
        places = ppf_cursor.read_places(cursor)
        unfinished = [domain for domain in DOMAINS if domain in places and places[domain].at is not None]
        flows: list[FlowReport] = []
        for domain in unfinished or DOMAINS:
            place = places.get(domain, ppf_cursor.Place())
            asked = place.start(since, overlap)
            where = {"dateMiseAJour": {"op": "depuis", "valeur": asked[0].isoformat()}}
            page = await self._search(domain, where, asked[1], PAGE)
            flows += [known.report for known in page.flows]
            places[domain] = place.after(page, asked, datetime.now(UTC))
        more = any(place.at is not None for place in places.values())
        return PollPage(flows=tuple(flows), cursor=ppf_cursor.written(places), more=more)

    async def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """`GET <domain>/<version>/flux/<name>`; None when the portal does not know the flow.

        Raises:
            ReadFailed: no usable answer.
        """
        return ppf_answers.flow_in(await self._channel.ask(self._state_of(flow_id)), flow_id)

    async def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """See `base.Gateway`. Of a flow the portal tells the state, as it came, and gives no document."""
        if kind is not FetchKind.METADATA:
            return FetchFailed(
                reason="no-such-kind", final=True, words=f"the portal gives no {kind} of a flow"
            )
        exchange = await self._channel.ask(self._state_of(flow_id))
        if ppf_answers.flow_in(exchange, flow_id) is None:
            return FetchFailed(
                reason="not-found", final=False, words=f"flow {flow_id}: unknown to the portal"
            )
        media_type = exchange.headers.get("content-type", "application/json").partition(";")[0].strip()
        return kept(exchange.body, media_type, Draft(target, limit))

    async def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """See `base.Gateway`: the lines of the Annuaire."""
        return await self._directory.find(wanted)

    async def health(self) -> Health:
        """`GET <domain>/<version>/healthcheck` of each domain, with a token and the technical account."""
        for domain in DOMAINS:
            try:
                asked = self._request("GET", f"{domain}/{self._version}/healthcheck")
                health = ppf_answers.health_of(await self._channel.ask(asked))
            except ReadFailed as failure:
                return Health(up=False, reason=failure.reason)
            if not health.up:
                return health
        return health

    # ------------------------------------------------------------------ requests
    async def _search(self, domain: str, where: Mapping[str, Any], ignore: int, limit: int) -> FlowPage:
        asked = {
            "filtres": where,
            "tris": [{"champ": "dateMiseAJour", "ordre": "ascendant"}],
            "limite": limit,
            "ignorer": ignore,
        }
        body = BytesBody(json.dumps(asked).encode(), "application/json")
        request = self._request("POST", f"{domain}/{self._version}/flux/recherche", body)
        return ppf_answers.flows_in(await self._channel.ask(request), f"search in {domain}")

    def _state_of(self, flow_id: str) -> Request:
        path = f"{ppf_flows.domain_of(flow_id)}/{self._version}/flux/{quote(flow_id, safe='')}"
        return self._request("GET", path)

    def _request(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        more: Mapping[str, str] | None = None,
        limit: int = 8 * 1024 * 1024,
    ) -> Request:
        headers = {**self._headers, **(more or {})}
        return Request(method=method, url=f"{self._base}/{path}", headers=headers, body=body, limit=limit)
