"""The log of exchanges: what was asked of the simulated platform, what it answered, which fault it played."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from connector.simulator.flows import instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request. Logged just before the answer is sent, so whoever has the answer finds it here."""

    at: int  # milliseconds since 1970
    method: str
    path: str
    on: str  # the endpoint, or "unknown"
    status: int | None  # None: no answer was sent
    fault: str | None  # `do` of the rule that was played
    request_id: str | None
    flow_id: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"at": instant(self.at)}


class ExchangeLog:
    """The last exchanges, and how many there were."""

    def __init__(self, most: int = 20_000) -> None:
        self._kept: deque[Exchange] = deque(maxlen=most)
        self.total = 0

    def add(self, exchange: Exchange) -> None:
        self._kept.append(exchange)
        self.total += 1

    def kept(self) -> tuple[Exchange, ...]:
        return tuple(self._kept.copy())

    def clear(self) -> None:
        self._kept.clear()
        self.total = 0
