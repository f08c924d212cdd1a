"""The application procedure: all services go back, those that others need first. Pure.

A service whose standby is ready in its target gets its traffic switched there; any other goes back within its slot.
Each is verified before the next is changed, so that no service meets a release of another that it was not made for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import WillNotWork
from harness.rollback.check_steps import TakeSnapshot
from harness.rollback.history import HistoryFacts
from harness.rollback.plan import (
    Part,
    Plan,
    Procedure,
    RemoveSlot,
    RollBackTo,
    StepPhase,
    SwitchTraffic,
    VerifyPath,
    numbered,
)
from harness.rollback.procedures.service import CHANGE_LIMIT
from harness.rollback.procedures.traffic import (
    CHECK_LIMIT,
    REMOVE_LIMIT,
    SWITCH_LIMIT,
    SlotFacts,
    check_standby,
    stands_by,
    verify,
)
from harness.rollback.procedures.within import change_of, checks_of
from harness.units import Duration

SNAPSHOT_LIMIT: Final = Duration.of(s=5)  # a look at each service and one query
PATH_LIMIT: Final = Duration.of(s=10)  # a handful of requests, each of which has a limit of its own


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """How one service stands: what serves, what stands by, and what its history holds."""

    serving: frozenset[str]
    slot: SlotFacts
    history: HistoryFacts


def plan_application(
    facts: Mapping[str, ApplicationFacts], target: Mapping[str, str], order: Sequence[str], path: int
) -> Plan:
    """The plan that takes every service of the target back that does not serve it already.

    Args:
        facts: how the services stand.
        target: the version that each service goes back to.
        order: all services, each after those that it needs.
        path: how many requests the business path has.

    Raises:
        WillNotWork: the target names no service, or one without facts.
    """
    unknown = sorted(set(target) - set(facts))
    if not target or unknown:
        what = f"nothing is known of {unknown[0]}" if unknown else "the target names no service"
        raise WillNotWork(f"{what}, so the application cannot be rolled back")
    going = {name: target[name] for name in order if name in target and facts[name].serving != {target[name]}}
    ways = {name: _way(name, version, facts[name]) for name, version in going.items()}
    found: list[Part] = [(StepPhase.CHECK, TakeSnapshot(tuple(target)), SNAPSHOT_LIMIT)]
    found += [part for way in ways.values() for part in way.checks]
    if all(way.change for way in ways.values()):
        for name, way in ways.items():
            found += [*way.change, (StepPhase.VERIFY, *verify(name, going[name], facts[name].slot.replicas))]
        if going and path:
            found.append((StepPhase.VERIFY, VerifyPath(path), PATH_LIMIT))
        found += [part for way in ways.values() for part in way.afterwards]
    return Plan(procedure=Procedure.APPLICATION, target=going, steps=numbered(found))


@dataclass(frozen=True, slots=True)
class _Way:
    """How one service goes back; `change` is empty where there is no way."""

    checks: tuple[Part, ...]
    change: tuple[Part, ...]
    afterwards: tuple[Part, ...] = ()


def _way(name: str, version: str, facts: ApplicationFacts) -> _Way:
    slot = facts.slot
    if stands_by(slot, version):
        return _Way(
            ((StepPhase.CHECK, check_standby(name, version, slot), CHECK_LIMIT),),
            ((StepPhase.CHANGE, SwitchTraffic(name, slot.active.other), SWITCH_LIMIT),),
            ((StepPhase.AFTERWARDS, RemoveSlot(name, slot.active), REMOVE_LIMIT),),
        )
    checks = tuple((StepPhase.CHECK, check, limit) for check, limit in checks_of(name, version, facts.history, 0))
    action = change_of(name, version, facts.history, RollBackTo)
    return _Way(checks, ((StepPhase.CHANGE, action, CHANGE_LIMIT),) if action else ())
