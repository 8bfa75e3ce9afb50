"""The journey through an approved platform in troubles that need a test of their own.

The others are in the table of `test_gateway_table`. Once a trouble is over there is one flow for each
document, one result for each file, and nothing left lying about.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from connector.model import Outcome
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.platform import until
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant

FILES = 4


@pytest.fixture(autouse=True)
def known_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)


def drop_some(tree: Tree) -> list[str]:
    return [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(FILES)]


def serve(tree: Tree, follow_for: float = 4.0) -> Report:
    """A whole run in this process."""
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def on_submit(do: str, times: int = 2, **more: Any) -> dict[str, Any]:
    return {"on": "submit", "do": do, "times": times, **more}


@pytest.mark.parametrize("duplicates", ["refuse-at-post", "ack-error"])
def test_H13_an_index_that_lags_behind_our_patience_leads_to_a_repeat_and_not_to_two_flows(
    tmp_path: Path, platform: Simulator, duplicates: str
) -> None:
    tree = plant(tmp_path, platform)
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    platform.switch(duplicates=duplicates, index_lag_searches=10_000)
    platform.faults(on_submit("store-then-status", code=502, times=1))

    def catch_up() -> None:
        until(lambda: platform.asked("submit") > 1, 30)
        platform.switch(index_lag_searches=0)

    index = threading.Thread(target=catch_up)
    index.start()
    assert serve(tree).exit_code == 0
    index.join()
    assert [(job.attempts, job.outcome) for job in tree.jobs()] == [(2, Outcome.ACCEPTED)]
    assert_at_rest(tree, platform, dropped)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("InvalidSchema", Outcome.INADMISSIBLE), ("BR-FR-12", Outcome.REJECTED_BY_PLATFORM)],
)
def test_H08_a_negative_acknowledgement_is_a_result_with_the_platforms_words(
    tmp_path: Path, platform: Simulator, reason: str, outcome: Outcome
) -> None:
    tree = plant(tmp_path, platform)
    dropped = drop_some(tree)
    platform.faults(on_submit("ack-error", times=1, reason_code=reason, message="SIREN inconnu"))
    assert serve(tree).exit_code == 1
    (refused,) = [job for job in tree.jobs() if job.outcome is not Outcome.ACCEPTED]
    assert refused.outcome is outcome
    assert refused.problems[0].message == "SIREN inconnu"
    assert_at_rest(tree, platform, dropped)


def test_H06_a_secret_that_is_not_known_any_more_stops_the_account_and_marks_no_file(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant(tmp_path, platform)
    dropped = drop_some(tree)
    platform.faults({"on": "token", "do": "status", "code": 401, "error_code": "invalid_client"})
    assert serve(tree, follow_for=1.5).exit_code == 77
    assert [job.outcome for job in tree.jobs()] == [None] * FILES
    platform.faults()
    assert serve(tree).exit_code == 0
    assert_at_rest(tree, platform, dropped)


def test_a_cursor_that_was_lost_does_not_lose_an_answer(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform)
    dropped = drop_some(tree)
    platform.switch(ack_delay=1e7)
    while len(platform.flows) < FILES:  # on a busy machine one short run may not get so far
        assert serve(tree, follow_for=0.5).exit_code == 3
    for flow in platform.flows:
        platform.acknowledge(flow.flow_id, "Ok")
    assert serve(tree).exit_code == 0
    assert_at_rest(tree, platform, dropped)


def test_two_routes_of_one_account_share_its_answers(tmp_path: Path, platform: Simulator) -> None:
    tree = plant(tmp_path, platform, more_routes={"achats": {}})
    drop_some(tree)
    other = tmp_path / "achats"
    (other / "inbox" / "AC1.xml").write_bytes(ubl_invoice(number="AC1"))
    assert serve(tree).exit_code == 0
    assert len(platform.flows) == FILES + 1
    assert [path.name for path in (other / "outbox").rglob("*.json")] == ["AC1.xml.ok.json"]
