"""The settings: one TOML file, overridden by the environment; secrets never in either file or log.

Reads and checks the *form* only. What the folders, the disk and the secrets look like on this machine is
checked in `connector.checks`.
"""

from __future__ import annotations

import json
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from connector.delivery import Delivery
from connector.errors import ConfigurationError
from connector.model import Family
from connector.sections import Account as Account
from connector.sections import Declarant as Declarant
from connector.sections import Mail as Mail
from connector.sections import Monitoring as Monitoring
from connector.sections import Name, Siren, did_you_mean
from connector.sections import Section as _Section
from connector.sections import Timeouts as Timeouts
from connector.sections import Webhook as Webhook
from connector.sections import Workers as Workers

SEARCHED = (Path("config/connector.toml"), Path("/etc/connector/connector.toml"))


class Route(Delivery, _Section):
    """One inbox/outbox tree bound to one account and to the document families it accepts."""

    name: Name
    root: Path
    account: Name
    accept: tuple[Family, ...] = (Family.INVOICE,)
    inbox: Path | None = None  # default: <root>/inbox
    outbox: Path | None = None
    archive: Path | None = None
    work: Path | None = None
    include: tuple[str, ...] = ("*",)
    ignore: tuple[str, ...] = ()
    watch: Literal["auto", "scan"] = "auto"
    scan_seconds: float = Field(2.0, gt=0)
    quiet_seconds: float | None = Field(None, ge=0)  # default by file system: 5 local, 30 SMB, 65 NFS
    empty_wait: float = Field(600.0, ge=0)  # seconds before an empty file is called one
    max_settle: float = Field(6 * 3600.0, gt=0)  # seconds before a file that never settles is reported
    max_depth: int = Field(8, ge=0)
    max_size: int = Field(100 * 1024 * 1024, gt=0)  # bytes; XP Z12-013 Flow 1.2.0 allows 100 MB a flow
    duplicates: Literal["reject", "hold", "send"] = "reject"
    on_same_number: Literal["hold", "send"] = "hold"
    on_same_period: Literal["hold", "send"] = "hold"
    bundle: Literal["each", "all"] = "each"
    rules: Literal["off", "warn", "error"] | None = None  # default: "warn", by what is installed
    recipient_check: Literal["off", "warn", "hold"] = "off"  # by the account's directory, before sending
    recipient_patience: float = Field(900.0, ge=0)  # seconds that a hold waits for a directory in trouble
    receive: bool = False  # it gets what suppliers send to the account's organisations
    receive_for: tuple[Siren, ...] = ()  # … to these only; default: to all of them
    batch: int = Field(500, ge=1, le=5000)
    folder_language: Literal["fr", "en"] | None = None  # default: the connector's language

    @model_validator(mode="after")
    def _receives_for_somebody(self) -> Route:
        if self.receive_for and not self.receive:
            raise ValueError("receive_for is of no use without receive = true")
        return self

    @property
    def rules_level(self) -> Literal["off", "warn", "error"]:
        """How business rules count. Unsaid: they warn, those that this installation can evaluate."""
        return self.rules or "warn"

    @property
    def inbox_dir(self) -> Path:
        return self.inbox or self.root / "inbox"

    @property
    def outbox_dir(self) -> Path:
        return self.outbox or self.root / "outbox"

    @property
    def staging_dir(self) -> Path:
        """On the outbox's file system, so that publishing is one rename; nobody else reads it."""
        return self.outbox_dir / ".staging"

    @property
    def archive_dir(self) -> Path:
        return self.archive or self.root / "archive"

    @property
    def work_dir(self) -> Path:
        return self.work or self.root / ".work"


def _received_twice(routes: list[Route]) -> str | None:
    """What more than one of an account's routes would receive; None when each thing has one place to go."""
    receiving = [route for route in routes if route.receive]
    for_all = [route for route in receiving if not route.receive_for]
    named = [siren for route in receiving for siren in route.receive_for]
    if len(for_all) > 1:
        return "what suppliers send"
    return next((f"what suppliers send to {siren}" for siren in named if named.count(siren) > 1), None)


class _ByName(PydanticBaseSettingsSource):
    """`CONNECTOR_ACCOUNT__PA__BASE_URL` and `CONNECTOR_ROUTE__VENTES__ROOT`: overrides by the entry's name.

    Works on what the TOML file said, because a list has no other way to be overridden in part.
    """

    def __init__(self, settings_cls: type[BaseSettings], toml: TomlConfigSettingsSource) -> None:
        super().__init__(settings_cls)
        self._toml = toml

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for section in ("account", "route"):
            entries = [dict(entry) for entry in self._toml().get(section, ())]
            for entry in entries:
                prefix = f"CONNECTOR_{section}__{entry.get('name', '')}__".upper().replace("-", "_")
                for variable, value in os.environ.items():
                    if variable.upper().startswith(prefix):
                        _set(entry, variable[len(prefix) :].lower().split("__"), value)
            if entries:
                merged[section] = entries
        return merged


def _set(table: dict[str, Any], path: list[str], value: str) -> None:
    """Put an environment variable's value where it belongs; lists and tables are written as JSON."""
    *parents, key = path
    for parent in parents:
        table[parent] = table = dict(table.get(parent) or {})
    is_json = value.lstrip()[:1] in ("[", "{")
    try:
        table[key] = json.loads(value) if is_json else value
    except ValueError:
        table[key] = value


class Settings(BaseSettings):
    """The whole configuration file, checked. See config/connector.toml for every key with its comment."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="CONNECTOR_")

    environment: Literal["test", "production"]
    language: Literal["fr", "en"] = "fr"
    timezone: str = "Europe/Paris"  # of day folders and of the times in texts
    state_dir: Path
    secrets_dir: Path | None = None  # default: "secrets" beside the configuration file
    account: tuple[Account, ...] = Field(min_length=1)
    route: tuple[Route, ...] = Field(min_length=1)
    declarant: tuple[Declarant, ...] = ()
    ereporting_calendar: Path | None = None  # default: the one that comes with the connector
    workers: Workers = Workers()
    monitoring: Monitoring = Monitoring()
    webhook: Webhook = Webhook()
    mail: Mail = Mail()
    schemas: dict[str, Path] = {}  # XSD files of the site in the place of the catalogue's, by kind
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _names_fit(self) -> Settings:
        accounts = [account.name for account in self.account]
        routes = [route.name for route in self.route]
        for kind, names in (("account", accounts), ("route", routes)):
            for name in {name for name in names if names.count(name) > 1}:
                raise ValueError(f'two [[{kind}]] tables have the name "{name}"')
        for route in self.route:
            if route.account not in accounts:
                raise ValueError(
                    f'route "{route.name}" names the account "{route.account}", which is not there'
                    + did_you_mean(route.account, accounts)
                )
        for name in self.webhook.accounts:
            if name not in accounts:
                raise ValueError(
                    f'webhook names the account "{name}", which is not there' + did_you_mean(name, accounts)
                )
        for account in accounts:
            if twice := _received_twice([route for route in self.route if route.account == account]):
                raise ValueError(f'two routes of the account "{account}" would receive {twice}')
        sirens = [one.siren for one in self.declarant]
        for siren in {siren for siren in sirens if sirens.count(siren) > 1}:
            raise ValueError(f"two [[declarant]] tables have the siren {siren}")
        for one in self.declarant:
            if one.route is not None and one.route not in routes:
                raise ValueError(
                    f'declarant {one.siren} names the route "{one.route}", which is not there'
                    + did_you_mean(one.route, routes)
                )
        return self

    @model_validator(mode="after")
    def _recipients_can_be_looked_up(self) -> Settings:
        for route in self.route:
            of = self.account_of(route)
            if route.recipient_check != "off" and (of.gateway == "chorus-pro" or not of.has_directory):
                needs = "needs a directory_url of its account; at Chorus Pro, structure_check says it"
                raise ValueError(f'route "{route.name}": recipient_check {needs}')
        return self

    @cached_property
    def _accounts(self) -> dict[str, Account]:
        return {account.name: account for account in self.account}

    def account_of(self, route: Route) -> Account:
        return self._accounts[route.account]


def find_config(given: Path | None) -> Path:
    """The configuration file: `given`, else `$CONNECTOR_CONFIG`, else the first of `SEARCHED`.

    Raises:
        ConfigurationError: there is none.
    """
    if given is None and (named := os.environ.get("CONNECTOR_CONFIG")):
        given = Path(named)
    if given is not None:
        if not given.is_file():
            raise ConfigurationError(f"configuration file not found: {given}")
        return given
    for candidate in SEARCHED:
        if candidate.is_file():
            return candidate
    searched = ", ".join(str(path) for path in SEARCHED)
    raise ConfigurationError(f"no configuration file (--config, $CONNECTOR_CONFIG, or one of {searched})")


def load(path: Path) -> Settings:
    """Read and check a configuration file; environment variables win over it.

    Raises:
        ConfigurationError: one finding for each fault, with a suggestion for a mistyped key.
    """

    class _FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            toml = TomlConfigSettingsSource(settings_cls, toml_file=path)
            return env_settings, _ByName(settings_cls, toml), toml

    try:
        settings = _FromFile()
    except ValidationError as error:
        raise ConfigurationError(*(_finding(item) for item in error.errors())) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if settings.secrets_dir is None:
        return settings.model_copy(update={"secrets_dir": path.resolve().parent / "secrets"})
    return settings


def _finding(error: Any) -> str:
    """One sentence for one pydantic error: where, what, and a suggestion for a mistyped key."""
    location = error["loc"]
    where = ".".join(str(part) for part in location) or "configuration"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key{did_you_mean(str(location[-1]), _keys_of(location[:-1]))}"
    if error["type"] == "missing":
        return f"{where}: missing"
    message = re.sub(r"^Value error, ", "", error["msg"])
    return f"{where}: {message}"


def _keys_of(location: tuple[str | int, ...]) -> list[str]:
    sections: dict[str, type[BaseModel]] = {
        "account": Account,
        "route": Route,
        "declarant": Declarant,
        "workers": Workers,
        "webhook": Webhook,
        "monitoring": Monitoring,
        "mail": Mail,
        "timeouts": Timeouts,
    }
    named = [str(part) for part in location if part in sections]
    model = sections[named[-1]] if named else Settings
    return list(model.model_fields)
