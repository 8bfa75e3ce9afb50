"""Our requests to the public portal and the simulator's answers, held against `tests.gateway_models_ppf`.

What is no request of the contract is refused by the simulated portal, in either language.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from pydantic import BaseModel
from pytest_httpserver import HTTPServer

from connector.gateways import PpfGateway
from connector.gateways.ppf_annuaire import NewLine, NewRoutingCode
from connector.gateways.ppf_annuaire_words import COMPANIES, LINES, Query, View
from connector.gateways.ppf_flows import INVOICING
from connector.simulator import Simulator
from connector.simulator.directory import Line
from tests import gateway_models_ppf as models
from tests.integration.gateways_servers import flow_server
from tests.integration.test_gateways_ppf import SIREN, SIRET, at, wanted
from tests.integration.test_simulator_contract_models import Listener, Seen
from tests.platform import Caller, Reply
from tests.platform import platform as platform

RECEIPT: Mapping[str, type[BaseModel]] = {"v1": models.FlowReceipt, "v2": models.FlowReceipt2}
STATE: Mapping[str, type[BaseModel]] = {"v1": models.FlowState, "v2": models.FlowState2}
FOUND: Mapping[str, type[BaseModel]] = {"v1": models.FlowsFound, "v2": models.FlowsFound2}
LISTS = {"resultats", "objets", "motifs"}


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with flow_server() as opened:
        yield opened


@pytest.fixture(scope="module")
def portal() -> Iterator[Simulator]:
    """A portal that is only asked for what it refuses."""
    with Simulator() as running:
        yield running


@pytest.fixture
def listener(server: HTTPServer, platform: Simulator) -> Listener:
    return Listener(server, platform)


def told(seen: Seen, notation: str) -> Any:
    """An answer as plain values, the types of XML as those of JSON."""
    if notation == "json":
        return json.loads(seen.answer)
    read = plain(etree.fromstring(seen.answer))
    if "nombre_total_resultats" in read:
        read["nombre_total_resultats"] = int(read["nombre_total_resultats"])
    return read


def plain(element: etree._Element) -> Any:
    if not len(element):
        return element.text or ""
    read: dict[str, Any] = {}
    for part in element:
        if part.tag in LISTS:
            read.setdefault(str(part.tag), []).append(plain(part))
        else:
            read[str(part.tag)] = plain(part)
    return read


def models_of(seen: list[Seen], method: str, end: str) -> list[Seen]:
    return [one for one in seen if one.method == method and one.path.partition("?")[0].endswith(end)]


# --------------------------------------------------------------------------- flows
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("notation", ["json", "xml"])
def test_a_deposit_a_look_up_a_poll_and_a_state_are_as_the_model_has_them(
    platform: Simulator, listener: Listener, tmp_path: Path, version: str, notation: str
) -> None:
    platform.switch(ppf_answers=notation)
    platform.faults({"on": "submit", "do": "ack-error", "reason_code": "REJ_SEMAN"})
    invoice = wanted(tmp_path)

    async def carried(client: PpfGateway) -> None:
        received = await client.submit(invoice)
        await client.lookup(invoice)
        await client.poll(None, datetime.now(UTC) - timedelta(hours=1), 0.0)
        await client.acknowledgement(getattr(received, "flow_id", ""))

    at(platform, carried, "en", version, base_url=f"{listener.url}/ppf")
    pair = f"{platform.technical_account}:{platform.technical_password}".encode()
    for seen in listener.seen:
        assert seen.headers["accept-language"] == "en"
        assert seen.headers["ppf-account"] == base64.b64encode(pair).decode()
        assert seen.headers["authorization"].startswith("Bearer ")
        assert seen.path.split("/")[3] == version
    deposit = listener.one(f"/facturation/{version}/flux")
    assert (deposit.method, deposit.status) == ("POST", 201)
    assert deposit.headers["content-type"] == "application/gzip"
    receipt = RECEIPT[version].model_validate(told(deposit, notation)).model_dump()
    assert deposit.headers["content-disposition"] == f'attachment; filename="{receipt["nomFlux"]}.tar.gz"'
    with tarfile.open(fileobj=io.BytesIO(deposit.body), mode="r:gz") as packed:
        (inner,) = packed.getmembers()
        opened = packed.extractfile(inner)
        assert opened is not None
        assert (inner.name, opened.read()) == ("Full_FA-1__00000001.xml", invoice.path.read_bytes())
    searches = [seen for seen in listener.seen if seen.path.endswith("/flux/recherche")]
    asked = [models.FlowSearch.model_validate_json(seen.body) for seen in searches]
    assert [search.filtres.nomFlux is not None for search in asked] == [True, False, False]
    answers = [FOUND[version].model_validate(told(seen, notation)) for seen in searches if seen.status == 200]
    assert len(answers) == 2
    assert [seen.status for seen in searches] == [200, 200, 204]  # nothing in e-reporting
    state = models.FlowState.model_validate(
        STATE[version]
        .model_validate(told(listener.seen[-1], notation))
        .model_dump(exclude={"empreinte"}, mode="json")
    )
    assert (state.statut, [one.statut for one in state.objets]) == ("500", ["251"])
    assert [motif.code for motif in state.objets[0].motifs] == ["REJ_SEMAN"]


def test_a_subscription_is_as_the_model_has_it(platform: Simulator, listener: Listener) -> None:
    async def lived(client: PpfGateway) -> None:
        made = await client.subscriptions.create(INVOICING, "https://example.fr/cloche", token="t")
        await client.subscriptions.delete(INVOICING, made)

    at(platform, lived, base_url=f"{listener.url}/ppf")
    made, gone = listener.seen
    assert models.Subscription.model_validate_json(made.body).jeton == "t"
    assert made.status == 201
    number = models.Subscribed.model_validate_json(made.answer).idInstance
    assert (gone.method, gone.status) == ("DELETE", 204)
    assert gone.path.endswith(f"/abonnements/id-instance:{number}")


# --------------------------------------------------------------------------- the Annuaire
def test_the_directory_is_asked_and_answers_as_its_contract_has_it(
    platform: Simulator, listener: Listener
) -> None:
    platform.list_in_directory(Line(address=SIREN, siren=SIREN, name="Client SA"))

    async def asked(client: PpfGateway) -> None:
        annuaire = client.annuaire
        query = Query(where={"siren": SIREN}, observed=date(2026, 11, 22), fields=("siren",))
        await annuaire.search(LINES, query)
        await annuaire.search(COMPANIES, Query(where={"raisonSociale": "SA"}))
        await annuaire.line(SIREN, View(include=("plateforme",)))
        await annuaire.company(SIREN)

    at(platform, asked, base_url=f"{listener.url}/ppf")
    lines, companies, line, company = listener.seen
    base = "/ppf/annuaire-public/v1"
    assert [seen.path for seen in listener.seen] == [
        f"{base}/ligne-annuaire/recherche",
        f"{base}/siren/recherche",
        f"{base}/ligne-annuaire/code:{SIREN}?inclure=plateforme",
        f"{base}/siren/code-insee:{SIREN}",
    ]
    assert {seen.headers["accept-language"] for seen in listener.seen} == {"fr"}
    assert all("ppf-account" not in seen.headers for seen in listener.seen)  # the contract has no such header
    search = models.LineSearch.model_validate_json(lines.body)
    assert search.filtres.historisation is not None
    models.LinesFound.model_validate_json(lines.answer)
    models.CompanySearch.model_validate_json(companies.body)
    assert len(models.CompaniesFound.model_validate_json(companies.answer).resultats) == 1
    assert models.LineRead.model_validate_json(line.answer).plateforme is not None
    models.CompanyRead.model_validate_json(company.answer)


def test_changes_of_the_directory_are_as_its_contract_has_them(
    platform: Simulator, listener: Listener
) -> None:
    async def changed(client: PpfGateway) -> None:
        annuaire, day = client.annuaire, date(2026, 11, 22)
        new = NewLine(siren=SIREN, suffix="A.1", platform="0145", starts=day, ends=date(2030, 1, 1))
        made = await annuaire.create_line(new, on_behalf_of=(SIREN, SIRET))
        assert made.instance is not None
        await annuaire.change_line(made.instance, platform="0200")
        await annuaire.replace_line(made.instance, platform="0200", ends=day)
        await annuaire.delete_line(made.instance)
        code = await annuaire.create_routing_code(
            NewRoutingCode(siret=SIRET, code="C", label="L", nature="Public", commitment_required=True)
        )
        assert code.instance is not None
        await annuaire.change_routing_code(code.instance, label="M")
        await annuaire.replace_routing_code(code.instance, label="N", state="F", scheme="0224")

    at(platform, changed, base_url=f"{listener.url}/ppf")
    expected: list[tuple[str, type[BaseModel], type[BaseModel], int]] = [
        ("POST", models.LineToCreate, models.LineWritten, 201),
        ("PATCH", models.LinePatch, models.LineWritten, 200),
        ("PUT", models.LinePut, models.LineWritten, 200),
        ("POST", models.CodeToCreate, models.CodeWritten, 201),
        ("PATCH", models.CodePatch, models.CodeWritten, 200),
        ("PUT", models.CodePut, models.CodeWritten, 200),
    ]
    written = [seen for seen in listener.seen if seen.method != "DELETE"]
    for seen, (method, request, answer, status) in zip(written, expected, strict=True):
        assert (seen.method, seen.status) == (method, status)
        request.model_validate_json(seen.body)
        answer.model_validate_json(seen.answer)
    assert listener.seen[0].headers["ppf-rattachements"] == f"{SIREN},{SIRET}"
    (deleted,) = models_of(listener.seen, "DELETE", ":1")
    assert (deleted.status, deleted.answer) == (204, b"")


# --------------------------------------------------------------------------- what the portal refuses
def send(
    platform: Simulator, method: str, path: str, body: Any = None, language: str = "fr", **headers: str
) -> Reply:
    caller = Caller(platform.base_url).authorize()
    pair = f"{platform.technical_account}:{platform.technical_password}".encode()
    own = caller.bearer | {
        "Accept-Language": language,
        "Content-Type": "application/json",
        "ppf-account": base64.b64encode(pair).decode(),
    }
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return caller.send(method, f"/ppf/{path}", raw, own | headers)


FLOWS, LINE = "facturation/v1/flux", "annuaire-public/v1/ligne-annuaire"
SEARCH, HOOKS = f"{LINE}/recherche", "facturation/v1/abonnements"
GZIP = "application/gzip"
OF_REPORTS = "FFE1025A_SIM001_SIM0011025000000000000001.tar.gz"
PERIOD = {"dateDebutEffet": "2026-11-22"}
ABOUT = {"siren": SIREN, "matriculePlateforme": "0145"}
NAMELESS = {"periodeEffet": PERIOD, "informationAdressage": {"siren": SIREN}}


def where(name: str, operator: str, value: str) -> dict[str, Any]:
    return {"filtres": {name: {"op": operator, "valeur": value}}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "place"),
    [
        ("POST", f"{FLOWS}/recherche", b"x", 400, "JSON"),
        ("POST", f"{FLOWS}/recherche", {}, 422, "filtres"),
        ("POST", f"{FLOWS}/recherche", where("nom", "strict", "x"), 422, "filtres.nom"),
        (
            "POST",
            f"{FLOWS}/recherche",
            where("dateMiseAJour", "depuis", "2026-11-22"),
            422,
            "filtres.dateMiseAJour",
        ),
        (
            "POST",
            f"{FLOWS}/recherche",
            where("nomFlux", "strict", "x") | {"limite": "9"},
            422,
            "limite",
        ),
        ("GET", f"{FLOWS}/FFE0111A_X", None, 404, "FFE0111A_X"),
        ("POST", SEARCH, where("siren", "contient", SIREN), 422, "filtres.siren"),
        ("POST", SEARCH, where("siren", "strict", "7"), 422, "filtres.siren"),
        ("POST", SEARCH, {"filtres": {}, "inclure": ["plateforme"]}, 422, "inclure"),
        ("POST", SEARCH, {"filtres": {}, "limite": 0}, 422, "limite"),
        ("POST", SEARCH, {"filtres": {}, "champs": ["nom"]}, 422, "champs"),
        ("POST", SEARCH, {"tris": [{"champ": "siren", "ordre": "asc"}]}, 422, "tris.ordre"),
        ("GET", f"{LINE}/code:{SIREN}?inclure=tout", None, 422, "inclure"),
        ("GET", f"{LINE}/code:{SIREN}?dateObservation=hier", None, 422, "dateObservation"),
        ("GET", f"{LINE}/code:{SIREN}", None, 404, f"code:{SIREN}"),
        ("POST", LINE, {"periodeEffet": PERIOD}, 422, "informationAdressage"),
        ("POST", LINE, NAMELESS, 422, "matriculePlateforme"),
        ("POST", LINE, {"periodeEffet": {}, "informationAdressage": ABOUT}, 422, "dateDebutEffet"),
        (
            "POST",
            LINE,
            {"periodeEffet": PERIOD, "informationAdressage": ABOUT | {"siret": "55210055400013"}},
            422,
            "informationAdressage.siret",
        ),
        ("PUT", f"{LINE}/id-instance:1", {"matriculePlateforme": "0145"}, 404, "id-instance:1"),
        ("DELETE", f"{LINE}/id-instance:1", None, 404, "id-instance:1"),
        ("POST", "annuaire-public/v1/code-routage", {"siret": SIRET}, 422, "natureEtablissement"),
        ("POST", HOOKS, {"adresse": "x", "evenements": ["STATUT_FLUX"]}, 422, "adresse"),
        ("POST", HOOKS, {"adresse": "http://x", "evenements": []}, 422, "evenements"),
    ],
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_portal_refuses_what_is_not_in_its_contract_naming_the_place(
    portal: Simulator, method: str, path: str, body: Any, status: int, place: str, language: str
) -> None:
    reply = send(portal, method, path, body, language)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    problem = models.Problem.model_validate_json(reply.body)
    assert problem.statut == status
    assert place in problem.detail
    assert problem.detail.endswith("valeur invalide" if language == "fr" else "invalid value")


def envelope(name: str = "Full_F.xml", content: bytes = b"<Invoice/>", count: int = 1) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for place in range(count):
            entry = tarfile.TarInfo(name if not place else f"{place}{name}")
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


GOOD = "FFE0111A_SIM001_SIM0010111000000000000001.tar.gz"


@pytest.mark.parametrize(
    ("name", "body", "kind", "status", "reason"),
    [
        (GOOD, envelope(), "application/xml", 415, "IRR_TYPE"),
        ("facture.tar.gz", envelope(), GZIP, 422, "IRR_NOM_F"),
        (GOOD.replace("_SIM0010111", "_ABC0010111"), envelope(), GZIP, 422, "IRR_NOM_F"),
        (OF_REPORTS, envelope(), GZIP, 422, "IRR_CODE_INTER"),
        (GOOD.replace("SIM001", "SIM009"), envelope(), GZIP, 422, "IRR_CODE_APP"),
        (GOOD, b"<Invoice/>", GZIP, 422, "IRR_EXTRAC"),
        (GOOD, envelope(count=2), GZIP, 422, "IRR_FORM"),
        (GOOD, envelope("F.xml"), GZIP, 422, "IRR_NOM_PJ"),
        (GOOD, envelope("Full_é.xml"), GZIP, 422, "IRR_NOM_PJ"),
    ],
)
def test_the_portal_refuses_a_flow_with_the_reason_of_the_dossier(
    portal: Simulator, name: str, body: bytes, kind: str, status: int, reason: str
) -> None:
    told = {"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'}
    reply = send(portal, "POST", FLOWS, body, **told)
    assert reply.status == status
    problem = models.Problem.model_validate_json(reply.body)
    assert [motif.code for motif in problem.motifs] == [reason]
    assert portal.ppf_flows == ()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "facturation/v3/flux"),
        ("PUT", "facturation/v1/flux"),
        ("GET", "annuaire-public/v1/plateformes"),
        ("DELETE", "annuaire-public/v1/code-routage/id-instance:1"),
        ("PATCH", "annuaire-public/v1/siren/id-instance:1"),
    ],
)
def test_the_portal_has_no_other_paths(portal: Simulator, method: str, path: str) -> None:
    assert send(portal, method, path, {} if method != "GET" else None).status == 404


def test_the_portal_lets_nobody_in_without_token_and_technical_account(portal: Simulator) -> None:
    assert send(portal, "GET", f"{FLOWS}/x", Authorization="Bearer x").status == 401
    assert send(portal, "GET", f"{FLOWS}/x", **{"ppf-account": "x"}).status == 401
