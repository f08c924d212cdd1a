"""Tells the outages that clients saw before the fault from the fault's own. Pure; imports journal and the floor.

Invariant: a service that was not steady before the fault is never measured as if the fault had broken it.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from operator import and_
from typing import Final

from harness.journal.observation import Observation
from harness.journal.probes import Probes
from harness.journal.records import FaultState
from harness.measure.edge import known, sent, tells
from harness.measure.outage import Outage, outages
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant

STEADY_SHARE: Final = 0.01
"""Share of bad answers above which a service is not steady: what a drill demands of its steady state."""
ENOUGH: Final = 100
"""So many answers are looked at, if there were as many: the fewest that may hold a bad one."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The outages of one service, before the fault and by it; `evidence` are the telling probes of those by it."""

    before: tuple[Outage, ...]
    after: tuple[Outage, ...]
    already_bad: bool
    evidence: Probes


def split(timeline: Timeline, name: str) -> Parts:
    """Tells what clients saw before the fault from what it did.

    A lone bad answer shortly before the fault is not of its outage, although no sustained recovery lies between. But
    where the service was not steady, nobody can tell the two apart: then its outage keeps its true start.

    Args:
        timeline: the drill.
        name: a declared service.
    """
    within = next(one.within for one in timeline.declared.services if one.name == name)
    every = timeline.observations[name]
    begin, sustain = timeline.start, timeline.declared.sustain
    fault = fault_begins(timeline)
    if fault is None:
        return Parts(outages(every, sustain, begin, within), (), already_bad=False, evidence=every[:0])

    def early(one: Observation) -> bool:
        return known(one, within) <= fault if tells(one) else one.due <= fault

    was_early = every.early(fault.ns - abs(within.ns), fault.ns + abs(within.ns), early)
    earlier = every.where(was_early)
    if _unsteady(earlier.telling, fault, sustain.time) or _goes_on(every.telling, early):
        found = outages(every, sustain, begin, within)
        over = tuple(one for one in found if one.end and all(early(bad) for bad in one.bad))
        after = tuple(one for one in found if one not in over)
        past = {bad for one in over for bad in one.bad}
        return Parts(over, after, already_bad=True, evidence=every.each_without(past).telling)
    kept = every.leave_out(bytes(map(and_, every.bad, was_early)))
    return Parts(
        outages(earlier, sustain, begin, within, steady=True),
        outages(kept, sustain, begin, within),
        already_bad=False,
        evidence=kept.telling,
    )


def _unsteady(earlier: Probes, fault: Instant, time: Duration) -> bool:
    """True when the last answer before the fault was bad, or too many of those within the sustain time before it.

    Where these are few, earlier ones count, too.
    """
    if earlier and earlier[-1].outcome.bad:
        return True
    since = bisect_left(earlier, fault + Duration(-time.ns), key=sent)
    recent = earlier[min(since, max(0, len(earlier) - ENOUGH)) :]
    return recent.bad.count(1) > STEADY_SHARE * len(recent)


def _goes_on(evidence: Probes, early: Callable[[Observation], bool]) -> bool:
    """True when a bad probe that was in flight as the fault came follows one that was bad before, none good between.

    It may have been hit by the fault, or by what was there before: nobody can tell.
    """
    at_bad = (at for at, bad in enumerate(evidence.bad) if bad)
    return any(
        after == before + 1 and early(evidence[before]) and not early(evidence[after])
        for before, after in itertools.pairwise(at_bad)
    )


def fault_begins(timeline: Timeline) -> Instant | None:
    """The last instant at which the fault was surely not there: when its set-up had ended and its inject began."""
    moved = timeline.fault_at(FaultState.SET_UP)
    return moved.at if moved else None
