"""What a machine that looks in is told by the running program, and by the one that no longer runs."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path

from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import Tree, plant


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:  # it has not opened yet
        return 0, b""


def health(tree: Tree, *more: str) -> tuple[int, str]:
    done = tree.run("health", *more)
    return done.code, done.out


def test_a_running_connector_tells_of_its_documents_and_of_its_health(
    tmp_path: Path, platform: Simulator
) -> None:
    port, textfile = free_port(), tmp_path / "connector.prom"
    monitoring = {"listen": f"127.0.0.1:{port}", "textfile": str(textfile), "every": 0.5}
    tree = plant(tmp_path / "tree", platform, top={"monitoring": monitoring})
    pages = f"http://127.0.0.1:{port}"
    with tree.started("run"):
        until(lambda: get(f"{pages}/healthz")[0] == 200, 60)
        until(lambda: (tree.state / "pulse.json").exists(), 60)
        tree.drop("FA1.xml", ubl_invoice(number="FA1"))
        until(lambda: tree.results() != [], 60)
        assert health(tree, "--lang", "en") == (0, "All is well.\n")
        assert json.loads(get(f"{pages}/healthz")[1]) == {"status": "ok", "findings": []}
        told = b'connector_files_total{outcome="accepted",route="ventes"} 1.0'
        until(lambda: told in get(f"{pages}/metrics")[1], 60)
        assert told in textfile.read_bytes()
        assert get(f"{pages}/else")[0] == 404
        for line in (
            b'connector_breaker_state{account="pa",state="free"} 1.0',
            b'connector_breaker_state{account="pa",state="stopped"} 0.0',
            b'connector_inbox_files{route="ventes"} 0.0',
            b'connector_lane_trouble{lane="ventes/sending"} 0.0',
            b'connector_last_success_timestamp{route="ventes"} 1.',
            b"connector_journal_seq ",
        ):
            until(lambda line=line: line in get(f"{pages}/metrics")[1], 60)  # type: ignore[misc]
    code, out = health(tree, "--nagios", "--lang", "en")
    assert (code, out) == (2, "CONNECTOR CRITICAL - the service is not running\n")
    assert health(tree, "--timer")[0] == 0
    assert health(tree)[0] == 75


def test_H06_a_platform_that_does_not_let_us_in_is_critical(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    with tree.started("run", env=tree.environment(CONNECTOR_PA_CLIENT_SECRET="wrong")):
        tree.drop("FA1.xml", ubl_invoice(number="FA1"))
        until(lambda: '"code": "stopped", "about": "pa"' in health(tree, "--json")[1], 90)
        assert health(tree, "--nagios")[0] == 2


def test_a_port_that_is_taken_is_said_before_anything_is_done(tmp_path: Path, platform: Simulator) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        tree = plant(tmp_path, platform, top={"monitoring": {"listen": address}})
        ended = tree.run("run", "--once")
    assert ended.code == 78
    assert "monitoring.listen" in ended.err


def test_metrics_are_for_this_machine_only(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform, top={"monitoring": {"listen": "0.0.0.0:9464"}})
    ended = tree.run("check-config")
    assert ended.code == 78
    assert "monitoring.listen" in ended.err
