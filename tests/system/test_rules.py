"""The real program with business rules: what a route's level makes of a document that breaks one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.samples.cii import cii_invoice
from connector.samples.ubl import ubl_invoice
from connector.simulator import Simulator
from tests.platform import platform as platform
from tests.setup_tree import assert_at_rest, plant

WRONG_TOTAL = ubl_invoice(number="FA-KO").replace(
    b'TaxInclusiveAmount currencyID="EUR">', (b'TaxInclusiveAmount currencyID="EUR">9')
)


def outcomes(results: list[dict[str, Any]]) -> dict[str, str]:
    return {result["document"]["number"]: result["outcome"] for result in results}


@pytest.mark.parametrize(("level", "outcome"), [("error", "rejected_before_sending"), ("warn", "accepted")])
def test_a_broken_rule_is_told_and_refuses_where_the_route_says_so(
    platform: Simulator, tmp_path: Path, level: str, outcome: str
) -> None:
    tree = plant(tmp_path / "tree", platform, route={"rules": level})
    contents = {
        "FA-OK.xml": ubl_invoice(number="FA-OK"),
        "FC-OK.xml": cii_invoice(number="FC-OK"),
        "FA-KO.xml": WRONG_TOTAL,
    }
    dropped = [tree.drop(name, content) for name, content in contents.items()]
    assert tree.run_once(follow_for=30.0).code == (1 if level == "error" else 0)
    results = tree.results()
    assert outcomes(results) == {"FA-OK": "accepted", "FC-OK": "accepted", "FA-KO": outcome}
    (wrong,) = (result for result in results if result["document"]["number"] == "FA-KO")
    assert {problem["code"] for problem in wrong["problems"]} == {"BR-CO-15", "BR-CO-16"}
    assert {problem["severity"] for problem in wrong["problems"]} == {
        "error" if level == "error" else "warning"
    }
    for result in results:
        assert "BR-FR" in result["checked_with"]["rules"]
    assert_at_rest(tree, platform, dropped)
