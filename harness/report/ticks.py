"""The marks of a timeline's axis. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.report.lanes import Axis
from harness.report.words import clock

_TICKS: Final = 9
_STEPS: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30,
    60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the time axis."""

    x: float
    label: str
    anchor: str


def ticks(axis: Axis, zero: float) -> Iterator[Tick]:
    """The marks of an axis, at round seconds from a report's second zero."""
    span = axis.end - axis.start
    step = next((step for step in _STEPS if span / step <= _TICKS), span / _TICKS)
    digits = max(0, -math.floor(math.log10(step))) if step < 1 else 0
    first = math.ceil((axis.start - zero) / step)
    last = math.floor((axis.end - zero) / step)
    for index in range(first, last + 1):
        x = axis.x(zero + index * step)
        anchor = "start" if x < 20 else "end" if x > axis.width - 24 else "middle"  # noqa: PLR2004 - half a label
        yield Tick(x, clock(index * step, digits) if index else "0", anchor)
