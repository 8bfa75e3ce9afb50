"""What an answer of the public portal means, by our model of its general rules. Pure, and total.

Answers are JSON or XML, or nothing but an HTTP code. An error is a problem+json in French (`titre`, `statut`,
`detail`, `instance`) or has no body at all. The statuses inside answers (500, 501, 250 …) are those of flows
and of the objects in them (DGFiP/AIFE external specifications v3.2); they have nothing to do with HTTP's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.gateways import answers
from connector.gateways.base import ReadFailed
from connector.gateways.exchange import Exchange
from connector.gateways.fields import moment, text
from connector.gateways.ppf_flows import is_judged_as_flow
from connector.gateways.ppf_xml import plain
from connector.model import AckStatus, FlowReport, Health, Problem, Received, Refused, SubmitAnswer, Unknown

_REFUSALS = frozenset({400, 413, 415, 422, 501})
_REASON = re.compile(r"\b(?:IRR|REJ)_[A-Z_]+\b")
_TAKEN = "IRR_UNICITE"
# The dossier and XP Z12-013 spell these in their own ways.
_SPELLINGS: Mapping[str, str] = {"IRR_UNCITE": _TAKEN, "IRR_VID_F": "IRR_VIDE_F"}
ADMISSIBLE, INADMISSIBLE = "500", "501"
_TAKEN_IN, _REJECTED = frozenset({"250", "300"}), frozenset({"251", "301", "601"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFlow:
    """A flow as the portal tells of it.

    Args:
        sha256: of its envelope; None when the portal does not say (v1).
    """

    report: FlowReport
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPage:
    """Some of the flows that were searched for; `partial`: there are more."""

    flows: tuple[KnownFlow, ...]
    partial: bool


# --------------------------------------------------------------------------- what was said
def said_in(exchange: Exchange) -> Any:
    """The answer as plain values, whether it was written in JSON or in XML; None when it is neither."""
    if "xml" in exchange.headers.get("content-type", "").lower():
        return plain(exchange.body) if exchange.complete else None
    return exchange.json()


def words_in(exchange: Exchange) -> str:
    """The words of an error, in the language that was asked for; empty when there are none."""
    answer = said_in(exchange)
    if not isinstance(answer, dict):
        return (answers.plain_words(exchange, answer) or "")[:1000]
    named = (answer.get(name) for name in ("titre", "title", "detail"))
    return " : ".join(dict.fromkeys(word for value in named if (word := text(value))))[:1000]


def _object(exchange: Exchange) -> Mapping[str, Any]:
    answer = said_in(exchange)
    return answer if isinstance(answer, dict) else {}


def entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; in XML a list of one is written like the one."""
    listed = value if isinstance(value, list) else [value]
    return (entry for entry in listed if isinstance(entry, dict))


# --------------------------------------------------------------------------- a deposit
def submitted(exchange: Exchange, flow: str) -> SubmitAnswer:
    """The meaning of the answer to a deposit.

    Args:
        flow: the name that we gave it. A receipt that names another one is none.
    """
    if (answer := answers.about_the_way(exchange)) is not None:
        return answer
    status = exchange.status or 0
    if 200 <= status < 300:
        if text(_object(exchange).get("nomFlux")) == flow:
            return Received(flow_id=flow, at=exchange.at, trace=exchange.trace)
        # Nothing but a code: the look-up will say whether it is there. That is no trouble of the portal's.
        reason = "unreadable-answer" if exchange.body.strip() else "unnamed"
        return Unknown(reason=reason, trace=exchange.trace)
    if status in _REFUSALS:
        problems = _refusals(exchange)
        words = words_in(exchange) or exchange.trace.body
        if any(problem.code == _TAKEN for problem in problems) or answers.says_already_there(words):
            return Unknown(reason="already-exists", trace=exchange.trace)
        return Refused(problems=problems, trace=exchange.trace)
    return answers.in_doubt(exchange)


def _refusals(exchange: Exchange) -> tuple[Problem, ...]:
    """Why a deposit was refused at once: the reasons that the answer lists, or that its words name."""
    words = words_in(exchange) or None
    if reasons := _reasons(_object(exchange).get("motifs")):
        return reasons
    codes = dict.fromkeys(map(_spelled, _REASON.findall(words or exchange.trace.body)))
    return tuple(
        Problem(code=code, source="platform", message=words) for code in codes or (f"http-{exchange.status}",)
    )


# --------------------------------------------------------------------------- the state of flows
def flow_in(exchange: Exchange, flow: str) -> FlowReport | None:
    """What the portal says of one flow; None when it does not know it.

    Raises:
        ReadFailed: no usable answer.
    """
    if exchange.status in (204, 404):
        return None
    if failure := read_failure(exchange, f"flow {flow}"):
        raise failure
    known = _flow(_object(exchange))
    if known is None or known.report.flow_id != flow:
        raise ReadFailed("unreadable-answer", f"flow {flow}: the answer is not this flow")
    return known.report


def flows_in(exchange: Exchange, what: str) -> FlowPage:
    """One page of a search; 204 is an empty one, 206 a part.

    Raises:
        ReadFailed: no usable answer.
    """
    if exchange.status == 204:
        return FlowPage(flows=(), partial=False)
    if exchange.status != 206 and (failure := read_failure(exchange, what)):
        raise failure
    answer = _object(exchange)
    if "resultats" not in answer and text(answer.get("nombre_total_resultats")) != "0":
        raise ReadFailed("unreadable-answer", f"{what}: the answer is not a list of flows")
    read = [_flow(entry) for entry in entries(answer.get("resultats"))]
    if None in read:
        raise ReadFailed("unreadable-answer", f"{what}: the answer lists what is not a flow")
    return FlowPage(flows=tuple(flow for flow in read if flow), partial=exchange.status == 206)


def read_failure(exchange: Exchange, what: str) -> ReadFailed | None:
    """Why the answer to a question cannot be used; None for a whole 200."""
    return answers.read_failure(exchange, what, words_in(exchange)[:300])


def health_of(exchange: Exchange) -> Health:
    """The meaning of the health check; its answer is a code alone."""
    failure = None if exchange.status == 204 else read_failure(exchange, "healthcheck")
    return Health(up=failure is None, reason=failure.reason if failure else None)


def _flow(entry: Mapping[str, Any]) -> KnownFlow | None:
    name = text(entry.get("nomFlux"))
    if name is None:
        return None
    status = text(entry.get("statut"))
    objects = list(entries(entry.get("objets")))
    told = [word for one in objects if (word := text(one.get("statut")))]
    problems = [*_reasons(entry.get("motifs"))]
    for one in objects:
        problems += _reasons(one.get("motifs"))
    ack = _ack(name, status, told)
    if ack is AckStatus.ERROR and not problems:  # a refusal must say something: the status itself
        code = next((word for word in told if word in _REJECTED), status) or "unnamed"
        problems = [Problem(code=code, source="platform")]
    report = FlowReport(
        flow_id=name,
        name=name,
        submitted_at=moment(entry.get("dateReception")),
        updated_at=moment(entry.get("dateMiseAJour")),
        ack=ack,
        raw_ack="/".join([status or "-", *dict.fromkeys(told)]),
        problems=tuple(problems),
    )
    return KnownFlow(report=report, sha256=(text(entry.get("empreinte")) or "").lower() or None)


def _ack(flow: str, status: str | None, objects: Iterable[str]) -> AckStatus:
    """What the status of a flow and those of what is in it say together.

    Admissible is not accepted: an invoice and a report are judged afterwards. A status that we do not know is
    never taken for an answer.
    """
    told = set(objects)
    if status == INADMISSIBLE or told & _REJECTED:
        return AckStatus.ERROR
    if (status is not None and status != ADMISSIBLE) or told - _TAKEN_IN:
        return AckStatus.UNKNOWN
    if told or (status == ADMISSIBLE and is_judged_as_flow(flow)):
        return AckStatus.OK
    return AckStatus.PENDING


def _reasons(listed: Any) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            code=_spelled(text(entry.get("code")) or "unnamed"),
            source="platform",
            where=text(entry.get("fichier")),
            message=text(entry.get("libelle")),
        )
        for entry in entries(listed)
    )


def _spelled(code: str) -> str:
    return _SPELLINGS.get(code, code)
