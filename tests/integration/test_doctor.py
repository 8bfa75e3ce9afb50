"""`connector doctor` tells apart what an administrator has to do something different about."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cautions import cautions, skewed
from connector.cli import connector
from connector.cli.context import Context
from connector.gateways.exchange import Exchange
from connector.settings import load
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import SECRET, plant


def examine(
    folder: Path, platform: Simulator | None, chorus: bool = False, **secrets: str
) -> tuple[int, dict[str, dict[str, Any]]]:
    account: dict[str, Any] = {}
    if chorus and platform:
        account = {
            "gateway": "chorus-pro",
            "base_url": platform.chorus_url,
            "technical_account": platform.technical_account,
        }
    tree = plant(folder, platform, account=account)
    environment = {"CONNECTOR_PA_CLIENT_SECRET": SECRET}
    if platform:
        environment["CONNECTOR_PA_TECHNICAL_PASSWORD"] = platform.technical_password
    words = ["doctor", "--online", "--json", "--config", str(tree.config)]
    done = CliRunner(env=environment | secrets).invoke(connector, words, obj=Context(), standalone_mode=False)
    assert done.exception is None
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return int(done.return_value), {one["check"]: one for one in told}


@pytest.mark.parametrize("chorus", [False, True])
def test_a_set_up_that_works_is_told_so(tmp_path: Path, platform: Simulator, chorus: bool) -> None:
    code, told = examine(tmp_path, platform, chorus)
    assert code == 0
    assert {name: one["ok"] for name, one in told.items()} == dict.fromkeys(
        ("machine", "journal", "account pa"), True
    )
    assert platform.asked("submit") == 0


@pytest.mark.parametrize("chorus", [False, True])
@pytest.mark.parametrize(
    ("trouble", "reason", "code"),
    [
        ({"on": "token", "do": "status", "code": 400, "error_code": "x"}, "token", 75),
        ({"on": "flow", "do": "status", "code": 403}, "forbidden", 77),
        ({"on": "flow", "do": "unauthorized"}, "unauthorized", 77),
        ({"on": "health", "do": "status", "code": 503}, "server-error", 75),
    ],
)
def test_each_kind_of_closed_door_has_its_own_word(
    tmp_path: Path, platform: Simulator, chorus: bool, trouble: dict[str, Any], reason: str, code: int
) -> None:
    platform.faults(trouble)
    found, told = examine(tmp_path, platform, chorus)
    assert (found, told["account pa"]["reason"]) == (code, reason)


@pytest.mark.parametrize("chorus", [False, True])
def test_a_wrong_secret_is_told_from_a_wrong_technical_account(
    tmp_path: Path, platform: Simulator, chorus: bool
) -> None:
    code, told = examine(tmp_path, platform, chorus, CONNECTOR_PA_CLIENT_SECRET="wrong")
    assert (code, told["account pa"]["reason"]) == (77, "token-refused")


def test_H06_a_wrong_technical_account_is_named(tmp_path: Path, platform: Simulator) -> None:
    code, told = examine(tmp_path, platform, True, CONNECTOR_PA_TECHNICAL_PASSWORD="wrong")
    assert (code, told["account pa"]["reason"]) == (77, "unauthorized")
    assert "technical_account" in told["account pa"]["finding"]


def test_a_platform_that_is_not_there_is_no_matter_of_secrets(tmp_path: Path) -> None:
    code, told = examine(tmp_path, None)
    assert (code, told["account pa"]["ok"]) == (75, False)


def test_a_folder_that_is_missing_is_found_before_anything_is_asked(
    tmp_path: Path, platform: Simulator
) -> None:
    plant(tmp_path, platform)
    (tmp_path / "ventes" / "inbox").rename(tmp_path / "ventes" / "elsewhere")
    words = ["doctor", "--json", "--config", str(tmp_path / "connector.toml")]
    done = CliRunner(env={"CONNECTOR_PA_CLIENT_SECRET": SECRET}).invoke(
        connector, words, obj=Context(), standalone_mode=False
    )
    assert int(done.return_value) == 78
    assert "inbox" in json.loads(done.stdout)["finding"]
    assert platform.exchanges == ()


@pytest.mark.parametrize("route", [{"recipient_check": "warn"}, {"accept": ["directory"]}, {}])
def test_a_directory_that_a_route_relies_on_is_tried(
    tmp_path: Path, platform: Simulator, route: dict[str, Any]
) -> None:
    platform.faults({"on": "directory", "do": "status", "code": 403})
    tree = plant(tmp_path, platform, account={"directory_url": platform.directory_url}, route=route)
    words = ["doctor", "--online", "--json", "--config", str(tree.config)]
    done = CliRunner(env={"CONNECTOR_PA_CLIENT_SECRET": SECRET}).invoke(
        connector, words, obj=Context(), standalone_mode=False
    )
    told = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert told["account pa"]["ok"] is True
    assert ("directory of pa" in told) is bool(route)
    assert int(done.return_value) == (75 if route else 0)
    assert all("403" in one["finding"] for check, one in told.items() if check.startswith("directory"))


# --------------------------------------------------------------------------- what may break tomorrow
@pytest.mark.parametrize(("seconds", "kind"), [(500.0, "clock-ahead"), (-500.0, "clock-behind")])
def test_a_clock_that_is_far_from_the_platforms_is_told(seconds: float, kind: str) -> None:
    (caution,) = skewed("pa", seconds)
    assert (caution.kind, caution.facts) == (kind, {"seconds": "500"})


@pytest.mark.parametrize("seconds", [None, 0.0, 119.0, -119.0])
def test_a_clock_that_is_near_enough_is_not(seconds: float | None) -> None:
    assert list(skewed("pa", seconds)) == []


def test_the_platforms_clock_is_read_from_its_answer() -> None:
    at = datetime(2026, 11, 22, 8, 10, tzinfo=UTC)
    said = {"date": "Sun, 22 Nov 2026 08:00:00 GMT"}
    assert Exchange(body_started=True, headers=said, at=at).clock_ahead == 600.0
    assert Exchange(body_started=True, headers={"date": "yesterday"}, at=at).clock_ahead is None
    assert Exchange(body_started=True, at=at).clock_ahead is None


def test_a_disk_with_little_room_is_told_of_once(tmp_path: Path, platform: Simulator) -> None:
    settings = load(plant(tmp_path, platform).config)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    assert list(cautions(settings, least=1)) == []
    (caution,) = cautions(settings, least=2**62)
    assert (caution.kind, caution.about) == ("little-room", "state_dir")


def test_a_history_that_was_altered_is_found(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    tree.drop("FA1.xml", b"<Invoice")
    assert tree.run_once(follow_for=1.0).code == 1
    assert '"check": "journal", "ok": true' in tree.run("doctor", "--json").out
    with sqlite3.connect(tree.state / "state.db") as db:
        db.execute("UPDATE event SET body = replace(body, 'FA1', 'FA9') WHERE seq = 1")
    db.close()
    ended = tree.run("doctor", "--json")
    assert ended.code == 78
    assert '"check": "journal", "ok": false, "reason": "chain"' in ended.out
