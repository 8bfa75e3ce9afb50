"""How results come to an ERP, and news to people by mail: parts of the settings that stand by themselves."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Form = Literal["json", "csv", "xml"]


class Delivery(BaseModel):
    """Which files for programs a result has, how and where they lie; what people find beside them."""

    result_formats: tuple[Form, ...] = Field(("json",), min_length=1)  # in the order of appearing
    result_encoding: Literal["utf-8", "cp1252"] = "utf-8"
    result_delimiter: Literal[";", ","] = ";"  # between the cells of a CSV file
    result_layout: Literal["daily", "flat"] = "daily"  # folders that fill up: one a day, or one for all
    go_marker: bool = False  # an empty .go file behind the last one
    dashboard: bool = True  # a page in the root that tells how things are
    reports: bool = True  # tables and a page of each day that is over

    @field_validator("result_formats")
    @classmethod
    def _each_once(cls, formats: tuple[Form, ...]) -> tuple[Form, ...]:
        if len(set(formats)) < len(formats):
            raise ValueError("names a format twice")
        return formats


class Mail(BaseModel):
    """Who is told of a day by mail, and through which server. Nobody, unless `host` is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
