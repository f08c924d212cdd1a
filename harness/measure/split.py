"""Tells the outages that clients saw before the fault from the fault's own. Pure; imports journal and the floor.

Invariant: a service that was not steady before the fault is never measured as if the fault had broken it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from harness.journal.observation import Observation
from harness.journal.records import FaultState
from harness.measure.edge import known, sent, telling, tells
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
    evidence: tuple[Observation, ...]


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
        return Parts(outages(every, sustain, begin, within), (), already_bad=False, evidence=())

    def early(one: Observation) -> bool:
        return known(one, within) <= fault if tells(one) else one.due <= fault

    earlier = [one for one in every if early(one)]
    if _unsteady(telling(earlier), fault, sustain.time) or _goes_on(telling(every), early):
        found = outages(every, sustain, begin, within)
        over = tuple(one for one in found if one.end and all(early(bad) for bad in one.bad))
        after = tuple(one for one in found if one not in over)
        past = {bad for one in over for bad in one.bad}
        return Parts(over, after, already_bad=True, evidence=tuple(telling(set(every) - past)))
    kept = [one for one in every if not (one.outcome.bad and early(one))]
    return Parts(
        outages(earlier, sustain, begin, within, steady=True),
        outages(kept, sustain, begin, within),
        already_bad=False,
        evidence=tuple(telling(kept)),
    )


def _unsteady(earlier: list[Observation], fault: Instant, time: Duration) -> bool:
    """True when the last answer before the fault was bad, or too many of those within the sustain time before it.

    Where these are few, earlier ones count, too.
    """
    if earlier and earlier[-1].outcome.bad:
        return True
    recent = [one for at, one in enumerate(reversed(earlier)) if at < ENOUGH or fault - sent(one) <= time]
    return sum(one.outcome.bad for one in recent) > STEADY_SHARE * len(recent)


def _goes_on(evidence: list[Observation], early: Callable[[Observation], bool]) -> bool:
    """True when a bad probe that was in flight as the fault came follows one that was bad before, none good between.

    It may have been hit by the fault, or by what was there before: nobody can tell.
    """
    return any(
        before.outcome.bad and early(before) and after.outcome.bad and not early(after)
        for before, after in itertools.pairwise(evidence)
    )


def fault_begins(timeline: Timeline) -> Instant | None:
    """The last instant at which the fault was surely not there: when its set-up had ended and its inject began."""
    moved = timeline.fault_at(FaultState.SET_UP)
    return moved.at if moved else None
