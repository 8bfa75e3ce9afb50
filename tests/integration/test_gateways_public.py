"""The gateways as another product uses them: what docs/gateways.md shows is run and checked as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from loguru import logger

from connector import gateways
from connector.gateways import (
    Account,
    AuthenticationFailed,
    Client,
    ConfigurationError,
    Document,
    Family,
    NotOffered,
    NotSent,
    Parcel,
    PlatformUnavailable,
    Received,
    Secrets,
    Syntax,
    Unknown,
    account_of,
    address,
    connect,
    parcel_of,
    sync,
)
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from connector.simulator.directory import Line
from tests.integration.gateways_servers import closed_port
from tests.platform import platform as platform

PAGE = Path(__file__).parents[2] / "docs" / "gateways.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
DOCUMENT = Document(family=Family.INVOICE, syntax=Syntax.UBL, kind="ubl-invoice", number="FA1")


def reached(block: str, platform: Simulator) -> str:
    """A block whose addresses are those of the simulator."""
    for shown, here in (
        ("https://api.example.com/flow-service", platform.base_url),
        ("https://api.example.com/directory-service", platform.directory_url),
        ("https://auth.example.com/token", platform.token_url),
    ):
        block = block.replace(shown, here)
    return block


def test_every_block_of_the_page_runs_as_it_is_shown(
    platform: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FA1.xml").write_bytes(ubl_invoice(number="FA1"))
    platform.list_in_directory(Line(address="732829320", siren="732829320"))
    names: dict[str, object] = {"__name__": "a_product"}
    for block in BLOCKS:
        exec(compile(reached(block, platform), str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    (flow,) = platform.flows
    assert Path("original.xml").read_bytes() == Path("FA1.xml").read_bytes()
    assert flow.flow_id in said
    assert "reachable" in said
    assert "free" in said


@pytest.mark.slow
def test_the_page_passes_a_strict_type_check_without_our_settings(tmp_path: Path) -> None:
    module = tmp_path / "a_product.py"
    module.write_text("\n".join(BLOCKS), "utf-8")
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\n", "utf-8")  # no plugin, as elsewhere
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", module.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_package_says_that_it_is_typed_and_exports_what_it_names() -> None:
    assert (Path(gateways.__file__).parents[1] / "py.typed").is_file()
    for name in gateways.__all__:
        assert getattr(gateways, name) is not None
    shown = set(re.findall(r"from connector\.gateways import (.+)", "\n".join(BLOCKS)))
    imported = {name.strip() for line in shown for name in line.split(",")}
    assert imported <= set(gateways.__all__)
    assert "connector." not in "".join(BLOCKS).replace("connector.gateways", "")  # nothing else is needed


def settings(platform: Simulator, **more: object) -> Account:
    given: dict[str, object] = {
        "name": "pa",
        "gateway": "afnor",
        "base_url": platform.base_url,
        "token_url": platform.token_url,
        "client_id": platform.client_id,
        "timeouts": {"connect": 2, "read": 2, "total": 5},
    }
    return account_of(given | more)


def parcels(folder: Path, count: int) -> list[Parcel]:
    made = []
    for number in range(count):
        path = folder / f"FA{number}.xml"
        path.write_bytes(ubl_invoice(number=f"FA{number}"))
        made.append(parcel_of(path, DOCUMENT, tracking_id=str(uuid4())))
    return made


def test_many_are_sent_at_once_and_each_arrives_once(platform: Simulator, tmp_path: Path) -> None:
    wanted = parcels(tmp_path, 60)

    async def send() -> list[object]:
        async with connect(settings(platform), Secrets.of(platform.client_secret)) as gateway:
            answers: list[object] = list(await asyncio.gather(*map(gateway.submit, wanted)))
            assert isinstance(gateway, Client)
            assert gateway.snapshot().in_flight == 0
            return answers

    answers = asyncio.run(send())
    assert all(isinstance(answer, Received) for answer in answers)
    assert sorted(flow.sha256 for flow in platform.flows) == sorted(parcel.sha256 for parcel in wanted)


def test_H02_what_is_in_doubt_is_found_by_a_look_up(platform: Simulator, tmp_path: Path) -> None:
    (parcel,) = parcels(tmp_path, 1)
    platform.faults({"on": "submit", "do": "store-then-status", "code": 502, "times": 1})
    with sync.connect(settings(platform), Secrets.of(platform.client_secret)) as gateway:
        assert isinstance(gateway.submit(parcel), Unknown)
        found = gateway.lookup(parcel)
    assert [flow.flow_id for flow in getattr(found, "flows", ())] == [platform.flows[0].flow_id]


def test_a_deposit_that_is_cancelled_is_in_doubt_and_keeps_no_other_from_trying(
    platform: Simulator, tmp_path: Path
) -> None:
    first, second = parcels(tmp_path, 2)
    account = settings(platform, breaker_failures=1, breaker_pause=0.05)
    platform.faults({"on": "submit", "do": "status", "code": 500, "times": 1}, {"on": "submit", "do": "hang"})

    async def send() -> object:
        async with connect(account, Secrets.of(platform.client_secret)) as gateway:
            assert isinstance(await gateway.submit(first), Unknown)
            while gateway.snapshot().way != "probe":  # half open: one may try
                await asyncio.sleep(0.01)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(gateway.submit(first), 0.3)
            platform.faults()
            return await gateway.submit(second)

    assert isinstance(asyncio.run(send()), Received)
    assert len(platform.flows) == 1


def test_H01_nobody_there_is_certainly_not_sent_and_a_question_says_so(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{closed_port()}"
    account = account_of(
        {"name": "pa", "gateway": "afnor", "base_url": nowhere, "token_url": nowhere, "client_id": "c"}
    )
    (parcel,) = parcels(tmp_path, 1)
    with sync.connect(account, Secrets.of("a secret")) as gateway:
        assert isinstance(gateway.submit(parcel), NotSent)
        with pytest.raises(PlatformUnavailable) as caught:
            gateway.acknowledgement("F1")
        assert caught.value.reason == "token"  # where every question begins


def test_H06_a_wrong_secret_is_told_without_it(platform: Simulator) -> None:
    said: list[str] = []
    sink = logger.add(said.append, level="DEBUG")
    try:
        wrong = Secrets.of("wr0ng-secret")
        with (
            sync.connect(settings(platform), wrong) as gateway,
            pytest.raises(AuthenticationFailed) as caught,
        ):
            gateway.acknowledgement("F1")
    finally:
        logger.remove(sink)
    assert caught.value.reason == "token-refused"
    assert "wr0ng-secret" not in "".join(said) + str(caught.value) + repr(Secrets.of("wr0ng-secret"))


def test_what_an_account_cannot_be_asked_is_told_apart_from_trouble(platform: Simulator) -> None:
    with sync.connect(settings(platform), Secrets.of(platform.client_secret)) as gateway:
        with pytest.raises(NotOffered, match="directory_url") as caught:
            gateway.find_recipient(address("732829320"))
        assert gateway.snapshot().way == "free"
    assert caught.value.reason == "no-directory"


def test_nothing_is_read_from_the_environment(platform: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", platform.client_secret)
    monkeypatch.setenv("CONNECTOR_ACCOUNT__PA__BASE_URL", "http://127.0.0.1:9")
    with sync.connect(settings(platform), Secrets.of("another")) as gateway:
        assert gateway.health().reason == "token-refused"
    with sync.connect(settings(platform), Secrets.of(platform.client_secret)) as gateway:
        assert gateway.health().up


def test_faults_of_settings_are_told_one_by_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        account_of({"name": "PA!", "gateway": "fax", "base_ulr": "x"})
    told = "\n".join(caught.value.findings)
    for key in ("name", "gateway", "base_ulr", "base_url", "token_url", "client_id"):
        assert key in told
    chorus = account_of(
        {
            "name": "chorus",
            "gateway": "chorus-pro",
            "base_url": "https://api.example.com/cpro",
            "token_url": "https://auth.example.com/token",
            "client_id": "c",
            "technical_account": "TECH_1_1@cpro.fr",
        }
    )
    with pytest.raises(ConfigurationError, match="technical account"), sync.connect(chorus, Secrets.of("s")):
        pass


@pytest.mark.parametrize("tracking_id", ["", "x" * 37])
def test_a_tracking_id_that_no_platform_takes_is_refused_here(tmp_path: Path, tracking_id: str) -> None:
    (tmp_path / "FA1.xml").write_bytes(b"<Invoice/>")
    with pytest.raises(ValueError, match="36 characters"):
        parcel_of(tmp_path / "FA1.xml", DOCUMENT, tracking_id=tracking_id)


def test_a_pause_that_a_platform_asked_for_goes_on_in_the_next_process(platform: Simulator) -> None:
    platform.faults({"on": "flow", "do": "status", "code": 429, "retry_after": 600, "times": 1})
    account, secrets = settings(platform), Secrets.of(platform.client_secret)
    with sync.connect(account, secrets) as gateway:
        with pytest.raises(PlatformUnavailable):
            gateway.acknowledgement("F1")
        standing = gateway.standing()
    assert standing.way == "rate"
    with sync.connect(account, secrets, standing=standing) as gateway:
        with pytest.raises(PlatformUnavailable) as caught:
            gateway.acknowledgement("F1")
        assert caught.value.reason == "rate"
    assert platform.asked("flow") == 1


def test_the_import_needs_no_home_no_folder_and_no_configuration(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import connector.gateways as g; print(g.connect)"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
