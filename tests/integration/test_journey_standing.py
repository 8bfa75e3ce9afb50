"""How an account stands is told while nobody runs, and outlives a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import connector
from connector.cli.context import Context
from connector.journal import SqliteJournal
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant

FILES = 5
ONE_BY_ONE = {"max_in_flight": 1, "breaker_failures": 1, "breaker_pause": 600.0}


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


def drop_some(tree: Tree) -> list[str]:
    return [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(FILES)]


def serve(tree: Tree, follow_for: float = 1.5) -> Report:
    """A whole run in this process."""
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def status(tree: Tree, *more: str) -> str:
    done = CliRunner().invoke(connector, ["status", "--config", str(tree.config), *more], obj=Context())
    assert done.exit_code == 0, done.output
    return done.stdout


def account(tree: Tree) -> Mapping[str, Any]:
    """What `status --json` says of the account."""
    (told,) = json.loads(status(tree, "--json"))["accounts"]
    return dict(told)


def wait_out(tree: Tree) -> None:
    """As if the pauses of the account had gone by meanwhile."""
    journal = SqliteJournal(tree.state / "state.db")
    standing = journal.standing("pa")
    assert standing is not None
    journal.keep_standing(replace(standing, breaker_until=datetime.now(UTC) - timedelta(seconds=1)))
    journal.close()


def test_H03_an_open_breaker_is_shown_and_respected_by_the_next_run_until_its_pause_is_over(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform, account=ONE_BY_ONE)
    assert account(tree)["state"] == "free"  # it has never run
    dropped = drop_some(tree)
    platform.faults({"on": "submit", "do": "store-then-status", "code": 500})
    serve(tree)
    told = account(tree)
    assert (told["state"], told["reason"], told["in_flight"]) == ("breaker", "server-error", 0)
    left = datetime.fromisoformat(told["until"]) - datetime.now(UTC)
    assert timedelta(seconds=500) < left <= timedelta(seconds=600)
    assert "en pause" in status(tree)
    assert "breaker" not in status(tree, "--lang", "en")  # words for people

    platform.faults()
    asked = platform.asked("submit")
    serve(tree)
    assert platform.asked("submit") == asked  # a restart is no reason to hurry
    assert account(tree)["state"] == "breaker"
    assert account(tree)["since"] == told["since"]

    wait_out(tree)
    assert account(tree)["state"] == "probe"
    assert serve(tree, follow_for=5.0).exit_code == 0
    assert (account(tree)["state"], account(tree)["reason"]) == ("free", None)
    assert account(tree)["last_success"] is not None
    assert_at_rest(tree, platform, dropped)


def test_H06_a_stopped_account_is_shown_with_its_reason_and_tried_anew_by_the_next_run(
    tmp_path: Path, platform: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = plant(tmp_path, platform, account={"breaker_pause": 600.0})
    dropped = drop_some(tree)
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", "wrong")
    assert serve(tree).exit_code == 77
    told = account(tree)
    assert (told["state"], told["reason"], told["until"]) == ("stopped", "token-refused", None)
    assert datetime.now(UTC) - datetime.fromisoformat(told["since"]) < timedelta(minutes=5)
    assert "identifiant ou le secret" in status(tree)
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    assert serve(tree, follow_for=5.0).exit_code == 0
    assert account(tree)["state"] == "free"
    assert_at_rest(tree, platform, dropped)
