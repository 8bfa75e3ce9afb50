"""The settings: one TOML file, overridden by the environment; secrets never in either file or log.

Reads and checks the *form* only. What the folders, the disk and the secrets look like on this machine is
checked in `connector.checks`.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from connector.delivery import Delivery, Mail
from connector.errors import ConfigurationError
from connector.model import Family
from connector.resources import shipped

SEARCHED = (Path("config/connector.toml"), Path("/etc/connector/connector.toml"))
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Siren = Annotated[str, Field(pattern=r"^[0-9]{9}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Timeouts(_Section):
    """Seconds allowed for each part of one request, and for all of it together."""

    connect: float = Field(10.0, gt=0)
    read: float = Field(60.0, gt=0)
    write: float = Field(60.0, gt=0)
    pool: float = Field(60.0, gt=0)
    total: float = Field(300.0, gt=0)


class Account(_Section):
    """A *raccordement*: one gateway, its credentials, and the organisations it may act for."""

    name: Name
    gateway: Literal["afnor", "chorus-pro"]
    kind: Literal["direct", "concentrator", "editor"] = "direct"
    organizations: tuple[Siren, ...] = ()
    base_url: HttpUrl
    directory_url: HttpUrl | None = None  # of the Directory Service
    token_url: HttpUrl
    client_id: str = Field(min_length=1)
    profile: Name | None = None  # afnor: the habits of a platform, a file of config/profiles
    api_version: Literal["1.1", "1.2"] = "1.2"
    scope: str | None = None
    token_auth: Literal["basic", "body"] = "basic"  # noqa: S105 - a style, not a secret
    headers: dict[str, str] = {}
    organization_header: str | None = Field(None, pattern=r"^[A-Za-z0-9-]+$")  # names the company
    tracking_id_search: Literal["probe", "no"] = "probe"  # "no": the platform is known to ignore the filter
    max_in_flight: int = Field(8, ge=1, le=256)
    max_per_second: float | None = Field(None, gt=0)
    timeouts: Timeouts = Timeouts()
    breaker_failures: int = Field(5, ge=1)  # answers in doubt or refused connections in a row
    breaker_pause: float = Field(60.0, gt=0)  # seconds before the next probe; doubles up to an hour
    lookup_checks: int = Field(3, ge=2)  # empty look-ups before "absent" is believed
    lookup_interval: float = Field(60.0, gt=0)  # seconds between two of them
    visibility: float = Field(900.0, ge=0)  # seconds a platform may take to show a flow in its index
    poll_seconds: float = Field(10.0, gt=0)
    poll_overlap: float = Field(3600.0, ge=0)  # seconds asked again behind the cursor
    ask_after: float = Field(120.0, gt=0)  # seconds without news before a flow is asked for by its number
    technical_account: str | None = Field(None, min_length=1)  # Chorus Pro: login, TECH_…@cpro.fr
    resend_after_absence: bool = False  # Chorus Pro: see config/connector.toml before you turn it on

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_its_platform(cls, given: Any) -> Any:
        """What the gateway and the platform's profile say holds where the account itself says nothing."""
        if not isinstance(given, dict):
            return given
        own = _DEFAULTS.get(str(given.get("gateway")), {})
        if isinstance(name := given.get("profile"), str):
            own = own | _profile(name)
            if isinstance(given.get("headers"), dict):
                given = given | {"headers": own.get("headers", {}) | given["headers"]}
        return {**own, **given}

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Account:
        if self.gateway == "chorus-pro" and self.technical_account is None:
            raise ValueError("a chorus-pro account needs its technical_account (TECH_…@cpro.fr)")
        if self.kind != "direct" and not self.organizations:
            raise ValueError(f"a {self.kind} account needs the SIRENs of its organizations")
        if self.kind == "editor" and len(self.organizations) > 1:
            raise ValueError("an editor has one account for each customer, with one organization in it")
        if self.gateway == "afnor" and self.kind == "concentrator" and self.organization_header is None:
            raise ValueError('a concentrator needs its organization_header, usually "Organization-Id"')
        return self


# What differs from the defaults above: PISTE publishes no quotas, so one request at a time; and Chorus Pro
# takes hours to integrate a flow, during which nobody can find it.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "chorus-pro": {
        "token_auth": "body",
        "scope": "openid",
        "max_in_flight": 1,
        "max_per_second": 5.0,
        "lookup_interval": 3600.0,
        "visibility": 86400.0,
        "poll_seconds": 10.0,
        "ask_after": 30.0,
    }
}


def _profile(name: str) -> dict[str, Any]:
    """The settings that a platform's profile gives."""
    known = sorted(path.stem for path in shipped("config", "profiles").glob("*.toml"))
    if name not in known:
        raise ValueError(
            f'there is no profile "{name}"{_did_you_mean(name, known)}; known: {", ".join(known)}'
        )
    return tomllib.loads(shipped("config", "profiles", f"{name}.toml").read_text("utf-8"))


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
    batch: int = Field(500, ge=1, le=5000)
    folder_language: Literal["fr", "en"] | None = None  # default: the connector's language

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


class Declarant(_Section):
    """A company that reports: for its deadlines, and for the reports that `ereporting build` makes."""

    siren: Siren
    regime: str = Field(min_length=1)  # of VAT: one that the calendar has
    size: str = Field(min_length=1)  # of the company: one that the calendar has
    data: tuple[Literal["transactions", "payments"], ...] = Field(("transactions", "payments"), min_length=1)
    roles: tuple[Literal["SE", "BY"], ...] = Field(("SE",), min_length=1)  # seller, buyer (TT-15)
    starts: date | None = None  # first day to be reported; default: by size
    name: str | None = Field(None, min_length=1, max_length=150)  # TT-14
    route: Name | None = None  # where reports that we build go
    platform: str | None = Field(None, pattern=r"^[A-Za-z0-9]{4}$")  # number of the platform (TT-8)
    platform_name: str | None = Field(None, min_length=1, max_length=150)  # TT-9


class Workers(_Section):
    """The processes that look into files."""

    count: int = Field(2, ge=1, le=64)
    time_limit: float = Field(120.0, gt=0)  # seconds of wall clock for one file
    memory_limit: int = Field(2048 * 1024 * 1024, gt=0)  # bytes of private memory of one worker


class Monitoring(_Section):
    """What machines that look in are given."""

    textfile: Path | None = None  # metrics for a node exporter, such as …/textfile/connector.prom
    every: float = Field(15.0, gt=0)  # seconds between two readings
    listen: str | None = Field(None, pattern=r"^(127\.[0-9.]+|localhost|\[::1\]):[0-9]{1,5}$")  # two pages

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of the pages; None: there are none."""
        if self.listen is None:
            return None
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


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
                    + _did_you_mean(route.account, accounts)
                )
        sirens = [one.siren for one in self.declarant]
        for siren in {siren for siren in sirens if sirens.count(siren) > 1}:
            raise ValueError(f"two [[declarant]] tables have the siren {siren}")
        for one in self.declarant:
            if one.route is not None and one.route not in routes:
                raise ValueError(
                    f'declarant {one.siren} names the route "{one.route}", which is not there'
                    + _did_you_mean(one.route, routes)
                )
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
        return f"{where}: unknown key{_did_you_mean(str(location[-1]), _keys_of(location[:-1]))}"
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
        "monitoring": Monitoring,
        "mail": Mail,
        "timeouts": Timeouts,
    }
    named = [str(part) for part in location if part in sections]
    model = sections[named[-1]] if named else Settings
    return list(model.model_fields)


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
