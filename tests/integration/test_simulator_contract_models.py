"""Our requests and the simulator's answers, both held against the models of `tests.gateway_models`.

A listener between a gateway and the simulator hands every request on as it is, and keeps both sides.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connector.gateways import AccountDesk, EventLoop, Secrets, open_gateway
from connector.model import Document, Family, Found, Parcel, Received, Refused, Syntax
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from connector.simulator.multipart import Part, read_form
from tests import gateway_models as models
from tests.integration.gateways_servers import account, flow_server, parcel
from tests.platform import Caller
from tests.platform import platform as platform

INVOICE = ubl_invoice(number="FA1")
INFO: Mapping[str, type[BaseModel]] = {"1.1": models.FlowInfo11, "1.2": models.FlowInfo12}
RECEIPT: Mapping[str, type[BaseModel]] = {"1.1": models.Receipt11, "1.2": models.Receipt12}
FLOW: Mapping[str, type[BaseModel]] = {"1.1": models.Flow11, "1.2": models.Flow12}
FOUND: Mapping[str, type[BaseModel]] = {"1.1": models.Found11, "1.2": models.Found12}
REQUEST_ID = {"1.1": "x-request-id", "1.2": "request-id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request and its answer, as they went over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    status: int
    answer: bytes

    @property
    def asked(self) -> Any:
        return json.loads(self.body)


class Listener:
    """Stands before a simulator; `seen` has every request and answer, in order."""

    def __init__(self, server: HTTPServer, platform: Simulator) -> None:
        server.clear()
        self.url = server.url_for("").rstrip("/")
        self.seen: list[Seen] = []
        self._behind = Caller(platform.base_url)
        self._lock = threading.Lock()
        server.expect_request(re.compile(".*")).respond_with_handler(self._hand_on)

    def _hand_on(self, request: Request) -> Response:
        body = request.get_data()
        path = request.full_path.rstrip("?")
        headers = {name: value for name, value in request.headers if name.lower() != "host"}
        reply = self._behind.send(request.method, path, body or None, headers)
        seen = Seen(
            method=request.method,
            path=path,
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            status=reply.status,
            answer=reply.body,
        )
        with self._lock:
            self.seen.append(seen)
        return Response(reply.body, reply.status, content_type=reply.headers.get("content-type"))

    def one(self, end: str) -> Seen:
        """The only request whose path ends so."""
        (found,) = [seen for seen in self.seen if seen.path.partition("?")[0].endswith(end)]
        return found


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with flow_server() as opened:
        yield opened


@pytest.fixture
def listener(server: HTTPServer, platform: Simulator) -> Listener:
    return Listener(server, platform)


@contextmanager
def desk(platform: Simulator, base_url: str, token_url: str, **settings: Any) -> Iterator[AccountDesk]:
    """The front of an account that a simulator lets in."""
    secrets = Secrets(
        client_secret=SecretStr(platform.client_secret),
        technical_password=SecretStr(platform.technical_password),
    )
    loop = EventLoop()
    try:
        opened = open_gateway(
            account(base_url, token_url, client_id=platform.client_id, **settings), secrets, loop
        )
        try:
            yield opened
        finally:
            opened.close(grace=0.2)
    finally:
        loop.close()


def afnor(platform: Simulator, listener: Listener, version: str) -> Any:
    platform.switch(api_version=version)
    return desk(platform, f"{listener.url}/flow-service", f"{listener.url}/token", api_version=version)


def chorus(platform: Simulator, listener: Listener, **settings: Any) -> Any:
    return desk(
        platform,
        f"{listener.url}/cpro",
        f"{listener.url}/token",
        gateway="chorus-pro",
        technical_account=platform.technical_account,
        **settings,
    )


def invoice_parcel(folder: Path, content: bytes = INVOICE, syntax: Syntax = Syntax.UBL) -> Parcel:
    document = Document(
        family=Family.INVOICE,
        syntax=syntax,
        kind="ubl-invoice",
        number="FA1",
        profile="urn:cen.eu:en16931:2017",
    )
    return parcel(folder, content=content, document=document)


def deliver(opened: AccountDesk, wanted: Parcel) -> Any:
    """The answer to one deposit."""
    courier = opened.courier()
    courier.hand_over([wanted])
    ((_, answer),) = courier.answers(5.0)
    return answer


def form_of(seen: Seen) -> Mapping[str, Part]:
    return read_form(seen.headers["content-type"], seen.body)


# --------------------------------------------------------------------------- XP Z12-013 Flow
@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    ("syntax", "media"), [(Syntax.UBL, "application/xml"), (Syntax.FACTUR_X, "application/pdf")]
)
def test_a_deposit_is_the_form_of_the_contract_and_so_is_its_receipt(
    platform: Simulator, listener: Listener, tmp_path: Path, version: str, syntax: Syntax, media: str
) -> None:
    wanted = invoice_parcel(tmp_path, syntax=syntax)
    with afnor(platform, listener, version) as opened:
        answer = deliver(opened, wanted)
    assert isinstance(answer, Received)
    seen = listener.one("/v1/flows")
    assert (seen.method, seen.status) == ("POST", 202)
    assert seen.headers["authorization"].startswith("Bearer ")
    UUID(seen.headers[REQUEST_ID[version]])
    assert (set(REQUEST_ID.values()) - {REQUEST_ID[version]}).isdisjoint(seen.headers)
    form = form_of(seen)
    assert list(form) == ["flowInfo", "file"]
    assert (form["flowInfo"].content_type, form["file"].content_type) == ("application/json", media)
    assert form["file"].content == INVOICE
    info = INFO[version].model_validate_json(form["flowInfo"].content)
    assert info.model_dump(exclude_none=True) == {
        "name": wanted.name,
        "trackingId": wanted.tracking_id,
        "flowSyntax": syntax.value,
        "flowProfile": "CIUS",
        "sha256": sha256(INVOICE).hexdigest(),
    }
    receipt = RECEIPT[version].model_validate_json(seen.answer)
    assert info.model_dump(exclude_none=True).items() <= receipt.model_dump(exclude_none=True).items()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_look_up_a_poll_and_a_flow_are_as_the_contract_has_them(
    platform: Simulator, listener: Listener, tmp_path: Path, version: str
) -> None:
    wanted = invoice_parcel(tmp_path)
    platform.faults({"on": "submit", "do": "ack-error", "reason_code": "InvalidSchema"})
    with afnor(platform, listener, version) as opened:
        received = deliver(opened, wanted)
        ((_, found),) = opened.courier().look_up([wanted])
        opened.poll(None, wanted.started_at, 3600.0)
        told = opened.acknowledgement(received.flow_id)
    assert isinstance(found, Found)
    assert told is not None
    searches = [seen for seen in listener.seen if seen.path.endswith("/search")]
    asked = [models.Search.model_validate_json(seen.body) for seen in searches]
    assert [search.limit for search in asked] == [100, 100]
    assert asked[0].where.trackingId == wanted.tracking_id
    assert asked[1].where.updatedAfter is not None
    assert asked[1].where.flowDirection == ["Out", "In"]
    for seen in searches:
        assert seen.headers["content-type"] == "application/json"
        FOUND[version].model_validate_json(seen.answer)
    metadata = listener.one(f"/v1/flows/{received.flow_id}")
    assert (metadata.method, metadata.path.partition("?")[2]) == ("GET", "docType=Metadata")
    flow = models.Flow11.model_validate(
        FLOW[version].model_validate_json(metadata.answer).model_dump(exclude={"name"}, exclude_none=True)
    )
    assert flow.acknowledgement.status == "Error"
    assert [detail.reasonCode for detail in flow.acknowledgement.details] == ["InvalidSchema"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/flow-service/v1/flows/search", b"{}", 400),
        ("/flow-service/v1/flows/nowhere", None, 404),
        ("/flow-service/v1/flows/nowhere?docType=Converted", None, 400),
    ],
)
def test_errors_are_as_the_contract_has_them(
    platform: Simulator, path: str, body: bytes | None, status: int
) -> None:
    caller = Caller(platform.base_url).authorize()
    reply = caller.send("POST" if body else "GET", path, body, caller.bearer)
    assert reply.status == status
    models.Error.model_validate_json(reply.body)


# --------------------------------------------------------------------------- OAuth2
def test_a_token_is_asked_for_and_given_as_rfc_6749_has_it(
    platform: Simulator, listener: Listener, tmp_path: Path
) -> None:
    with afnor(platform, listener, "1.2") as opened:
        deliver(opened, invoice_parcel(tmp_path))
    seen = listener.one("/token")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    pair = f"{platform.client_id}:{platform.client_secret}".encode()
    assert seen.headers["authorization"] == f"Basic {base64.b64encode(pair).decode()}"
    assert parse_qs(seen.body.decode()) == {"grant_type": ["client_credentials"]}
    models.Token.model_validate_json(seen.answer)


def test_piste_is_asked_for_a_token_in_the_body_and_answers_a_wrong_secret_with_400(
    platform: Simulator, listener: Listener, tmp_path: Path
) -> None:
    with chorus(platform, listener) as opened:
        deliver(opened, invoice_parcel(tmp_path))
    seen = listener.one("/token")
    assert "authorization" not in seen.headers
    assert parse_qs(seen.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": [platform.client_id],
        "client_secret": [platform.client_secret],
        "scope": ["openid"],
    }
    models.Token.model_validate_json(seen.answer)
    refused = Caller(platform.base_url).ask_token(client_secret="wrong")
    assert refused.status == 400
    assert models.TokenError.model_validate_json(refused.body).error == "invalid_client"


# --------------------------------------------------------------------------- Chorus Pro
def test_a_deposit_at_chorus_pro_its_report_and_its_search_are_as_the_contract_has_them(
    platform: Simulator, listener: Listener, tmp_path: Path
) -> None:
    wanted = invoice_parcel(tmp_path)
    with chorus(platform, listener) as opened:
        received = deliver(opened, wanted)
        opened.acknowledgement(received.flow_id)
        ((_, found),) = opened.courier().look_up([wanted])
    assert isinstance(found, Found)
    pair = f"{platform.technical_account}:{platform.technical_password}".encode()
    calls = [seen for seen in listener.seen if seen.path != "/token"]
    assert [seen.path for seen in calls] == [
        "/cpro/factures/v1/deposer/flux",
        "/cpro/transverses/v1/consulterCRDetaille",
        "/cpro/factures/v1/rechercher/fournisseur",
    ]
    for seen in calls:
        assert (seen.method, seen.status) == ("POST", 200)
        assert seen.headers["content-type"] == "application/json;charset=utf-8"
        assert seen.headers["cpro-account"] == base64.b64encode(pair).decode()
    deposit = models.ChorusDeposit.model_validate(calls[0].asked)
    assert (deposit.fichierFlux, deposit.nomFichier) == (INVOICE, wanted.name)
    receipt = models.ChorusReceipt.model_validate_json(calls[0].answer)
    question = models.ReportQuestion.model_validate(calls[1].asked)
    assert question.numeroFluxDepot == receipt.numeroFluxDepot == received.flow_id
    assert models.ChorusReport.model_validate_json(calls[1].answer).etatCourantDepotFlux == "IN_INTEGRE"
    search = models.SupplierSearch.model_validate(calls[2].asked)
    assert search.numeroFacture == "FA1"
    assert search.periodeDateDepotDu is not None
    assert search.periodeDateDepotAu is not None
    assert search.periodeDateDepotDu < search.periodeDateDepotAu
    listed = models.SupplierFound.model_validate_json(calls[2].answer)
    assert [one.numeroFluxDepot for one in listed.listeFactures] == [received.flow_id]


def test_what_is_asked_about_statuses_at_chorus_pro_is_as_the_contract_has_it(
    platform: Simulator, listener: Listener, tmp_path: Path
) -> None:
    wanted = invoice_parcel(tmp_path)
    with chorus(platform, listener, read_statuses=True) as opened:
        received = deliver(opened, wanted)
        platform.pass_on(received.flow_id, "MANDATEE", "Bon a payer")
        page = opened.poll(None, wanted.started_at, 3600.0)
    assert [each.given.words for each in page.incoming if each.given] == ["DEPOSEE", "MANDATEE"]
    search = listener.one("/rechercher/fournisseur")
    since = models.SupplierSearch.model_validate(search.asked).periodeDateHeureEtatCourantDu
    assert since is not None
    (listed,) = models.SupplierFound.model_validate_json(search.answer).listeFactures
    history = listener.one("/consulter/historique")
    assert models.HistoryQuestion.model_validate(history.asked).idFacture == listed.identifiantFactureCPP
    told = models.HistoryTold.model_validate_json(history.answer)
    assert told.statutCourantCode == listed.statut == "MANDATEE"


@pytest.mark.parametrize("status", [200, 400])
def test_H05_a_refusal_of_chorus_pro_is_a_return_code_whatever_the_status(
    platform: Simulator, listener: Listener, tmp_path: Path, status: int
) -> None:
    platform.faults(
        {"on": "submit", "do": "return-code", "status": status, "message": "GDP_MSG_11.022 : trop"}
    )
    with chorus(platform, listener) as opened:
        answer = deliver(opened, invoice_parcel(tmp_path))
    assert isinstance(answer, Refused)
    assert [problem.code for problem in answer.problems] == ["GDP_MSG_11.022"]
    seen = listener.one("/deposer/flux")
    assert seen.status == status
    assert models.ChorusAnswer.model_validate_json(seen.answer).codeRetour == 20001
    assert platform.chorus_flows == ()


def test_a_call_without_a_token_is_a_400_of_the_gateway_before_chorus_pro(platform: Simulator) -> None:
    reply = Caller(platform.base_url).send("POST", "/cpro/factures/v1/deposer/flux", b"{}")
    assert reply.status == 400
    assert reply.headers["www-authenticate"].startswith("Bearer ")


# --------------------------------------------------------------------------- the models themselves
GOOD_INFO: dict[str, Any] = {"name": "FA1.xml", "flowSyntax": "UBL", "trackingId": "t", "sha256": "0" * 64}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"name": "n" * 256},
        {"trackingId": "t" * 37},
        {"flowSyntax": "ubl"},
        {"sha256": "A" * 64},
        {"flowProfile": "EN16931"},
        {"processingRule": "b2b"},
        {"flowType": "CustomerInvoice"},
    ],
)
def test_the_models_see_what_breaks_the_contract(wrong: dict[str, Any]) -> None:
    models.FlowInfo12.model_validate(GOOD_INFO)
    with pytest.raises(ValidationError):
        models.FlowInfo12.model_validate(GOOD_INFO | wrong)


def test_the_two_versions_differ_where_the_contract_does() -> None:
    nameless = {name: value for name, value in GOOD_INFO.items() if name != "name"}
    models.FlowInfo11.model_validate(nameless)
    with pytest.raises(ValidationError):
        models.FlowInfo12.model_validate(nameless)
    models.FlowInfo12.model_validate(GOOD_INFO | {"processingRule": "B2G"})
    with pytest.raises(ValidationError):
        models.FlowInfo11.model_validate(GOOD_INFO | {"processingRule": "B2G"})
    with pytest.raises(ValidationError):
        models.Search.model_validate({"where": {}})
    with pytest.raises(ValidationError):
        models.Search.model_validate({"where": {"flowId": "f"}})
