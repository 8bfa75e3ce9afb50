"""Recipients looked up before anything is sent to them: what is told, what is held, and what never waits."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import connector
from connector.cli.context import Context
from connector.journal import JournalView
from connector.model import Job, Outcome, State
from connector.samples.parties import BUYER, siren
from connector.samples.ubl import ubl_invoice
from connector.service import Report, Service
from connector.settings import load
from connector.simulator import Simulator
from connector.simulator.chorus import Structure
from connector.simulator.directory import Line
from connector.wiring import assembled
from tests.platform import platform as platform
from tests.setup_tree import SECRET, Tree, assert_at_rest, plant

HELD = ("recipient-unknown", "recipient-inactive", "recipient-not-yet", "recipient-other-address")
IN_FORCE = Line(address=BUYER, siren=BUYER)


@pytest.fixture(autouse=True)
def known_secrets(monkeypatch: pytest.MonkeyPatch, platform: Simulator) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("CONNECTOR_PA_TECHNICAL_PASSWORD", platform.technical_password)


def plant_checked(folder: Path, platform: Simulator, check: str, **route: Any) -> Tree:
    account = {
        "directory_url": platform.directory_url,
        "max_per_second": 500.0,
        "timeouts": {"read": 0.5, "total": 1.0},
    }
    return plant(folder, platform, account=account, route={"recipient_check": check} | route)


def plant_chorus(folder: Path, platform: Simulator, **account: Any) -> Tree:
    own = {
        "gateway": "chorus-pro",
        "base_url": platform.chorus_url,
        "technical_account": platform.technical_account,
        "max_per_second": 500.0,
        "ask_after": 0.1,
    }
    return plant(folder, platform, account=own | account)


def serve(tree: Tree, follow_for: float = 4.0) -> Report:
    with assembled(load(tree.config)) as assembly:
        return Service(assembly, threading.Event()).run(once=True, follow_for=follow_for)


def only(tree: Tree) -> Job:
    (job,) = tree.jobs()
    return job


def told(tree: Tree) -> list[str]:
    """Codes of the problems in the only result."""
    (result,) = tree.results()
    problems = result["problems"]
    return [problem["code"] for problem in problems]


def problem_of(result: dict[str, Any]) -> str:
    (problem,) = result["problems"]
    return str(problem["code"])


# --------------------------------------------------------------------------- approved platforms
def test_a_recipient_in_force_is_asked_about_once_and_its_invoices_go(
    tmp_path: Path, platform: Simulator
) -> None:
    platform.list_in_directory(IN_FORCE)
    tree = plant_checked(tmp_path, platform, "hold")
    dropped = [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(5)]
    assert serve(tree).outcomes == {"accepted": 5}
    assert platform.asked("directory") == 1
    dropped.append(tree.drop("FA9.xml", ubl_invoice(number="FA9")))
    assert serve(tree).outcomes == {"accepted": 1}
    assert platform.asked("directory") == 1  # the answer outlives a restart
    assert all(result["problems"] == [] for result in tree.results())
    assert_at_rest(tree, platform, dropped)


def test_an_invoice_to_somebody_who_cannot_be_reached_is_held_and_goes_when_released(
    tmp_path: Path, platform: Simulator
) -> None:
    buyers = {code: siren(99_900_001 + place) for place, code in enumerate(HELD)}
    platform.list_in_directory(
        Line(address=buyers["recipient-inactive"], siren=buyers["recipient-inactive"], status="Disabled"),
        Line(address=buyers["recipient-not-yet"], siren=buyers["recipient-not-yet"], status="Upcoming"),
        Line(address=f"{buyers[HELD[3]]}_COMPTA", siren=buyers[HELD[3]]),
    )
    tree = plant_checked(tmp_path, platform, "hold")
    dropped = [
        tree.drop(f"{code}.xml", ubl_invoice(number=f"FA-{place}", buyer_siren=buyer))
        for place, (code, buyer) in enumerate(buyers.items())
    ]
    assert serve(tree).outcomes == {"held": 4}
    assert platform.flows == ()
    for result in tree.results():
        assert problem_of(result) == result["file"]["name"].removesuffix(".xml")
        assert (result["next"]["action"], result["next"]["who"]) == ("contact_recipient", "accounting")
        way_out = "have this one cancelled" if "other" in problem_of(result) else "connector hold release"
        assert way_out in result["next"]["message_en"].replace("Have", "have")
    assert_at_rest(tree, platform, dropped)
    words = ["hold", "release", "--config", str(tree.config), *(job.id for job in tree.jobs())]
    assert CliRunner().invoke(connector, words, obj=Context(), standalone_mode=False).return_value == 0
    asked = platform.asked("directory")
    assert serve(tree).outcomes == {"accepted": 4}
    assert platform.asked("directory") == asked  # a person has decided
    assert_at_rest(tree, platform, dropped)


def test_an_invoice_to_somebody_who_cannot_be_reached_goes_with_a_warning(
    tmp_path: Path, platform: Simulator
) -> None:
    tree = plant_checked(tmp_path, platform, "warn")
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1", buyer_address=f"{BUYER}_COMPTA"))]
    assert serve(tree).outcomes == {"accepted": 1}
    (result,) = tree.results()
    (problem,) = result["problems"]
    assert (problem["code"], problem["severity"], problem["term"]) == (
        "recipient-unknown",
        "warning",
        "BT-49",
    )
    assert problem["found"] == f"{BUYER}_COMPTA"  # the address of the invoice, not its company's
    view = JournalView(tree.state / "state.db")
    told = [event.facts["reach"] for event in view.history(only(tree).id) if "reach" in event.facts]
    view.close()
    assert told == ["absent"]
    assert_at_rest(tree, platform, dropped)


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "status", "code": 500},
        {"do": "status", "code": 403},
        {"do": "status", "code": 401},
        {"do": "status", "code": 429, "retry_after": 60},
        {"do": "status", "code": 404, "body": "html"},
        {"do": "garbage"},
        {"do": "hang"},
    ],
    ids=lambda fault: f"{fault['do']}-{fault.get('code', '')}",
)
def test_H06_H17_a_directory_in_trouble_stops_no_invoice_that_it_may_only_warn_of(
    tmp_path: Path, platform: Simulator, fault: dict[str, Any]
) -> None:
    platform.list_in_directory(IN_FORCE)
    platform.faults({"on": "directory", **fault})
    tree = plant_checked(tmp_path, platform, "warn")
    dropped = [tree.drop(f"FA{n}.xml", ubl_invoice(number=f"FA{n}")) for n in range(3)]
    report = serve(tree, 8.0)
    assert (report.outcomes, report.account_stopped) == ({"accepted": 3}, False)
    codes = [[problem["code"] for problem in result["problems"]] for result in tree.results()]
    assert codes == [["recipient-unchecked"]] * 3
    assert_at_rest(tree, platform, dropped)


def test_where_it_may_hold_an_invoice_waits_for_a_directory_in_trouble(
    tmp_path: Path, platform: Simulator
) -> None:
    platform.list_in_directory(IN_FORCE)
    platform.faults({"on": "directory", "do": "status", "code": 503})
    tree = plant_checked(tmp_path, platform, "hold")
    dropped = [tree.drop("FA1.xml", ubl_invoice(number="FA1"))]
    assert serve(tree, 0.8).left == 1
    assert (only(tree).state, only(tree).waits_for) == (State.VALID, "recipient-check")
    assert platform.flows == ()
    platform.faults()
    assert serve(tree, 8.0).outcomes == {"accepted": 1}
    assert told(tree) == []
    assert_at_rest(tree, platform, dropped)


def test_it_does_not_wait_for_ever(tmp_path: Path, platform: Simulator) -> None:
    platform.faults({"on": "directory", "do": "status", "code": 503})
    tree = plant_checked(tmp_path, platform, "hold", recipient_patience=0.3)
    tree.drop("FA1.xml", ubl_invoice(number="FA1"))
    assert serve(tree, 8.0).outcomes == {"accepted": 1}
    assert told(tree) == ["recipient-unchecked"]


def test_without_a_french_number_nobody_is_asked(tmp_path: Path, platform: Simulator) -> None:
    tree = plant_checked(tmp_path, platform, "hold", accept=["invoice", "ereporting", "lifecycle"])
    private = ubl_invoice(number="FA1").replace(f">{BUYER}<".encode(), b">client-42<")
    tree.drop("FA1.xml", private)
    serve(tree)
    assert only(tree).outcome is Outcome.ACCEPTED
    assert platform.asked("directory") == 0


# --------------------------------------------------------------------------- Chorus Pro
TOWN = {"service_required": True, "services": (("VOIRIE", True), ("ECOLES", False))}


TURNED_DOWN: dict[str, tuple[dict[str, Any] | None, dict[str, Any], str]] = {
    "structure-unknown": (None, {}, "BT-46"),
    "structure-inactive": ({"status": "INACTIF"}, {}, "BT-46"),
    "service-code-missing": (TOWN, {}, "BT-10"),
    "service-code-unknown": (TOWN, {"buyer_reference": "MAIRIE"}, "BT-10"),
    "service-inactive": (TOWN, {"buyer_reference": "ECOLES"}, "BT-10"),
    "commitment-missing": ({"commitment_required": True}, {}, "BT-13"),
    "service-or-commitment-missing": ({"either_required": True}, {}, "BT-10"),
}
WELCOME: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    (TOWN, {"buyer_reference": "VOIRIE"}),
    ({"commitment_required": True}, {"order_reference": "2026-EJ-7"}),
    ({"either_required": True}, {"order_reference": "2026-EJ-7"}),
    ({}, {"buyer_reference": "a free reference"}),
)


def structure(place: int, facts: dict[str, Any]) -> Structure:
    return Structure(number=place + 1, siret=siret(place), **facts)


def siret(place: int) -> str:
    """An establishment of the buyer; the sum of a SIRET, each second digit doubled, is divisible by ten."""
    stem = f"{BUYER}{place:04}"
    doubled = (int(digit) * (2 if n % 2 == 1 else 1) for n, digit in enumerate(reversed(stem + "0")))
    return stem + str(-sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10)


def test_what_a_public_recipient_would_turn_down_is_refused_here(tmp_path: Path, platform: Simulator) -> None:
    cases = list(TURNED_DOWN.items())
    platform.know_structures(*(structure(n, facts) for n, (_, (facts, _, _)) in enumerate(cases) if facts))
    tree = plant_chorus(tmp_path, platform, structure_check="reject")
    for n, (code, (_, said, _)) in enumerate(cases):
        tree.drop(f"{code}.xml", ubl_invoice(number=f"FA-{n}", buyer_siret=siret(n), **said))
    tree.drop("structure-needs-siret.xml", ubl_invoice(number="FA-99"))
    assert serve(tree).outcomes == {"rejected_before_sending": len(cases) + 1}
    assert platform.chorus_flows == ()
    for result in tree.results():
        (problem,) = result["problems"]
        assert problem["code"] == result["file"]["name"].removesuffix(".xml")
        assert problem["term"] == TURNED_DOWN.get(problem["code"], ({}, {}, "BT-46"))[2]
        assert problem["code"] == "structure-inactive" or problem["term"] in problem["action"]
        assert result["next"]["same_number_allowed"] is True


def test_an_invoice_with_what_the_recipient_asks_for_goes(tmp_path: Path, platform: Simulator) -> None:
    platform.know_structures(*(structure(n, facts) for n, (facts, _) in enumerate(WELCOME)))
    tree = plant_chorus(tmp_path, platform, structure_check="reject")
    for n, (_, said) in enumerate(WELCOME):
        for copy in "AB":
            invoice = ubl_invoice(number=f"FA-{n}{copy}", buyer_siret=siret(n), **said)
            tree.drop(f"FA{n}{copy}.xml", invoice)
    assert serve(tree).outcomes == {"accepted": 2 * len(WELCOME)}
    assert all(result["problems"] == [] for result in tree.results())
    assert platform.asked("directory") == 3 + 2 + 2 + 3  # once for each recipient


def test_a_service_beyond_the_first_page_is_found(tmp_path: Path, platform: Simulator) -> None:
    services = tuple((f"S{n:03}", True) for n in range(25))
    platform.know_structures(structure(1, {"service_required": True, "services": services}))
    platform.switch(page_limit=10)
    tree = plant_chorus(tmp_path, platform, structure_check="reject")
    tree.drop("FA1.xml", ubl_invoice(number="FA1", buyer_siret=siret(1), buyer_reference="S024"))
    assert serve(tree).outcomes == {"accepted": 1}


def test_by_default_a_public_recipient_is_only_warned_of(tmp_path: Path, platform: Simulator) -> None:
    platform.know_structures(structure(1, TOWN))
    tree = plant_chorus(tmp_path, platform)
    tree.drop("FA1.xml", ubl_invoice(number="FA1", buyer_siret=siret(1)))
    assert serve(tree).outcomes == {"accepted": 1}
    assert told(tree) == ["service-code-missing"]
