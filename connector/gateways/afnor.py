"""The gateway of approved platforms: XP Z12-013 Flow Service 1.2.0. Deposits, look-ups, polls.

What an answer means is decided in `afnor_answers`, how a search is read completely in `afnor_search`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from loguru import logger

from connector.gateways import afnor_answers
from connector.gateways.afnor_flows import SeenFlow, flow_info, flow_of, in_order, media_type, moment
from connector.gateways.afnor_search import LIMIT, FlowScan, Page, Where, iso
from connector.gateways.base import ReadFailed, Traits
from connector.gateways.body import BytesBody, SpoolBody, form_with_file
from connector.gateways.channel import Channel
from connector.gateways.exchange import Request
from connector.model import (
    Absent,
    Family,
    FlowReport,
    Found,
    Health,
    Inconclusive,
    LookupAnswer,
    Parcel,
    PollPage,
    SubmitAnswer,
)
from connector.settings import Account

# XP Z12-013 Flow 1.2.0: 100 MB a flow.
TRAITS = Traits(families=frozenset(Family), largest=100 * 1024 * 1024, absence_is_proof=True)
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
        self._scan = FlowScan(self._search, {"flowDirection": ["Out"]})
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
            return self._request("POST", "/v1/flows", body, limit=SUBMIT_ANSWER)

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
            page = await self._search({"trackingId": parcel.tracking_id})
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
        scan = FlowScan(self._search, {"flowDirection": ["Out"]})
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
        """One stretch of changed flows. While `more`, the cursor also says where to go on exactly.

        Raises:
            ReadFailed: no usable answer.
        """
        high, resume = _read_cursor(cursor)
        start = resume or (high - timedelta(seconds=overlap) if high else since)
        batch = await self._scan.next(start)
        flows = in_order(flow for flow in batch.flows if flow.ours)
        # A flow dated in the future must not carry the cursor past others that are still to come.
        seen = [min(flow.report.updated_at, datetime.now(UTC)) for flow in flows if flow.report.updated_at]
        high = max([high or since, *seen])
        return PollPage(
            flows=tuple(flow.report for flow in flows),
            cursor=iso(high) if batch.resume is None else f"{iso(high)}|{iso(batch.resume)}",
            more=batch.resume is not None,
        )

    async def acknowledgement(self, flow_id: str) -> FlowReport | None:
        """`GET /v1/flows/{flowId}` as metadata; None when the platform does not know the flow.

        Raises:
            ReadFailed: no usable answer.
        """
        what = f"flow {flow_id}"
        request = self._request("GET", f"/v1/flows/{quote(flow_id, safe='')}?docType=Metadata")
        exchange = await self._channel.ask(request)
        if exchange.status == 404:
            return None
        if failure := afnor_answers.read_failure(exchange, what):
            raise failure
        flow = flow_of(exchange.json())
        if flow is None or flow.report.flow_id != flow_id:
            raise ReadFailed("unreadable-answer", f"{what}: the answer is not this flow")
        return flow.report

    async def health(self) -> Health:
        """`GET /v1/healthcheck`, with a token."""
        try:
            return afnor_answers.health_of(await self._channel.ask(self._request("GET", "/v1/healthcheck")))
        except ReadFailed as failure:
            return Health(up=False, reason=failure.reason)

    # ------------------------------------------------------------------ requests
    async def _search(self, where: Where) -> Page:
        body = BytesBody(json.dumps({"limit": LIMIT, "where": where}).encode(), "application/json")
        exchange = await self._channel.ask(self._request("POST", "/v1/flows/search", body))
        if failure := afnor_answers.read_failure(exchange, "search"):
            raise failure
        return Page.of(exchange.json())

    def _request(
        self,
        method: str,
        path: str,
        body: BytesBody | SpoolBody | None = None,
        *,
        limit: int = 8 * 1024 * 1024,
    ) -> Request:
        return Request(method=method, url=self._base + path, headers=self._headers, body=body, limit=limit)


def _found(flows: Iterable[SeenFlow]) -> Found | None:
    """The latest version of each flow; None when there is none."""
    latest = {flow.report.flow_id: flow.report for flow in in_order(flows)}
    return Found(flows=tuple(latest.values())) if latest else None


def _is_of(flow: SeenFlow, parcel: Parcel) -> bool:
    """Whether a flow is this parcel's deposit: by our key, else by the name that we made unique."""
    return flow.report.tracking_id == parcel.tracking_id or flow.report.name == parcel.name


def _read_cursor(cursor: str | None) -> tuple[datetime | None, datetime | None]:
    """(greatest change seen, where an unfinished reading goes on); None for what cannot be read."""
    high, _, resume = (cursor or "").partition("|")
    if cursor and moment(high) is None:
        logger.warning("stored cursor {!r} cannot be read; starting anew", cursor)
    return moment(high), moment(resume)
