"""Directories asked in each language and at Chorus Pro: one answer, however it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from connector.cli import connector
from connector.cli.context import Context
from connector.directory import Address, LineStatus, Reach, address, reach
from connector.errors import NotOffered, PlatformUnavailable
from connector.gateways import AccountDesk, EventLoop, Secrets, open_gateway
from connector.settings import Account
from connector.simulator import Simulator
from connector.simulator.chorus import Structure
from connector.simulator.directory import Line
from tests.platform import platform as platform
from tests.setup_tree import SECRET, plant

SIREN, SIRET = "702042755", "70204275500240"


@contextmanager
def desk(platform: Simulator, gateway: str = "afnor", **settings: Any) -> Iterator[AccountDesk]:
    own: dict[str, Any] = {
        "name": "pa",
        "gateway": gateway,
        "base_url": platform.base_url if gateway == "afnor" else platform.chorus_url,
        "directory_url": platform.directory_url,
        "token_url": platform.token_url,
        "client_id": platform.client_id,
        "max_per_second": 500.0,
    }
    if gateway == "chorus-pro":
        own["technical_account"] = platform.technical_account
    secrets = Secrets(
        client_secret=SecretStr(platform.client_secret),
        technical_password=SecretStr(platform.technical_password),
    )
    loop = EventLoop()
    try:
        opened = open_gateway(Account.model_validate(own | settings), secrets, loop)
        yield opened
        opened.close(0.2)
    finally:
        loop.close()


def test_a_company_is_reachable_by_a_line_in_force(platform: Simulator) -> None:
    platform.list_in_directory(
        Line(address=SIREN, siren=SIREN, name="Client SA"),
        Line(address=f"{SIREN}_{SIRET}", siren=SIREN, siret=SIRET, status="Upcoming"),
        Line(address="552100554", siren="552100554"),
    )
    with desk(platform) as asked:
        lines = asked.find_recipient(Address(siren=SIREN))
    assert [(line.address, line.status) for line in lines] == [
        (SIREN, LineStatus.ENABLED),
        (f"{SIREN}_{SIRET}", LineStatus.UPCOMING),
    ]
    assert lines[0].name == "Client SA"
    assert reach(lines) is Reach.REACHABLE


def test_an_establishment_without_lines_of_its_own_is_reached_by_its_companys(platform: Simulator) -> None:
    other = "70204275500117"
    platform.list_in_directory(
        Line(address=SIREN, siren=SIREN), Line(address=f"{SIREN}_{other}", siren=SIREN, siret=other)
    )
    with desk(platform) as asked:
        assert [line.address for line in asked.find_recipient(address(SIRET))] == [SIREN]
        assert [line.address for line in asked.find_recipient(address(other))] == [f"{SIREN}_{other}"]
        assert asked.find_recipient(address(f"{SIREN}_{other}_COMPTA")) == ()


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), Reach.ABSENT),
        (("Disabled",), Reach.CLOSED),
        (("Disabled", "Upcoming"), Reach.UPCOMING),
        (("Disabled", "Upcoming", "Enabled"), Reach.REACHABLE),
    ],
)
def test_what_the_lines_of_a_recipient_say_together(
    platform: Simulator, statuses: tuple[str, ...], expected: Reach
) -> None:
    lines = (Line(address=f"{SIREN}_{n}", siren=SIREN, status=status) for n, status in enumerate(statuses))
    platform.list_in_directory(*lines)
    with desk(platform) as asked:
        assert reach(asked.find_recipient(Address(siren=SIREN))) is expected


def test_a_recipient_with_more_lines_than_a_page_is_read_completely(platform: Simulator) -> None:
    platform.list_in_directory(*(Line(address=f"{SIREN}_S{n:03}", siren=SIREN) for n in range(250)))
    with desk(platform) as asked:
        assert len(asked.find_recipient(Address(siren=SIREN))) == 250
    assert platform.asked("directory") == 3


@pytest.mark.parametrize("fault", [{"do": "status", "code": 503}, {"do": "garbage"}, {"do": "reset"}])
def test_a_directory_in_trouble_says_nothing_of_the_recipient(
    platform: Simulator, fault: dict[str, Any]
) -> None:
    platform.list_in_directory(Line(address=SIREN, siren=SIREN))
    platform.faults({"on": "directory", **fault})
    with desk(platform) as asked, pytest.raises(PlatformUnavailable):
        asked.find_recipient(Address(siren=SIREN))


def test_an_account_without_a_directory_says_so(platform: Simulator) -> None:
    with (
        desk(platform, directory_url=None) as asked,
        pytest.raises(NotOffered, match="directory_url"),
    ):
        asked.find_recipient(Address(siren=SIREN))


def test_chorus_pro_tells_what_a_public_recipient_wants(platform: Simulator) -> None:
    platform.know_structures(Structure(number=7, siret=SIRET, name="Ville", service_required=True))
    with desk(platform, "chorus-pro") as asked:
        (line,) = asked.find_recipient(address(SIRET))
        assert (line.name, line.service_required, line.commitment_required) == ("Ville", True, False)
        assert asked.find_recipient(address("55210055400013")) == ()
        with pytest.raises(NotOffered, match="SIRET"):
            asked.find_recipient(address(SIREN))


# --------------------------------------------------------------------------- the command
def call(folder: Path, platform: Simulator, *identifiers: str) -> tuple[int, list[dict[str, Any]]]:
    tree = plant(folder, platform, account={"directory_url": platform.directory_url})
    words = ["directory", "check", "--config", str(tree.config), "--json", *identifiers]
    done = CliRunner(env={"CONNECTOR_PA_CLIENT_SECRET": SECRET}).invoke(
        connector, words, obj=Context(), standalone_mode=False
    )
    code = done.return_value if done.exception is None else 2
    return int(code), [json.loads(line) for line in done.stdout.splitlines()]


def test_the_command_tells_of_each_recipient(tmp_path: Path, platform: Simulator) -> None:
    platform.list_in_directory(Line(address=SIREN, siren=SIREN))
    code, told = call(tmp_path, platform, SIREN, "552100554")
    assert code == 1
    assert [(one["identifier"], one["reach"]) for one in told] == [
        (SIREN, "reachable"),
        ("552100554", "absent"),
    ]
    assert call(tmp_path / "alone", platform, SIREN)[0] == 0


def test_the_command_tells_a_directory_in_trouble_from_an_absent_recipient(
    tmp_path: Path, platform: Simulator
) -> None:
    platform.faults({"on": "directory", "do": "status", "code": 500})
    code, told = call(tmp_path, platform, SIREN)
    assert (code, told[0]["reach"]) == (75, "unknown")


def test_what_is_no_identifier_is_refused(tmp_path: Path, platform: Simulator) -> None:
    assert call(tmp_path, platform, "12345")[0] == 2
    assert platform.exchanges == ()
