"""How the simulated platform behaves in a run: its standing habits, and the trouble it makes now and then.

Unless a plan says otherwise it is the harshest platform there is: it takes every deposit, also one that it
has already. Whoever sends a document twice has sent it twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SHORT = 0.12  # seconds that a life waits for an answer, in plans where none comes
HARSH = {"duplicates": "accept"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One behaviour.

    Args:
        rules, switches: as `connector.simulator` takes them.
        outcomes: what may become of a good document, beside being accepted.
        repeated: what may become of a document whose number another one has used, beside being accepted.
        read_timeout: seconds that a life waits for an answer.
    """

    name: str
    rules: tuple[dict[str, Any], ...] = ()
    switches: dict[str, Any] = field(default_factory=dict)
    outcomes: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()
    read_timeout: float = 20.0


def _submit(do: str, times: int = 1, **more: Any) -> dict[str, Any]:
    return {"on": "submit", "do": do, "times": times, **more}


def _of(name: str, *rules: dict[str, Any], **more: Any) -> Plan:
    return Plan(name=name, rules=rules, **more)


_LOST_ANSWER = _submit("store-then-status", code=502)
_HELD = frozenset({"held"})
PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        _of("accepted"),
        _of("repeats-refused", switches={"duplicates": "refuse-at-post"}, repeated=_HELD),
        _of(
            "repeats-in-error",
            _LOST_ANSWER,
            switches={"duplicates": "ack-error"},
            repeated=frozenset({"rejected_by_platform"}),
        ),
        _of("late-answer", _submit("ack-delay", seconds=200.0)),
        _of(
            "negative-answer",
            _submit("ack-error", reason_code="InvalidSchema"),
            outcomes=frozenset({"inadmissible"}),
        ),
        _of("422", _submit("status", code=422), outcomes=frozenset({"rejected_by_platform"})),
        _of("503", _submit("status", code=503, body="html")),
        _of("503-later", _submit("status", code=503, retry_after=5)),
        _of("502-stored", _LOST_ANSWER),
        _of("reset", _submit("reset", at="after-body")),
        _of("reset-upload", _submit("reset", at="mid-body")),
        _of("reset-stored", _submit("reset", at="after-storing")),
        _of("half-answer", _submit("half-answer")),
        _of("garbage", _submit("garbage", what="html")),
        _of("no-flow-id", _submit("garbage", what="no-flow-id")),
        _of("silence", _submit("hang"), read_timeout=SHORT),
        _of("silence-stored", _submit("store-then-hang"), read_timeout=SHORT),
        _of("401", _submit("unauthorized")),
        _of("429", _submit("status", code=429, retry_after=1)),
        _of("token-503", {"on": "token", "do": "status", "code": 503, "times": 1}),
        _of("token-refused", {"on": "token", "do": "status", "code": 401, "times": 1}),
        _of("lagging-index", _LOST_ANSWER, switches={"index_lag_searches": 2}),
        _of("filter-ignored", _LOST_ANSWER, switches={"ignore_tracking_filter": True}),
        _of("search-503", _LOST_ANSWER, {"on": "search", "do": "status", "code": 503, "times": 2}),
        _of("search-garbage", _LOST_ANSWER, {"on": "search", "do": "garbage", "what": "html", "times": 2}),
        _of("409", _submit("status", code=409), outcomes=_HELD),
        _of("409-stored", _submit("store-then-status", code=409)),
        _of("says-it-has-it", _submit("duplicate-refusal"), outcomes=_HELD),
    )
}
