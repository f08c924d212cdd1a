"""Finds out how the configuration stands, and answers the checks of its rollback. Looks only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar, assert_never

from harness.clock import Deadline
from harness.errors import InputError, NotFound, WillNotWork
from harness.journal.refusal import Refusal
from harness.rollback.configuration import source as sources
from harness.rollback.configuration.actions import (
    CheckContent,
    CheckCredentials,
    CheckSource,
    ConfigurationCheck,
    ConfigurationGoal,
    ConfigurationTag,
    ConfigurationVersion,
    Place,
    PutConfiguration,
    Source,
)
from harness.rollback.configuration.carry_out import port_of, target_of
from harness.rollback.configuration.connections import try_all
from harness.rollback.configuration.content import problems
from harness.rollback.configuration.plans import ConfigurationFacts, plan_configuration
from harness.rollback.goal import Goal
from harness.rollback.history import Found
from harness.rollback.plan import Plan
from harness.system.model import SystemModel
from harness.system.order import needed_first
from harness.system.ports import System
from harness.system.values import ReplicaState

A = TypeVar("A")
COPY: Final = "safety"


def plan_for(goal: Goal | None, model: SystemModel, system: System, deadline: Deadline) -> Plan:
    """The plan of a rollback of the configuration, from how it stands now.

    Raises:
        NotFound: the sandbox gives no way to the configuration.
        WillNotWork: the goal is none of a configuration.
    """
    if not isinstance(goal, ConfigurationVersion | ConfigurationTag):
        raise WillNotWork(f"a configuration rollback cannot go back to {goal or 'nothing'}")
    return plan_configuration(find_facts(goal, model, system, deadline))


def find_facts(goal: ConfigurationGoal, model: SystemModel, system: System, deadline: Deadline) -> ConfigurationFacts:
    """How the configuration stands.

    Raises:
        NotFound: the sandbox gives no way to it.
    """
    port = port_of(system)
    served: dict[str, str] = {}
    places, ready = [], list[str]()
    for service in needed_first({name: one.needs for name, one in model.services.items()}):
        slot = system.router.active(service)
        there = system.workloads.replicas(service, slot)
        if any(one.state is ReplicaState.READY for one in there):
            ready.append(service)
        if there:
            served[service] = there[0].version
            places.append(Place(service, slot))
    source = sources.found(goal, model, port)
    return ConfigurationFacts(
        source=source,
        places=tuple(one for one in places if _differs(one, source, model, system, deadline)),
        served=served,
        replicas={service: model.replicas(service) for service in served},
        connections=tuple(one.name for one in model.configuration.connections),
        copy=f"{COPY}-{1 + max(_numbers(port.names()), default=0)}",
        ready=tuple(ready),
    )


def refuse_what_has_moved(plan: Plan, model: SystemModel, system: System, deadline: Deadline) -> None:
    """Looks whether a rollback that was interrupted still changes what serves, and all that must be changed.

    Raises:
        WillNotWork: a service is served from elsewhere by now, or another one has come to differ from the goal.
        DrillError: it could not be found out.
    """
    then = {one.place.service: one.place for one in _actions(plan, PutConfiguration)}
    told = []
    for service, place in then.items():
        active = system.router.active(service)
        if active is not place.slot:
            told.append(f"it was made for {service} in {place.slot}, and it is served from {active} now")
        elif not system.workloads.replicas(service, active):
            told.append(f"it was made for {service} in {place.slot}, and nothing runs there any more")
    for check in _actions(plan, CheckSource):
        now = find_facts(check.source.goal, model, system, deadline)
        # Where the goal itself is another one by now, its own steps find that out, and take back what was changed.
        others = [one.service for one in now.places if one.service not in then and now.source == check.source]
        told += [f"{one} has come to differ from {plan.goal} since, and it leaves that alone" for one in others]
    if told:
        raise WillNotWork(
            f"the rollback cannot be gone on with: {'; '.join(told)}; take that rollback back (drill rollback "
            "reverse), and begin a new one"
        )


def _actions(plan: Plan, kind: type[A]) -> Iterator[A]:
    return (step.action for step in plan.steps if isinstance(step.action, kind))


def _numbers(names: Iterable[str]) -> Iterator[int]:
    """Those of the safety copies that there are: a number is never given twice, also where one was removed."""
    for name in names:
        kind, _, number = name.rpartition("-")
        if kind == COPY and number.isdecimal():
            yield int(number)


def look_at_configuration(check: ConfigurationCheck, model: SystemModel, system: System, deadline: Deadline) -> Found:
    """Carries out one check.

    Raises:
        DrillError: what is to be checked could not be looked at.
    """
    match check:
        case CheckSource(source):
            return _readable(source, model, system)
        case CheckContent(source, places):
            return _content(source, places, model, system, deadline)
        case CheckCredentials(source, places, _):
            return _credentials(source, places, model, system, deadline)
        case _:
            assert_never(check)


def _differs(place: Place, source: Source, model: SystemModel, system: System, deadline: Deadline) -> bool:
    """Whether a service would be changed; true where that cannot be told, because then a check refuses."""
    try:
        wanted = target_of(source, place, model, system, deadline)
    except (InputError, NotFound):
        return True
    return bool(port_of(system).wrong(place.service, place.slot, wanted, deadline))


def _readable(source: Source, model: SystemModel, system: System) -> Found:
    try:
        packed = sources.read(source, model, port_of(system))
    except NotFound as error:
        return Found(str(error), Refusal.NO_CONFIGURATION)
    except InputError as error:
        return Found(f"{source.goal} cannot be used: {error}", Refusal.BAD_CONFIGURATION)
    count = sum(len(one.files) for one in (*packed.own.values(), *([packed.shared] if packed.shared else [])))
    told = "" if packed.whole else "; what it says nothing of, such as secrets, stays as it is"
    return Found(f"{count} files{told}")


def _content(source: Source, places: Sequence[Place], model: SystemModel, system: System, deadline: Deadline) -> Found:
    told = []
    for place in places:
        try:
            wanted = target_of(source, place, model, system, deadline)
        except NotFound as error:
            return Found(str(error), Refusal.INVALID_CONFIGURATION)
        objects = [one.format(service=place.service) for one in model.configuration.objects]
        told += [f"{place.service}: {one}" for one in problems(wanted, objects)]
    if told:
        return Found("; ".join(told), Refusal.INVALID_CONFIGURATION)
    return Found("all objects are there, all files can be parsed, and all addresses are well formed")


def _credentials(
    source: Source, places: Sequence[Place], model: SystemModel, system: System, deadline: Deadline
) -> Found:
    wanted = {one.service: target_of(source, one, model, system, deadline) for one in places}
    tried = try_all(model.configuration.connections, wanted, port_of(system).reached, deadline)
    dead = [str(one) for one in tried if one.critical and one.problem]
    if dead:
        return Found("; ".join(dead), Refusal.DEAD_CREDENTIAL)
    return Found("; ".join(f"{'' if not one.problem else 'warning: '}{one}" for one in tried))
