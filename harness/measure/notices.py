"""How long it took until people knew: from the trigger to the acknowledgement of the last receiver. Pure."""

from __future__ import annotations

from harness.journal.records import NoticeTold
from harness.measure.felt import Measure
from harness.measure.timeline import Timeline
from harness.units import Instant, Interval, counted


def notification(timeline: Timeline, detected: Instant | None) -> Measure:
    """From the trigger to the instant at which every receiver had taken the notice that something is wrong.

    When a receiver took it lies between the sending of the attempt that it acknowledged and the arrival of its answer;
    where it was tried before, it may have taken that, and only the answer was lost.
    """
    receivers = timeline.declared.receivers
    if not receivers:
        return Measure(None, "not measured: the system names nobody who is told")
    if detected is None:
        return Measure(None, "not measured: no trigger was met that anybody could be told of")
    taken: list[Interval] = []
    missing: list[str] = []
    for receiver in receivers:
        notices = [one for one in timeline.notices if one.receiver == receiver and one.occasion == "started"]
        told = (
            Interval(begin, one.acknowledged)
            for one in notices
            if one.acknowledged and one.sent and one.due >= detected
            if (begin := one.sent if one.attempts == 1 else one.due) <= one.acknowledged  # else the journal contradicts
        )
        if (first := next(told, None)) is None:
            missing.append(f"{receiver} was not told{_why(notices)}")
        else:
            taken.append(first)
    if missing:
        return Measure(None, f"not measured: {'; '.join(missing)}")
    last = Interval(max(one.low for one in taken), max(one.high for one in taken))
    return Measure(
        last.since(Interval.at(detected)), "a receiver takes a notice at some time between request and answer"
    )


def _why(notices: list[NoticeTold]) -> str:
    """Why a receiver did not take a notice, as its last attempt says."""
    if not notices:
        return ": nothing is known of a notice to it"
    last = notices[-1]
    if last.acknowledged:
        return " after the trigger"
    return f": {last.error} ({counted(last.attempts, 'attempt')})"
