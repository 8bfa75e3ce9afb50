"""The simulator as a program and as an object: control endpoints, memory across a kill, loopback only."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigurationError
from connector.simulator import Simulator, serve
from tests.platform import Caller, invoice
from tests.platform import caller as caller
from tests.platform import platform as platform

PROGRAM = """
import sys
from pathlib import Path
from typing import Any
from connector.simulator import serve
port, keep = int(sys.argv[1]), Path(sys.argv[2])
serve(port=port, keep=keep, ready=lambda url: print(url, flush=True))
"""


@contextmanager
def served(keep: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], Caller]]:
    """`serve` in a process of its own, killed at the end if it still runs."""
    command = [sys.executable, "-c", PROGRAM, str(port), str(keep)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as process:
        try:
            assert process.stdout is not None
            yield process, Caller(process.stdout.readline().strip() + "/flow-service").authorize()
        finally:
            process.kill()


def test_a_killed_simulator_comes_back_on_its_port_with_its_memory(tmp_path: Path) -> None:
    with served(tmp_path) as (process, caller):
        flow_id = caller.deposit("FA1", "t-1").json["flowId"]
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with served(tmp_path, caller.port) as (_, again):
        assert again.port == caller.port
        assert [flow["flowId"] for flow in again.search(trackingId="t-1").json["results"]] == [flow_id]
        assert again.flow(flow_id, "Original").body == invoice("FA1")
        duplicate = again.deposit("FA1", "t-1").json["flowId"]
        assert again.flow(duplicate).json["acknowledgement"]["status"] == "Error"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_cleanly_even_with_a_hanging_request(
    tmp_path: Path, number: signal.Signals
) -> None:
    with served(tmp_path) as (process, caller):
        caller.post_json("/_control/faults", {"rule": [{"on": "search", "do": "hang"}]})
        caller.timeout = 0.2
        with pytest.raises(TimeoutError):
            caller.search(trackingId="t")
        with socket.create_connection((caller.host, caller.port)):
            process.send_signal(number)
            assert process.wait(10) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "example.test", ""])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        serve(host)


def test_a_taken_port_is_said_to_be_taken(platform: Simulator) -> None:
    port = int(platform.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=str(port)), Simulator(port=port):
        pass


def test_an_object_starts_with_a_plan_and_stops_twice(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[rule]]\non = "health"\ndo = "status"\ncode = 503\n')
    with Simulator(plan, ack_delay=3) as running:
        assert Caller(running.base_url).get("/flow-service/v1/healthcheck").status == 503
        assert running.asked("health") == 1
        running.stop()
        with pytest.raises(ConnectionRefusedError):
            Caller(running.base_url).get("/flow-service/v1/healthcheck")


# --------------------------------------------------------------------------- control endpoints
def test_control_tells_what_was_received_and_how_often(caller: Caller) -> None:
    caller.deposit("FA1", "t-1")
    caller.deposit("FA1", "t-1")
    told = caller.get("/_control/flows").json
    assert told["total"] == 2
    assert told["perTrackingId"] == {"t-1": 2}
    assert list(told["perSha256"].values()) == [2]
    assert [flow["acknowledgement"]["status"] for flow in told["flows"]] == ["Ok", "Error"]
    assert [ack["status"] for ack in told["flows"][1]["history"]] == ["Pending", "Error"]


def test_control_tells_the_exchanges_and_their_faults(caller: Caller) -> None:
    caller.post_json(
        "/_control/faults", {"rule": [{"on": "submit", "do": "status", "code": 500, "times": 1}]}
    )
    caller.deposit("FA1")
    caller.deposit("FA1")
    told = caller.get("/_control/exchanges").json
    seen = [(e["on"], e["status"], e["fault"]) for e in told["exchanges"]]
    assert seen == [("token", 200, None), ("submit", 500, "status"), ("submit", 202, None)]
    assert told["total"] == 3


def test_control_changes_single_switches(caller: Caller) -> None:
    assert caller.post_json("/_control/switches", {"page_limit": 1}).status == 200
    assert caller.post_json("/_control/switches", {"ack_delay": 60}).status == 200
    switches = caller.get("/_control/switches").json
    assert (switches["page_limit"], switches["ack_delay"]) == (1, 60)
    caller.deposit("FA1")
    caller.deposit("FA2")
    assert len(caller.search(ackStatus="Pending").json["results"]) == 1


def test_control_forces_an_acknowledgement(caller: Caller) -> None:
    flow_id = caller.deposit("FA1").json["flowId"]
    asked = {"flowId": flow_id, "status": "Error", "reasonCode": "InvalidSchema", "item": "/Invoice"}
    assert caller.post_json("/_control/acknowledge", asked).status == 200
    acknowledgement = caller.flow(flow_id).json["acknowledgement"]
    assert acknowledgement["status"] == "Error"
    assert acknowledgement["details"][0]["item"] == "/Invoice"


def test_control_revokes_tokens_and_resets_everything(caller: Caller) -> None:
    caller.deposit("FA1")
    caller.post_json("/_control/revoke-tokens", {})
    assert caller.deposit("FA2").status == 401
    caller.post_json("/_control/switches", {"page_limit": 1})
    assert caller.post_json("/_control/reset", {}).status == 200
    assert caller.get("/_control/flows").json["total"] == 0
    assert caller.get("/_control/switches").json["page_limit"] == 100


@pytest.mark.parametrize(
    ("path", "value", "status"),
    [
        ("faults", {"rule": [{"on": "submit", "do": "explode"}]}, 400),
        ("faults", [], 400),
        ("switches", {"page_limit": 1000}, 400),
        ("switches", {"unknown": 1}, 400),
        ("acknowledge", {"flowId": "x"}, 400),
        ("acknowledge", {"flowId": "x", "status": "Ok"}, 404),
        ("nowhere", {}, 404),
    ],
)
def test_control_refuses_what_it_does_not_understand(
    caller: Caller, path: str, value: object, status: int
) -> None:
    assert caller.post_json(f"/_control/{path}", value).status == status


def test_public_recipients_are_put_in_by_the_control_endpoint(platform: Simulator, caller: Caller) -> None:
    town = {"number": 7, "siret": "70204275500240", "services": [["VOIRIE", True], ["ECOLES", False]]}
    assert caller.post_json("/_control/structures", {"structures": [town]}).status == 200
    pair = f"{platform.technical_account}:{platform.technical_password}".encode()
    headers = caller.bearer | {"cpro-account": base64.b64encode(pair).decode()}

    def services(page: int) -> Any:
        paging = {"nbResultatsParPage": 1, "pageResultatDemandee": page}
        asked = {"idStructure": 7, "parametresRechercherServicesStructure": paging}
        path = "/cpro/structures/v1/rechercher/services"
        return caller.send("POST", path, json.dumps(asked).encode(), headers).json

    listed = [
        (one["codeService"], one["estActif"]) for page in (1, 2) for one in services(page)["listeServices"]
    ]
    assert listed == [("VOIRIE", True), ("ECOLES", False)]
    assert services(1)["parametresRetour"]["total"] == 2
    for wrong in ([{"siret": "1"}], [7], [{"number": 7, "siret": "1", "services": [1]}]):
        assert caller.post_json("/_control/structures", {"structures": wrong}).status == 400
