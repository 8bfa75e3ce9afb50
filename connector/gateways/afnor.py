"""The gateway of approved platforms: XP Z12-013 Flow Service 1.2.0. Deposits, look-ups, polls.

What an answer means is decided in `afnor_answers`, how a search is read completely in `afnor_search`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from loguru import logger

from connector.directory import Address, DirectoryLine
from connector.gateways import afnor_answers, fetch
from connector.gateways.afnor_flows import SeenFlow, flow_info, flow_of, in_order, media_type
from connector.gateways.afnor_search import LIMIT, FlowScan, Page, Where, iso
from connector.gateways.base import ReadFailed, Traits
from connector.gateways.body import BytesBody, SpoolBody, form_with_file
from connector.gateways.channel import Channel
from connector.gateways.directory import DirectoryClient
from connector.gateways.draft import Draft
from connector.gateways.exchange import Request
from connector.gateways.fields import moment
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
)
from connector.settings import Account

# XP Z12-013 Flow 1.2.0: 100 MB a flow.
TRAITS = Traits(
    families=frozenset(Family) - {Family.DIRECTORY}, largest=100 * 1024 * 1024, absence_is_proof=True
)
BEFORE_SENDING = timedelta(hours=1)  # clocks differ: look for a deposit from so long before its intent
LONGEST_SCAN = 500  # pages of one look-up
SUBMIT_ANSWER = 1024 * 1024  # bytes


class AfnorGateway:
    """See `base.Gateway`.

    Args:
        account: its settings.
        channel: its way to the platform.
    """

    def __init__(self, account: Account, channel: Channel) -> None:
        self._base = str(account.base_url).rstrip("/")
        self._headers = dict(account.headers)
        self._channel = channel
        # Where one connection serves several companies, each call names the one it is about.
        self._header = account.organization_header
        self._companies: tuple[str | None, ...] = account.organizations if self._header else ()
        self._companies = self._companies or (None,)
        self._directory = (
            DirectoryClient(str(account.directory_url), "afnor", channel, self._headers)
            if account.directory_url
            else None
        )
        self._scans = {company: self._scan_of(company, "Out", "In") for company in self._companies}
        # Whether `where.trackingId` works there: None until an answer has shown it.
        self._finds_by_tracking_id = False if account.tracking_id_search == "no" else None

    async def close(self) -> None:
        await self._channel.close()

    # ------------------------------------------------------------------ deposits
    async def submit(self, parcel: Parcel) -> SubmitAnswer:
        """`POST /v1/flows`. The caller has taken a turn of the rate."""

        def build() -> Request:
            body = form_with_file(
                info=flow_info(parcel),
                name=parcel.name,
                media_type=media_type(parcel.document.syntax),
                path=parcel.path,
                size=parcel.size,
            )
            company = self._company_of(parcel.document)
            return self._request("POST", "/v1/flows", body, company=company, limit=SUBMIT_ANSWER)

        return await self._channel.deposit(parcel.job, build, afnor_answers.submitted)

    # ------------------------------------------------------------------ look-ups
    async def lookup(self, parcel: Parcel) -> LookupAnswer:
        """Search by our tracking id; through everything sent since, where that filter does not work."""
        try:
            if self._finds_by_tracking_id is not False:
                answer = await self._by_tracking_id(parcel)
                if answer is not None:
                    return answer
            return await self._by_window(parcel)
        except ReadFailed as failure:
            logger.warning("{}: look-up failed: {}", parcel.job, failure)
            return Inconclusive(reason=failure.reason)

    async def _by_tracking_id(self, parcel: Parcel) -> LookupAnswer | None:
        """The answer of the filter; None when it cannot be trusted.

        An empty answer is trusted only once the filter has been seen to find something.
        """
        try:
            company = self._company_of(parcel.document)
            page = await self._search(company, {"trackingId": parcel.tracking_id})
        except ReadFailed as failure:
            if failure.reason in ("bad-question", "no-such-service"):
                return None
            raise
        if any(flow.report.tracking_id != parcel.tracking_id for flow in page.flows):
            logger.warning(
                "the platform ignores the filter on trackingId; looking through what was sent instead"
            )
            self._finds_by_tracking_id = False
            return None
        if found := _found(flow for flow in page.flows if flow.ours):
            self._finds_by_tracking_id = True
            return found
        return Absent() if self._finds_by_tracking_id else None

    async def _by_window(self, parcel: Parcel) -> LookupAnswer:
        scan = self._scan_of(self._company_of(parcel.document), "Out")
        ours: list[SeenFlow] = []
        after = parcel.started_at - BEFORE_SENDING
        for _ in range(LONGEST_SCAN):
            batch = await scan.next(after)
            ours += [flow for flow in batch.flows if flow.ours and _is_of(flow, parcel)]
            if batch.resume is None:
                return _found(ours) or Absent()
            after = batch.resume
        return Inconclusive(reason="too-many-flows")

    # ------------------------------------------------------------------ following
    async def poll(self, cursor: str | None, since: datetime, overlap: float) -> PollPage:
        """One stretch of changed flows of each company. While `more`, the cursor says where to go on exactly.

        Raises:
            ReadFailed: no usable answer.
        """
        cursors = _cursors(cursor, self._companies)
        unfinished = [company for company in self._companies if "|" in cursors.get(company, "")]
        flows: list[FlowReport] = []
        incoming: list[IncomingFlow] = []
        for company in unfinished or self._companies:
            page = await self._poll(company, cursors.get(company), since, overlap)
            flows += page.flows
            incoming += page.incoming
            cursors[company] = page.cursor
        return PollPage(
            flows=tuple(flows),
            incoming=tuple(incoming),
            cursor=_joined(cursors),
            more=any("|" in one for one in cursors.values()),
        )

    async def _poll(
        self, company: str | None, cursor: str | None, since: datetime, overlap: float
    ) -> PollPage:
        high, resume = _read_cursor(cursor)
        start = resume or (high - timedelta(seconds=overlap) if high else since)
        batch = await self._scans[company].next(start)
        flows = in_order(batch.flows)
        # A flow dated in the future must not carry the cursor past others that are still to come.
        seen = [min(flow.report.updated_at, datetime.now(UTC)) for flow in flows if flow.report.updated_at]
        high = max([high or since, *seen])
        return PollPage(
            flows=tuple(flow.report for flow in flows if flow.ours),
            incoming=tuple(flow.incoming(company) for flow in flows if not flow.ours),
            cursor=iso(high) if batch.resume is None else f"{iso(high)}|{iso(batch.resume)}",
            more=batch.resume is not None,
        )

    async def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """`GET /v1/flows/{flowId}` as metadata; None when the platform does not know the flow.

        Raises:
            ReadFailed: no usable answer.
        """
        for company in self._companies:
            if (report := await self._flow(flow_id, company)) is not None:
                return report
        return None

    async def _flow(self, flow_id: str, company: str | None) -> FlowReport | None:
        what = f"flow {flow_id}"
        exchange = await self._channel.ask(self._of_flow(flow_id, FetchKind.METADATA, company))
        if exchange.status == 404:
            return None
        if failure := afnor_answers.read_failure(exchange, what):
            raise failure
        flow = flow_of(exchange.json())
        if flow is None or flow.report.flow_id != flow_id:
            raise ReadFailed("unreadable-answer", f"{what}: the answer is not this flow")
        return flow.report

    async def fetch(self, flow_id: str, kind: FetchKind, target: Path, limit: int) -> Fetched | FetchFailed:
        """See `base.Gateway`: `GET /v1/flows/{flowId}` with that `docType`."""
        came: Fetched | FetchFailed = FetchFailed(reason="not-found", final=False)
        for company in self._companies:
            request = self._of_flow(flow_id, kind, company)
            came = await fetch.fetch(self._channel, request, kind, Draft(target, limit), _is_about(flow_id))
            if isinstance(came, Fetched) or came.reason != "not-found":
                break
        return came

    async def find_recipient(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """See `base.Gateway`: XP Z12-013 Directory Service 1.2.0."""
        if self._directory is None:
            raise ReadFailed("no-directory", "the account has no directory_url", is_final=True)
        return await self._directory.find(wanted)

    async def health(self) -> Health:
        """`GET /v1/healthcheck`, with a token."""
        try:
            return afnor_answers.health_of(await self._channel.ask(self._request("GET", "/v1/healthcheck")))
        except ReadFailed as failure:
            return Health(up=False, reason=failure.reason)

    # ------------------------------------------------------------------ requests
    def _scan_of(self, company: str | None, *directions: str) -> FlowScan:
        return FlowScan(partial(self._search, company), {"flowDirection": list(directions)})

    def _company_of(self, document: Document) -> str | None:
        """The company on whose behalf a document goes: of those we act for, the one that it names."""
        named = (document.seller.siren, document.buyer.siren)
        return next((siren for siren in named if siren in self._companies), self._companies[0])

    async def _search(self, company: str | None, where: Where) -> Page:
        body = BytesBody(json.dumps({"limit": LIMIT, "where": where}).encode(), "application/json")
        exchange = await self._channel.ask(self._request("POST", "/v1/flows/search", body, company=company))
        if failure := afnor_answers.read_failure(exchange, "search"):
            raise failure
        return Page.of(exchange.json())

    def _of_flow(self, flow_id: str, kind: FetchKind, company: str | None) -> Request:
        return self._request("GET", f"/v1/flows/{quote(flow_id, safe='')}?docType={kind}", company=company)

    def _request(
        self,
        method: str,
        path: str,
        body: BytesBody | SpoolBody | None = None,
        *,
        company: str | None = None,
        limit: int = 8 * 1024 * 1024,
    ) -> Request:
        headers = self._headers | {self._header: company} if self._header and company else self._headers
        return Request(method=method, url=self._base + path, headers=headers, body=body, limit=limit)


def _found(flows: Iterable[SeenFlow]) -> Found | None:
    """The latest version of each flow; None when there is none."""
    latest = {flow.report.flow_id: flow.report for flow in in_order(flows)}
    return Found(flows=tuple(latest.values())) if latest else None


def _is_of(flow: SeenFlow, parcel: Parcel) -> bool:
    """Whether a flow is this parcel's deposit: by our key, else by the name that we made unique."""
    return flow.report.tracking_id == parcel.tracking_id or flow.report.name == parcel.name


def _is_about(flow_id: str) -> Callable[[object], bool]:
    """Whether metadata are those of this flow."""
    return lambda answer: (flow := flow_of(answer)) is not None and flow.report.flow_id == flow_id


def _cursors(stored: str | None, companies: tuple[str | None, ...]) -> dict[str | None, str]:
    """The cursor of each company; of a connection with one company it stands alone."""
    if companies == (None,):
        return {None: stored} if stored else {}
    pairs = (entry.partition("=") for entry in (stored or "").split(";"))
    return {company: cursor for company, _, cursor in pairs if company in companies and cursor}


def _joined(cursors: Mapping[str | None, str]) -> str:
    return ";".join(
        cursor if company is None else f"{company}={cursor}" for company, cursor in cursors.items()
    )


def _read_cursor(cursor: str | None) -> tuple[datetime | None, datetime | None]:
    """(greatest change seen, where an unfinished reading goes on); None for what cannot be read."""
    high, _, resume = (cursor or "").partition("|")
    if cursor and moment(high) is None:
        logger.warning("stored cursor {!r} cannot be read; starting anew", cursor)
    return moment(high), moment(resume)
