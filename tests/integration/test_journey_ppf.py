"""The journey through the public portal: what is its own. Its troubles are in `test_gateway_table`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import connector
from connector.cli.context import Context
from connector.model import Outcome
from connector.samples.cdar import lifecycle_message
from connector.samples.cii import cii_invoice
from connector.samples.facturx import facturx_invoice
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_credit_note, ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.simulator.directory import Line
from connector.simulator.webhooks import call
from connector.wiring import assembled
from tests.integration.gateways_servers import closed_port
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import SECRET, Tree, assert_traceable, plant, visible

TOKEN = "a-token-that-is-long-enough-for-anybody"
ON_SUBMIT = {"on": "submit"}


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch, platform: Simulator) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("CONNECTOR_PA_TECHNICAL_PASSWORD", platform.technical_password)


def plant_portal(folder: Path, platform: Simulator, language: str = "fr", **account: Any) -> Tree:
    own = {
        "gateway": "ppf",
        "base_url": platform.ppf_url,
        "technical_account": platform.technical_account,
        "application_code": platform.application_code,
        "max_per_second": 200.0,
        "timeouts": {"read": 0.7, "total": 1.5},
    }
    families = ["invoice", "ereporting", "lifecycle"]
    return plant(
        folder, platform, account=own | account, route={"accept": families}, top={"language": language}
    )


def serve(tree: Tree, follow_for: float = 4.0) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def outcomes(tree: Tree) -> dict[str, str]:
    return {job.name.decode(): str(job.outcome) for job in tree.jobs()}


def assert_kept_once(tree: Tree, platform: Simulator, dropped: list[str]) -> None:
    """No file lost, none deposited twice, one result for each, no secret anywhere."""
    jobs = tree.jobs()
    assert Counter(dropped) == tree.archived()
    assert max(Counter(flow.sha256 for flow in platform.ppf_flows).values(), default=0) <= 1
    names = {flow.name: flow.sha256 for flow in platform.ppf_flows}
    accepted = [job for job in jobs if job.outcome is Outcome.ACCEPTED]
    assert all(names[job.flow_id or ""] == job.sha256 for job in accepted)
    assert Counter(result["id"] for result in tree.results()) == Counter(job.id for job in jobs)
    assert visible(tree.inbox) == []
    assert_traceable(tree)


def test_each_family_goes_to_its_domain_under_a_name_that_tells_what_it_is(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_portal(tmp_path, platform)
    platform.switch(ack_delay=0.3)
    dropped = [
        tree.drop("FA1.xml", ubl_invoice(number="FA1")),
        tree.drop("AV1.xml", ubl_credit_note(number="AV1")),
        tree.drop("FA2.xml", cii_invoice(number="FA2")),
        tree.drop("CDV1.xml", lifecycle_message()),
        tree.drop("R1.xml", frr_report()),
    ]
    assert serve(tree).exit_code == 0
    assert set(outcomes(tree).values()) == {"accepted"}
    seen = {
        flow.inner.partition("__")[0]: (flow.name[:8], flow.domain, flow.state) for flow in platform.ppf_flows
    }
    assert seen == {
        "Full_FA1": ("FFE0111A", "facturation", "500/250"),
        "Full_AV1": ("FFE0111A", "facturation", "500/250"),
        "Full_FA2": ("FFE0112A", "facturation", "500/250"),
        "CDV1": ("FFE0614A", "facturation", "500"),
        "R1": ("FFE1025A", "e-reporting", "500/300"),
    }
    assert_kept_once(tree, platform, dropped)


def test_a_factur_x_is_refused_here_with_what_to_do(tmp_path: Path, platform: Simulator) -> None:
    tree = plant_portal(tmp_path, platform)
    dropped = [tree.drop("FA1.pdf", facturx_invoice(number="FA1"))]
    assert serve(tree).exit_code == 1
    (job,) = tree.jobs()
    assert job.outcome is Outcome.REJECTED_BEFORE_SENDING
    assert [problem.code for problem in job.problems] == ["syntax-not-carried"]
    assert platform.exchanges == ()
    told = " ".join(next(tree.outbox.rglob("*.ERREUR.txt")).read_text("utf-8-sig").split())
    assert "Exporter la facture en UBL ou en CII" in told
    assert_kept_once(tree, platform, dropped)


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Erreur de validation des données"), ("en", "The data are not valid")]
)
def test_H08_the_portals_words_are_kept_in_the_language_of_the_settings(
    tmp_path: Path, platform: Simulator, language: str, words: str
) -> None:
    tree = plant_portal(tmp_path, platform, language, application_code="NOBODY")
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree).exit_code == 1
    (job,) = tree.jobs()
    assert [(problem.code, problem.message) for problem in job.problems] == [("IRR_CODE_APP", words)]
    assert job.outcome is Outcome.INADMISSIBLE


def test_H11_a_job_keeps_its_flow_when_the_connector_dies_behind_the_deposit(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_portal(tmp_path, platform, timeouts={"read": 20.0, "total": 30.0})
    dropped = [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(3)]
    platform.faults(ON_SUBMIT | {"do": "store-then-hang", "match": {"nth": 2}, "times": 1})
    environment = tree.environment() | {
        "CONNECTOR_PA_TECHNICAL_PASSWORD": os.environ["CONNECTOR_PA_TECHNICAL_PASSWORD"]
    }
    with tree.started("run", env=environment) as process:
        until(lambda: len(platform.ppf_flows) == 2, 40.0)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    platform.switch(duplicates="accept")  # from here on nothing but ourselves keeps us from sending twice
    assert serve(tree, follow_for=8.0).exit_code == 0
    assert set(outcomes(tree).values()) == {"accepted"}
    assert_kept_once(tree, platform, dropped)


def test_H02_the_name_of_a_flow_is_the_same_for_every_attempt(tmp_path: Path, platform: Simulator) -> None:
    tree = plant_portal(tmp_path, platform)
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    platform.switch(duplicates="accept")
    platform.switch(index_lag_searches=3)  # it has the flow and hides it, so that it is sent again
    platform.faults(ON_SUBMIT | {"do": "store-then-status", "code": 502, "times": 1})
    serve(tree, follow_for=6.0)
    assert len(platform.ppf_flows) == 2
    assert len({flow.name for flow in platform.ppf_flows}) == 1
    assert len({flow.envelope for flow in platform.ppf_flows}) == 1
    assert Counter(dropped) == tree.archived()


def test_two_machines_with_one_application_code_are_told_apart_by_their_numbers(
    tmp_path: Path, platform: Simulator
) -> None:
    first, second = plant_portal(tmp_path / "a", platform), plant_portal(tmp_path / "b", platform)
    first.drop("FA1.xml", ubl_invoice(number="FA1"))
    second.drop("FA2.xml", ubl_invoice(number="FA2"))
    assert serve(first).exit_code == serve(second).exit_code == 0
    assert len({flow.name for flow in platform.ppf_flows}) == 2


def test_a_number_that_the_portal_has_already_is_rejected_there_and_says_so(
    tmp_path: Path, platform: Simulator
) -> None:
    first, second = plant_portal(tmp_path / "a", platform), plant_portal(tmp_path / "b", platform)
    for tree in (first, second):  # the second machine knows nothing of the first
        tree.drop("FA1.xml", ubl_invoice(number="FA1"))
        serve(tree)
    (job,) = second.jobs()
    assert job.outcome is Outcome.REJECTED_BY_PLATFORM
    assert [problem.code for problem in job.problems] == ["REJ_UNI"]


def test_the_start_says_that_the_gateway_is_a_model(tmp_path: Path, platform: Simulator) -> None:
    tree = plant_portal(tmp_path, platform)
    done = tree.run(
        "run", "--once", "--follow-for", "0.5",
        env=tree.environment() | {"CONNECTOR_PA_TECHNICAL_PASSWORD": platform.technical_password},
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "model of our own (docs/ppf.md)" in tree.log()


def test_the_command_asks_the_portals_directory(tmp_path: Path, platform: Simulator) -> None:
    siren = "702042755"
    platform.list_in_directory(Line(address=siren, siren=siren, name="Client SA"))
    tree = plant_portal(tmp_path, platform)
    words = ["directory", "check", "--config", str(tree.config), "--json", siren, "552100554"]
    done = CliRunner().invoke(connector, words, obj=Context(), standalone_mode=False)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["identifier"], one["reach"]) for one in told] == [
        (siren, "reachable"),
        ("552100554", "absent"),
    ]
    assert told[0]["lines"][0]["name"] == "Client SA"


def test_H18_a_notification_makes_the_connector_ask_at_once_and_a_forged_one_nothing(
    tmp_path: Path, platform: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_PA_WEBHOOK_TOKEN", TOKEN)
    tree = plant_portal(tmp_path, platform, poll_seconds=3600.0, ask_after=3600.0, status_seconds=3600.0)
    port = closed_port()
    public = {"accounts": ["pa"], "port": port, "public_url": f"http://127.0.0.1:{port}/webhook"}
    with tree.config.open("a", encoding="utf-8") as settings:
        settings.write(
            "\n[webhook]\n" + "\n".join(f"{key} = {json.dumps(value)}" for key, value in public.items())
        )
    words = ["webhook", "add", "--config", str(tree.config)]
    assert CliRunner().invoke(connector, words, obj=Context(), standalone_mode=False).exception is None
    assert CliRunner().invoke(connector, words, obj=Context(), standalone_mode=False).exception is None
    assert [one["domaine"] for one in platform.ppf_subscriptions] == ["facturation", "e-reporting"]
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    platform.switch(ack_delay=1e6)
    environment = tree.environment() | {
        name: os.environ[name] for name in ("CONNECTOR_PA_TECHNICAL_PASSWORD", "CONNECTOR_PA_WEBHOOK_TOKEN")
    }
    with tree.started("run", env=environment) as process:
        until(lambda: platform.ppf_flows and any(job.flow_id for job in tree.jobs()), 40.0)
        name = platform.ppf_flows[0].name
        platform.decide_ppf(name, "250")
        asked = platform.asked("search")
        assert asyncio.run(call(f"{public['public_url']}/pa", "forged", b"{}")) == 401
        assert outcomes(tree) == {"FA1.xml": "None"}
        assert platform.notify_ppf(name) == [200]
        until(lambda: outcomes(tree) == {"FA1.xml": "accepted"}, 40.0)
        assert platform.asked("search") > asked
        until(lambda: tree.archived(), 40.0)
        tree.end(process)
    assert_kept_once(tree, platform, dropped)


@pytest.mark.parametrize(
    ("password", "fault", "said"),
    [
        (None, None, "OK"),
        ("wrong", None, "compte technique"),
        (None, {"on": "flow", "do": "status", "code": 403}, "code application"),
    ],
)
def test_the_doctor_tells_what_keeps_the_portal_closed(
    tmp_path: Path,
    platform: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    password: str | None,
    fault: dict[str, Any] | None,
    said: str,
) -> None:
    if password:
        monkeypatch.setenv("CONNECTOR_PA_TECHNICAL_PASSWORD", password)
    platform.faults(*([fault] if fault else []))
    tree = plant_portal(tmp_path, platform)
    words = ["doctor", "--online", "--config", str(tree.config)]
    done = CliRunner().invoke(connector, words, obj=Context(), standalone_mode=False)
    assert said in done.stdout.splitlines()[-1]
    assert done.return_value == (0 if said == "OK" else 77)
