"""Questions to a directory: each asked once, believed for a while, and without harm to the account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.clock import SystemClock
from connector.directory import Address, Reach, Told
from connector.gateways import AccountDesk
from connector.gateways.enquiry import FAILURES, LONGEST_NO, Enquiry
from connector.journal import SqliteJournal
from connector.samples.parties import siren
from connector.simulator import Simulator
from connector.simulator.directory import Line
from tests.integration.test_gateways_directory import desk
from tests.platform import platform as platform
from tests.platform import until

SIRENS = [siren(99_700_000 + n) for n in range(40)]
ADDRESSES = [Address(siren=number) for number in SIRENS]
THERE = tuple(Line(address=number, siren=number) for number in SIRENS[::2])


class Clock(SystemClock):
    """The real one, some hours ahead."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def account(platform: Simulator) -> Iterator[AccountDesk]:
    platform.list_in_directory(*THERE)
    with desk(platform, timeouts={"read": 0.4, "total": 0.8}) as opened:
        yield opened


def all_of(enquiry: Enquiry, wanted: list[Address], **more: Any) -> dict[str, Told]:
    told: dict[str, Told] = {}

    def answered() -> bool:
        told.update(enquiry.ask(wanted, 0.05, **more))
        return len(told) == len(set(wanted))

    until(answered, 20.0)
    return told


def test_many_are_asked_at_once_and_each_once_whoever_asks(
    platform: Simulator, account: AccountDesk, journal: SqliteJournal
) -> None:
    platform.faults({"on": "directory", "do": "delay", "seconds": 0.05})
    enquiry = Enquiry(account, journal, 24.0, SystemClock())
    assert enquiry.ask(ADDRESSES, 0.0) == {}  # it does not wait
    assert enquiry.ask(ADDRESSES[:3] * 2, 0.0) == {}
    assert enquiry.under_way() == len(ADDRESSES)
    started = time.monotonic()
    told = all_of(enquiry, ADDRESSES)
    assert time.monotonic() - started < len(ADDRESSES) * 0.05  # eight at once
    assert {text for text, answer in told.items() if answer.reach is Reach.REACHABLE} == set(SIRENS[::2])
    assert enquiry.under_way() == 0
    again = Enquiry(account, journal, 24.0, SystemClock())  # another life, the same journal
    assert len(again.ask(ADDRESSES, 0.0)) == len(ADDRESSES)
    assert platform.asked("directory") == len(ADDRESSES)


def test_a_no_is_believed_for_a_shorter_time_than_a_yes(
    platform: Simulator, account: AccountDesk, journal: SqliteJournal
) -> None:
    clock = Clock()
    enquiry = Enquiry(account, journal, 24.0, clock)
    all_of(enquiry, ADDRESSES[:2])
    clock.ahead = LONGEST_NO + timedelta(minutes=1)
    assert enquiry.ask(ADDRESSES[:2], 0.0).keys() == {SIRENS[0]}
    all_of(enquiry, ADDRESSES[:2])
    assert platform.asked("directory") == 3
    clock.ahead = timedelta(hours=25)
    assert enquiry.ask(ADDRESSES[:2], 0.0) == {}
    asked_at = datetime.now(UTC) - timedelta(minutes=1)  # a list that takes days keeps what it was told
    assert enquiry.ask(ADDRESSES[:2], 0.0, asked_at).keys() == set(SIRENS[:2])
    assert enquiry.recall(SIRENS[:2], asked_at).keys() == set(SIRENS[:2])


def test_what_was_answered_long_ago_is_forgotten(account: AccountDesk, journal: SqliteJournal) -> None:
    now = datetime.now(UTC)
    journal.remember("pa", {SIRENS[0]: (Told(at=now - timedelta(days=8)), now - timedelta(days=7))})
    journal.remember("pa", {SIRENS[1]: (Told(at=now), now)})
    found = journal.recall("pa", SIRENS[:2], now, now - timedelta(days=30))
    assert found.keys() == {SIRENS[1]}
    assert journal.recall("other", SIRENS[:2], now, now - timedelta(days=30)) == {}


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ({"do": "status", "code": 403}, "forbidden"),
        ({"do": "status", "code": 401}, "unauthorized"),
        ({"do": "status", "code": 429, "retry_after": 3600}, "rate"),
        ({"do": "hang"}, "timeout"),
        ({"do": "status", "code": 503, "retry_after": 3600}, "server-error"),
    ],
)
def test_H06_H12_the_account_goes_on_whatever_trouble_its_directory_is_in(
    platform: Simulator, account: AccountDesk, journal: SqliteJournal, fault: dict[str, Any], trouble: str
) -> None:
    platform.faults({"on": "directory", **fault})
    enquiry = Enquiry(account, journal, 24.0, SystemClock())
    told = all_of(enquiry, ADDRESSES[:FAILURES])
    assert {answer.trouble for answer in told.values()} <= {trouble, "read"}
    assert {answer.reach for answer in told.values()} == {Reach.UNKNOWN}
    assert account.snapshot().way == "free"
    assert account.courier().room() > 0
    asked = platform.asked("directory")
    assert len(enquiry.ask(ADDRESSES, 0.0)) == len(ADDRESSES)  # it is left alone for a while
    assert platform.asked("directory") == asked
    assert journal.recall("pa", SIRENS, datetime.now(UTC), None) == {}  # no trouble is remembered


def test_a_question_that_cannot_be_put_says_nothing_of_the_directory(
    platform: Simulator, journal: SqliteJournal
) -> None:
    with desk(platform, "chorus-pro") as chorus:
        enquiry = Enquiry(chorus, journal, 24.0, SystemClock())
        told = all_of(enquiry, ADDRESSES[:5])  # Chorus Pro knows nobody by a SIREN
        assert {answer.trouble for answer in told.values()} == {"needs-siret"}
        other = Address(siren=SIRENS[0], siret=f"{SIRENS[0]}00012")
        assert all_of(enquiry, [other])[str(other)].trouble is None
