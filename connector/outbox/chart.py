"""Bars of a chart in figures, for the pages to draw: accepted below, refused on top. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH, _BASE, _ROOM = 900, 160, 135  # in units of the drawing: all of it, its ground line, the tallest bar
_LEAST = 3.0  # a bar that can be seen, however small its share
_GAP = 0.28  # of a day's width


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one bar stands for: a day, or an hour."""

    label: str  # a few characters, below the bar
    name: str  # in the table
    title: str  # in words, with its figures
    sent: int
    refused: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: where it is drawn, and what is written beside it."""

    x: float
    width: float
    middle: float
    top: float
    sent_top: float
    sent_height: float
    refused_top: float
    refused_height: float
    label: str  # below the bar
    value: str  # above it
    title: str  # for a pointer that rests on it
    day: str  # in the table
    sent: int
    refused: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    width: int
    height: int
    base: int
    bars: tuple[Bar, ...]


def chart_of(counts: Sequence[Count]) -> Chart:
    """The chart of these counts, from left to right."""
    most = max([one.sent + one.refused for one in counts], default=0) or 1
    step = _WIDTH / max(len(counts), 1)
    bars = []
    for n, one in enumerate(counts):
        sent, refused = _height(one.sent, most), _height(one.refused, most)
        total = one.sent + one.refused
        bars.append(
            Bar(
                x=round(step * (n + _GAP / 2), 1),
                width=round(step * (1 - _GAP), 1),
                middle=round(step * (n + 0.5), 1),
                top=round(_BASE - sent - refused, 1),
                sent_top=round(_BASE - sent, 1),
                sent_height=sent,
                refused_top=round(_BASE - sent - refused, 1),
                refused_height=refused,
                label=one.label,
                value=str(total) if total else "",
                title=one.title,
                day=one.name,
                sent=one.sent,
                refused=one.refused,
                others=one.others,
            )
        )
    return Chart(width=_WIDTH, height=_BASE + 25, base=_BASE, bars=tuple(bars))


def _height(count: int, most: int) -> float:
    return round(max(count / most * _ROOM, _LEAST), 1) if count else 0.0
