"""Sections of the settings that stand by themselves; `settings` puts them together with the others."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

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
