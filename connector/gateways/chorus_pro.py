"""The gateway of Chorus Pro through PISTE: invoices to the public sector. Deposits, look-ups, reports.

What an answer means is decided in `chorus_answers`. Chorus Pro has no key of ours and no list of deposits: a
flow is followed by the number that its receipt gave, and a deposit in doubt can only be looked for among the
invoices already integrated, so that an empty look-up proves nothing.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from loguru import logger
from pydantic import SecretStr

from connector.directory import Address, DirectoryLine
from connector.gateways import chorus_answers
from connector.gateways import chorus_statuses as statuses
from connector.gateways import chorus_structures as structures
from connector.gateways.base import ReadFailed, Traits
from connector.gateways.body import BytesBody, SpoolBody, json_with_file
from connector.gateways.channel import Channel
from connector.gateways.chorus_answers import KnownInvoice
from connector.gateways.draft import Draft
from connector.gateways.exchange import Request
from connector.gateways.fetch import kept
from connector.model import (
    Absent,
    Document,
    Family,
    Fetched,
    FetchFailed,
    FetchKind,
    FlowReport,
    Found,
    Health,
    IncomingFlow,
    Inconclusive,
    LookupAnswer,
    Parcel,
    PollPage,
    SubmitAnswer,
    Syntax,
)
from connector.settings import Account

# The API takes 30 MB a deposit (Chorus Pro specifications v1.1 §5.4.1). It does not say whether of the file
# or of its base64: the file is what we measure.
TRAITS = Traits(families=frozenset({Family.INVOICE}), largest=30 * 1024 * 1024, absence_is_proof=False)
PAGE = 50  # invoices; the API's own default of ten has lost invoices to integrators
MOST_PAGES = 200  # of one look-up
_DAY = timedelta(days=1)  # Chorus Pro knows days of deposit, in French time
_SYNTAXES: Mapping[Syntax, str] = {
    Syntax.UBL: "IN_DP_E1_UBL_INVOICE",
    Syntax.CII: "IN_DP_E1_CII_16B",
    Syntax.FACTUR_X: "IN_DP_E2_CII_FACTURX",
}
_SEARCH = "factures/v1/rechercher/fournisseur"
_JSON = "application/json;charset=utf-8"


class ChorusProGateway:
    """See `base.Gateway`.

    Args:
        account: its settings; `base_url` ends before `/factures/v1/…`.
        password: of the technical account.
        channel: its way to PISTE.
    """

    def __init__(self, account: Account, password: SecretStr, channel: Channel) -> None:
        self._base = str(account.base_url).rstrip("/")
        pair = f"{account.technical_account}:{password.get_secret_value()}"
        self._headers = {**account.headers, "cpro-account": b64encode(pair.encode()).decode()}
        self._channel = channel
        self._reads_statuses = account.read_statuses
        self._status_seconds = account.status_seconds
        self._next_statuses = 0.0  # monotonic: acknowledgements are polled for more often

    async def close(self) -> None:
        await self._channel.close()

    # ------------------------------------------------------------------ deposits
    async def submit(self, parcel: Parcel) -> SubmitAnswer:
        """`POST factures/v1/deposer/flux`, one invoice a flow. The caller has taken a turn of the rate."""

        def build() -> Request:
            said = {
                "nomFichier": allowed_name(parcel.name),
                "syntaxeFlux": _SYNTAXES[parcel.document.syntax],
                "avecSignature": False,
            }
            body = json_with_file("fichierFlux", said, path=parcel.path, size=parcel.size)
            return self._request("factures/v1/deposer/flux", body)

        return await self._channel.deposit(parcel.job, build, chorus_answers.submitted)

    # ------------------------------------------------------------------ look-ups
    async def lookup(self, parcel: Parcel) -> LookupAnswer:
        """Look for the invoice among those integrated since the first attempt.

        Flows that wait or were rejected are not to be seen there: `Absent` says no more than "not
        integrated".
        """
        document = parcel.document
        if not document.number:
            return Inconclusive(reason="no-number")
        try:
            ours = [known for known in await self._known(parcel) if known.is_of(document)]
        except ReadFailed as failure:
            logger.warning("{}: look-up failed: {}", parcel.job, failure)
            return Inconclusive(reason=failure.reason)
        if any(known.flow_id is None for known in ours):
            return Inconclusive(reason="not-by-flow")  # it is there, and no report can be asked for
        flows = {known.flow_id: FlowReport(flow_id=known.flow_id) for known in ours if known.flow_id}
        return Found(flows=tuple(flows.values())) if flows else Absent()

    async def _known(self, parcel: Parcel) -> list[KnownInvoice]:
        found: list[KnownInvoice] = []
        for page in range(1, MOST_PAGES + 1):
            asked = _search(parcel.document, parcel.started_at - _DAY, datetime.now(UTC) + _DAY, page)
            exchange = await self._channel.ask(
                self._request("factures/v1/rechercher/fournisseur", _body(asked))
            )
            invoices, pages = chorus_answers.invoices_in(exchange)
            found += invoices
            if page >= pages:
                return found
        raise ReadFailed("too-many-flows", f"search: more than {MOST_PAGES} pages")

    # ------------------------------------------------------------------ following
    async def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """Statuses of integrated invoices, if the account reads them; no flow.

        Chorus Pro cannot be asked which flows have changed: each is asked for by its number, and that must
        go on when statuses cannot be read.
        """
        if not self._reads_statuses:
            return PollPage(flows=(), cursor=cursor or "")
        place = statuses.Place.of(cursor, since)
        nothing = PollPage(flows=(), cursor=str(place))
        if time.monotonic() < self._next_statuses:
            return nothing
        try:
            page = await self._changes(place, overlap)
        except ReadFailed as failure:
            if failure.authentication:
                raise
            logger.warning("statuses cannot be read now: {}", failure)
            page = nothing
        if not page.more:
            self._next_statuses = time.monotonic() + self._status_seconds
        return page

    async def _changes(self, place: statuses.Place, overlap: float) -> PollPage:
        """One page of invoices whose status has changed, each with its history."""
        asked = self._request(_SEARCH, _body(statuses.question(place, overlap)))
        answer = chorus_answers.answer_in(await self._channel.ask(asked), "statuses")
        changed, pages = statuses.changed_in(answer, place, overlap)
        incoming: list[IncomingFlow] = []
        for invoice in changed:
            asked = self._request("factures/v1/consulter/historique", _body({"idFacture": invoice.number}))
            history = chorus_answers.answer_in(await self._channel.ask(asked), f"invoice {invoice.number}")
            incoming += statuses.statuses_in(history, invoice)
        after = place.after(changed, pages)
        return PollPage(flows=(), incoming=tuple(incoming), cursor=str(after), more=after.reached is not None)

    async def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """`POST transverses/v1/consulterCRDetaille`; None when Chorus Pro does not know the flow (yet).

        Raises:
            ReadFailed: no usable answer.
        """
        return chorus_answers.report_in(await self._channel.ask(self._report_of(flow_id)), flow_id)

    async def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """See `base.Gateway`. Chorus Pro gives a deposit's report by its number, and no document."""
        if kind is not FetchKind.METADATA:
            return FetchFailed(
                reason="no-such-kind", final=True, words=f"Chorus Pro gives no {kind} of a flow"
            )
        exchange = await self._channel.ask(self._report_of(flow_id))
        if chorus_answers.report_in(exchange, flow_id) is None:
            return FetchFailed(
                reason="not-found", final=False, words=f"flow {flow_id}: unknown to Chorus Pro"
            )
        return kept(exchange.body, "application/json", Draft(target, limit))

    async def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """See `base.Gateway`: the structure of a SIRET, and its service where the address has a routing code.

        Chorus Pro knows no recipient by its SIREN alone.
        """
        if wanted.siret is None:
            words = f"Chorus Pro knows recipients by SIRET, and {wanted} has none"
            raise ReadFailed("needs-siret", words, is_final=True)
        asked = self._request("structures/v1/rechercher", _body(structures.search_of(wanted.siret)))
        found = chorus_answers.answer_in(await self._channel.ask(asked, aside=True), "structures")
        number = structures.structure_in(found, wanted.siret)
        if number is None:
            return ()
        asked = self._request("structures/v1/consulter", _body(structures.question_about(number)))
        told = chorus_answers.answer_in(await self._channel.ask(asked, aside=True), f"structure {number}")
        line = structures.line_in(told, wanted.siret)
        service = await self._service(number, line, wanted.routing_code) if wanted.routing_code else None
        return (line, service) if service else (line,)

    async def _service(self, structure: int, line: DirectoryLine, code: str) -> DirectoryLine | None:
        """The service of this code; None when the structure has none."""
        seen: dict[str, bool] = {}
        for page in range(1, MOST_PAGES + 1):
            asked = self._request(
                "structures/v1/rechercher/services", _body(structures.services_of(structure, page))
            )
            answer = chorus_answers.answer_in(
                await self._channel.ask(asked, aside=True), f"services of {structure}"
            )
            services, total = structures.services_in(answer)
            if code in services:
                return structures.service_line(line, code, services[code])
            known = len(seen)
            seen |= services
            if len(seen) >= total:
                return None
            if len(seen) == known:  # it lists the same again, or none: who pages is not understood
                break
        return structures.service_line(line, code, None)

    async def health(self) -> Health:
        """`GET transverses/v1/health-check`, with a token and the technical account."""
        try:
            exchange = await self._channel.ask(self._request("transverses/v1/health-check"))
            return chorus_answers.health_of(exchange)
        except ReadFailed as failure:
            return Health(up=False, reason=failure.reason)

    # ------------------------------------------------------------------ requests
    def _report_of(self, flow_id: str) -> Request:
        return self._request("transverses/v1/consulterCRDetaille", _body({"numeroFluxDepot": flow_id}))

    def _request(self, path: str, body: BytesBody | SpoolBody | None = None) -> Request:
        """Every call is a POST with a JSON body, but for the health check."""
        method = "GET" if body is None else "POST"
        return Request(method=method, url=f"{self._base}/{path}", headers=self._headers, body=body)


def allowed_name(name: str) -> str:
    """A file name without the characters that Chorus Pro refuses (specifications v1.1 §3.2.1.4.1)."""
    return "".join("_" if char in '%$!&/\\:;«»"#@' else char for char in name)


def _search(document: Document, start: datetime, end: datetime, page: int) -> dict[str, Any]:
    return {
        "numeroFacture": document.number,
        "periodeDateDepotDu": _day(start),
        "periodeDateDepotAu": _day(end),
        "rechercheFactureParFournisseur": {"nbResultatsParPage": PAGE, "pageResultatDemandee": page},
    }


def _day(moment: datetime) -> str:
    return date.isoformat(moment.date())


def _body(value: Any) -> BytesBody:
    return BytesBody(json.dumps(value).encode(), _JSON)
