"""Sections of the settings that stand by themselves; `settings` puts them together with the others."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, HttpUrl


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
