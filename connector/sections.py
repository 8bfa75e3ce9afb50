"""Sections of the settings that stand by themselves; `settings` puts them together with the others."""

from __future__ import annotations

import difflib
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from connector.resources import shipped

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Siren = Annotated[str, Field(pattern=r"^[0-9]{9}$")]


class Section(BaseModel):
    """A table of the configuration: what is not known in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Timeouts(Section):
    """Seconds allowed for each part of one request, and for all of it together."""

    connect: float = Field(10.0, gt=0)
    read: float = Field(60.0, gt=0)
    write: float = Field(60.0, gt=0)
    pool: float = Field(60.0, gt=0)
    total: float = Field(300.0, gt=0)


class Account(Section):
    """A *raccordement*: one gateway, its credentials, and the organisations it may act for."""

    name: Name
    gateway: Literal["afnor", "chorus-pro", "ppf"]
    kind: Literal["direct", "concentrator", "editor"] = "direct"
    organizations: tuple[Siren, ...] = ()
    base_url: HttpUrl
    directory_url: HttpUrl | None = None  # of the Directory Service, or of the PPF's Annuaire
    token_url: HttpUrl
    client_id: str = Field(min_length=1)
    profile: Name | None = None  # afnor: the habits of a platform, a file of config/profiles
    api_version: Literal["1.1", "1.2", "v1", "v2"] = "1.2"  # of XP Z12-013 Flow; ppf: of its URLs
    scope: str | None = None
    token_auth: Literal["basic", "body"] = "basic"  # noqa: S105 - a style, not a secret
    headers: dict[str, str] = Field(default_factory=dict)
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
    status_seconds: float = Field(60.0, gt=0)  # between two polls while no acknowledgement is awaited
    read_statuses: bool = False  # Chorus Pro: see config/chorus-pro.toml
    first_look_days: float = Field(1.0, gt=0, le=366)  # that the very first poll looks back
    poll_overlap: float = Field(3600.0, ge=0)  # seconds asked again behind the cursor
    ask_after: float = Field(120.0, gt=0)  # seconds without news before a flow is asked for by its number
    technical_account: str | None = Field(None, min_length=1)  # Chorus Pro, PPF: login, TECH_…@cpro.fr
    application_code: str | None = Field(None, pattern=r"^[A-Z0-9]{6}$")  # PPF: begins each flow's number
    structure_check: Literal["off", "warn", "reject"] = "warn"  # Chorus Pro: what a recipient asks for
    recipient_cache_hours: float = Field(24.0, gt=0)  # for which a directory's "yes" is believed
    resend_after_absence: bool = False  # Chorus Pro: see config/connector.toml before you turn it on

    @property
    def has_directory(self) -> bool:
        """Whether recipients can be looked up through it."""
        return self.gateway != "afnor" or self.directory_url is not None

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
        if self.gateway in ("chorus-pro", "ppf") and self.technical_account is None:
            raise ValueError(f"a {self.gateway} account needs its technical_account (TECH_…@cpro.fr)")
        if self.gateway == "ppf" and self.application_code is None:
            raise ValueError("a ppf account needs its application_code (six capitals or digits)")
        if (self.gateway == "ppf") is not self.api_version.startswith("v"):
            raise ValueError('api_version is "1.1" or "1.2"; of a ppf account, "v1" or "v2"')
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
        "status_seconds": 900.0,
        "ask_after": 30.0,
    },
    "ppf": {
        "api_version": "v1",
        "token_auth": "body",
        "scope": "openid",
        "max_in_flight": 1,
        "max_per_second": 5.0,
    },
}


def _profile(name: str) -> dict[str, Any]:
    """The settings that a platform's profile gives."""
    known = sorted(path.stem for path in shipped("config", "profiles").glob("*.toml"))
    if name not in known:
        raise ValueError(
            f'there is no profile "{name}"{did_you_mean(name, known)}; known: {", ".join(known)}'
        )
    return tomllib.loads(shipped("config", "profiles", f"{name}.toml").read_text("utf-8"))


class Workers(Section):
    """The processes that look into files."""

    count: int = Field(2, ge=1, le=64)
    time_limit: float = Field(120.0, gt=0)  # seconds of wall clock for one file
    memory_limit: int = Field(2048 * 1024 * 1024, gt=0)  # bytes of private memory of one worker


class Webhook(Section):
    """Where platforms may call when something has changed; without accounts nobody listens."""

    accounts: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = Field(8643, ge=0, le=65535)
    path: str = Field("/webhook", pattern=r"^(/[A-Za-z0-9._~-]+)+$")
    public_url: HttpUrl | None = None  # of that path, as the platforms reach it through the site's proxy
    least_seconds: float = Field(2.0, gt=0)  # between two questions that calls lead to

    def url_of(self, account: str) -> str | None:
        """Where the platform of an account is to call; None while nobody has said how it gets here."""
        return f"{str(self.public_url).rstrip('/')}/{account}" if self.public_url else None


class Mail(Section):
    """Who is told of a day by mail, and through which server. Nobody, unless `host` is set."""

    host: str | None = None
    port: int = Field(25, ge=1, le=65535)
    starttls: bool = False
    sender: str = Field("connector@localhost", pattern=r"^[^@\s]+@[^@\s]+$")
    to: tuple[str, ...] = ()
    username: str | None = None  # its password is a secret: mail.password

    @model_validator(mode="after")
    def _says_all_that_it_needs(self) -> Mail:
        if self.host is not None and not self.to:
            raise ValueError("mail needs somebody to write to (to)")
        if self.username is not None and not self.starttls:
            raise ValueError("a password is not sent in the clear: mail.username needs starttls = true")
        return self


class Monitoring(Section):
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


class Declarant(Section):
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


def did_you_mean(word: str, known: list[str]) -> str:
    """The end of a sentence about a word that nobody knows; empty when nothing looks like it."""
    close = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
