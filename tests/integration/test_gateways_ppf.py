"""The client of the public portal on a simulated one: directory, deposits, subscriptions, two versions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from connector.directory import Address, LineStatus, Reach, reach
from connector.gateways import NotOffered, PpfGateway, Secrets, connect
from connector.gateways.base import ReadFailed
from connector.gateways.channel import Channel
from connector.gateways.gate import Gate
from connector.gateways.limits import Rules
from connector.gateways.ppf_annuaire import (
    AnnuaireInDoubt,
    AnnuaireRefused,
    NewLine,
    NewRoutingCode,
    Results,
)
from connector.gateways.ppf_annuaire_words import COMPANIES, ESTABLISHMENTS, LINES, ROUTING_CODES, Query, View
from connector.gateways.ppf_flows import EREPORTING, INVOICING
from connector.model import (
    Absent,
    AckStatus,
    FetchKind,
    Found,
    Inconclusive,
    NotSent,
    Parcel,
    Received,
    Refused,
    Unknown,
)
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from connector.simulator.directory import Line
from tests.integration.gateways_servers import account, parcel
from tests.platform import platform as platform

SIREN, SIRET = "702042755", "70204275500240"
OTHER = "552100554"
TODAY = date(2026, 11, 22)
Told = TypeVar("Told")


def at(
    platform: Simulator,
    act: Callable[[PpfGateway], Awaitable[Told]],
    language: str = "fr",
    version: str = "v1",
    **settings: Any,
) -> Told:
    """Do something with a client that the portal lets in."""

    async def done() -> Told:
        base_url = settings.pop("base_url", platform.ppf_url)
        own = account(
            base_url,
            platform.token_url,
            gateway="ppf",
            api_version=version,
            client_id=platform.client_id,
            technical_account=platform.technical_account,
            application_code=platform.application_code,
            **settings,
        )
        gate = Gate("portail", places=4, per_second=None, rules=Rules())
        channel = Channel(own, SecretStr(platform.client_secret), gate)
        client = PpfGateway(own, SecretStr(platform.technical_password), channel, language)
        try:
            return await act(client)
        finally:
            await client.close()

    return asyncio.run(done())


@pytest.fixture
def listed(platform: Simulator) -> Simulator:
    """A portal whose directory knows two companies, one of them with an establishment."""
    platform.list_in_directory(
        Line(address=SIREN, siren=SIREN, name="Client SA"),
        Line(address=f"{SIREN}_{SIRET}", siren=SIREN, siret=SIRET, name="Client SA", status="Upcoming"),
        Line(address=OTHER, siren=OTHER, name="Autre SARL", platform="0200"),
    )
    return platform


# --------------------------------------------------------------------------- the directory: reading
def test_each_resource_can_be_searched(listed: Simulator) -> None:
    async def found(client: PpfGateway) -> list[Results[Any]]:
        annuaire = client.annuaire
        return [
            await annuaire.search(COMPANIES, Query(where={"raisonSociale": "Client"})),
            await annuaire.search(ESTABLISHMENTS, Query(where={"siren": SIREN}, include=("siren",))),
            await annuaire.search(ROUTING_CODES, Query(where={"siret": SIRET})),
            await annuaire.search(
                LINES,
                Query(
                    where={"siren": SIREN},
                    sort=(("identifiantAdressage", "ascendant"),),
                    fields=("identifiantAdressage", "dateDebutEffet", "idInstance"),
                ),
            ),
        ]

    companies, establishments, codes, lines = at(listed, found)
    assert [(one.siren, one.name, one.state) for one in companies.items] == [(SIREN, "Client SA", "A")]
    assert [(one.siret, one.siren) for one in establishments.items] == [(SIRET, SIREN)]
    assert codes == Results(items=(), total=0, partial=False)  # 204
    assert [(one.address, one.starts) for one in lines.items] == [
        (SIREN, "2026-09-01"),
        (f"{SIREN}_{SIRET}", "2999-01-01"),
    ]
    assert all(one.instance and one.siren is None for one in lines.items)  # not asked for, not told


def test_a_search_sees_things_as_they_are_on_a_day(listed: Simulator) -> None:
    def on(day: date) -> int:
        query = Query(where={"siren": SIREN}, observed=day)
        return len(at(listed, lambda client: client.annuaire.search(LINES, query)).items)

    assert (on(TODAY), on(date(2999, 1, 2)), on(date(2026, 8, 31))) == (1, 2, 0)


def test_206_is_read_to_its_end_or_called_a_part(listed: Simulator) -> None:
    listed.list_in_directory(*(Line(address=f"{SIREN}_S{n:02}", siren=SIREN) for n in range(25)))
    listed.switch(page_limit=10)
    query = Query(where={"siren": SIREN}, limit=20)
    one = at(listed, lambda client: client.annuaire.search(LINES, query))
    assert (len(one.items), one.total, one.partial) == (10, 25, True)
    whole = at(listed, lambda client: client.annuaire.search_all(LINES, query))
    assert (len(whole.items), whole.partial) == (25, False)
    assert len({line.address for line in whole.items}) == 25
    some = at(listed, lambda client: client.annuaire.search_all(LINES, query, most=15))
    assert (len(some.items), some.partial) == (15, True)


def test_a_single_entry_is_asked_for_by_its_key_or_by_its_number(listed: Simulator) -> None:
    async def found(client: PpfGateway) -> list[Any]:
        annuaire = client.annuaire
        line = await annuaire.line(SIREN, View(observed=TODAY, include=("plateforme", "siren")))
        assert line is not None
        assert line.instance is not None
        return [
            line,
            await annuaire.by_instance(LINES, line.instance),
            await annuaire.by_instance(LINES, line.instance, ("siren",)),
            await annuaire.company(OTHER, View(fields=("siren", "raisonSociale"))),
            await annuaire.establishment(SIRET, View(include=("siren",))),
            await annuaire.routing_code(SIRET, "COMPTA"),
            await annuaire.line("000000000"),
        ]

    line, again, in_part, company, establishment, code, nobody = at(listed, found)
    assert (line.platform, line.address) == ("0145", SIREN)
    assert again == line
    assert (in_part.siren, in_part.address, in_part.instance) == (SIREN, None, None)
    assert (company.name, establishment.siren) == ("Autre SARL", SIREN)
    assert (code, nobody) == (None, None)  # a 404 of the portal's own


@pytest.mark.parametrize(
    "query",
    [
        Query(where={"nom": "x"}),
        Query(where={"siren": SIREN}, fields=("adresse",)),
        Query(where={"siren": SIREN}, sort=(("nom", "ascendant"),)),
        Query(where={"siren": SIREN}, include=("siret",)),
        Query(where={"siren": SIREN}, limit=0),
        Query(where={"siren": SIREN}, ignore=-1),
    ],
)
def test_a_query_with_what_the_contract_does_not_have_is_never_sent(
    platform: Simulator, query: Query
) -> None:
    with pytest.raises(ValueError, match=r"known|page"):
        at(platform, lambda client: client.annuaire.search(COMPANIES, query))
    assert platform.asked("directory") == 0


@pytest.mark.parametrize("view", [View(include=("siret",)), View(fields=("adresse",))])
def test_an_entry_is_not_asked_for_with_what_the_contract_does_not_have(
    platform: Simulator, view: View
) -> None:
    with pytest.raises(ValueError, match="known"):
        at(platform, lambda client: client.annuaire.company(SIREN, view))
    assert platform.asked("directory") == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "status", "code": 403},
        {"do": "status", "code": 404, "body": "html"},  # of a proxy: it does not say that nobody is there
        {"do": "status", "code": 408},
        {"do": "status", "code": 422, "body": "problem"},
        {"do": "status", "code": 429},
        {"do": "status", "code": 501, "body": "empty"},
        {"do": "status", "code": 503, "body": "html"},
        {"do": "garbage", "what": "wrong-json"},
        {"do": "reset"},
    ],
)
def test_a_directory_in_trouble_tells_nothing_and_never_that_nobody_is_there(
    listed: Simulator, fault: dict[str, Any]
) -> None:
    questions: list[Callable[[PpfGateway], Awaitable[object]]] = [
        lambda client: client.annuaire.search(LINES, Query(where={"siren": SIREN})),
        lambda client: client.annuaire.line(SIREN),
        lambda client: client.find_recipient(Address(siren=SIREN)),
    ]
    for question in questions:
        listed.faults({"on": "directory", **fault})
        with pytest.raises(ReadFailed):
            at(listed, question)


def test_a_recipient_is_found_by_its_lines_and_their_dates(listed: Simulator) -> None:
    lines = at(listed, lambda client: client.find_recipient(Address(siren=SIREN)))
    assert [(line.address, line.status, line.platform, line.name) for line in lines] == [
        (SIREN, LineStatus.ENABLED, "approved", "Client SA"),
        (f"{SIREN}_{SIRET}", LineStatus.UPCOMING, "approved", "Client SA"),
    ]
    assert reach(lines) is Reach.REACHABLE


def test_a_recipient_with_more_lines_than_the_portal_tells_at_once_is_read_completely(
    listed: Simulator,
) -> None:
    listed.list_in_directory(*(Line(address=f"{SIREN}_S{n:03}", siren=SIREN) for n in range(120)))
    listed.switch(page_limit=50)
    assert len(at(listed, lambda client: client.find_recipient(Address(siren=SIREN)))) == 120


# --------------------------------------------------------------------------- the directory: changes
def test_a_line_is_created_changed_replaced_and_deleted(listed: Simulator) -> None:
    async def lived(client: PpfGateway) -> list[Any]:
        annuaire = client.annuaire
        told: list[Any] = []
        new = NewLine(siren=SIREN, siret=SIRET, routing_code="COMPTA", platform="0145", starts=TODAY)
        made = await annuaire.create_line(new, on_behalf_of=(SIREN, SIRET))
        assert made.instance is not None
        told.append((made.identifier, (await annuaire.line(f"{SIREN}_{SIRET}_COMPTA"))))
        await annuaire.change_line(made.instance, ends=date(2027, 1, 1))
        told.append(await annuaire.by_instance(LINES, made.instance))
        await annuaire.replace_line(made.instance, platform="0200")
        told.append(await annuaire.by_instance(LINES, made.instance))
        await annuaire.delete_line(made.instance, on_behalf_of=(SIREN,))
        told.append(await annuaire.by_instance(LINES, made.instance))
        return told

    (address, created), changed, replaced, deleted = at(listed, lived)
    assert address == created.address == f"{SIREN}_{SIRET}_COMPTA"
    assert (created.routing_code, created.starts, created.ends) == ("COMPTA", "2026-11-22", None)
    assert (changed.platform, changed.ends) == ("0145", "2027-01-01")
    assert (replaced.platform, replaced.ends) == ("0200", None)
    assert deleted is None


def test_a_routing_code_is_created_changed_and_replaced(listed: Simulator) -> None:
    async def lived(client: PpfGateway) -> list[Any]:
        annuaire = client.annuaire
        new = NewRoutingCode(siret=SIRET, code="COMPTA", label="Comptabilité", nature="Privé", scheme="0224")
        made = await annuaire.create_routing_code(new)
        assert made.instance is not None
        first = await annuaire.routing_code(SIRET, "COMPTA")
        await annuaire.change_routing_code(made.instance, label="Achats")
        second = await annuaire.by_instance(ROUTING_CODES, made.instance)
        await annuaire.replace_routing_code(made.instance, label="Fermé", state="F", scheme="0088")
        return [first, second, await annuaire.routing_code(SIRET, "COMPTA")]

    first, second, third = at(listed, lived)
    assert (first.label, first.scheme, first.state) == ("Comptabilité", "0224", "A")
    assert (second.label, second.scheme) == ("Achats", "0224")
    assert (third.label, third.scheme, third.state) == ("Fermé", "0088", "F")


@pytest.mark.parametrize(
    ("language", "title"), [("fr", "Erreur de validation des données"), ("en", "The data are not valid")]
)
def test_a_refused_change_is_told_in_the_words_and_the_language_of_the_portal(
    listed: Simulator, language: str, title: str
) -> None:
    taken = NewLine(siren=SIREN, platform="0145", starts=TODAY)
    with pytest.raises(AnnuaireRefused) as refused:
        at(listed, lambda client: client.annuaire.create_line(taken), language)
    assert (refused.value.status, refused.value.title) == (422, title)
    assert "identifiantAdressage" in str(refused.value)


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "reset", "at": "after-storing"},
        {"do": "status", "code": 500},
        {"do": "status", "code": 503},
        {"do": "status", "code": 408},
        {"do": "hang"},
    ],
)
def test_a_change_whose_answer_is_lost_is_in_doubt(listed: Simulator, fault: dict[str, Any]) -> None:
    listed.faults({"on": "directory", **fault})
    new = NewLine(siren=OTHER, suffix="A", platform="0145", starts=TODAY)
    with pytest.raises(AnnuaireInDoubt):
        at(listed, lambda client: client.annuaire.create_line(new))


@pytest.mark.parametrize("fault", [{"code": 403}, {"code": 429}, {"code": 405}])
def test_a_change_that_was_not_let_in_was_not_done(listed: Simulator, fault: dict[str, Any]) -> None:
    listed.faults({"on": "directory", "do": "status", **fault})
    with pytest.raises(ReadFailed):
        at(listed, lambda client: client.annuaire.delete_line(1))
    listed.faults()
    assert at(listed, lambda client: client.annuaire.by_instance(LINES, 1)) is not None


@pytest.mark.parametrize("entry", ["", "x" * 210, "a,b", "é"])
def test_whom_a_change_is_for_must_fit_into_its_header(platform: Simulator, entry: str) -> None:
    with pytest.raises(ValueError, match="PPF-Rattachements"):
        at(platform, lambda client: client.annuaire.delete_line(1, on_behalf_of=(entry,)))


# --------------------------------------------------------------------------- deposits
def wanted(folder: Path, number: int = 1, content: bytes | None = None) -> Parcel:
    made = parcel(folder, number=number, content=content or ubl_invoice(number="FA1"))
    return replace(made, number=1_700_000_000_000 + number)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("notation", ["json", "xml"])
def test_a_deposit_is_received_found_and_followed_in_both_versions_and_notations(
    platform: Simulator, tmp_path: Path, version: str, notation: str
) -> None:
    platform.switch(ppf_answers=notation)

    async def carried(client: PpfGateway) -> list[Any]:
        received = await client.submit(invoice)
        assert isinstance(received, Received)
        page = await client.poll(None, datetime.now(UTC) - timedelta(hours=1), 0.0)
        return [
            received.flow_id,
            await client.lookup(invoice),
            [flow.flow_id for flow in page.flows],
            await client.acknowledgement(received.flow_id),
            await client.health(),
        ]

    invoice = wanted(tmp_path)
    name, found, polled, told, health = at(platform, carried, version=version)
    code = platform.application_code
    assert name == f"FFE0111A_{code}_{code}0111001700000000001"
    assert isinstance(found, Found)
    assert polled == [flow.flow_id for flow in found.flows] == [name]
    assert (told.ack, told.raw_ack) == (AckStatus.OK, "500/250")
    assert health.up
    assert [(flow.name, flow.sha256) for flow in platform.ppf_flows] == [(name, invoice.sha256)]
    assert {exchange.path.split("/")[3] for exchange in platform.exchanges if exchange.on != "token"} == {
        version
    }


def test_a_parcel_without_a_number_is_not_sent(platform: Simulator, tmp_path: Path) -> None:
    nameless = replace(wanted(tmp_path), number=None)
    assert at(platform, lambda client: client.submit(nameless)) == NotSent(reason="no-number")
    assert at(platform, lambda client: client.lookup(nameless)) == Inconclusive(reason="no-number")
    assert platform.exchanges == ()


def test_a_receipt_that_is_a_code_alone_is_looked_up(platform: Simulator, tmp_path: Path) -> None:
    platform.switch(ppf_answers="bare")
    invoice = wanted(tmp_path)
    answer = at(platform, lambda client: client.submit(invoice))
    assert isinstance(answer, Unknown)
    assert answer.reason == "unnamed"
    assert isinstance(at(platform, lambda client: client.lookup(invoice)), Found)


def test_H09_a_name_that_is_taken_proves_that_the_first_attempt_arrived(
    platform: Simulator, tmp_path: Path
) -> None:
    invoice = wanted(tmp_path)
    assert isinstance(at(platform, lambda client: client.submit(invoice)), Received)
    again = at(platform, lambda client: client.submit(invoice))
    assert isinstance(again, Unknown)
    assert again.reason == "already-exists"
    assert len(platform.ppf_flows) == 1


@pytest.mark.parametrize(("version", "meaning"), [("v1", Found), ("v2", Absent)])
def test_the_second_version_tells_whose_flow_it_is_that_has_our_name(
    platform: Simulator, tmp_path: Path, version: str, meaning: type[object]
) -> None:
    theirs, other = wanted(tmp_path), wanted(tmp_path, number=2, content=ubl_invoice(number="FA2"))
    ours = replace(other, number=theirs.number)
    at(platform, lambda client: client.submit(theirs), version=version)
    assert isinstance(at(platform, lambda client: client.lookup(theirs), version=version), Found)
    assert isinstance(at(platform, lambda client: client.lookup(ours), version=version), meaning)


@pytest.mark.parametrize(("hours", "meaning"), [(0.5, Found), (2.0, Absent)])
def test_a_flow_that_was_there_long_before_our_first_attempt_is_not_ours(
    platform: Simulator, tmp_path: Path, hours: float, meaning: type[object]
) -> None:
    invoice = wanted(tmp_path)
    at(platform, lambda client: client.submit(invoice))
    later = replace(invoice, started_at=datetime.now(UTC) + timedelta(hours=hours))
    assert isinstance(at(platform, lambda client: client.lookup(later)), meaning)


@pytest.mark.parametrize(
    ("language", "title"), [("fr", "Erreur de validation des données"), ("en", "The data are not valid")]
)
def test_H08_a_refusal_is_kept_in_the_language_of_the_settings(
    platform: Simulator, tmp_path: Path, language: str, title: str
) -> None:
    async def wrongly(client: PpfGateway) -> Any:
        client._application = "NOBODY"  # a code that the portal does not know
        return await client.submit(wanted(tmp_path))

    answer = at(platform, wrongly, language)
    assert isinstance(answer, Refused)
    assert [problem.code for problem in answer.problems] == ["IRR_CODE_APP"]
    assert answer.problems[0].message == title


def test_H13_a_look_up_trusts_no_search_that_ignores_the_name(platform: Simulator, tmp_path: Path) -> None:
    first, second = wanted(tmp_path), wanted(tmp_path, number=2)
    at(platform, lambda client: client.submit(first))
    platform.switch(ignore_tracking_filter=True)
    assert isinstance(at(platform, lambda client: client.lookup(first)), Found)
    answer = at(platform, lambda client: client.lookup(second))
    assert answer == Inconclusive(reason="filter-ignored")


def test_a_flow_that_nobody_knows_is_none_and_its_state_can_be_kept(
    platform: Simulator, tmp_path: Path
) -> None:
    invoice = wanted(tmp_path)

    async def asked(client: PpfGateway) -> list[Any]:
        await client.submit(invoice)
        name = platform.ppf_flows[0].name
        return [
            await client.acknowledgement(name.replace("1", "9")),
            await client.fetch(name, FetchKind.METADATA, tmp_path / "state", 10_000),
            await client.fetch(name, FetchKind.ORIGINAL, tmp_path / "original", 10_000),
            await client.fetch("FFE0111A_NOBODY", FetchKind.METADATA, tmp_path / "none", 10_000),
        ]

    unknown, state, original, none = at(platform, asked)
    assert unknown is None
    assert b'"statut": "500"' in state.path.read_bytes()
    assert (original.reason, none.reason) == ("no-such-kind", "not-found")
    assert [path.name for path in tmp_path.glob("*") if path.name in ("original", "none")] == []


# --------------------------------------------------------------------------- subscriptions
@pytest.mark.parametrize("notation", ["json", "xml"])
def test_a_subscription_is_made_listed_and_deleted(platform: Simulator, notation: str) -> None:
    platform.switch(ppf_answers=notation)

    async def lived(client: PpfGateway) -> list[Any]:
        subscriptions = client.subscriptions
        made = await subscriptions.create(INVOICING, "https://example.fr/cloche", token="jeton-secret")
        told = [await subscriptions.list(INVOICING), await subscriptions.list(EREPORTING)]
        await subscriptions.delete(INVOICING, made)
        await subscriptions.delete(INVOICING, made)  # gone already is as good
        return [made, *told, await subscriptions.list(INVOICING)]

    made, invoicing, ereporting, after = at(platform, lived)
    assert [(one.instance, one.address, one.events) for one in invoicing] == [
        (made, "https://example.fr/cloche", ("STATUT_FLUX",))
    ]
    assert (ereporting, after) == ((), ())


def test_a_subscription_that_the_portal_refuses_is_a_failure_with_its_words(platform: Simulator) -> None:
    with pytest.raises(ReadFailed, match="adresse"):
        at(platform, lambda client: client.subscriptions.create(INVOICING, "not an address"))
    assert platform.ppf_subscriptions == ()


# --------------------------------------------------------------------------- the page about it
PAGE = Path(__file__).parents[2] / "docs" / "ppf.md"


def test_what_the_page_shows_runs_as_it_is_shown(
    platform: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    platform.list_in_directory(Line(address="732829320", siren="732829320"))
    here = block.replace("https://api.example.com/ppf", platform.ppf_url)
    here = here.replace("https://auth.example.com/token", platform.token_url)
    for _ in range(2):
        exec(compile(here, str(PAGE), "exec"), {"__name__": "a_product"})
    said = capsys.readouterr().out
    assert "('732829320', '0145', '2026-09-01')" in said
    assert "732829320_ACHATS" in said
    assert "The data are not valid" in said  # the second time it is there already


def test_the_portal_can_be_had_of_an_account_of_the_portal_only(platform: Simulator) -> None:
    own = account(platform.base_url, platform.token_url)

    async def asked() -> None:
        async with connect(own, Secrets.of("secret")) as client:
            assert client.portal

    with pytest.raises(NotOffered):
        asyncio.run(asked())
