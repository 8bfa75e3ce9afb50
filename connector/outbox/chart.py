"""Bars of a chart in figures, for the pages to draw: accepted below, refused on top. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from connector.board import Day

_WIDTH, _BASE, _ROOM = 900, 160, 135  # in units of the drawing: all of it, its ground line, the tallest bar
_LEAST = 3.0  # a bar that can be seen, however small its share
_GAP = 0.28  # of a day's width


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day: where it is drawn, and what is written beside it."""

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


def chart_of(
    days: Sequence[Day],
    *,
    label: Callable[[date], str],
    name: Callable[[date], str],
    title: Callable[[Day], str],
) -> Chart:
    """The chart of these days, oldest first.

    Args:
        label: a day in a few characters.
        name: a day in full.
        title: a day with its figures, in words.
    """
    most = max([day.sent + day.refused for day in days], default=0) or 1
    step = _WIDTH / max(len(days), 1)
    bars = []
    for n, day in enumerate(days):
        sent, refused = _height(day.sent, most), _height(day.refused, most)
        count = day.sent + day.refused
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
                label=label(day.date),
                value=str(count) if count else "",
                title=title(day),
                day=name(day.date),
                sent=day.sent,
                refused=day.refused,
                others=day.others,
            )
        )
    return Chart(width=_WIDTH, height=_BASE + 25, base=_BASE, bars=tuple(bars))


def _height(count: int, most: int) -> float:
    return round(max(count / most * _ROOM, _LEAST), 1) if count else 0.0
