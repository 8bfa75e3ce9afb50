"""The watch over the log notices what it is there for, and leaves alone what may be told."""

from __future__ import annotations

import json

import pytest
from loguru import logger

from connector.gateways.afnor_flows import flow_of
from connector.samples.parties import BUYER, company, lines, totals
from connector.simulator.tokens import Tokens
from tests.discretion import told_too_much
from tests.setup_tree import SECRET


def logged(level: str = "INFO", **fields: str) -> str:
    return json.dumps({"level": level, "event": "something", **fields}, ensure_ascii=False)


@pytest.mark.parametrize(
    "told",
    [
        SECRET,
        "Authorization: Bearer abcdefgh12345678",
        company(BUYER).name,
        company(BUYER).street,
        company(BUYER).iban,
        "comptable@example.org",
        f"{totals(lines(3)).gross} EUR",
        "<cbc:RegistrationName>",
    ],
)
def test_what_must_not_be_told_is_noticed(told: str) -> None:
    assert list(told_too_much(logged() + "\n" + logged(words=f"it says {told}, and so on"))) != []
    assert list(told_too_much(logged("DEBUG", words=told))) == []


@pytest.mark.parametrize(
    "told",
    [
        "FA-2026-0042.xml",
        f"SIREN {BUYER}",
        "20261122-101112-00000000",
        "3f2b8c1de4a5467f9a0b1c2d3e4f5a6b",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "after 12.50 s",
        "http://127.0.0.1:8642/flow-service",
    ],
)
def test_what_may_be_told_is_left_alone(told: str) -> None:
    assert list(told_too_much(logged(words=told))) == []


def test_tokens_of_the_simulator_are_noticed() -> None:
    form = f"grant_type=client_credentials&client_id=connector&client_secret={SECRET}".encode()
    tokens = Tokens("connector", SECRET)
    issued = [json.loads(tokens.issue("", form, 60, 400))["access_token"] for _ in range(50)]
    noticed = [token for token in issued if list(told_too_much(logged(words=f"tried {token}")))]
    assert len(noticed) > 40  # one without a digit, or that ends a word with a dash, may slip through


def test_a_platform_that_lists_nonsense_is_told_of_without_what_it_lists() -> None:
    said: list[str] = []
    sink = logger.add(said.append, level="INFO", format="{message}")
    try:
        assert flow_of({"buyer": company(BUYER).name, "status": "Ok"}) is None
    finally:
        logger.remove(sink)
    (line,) = said
    assert "buyer" in line
    assert company(BUYER).name not in line
