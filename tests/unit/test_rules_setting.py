"""`rules` of a route: what it means unsaid, and that nobody is promised rules that cannot be evaluated."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import checks
from connector.errors import ConfigurationError
from connector.resources import has_rules_engine
from connector.settings import Settings, load


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation without the extra."""
    monkeypatch.setitem(sys.modules, "saxonche", None)
    has_rules_engine.cache_clear()
    yield
    has_rules_engine.cache_clear()


def configured(tmp_path: Path, line: str = "", accept: str = "invoice") -> Settings:
    (tmp_path / "root/inbox").mkdir(parents=True)
    config = tmp_path / "connector.toml"
    config.write_text(
        f"""environment = "test"
state_dir = "{tmp_path}/state"
[[account]]
name = "pa"
gateway = "afnor"
base_url = "http://localhost/flow"
token_url = "http://localhost/token"
client_id = "c"
[[route]]
name = "ventes"
root = "{tmp_path}/root"
account = "pa"
accept = ["{accept}"]
{line}
"""
    )
    return load(config)


def findings(settings: Settings) -> list[str]:
    return [finding for finding in checks.faults(settings) if "business rules" in finding]


def test_unsaid_rules_warn(tmp_path: Path) -> None:
    (route,) = configured(tmp_path).route
    assert route.rules is None
    assert route.rules_level == "warn"


@pytest.mark.parametrize("level", ["off", "warn", "error"])
def test_a_level_is_taken_as_said(tmp_path: Path, level: str) -> None:
    settings = configured(tmp_path, f'rules = "{level}"')
    assert settings.route[0].rules_level == level
    assert findings(settings) == []


def test_another_level_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"route\.0\.rules"):
        configured(tmp_path, 'rules = "maybe"')


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize(
    ("line", "accept"), [('rules = "warn"', "invoice"), ('rules = "error"', "lifecycle")]
)
def test_rules_without_their_engine_are_refused_with_the_remedy(
    tmp_path: Path, line: str, accept: str
) -> None:
    (finding,) = findings(configured(tmp_path, line, accept))
    assert 'route "ventes"' in finding
    assert 'pip install "connector[rules]"' in finding


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize(
    ("line", "accept"), [("", "invoice"), ('rules = "off"', "invoice"), ('rules = "error"', "ereporting")]
)
def test_what_needs_no_engine_is_not_refused_for_it(tmp_path: Path, line: str, accept: str) -> None:
    assert findings(configured(tmp_path, line, accept)) == []
