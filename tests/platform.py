"""The simulated platform as a fixture, and a plain client that shares no code with the gateways.

Import the fixture where it is used: `from tests.platform import platform as platform`.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from connector.simulator import Simulator

BOUNDARY = "------------------------d74496d66958873e"


@pytest.fixture
def platform() -> Iterator[Simulator]:
    """A well-behaved platform on a free port of loopback; `faults` and `switch` tell it otherwise."""
    with Simulator() as running:
        yield running


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for a condition, and fail when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def invoice(number: str, siren: str = "732829320") -> bytes:
    """The beginnings of a UBL invoice: enough to be recognised, not valid."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" '
        'xmlns:cbc="urn:cbc" xmlns:cac="urn:cac">'
        f"<cbc:CustomizationID>urn:x</cbc:CustomizationID><cbc:ID>{number}</cbc:ID>"
        "<cbc:IssueDate>2026-11-22</cbc:IssueDate><cac:AccountingSupplierParty><cac:Party>"
        f'<cbc:CompanyID schemeID="0002">{siren}</cbc:CompanyID></cac:Party></cac:AccountingSupplierParty>'
        "</Invoice>"
    ).encode()


def form(
    info: dict[str, Any] | bytes | None,
    file: bytes | None,
    *,
    info_type: str | None = "application/json",
    info_filename: str | None = None,
    file_type: str | None = "application/xml",
) -> bytes:
    """A deposit's multipart body, as right or as wrong as asked; None leaves a part out."""
    parts = []
    if info is not None:
        raw = info if isinstance(info, bytes) else json.dumps(info).encode()
        parts.append(_part("flowInfo", info_filename, info_type, raw))
    if file is not None:
        parts.append(_part("file", "FA1.xml", file_type, file))
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _part(name: str, filename: str | None, media: str | None, content: bytes) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n"
    if media is not None:
        head += f"Content-Type: {media}\r\n"
    return head.encode() + b"\r\n" + content + b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """A client of one platform, one connection a request."""

    def __init__(self, base_url: str, timeout: float = 10.0) -> None:
        parts = urlsplit(base_url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.host, self.port, self.prefix = parts.hostname, parts.port, parts.path
        self.timeout = timeout
        self.token = ""

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request to a path of this host."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = answer.read()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, headers=named, body=content)
        finally:
            connection.close()

    def ask_token(self, **fields: str) -> Reply:
        asked = {"grant_type": "client_credentials", "client_id": "connector"}
        asked |= {"client_secret": "simulated-secret"} | fields
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", "/token", urlencode(asked).encode(), headers)

    def authorize(self) -> Caller:
        self.token = self.ask_token().json["access_token"]
        return self

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post_form(self, body: bytes, **headers: str) -> Reply:
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self.send("POST", f"{self.prefix}/v1/flows", body, self.bearer | kind | headers)

    def deposit(self, number: str, tracking_id: str | None = None, **info: Any) -> Reply:
        """Deposit a small invoice of this number."""
        told: dict[str, Any] = {"name": f"{number}.xml", "flowSyntax": "UBL"}
        if tracking_id is not None:
            told["trackingId"] = tracking_id
        return self.post_form(form(told | info, invoice(number)))

    def search(self, limit: int | None = None, **where: Any) -> Reply:
        asked: dict[str, Any] = {"where": where}
        if limit is not None:
            asked["limit"] = limit
        return self.post_json(f"{self.prefix}/v1/flows/search", asked)

    def post_json(self, path: str, value: Any) -> Reply:
        headers = self.bearer | {"Content-Type": "application/json"}
        return self.send("POST", path, json.dumps(value).encode(), headers)

    def get(self, path: str) -> Reply:
        return self.send("GET", path, None, self.bearer)

    def flow(self, flow_id: str, kind: str = "") -> Reply:
        query = f"?docType={kind}" if kind else ""
        return self.get(f"{self.prefix}/v1/flows/{flow_id}{query}")


@pytest.fixture
def caller(platform: Simulator) -> Caller:
    """A client with a token."""
    return Caller(platform.base_url).authorize()
