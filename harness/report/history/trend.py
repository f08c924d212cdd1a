"""How a scenario went lately. Pure.

The recovery time is an interval, so whether it has grown is, too: it surely has where the lower bound of the last drill
is above what is allowed over the median of the upper bounds before, and surely has not where its upper bound is not
above that over the median of the lower bounds. Between the two it cannot be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from pydantic import Field

from harness.journal.declaration import Answer, Value, Verdict
from harness.report.history.entry import Entry, Scenario
from harness.report.words import interval
from harness.units import counted
from harness.verdict.result import Seconds

LEAST: Final = 3
"""Of fewer drills a median says nothing."""

_JUDGED: Final = frozenset({Verdict.PASSED, Verdict.MISSED})
_CHANGES: Final = 2  # it failed and was well again, or the other way round


class Growth(Value):
    """The recovery time of the last drill against those before it."""

    answer: Answer | None = Field(description="held: it has not grown by more than allowed; null: nothing to compare")
    median: Seconds | None = Field(description="the medians of the lower and of the upper bounds before")
    over: int = Field(description="how many drills those are")
    percent: Seconds | None = Field(description="by how much it has grown, at least and at most, in per cent")
    reason: str


class Trend(Value):
    """One scenario: how often it ran, how it ended last, and what has changed."""

    scenario: Scenario
    drills: int
    last: Entry
    last_passed_utc: str | None = Field(description="when its last drill that passed began; null when none did")
    unsteady: bool = Field(description="it ended as expected and not, and back, among those that were looked at")
    growth: Growth


def growth(drills: Sequence[Entry], *, over: int, allowed: float) -> Growth:
    """Whether the recovery time has grown.

    Args:
        drills: of one scenario, the newest first; one at least.
        over: how many drills before the last the median is taken of.
        allowed: per cent.
    """
    if drills[0].verdict not in _JUDGED:
        return _unknown(f"the last drill was {drills[0].verdict}")
    if drills[0].rto is None:
        return _unknown("the last drill measured no recovery time")
    before = [one.rto for one in drills[1:] if one.rto is not None and one.verdict in _JUDGED][:over]
    if len(before) < LEAST:
        return _unknown(f"{counted(len(before), 'drill')} before it measured one; {LEAST} are needed")
    now = drills[0].rto
    usual = Seconds(low=median(one.low for one in before), high=median(one.high for one in before))
    if usual.low <= 0:
        return _unknown("the median before is no time at all")
    percent = Seconds(low=100 * (now.low / usual.high - 1), high=100 * (now.high / usual.low - 1))
    answer = Answer.UNKNOWN
    if percent.high <= allowed:
        answer = Answer.HELD
    elif percent.low > allowed:
        answer = Answer.BROKEN
    words = f"{interval(now)} against {interval(usual)}, the median of the last {len(before)} before it"
    return Growth(answer=answer, median=usual, over=len(before), percent=percent, reason=f"{_by(percent)}: {words}")


def trend(
    scenario: Scenario, drills: Sequence[Entry], *, count: int, last_passed: str | None, over: int, allowed: float
) -> Trend:
    """How a scenario went.

    Args:
        scenario: whose drills they are.
        drills: its last ones, the newest first; one at least.
        count: of all its drills.
        last_passed: when the last of all of them that passed began.
        over: how many before the last are looked at.
        allowed: growth of the recovery time in per cent.
    """
    seen = drills[: over + 1]
    changes = sum(one.as_expected is not other.as_expected for one, other in pairwise(seen))
    return Trend(
        scenario=scenario,
        drills=count,
        last=drills[0],
        last_passed_utc=last_passed,
        unsteady=changes >= _CHANGES,
        growth=growth(drills, over=over, allowed=allowed),
    )


def _unknown(reason: str) -> Growth:
    return Growth(answer=None, median=None, over=0, percent=None, reason=reason)


def _by(percent: Seconds) -> str:
    if percent.low > 0:
        return f"grew by {percent.low:.0f} to {percent.high:.0f} %"
    if percent.high < 0:
        return f"fell by {-percent.high:.0f} to {-percent.low:.0f} %"
    return "did not surely change"
