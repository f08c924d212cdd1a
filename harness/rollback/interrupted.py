"""What can be done about a rollback that did not come to its end: go on with it, or take it back. Pure.

Steps run in order, and each is recorded once it has ended. So of a run that was killed the steps that are recorded are
over, and the first one that is not may have been under way; none after it was begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.errors import WillNotWork
from harness.rollback.configuration import reversal as of_configuration
from harness.rollback.configuration.actions import PutKept, RestartRolling, VerifyKept
from harness.rollback.configuration.plans import LOOK_LIMIT
from harness.rollback.data.actions import CheckKept, DropKept, SwapDatabase
from harness.rollback.data.plans import DROP_LIMIT
from harness.rollback.data.reversal import reversals
from harness.rollback.plan import (
    Action,
    DeployAgain,
    GoBackAll,
    Part,
    Plan,
    Procedure,
    RemoveSlot,
    RestartAll,
    RollBackTo,
    RollTo,
    Step,
    StepPhase,
    SwitchAll,
    SwitchTraffic,
    VerifyVersion,
    numbered,
)
from harness.rollback.procedures.service import CHANGE_LIMIT
from harness.rollback.procedures.traffic import SWITCH_LIMIT, verify
from harness.system.values import Slot


@dataclass(frozen=True, slots=True)
class Before:
    """How one service stood before: the slot that served, and the version in each slot that held one."""

    service: str
    active: Slot
    versions: Mapping[Slot, str]
    replicas: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is recorded of a rollback; `outcome` is None where it did not come to its end.

    `done` are the steps that ended well, `tried` all that ended. `reversing` is true once somebody has begun to take it
    back: then it cannot be gone on with any more.
    """

    plan: Plan
    before: tuple[Before, ...]
    done: frozenset[str]
    tried: frozenset[str]
    outcome: Literal["done", "failed", "refused", "reversed"] | None
    owner: str
    reversing: bool = False

    @property
    def under_way(self) -> Step | None:
        """The step that may have been under way: the first one that did not end, unless the rollback did."""
        if self.outcome is not None:
            return None
        return next((step for step in self.plan.steps if step.id not in self.tried), None)


def remaining(kept: Kept) -> Plan:
    """The plan that goes on where a rollback was interrupted, or where it failed.

    As long as nothing was changed, that is the whole plan, checks and all. Else what was changed stays, what was not is
    changed, and all of it is verified again; attempts are made until one of them has worked. Every change may be made
    twice: asking for what is changes nothing.
    """
    if not _touched(kept) or _taken_back_in_part(kept):
        return kept.plan
    worked = any(step.id in kept.done for step in kept.plan.of_phase(StepPhase.ATTEMPT))
    over = (StepPhase.CHECK, StepPhase.ATTEMPT) if worked else (StepPhase.CHECK,)
    left = (
        step
        for step in kept.plan.steps
        if step.phase is StepPhase.VERIFY or (step.phase not in over and step.id not in kept.done)
    )
    begun = tuple(step.action for step in kept.plan.of_phase(StepPhase.CHANGE) if step.id in kept.done)
    return replace(kept.plan, steps=tuple(left), begun=begun)


def reverse(kept: Kept) -> Plan:
    """The plan that puts everything back as it was before; it has no steps where nothing was changed.

    Raises:
        WillNotWork: a step was begun that cannot be taken back by itself.
    """
    if kept.plan.procedure.of_data:
        return _reverse_data(kept)
    if kept.plan.procedure is Procedure.CONFIGURATION:
        return _reverse_configuration(kept)
    before = {one.service: one for one in kept.before}
    back: list[Action] = []
    for step in reversed(_touched(kept)):
        back += [action for action in _taken_back(step, step.action, before) if action not in back]
    services = dict.fromkeys(one.service for one in back if isinstance(one, SwitchTraffic | DeployAgain))
    target = {name: before[name].versions[before[name].active] for name in services}
    found: list[Part] = [
        (StepPhase.CHANGE, action, SWITCH_LIMIT if isinstance(action, SwitchTraffic) else CHANGE_LIMIT)
        for action in back
    ]
    found += [(StepPhase.VERIFY, *verify(name, version, before[name].replicas)) for name, version in target.items()]
    return Plan(kept.plan.procedure, target, numbered(found, "back-"))


def _taken_back_in_part(kept: Kept) -> bool:
    """A rollback that takes itself back and failed put back what it could, and that was not all.

    Of one that put back everything the record tells so, and nothing is touched.
    """
    changes = kept.plan.of_phase(StepPhase.CHANGE)
    return (
        not kept.plan.procedure.of_releases
        and kept.outcome == "failed"
        and any(one.id not in kept.done for one in changes)
    )


def _reverse_data(kept: Kept) -> Plan:
    """The database that was live before is live again; services are as they were all the time."""
    touched = _touched(kept)
    dropped = [step for step in touched if isinstance(step.action, DropKept)]
    if any(step.id in kept.done for step in dropped):
        raise WillNotWork("the database that was replaced is removed already, so nothing can take its place back")
    limits = {type(step.action): step.deadline for step in kept.plan.steps}
    longest = max(limits.values(), default=CHANGE_LIMIT)
    back = reversals([step.action for step in touched], though_let_in=True)
    swapped = any(isinstance(step.action, SwapDatabase) and step.id in kept.done for step in touched)
    # What was replaced may be gone: it was lost before, or it was being removed.
    look = dropped or (swapped and not _taken_back_in_part(kept))
    found: list[Part] = [(StepPhase.CHECK, CheckKept(), DROP_LIMIT)] if look else []
    found += [(StepPhase.CHANGE, one, limits.get(type(one), longest)) for one in back]
    verified = kept.plan.of_phase(StepPhase.VERIFY) if back else ()
    found += [(step.phase, step.action, step.deadline) for step in verified]
    return Plan(kept.plan.procedure, {}, numbered(found, "back-"), goal="the database before it")


def _reverse_configuration(kept: Kept) -> Plan:
    """Every service that was given another configuration, or may have been, has the one that was kept."""
    back = list(of_configuration.reversals([step.action for step in _touched(kept)]))
    put = [action for _, action, _ in back if isinstance(action, PutKept)]
    back += [(StepPhase.VERIFY, VerifyKept(one.name, one.place), LOOK_LIMIT) for one in put]
    there = {step.action.service: step for step in kept.plan.steps if isinstance(step.action, VerifyVersion)}
    served = [action.place.service for _, action, _ in back if isinstance(action, RestartRolling)]
    back += [(step.phase, step.action, step.deadline) for one in served if (step := there.get(one))]
    return Plan(kept.plan.procedure, {}, numbered(back, "back-"), goal="the configuration before it")


def _touched(kept: Kept) -> Sequence[Step]:
    """The steps that changed something, or may have."""
    under_way = kept.under_way
    return [
        step
        for step in kept.plan.of_phase(StepPhase.CHANGE, StepPhase.ATTEMPT, StepPhase.AFTERWARDS)
        if step.id in kept.tried or step is under_way
    ]


def _taken_back(step: Step, action: Action, before: Mapping[str, Before]) -> Iterator[Action]:
    """What takes one step back, or one part of it."""
    match action:
        case SwitchAll(moves, _) | GoBackAll(moves, _):
            for move in reversed(moves):
                yield from _taken_back(step, move, before)
        case RestartAll(services):
            for service in services:
                there = before[service]
                yield DeployAgain(service, there.active, there.versions[there.active])
        case SwitchTraffic(service, _):
            yield SwitchTraffic(service, before[service].active)
        case DeployAgain(service, _, _) | RollBackTo(service, _, _) | RollTo(service, _, _, _):
            there = before[service]
            yield DeployAgain(service, there.active, there.versions[there.active])
        case RemoveSlot(service, slot):
            if slot in before[service].versions:
                yield DeployAgain(service, slot, before[service].versions[slot])
        case _:
            raise WillNotWork(f"step {step.id} ({step.title}) cannot be taken back by itself; resume the rollback")
