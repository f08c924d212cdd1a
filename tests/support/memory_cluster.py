"""A memory system that keeps revisions and images and can be disturbed as a cluster can."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.system.values import Pace, Replica, Revision, RevisionState, Slot
from tests.support.memory import MemorySystem

NODE = "node-1"


@dataclass
class MemoryCluster(MemorySystem):
    """Every change of what is deployed makes a revision; a pending one allows none, as with Helm."""

    history: dict[str, tuple[Revision, ...]] = field(default_factory=dict)
    forgotten: dict[str, tuple[Revision, ...]] = field(default_factory=dict)
    missing: set[tuple[str, str]] = field(default_factory=set)
    cordoned: set[str] = field(default_factory=set)
    paces: list[Pace] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.names:
            self.history.setdefault(name, (self._revision(name, 1),))

    @property
    def state(self) -> tuple[object, ...]:
        """All there is but the history, to which every change adds: of it only what faults leave in it."""
        pending = {name: one[-1].state is RevisionState.PENDING for name, one in self.history.items()}
        kept = {name: one for name, one in self.forgotten.items() if one}
        return (*super().state, pending, kept, set(self.missing), set(self.cordoned))

    @property
    def revisions(self) -> MemoryCluster:
        return self

    @property
    def images(self) -> MemoryCluster:
        return self

    @property
    def cluster(self) -> MemoryCluster:
        return self

    def of(self, service: str, deadline: Deadline) -> tuple[Revision, ...]:  # noqa: ARG002 - at once
        return self.history[service]

    def roll_back(self, service: str, number: int, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("roll_back")
        found = next((one for one in self.history[service] if one.number == number), None)
        if found is None:
            raise NotFound(f"{service} has no revision {number}")
        for slot, version in found.versions.items():
            self.deployed[service, slot] = version
        self._add(service)

    def roll(self, service: str, number: int, pace: Pace, deadline: Deadline) -> None:
        self.paces.append(pace)
        self.roll_back(service, number, deadline)

    def reference(self, service: str, version: str) -> str:
        return f"registry/{service}:{version}"

    def has(self, service: str, version: str, deadline: Deadline) -> bool:  # noqa: ARG002 - at once
        self.before_call("has")
        return (service, version) not in self.missing

    def deploy(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        self._refuse_while_pending(service)
        if self.deployed.get((service, slot)) != version:
            super().deploy(service, slot, version, deadline)
            self._add(service)

    def begin(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        self._refuse_while_pending(service)
        super().begin(service, slot, version, deadline)
        self._add(service)

    def remove(self, service: str, slot: Slot, deadline: Deadline) -> None:
        self._refuse_while_pending(service)
        if (service, slot) in self.deployed:
            super().remove(service, slot, deadline)
            self._add(service)

    def node_of(self, replica: Replica) -> str:  # noqa: ARG002 - there is but one
        return NODE

    def takes_pods(self, node: str) -> bool:
        return node not in self.cordoned

    def drain(self, node: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("drain")
        self.cordoned.add(node)

    def uncordon(self, node: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("uncordon")
        self.cordoned.discard(node)

    def forget_history(self, service: str, keep: int, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("forget_history")
        every = (*self.forgotten.get(service, ()), *self.history[service])
        self.forgotten[service], self.history[service] = every[:-keep], every[-keep:]

    def recall_history(self, service: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("recall_history")
        self.history[service] = (*self.forgotten.pop(service, ()), *self.history[service])

    def remove_image(self, service: str, version: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("remove_image")
        self.missing.add((service, version))

    def restore_image(self, service: str, version: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("restore_image")
        self.missing.discard((service, version))

    def hang_upgrade(self, service: str, version: str, deadline: Deadline) -> None:
        if (
            self.history[service][-1].state is RevisionState.PENDING
            and self.deployed.get((service, self.serving[service])) == version
        ):
            return
        self.deploy(service, self.serving[service], version, deadline)
        self._mark(service, RevisionState.PENDING)

    def leave_rollback_unfinished(self, service: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("leave_rollback_unfinished")
        if self.history[service][-1].rollback and self.history[service][-1].state is RevisionState.PENDING:
            return
        self._add(service)
        self._mark(service, RevisionState.PENDING, rollback=True)

    def unlock(self, service: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("unlock")
        if self.history[service][-1].state is RevisionState.PENDING:
            self._mark(service, RevisionState.FAILED)

    def _revision(self, service: str, number: int) -> Revision:
        versions = {slot: version for (name, slot), version in self.deployed.items() if name == service}
        return Revision(number, versions, RevisionState.LIVE)

    def _add(self, service: str) -> None:
        before = [
            replace(one, state=RevisionState.REPLACED) if one.state is RevisionState.LIVE else one
            for one in self.history[service]
        ]
        self.history[service] = (*before, self._revision(service, before[-1].number + 1))

    def _mark(self, service: str, state: RevisionState, *, rollback: bool = False) -> None:
        *before, newest = self.history[service]
        self.history[service] = (*before, replace(newest, state=state, rollback=rollback))

    def _refuse_while_pending(self, service: str) -> None:
        if self.history[service][-1].state is RevisionState.PENDING:
            raise MayWorkLater(f"another operation on {service} is in progress")
