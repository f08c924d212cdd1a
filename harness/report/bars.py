"""An objective against what was measured, as a bar: positions in per cent of its width. Pure.

When the interval is so narrow that nobody could see on which side of the bound it lies, the bar is magnified
around both, and says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from harness.report.words import duration
from harness.verdict.result import Seconds

_ROOM: Final = 1.18  # what the scale leaves free beyond the larger of bound and measured value
_VISIBLE: Final = 0.03  # share of the bar below which a bound inside an interval cannot be made out
_FLIP: Final = 60.0  # beyond this position the bound's label stands to its left


@dataclass(frozen=True, slots=True)
class Bar:
    """Positions in per cent: the measured interval and the bound, and what the two ends of the scale mean."""

    low: float | None
    width: float
    bound: float
    flip: bool
    left: str
    right: str
    magnified: bool


def bar(found: Seconds | None, bound: float) -> Bar | None:
    """The bar of an interval and its bound, both in seconds; None when a number is not finite."""
    values = [bound] + ([found.low, found.high] if found else [])
    if not all(math.isfinite(value) for value in values) or max(values) > 1e15:  # noqa: PLR2004 - no such time
        return None
    start, end = 0.0, max(*values, 0.0) * _ROOM or 1.0
    magnified = False
    if found and found.low <= bound < found.high and found.high - found.low < _VISIBLE * end:
        room = (found.high - found.low) * 2
        start, end, magnified = max(0.0, found.low - room), found.high + room, True

    def place(value: float) -> float:
        return round(min(100.0, max(0.0, 100 * (value - start) / (end - start))), 3)

    low = place(found.low) if found else None
    width = place(found.high) - place(found.low) if found else 0.0
    left, right = (duration(start), duration(end)) if not magnified else (f"{start:.3f} s", f"{end:.3f} s")
    return Bar(low, round(width, 3), place(bound), place(bound) > _FLIP, left, right, magnified)
