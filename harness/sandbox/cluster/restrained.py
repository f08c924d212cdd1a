"""Workloads and revisions of a system that the run did not make: what may be done to them, and what may not."""

from __future__ import annotations

from harness.clock import Deadline
from harness.errors import WillNotWork
from harness.system.ports import Revisions, Workloads
from harness.system.values import Configuration, Pace, Replica, Revision, Slot


class RestrainedWorkloads:
    """The port Workloads; refuses what installs, deletes or scales, but for what was made here."""

    def __init__(self, inner: Workloads, *, install: bool) -> None:
        self._inner = inner
        self._install = install
        self._made: set[tuple[str, Slot]] = set()

    def deploy(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """See the port. What runs already is only waited for."""
        if not self._runs(service, slot, version):
            self._require(f"deploy {version} of {service} into {slot}", service, slot)
            self._made.add((service, slot))
        self._inner.deploy(service, slot, version, deadline)

    def begin(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """See the port."""
        if not self._runs(service, slot, version):
            self._require(f"deploy {version} of {service} into {slot}", service, slot)
            self._made.add((service, slot))
        self._inner.begin(service, slot, version, deadline)

    def remove(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port."""
        if self._inner.replicas(service, slot):
            self._require(f"remove {service} from {slot}", service, slot)
        self._inner.remove(service, slot, deadline)

    def replicas(self, service: str, slot: Slot) -> tuple[Replica, ...]:
        """See the port."""
        return self._inner.replicas(service, slot)

    def configurations(self, service: str, slot: Slot, deadline: Deadline) -> tuple[Configuration, ...]:
        """See the port."""
        return self._inner.configurations(service, slot, deadline)

    def hold_down(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port."""
        self._require(f"kill the replicas of {service} in {slot}", service, slot)
        self._inner.hold_down(service, slot, deadline)

    def let_start(self, service: str, slot: Slot) -> None:
        """See the port. Always allowed: it takes something back."""
        self._inner.let_start(service, slot)

    def suspend(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port."""
        self._require(f"suspend the replicas of {service} in {slot}", service, slot)
        self._inner.suspend(service, slot, deadline)

    def resume(self, service: str, slot: Slot) -> None:
        """See the port. Always allowed: it takes something back."""
        self._inner.resume(service, slot)

    def _runs(self, service: str, slot: Slot, version: str) -> bool:
        return {one.version for one in self._inner.replicas(service, slot)} == {version}

    def _require(self, what: str, service: str, slot: Slot) -> None:
        if not self._install and (service, slot) not in self._made:
            raise refused(what)


class RestrainedRevisions:
    """The port Revisions; refuses to change anything unless drills may install."""

    def __init__(self, inner: Revisions, *, install: bool) -> None:
        self._inner = inner
        self._install = install

    def of(self, service: str, deadline: Deadline) -> tuple[Revision, ...]:
        """See the port."""
        return self._inner.of(service, deadline)

    def roll_back(self, service: str, number: int, deadline: Deadline) -> None:
        """See the port."""
        self._require(service, number)
        self._inner.roll_back(service, number, deadline)

    def roll(self, service: str, number: int, pace: Pace, deadline: Deadline) -> None:
        """See the port."""
        self._require(service, number)
        self._inner.roll(service, number, pace, deadline)

    def _require(self, service: str, number: int) -> None:
        if not self._install:
            raise refused(f"go back to revision {number} of {service}")


def refused(what: str) -> WillNotWork:
    """The error of something that drill.toml does not allow."""
    return WillNotWork(
        f"a drill on this cluster may not {what}: it did not make it; 'install = true' in [cluster] of drill.toml "
        "allows it"
    )
