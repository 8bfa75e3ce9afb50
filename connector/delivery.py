"""How results come to an ERP: the part of a route's settings that the writer of results reads."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator

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
