"""Asking a directory who can be reached: XP Z12-013 Directory Service 1.2.0, and the PPF's Annuaire
1.11.0."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from connector.directory import Address, DirectoryLine
from connector.gateways import directory_answers
from connector.gateways.base import ReadFailed
from connector.gateways.body import BytesBody
from connector.gateways.channel import Channel
from connector.gateways.exchange import Request

_MOST = 2_000  # lines of one recipient; a public body has some hundreds
_PARIS = ZoneInfo("Europe/Paris")  # the dates of the Annuaire are days in France


class DirectoryClient:
    """Built and used on the event loop only.

    Args:
        base_url: of the Directory Service, or of the Annuaire.
        dialect: whose words it speaks.
        channel: the account's way to the platform.
        headers: sent with every question.
    """

    def __init__(
        self,
        base_url: str,
        dialect: Literal["afnor", "ppf"],
        channel: Channel,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._french = dialect == "ppf"
        path = "/ligne-annuaire/recherche" if self._french else "/v1/directory-line/search"
        self._url = base_url.rstrip("/") + path
        self._channel = channel
        self._headers = headers or {}

    async def find(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        """The lines of a recipient: all of its SIREN, or of the SIRET, or of just this routing code or
        suffix.

        An establishment without lines of its own is reached by the line of its whole company.

        Raises:
            ReadFailed: the directory cannot be asked now, or tells of more lines than anybody has.
        """
        found = await self._all(wanted)
        if not found and wanted.siret and not wanted.routing_code:
            company = await self._all(Address(siren=wanted.siren))
            return tuple(line for line in company if line.address == wanted.siren)
        return found

    async def _all(self, wanted: Address) -> tuple[DirectoryLine, ...]:
        lines: list[DirectoryLine] = []
        seen = 0
        while True:
            page = await self._page(wanted, seen)
            lines += page.lines
            seen += page.entries
            if page.entries == 0 or (page.total is not None and seen >= page.total):
                return _about(wanted, lines)
            if seen >= _MOST:
                raise ReadFailed("too-many-lines", f"directory: more than {_MOST} lines for {wanted}")

    async def _page(self, wanted: Address, ignore: int) -> directory_answers.LinePage:
        ask = directory_answers.ppf_question if self._french else directory_answers.afnor_question
        body = BytesBody(json.dumps(ask(wanted, ignore)).encode(), "application/json")
        request = Request(method="POST", url=self._url, headers=self._headers, body=body)
        exchange = await self._channel.ask(request, aside=True)
        return directory_answers.page_in(exchange, french=self._french, today=datetime.now(_PARIS).date())


def _about(wanted: Address, lines: list[DirectoryLine]) -> tuple[DirectoryLine, ...]:
    """Those that the question was really about: a directory may answer with more."""
    named = str(wanted)
    exact = wanted.routing_code or wanted.suffix
    fitting = (
        line
        for line in lines
        if line.siren == wanted.siren
        and (wanted.siret is None or line.siret in (None, wanted.siret))
        and (not exact or line.address == named)
    )
    return tuple({line.address: line for line in fitting}.values())
