"""The same journey at every gateway and version, in every trouble of `tests.gateway_table`.

Files in, results out, through the whole service. While a trouble lasts no file is called refused or held;
once it is over, everything comes to its end. Then the invariants hold: every file is kept with its bytes, no
content was deposited twice, each file has one result, and only what nobody can know is held.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connector.model import Job, Outcome, State
from connector.samples.parties import BUYER
from connector.samples.ubl import ubl_invoice
from connector.service import Service
from connector.settings import load
from connector.simulator import Simulator, Switches
from connector.simulator.directory import Line
from connector.wiring import assembled
from tests.gateway_table import AFNOR, CELLS, CHORUS, GATEWAYS, PPF, TABLE, Row
from tests.platform import Caller, Reply, form
from tests.setup_tree import SECRET, Tree, assert_traceable, plant, visible

ACCOUNTS = {
    "afnor 1.1": "pa-11",
    "afnor 1.2": "pa",
    "chorus-pro": "chorus",
    "ppf v1": "portail-1",
    "ppf v2": "portail-2",
}
SIRET = f"{BUYER}00012"  # of the public buyer; its check digit is only warned of in a test system
ROUTES = {
    "afnor 1.1": "ventes-11",
    "afnor 1.2": "ventes",
    "chorus-pro": "ventes-publiques",
    "ppf v1": "portail-1",
    "ppf v2": "portail-2",
}
REFUSED = {"Error", "IN_REJETE", "IN_INCIDENTE", "501", "500/251", "500/301", "500/601"}
OVER = REFUSED | {"Ok", "IN_INTEGRE", "IN_INTEGRE_PARTIEL", "500/250", "500/300"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTree(Tree):
    """One route of a tree that has several."""

    route: str

    @property
    def root(self) -> Path:
        return self.folder / self.route

    def jobs(self) -> list[Job]:
        return [job for job in Tree.jobs(self) if job.route == self.route]

    def outcomes(self) -> dict[str, Outcome | None]:
        """Invoice number → what became of it."""
        return {job.name.decode().removesuffix(".xml"): job.outcome for job in self.jobs()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A flow as the ledger of a platform has it."""

    flow_id: str
    sha256: str
    state: str  # AFNOR: status of the acknowledgement; PPF: of the flow, and of what is in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One gateway's part of a row that has been played."""

    tree: RouteTree
    dropped: tuple[str, ...]  # SHA-256
    meanwhile: Mapping[str, Outcome | None]  # outcomes while the trouble lasted
    deposits: tuple[Deposit, ...]  # ours, not those of others
    asked: Mapping[str, int]  # endpoint → how often


# --------------------------------------------------------------------------- playing a row
@pytest.fixture(scope="module")
def platforms() -> Iterator[Mapping[str, Simulator]]:
    """A platform for each gateway: what one is told to do must not be used up by another."""
    with ExitStack() as stack:
        yield {gateway: stack.enter_context(Simulator()) for gateway in GATEWAYS}


@pytest.fixture(scope="module")
def played(
    platforms: Mapping[str, Simulator], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Mapping[str, Cell]]:
    """Plays a row of the table, once for all its gateways."""

    @cache
    def play_once(name: str) -> Mapping[str, Cell]:
        with pytest.MonkeyPatch.context() as environment:
            return play(TABLE[name], platforms, tmp_path_factory.mktemp("row"), environment)

    return play_once


def play(
    row: Row, platforms: Mapping[str, Simulator], folder: Path, environment: pytest.MonkeyPatch
) -> Mapping[str, Cell]:
    tree = plant_all(folder, platforms, row)
    technical = platforms["chorus-pro"].technical_password
    trees = {gateway: RouteTree(folder=folder, route=ROUTES[gateway]) for gateway in row.gateways}
    others: set[str] = set()
    dropped = {}
    for gateway, route in trees.items():
        platform = platforms[gateway]
        platform.reset()
        behave(platform, gateway)
        if row.known:
            deposit_from_elsewhere(platform, gateway, invoice(gateway, row.files[0]))
        others |= {deposit.flow_id for deposit in deposits(platform, gateway)}
        dropped[gateway] = tuple(
            route.drop(f"{number}.xml", invoice(gateway, number)) for number in row.files
        )
        platform.switch(**row.switches)
        platform.faults(*map(dict, row.rules))
    know_secrets(environment, row.secret or SECRET, row.password or technical)
    left = serve(tree, 0.8 if row.lasting else 8.0)
    assert bool(left) is row.lasting  # what ends by itself needs nobody
    meanwhile = {gateway: route.outcomes() for gateway, route in trees.items()}
    if left:
        for gateway in trees:
            behave(platforms[gateway], gateway)
            acknowledge_the_rest(platforms[gateway], gateway)
        know_secrets(environment, SECRET, technical)
        assert serve(tree, 6.0) == 0  # I9: without trouble everything comes to an end
    assert_traceable(tree)
    assert_without_technical_password(tree, platforms["chorus-pro"])  # that of the portal is the same
    return {
        gateway: Cell(
            tree=route,
            dropped=dropped[gateway],
            meanwhile=meanwhile[gateway],
            deposits=tuple(one for one in deposits(platforms[gateway], gateway) if one.flow_id not in others),
            asked=Counter(exchange.on for exchange in platforms[gateway].exchanges),
        )
        for gateway, route in trees.items()
    }


def plant_all(folder: Path, platforms: Mapping[str, Simulator], row: Row) -> Tree:
    """One set-up with an account and a route for each gateway."""

    def account(at: str, **own: Any) -> dict[str, Any]:
        platform = platforms[at]
        base_url = platform.base_url
        if at in CHORUS + PPF:
            base_url = platform.chorus_url if at in CHORUS else platform.ppf_url
        given = {"base_url": base_url, "token_url": platform.token_url} | own
        if at in AFNOR:
            given["directory_url"] = platform.directory_url
        return given | {"timeouts": {"read": 0.7, "total": 1.5}} | dict(row.account)

    technical = platforms["chorus-pro"].technical_account
    return plant(
        folder,
        account=account("afnor 1.2", api_version="1.2", token_auth="basic"),
        more_accounts={
            ACCOUNTS["afnor 1.1"]: account(
                "afnor 1.1", gateway="afnor", api_version="1.1", token_auth="body"
            ),
            ACCOUNTS["chorus-pro"]: account(
                "chorus-pro",
                gateway="chorus-pro",
                technical_account=technical,
                max_per_second=200.0,
                ask_after=0.1,
            ),
        }
        | {
            ACCOUNTS[name]: account(
                name,
                gateway="ppf",
                api_version=name.removeprefix("ppf "),
                technical_account=technical,
                application_code=platforms[name].application_code,
                max_per_second=200.0,
            )
            for name in PPF
        },
        route={"recipient_check": row.check},
        more_routes={
            ROUTES[name]: {
                "account": ACCOUNTS[name],
                "recipient_check": "off" if name in CHORUS else row.check,  # asked about by default there
            }
            for name in ACCOUNTS
            if name != "afnor 1.2"
        },
        top={"workers": {"count": 1}},
    )


def behave(platform: Simulator, gateway: str) -> None:
    """End all trouble. Duplicates are accepted: the platform does not shield us from sending twice."""
    platform.faults()
    own = {"api_version": "1.1" if gateway == "afnor 1.1" else "1.2", "duplicates": "accept"}
    own["ppf_answers"] = "xml" if gateway == "ppf v1" else "json"
    platform.switch(**Switches().model_dump() | own)
    platform.list_in_directory(Line(address=BUYER, siren=BUYER))


def acknowledge_the_rest(platform: Simulator, gateway: str) -> None:
    """Give the flows that have come to no end a good one."""
    for deposit in deposits(platform, gateway):
        if deposit.state not in OVER and gateway in CHORUS:
            platform.decide(deposit.flow_id, "IN_INTEGRE")
        elif deposit.state not in OVER and gateway in PPF:
            platform.decide_ppf(deposit.flow_id, "250")
        elif deposit.state not in OVER:
            platform.acknowledge(deposit.flow_id, "Ok")


def know_secrets(environment: pytest.MonkeyPatch, secret: str, password: str) -> None:
    for account in ACCOUNTS.values():
        name = account.upper().replace("-", "_")
        environment.setenv(f"CONNECTOR_{name}_CLIENT_SECRET", secret)
        environment.setenv(f"CONNECTOR_{name}_TECHNICAL_PASSWORD", password)


def serve(tree: Tree, follow_for: float) -> int:
    """A whole run in this process; how many jobs are left."""
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for).left


@cache
def invoice(gateway: str, number: str) -> bytes:
    """A valid invoice of a number that no other route has; FA12 is long, so that its upload has a middle."""
    padding = b"<!--" + b"-  " * 20_000 + b"-->" if number == "FA12" else b""
    siret = SIRET if gateway in CHORUS else None
    return ubl_invoice(number=f"{ROUTES[gateway]}/{number}", buyer_siret=siret) + padding


def deposits(platform: Simulator, gateway: str) -> tuple[Deposit, ...]:
    """The ledger of a platform, in the order of deposit."""
    if gateway in CHORUS:
        return tuple(
            Deposit(flow_id=flow.number, sha256=flow.sha256, state=flow.state)
            for flow in platform.chorus_flows
        )
    if gateway in PPF:
        return tuple(
            Deposit(flow_id=flow.name, sha256=flow.sha256, state=flow.state) for flow in platform.ppf_flows
        )
    return tuple(
        Deposit(flow_id=flow.flow_id, sha256=flow.sha256, state=flow.acknowledgement.status)
        for flow in platform.flows
    )


def deposit_from_elsewhere(platform: Simulator, gateway: str, content: bytes) -> None:
    """Another program deposits an invoice, without any tracking id."""
    caller, name = Caller(platform.base_url).authorize(), "other.xml"
    if gateway in AFNOR:
        body = form({"name": name, "flowSyntax": "UBL"}, content)
        assert caller.post_form(body).status == 202
        return
    pair = f"{platform.technical_account}:{platform.technical_password}".encode()
    if gateway in PPF:
        headers = caller.bearer | {"ppf-account": base64.b64encode(pair).decode()}
        assert deposit_at_portal(platform, caller, content, headers).status == 201
        return
    told = {
        "fichierFlux": base64.b64encode(content).decode(),
        "nomFichier": name,
        "syntaxeFlux": "IN_DP_E1_UBL_INVOICE",
        "avecSignature": False,
    }
    headers = caller.bearer | {"cpro-account": base64.b64encode(pair).decode()}
    path = "/cpro/factures/v1/deposer/flux"
    assert caller.send("POST", path, json.dumps(told).encode(), headers).json["codeRetour"] == 0


def deposit_at_portal(platform: Simulator, caller: Caller, content: bytes, headers: dict[str, str]) -> Reply:
    """An envelope as another program makes it: compressed, and with a number of its own."""
    code, packed = platform.application_code, io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as envelope:
        entry = tarfile.TarInfo("Full_other.xml")
        entry.size = len(content)
        envelope.addfile(entry, io.BytesIO(content))
    name = f"FFE0111A_{code}_{code}0111000000000000001.tar.gz"
    told = {"Content-Type": "application/gzip", "Content-Disposition": f'attachment; filename="{name}"'}
    return caller.send("POST", "/ppf/facturation/v1/flux", packed.getvalue(), headers | told)


# --------------------------------------------------------------------------- what must hold
def assert_without_technical_password(tree: Tree, platform: Simulator) -> None:
    pair = f"{platform.technical_account}:{platform.technical_password}".encode()
    for path in tree.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert platform.technical_password.encode() not in content, path
        assert base64.b64encode(pair) not in content, path


def assert_kept_once(cell: Cell) -> None:
    """I1 to I6: nothing lost, nothing deposited twice, one result a file, and nothing left lying about."""
    tree, jobs = cell.tree, cell.tree.jobs()
    assert {job.state for job in jobs} <= {State.DONE, State.HELD}
    held = [job for job in jobs if job.state is State.HELD]
    assert Counter(cell.dropped) == tree.archived() + Counter(job.sha256 for job in held)
    assert max(Counter(one.sha256 for one in cell.deposits).values(), default=0) <= 1
    taken = {one.flow_id: one.sha256 for one in cell.deposits if one.state not in REFUSED}
    accepted = [job for job in jobs if job.outcome is Outcome.ACCEPTED]
    assert all(taken[job.flow_id or ""] == job.sha256 for job in accepted)
    results = {result["id"]: result["outcome"] for result in tree.results()}
    assert len(results) == len(tree.results())
    assert results == {job.id: str(job.outcome) for job in jobs}
    assert visible(tree.inbox) == []
    assert {path.name[:24] for path in (tree.root / ".work").iterdir()} == {job.id for job in held}
    assert list((tree.outbox / ".staging").iterdir()) == []


@pytest.mark.parametrize(("trouble", "gateway"), CELLS)
def test_every_file_comes_to_its_end_once_in(
    played: Callable[[str], Mapping[str, Cell]], trouble: str, gateway: str
) -> None:
    row, cell = TABLE[trouble], played(trouble)[gateway]
    came = cell.tree.outcomes()
    assert {number: str(came[number]) for number in row.ends} == dict(row.ends)
    rest = Counter(str(outcome) for number, outcome in came.items() if number not in row.ends)
    one_held = 1 if gateway in row.one_held else 0
    wanted = Counter({"accepted": len(row.files) - len(row.ends) - one_held, "held": one_held})
    assert rest == +wanted
    if row.lasting:
        assert set(cell.meanwhile.values()) <= {None, Outcome.ACCEPTED}
        assert None in cell.meanwhile.values()
    assert all(cell.asked.get(endpoint, 0) >= least for endpoint, least in row.asked.items())
    assert_kept_once(cell)
