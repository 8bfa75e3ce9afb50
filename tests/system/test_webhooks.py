"""Webhooks from end to end: the real program is called by the simulated platform, and asks at once."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.checks import faults
from connector.cli import main
from connector.model import State
from connector.samples.ubl import ubl_invoice
from connector.settings import load
from connector.simulator import Simulator
from connector.webhook import TOKEN_HEADER
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant

TOKEN = "token-of-the-tests-0123456789"
NEVER = 100_000.0  # seconds between two polls: only a call makes it ask


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def tree(tmp_path: Path, platform: Simulator, port: int) -> Tree:
    webhook: dict[str, Any] = {
        "accounts": ["pa"],
        "port": port,
        "public_url": f"http://127.0.0.1:{port}/webhook",
        "least_seconds": 0.1,
    }
    account = {"poll_seconds": NEVER, "ask_after": NEVER}
    return plant(tmp_path, platform, account=account, top={"webhook": webhook})


def with_token(tree: Tree) -> dict[str, str]:
    return tree.environment(CONNECTOR_PA_WEBHOOK_TOKEN=TOKEN)


def post(port: int, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/webhook/pa", b"{}", {TOKEN_HEADER: token})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_call_makes_the_connector_ask_and_a_wrong_token_does_not(
    tree: Tree, platform: Simulator, port: int
) -> None:
    platform.switch(ack_delay=1e8)
    assert tree.run("webhook", "add", env=with_token(tree)).code == 0
    with tree.started("run", env=with_token(tree)) as process:
        until(lambda: "webhook.listening" in tree.log(), 30)
        dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
        until(lambda: [job.state for job in tree.jobs()] == [State.RECEIVED], 30)
        until(lambda: platform.asked("search") >= 1, 30)  # it asks once after the deposit, in vain
        platform.acknowledge(platform.flows[0].flow_id, "Ok")
        asked = platform.asked("search")
        assert post(port, "wrong") == 401
        assert platform.asked("search") == asked
        (answer,) = platform.call_webhooks(platform.flows[0].flow_id)
        assert answer["status"] == 200
        until(lambda: [job.state for job in tree.jobs()] == [State.DONE], 30)
        assert tree.end(process) == 0
    assert_at_rest(tree, platform, dropped)
    assert TOKEN not in tree.log() + "".join(tree.said)


@dataclass(frozen=True, slots=True)
class Said:
    """How a call of the command line in this process ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Call = Callable[..., Said]


@pytest.fixture
def call(tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`connector webhook …` without a process of its own."""
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("CONNECTOR_PA_WEBHOOK_TOKEN", TOKEN)

    def webhook(*words: str) -> Said:
        monkeypatch.setattr("sys.argv", ["connector", "webhook", *words, "--config", str(tree.config)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        assert TOKEN not in said.out + said.err
        return Said(code=int(left.value.code or 0), out=said.out, err=said.err)

    return webhook


def test_the_commands_add_list_and_remove_what_is_needed_and_nothing_twice(call: Call) -> None:
    tried = call("add", "--dry-run", "--json")
    assert tried.code == 0, tried.err
    assert call("list", "--json").lines == []
    added = call("add", "--json")
    assert added.code == 0, added.err
    wanted = {(line["flow_type"], line["direction"]) for line in added.lines}
    assert ("CustomerInvoiceLC", "In") in wanted
    assert {(line["flow_type"], line["direction"]) for line in tried.lines} == wanted
    assert call("add", "--json").lines == []
    assert {line["id"] for line in call("list", "--json").lines} == {line["id"] for line in added.lines}
    first = added.lines[0]["id"]
    assert call("remove", first).code == 0
    assert call("remove", first).code == 78
    assert len(call("remove", "--json").lines) == len(wanted) - 1
    assert "appelle personne" in call("list").out
    assert call("remove").code == 0


@pytest.mark.parametrize(("token", "found"), [(None, "no webhook token"), ("short", "20 printable")])
def test_a_missing_or_weak_token_is_found_before_anything_runs(
    tree: Tree, call: Call, monkeypatch: pytest.MonkeyPatch, token: str | None, found: str
) -> None:
    monkeypatch.delenv("CONNECTOR_PA_WEBHOOK_TOKEN")
    if token is not None:
        monkeypatch.setenv("CONNECTOR_PA_WEBHOOK_TOKEN", token)
    assert [fault for fault in faults(load(tree.config)) if found in fault]
    refused = call("add")
    assert refused.code == 78
    assert found in refused.err


def test_a_port_that_is_taken_keeps_nothing_from_going_on(
    tmp_path: Path, platform: Simulator, port: int
) -> None:
    tree = plant(tmp_path, platform, top={"webhook": {"accounts": ["pa"], "port": port}})
    with socket.create_server(("127.0.0.1", port)):
        dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
        ended = tree.run("run", "--once", "--follow-for", "5", env=with_token(tree))
    assert ended.code == 0, ended.err
    assert "webhook.not-listening" in tree.log()
    assert_at_rest(tree, platform, dropped)
