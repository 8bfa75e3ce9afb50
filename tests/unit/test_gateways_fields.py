"""Fields of platforms' answers: what comes through can be stored and shown, whatever was written."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.gateways.afnor_flows import flow_of
from connector.gateways.fields import text
from connector.incoming import Incoming
from connector.lifecycle import seen
from connector.records import decode, encode


@pytest.mark.parametrize(
    ("value", "read"),
    [(" FA1 ", "FA1"), (7, "7"), (True, None), (None, None), ("  ", None), (["x"], None), ("é\ud800", "é?")],
)
def test_a_text_is_read_leniently(value: object, read: str | None) -> None:
    assert text(value) == read


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_whatever_a_platform_calls_a_flow_it_can_be_written_down(name: str) -> None:
    listed = json.loads(
        json.dumps({"flowId": "in-1", "name": name, "flowDirection": "In", "trackingId": name})
    )
    flow = flow_of(listed)
    assert flow is not None
    noted = seen(flow.incoming(None), "pa", "20261122-100000-00000001", datetime(2026, 11, 22, tzinfo=UTC))
    assert decode(Incoming, encode(Incoming, noted)) == noted
