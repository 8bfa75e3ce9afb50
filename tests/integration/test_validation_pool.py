"""The pool answers every order once, whatever a file does to a worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.errors import ConfigurationError, Deferrable
from connector.model import Inspection, InspectionLost, InspectionOrder, VerdictStatus
from connector.ports import Inspector
from connector.samples import broken
from connector.samples.frr import frr_report
from connector.samples.ubl import ubl_invoice
from connector.settings import Workers
from connector.validation.pool import InspectionPool

Seen = Inspection | InspectionLost


@pytest.fixture
def pool() -> Iterator[InspectionPool]:
    with InspectionPool(Workers(count=2)) as pool:
        yield pool


@pytest.fixture
def single() -> Iterator[InspectionPool]:
    """One worker, which gives up a file after two seconds."""
    with InspectionPool(Workers(count=1, time_limit=2.0)) as pool:
        yield pool


def order(path: Path) -> InspectionOrder:
    return InspectionOrder(key=path.name, path=path, size=path.stat().st_size if path.is_file() else 0)


def written(folder: Path, name: str, content: bytes) -> InspectionOrder:
    (folder / name).write_bytes(content)
    return order(folder / name)


def answers(pool: InspectionPool, orders: list[InspectionOrder]) -> dict[str, Seen]:
    seen = [answer for group in pool.inspect(orders) for answer in group]
    assert sorted(key for key, _ in seen) == sorted(order.key for order in orders)  # each exactly once
    return dict(seen)


def numbers(seen: dict[str, Seen]) -> dict[str, str | None]:
    return {
        key: found.document.number
        for key, found in seen.items()
        if isinstance(found, Inspection) and found.document
    }


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def with_a_pipe_in_the_middle(folder: Path, before: int, after: int) -> list[InspectionOrder]:
    """Orders with one file that never ends: a named pipe that nobody writes to."""
    os.mkfifo(folder / "stuck")
    orders = [written(folder, f"{n:03d}", ubl_invoice(number=f"N{n}")) for n in range(before + after)]
    return [*orders[:before], order(folder / "stuck"), *orders[before:]]


def test_the_pool_is_the_inspector_of_the_journey(pool: InspectionPool) -> None:
    inspector: Inspector = pool
    assert list(inspector.inspect([])) == []


def test_a_thousand_files_are_answered_once_each_with_their_own_answer(
    tmp_path: Path, pool: InspectionPool
) -> None:
    orders = []
    for n in range(1000):
        match n % 4:
            case 0:
                content = broken.invoice_without_date(number=f"N{n}")
            case 1:
                content = frr_report(number=f"N{n}", transactions=1)
            case 2:
                content = broken.invoice_cut_off(number=f"N{n}")
            case _:
                content = ubl_invoice(number=f"N{n}")
        orders.append(written(tmp_path, str(n), content))
    seen = answers(pool, orders)
    assert numbers(seen) == {str(n): f"N{n}" for n in range(1000) if n % 4 != 2}
    expected = [VerdictStatus.INVALID, VerdictStatus.VALID, VerdictStatus.UNREADABLE, VerdictStatus.VALID]
    for key, found in seen.items():
        assert isinstance(found, Inspection)
        assert found.verdict.status is expected[int(key) % 4]


def test_answers_come_before_all_are_ready(tmp_path: Path, single: InspectionPool) -> None:
    groups = single.inspect(with_a_pipe_in_the_middle(tmp_path, before=20, after=0))
    assert next(groups)[0][0] == "000"
    assert sum(len(group) for group in groups) > 0


def test_P05_a_killed_worker_costs_only_the_file_it_had_in_hand(
    tmp_path: Path, single: InspectionPool
) -> None:
    orders = with_a_pipe_in_the_middle(tmp_path, before=5, after=30)
    seen: dict[str, Seen] = {}
    for group in single.inspect(orders):
        seen.update(group)
        if "004" in seen and "stuck" not in seen:  # all before it are answered: it is in hand now
            os.kill(single.worker_pids()[0], signal.SIGKILL)
    assert seen.pop("stuck") == InspectionLost(reason="crash")
    assert len(numbers(seen)) == 35


def test_P05_a_file_that_never_ends_is_given_up_and_the_others_go_on(
    tmp_path: Path, single: InspectionPool
) -> None:
    seen = answers(single, with_a_pipe_in_the_middle(tmp_path, before=5, after=30))
    assert seen.pop("stuck") == InspectionLost(reason="time")
    assert len(numbers(seen)) == 35


def test_P05_a_stopped_worker_is_replaced(tmp_path: Path, single: InspectionPool) -> None:
    orders = [written(tmp_path, f"{n:02d}", ubl_invoice()) for n in range(10)]
    answers(single, orders)
    (stopped,) = single.worker_pids()
    os.kill(stopped, signal.SIGSTOP)
    seen = answers(single, orders)
    assert sum(isinstance(found, InspectionLost) for found in seen.values()) <= 1
    assert single.worker_pids() != (stopped,)


def test_P05_a_file_that_needs_too_much_memory_is_lost_and_the_others_go_on(tmp_path: Path) -> None:
    greedy = b"<Report><Id>" + b"x" * 200_000_000 + b"</Id></Report>"
    orders = [
        written(tmp_path, "before", ubl_invoice()),
        written(tmp_path, "greedy", greedy),
        written(tmp_path, "after", ubl_invoice()),
    ]
    with InspectionPool(Workers(count=1, memory_limit=400 * 1024 * 1024)) as pool:
        seen = answers(pool, orders)
    assert seen["greedy"] == InspectionLost(reason="memory")
    assert set(numbers(seen)) == {"before", "after"}


def test_P04_a_worker_killed_while_idle_costs_nothing(tmp_path: Path, single: InspectionPool) -> None:
    orders = [written(tmp_path, f"{n:02d}", ubl_invoice(number=f"N{n}")) for n in range(20)]
    answers(single, orders)
    (pid,) = single.worker_pids()
    os.kill(pid, signal.SIGKILL)
    assert len(numbers(answers(single, orders))) == 20


def test_a_file_that_cannot_be_read_is_lost_for_io_and_gets_no_verdict(
    tmp_path: Path, pool: InspectionPool
) -> None:
    seen = answers(
        pool, [order(tmp_path / "gone"), order(tmp_path), written(tmp_path, "there", ubl_invoice())]
    )
    assert seen["gone"] == seen[tmp_path.name] == InspectionLost(reason="io")
    assert set(numbers(seen)) == {"there"}


def test_a_name_that_is_not_utf8_is_no_hindrance(tmp_path: Path, pool: InspectionPool) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/facture_\xe9t\xe9 \n.xml"))
    path.write_bytes(ubl_invoice(number="N1"))
    seen = answers(pool, [InspectionOrder(key="k", path=path, size=1)])
    assert numbers(seen) == {"k": "N1"}


def test_several_routes_share_the_workers_and_never_see_each_others_documents(
    tmp_path: Path, pool: InspectionPool
) -> None:
    def one_route(name: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        orders = []
        for n in range(120):
            content = ubl_invoice(number=f"{name}-{n}").replace(b"EUR</cbc", f"{name}{n}</cbc".encode())
            wrong = content.replace(b"<cbc:IssueDate>2026", f"<cbc:IssueDate>{name}{n}".encode())
            orders.append(written(folder, f"{name}-{n}", wrong))
        for key, found in answers(pool, orders).items():
            assert isinstance(found, Inspection)
            assert found.document is not None
            assert found.document.number == key
            (problem,) = found.verdict.problems
            assert (problem.found or "").startswith(key.replace("-", ""))

    with ThreadPoolExecutor(4) as routes:
        list(routes.map(one_route, ["alpha", "beta", "gamma", "delta"]))
    assert len(pool.worker_pids()) == 2


def test_a_stuck_file_of_one_route_does_not_hold_another(tmp_path: Path) -> None:
    with InspectionPool(Workers(count=2, time_limit=30.0)) as pool:
        stuck = pool.inspect(with_a_pipe_in_the_middle(tmp_path, before=1, after=0))
        next(stuck)
        orders = [written(tmp_path, f"b{n}", ubl_invoice()) for n in range(40)]
        assert len(answers(pool, orders)) == 40


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_worker_leaves_signals_to_its_parent(
    tmp_path: Path, single: InspectionPool, number: signal.Signals
) -> None:
    orders = [written(tmp_path, "a", ubl_invoice())]
    answers(single, orders)
    before = single.worker_pids()
    os.kill(before[0], number)
    answers(single, orders)
    assert single.worker_pids() == before


def test_closing_ends_the_workers_and_whoever_waits(tmp_path: Path) -> None:
    pool = InspectionPool(Workers(count=1))
    groups = pool.inspect(with_a_pipe_in_the_middle(tmp_path, before=1, after=0))
    next(groups)
    (pid,) = pool.worker_pids()
    threading.Thread(target=pool.close).start()
    with pytest.raises(Deferrable):
        list(groups)
    until(lambda: gone(pid))
    pool.close()
    with pytest.raises(Deferrable):
        list(pool.inspect([written(tmp_path, "late", ubl_invoice())]))


def test_nothing_is_started_before_it_is_needed() -> None:
    with InspectionPool(Workers(count=2)) as pool:
        assert pool.worker_pids() == ()


def test_P05_workers_die_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stuck")
    (tmp_path / "a").write_bytes(ubl_invoice())
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from pathlib import Path\n"
            "from connector.ports import InspectionOrder as O\n"
            "from connector.settings import Workers\n"
            "from connector.validation.pool import InspectionPool\n"
            "pool = InspectionPool(Workers(count=1))\n"
            "paths = [Path(p) for p in sys.argv[1:]]\n"
            "for group in pool.inspect([O(key=p.name, path=p, size=0) for p in paths]):\n"
            "    print(*pool.worker_pids(), flush=True)\n",
            str(tmp_path / "a"),
            str(tmp_path / "stuck"),
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: gone(worker))


def test_a_worker_that_cannot_start_is_an_error_and_not_a_loop(tmp_path: Path) -> None:
    orders = [written(tmp_path, "a", ubl_invoice())]
    with (
        InspectionPool(Workers(count=1, memory_limit=1024)) as pool,
        pytest.raises(ConfigurationError, match="memory_limit"),
    ):
        answers(pool, orders)


def test_a_site_schema_is_used_and_a_broken_one_is_an_error(tmp_path: Path) -> None:
    own = tmp_path / "maison.xsd"
    own.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="Report"/></xs:schema>'
    )
    orders = [written(tmp_path, "a", b"<Report><Anything/></Report>")]
    with InspectionPool(Workers(count=1), overrides={"frr-report": own}) as pool:
        found = answers(pool, orders)["a"]
        assert isinstance(found, Inspection)
        assert found.verdict.status is VerdictStatus.VALID
        assert "maison.xsd" in (found.verdict.schema or "")
    own.write_text("<broken/>")
    with (
        InspectionPool(Workers(count=1), overrides={"frr-report": own}) as pool,
        pytest.raises(ConfigurationError, match=r"maison\.xsd"),
    ):
        answers(pool, orders)


def test_a_worker_does_not_inherit_the_connectors_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", "s3cret")
    with InspectionPool(Workers(count=1)) as pool:
        answers(pool, [written(tmp_path, "a", ubl_invoice())])
        environment = Path(f"/proc/{pool.worker_pids()[0]}/environ").read_bytes()
    assert b"s3cret" not in environment
