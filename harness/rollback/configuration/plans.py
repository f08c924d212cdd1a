"""From facts about the configuration to a plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.errors import WillNotWork
from harness.rollback.check_steps import CheckDeployed
from harness.rollback.configuration.actions import (
    CheckContent,
    CheckCredentials,
    CheckSource,
    KeepConfiguration,
    Place,
    PutConfiguration,
    RestartRolling,
    Source,
    VerifyConfiguration,
    VerifyConnections,
)
from harness.rollback.plan import Part, Plan, Procedure, StepPhase, numbered
from harness.rollback.procedures.traffic import CHECK_LIMIT, verify
from harness.units import Duration

SOURCE_LIMIT: Final = Duration.of(s=15)  # megabytes are read; git may have to wait for a lock
CONTENT_LIMIT: Final = Duration.of(s=5)  # files of text are parsed
TRY_LIMIT: Final = Duration.of(s=15)  # some connections, of which a dead one takes 3 s
KEEP_LIMIT: Final = Duration.of(s=10)  # files are read, and one is written
PUT_LIMIT: Final = Duration.of(s=10)  # files are written
AS_BEFORE_LIMIT: Final = Duration.of(s=10)  # of a service that did not serve before: time for one that starts at once
RESTART_LIMIT: Final = Duration.of(s=60)  # as a deployment: replicas start, and those before them are drained
LOOK_LIMIT: Final = Duration.of(s=10)  # files are read and compared


@dataclass(frozen=True, slots=True)
class ConfigurationFacts:
    """How the configuration stands before it is rolled back.

    Attributes:
        source: what was found for the goal.
        places: where services are served from, those that others need first; only those that would be changed.
        served: the version of each of them, which serves again afterwards.
        replicas: how many of each.
        connections: what the configuration leads to, by name.
        copy: the name of the safety copy.
        ready: the services of which a replica is ready.
    """

    source: Source
    places: tuple[Place, ...]
    served: Mapping[str, str]
    replicas: Mapping[str, int]
    connections: tuple[str, ...]
    copy: str
    ready: tuple[str, ...]


def plan_configuration(facts: ConfigurationFacts) -> Plan:
    """The plan that gives every service the configuration of the goal, and restarts one after the other.

    Where there is no such configuration the plan ends with a check that refuses; where all have it already it has
    nothing but checks.

    Raises:
        WillNotWork: nothing is served, so there is nobody to be given a configuration.
    """
    source, places = facts.source, facts.places
    parts: list[Part] = [(StepPhase.CHECK, CheckSource(source), SOURCE_LIMIT)]
    if not facts.served:
        raise WillNotWork("nothing is deployed, so there is nobody to be given a configuration")
    if source.digest and places:
        parts.append((StepPhase.CHECK, CheckContent(source, places), CONTENT_LIMIT))
        if facts.connections:
            parts.append((StepPhase.CHECK, CheckCredentials(source, places, facts.connections), TRY_LIMIT))
        for place in places:
            there = CheckDeployed(place.service, place.slot, facts.replicas[place.service], 0)
            parts.append((StepPhase.CHECK, there, CHECK_LIMIT))
        parts.append((StepPhase.CHANGE, _kept(facts), KEEP_LIMIT))
        for place in places:
            parts.append((StepPhase.CHANGE, PutConfiguration(source, place), PUT_LIMIT))
            parts.append((StepPhase.CHANGE, RestartRolling(place), RESTART_LIMIT))
        parts += [(StepPhase.VERIFY, VerifyConfiguration(source, place), LOOK_LIMIT) for place in places]
        if facts.connections:
            parts.append((StepPhase.VERIFY, VerifyConnections(places, facts.connections), TRY_LIMIT))
        for place in places:
            name = place.service
            parts.append((StepPhase.VERIFY, *verify(name, facts.served[name], facts.replicas[name])))
    return Plan(Procedure.CONFIGURATION, {}, numbered(parts), goal=str(source.goal))


def _kept(facts: ConfigurationFacts) -> KeepConfiguration:
    ready = tuple(one.service for one in facts.places if one.service in facts.ready)
    return KeepConfiguration(facts.copy, facts.places, ready)
