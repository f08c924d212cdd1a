"""The ports to a live system. A sandbox implements them; faults, rollback and the drill use nothing else.

Every call that waits takes a `Deadline` and raises `DeadlineExceeded` when it passes. Every call is idempotent:
asking for what already is changes nothing.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from harness.clock import Deadline
from harness.system.configuration_ports import Configurations
from harness.system.data_ports import Recovery, Schema, Tables
from harness.system.disturbing_ports import Endpoint, ExternalApi, Limits, Network
from harness.system.experiments import Experiments
from harness.system.values import Address, Configuration, Pace, Replica, Revision, ServiceHealth, Slot
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

    def begin(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """As `deploy`, but waits for no replica: a careless release. What ran in the slot before is given up."""

    def remove(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Stops all replicas of a service in a slot, gracefully first, and waits until they are gone."""

    def replicas(self, service: str, slot: Slot) -> tuple[Replica, ...]:
        """The replicas that should run there, in order of index; empty when nothing is deployed."""

    def configurations(self, service: str, slot: Slot, deadline: Deadline) -> tuple[Configuration, ...]:
        """What each replica that should run there has as its configuration, in order of index.

        Raises:
            NotFound: the system has no such service, or it cannot be seen what a replica was given.
        """

    def hold_down(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Kills the replicas of a slot and makes every new start of them fail, until `let_start`."""

    def let_start(self, service: str, slot: Slot) -> None:
        """Ends `hold_down`: the next start succeeds again. Does not wait for it."""

    def suspend(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Lets the processes of a slot stand still, until `resume`; raises Unavailable where that cannot be done."""

    def resume(self, service: str, slot: Slot) -> None:
        """Ends `suspend`."""


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


class Revisions(Protocol):
    """The history of what was deployed, by which a service goes back within its slot."""

    def of(self, service: str, deadline: Deadline) -> tuple[Revision, ...]:
        """The revisions of a service, oldest first.

        Raises:
            NotFound: the system has no such service.
        """

    def roll_back(self, service: str, number: int, deadline: Deadline) -> None:
        """Makes a revision live again, and waits until all its replicas are ready and clients reach them.

        Raises:
            NotFound: there is no such revision.
            DeadlineExceeded: a replica was not ready in time; what served before serves on where the platform can.
        """

    def roll(self, service: str, number: int, pace: Pace, deadline: Deadline) -> None:
        """As `roll_back`, batch by batch, never with fewer ready replicas than there are now.

        Raises:
            NotFound: there is no such revision.
            DeadlineExceeded: a batch was not ready in its time; the update was taken back, and what served serves on.
        """


class Images(Protocol):
    """The images of releases, where the platform takes them from."""

    def reference(self, service: str, version: str) -> str:
        """The image of a release, by the name that the platform takes it by."""

    def has(self, service: str, version: str, deadline: Deadline) -> bool:
        """True when the image is there; raises MayWorkLater when the registry does not answer."""


class Cluster(Protocol):
    """What only a cluster has, and faults disturb there. Each disturbance has the call that ends it."""

    def node_of(self, replica: Replica) -> str:
        """The node that a replica runs on.

        Raises:
            NotFound: the replica is gone, or has no node yet.
        """

    def takes_pods(self, node: str) -> bool:
        """False where nothing may start on a node: somebody has cordoned it.

        Raises:
            NotFound: there is no such node.
        """

    def drain(self, node: str, deadline: Deadline) -> None:
        """Lets nothing start on a node any more and evicts what runs there, until `uncordon`.

        Raises:
            DeadlineExceeded: something could not be evicted in time; the message says what held it.
        """

    def uncordon(self, node: str, deadline: Deadline) -> None:
        """Ends `drain`: replicas may start on the node again. Does not wait for one."""

    def forget_history(self, service: str, keep: int, deadline: Deadline) -> None:
        """Leaves only the newest `keep` revisions in the history of a service, until `recall_history`."""

    def recall_history(self, service: str, deadline: Deadline) -> None:
        """Ends `forget_history`: the revisions that were taken out are in the history again."""

    def remove_image(self, service: str, version: str, deadline: Deadline) -> None:
        """Takes the image of a release out of the registry, until `restore_image`. What runs of it runs on."""

    def restore_image(self, service: str, version: str, deadline: Deadline) -> None:
        """Ends `remove_image`: the image is in the registry again."""

    def hang_upgrade(self, service: str, version: str, deadline: Deadline) -> None:
        """Updates the serving slot to `version` as `deploy` does, but the revision stays pending, until `unlock`.

        Raises:
            NotFound: the system has no such service, or no release of that version.
            DeadlineExceeded: a replica was not ready in time.
        """

    def leave_rollback_unfinished(self, service: str, deadline: Deadline) -> None:
        """Adds a pending rollback to a history, until `unlock`, as when its maker dies before it changes anything."""

    def unlock(self, service: str, deadline: Deadline) -> None:
        """Ends what is pending in the history of a service as failed, so that the service can be changed again."""


class ByHand(Protocol):
    """The commands with which a person does, from a shell, what an undo does: for when that fails."""

    def switch(self, service: str, slot: Slot) -> str:
        """See `Router.switch`."""

    def remove(self, service: str, slot: Slot) -> str:
        """See `Workloads.remove`."""

    def deploy(self, service: str, slot: Slot, version: str) -> str:
        """See `Workloads.deploy`."""

    def let_start(self, service: str, slot: Slot) -> str:
        """See `Workloads.let_start`."""

    def clear_network(self, service: str, slot: Slot) -> str:
        """See `Network.clear`."""

    def uncordon(self, node: str) -> str:
        """See `Cluster.uncordon`."""

    def recall_history(self, service: str) -> str:
        """See `Cluster.recall_history`."""

    def restore_image(self, service: str, version: str) -> str:
        """See `Cluster.restore_image`."""

    def unlock(self, service: str) -> str:
        """See `Cluster.unlock`."""


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
    def endpoint(self) -> Endpoint | None:
        """What services reach the database through, or None where they do not reach it by TLS of ours."""

    @property
    def external_api(self) -> ExternalApi | None:
        """What stands in for an external API that services are told of, or None where nothing does."""

    @property
    def limits(self) -> Limits | None:
        """What replicas may use, or None where drills may not limit it."""

    @property
    def database(self) -> Database | None:
        """The database, or None when the system has none."""

    @property
    def schema(self) -> Schema | None:
        """The versions of its schema, or None when drill.toml names no migrations."""

    @property
    def tables(self) -> Tables | None:
        """Its tables, for faults, or None where drills may not change data."""

    @property
    def recovery(self) -> Recovery | None:
        """Its backups and the way back to them, or None where the sandbox has none."""

    @property
    def configuration(self) -> Configurations | None:
        """What replicas are given as their configuration, or None where drills may not change it."""

    @property
    def revisions(self) -> Revisions | None:
        """The history of what was deployed, or None where the sandbox keeps none."""

    @property
    def images(self) -> Images | None:
        """Where images are taken from, or None where releases need none."""

    @property
    def experiments(self) -> Experiments:
        """What runs experiments of Chaos Toolkit against it."""

    @property
    def cluster(self) -> Cluster | None:
        """What only a cluster has, or None where the sandbox is none."""

    def require_ours(self) -> None:
        """Does nothing while the run may act on it; looked at before each act, also before one that takes back.

        Raises:
            WillNotWork: a system of others is theirs again: somebody has given it back, or has changed it since.
        """

    @property
    def by_hand(self) -> ByHand | None:
        """How a person does it, or None where there is one command for everything: the one that ends the sandbox."""
