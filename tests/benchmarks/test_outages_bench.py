"""Fifty real outages of a server that goes bad at instants it knows exactly, measured by the real prober.

The only thing that is asserted is that intervals contain the truth; how wide they are is printed, in probe periods.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from random import Random
from typing import Final

import pytest

from harness.measure.felt import Measure
from tests.support.going_bad import KINDS
from tests.support.real_outages import PERIOD, Lived, live_through, planned

pytestmark = pytest.mark.benchmark

COUNT: Final = 50
SHORTEST, LONGEST = 0.05, 5.0


def lengths() -> list[float]:
    """From the shortest to the longest, short ones as often as long ones, in no order."""
    step = math.log(LONGEST / SHORTEST) / (COUNT - 1)
    found = [SHORTEST * math.exp(step * n) for n in range(COUNT)]
    Random(4).shuffle(found)  # noqa: S311 - a seed is the point
    return found


def periods(measures: Iterable[Measure]) -> str:
    """Median and maximum of the widths."""
    widths = sorted(one.span.width.ns / PERIOD.ns for one in measures if one.span)
    return f"{widths[len(widths) // 2]:9.2f}{widths[-1]:8.2f}" if widths else f"{'–':>9}{'–':>8}"


def row(name: str, lived: list[Lived]) -> str:
    clear = [one for one in lived if one.alone]
    return (
        f"{name:8}{len(lived):6}{sum(one.felt for one in lived):6}{len(clear):7}"
        f"{sum(one.holds for one in clear):9}{sum(one.holds_for_clients for one in clear):12}"
        + periods(one.measures.rto for one in lived)
        + periods(one.measures.outage for one in lived)
        + periods(one.measures.outage_at_server for one in lived)
    )


def test_fifty_real_outages() -> None:
    lived = live_through(planned(lengths(), seed=4))
    shortest, longest = min(one.lasted for one in lived), max(one.lasted for one in lived)
    exact = max((end - begin) / 1e3 for one in lived for begin, end in (one.real.begun, one.real.over))
    print(  # noqa: T201 - a benchmark prints
        f"\n{len(lived)} outages of {shortest * 1000:.0f} ms to {longest:.2f} s; true instants known to {exact:.0f} us;"
        f" widths in probe periods of {PERIOD}: median, max"
    )
    print(  # noqa: T201
        f"{'kind':8}{'times':>6}{'felt':>6}{'alone':>7}{'contain':>9}{'clients':>12}"
        f"{'RTO':>17}{'outage':>17}{'at the server':>17}"
    )
    for kind in KINDS:
        print(row(kind, [one for one in lived if one.real.kind == kind]))  # noqa: T201
    print(row("all", lived))  # noqa: T201
    assert [one.real for one in lived if one.alone and not one.holds] == []
