"""Faults of how a release is made: without waiting for it, or in the slot that serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.effect import bad_answers
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import Deploy, Remove, Switch, Undo
from harness.system.ports import System
from harness.system.values import Replica, Slot


def back_to_what_serves(scene: Scene, service: str) -> Sequence[Undo]:
    """The undo of a release in the standby slot: clients back to the slot that serves now, the other one as it is now.

    Only what was empty is emptied, so an undo that is carried out before anything was injected takes nothing away.
    """
    active = scene.system.router.active(service)
    return (_as_filled(scene.system, service, active.other), Switch(service=service, slot=active.value))


def as_it_runs(system: System, service: str) -> Sequence[Undo]:
    """What leads a service back to how it runs now, whatever was released or rolled back since, in either slot."""
    active = system.router.active(service)
    return (
        _as_filled(system, service, active.other),
        Switch(service=service, slot=active.value),
        _as_filled(system, service, active),
    )


def _as_filled(system: System, service: str, slot: Slot) -> Undo:
    there = {one.version for one in system.workloads.replicas(service, slot)}
    if not there:
        return Remove(service=service, slot=slot.value)
    return Deploy(service=service, slot=slot.value, version=min(there))


@dataclass(frozen=True, slots=True)
class CarelessRelease:
    """A release is begun in the standby slot and gets all traffic at once, ready or not."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"release {self.version} of {self.service} goes live, and nobody waits until it is ready"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get bad answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Back to the slot that serves now, and the other one as it is now."""
        return back_to_what_serves(scene, self.service)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Begins and switches."""
        slot = Slot(only(undo, Switch).slot).other
        scene.system.workloads.begin(self.service, slot, self.version, deadline)
        scene.system.router.switch(self.service, slot, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


@dataclass(frozen=True, slots=True)
class InPlaceRelease:
    """A release replaces the one that serves, in its own slot. Nothing stands by afterwards that could take over."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"release {self.version} of {self.service} replaces the one that serves"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get bad answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The version that serves now is deployed again."""
        return (deploy_what_serves(scene, self.service, self.version),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Deploys over it."""
        scene.system.workloads.deploy(self.service, Slot(only(undo, Deploy).slot), self.version, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Those that serve in another version: the others would stay as they are."""
        return frozenset(one for one in serving.of(self.service) if one.version != self.version)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


def deploy_what_serves(scene: Scene, service: str, version: str) -> Deploy:
    """The undo of a release in place: what serves now is deployed in its slot again.

    Raises:
        InputError: nothing serves that could be updated, or it is of that version already.
    """
    active = scene.system.router.active(service)
    serving = {one.version for one in scene.system.workloads.replicas(service, active)}
    if not serving:
        raise InputError(f"{service} has nothing deployed in its serving slot ({active}): nothing to update")
    if version in serving:
        raise InputError(f"{service} serves {version} already: an update to it changes nothing")
    return Deploy(service=service, slot=active.value, version=min(serving))
