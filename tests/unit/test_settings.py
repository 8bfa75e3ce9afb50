"""The configuration file: what is wrong is said with its place, and secrets come from where they should."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.credentials import client_secret
from connector.errors import ConfigurationError
from connector.resources import shipped
from connector.settings import Account, Settings, find_config, load

GOOD = """
environment = "test"
state_dir = "/var/lib/connector"

[[account]]
name = "pa"
gateway = "afnor"
base_url = "https://api.example.com/flow-service"
token_url = "https://auth.example.com/token"
client_id = "me"

[[account]]
name = "pa-two"
gateway = "afnor"
base_url = "https://two.example.com/flow-service"
token_url = "https://two.example.com/token"
client_id = "me"

[[route]]
name = "ventes"
root = "/srv/ventes"
account = "pa"
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("CONNECTOR_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)


def written(folder: Path, text: str = GOOD) -> Path:
    path = folder / "connector.toml"
    path.write_text(text, "utf-8")
    return path


def findings(path: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load(path)
    return "\n".join(raised.value.findings)


# --------------------------------------------------------------------------- what is wrong
def test_a_good_file_is_read_with_its_defaults(tmp_path: Path) -> None:
    settings = load(written(tmp_path))
    route = settings.route[0]
    assert (route.inbox_dir, route.work_dir) == (Path("/srv/ventes/inbox"), Path("/srv/ventes/.work"))
    assert route.staging_dir.parent == route.outbox_dir
    assert settings.account_of(route).base_url.host == "api.example.com"
    assert settings.secrets_dir == tmp_path / "secrets"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('state_dir = "', 'state_dirr = "', ["state_dirr: unknown key", '"state_dir"', "state_dir: missing"]),
        ('client_id = "me"', 'clientid = "me"', ["account.0.clientid", 'did you mean "client_id"']),
        ('account = "pa"', 'account = "pa"\nquiet_second = 3', ["route.0.quiet_second", '"quiet_seconds"']),
        ('environment = "test"', "", ["environment: missing"]),
        ('environment = "test"', 'environment = "tset"', ["environment"]),
        ('"afnor"', '"afnr"', ["account.0.gateway"]),
        ('account = "pa"', 'account = "pa-tow"', ['names the account "pa-tow"', 'did you mean "pa-two"']),
        ('name = "pa-two"', 'name = "pa"', ['two [[account]] tables have the name "pa"']),
        ('name = "ventes"', 'name = "Ventes 1"', ["route.0.name"]),
        ("https://api.example.com", "api.example.com", ["account.0.base_url"]),
        ('account = "pa"', 'account = "pa"\nquiet_seconds = -1', ["route.0.quiet_seconds"]),
        ('account = "pa"', 'account = "pa"\nreceive_for = ["732829320"]', ["receive_for", "receive = true"]),
        (
            'account = "pa"',
            'account = "pa"\nreceive = true\n[[route]]\nname="b"\nroot="/b"\naccount="pa"\nreceive = true',
            ['two routes of the account "pa" would receive what suppliers send'],
        ),
        (
            'account = "pa"',
            'account = "pa"\nreceive = true\nreceive_for = ["732829320", "732829320"]',
            ["what suppliers send to 732829320"],
        ),
        ('account = "pa"', 'account = "pa"\naccept = ["invoices"]', ["route.0.accept"]),
        (
            'account = "pa"',
            'account = "pa"\nrecipient_check = "warn"',
            ['route "ventes": recipient_check needs a directory_url'],
        ),
        ('account = "pa"', 'account = "pa"\nresult_formats = []', ["route.0.result_formats"]),
        ('account = "pa"', 'account = "pa"\nresult_formats = ["yaml"]', ["route.0.result_formats", "'xml'"]),
        ('account = "pa"', 'account = "pa"\nresult_formats = ["csv", "csv"]', ["names a format twice"]),
        ('account = "pa"', 'account = "pa"\nresult_format = ["csv"]', ['did you mean "result_formats"']),
        ("[[route]]", "[[route]", ["connector.toml"]),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_place(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    said = findings(written(tmp_path, GOOD.replace(old, new, 1)))
    for word in words:
        assert word in said


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    said = findings(written(tmp_path, GOOD.replace("client_id", "clientid").replace("root", "rot")))
    assert said.count("unknown key") == 3


def test_two_routes_of_one_name_are_refused(tmp_path: Path) -> None:
    again = '[[route]]\nname = "ventes"\nroot = "/srv/b"\naccount = "pa"\n'
    assert 'two [[route]] tables have the name "ventes"' in findings(written(tmp_path, GOOD + again))


@pytest.mark.parametrize("missing", ["account", "route"])
def test_a_file_without_accounts_or_routes_says_which_is_missing(tmp_path: Path, missing: str) -> None:
    text = 'environment = "test"\nstate_dir = "/x"\n'
    assert f"{missing}: missing" in findings(written(tmp_path, text))


# --------------------------------------------------------------------------- where the file is
def test_a_named_file_that_is_not_there_is_told_and_no_other_taken(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not found"):
        find_config(tmp_path / "none.toml")


def test_the_environment_can_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    monkeypatch.setenv("CONNECTOR_CONFIG", str(path))
    assert find_config(None) == path
    assert load(find_config(None)).environment == "test"


def test_without_any_file_the_places_searched_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"config/connector\.toml"):
        find_config(None)


# --------------------------------------------------------------------------- overrides
@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("CONNECTOR_ENVIRONMENT", "production", lambda s: s.environment == "production"),
        ("CONNECTOR_STATE_DIR", "/elsewhere", lambda s: s.state_dir == Path("/elsewhere")),
        ("CONNECTOR_ROUTE__VENTES__QUIET_SECONDS", "12.5", lambda s: s.route[0].quiet_seconds == 12.5),
        ("CONNECTOR_ACCOUNT__PA__CLIENT_ID", "you", lambda s: s.account[0].client_id == "you"),
        ("CONNECTOR_ACCOUNT__PA_TWO__MAX_IN_FLIGHT", "3", lambda s: s.account[1].max_in_flight == 3),
    ],
)
def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, found: Any
) -> None:
    monkeypatch.setenv(variable, value)
    assert found(load(written(tmp_path)))


def test_a_list_can_be_overridden_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_ROUTE__VENTES__ACCEPT", '["invoice", "ereporting"]')
    assert [str(family) for family in load(written(tmp_path)).route[0].accept] == ["invoice", "ereporting"]


def test_a_setting_in_a_table_of_an_account_can_be_overridden_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_ACCOUNT__PA__TIMEOUTS__READ", "12.5")
    assert load(written(tmp_path)).account[0].timeouts.read == 12.5


def test_a_mistyped_override_of_an_entry_is_told_like_one_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_ROUTE__VENTES__QUIET_SECOND", "1")
    assert "quiet_second: unknown key" in findings(written(tmp_path))


def test_a_secret_in_the_environment_is_no_unknown_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", "s3cr3t")
    assert load(written(tmp_path)).environment == "test"


# --------------------------------------------------------------------------- secrets
@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(written(tmp_path))


def secret_file(settings: Settings, text: str = "from file\n", mode: int = 0o600) -> Path:
    assert settings.secrets_dir is not None
    settings.secrets_dir.mkdir(exist_ok=True)
    path = settings.secrets_dir / "pa.client_secret"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def secret(settings: Settings, index: int = 0) -> str:
    return client_secret(settings, settings.account[index]).get_secret_value()


def test_a_credential_comes_before_the_environment_and_that_before_the_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_file(settings)
    assert secret(settings) == "from file"
    monkeypatch.setenv("CONNECTOR_PA_CLIENT_SECRET", "from environment")
    assert secret(settings) == "from environment"
    (tmp_path / "pa.client_secret").write_text("from systemd\n", "utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secret(settings) == "from systemd"


def test_the_variable_of_an_account_with_a_hyphen_has_an_underscore(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_PA_TWO_CLIENT_SECRET", "two")
    assert secret(settings, 1) == "two"


def test_a_missing_secret_is_told_with_every_place_it_may_be_given_in(settings: Settings) -> None:
    with pytest.raises(ConfigurationError) as raised:
        client_secret(settings, settings.account[0])
    for words in ("pa.client_secret", "CONNECTOR_PA_CLIENT_SECRET", "0600"):
        assert words in str(raised.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_refused_and_not_shown(settings: Settings, mode: int) -> None:
    path = secret_file(settings, "s3cr3t", mode)
    with pytest.raises(ConfigurationError) as raised:
        client_secret(settings, settings.account[0])
    assert f"chmod 600 {path}" in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_secret_is_refused(settings: Settings, text: str) -> None:
    secret_file(settings, text)
    with pytest.raises(ConfigurationError, match="empty"):
        client_secret(settings, settings.account[0])


def test_a_secret_does_not_show_itself(settings: Settings) -> None:
    secret_file(settings, "s3cr3t")
    assert "s3cr3t" not in repr(client_secret(settings, settings.account[0]))


def test_the_shipped_account_of_chorus_pro_is_one_and_has_careful_defaults() -> None:
    shown = tomllib.loads(shipped("config", "chorus-pro.toml").read_text("utf-8"))
    account = Account.model_validate(shown["account"][0])
    assert (account.max_in_flight, account.token_auth, account.scope) == (1, "body", "openid")
    assert account.visibility == 24 * 3600
    assert not account.resend_after_absence


def test_an_account_of_chorus_pro_without_its_technical_account_is_refused() -> None:
    shown = tomllib.loads(shipped("config", "chorus-pro.toml").read_text("utf-8"))
    del shown["account"][0]["technical_account"]
    with pytest.raises(ValidationError, match="technical_account"):
        Account.model_validate(shown["account"][0])


def shipped_account_of_the_portal(**changes: Any) -> Account:
    shown = tomllib.loads(shipped("config", "ppf.toml").read_text("utf-8"))["account"][0]
    own = {key: value for key, value in (shown | changes).items() if value is not None}
    return Account.model_validate(own)


def test_the_shipped_account_of_the_portal_is_one_and_has_careful_defaults() -> None:
    account = shipped_account_of_the_portal()
    assert (account.max_in_flight, account.token_auth, account.scope) == (1, "body", "openid")
    assert account.api_version == "v1"
    assert account.has_directory


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"technical_account": None}, "technical_account"),
        ({"application_code": None}, "application_code"),
        ({"application_code": "abc123"}, "application_code"),
        ({"application_code": "ABC12"}, "application_code"),
        ({"api_version": "1.2"}, "api_version"),
        ({"gateway": "afnor"}, "api_version"),
    ],
)
def test_an_account_of_the_portal_says_what_it_needs(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        shipped_account_of_the_portal(**({"api_version": "v2"} | changes))


@pytest.mark.parametrize(
    "path", sorted(shipped("config", "profiles").glob("*.toml")), ids=lambda path: path.stem
)
def test_every_shipped_profile_can_be_chosen_and_overridden_key_by_key(path: Path) -> None:
    own = {"name": "pa", "gateway": "afnor", "profile": path.stem, "client_id": "me"}
    urls = {"base_url": "https://own.example.com/flow", "token_url": "https://own.example.com/token"}
    shown = tomllib.loads(path.read_text("utf-8"))
    chosen = Account.model_validate({**urls, **shown, **own})
    for key, value in shown.items():
        told = getattr(chosen, key)
        assert (str(told) if key.endswith("_url") else told) == value
    assert str(Account.model_validate({**own, **urls}).base_url) == urls["base_url"]


def test_a_profile_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValidationError, match=r'did you mean "superpdp"'):
        Account.model_validate({"name": "pa", "gateway": "afnor", "profile": "superpdpp", "client_id": "me"})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"kind": "concentrator"}, "SIRENs of its organizations"),
        ({"kind": "concentrator", "organizations": ["732829320"]}, "organization_header"),
        ({"kind": "editor"}, "SIRENs of its organizations"),
        ({"kind": "editor", "organizations": ["732829320", "552100554"]}, "one account for each customer"),
    ],
)
def test_each_kind_of_account_says_what_it_needs(given: dict[str, Any], missing: str) -> None:
    own = {"name": "pa", "gateway": "afnor", "client_id": "me"}
    urls = {"base_url": "https://own.example.com/flow", "token_url": "https://own.example.com/token"}
    with pytest.raises(ValidationError, match=missing):
        Account.model_validate({**own, **urls, **given})
