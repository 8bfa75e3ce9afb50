"""What a simulated platform has for its client: listed as "In", fetched as it is, and nobody's deposit."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from connector.simulator import Simulator
from tests.platform import Caller, invoice
from tests.platform import caller as caller
from tests.platform import platform as platform

STATUS = {"flowType": "CustomerInvoiceLC", "name": "CDV.xml", "content": "<status/>"}
BYTES = bytes(range(256))


def test_what_is_put_there_is_listed_for_the_client_and_can_be_fetched(
    caller: Caller, platform: Simulator
) -> None:
    flow_id = caller.post_json("/_control/incoming", STATUS).json["flowId"]
    raw = {
        "flowType": "SupplierInvoice",
        "name": "A.pdf",
        "flowSyntax": "Factur-X",
        "contentBase64": b64encode(BYTES).decode(),
    }
    second = caller.post_json("/_control/incoming", raw).json["flowId"]
    (listed,) = caller.search(flowDirection=["In"], flowType=["CustomerInvoiceLC"]).json["results"]
    assert listed["flowId"] == flow_id
    assert (listed["flowDirection"], listed["flowSyntax"], listed["name"]) == ("In", "CDAR", "CDV.xml")
    assert listed["acknowledgement"] == {"status": "Ok"}
    assert caller.flow(flow_id, "Original").body == b"<status/>"
    assert caller.flow(second, "Original").body == BYTES
    assert platform.flows == ()


def test_what_comes_from_others_is_no_duplicate_and_no_deposit_of_ours(
    caller: Caller, platform: Simulator
) -> None:
    platform.bring(invoice("FA1"), "SupplierInvoice", name="FA1.xml", syntax="UBL", tracking_id="t-1")
    flow_id = caller.deposit("FA1", "t-1").json["flowId"]
    assert caller.flow(flow_id).json["acknowledgement"] == {"status": "Ok"}
    found = caller.search(trackingId="t-1").json["results"]
    assert {flow["flowDirection"] for flow in found} == {"In", "Out"}
    assert [flow.flow_id for flow in platform.ledger.of_tracking_id("t-1")] == [flow_id]


@pytest.mark.parametrize(
    "wrong",
    [
        {"flowType": "NoSuchType"},
        {"name": None},
        {"content": None, "contentBase64": "not base64!"},
        {"content": None, "contentBase64": None},
    ],
)
def test_a_control_request_that_says_too_little_is_refused(caller: Caller, wrong: dict[str, Any]) -> None:
    given = {name: value for name, value in (STATUS | wrong).items() if value is not None}
    assert caller.post_json("/_control/incoming", given).status == 400
