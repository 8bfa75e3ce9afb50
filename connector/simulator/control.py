"""The control endpoints under `/_control/`: what the platform holds, and how it is told to behave.

No authentication: the simulator listens on loopback only. docs/simulator.md has an example of each.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from dataclasses import asdict
from typing import Any

from connector.errors import ConfigurationError
from connector.simulator.answers import Answer, answer_json
from connector.simulator.chorus import read_structures
from connector.simulator.contract import FLOW_TYPES, FlowInfo, Refusal
from connector.simulator.directory import read_lines
from connector.simulator.flows import Detail, Verdict
from connector.simulator.plan import read_plan
from connector.simulator.platform import SimulatedPlatform
from connector.simulator.ppf import summary as ppf_summary

PREFIX = "/_control/"


def answer(platform: SimulatedPlatform, method: str, path: str, body: bytes) -> Answer:
    """Do what a control request asks.

    Raises:
        Refusal: 400 with what is wrong with it, 404 for an unknown flow or endpoint.
    """
    match method, path.removeprefix(PREFIX):
        case "GET", "flows":
            return answer_json(_flows(platform))
        case "GET", "chorus-flows":
            return answer_json([asdict(flow) for flow in platform.chorus.flows])
        case "GET", "ppf-flows":
            return answer_json(ppf_summary(platform.portal.flows))
        case "GET", "exchanges":
            kept = [exchange.as_json() for exchange in platform.exchanges.kept()]
            return answer_json({"total": platform.exchanges.total, "exchanges": kept})
        case "GET", "switches":
            return answer_json(platform.switches.model_dump())
        case "POST", "faults":
            _plan(platform, _object(body), replace_rules=True)
        case "POST", "switches":
            _plan(platform, {"switches": _object(body)}, replace_rules=False)
        case "POST", "directory":
            platform.list_in_directory(read_lines(_object(body).get("lines", ())))
        case "POST", "structures":
            platform.chorus.know(read_structures(_object(body).get("structures", ())))
        case "POST", "acknowledge":
            return answer_json(_acknowledge(platform, _object(body)))
        case "POST", "incoming":
            return answer_json(_bring(platform, _object(body)))
        case "POST", "revoke-tokens":
            platform.tokens.revoke()
        case "POST", "reset":
            platform.reset()
        case _:
            raise Refusal(404, "MISSING_RESOURCE", "no such control endpoint")
    return answer_json({"done": True})


def flow_named(body: bytes) -> str:
    """The flow that a control request is about. Raises Refusal: 400, it names none."""
    flow_id = _object(body).get("flowId")
    if not isinstance(flow_id, str):
        raise Refusal(400, "MISSING_REQUIRED_FIELD", "flowId is a required text")
    return flow_id


def _flows(platform: SimulatedPlatform) -> dict[str, Any]:
    flows = platform.ledger.flows()
    return {
        "total": len(flows),
        "perSha256": Counter(flow.sha256 for flow in flows),
        "perTrackingId": Counter(flow.info.tracking_id or "" for flow in flows),
        "flows": [flow.as_record() for flow in flows],
    }


def _plan(platform: SimulatedPlatform, given: dict[str, Any], *, replace_rules: bool) -> None:
    """Put rules or switches in force; switches that are not named keep their value."""
    if "switches" in given and isinstance(given["switches"], dict):
        given = given | {"switches": platform.switches.model_dump() | given["switches"]}
    try:
        plan = read_plan(given)
    except ConfigurationError as error:
        raise Refusal(400, "INVALID_PLAN", str(error)) from None
    if "switches" in given:
        platform.switch(plan.switches)
    if replace_rules:
        platform.faults.replace(plan.rule)


def _acknowledge(platform: SimulatedPlatform, given: dict[str, Any]) -> dict[str, Any]:
    flow_id, status = given.get("flowId"), given.get("status")
    if not isinstance(flow_id, str) or not isinstance(status, str):
        raise Refusal(400, "MISSING_REQUIRED_FIELD", "flowId and status are required texts")
    details: tuple[Detail, ...] = ()
    if "reasonCode" in given:
        details = (
            Detail(
                reason_code=str(given["reasonCode"]),
                item=str(given.get("item", "flow")),
                message=str(given.get("reasonMessage", "")),
                level=str(given.get("level", "Error")),
            ),
        )
    flow = platform.ledger.acknowledge(flow_id, Verdict(status=status, details=details))
    if flow is None:
        raise Refusal(404, "MISSING_RESOURCE", "no such flow")
    return flow.as_record()


def _bring(platform: SimulatedPlatform, given: dict[str, Any]) -> dict[str, Any]:
    """Have a flow for the client; its document comes as `content` (a text) or `contentBase64`."""
    flow_type, name = given.get("flowType"), given.get("name")
    if flow_type not in FLOW_TYPES or not isinstance(name, str):
        raise Refusal(400, "MISSING_REQUIRED_FIELD", "flowType (one of the specification's) and name")
    try:
        content = (
            b64decode(given["contentBase64"], validate=True)
            if "contentBase64" in given
            else str(given["content"]).encode()
        )
    except (KeyError, TypeError, ValueError):
        raise Refusal(400, "MISSING_REQUIRED_FIELD", "content or contentBase64 is required") from None
    info = FlowInfo(
        name=name,
        syntax=str(given.get("flowSyntax", "CDAR")),
        tracking_id=given.get("trackingId"),
        company=given.get("company"),
    )
    return platform.ledger.bring(info, content, flow_type).as_record()


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        raise Refusal(400, "INVALID_REQUEST", "the body is not JSON") from None
    if not isinstance(given, dict):
        raise Refusal(400, "INVALID_REQUEST", "the body is not a JSON object")
    return given
