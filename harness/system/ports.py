"""The ports to a live system. A sandbox implements them; faults, rollback and the drill use nothing else.

Every call that waits takes a `Deadline` and raises `DeadlineExceeded` when it passes. Every call is idempotent:
asking for what already is changes nothing.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from harness.clock import Deadline
from harness.system.values import Address, Replica, ServiceHealth, Slot
from harness.units import Duration


class Workloads(Protocol):
    """The services of the system, as replicas in slots."""

    def deploy(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """Runs `version` of a service in a slot, with the replicas of the environment, until all are ready.

        Raises:
            NotFound: the system has no such service, or no release of that version.
            CrashLoop: a replica ended again and again at its start, though all that it may depend on was there; the
                message says how it ended (exit code, last log line). Known long before the deadline.
            DeadlineExceeded: a replica was not ready in time; the message says why (last exit, last log line).
        """

    def remove(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Stops all replicas of a service in a slot, gracefully first, and waits until they are gone."""

    def replicas(self, service: str, slot: Slot) -> tuple[Replica, ...]:
        """The replicas that should run there, in order of index; empty when nothing is deployed."""

    def hold_down(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Kills the replicas of a slot and makes every new start of them fail, until `let_start`."""

    def let_start(self, service: str, slot: Slot) -> None:
        """Ends `hold_down`: the next start succeeds again. Does not wait for it."""


class Router(Protocol):
    """What decides which slot clients reach."""

    def address(self, service: str) -> Address:
        """Where clients reach a service; the same for the whole life of the sandbox."""

    def active(self, service: str) -> Slot:
        """The slot that serves now."""

    def switch(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Sends every new connection to `slot` from the moment this returns; old connections are drained.

        Raises:
            NotFound: nothing is deployed in that slot.
        """


class Network(Protocol):
    """The way from the router to the replicas of a slot, which faults can disturb."""

    def delay(self, service: str, slot: Slot, delay: Duration) -> None:
        """Holds back every answer of the slot by `delay`; replaces an earlier delay."""

    def clear(self, service: str, slot: Slot) -> None:
        """Ends every disturbance on the way to the slot."""


class Database(Protocol):
    """The database of the system, seen by a fresh client."""

    @property
    def dsn(self) -> str:
        """A libpq connection string for clients of the harness."""

    def read(self, sql: str, deadline: Deadline) -> Sequence[tuple[Any, ...]]:
        """Rows of a query, in a session of its own that is read only and ends with the call.

        Raises:
            MayWorkLater: the database cannot be reached now, or the statement ran into its time-out.
            InputError: the statement is wrong.
        """


class Metrics(Protocol):
    """What is known of the services' health over a window that ends with the last moment of which all is known."""

    def health(self, service: str, window: Duration) -> ServiceHealth:
        """Error rate and latency of one service as its clients saw them."""


class System(Protocol):
    """A live system: everything a fault or a rollback may touch."""

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services, in the order of drill.toml."""

    @property
    def workloads(self) -> Workloads:
        """The services' replicas."""

    @property
    def router(self) -> Router:
        """Where traffic goes."""

    @property
    def network(self) -> Network:
        """Disturbances between router and replicas."""

    @property
    def database(self) -> Database | None:
        """The database, or None when the system has none."""
