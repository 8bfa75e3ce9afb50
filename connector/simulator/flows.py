"""What a simulated platform knows of one flow, and how it tells it: records without behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.simulator.contract import FlowInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One reason in an acknowledgement."""

    reason_code: str
    item: str
    message: str
    level: str = "Error"

    def as_json(self) -> dict[str, str]:
        return {
            "level": self.level,
            "item": self.item,
            "reasonCode": self.reason_code,
            "reasonMessage": self.message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The acknowledgement that a flow will get: Pending, Ok, Error, or whatever a plan says."""

    status: str
    details: tuple[Detail, ...] = ()

    def as_json(self) -> dict[str, Any]:
        if not self.details:
            return {"status": self.status}
        return {"status": self.status, "details": [detail.as_json() for detail in self.details]}


PENDING, OK = Verdict(status="Pending"), Verdict(status="Ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A verdict and when it was given, in milliseconds since 1970."""

    at: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One received deposit, or what the platform has for its client.

    Times are in milliseconds since 1970, as told to the caller.
    """

    flow_id: str
    info: FlowInfo
    sha256: str
    size: int
    media: str
    flow_type: str
    key: str  # what makes it the same business content as another
    received: int  # by the exact clock, for the index lag
    submitted: int
    updated: int
    history: tuple[Acknowledgement, ...]
    due: int  # when `verdict` is given, by the exact clock
    verdict: Verdict
    direction: str = "Out"  # "In": not a deposit, but what the platform has for its client

    @property
    def acknowledgement(self) -> Verdict:
        return self.history[-1].verdict

    @property
    def settled(self) -> bool:
        return len(self.history) > 1

    @property
    def rule(self) -> str:
        return self.info.rule or ("NotApplicable" if self.info.syntax in ("CDAR", "FRR") else "B2B")

    def as_receipt(self) -> dict[str, Any]:
        """`FullFlowInfo`: what the sender said, and the flow id."""
        told = {
            "trackingId": self.info.tracking_id,
            "name": self.info.name,
            "flowSyntax": self.info.syntax,
            "flowProfile": self.info.profile,
            "processingRule": self.info.rule,
        }
        return {name: value for name, value in told.items() if value is not None} | {
            "sha256": self.sha256,
            "flowId": self.flow_id,
            "submittedAt": instant(self.submitted),
        }

    def as_flow(self, api_version: str = "1.2") -> dict[str, Any]:
        """`Flow`: what search and Metadata answer. The specification leaves the SHA-256 out."""
        told: dict[str, Any] = {"name": self.info.name} if api_version == "1.2" else {}
        if self.info.tracking_id is not None:
            told["trackingId"] = self.info.tracking_id
        if self.info.profile is not None:
            told["flowProfile"] = self.info.profile
        return told | {
            "flowSyntax": self.info.syntax,
            "flowId": self.flow_id,
            "submittedAt": instant(self.submitted),
            "updatedAt": instant(self.updated),
            "flowType": self.flow_type,
            "flowDirection": self.direction,
            "processingRule": self.rule,
            "processingRuleSource": "Input" if self.info.rule else "Computed",
            "acknowledgement": self.acknowledgement.as_json(),
        }

    def as_record(self) -> dict[str, Any]:
        """What the control endpoint tells: more than the platform would."""
        return self.as_flow() | {
            "sha256": self.sha256,
            "size": self.size,
            "businessKey": self.key,
            "history": [{"at": instant(ack.at)} | ack.verdict.as_json() for ack in self.history],
        }


def instant(milliseconds: int) -> str:
    """A time as the API writes it: 2026-11-22T08:00:00.000Z."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
