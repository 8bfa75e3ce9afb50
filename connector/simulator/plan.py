"""How a simulated platform may be told to behave: switches that hold always, rules that hold now and then.

The words of a plan file (TOML or JSON) and of the control endpoints, checked. A rule names an endpoint, says
which of its requests it is for, and what is done to them. Nothing is done here.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from connector.errors import ConfigurationError

Endpoint = Literal["token", "submit", "search", "flow", "health", "directory", "subscription", "webhook"]
Seconds = Annotated[float, Field(ge=0, le=1e8)]
Code = Annotated[int, Field(ge=200, le=599)]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Switches(_Checked):
    """Standing behaviour of the platform."""

    ack_delay: Seconds = 0.0  # from Pending to Ok or Error
    duplicates: Literal["accept", "refuse-at-post", "ack-error"] = "ack-error"
    checksum: Literal["refuse-at-post", "ack-error"] = "ack-error"
    index_lag_seconds: Seconds = 0.0  # a new flow is not found by search until then
    index_lag_searches: int = Field(0, ge=0)  # so many searches miss a new flow that they should have found
    ignore_tracking_filter: bool = False
    order: Literal["ascending", "descending", "shuffled"] = "ascending"
    coarse_clock: Seconds = 0.0  # grain of the times told; 1 makes ties of all flows of one second
    token_seconds: float = Field(3600.0, gt=0)
    invalid_client_status: Literal[400, 401] = 400
    page_limit: int = Field(100, ge=1, le=100)  # flows or invoices in a page at most, whatever is asked
    max_file_bytes: int = Field(100 * 1024 * 1024, ge=1)  # XP Z12-013 Flow 1.2.0: 100 MB
    unknown_polls: int = Field(0, ge=0)  # Chorus Pro: so many reports of a new flow say that it is unknown
    api_version: Literal["1.1", "1.2"] = "1.2"  # 1.1: a flow has no name, and X-Request-Id comes back
    organization_header: bool = False  # Organization-Id is asked for; each company sees its own flows
    ppf_answers: Literal["json", "xml", "bare"] = "json"  # bare: a receipt is a code alone
    refuse_processing_rule: bool = False  # 501, as one platform in the field does
    converts: bool = False  # a format was agreed for `Converted`; else that is a 400
    readable_view: bool = True


class Match(_Checked):
    """Which requests of an endpoint a rule is for; every condition given must hold.

    `nth`, `every` and `after` count, from 1, the requests that satisfy the other conditions.
    """

    name_contains: str | None = None
    tracking_id: str | None = None
    nth: int | None = Field(None, ge=1)
    every: int | None = Field(None, ge=1)
    after: int = Field(0, ge=0)

    @property
    def reads_content(self) -> bool:
        return self.name_contains is not None or self.tracking_id is not None

    def holds(self, name: str, tracking_id: str | None) -> bool:
        return (self.name_contains is None or self.name_contains in name) and (
            self.tracking_id is None or self.tracking_id == tracking_id
        )

    def due(self, count: int) -> bool:
        """Whether the `count`-th such request is meant."""
        if self.nth is not None:
            return count == self.nth
        past = count - self.after
        return past > 0 and (self.every is None or past % self.every == 0)


class _Rule(_Checked):
    on: Endpoint
    match: Match = Match()
    times: Annotated[int, Field(ge=1)] | Literal["unlimited"] = "unlimited"

    @model_validator(mode="after")
    def _content_only_in_deposits(self) -> _Rule:
        if self.match.reads_content and self.on != "submit":
            raise ValueError("name_contains and tracking_id are only known of a submit")
        return self


class _OnSubmit(_Rule):
    on: Literal["submit"] = "submit"


class _ErrorAnswer(_Rule):
    code: Code
    retry_after: int | str | None = None  # seconds, any text, or "http-date:30" for the date in 30 seconds
    body: Literal["json", "problem", "html", "text", "empty"] = "json"
    error_code: str | None = None
    message: str | None = None

    @model_validator(mode="after")
    def _date_has_seconds(self) -> _ErrorAnswer:
        if isinstance(self.retry_after, str) and self.retry_after.startswith("http-date:"):
            float(self.retry_after.partition(":")[2])
        return self


class Status(_ErrorAnswer):
    """Answer this status; a deposit is not stored."""

    do: Literal["status"]


class StoreThenStatus(_ErrorAnswer):
    """Store the deposit, then answer this status all the same (a gateway's 502, for one)."""

    do: Literal["store-then-status"]
    on: Literal["submit"] = "submit"
    code: Code = 502


class Delay(_Rule):
    """Wait; `before` storing (the deposit is stored even if the caller has left) or `after` it."""

    do: Literal["delay"]
    seconds: Seconds
    when: Literal["before", "after"] = "before"


class Hang(_Rule):
    """Read the request, then neither store nor answer until the caller leaves."""

    do: Literal["hang"]


class StoreThenHang(_OnSubmit):
    """Store, then do not answer until the caller leaves."""

    do: Literal["store-then-hang"]


class Reset(_Rule):
    """Reset the TCP connection (RST) at this point, before any byte of an answer."""

    do: Literal["reset"]
    at: Literal["before-body", "mid-body", "after-body", "after-storing"] = "after-storing"

    @model_validator(mode="after")
    def _content_is_not_read_yet(self) -> Reset:
        if self.match.reads_content and self.at in ("before-body", "mid-body"):
            raise ValueError(f"the content is not known at {self.at}: match by nth, every or after")
        return self


class HalfAnswer(_Rule):
    """Process, then announce the whole answer, send half of its body and close the connection."""

    do: Literal["half-answer"]


class Garbage(_Rule):
    """Process, then answer the good status with a body that says nothing."""

    do: Literal["garbage"]
    what: Literal["html", "wrong-json", "broken-json", "empty", "no-flow-id"] = "html"


class Drip(_Rule):
    """Process, then send the answer byte by byte."""

    do: Literal["drip"]
    seconds_per_byte: Seconds = 0.5


class CloseAfterAnswer(_Rule):
    """Answer as if the connection would live on, then close it."""

    do: Literal["close-after-answer"]


class Redirect(_Rule):
    """Answer a redirect; nothing is stored."""

    do: Literal["redirect"]
    code: Literal[301, 302, 303, 307, 308] = 307
    location: str | None = None  # default: the same path with "-moved" behind it


class Unauthorized(_Rule):
    """Revoke every token and answer 401, as when a token dies in the middle of a batch."""

    do: Literal["unauthorized"]


class DuplicateRefusal(_OnSubmit):
    """Answer 400 CREATE_ERROR "invoice already exists"; nothing is stored."""

    do: Literal["duplicate-refusal"]


class ReturnCode(_Rule):
    """Chorus Pro says no: a `codeRetour` other than 0, in a 200 as well as in a 400; nothing is done."""

    do: Literal["return-code"]
    on: Literal["submit", "search", "flow", "directory"]
    code: int = Field(20001, ge=1)
    message: str = "GCU_MSG_01_001 : erreur simulee"
    status: Literal[200, 400] = 200


class AckError(_OnSubmit):
    """Store and answer 202; the acknowledgement will be Error with this detail."""

    do: Literal["ack-error"]
    reason_code: str = "OtherTechnicalError"
    item: str = "flow"
    message: str = "The flow could not be processed"


class AckDelay(_OnSubmit):
    """Store and answer 202; the acknowledgement takes so many seconds (1e8: it never comes)."""

    do: Literal["ack-delay"]
    seconds: Seconds


class AckStatus(_OnSubmit):
    """Store and answer 202; the acknowledgement will have this status, whatever it is."""

    do: Literal["ack-status"]
    status: str


WireRule = (
    Status
    | StoreThenStatus
    | Delay
    | Hang
    | StoreThenHang
    | Reset
    | HalfAnswer
    | Garbage
    | Drip
    | CloseAfterAnswer
    | Redirect
    | Unauthorized
    | DuplicateRefusal
    | ReturnCode
)
AckRule = AckError | AckDelay | AckStatus
Rule = WireRule | AckRule


class Plan(_Checked):
    """A plan file: `[switches]`, and `[[rule]]` in the order in which they are tried."""

    switches: Switches = Switches()
    rule: tuple[Annotated[Rule, Field(discriminator="do")], ...] = ()


_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)


def read_plan(given: dict[str, Any]) -> Plan:
    """A plan from plain values.

    Raises:
        ConfigurationError: one finding for each fault.
    """
    try:
        return _PLAN.validate_python(given)
    except ValidationError as error:
        findings = (f"{'.'.join(map(str, item['loc'])) or 'plan'}: {item['msg']}" for item in error.errors())
        raise ConfigurationError(*findings) from None


def load_plan(path: Path) -> Plan:
    """A plan from a `.json` file, or else from TOML.

    Raises:
        ConfigurationError: it cannot be read, or says what we do not understand.
    """
    try:
        text = path.read_text("utf-8")
        given = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if not isinstance(given, dict):
        raise ConfigurationError(f"{path}: a plan is a table with `switches` and `rule`")
    return read_plan(given)
