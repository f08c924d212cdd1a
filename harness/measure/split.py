"""Tells the outages that clients saw before the fault from the fault's own. Pure; imports journal and the floor.

Invariant: a service that was not steady before the fault is never measured as if the fault had broken it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.journal.observation import Observation
from harness.journal.records import FaultState
from harness.measure.outage import Outage, outages
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant

STEADY_SHARE: Final = 0.05
"""Share of bad answers above which a service is not steady: the error rate that calls for a rollback by default."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The outages of one service, before the fault and by it."""

    before: tuple[Outage, ...]
    after: tuple[Outage, ...]
    already_bad: bool


def split(timeline: Timeline, name: str, evidence: list[Observation]) -> Parts:
    """Tells what clients saw before the fault from what it did.

    A lone bad answer shortly before the fault is not of its outage, although no sustained recovery lies between. But
    where the service was not steady, nobody can tell the two apart: then its outage keeps its true start.
    """
    begin, sustain = timeline.start, timeline.declared.sustain
    fault = fault_begins(timeline)
    if fault is None:
        return Parts(outages(evidence, sustain, begin), (), False)
    within = next(one.within for one in timeline.declared.services if one.name == name)
    earlier = [one for one in evidence if _known(one, within) <= fault]
    if _unsteady(earlier, fault, sustain.time):
        found = outages(evidence, sustain, begin)
        over = tuple(one for one in found if _known(one.bad[-1], within) <= fault and one.end is not None)
        return Parts(over, found[len(over) :], True)
    later = [one for one in evidence if _known(one, within) > fault]
    known_good = [one for one in earlier if not one.outcome.bad]
    return Parts(outages(earlier, sustain, begin), outages([*known_good, *later], sustain, begin), False)


def _unsteady(earlier: list[Observation], fault: Instant, time: Duration) -> bool:
    """True when the last answer before the fault was bad, or too many of those within the sustain time before it."""
    recent = [one for one in earlier if one.sent and fault - one.sent <= time]
    bad = sum(1 for one in recent if one.outcome.bad)
    return bool(recent) and (recent[-1].outcome.bad or bad > STEADY_SHARE * len(recent))


def fault_begins(timeline: Timeline) -> Instant | None:
    """The last instant at which the fault was surely not there: when its set-up had ended and its inject began."""
    moved = timeline.fault_at(FaultState.SET_UP)
    return moved.at if moved else None


def _known(one: Observation, within: Duration) -> Instant:
    """When it was decided whether the probe is good: at its answer, or when its limit had passed.

    A request that was in flight when the fault came may be hit by it, and then belongs to the fault's outage.
    """
    limit = one.due + within
    return min(one.completed, limit) if one.completed else limit
