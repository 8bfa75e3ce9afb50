"""Plans say exactly which requests a rule is for, and a wrong plan is refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigurationError
from connector.simulator.contract import FlowInfo
from connector.simulator.faults import FaultPlan, Moment
from connector.simulator.plan import load_plan, read_plan


def plan_of(*rules: dict[str, Any]) -> FaultPlan:
    return FaultPlan(read_plan({"rule": list(rules)}).rule)


def taken(plan: FaultPlan, requests: int, on: Any = "search") -> list[int]:
    return [count for count in range(1, requests + 1) if plan.take(on, Moment.ARRIVAL)]


@pytest.mark.parametrize(
    ("match", "times", "expected"),
    [
        ({}, "unlimited", [1, 2, 3, 4, 5, 6]),
        ({}, 2, [1, 2]),
        ({"nth": 3}, "unlimited", [3]),
        ({"every": 2}, "unlimited", [2, 4, 6]),
        ({"after": 4}, "unlimited", [5, 6]),
        ({"after": 1, "every": 2}, 2, [3, 5]),
    ],
)
def test_a_rule_counts_its_requests(match: dict[str, int], times: Any, expected: list[int]) -> None:
    plan = plan_of({"on": "search", "do": "status", "code": 503, "match": match, "times": times})
    assert taken(plan, 6) == expected


def test_the_first_rule_that_is_due_is_taken_and_every_rule_counts() -> None:
    plan = plan_of(
        {"on": "search", "do": "status", "code": 503, "match": {"nth": 1}},
        {"on": "search", "do": "hang", "match": {"nth": 2}},
    )
    first, second = plan.take("search", Moment.ARRIVAL), plan.take("search", Moment.ARRIVAL)
    assert first is not None
    assert second is not None
    assert (first.do, second.do) == ("status", "hang")
    assert plan.take("search", Moment.ARRIVAL) is None


def test_a_rule_about_content_counts_only_the_deposits_that_it_names() -> None:
    plan = plan_of(
        {"on": "submit", "do": "hang", "match": {"name_contains": "FA2", "tracking_id": "t", "nth": 2}}
    )

    def meets(name: str, tracking_id: str) -> bool:
        info = FlowInfo(name=name, syntax="UBL", tracking_id=tracking_id)
        return plan.take("submit", Moment.CHECKED, info) is not None

    assert [meets("FA2.xml", "t"), meets("FA1.xml", "t"), meets("FA2.xml", "u")] == [False, False, False]
    assert meets("x-FA2.xml", "t")


def test_a_toml_plan_and_a_json_plan_say_the_same(tmp_path: Path) -> None:
    toml, json = tmp_path / "plan.toml", tmp_path / "plan.json"
    toml.write_text(
        '[switches]\nack_delay = 2.5\n[[rule]]\non = "submit"\ndo = "reset"\nat = "mid-body"\ntimes = 1\n'
    )
    json.write_text(
        '{"switches": {"ack_delay": 2.5},'
        ' "rule": [{"on": "submit", "do": "reset", "at": "mid-body", "times": 1}]}'
    )
    assert load_plan(toml) == load_plan(json)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"on": "submit", "do": "explode"}, "explode"),
        ({"on": "nowhere", "do": "hang"}, "on"),
        ({"on": "submit", "do": "status"}, "code"),
        ({"on": "submit", "do": "hang", "wings": 2}, "wings"),
        ({"on": "search", "do": "store-then-hang"}, "on"),
        ({"on": "search", "do": "hang", "match": {"name_contains": "FA"}}, "only known of a submit"),
        ({"on": "submit", "do": "reset", "at": "before-body", "match": {"tracking_id": "t"}}, "not known at"),
        ({"on": "submit", "do": "status", "code": 429, "retry_after": "http-date:soon"}, "float"),
    ],
)
def test_a_rule_that_cannot_be_played_is_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_plan({"rule": [rule]})


@pytest.mark.parametrize("text", ["", "[[rule]]\non =", "unknown = 1"])
def test_only_a_readable_file_with_known_keys_is_a_plan(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    if text:
        with pytest.raises(ConfigurationError):
            load_plan(path)
    else:
        assert load_plan(path).rule == ()


def test_the_plan_in_the_documentation_is_a_plan(tmp_path: Path) -> None:
    text = Path(__file__).parents[2].joinpath("docs", "simulator.md").read_text("utf-8")
    path = tmp_path / "plan.toml"
    path.write_text(text.split("```toml\n")[1].split("```")[0])
    plan = load_plan(path)
    assert [rule.do for rule in plan.rule] == ["reset", "status"]
    assert plan.switches.index_lag_searches == 2
