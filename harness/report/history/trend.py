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

from harness.journal.cause import Cause
from harness.journal.declaration import FEWEST_BEFORE, Answer, Value, Verdict
from harness.report.history.entry import Entry, Scenario
from harness.report.words import interval
from harness.units import counted
from harness.verdict.result import Seconds

LEAST: Final = FEWEST_BEFORE
"""Of fewer drills a median says nothing."""

_NEVER_BACK: Final = frozenset(
    {
        Cause.NOT_DETECTED,
        Cause.NOT_CALLED_FOR,
        Cause.NOT_DECIDED,
        Cause.NO_ROLLBACK,
        Cause.ROLLBACK_REFUSED,
        Cause.ROLLBACK_FAILED,
        Cause.NOT_ROLLED_BACK,
        Cause.NOT_RECOVERED,
    }
)
"""A drill that missed for one of these, and has no recovery time, has none because clients never recovered."""
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
    last_as_expected_utc: str | None = Field(description="when its last one that ended as expected began; likewise")
    unsteady: bool = Field(description="it ended as expected and not, and back, among those that were looked at")
    growth: Growth


def growth(last: Entry, before: Sequence[Entry], *, allowed: float) -> Growth:
    """Whether the recovery time has grown.

    Args:
        last: the last drill of a scenario.
        before: those before it that the median is taken of; what was not judged, or measured none, is left out.
        allowed: per cent.
    """
    now = last.measured
    if now is None:
        return _not_measured(last)
    spans = [one.measured for one in before if one.measured is not None]
    if len(spans) < LEAST:
        return _without(None, f"{counted(len(spans), 'drill')} before it measured one; {LEAST} are needed")
    usual = median_of(spans)
    most = 1 + allowed / 100
    answer = Answer.UNKNOWN
    if now.high <= most * usual.low:
        answer = Answer.HELD
    elif now.low > most * usual.high:
        answer = Answer.BROKEN
    percent = None
    if usual.low > 0:
        percent = Seconds(low=100 * (now.low / usual.high - 1), high=100 * (now.high / usual.low - 1))
    words = f"{interval(now)} against {interval(usual)}, the median of the last {len(spans)} before it"
    change = _by(percent) if percent else _WORDS[answer]
    return Growth(answer=answer, median=usual, over=len(spans), percent=percent, reason=f"{change}: {words}")


def median_of(spans: Sequence[Seconds]) -> Seconds:
    """The medians of the lower and of the upper bounds of some intervals, of which there is one at least."""
    return Seconds(low=median(one.low for one in spans), high=median(one.high for one in spans))


def _not_measured(last: Entry) -> Growth:
    """A drill without a recovery time is no slower one; where it should have had one, it is not well either."""
    if last.as_expected:
        return _without(None, "the last drill measured no recovery time, as expected")
    if last.verdict is Verdict.MISSED and last.cause and last.cause.general in _NEVER_BACK:
        return _without(Answer.BROKEN, "the last drill never recovered")
    if last.verdict in {Verdict.PASSED, Verdict.MISSED}:
        return _without(Answer.UNKNOWN, "the last drill measured no recovery time")
    return _without(Answer.UNKNOWN, f"the last drill was {last.verdict}")


_WORDS: Final = {
    Answer.HELD: "did not grow",
    Answer.BROKEN: "grew from perhaps no time at all",
    Answer.UNKNOWN: "did not surely change",
}


def trend(
    scenario: Scenario,
    drills: Sequence[Entry],
    before: Sequence[Entry],
    *,
    count: int,
    last_passed: str | None,
    last_as_expected: str | None,
    allowed: float,
) -> Trend:
    """How a scenario went.

    Args:
        scenario: whose drills they are.
        drills: its last ones, the newest first; one at least.
        before: those before the last one that were judged and measured a recovery time, the newest first.
        count: of all its drills.
        last_passed: when the last of all of them that passed began.
        last_as_expected: when the last of all of them that ended as expected began.
        allowed: growth of the recovery time in per cent.
    """
    changes = sum(one.as_expected is not other.as_expected for one, other in pairwise(drills))
    return Trend(
        scenario=scenario,
        drills=count,
        last=drills[0],
        last_passed_utc=last_passed,
        last_as_expected_utc=last_as_expected,
        unsteady=changes >= _CHANGES,
        growth=growth(drills[0], before, allowed=allowed),
    )


def _without(answer: Answer | None, reason: str) -> Growth:
    return Growth(answer=answer, median=None, over=0, percent=None, reason=reason)


def _by(percent: Seconds) -> str:
    if percent.low > 0:
        return f"grew by {percent.low:.0f} to {percent.high:.0f} %"
    if percent.high < 0:
        return f"fell by {-percent.high:.0f} to {-percent.low:.0f} %"
    return "did not surely change"
