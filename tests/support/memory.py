"""A system in memory that keeps the promises of the ports, and can be told to fail at any call."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any, Self

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.journal.records import FaultMoved, UndoDone, UndoRegistered
from harness.sandbox.common.chaos import ChaosToolkit
from harness.system.disturbing_ports import ExternalApi
from harness.system.ports import ByHand, Cluster, Database, Images, Revisions
from harness.system.values import Address, Configuration, Replica, ReplicaState, ServiceHealth, Slot
from harness.units import Duration

Place = tuple[str, Slot]


@dataclass
class MemorySystem:
    """Services `names`, each live in blue with one release. `before_call` sees every changing call first."""

    names: tuple[str, ...] = ("web", "api")
    version: str = "1.0.0"
    before_call: Callable[[str], None] = lambda _: None
    deployed: dict[Place, str] = field(default_factory=dict)
    serving: dict[str, Slot] = field(default_factory=dict)
    down: set[Place] = field(default_factory=set)
    suspended: set[Place] = field(default_factory=set)
    refusing: set[Place] = field(default_factory=set)
    losing: dict[Place, float] = field(default_factory=dict)
    limited: dict[Place, tuple[str, float]] = field(default_factory=dict)
    delayed: dict[Place, Duration] = field(default_factory=dict)
    configured: dict[Place, Configuration] = field(default_factory=dict)
    database: Database | None = None
    external_api: ExternalApi | None = None
    count: int = 1

    def __post_init__(self) -> None:
        for name in self.names:
            self.deployed.setdefault((name, Slot.BLUE), self.version)
            self.serving.setdefault(name, Slot.BLUE)

    def copy(self) -> Self:
        """Another one that is as this one is now, and never fails."""
        parts = {one.name: getattr(self, one.name) for one in fields(self)}
        own = {name: copy(value) for name, value in parts.items() if isinstance(value, (dict, set, list))}
        return type(self)(**{**parts, **own, "before_call": lambda _: None})

    @property
    def state(self) -> tuple[object, ...]:
        """All there is, to be compared."""
        return (dict(self.deployed), dict(self.serving), set(self.down), *self._disturbed)

    @property
    def _disturbed(self) -> tuple[object, ...]:
        return (dict(self.delayed), set(self.suspended), set(self.refusing), dict(self.losing), dict(self.limited))

    @property
    def services(self) -> tuple[str, ...]:
        return self.names

    @property
    def schema(self) -> None:
        return None

    @property
    def tables(self) -> None:
        return None

    @property
    def recovery(self) -> None:
        return None

    @property
    def configuration(self) -> None:
        return None

    @property
    def revisions(self) -> Revisions | None:
        return None

    @property
    def images(self) -> Images | None:
        return None

    @property
    def experiments(self) -> ChaosToolkit:
        return ChaosToolkit()

    @property
    def cluster(self) -> Cluster | None:
        return None

    def require_ours(self) -> None:
        """It always is."""

    @property
    def by_hand(self) -> ByHand | None:
        return None

    @property
    def workloads(self) -> MemorySystem:
        return self

    @property
    def router(self) -> MemorySystem:
        return self

    @property
    def network(self) -> MemorySystem:
        return self

    @property
    def endpoint(self) -> None:
        return None

    @property
    def limits(self) -> MemorySystem:
        return self

    def begin(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("begin")
        self.deployed[service, slot] = version

    def deploy(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("deploy")
        self.deployed[service, slot] = version

    def remove(self, service: str, slot: Slot, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("remove")
        self.deployed.pop((service, slot), None)
        self.down.discard((service, slot))

    def replicas(self, service: str, slot: Slot) -> tuple[Replica, ...]:
        version = self.deployed.get((service, slot))
        if version is None:
            return ()
        state = ReplicaState.BACK_OFF if (service, slot) in self.down else ReplicaState.READY
        return tuple(
            Replica(service, slot, version, index, state, 0, f"{service}-{slot}-{index}") for index in range(self.count)
        )

    def configurations(self, service: str, slot: Slot, deadline: Deadline) -> tuple[Configuration, ...]:  # noqa: ARG002 - at once
        there = (service, slot) in self.deployed
        return (self.configured.get((service, slot), Configuration({})),) * (self.count if there else 0)

    def hold_down(self, service: str, slot: Slot, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("hold_down")
        self.down.add((service, slot))

    def let_start(self, service: str, slot: Slot) -> None:
        self.before_call("let_start")
        self.down.discard((service, slot))

    def suspend(self, service: str, slot: Slot, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("suspend")
        self.suspended.add((service, slot))

    def resume(self, service: str, slot: Slot) -> None:
        self.before_call("resume")
        self.suspended.discard((service, slot))

    def processor(self, service: str, slot: Slot, share: float) -> None:
        self.before_call("processor")
        self.limited[service, slot] = ("processor", share)

    def memory(self, service: str, slot: Slot, share: float) -> None:
        self.before_call("memory")
        self.limited[service, slot] = ("memory", share)

    def lift(self, service: str, slot: Slot) -> None:
        self.before_call("lift")
        self.limited.pop((service, slot), None)

    def refuse(self, service: str, slot: Slot) -> None:
        self.before_call("refuse")
        self.refusing.add((service, slot))

    def lose(self, service: str, slot: Slot, share: float) -> None:
        self.before_call("lose")
        self.losing[service, slot] = share

    def address(self, service: str) -> Address:
        return Address("127.0.0.1", 1 + self.names.index(service))

    def active(self, service: str) -> Slot:
        return self.serving[service]

    def switch(self, service: str, slot: Slot, deadline: Deadline) -> None:  # noqa: ARG002 - at once
        self.before_call("switch")
        if (service, slot) not in self.deployed:
            raise NotFound(f"nothing is deployed in {slot} of {service}")
        self.serving[service] = slot

    def delay(self, service: str, slot: Slot, delay: Duration) -> None:
        self.before_call("delay")
        self.delayed[service, slot] = delay

    def clear(self, service: str, slot: Slot) -> None:
        self.before_call("clear")
        self.delayed.pop((service, slot), None)
        self.refusing.discard((service, slot))
        self.losing.pop((service, slot), None)


@dataclass
class MemoryMetrics:
    """What clients see of a memory system; rates and latencies can be set by service."""

    rates: dict[str, float | None] = field(default_factory=dict)
    p95: dict[str, Duration] = field(default_factory=dict)
    samples: int = 25

    def health(self, service: str, window: Duration) -> ServiceHealth:
        return ServiceHealth(service, window, self.samples, self.rates.get(service, 0.0), self.p95.get(service))


@dataclass
class MemoryRecorder:
    """Records with whether each was durable; `before_append` may refuse one."""

    records: list[tuple[Any, bool]] = field(default_factory=list)
    before_append: Callable[[Any], None] = lambda _: None

    def append(self, record: FaultMoved | UndoRegistered | UndoDone, *, durable: bool = False) -> None:
        self.before_append(record)
        self.records.append((record, durable))

    def of(self, kind: type[Any]) -> list[Any]:
        """The records of one kind."""
        return [record for record, _ in self.records if isinstance(record, kind)]


def every_tenth_call_fails() -> Callable[[str], None]:
    """Fails at each tenth call, whatever it is."""
    calls = 0

    def count(what: str) -> None:
        nonlocal calls
        calls += 1
        if calls % 10 == 0:
            raise MayWorkLater(f"{what} failed, because it was the tenth call")

    return count
