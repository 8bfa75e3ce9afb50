"""The units that we ship: systemd takes them as they are, and they fit the program that they start.

A start under a real systemd is not tried here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connector.cli import connector
from connector.errors import ExitCode
from connector.service import GRACE
from connector.settings import load

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "systemd"
SERVICES = ("connector.service", "connector@.service", "connector-batch@.service")
DAEMONS = SERVICES[:2]
TIMER = "connector-batch@.timer"
PROGRAM = "/usr/local/bin/connector"
JOINING = 10.0  # seconds that the service gives its lanes beyond GRACE
WORST_EXPOSURE = 1.5  # of 10, as `systemd-analyze security` counts

analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here"
)


def value(unit: str, key: str) -> str:
    """The last value of a key of a unit."""
    found = re.findall(rf"^{key}=(.*)$", (FOLDER / unit).read_text("utf-8"), re.MULTILINE)
    assert found, f"{key}= is not in {unit}"
    return str(found[-1])


def seconds(unit: str, key: str) -> float:
    found = re.fullmatch(r"(\d+)(s|min|h)", value(unit, key))
    assert found, key
    number, span = found.groups()
    return float(number) * {"s": 1, "min": 60, "h": 3600}[span]


def copied(unit: str, folder: Path) -> Path:
    """A copy whose program is one that exists: systemd looks for it. A template gets an instance."""
    copy = folder / unit.replace("@.", "@ventes.")
    copy.write_text((FOLDER / unit).read_text("utf-8").replace(PROGRAM, sys.executable), "utf-8")
    return copy


def analyzed(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


@analyze
@pytest.mark.parametrize("unit", [*SERVICES, TIMER])
def test_systemd_takes_the_unit_without_a_word(unit: str, tmp_path: Path) -> None:
    copies = [copied(one, tmp_path) for one in SERVICES if one.startswith(unit.partition(".")[0])]
    assert analyzed("verify", copied(unit, tmp_path), *copies) == (0, "")


@analyze
def test_systemd_would_tell_of_a_key_that_it_does_not_know(tmp_path: Path) -> None:
    unit = copied("connector.service", tmp_path)
    unit.write_text(unit.read_text("utf-8").replace("PrivateTmp=yes", "PrivateTmpp=yes"), "utf-8")
    assert "PrivateTmpp" in analyzed("verify", unit)[1]


@analyze
@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_is_hardly_exposed(unit: str, tmp_path: Path) -> None:
    _, told = analyzed("security", "--offline=true", copied(unit, tmp_path))
    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", told)
    assert found, told
    assert float(found[1]) <= WORST_EXPOSURE


@pytest.mark.parametrize("unit", SERVICES)
def test_all_services_are_kept_apart_from_the_machine_alike(unit: str) -> None:
    """What hardens them is the same list; only users, folders and pace differ."""
    lists = []
    for one in (unit, SERVICES[0]):
        text = (FOLDER / one).read_text("utf-8")
        lists.append(text[text.index("# --- what it may do") : text.index("# --- how much it may take")])
    assert lists[0] == lists[1]


@pytest.mark.parametrize("unit", SERVICES)
@pytest.mark.parametrize("key", ["ExecStart", "ExecStartPre"])
def test_the_commands_of_the_unit_are_commands_of_the_program(unit: str, key: str) -> None:
    program, verb, *arguments = value(unit, key).replace("%i", "ventes").split()
    assert program == PROGRAM
    context = connector.make_context("connector", [verb, *arguments])
    command = connector.get_command(context, verb)
    assert command is not None
    command.make_parser(context).parse_args(arguments)


@pytest.mark.parametrize("unit", DAEMONS)
def test_a_configuration_that_cannot_work_is_not_started_again_and_again(unit: str) -> None:
    assert value(unit, "RestartPreventExitStatus") == str(int(ExitCode.CONFIGURATION))


@pytest.mark.parametrize("unit", SERVICES)
def test_systemd_waits_longer_for_the_end_than_the_program_takes(unit: str) -> None:
    assert seconds(unit, "TimeoutStopSec") > GRACE + JOINING


def test_a_night_with_a_refused_document_or_some_left_is_no_failed_night() -> None:
    codes = {str(int(code)) for code in (ExitCode.SOME_REFUSED, ExitCode.KEPT_FOR_LATER)}
    assert set(value("connector-batch@.service", "SuccessExitStatus").split()) == codes


@analyze
def test_the_night_has_its_hour_on_every_day_of_the_year() -> None:
    code, told = analyzed("calendar", "2027-03-28 04:15 Europe/Paris")  # summer time begins at two
    assert (code, "never" in told) == (0, False)
    assert analyzed("calendar", value(TIMER, "OnCalendar"))[0] == 0
    assert "04:15 Europe/Paris" in value(TIMER, "OnCalendar")


def test_the_secret_has_the_name_that_the_program_looks_for() -> None:
    names = [account.name for account in load(PROJECT / "config" / "connector.toml").account]
    for unit in SERVICES:
        assert [f"{name}.client_secret" for name in names] == [value(unit, "LoadCredential").split(":")[0]]


def test_the_folders_of_the_shipped_configuration_may_be_written() -> None:
    settings = load(PROJECT / "config" / "connector.toml")
    unit = "connector.service"
    assert settings.state_dir == Path("/var/lib") / value(unit, "StateDirectory")
    for route in settings.route:
        assert route.root.is_relative_to(value(unit, "ReadWritePaths"))
        assert route.root.is_relative_to(value(unit, "RequiresMountsFor"))
