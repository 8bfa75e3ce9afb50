"""The `Flow` object of XP Z12-013 Flow 1.2.0, read defensively, and our documents as `flowInfo`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from loguru import logger

from connector.gateways.fields import moment, text
from connector.model import AckStatus, FlowReport, IncomingFlow, Parcel, Problem, Severity, Syntax

_ACK: Mapping[str, AckStatus] = {"pending": AckStatus.PENDING, "ok": AckStatus.OK, "error": AckStatus.ERROR}
# Guideline identifiers (BT-24) whose `flowProfile` is certain. It is optional: any other is left out.
_PROFILES: Mapping[str, str] = {
    "urn:cen.eu:en16931:2017": "CIUS",
    "urn:cen.eu:en16931:2017#conformant#urn.cpro.gouv.fr:1p0:extended-ctc-fr": "Extended-CTC-FR",
    "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic": "Basic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFlow:
    """A flow as the platform lists it: our own deposits are "Out", what it has for us is "In"."""

    report: FlowReport
    direction: str | None
    flow_type: str | None = None
    syntax: str | None = None

    @property
    def key(self) -> tuple[str, datetime | None, AckStatus]:
        """The same flow comes back whenever its acknowledgement changes; this tells its versions apart."""
        return self.report.flow_id, self.report.updated_at, self.report.ack

    @property
    def ours(self) -> bool:
        return self.direction != "In"

    def incoming(self, company: str | None) -> IncomingFlow:
        """The flow as one that the platform has for us.

        Args:
            company: that the platform was asked for.
        """
        report = self.report
        return IncomingFlow(
            flow_id=report.flow_id,
            flow_type=self.flow_type,
            syntax=self.syntax,
            name=report.name,
            tracking_id=report.tracking_id,
            submitted_at=report.submitted_at,
            company=company,
        )


def problem_of(detail: Mapping[str, Any]) -> Problem:
    """One entry of `acknowledgement.details`. Reason codes are an open list, so any string is taken."""
    level = (text(detail.get("level")) or "").lower()
    return Problem(
        code=text(detail.get("reasonCode")) or "unnamed",
        severity=Severity.WARNING if level == "warning" else Severity.ERROR,
        source="platform",
        where=text(detail.get("item")),
        message=text(detail.get("reasonMessage")),
    )


def flow_of(value: Any) -> SeenFlow | None:
    """A `Flow`; None, with a line in the log, when it does not even have an id."""
    flow_id = text(value.get("flowId")) if isinstance(value, dict) else None
    if flow_id is None:
        what = sorted(value) if isinstance(value, dict) else type(value).__name__  # values may name people
        logger.warning("the platform listed something that is no flow, left out: {}", what)
        return None
    found = value.get("acknowledgement")
    acknowledgement: Mapping[str, Any] = found if isinstance(found, dict) else {"status": found}
    raw = text(acknowledgement.get("status"))
    details = acknowledgement.get("details")
    report = FlowReport(
        flow_id=flow_id,
        tracking_id=text(value.get("trackingId")),
        name=text(value.get("name")),
        submitted_at=moment(value.get("submittedAt")),
        updated_at=moment(value.get("updatedAt")) or moment(value.get("submittedAt")),
        ack=_ACK.get((raw or "").lower(), AckStatus.UNKNOWN) if raw else AckStatus.PENDING,
        raw_ack=raw,
        problems=tuple(problem_of(item) for item in _list(details) if isinstance(item, dict)),
    )
    return SeenFlow(
        report=report,
        direction=text(value.get("flowDirection")),
        flow_type=text(value.get("flowType")),
        syntax=text(value.get("flowSyntax")),
    )


def flows_of(answer: Any) -> tuple[list[SeenFlow], int] | None:
    """The flows of a search answer, and how many entries it had, bad ones included; None: no such answer."""
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        return None
    return [flow for entry in results if (flow := flow_of(entry))], len(results)


def in_order(flows: Iterable[SeenFlow]) -> list[SeenFlow]:
    """By time of change, each version of a flow once; flows without a time come first."""
    first = datetime.min.replace(tzinfo=UTC)
    distinct = {flow.key: flow for flow in flows}
    return sorted(distinct.values(), key=lambda flow: (flow.report.updated_at or first, flow.report.flow_id))


def flow_info(parcel: Parcel) -> bytes:
    """`flowInfo` for a parcel. No processing rule: the platform computes it, and some refuse to be told."""
    info = {
        "trackingId": parcel.tracking_id,
        "name": parcel.name.encode("utf-8", "replace").decode(),
        "flowSyntax": parcel.document.syntax.value,
        "sha256": parcel.sha256,
    }
    if profile := _PROFILES.get(parcel.document.profile or ""):
        info["flowProfile"] = profile
    return json.dumps(info).encode()


def media_type(syntax: Syntax) -> str:
    return "application/pdf" if syntax is Syntax.FACTUR_X else "application/xml"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
