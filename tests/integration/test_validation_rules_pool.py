"""Business rules in the worker processes: whatever becomes of the engine, the document keeps its verdict."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from connector.model import Inspection, InspectionLost, InspectionOrder, Problem, VerdictStatus
from connector.samples.broken import invoice_without_date
from connector.samples.cii import cii_invoice
from connector.samples.ubl import ubl_invoice
from connector.settings import Workers
from connector.validation.pool import InspectionPool
from tests.platform import until

SLOW = ubl_invoice(number="SLOW", lines=8000)  # some seconds of rules, a fraction of one for the schema
UBL_WARM = ("ubl-invoice",)


def ordered(folder: Path, *contents: bytes, rules: str = "error") -> list[InspectionOrder]:
    orders = []
    for n, content in enumerate(contents):
        path = folder / f"{n}.xml"
        path.write_bytes(content)
        orders.append(InspectionOrder(key=str(n), path=path, size=len(content), rules=rules))
    return orders


def answers(pool: InspectionPool, orders: Sequence[InspectionOrder]) -> dict[str, Inspection]:
    seen = {key: answer for group in pool.inspect(orders) for key, answer in group}
    assert sorted(seen) == sorted(order.key for order in orders)
    return {key: answer for key, answer in seen.items() if isinstance(answer, Inspection)}


def unevaluated(seen: Inspection) -> list[Problem]:
    return [problem for problem in seen.verdict.problems if problem.code == "rules-not-evaluated"]


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_many_documents_of_several_kinds_are_judged_each_by_its_rules(tmp_path: Path) -> None:
    wrong = ubl_invoice().replace(b"#PMT#", b"#AAI#")
    contents = [ubl_invoice(lines=2), wrong, cii_invoice(lines=2), invoice_without_date()] * 10
    with InspectionPool(Workers(count=2)) as pool:
        seen = answers(pool, ordered(tmp_path, *contents))
    for key, answer in seen.items():
        match int(key) % 4:
            case 0 | 2:
                assert answer.verdict.status is VerdictStatus.VALID
                assert answer.verdict.problems == ()
                assert "BR-FR" in (answer.verdict.rules or "")
            case 1:
                assert [problem.code for problem in answer.verdict.problems] == ["BR-FR-05_BT-22-1"]
            case 3:
                assert answer.verdict.rules is None


def test_rules_that_take_too_long_cost_a_warning_and_not_the_verdict(tmp_path: Path) -> None:
    with InspectionPool(Workers(count=1, time_limit=3.0)) as pool:
        pool.warm_up(UBL_WARM)
        seen = answers(pool, ordered(tmp_path, ubl_invoice(), SLOW, ubl_invoice()))
    assert [problem.found for problem in unevaluated(seen["1"])] == ["time"]
    assert seen["1"].verdict.status is VerdictStatus.VALID
    assert seen["1"].verdict.rules is None
    assert unevaluated(seen["0"]) == unevaluated(seen["2"]) == []


def test_an_engine_out_of_memory_costs_a_warning_and_not_the_verdict(tmp_path: Path) -> None:
    with InspectionPool(Workers(count=1, memory_limit=320 * 1024 * 1024)) as pool:
        seen = answers(pool, ordered(tmp_path, ubl_invoice(), SLOW, ubl_invoice()))
    assert [problem.found for problem in unevaluated(seen["1"])] == ["crash"]
    assert seen["1"].verdict.status is VerdictStatus.VALID
    assert unevaluated(seen["0"]) == unevaluated(seen["2"]) == []


def test_a_worker_killed_under_the_rules_costs_a_warning_and_not_the_verdict(tmp_path: Path) -> None:
    with InspectionPool(Workers(count=1)) as pool:
        groups = pool.inspect(ordered(tmp_path, ubl_invoice(), SLOW))
        seen: dict[str, Inspection | InspectionLost] = dict(next(groups))
        assert sorted(seen) == ["0"]  # SLOW is in hand
        (pid,) = pool.worker_pids()
        before = resident(pid)
        until(lambda: resident(pid) > before + 50_000_000)
        os.kill(pid, signal.SIGKILL)
        for group in groups:
            seen.update(group)
    answer = seen["1"]
    assert isinstance(answer, Inspection)
    assert answer.verdict.status is VerdictStatus.VALID
    assert [problem.found for problem in unevaluated(answer)] == ["crash"]


def test_P05_a_file_that_kills_without_rules_too_is_lost(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stuck")
    stuck = InspectionOrder(key="stuck", path=tmp_path / "stuck", size=0, rules="warn")
    with InspectionPool(Workers(count=1, time_limit=1.0)) as pool:
        seen = {key: answer for group in pool.inspect([stuck]) for key, answer in group}
    assert seen == {"stuck": InspectionLost(reason="time")}


def test_an_invalid_document_gets_no_warning_about_rules_it_would_never_have_met(tmp_path: Path) -> None:
    with InspectionPool(Workers(count=1)) as pool:
        (seen,) = answers(pool, ordered(tmp_path, invoice_without_date())).values()
    assert unevaluated(seen) == []


def test_a_warm_worker_has_its_rules_before_the_first_file(tmp_path: Path) -> None:
    with InspectionPool(Workers(count=1)) as pool:
        pool.warm_up(UBL_WARM)
        until(lambda: pool.worker_pids() and resident(pool.worker_pids()[0]) > 120_000_000, 30)
        assert list(answers(pool, ordered(tmp_path, ubl_invoice()))) == ["0"]


def test_a_worker_that_nobody_asks_for_rules_never_loads_the_engine(tmp_path: Path) -> None:
    with InspectionPool(Workers(count=1)) as pool:
        answers(pool, ordered(tmp_path, ubl_invoice(), rules="off"))
        (pid,) = pool.worker_pids()
        assert "saxon" not in Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.slow
def test_memory_stays_flat_over_some_hundred_documents(tmp_path: Path) -> None:
    contents = [ubl_invoice(number=f"U{n}", lines=5 + n % 20) for n in range(100)]
    contents += [cii_invoice(number=f"C{n}", lines=5 + n % 20) for n in range(100)]
    orders = ordered(tmp_path, *contents)
    with InspectionPool(Workers(count=1)) as pool:
        for _ in range(2):
            answers(pool, orders)
        (pid,) = pool.worker_pids()
        settled = resident(pid)
        for _ in range(6):
            answers(pool, orders)
        assert pool.worker_pids() == (pid,)
        assert resident(pid) < settled + 60_000_000
