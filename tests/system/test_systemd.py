"""The unit that we ship: systemd takes it as it is, and it fits the program that it starts.

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
UNIT = PROJECT / "systemd" / "connector.service"
PROGRAM = "/usr/local/bin/connector"
JOINING = 10.0  # seconds that the service gives its lanes beyond GRACE

analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here"
)


def value(key: str) -> str:
    """The last value of a key of the unit."""
    found = re.findall(rf"^{key}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert found, f"{key}= is not in the unit"
    return str(found[-1])


def seconds(key: str) -> float:
    found = re.fullmatch(r"(\d+)(s|min)", value(key))
    assert found, key
    number, unit = found.groups()
    return float(number) * {"s": 1, "min": 60}[unit]


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A copy whose program is one that exists: systemd looks for it."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace(PROGRAM, sys.executable), "utf-8")
    return copy


@analyze
def test_systemd_takes_the_unit_without_a_word(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@analyze
def test_systemd_would_tell_of_a_key_that_it_does_not_know(unit: Path) -> None:
    unit.write_text(unit.read_text("utf-8").replace("PrivateTmp=yes", "PrivateTmpp=yes"), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "PrivateTmpp" in done.stdout + done.stderr


@pytest.mark.parametrize("key", ["ExecStart", "ExecStartPre"])
def test_the_commands_of_the_unit_are_commands_of_the_program(key: str) -> None:
    program, verb, *arguments = value(key).split()
    assert program == PROGRAM
    context = connector.make_context("connector", [verb, *arguments])
    command = connector.get_command(context, verb)
    assert command is not None
    command.make_parser(context).parse_args(arguments)


def test_a_configuration_that_cannot_work_is_not_started_again_and_again() -> None:
    assert value("RestartPreventExitStatus") == str(int(ExitCode.CONFIGURATION))


def test_systemd_waits_longer_for_the_end_than_the_program_takes() -> None:
    assert seconds("TimeoutStopSec") > GRACE + JOINING


def test_the_secret_has_the_name_that_the_program_looks_for() -> None:
    names = [account.name for account in load(PROJECT / "config" / "connector.toml").account]
    assert [f"{name}.client_secret" for name in names] == [value("LoadCredential").split(":")[0]]


def test_the_folders_of_the_shipped_configuration_may_be_written() -> None:
    settings = load(PROJECT / "config" / "connector.toml")
    assert settings.state_dir == Path("/var/lib") / value("StateDirectory")
    for route in settings.route:
        assert route.root.is_relative_to(value("ReadWritePaths"))
        assert route.root.is_relative_to(value("RequiresMountsFor"))
