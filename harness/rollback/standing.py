"""How the services of a live system stand, as planners need it. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.clock import Deadline
from harness.errors import NotFound
from harness.rollback.history import HistoryFacts, previous_version
from harness.rollback.interrupted import Before
from harness.rollback.procedures.application import ApplicationFacts
from harness.rollback.procedures.traffic import SlotFacts
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.values import Slot


class Standing:
    """Looks at a system.

    Args:
        model: its description.
        system: the ports.
    """

    def __init__(self, model: SystemModel, system: System) -> None:
        self._model, self._system = model, system

    def slots(self, services: Mapping[str, str]) -> dict[str, SlotFacts]:
        """How the services stand, as the planner of the traffic procedure needs it."""
        found: dict[str, SlotFacts] = {}
        for service in services:
            active = self._active(service)
            found[service] = SlotFacts(
                active=active,
                replicas=self._model.replicas(service),
                standby=self._system.workloads.replicas(service, active.other),
            )
        return found

    def histories(self, services: Mapping[str, str], deadline: Deadline) -> dict[str, HistoryFacts]:
        """How the services stand, as the planners of procedures within a slot need it."""
        revisions = self._system.revisions
        return {
            service: HistoryFacts(
                active=self._active(service),
                replicas=self._model.replicas(service),
                revisions=None if revisions is None else revisions.of(service, deadline),
                images=self._system.images is not None,
            )
            for service in services
        }

    def application(self, services: Mapping[str, str], deadline: Deadline) -> dict[str, ApplicationFacts]:
        """How the services stand, as the planner of the application procedure needs it."""
        slots, histories = self.slots(services), self.histories(services, deadline)
        found = {}
        for service in services:
            serving = self._system.workloads.replicas(service, slots[service].active)
            versions = frozenset(one.version for one in serving)
            found[service] = ApplicationFacts(versions, slots[service], histories[service])
        return found

    def _active(self, service: str) -> Slot:
        if service not in self._model.services:
            raise NotFound(f"the system has no service {service!r}; it has {', '.join(self._model.services)}")
        return self._system.router.active(service)

    def before(self, services: Iterable[str]) -> tuple[Before, ...]:
        """How services stand now, to be put back to that."""
        workloads, found = self._system.workloads, []
        for service in services:
            held = {slot: {one.version for one in workloads.replicas(service, slot)} for slot in Slot}
            versions = {slot: max(there) for slot, there in held.items() if there}
            found.append(Before(service, self._active(service), versions, self._model.replicas(service)))
        return tuple(found)

    def previous_version(self, service: str, deadline: Deadline) -> str:
        """The version that a service goes back to where nobody names one; see `history.previous_version`.

        Raises:
            NotFound: the system has no such service, or nothing tells of a version before the one that serves.
        """
        active, workloads = self._active(service), self._system.workloads
        revisions = () if self._system.revisions is None else self._system.revisions.of(service, deadline)
        found = previous_version(
            active, workloads.replicas(service, active), revisions, workloads.replicas(service, active.other)
        )
        if found is None:
            raise NotFound(
                f"no revision and no standby of {service} tells which version came before; name it: {service}=VERSION"
            )
        return found
