"""The facts behind the metrics, as the journal and the service tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.pulse import Pulse


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """One reading.

    Args:
        queue: (route, state) → jobs in it; those that are done do not count.
        oldest: route → when its oldest job on its way was taken.
        concluded: (route, outcome) → jobs published since the last reading.
        accepted: route → when its last document was accepted.
        events: how long the journal's history is.
        deadlines: (SIREN, kind of report) → seconds until it is due; negative: late.
    """

    now: datetime
    pulse: Pulse
    queue: Mapping[tuple[str, str], int] = field(default_factory=dict)
    oldest: Mapping[str, datetime] = field(default_factory=dict)
    concluded: Mapping[tuple[str, str], int] = field(default_factory=dict)
    accepted: Mapping[str, datetime] = field(default_factory=dict)
    events: int = 0
    deadlines: Mapping[tuple[str, str], float] = field(default_factory=dict)
