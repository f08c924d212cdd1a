"""What a drill is about to do, as far as it is declared: where, to whom, for how long at most.

Pure, but for the look whether the kill switch is there.

Every sandbox begins with the live releases in one slot, all of their replicas ready; what a live system shows instead
is looked at again right before the fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from harness.drill.guards.rules import CLUSTER
from harness.drill.spec import Drill
from harness.drill.watch.switch import KillSwitch
from harness.faults.reach import Hit, Serving, counted_hits
from harness.journal.declaration import Phase
from harness.settings import Settings
from harness.system.guards_model import Allowed
from harness.system.values import Replica, ReplicaState, Slot
from harness.units import Duration


@dataclass(frozen=True, slots=True)
class Intent:
    """What a drill would do now.

    `place` is None in a sandbox of the drill's own; `hits` is None where the fault aims at nothing on purpose;
    `thrown` says why nothing may run now, and is empty where it may; `longest` is the time that its stages and its
    restore may take together; `moment` has a time zone.
    """

    sandbox: str
    environment: str
    place: Allowed | None
    confirmed: str
    switch: str
    thrown: str
    fault: str
    hits: tuple[Hit, ...] | None
    longest: Duration
    moment: datetime

    @property
    def name(self) -> str:
        """What a person names to confirm that the drill may break what is there."""
        return self.place.context if self.place else self.sandbox


def intent_of(drill: Drill, sandbox: str, settings: Settings, moment: datetime) -> Intent:
    """What a drill would do in a sandbox.

    Raises:
        UsageError: it is to run on a cluster, and drill.toml names none.
    """
    switch = KillSwitch.of(settings, drill.model, drill.guards.switches)
    cluster = drill.model.on_cluster if sandbox == CLUSTER else None
    return Intent(
        sandbox=sandbox,
        environment=drill.model.environment,
        place=None if cluster is None else Allowed(context=cluster.context, namespace=cluster.namespace),
        confirmed=settings.confirmed,
        switch=switch.rule,
        thrown=switch.thrown(),
        fault=drill.fault.title,
        hits=hits_of(drill, declared_serving(drill)),
        longest=longest(drill, settings),
        moment=moment,
    )


def hits_of(drill: Drill, serving: Serving) -> tuple[Hit, ...] | None:
    """What the fault of a drill hits of what serves."""
    hit = drill.fault.hits(serving)
    return None if hit is None else counted_hits(hit, serving)


def declared_serving(drill: Drill) -> Serving:
    """The replicas that serve before the fault, by what is declared."""
    return Serving(
        frozenset(
            Replica(service, Slot.BLUE, version, index, ReplicaState.READY, 0, f"{service}-{index}")
            for service, version in drill.versions.items()
            for index in range(drill.model.replicas(service))
        )
    )


def longest(drill: Drill, settings: Settings) -> Duration:
    """The time after which a drill is over at the latest, if every stage takes all the time that it has."""
    limits = drill.limits
    validation = [spec.criterion.within for spec in drill.criteria if spec.criterion.phase is Phase.VALIDATION]
    parts = (
        settings.prepare,
        limits.steady_window,
        settings.steady_state,
        settings.inject,
        limits.effect,
        limits.detect,
        limits.decide,
        limits.roll_back,
        limits.recover,
        drill.sustain.time,
        settings.read_rows * 2,
        *validation,
        settings.clean_up,
        settings.undo,
        settings.teardown,
    )
    return Duration(sum(part.ns for part in parts))
