"""The calendar of e-reporting as data: the one that is shipped, and one of a site."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from connector.calendars import declarants_of, read_calendar
from connector.errors import ConfigurationError
from connector.resources import shipped
from connector.settings import Settings

SHIPPED = shipped("config", "ereporting_calendar.toml").read_text("utf-8")
ACCOUNT = {
    "name": "pa",
    "gateway": "afnor",
    "base_url": "http://127.0.0.1:9/flow-service",
    "token_url": "http://127.0.0.1:9/token",
    "client_id": "connector",
}


def settings(*declarants: dict[str, object]) -> Settings:
    return Settings.model_validate(
        {
            "environment": "test",
            "state_dir": "state",
            "account": [ACCOUNT],
            "route": [{"name": "ventes", "root": "ventes", "account": "pa"}],
            "declarant": list(declarants),
        }
    )


def declarant(**more: object) -> dict[str, object]:
    return {"siren": "732829320", "regime": "reel_normal_mensuel", "size": "pme"} | more


def test_the_shipped_calendar_knows_the_four_regimes_and_when_each_size_begins() -> None:
    calendar = read_calendar()
    assert calendar.regimes == (
        "reel_normal_mensuel",
        "reel_normal_trimestriel",
        "reel_simplifie",
        "franchise",
    )
    assert dict(calendar.starts) == {
        "ge": date(2026, 9, 1),
        "eti": date(2026, 9, 1),
        "pme": date(2027, 9, 1),
        "micro": date(2027, 9, 1),
    }
    for regime in calendar.regimes:
        assert {data for rule in calendar.rules if rule.regime == regime for data in rule.data} == {
            "transactions",
            "payments",
        }


def test_a_site_has_its_own_calendar(tmp_path: Path) -> None:
    own = tmp_path / "calendar.toml"
    own.write_text(SHIPPED.replace("after = 0, due = 20", "after = 0, due = 25"), "utf-8")
    first = next(read_calendar(own).periods("reel_normal_mensuel", "transactions", date(2026, 11, 1),
                                            date(2026, 11, 1)))  # fmt: skip
    assert first[1].deadline(first[0].end) == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("due = 20", "due = 32"), "rule.0.periods.0.due"),
        (("due = 20", "deu = 20"), "rule.0.periods.0.due"),
        (('data    = ["payments"]', 'data    = ["paiements"]'), "not paiements"),
        (("[starts]", "[starts"), "ereporting_calendar"),
        (("since   = 2026-09-01", 'since   = "soon"'), "since"),
    ],
)
def test_a_calendar_that_is_wrong_is_told_of_with_the_place(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    own = tmp_path / "calendar.toml"
    own.write_text(SHIPPED.replace(*change), "utf-8")
    with pytest.raises(ConfigurationError, match=told) as caught:
        read_calendar(own)
    assert str(own) in str(caught.value)


def test_a_calendar_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        read_calendar(tmp_path / "none.toml")


def test_a_company_begins_with_its_size_unless_the_settings_say_another_day() -> None:
    calendar = read_calendar()
    own = declarant(siren="552100554", starts=date(2026, 10, 1))
    found = declarants_of(settings(declarant(), own), calendar)
    assert [(one.siren, one.starts) for one in found] == [
        ("732829320", date(2027, 9, 1)),
        ("552100554", date(2026, 10, 1)),
    ]


def test_a_regime_or_a_size_that_the_calendar_does_not_have_is_told_of() -> None:
    wrong = settings(declarant(regime="mensuel"), declarant(siren="552100554", size="grande"))
    with pytest.raises(ConfigurationError) as caught:
        declarants_of(wrong, read_calendar())
    assert len(caught.value.findings) == 2
    assert "reel_normal_mensuel" in caught.value.findings[0]
    assert "eti" in caught.value.findings[1]


@pytest.mark.parametrize(
    ("declarants", "told"),
    [
        ([declarant(), declarant()], "732829320"),
        ([declarant(route="vente")], 'did you mean "ventes"'),
        ([declarant(data=["sales"])], "transactions"),
        ([declarant(siren="73282932")], "siren"),
    ],
)
def test_declarants_that_cannot_be_are_refused(declarants: list[dict[str, object]], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(*declarants)
