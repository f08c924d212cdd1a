"""A live embedded sandbox, as the drill sees it: the ports, by calls to its daemon. Thread-safe.

Each call has a connection of its own (measured: 0.3 ms), so a long deployment in one thread does not hold up
another. The database is read directly, without the daemon.
"""

from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.sandbox.common.chaos import ChaosToolkit
from harness.sandbox.common.database import PostgresDatabase
from harness.sandbox.common.schema_versions import SchemaOfFiles, parts_of, version_told
from harness.sandbox.common.tables import PostgresTables
from harness.sandbox.embedded.configuration import EmbeddedConfigurations
from harness.sandbox.embedded.external_api import EmbeddedExternalApi
from harness.sandbox.embedded.folder import Folder
from harness.sandbox.embedded.limits import QUICK_CALL
from harness.sandbox.embedded.link import Link
from harness.sandbox.embedded.looking import look
from harness.sandbox.embedded.recovery import EmbeddedRecovery
from harness.sandbox.embedded.router import HOST
from harness.sandbox.embedded.wire import Call, Description
from harness.system.values import Address, Configuration, Replica, Slot
from harness.units import Duration

_REPLICAS: Final = TypeAdapter(tuple[Replica, ...])
_CONFIGURATIONS: Final = TypeAdapter(tuple[Configuration, ...])


class EmbeddedWorkloads:
    """The port Workloads."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def deploy(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """See the port. The old replicas serve on until all new ones are ready."""
        self._link.call(Call(name="deploy", service=service, slot=slot, version=version, deadline=deadline.at))

    def begin(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """See the port."""
        self._link.call(Call(name="begin", service=service, slot=slot, version=version, deadline=deadline.at))

    def remove(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port."""
        self._link.call(Call(name="remove", service=service, slot=slot, deadline=deadline.at))

    def replicas(self, service: str, slot: Slot) -> tuple[Replica, ...]:
        """See the port. The identity is that of the latest process: its id and its start in clock ticks."""
        return _REPLICAS.validate_python(self._link.call(Call(name="replicas", service=service, slot=slot)))

    def configurations(self, service: str, slot: Slot, deadline: Deadline) -> tuple[Configuration, ...]:
        """See the port. The folder that was copied for the replica, and what it held when its process was started."""
        call = Call(name="configurations", service=service, slot=slot, deadline=deadline.at)
        return _CONFIGURATIONS.validate_python(self._link.call(call))

    def hold_down(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port. Ends with `let_start`, with the deployment of another version, or with `remove`."""
        self._link.call(Call(name="hold_down", service=service, slot=slot, deadline=deadline.at))

    def let_start(self, service: str, slot: Slot) -> None:
        """See the port."""
        self._link.call(Call(name="let_start", service=service, slot=slot))

    def suspend(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port. Soon it is not ready any more, and gets no new connections."""
        self._link.call(Call(name="suspend", service=service, slot=slot, deadline=deadline.at))

    def resume(self, service: str, slot: Slot) -> None:
        """See the port."""
        self._link.call(Call(name="resume", service=service, slot=slot))


class EmbeddedRouter:
    """The port Router."""

    def __init__(self, link: Link, ports: dict[str, int]) -> None:
        self._link = link
        self._ports = ports

    def address(self, service: str) -> Address:
        """See the port.

        Raises:
            NotFound: the system has no such service.
        """
        if service not in self._ports:
            raise NotFound(f"the system has no service {service!r}; there are {', '.join(self._ports)}")
        return Address(HOST, self._ports[service])

    def active(self, service: str) -> Slot:
        """See the port."""
        return Slot(self._link.call(Call(name="active", service=service)))

    def switch(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port. Draining goes on after the call.

        Raises:
            NotFound: nothing is deployed in that slot.
        """
        self._link.call(Call(name="switch", service=service, slot=slot, deadline=deadline.at))


class EmbeddedNetwork:
    """The port Network."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def delay(self, service: str, slot: Slot, delay: Duration) -> None:
        """See the port."""
        self._link.call(Call(name="delay", service=service, slot=slot, delay=delay))

    def refuse(self, service: str, slot: Slot) -> None:
        """See the port."""
        self._link.call(Call(name="refuse", service=service, slot=slot))

    def lose(self, service: str, slot: Slot, share: float) -> None:
        """See the port. Whole answers are lost: all that comes back on a connection, or nothing."""
        self._link.call(Call(name="lose", service=service, slot=slot, share=share))

    def clear(self, service: str, slot: Slot) -> None:
        """See the port. What is held back is delivered at once; a connection whose answer was lost is cut."""
        self._link.call(Call(name="clear", service=service, slot=slot))


class EmbeddedLimits:
    """The port Limits."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def processor(self, service: str, slot: Slot, share: float) -> None:
        """See the port."""
        self._link.call(Call(name="limit_processor", service=service, slot=slot, share=share))

    def memory(self, service: str, slot: Slot, share: float) -> None:
        """See the port."""
        self._link.call(Call(name="limit_memory", service=service, slot=slot, share=share))

    def lift(self, service: str, slot: Slot) -> None:
        """See the port."""
        self._link.call(Call(name="lift_limits", service=service, slot=slot))


class EmbeddedEndpoint:
    """The port Endpoint. Its certificate is looked at from here, as a service does it."""

    def __init__(self, link: Link, port: int, trusted: Path) -> None:
        self._link, self._port, self._trusted = link, port, trusted

    def certificate(self) -> str:
        """See the port."""
        try:
            return look(self._port, self._trusted, QUICK_CALL)
        except OSError as error:
            raise MayWorkLater(f"what stands before the database cannot be reached: {error}") from error

    def expire(self) -> None:
        """See the port."""
        self._link.call(Call(name="expire_certificate"))

    def renew(self) -> None:
        """See the port."""
        self._link.call(Call(name="renew_certificate"))


class EmbeddedSandbox:
    """A live system in an embedded sandbox: the port System. Made by `start` or `attach`."""

    def __init__(self, folder: Folder, description: Description, link: Link) -> None:
        self.folder = folder
        self.link = link
        self.description = description
        self._workloads = EmbeddedWorkloads(link)
        self._router = EmbeddedRouter(link, description.ports)
        self._network = EmbeddedNetwork(link)
        self._limits = EmbeddedLimits(link)
        self._configuration = EmbeddedConfigurations(link, folder)
        self._database = None if description.dsn is None else PostgresDatabase(description.dsn)
        self._schema, self._tables = parts_of(self._database, description.migrations, description.version_query)
        self._recovery = None if self._database is None else EmbeddedRecovery(link, self._version)

    @property
    def id(self) -> str:
        """The sandbox's id, the name of its folder."""
        return self.folder.id

    @property
    def services(self) -> tuple[str, ...]:
        """See the port."""
        return self.description.services

    @property
    def workloads(self) -> EmbeddedWorkloads:
        """See the port."""
        return self._workloads

    @property
    def router(self) -> EmbeddedRouter:
        """See the port."""
        return self._router

    @property
    def network(self) -> EmbeddedNetwork:
        """See the port."""
        return self._network

    @property
    def endpoint(self) -> EmbeddedEndpoint | None:
        """See the port."""
        front = self.description.front
        return None if front is None else EmbeddedEndpoint(self.link, *front)

    @property
    def external_api(self) -> EmbeddedExternalApi | None:
        """See the port."""
        url = self.description.external_api
        return None if url is None else EmbeddedExternalApi(self.link, url)

    @property
    def limits(self) -> EmbeddedLimits:
        """See the port."""
        return self._limits

    @property
    def database(self) -> PostgresDatabase | None:
        """See the port."""
        return self._database

    @property
    def schema(self) -> SchemaOfFiles | None:
        """See the port."""
        return self._schema

    @property
    def tables(self) -> PostgresTables | None:
        """See the port."""
        return self._tables

    @property
    def recovery(self) -> EmbeddedRecovery | None:
        """See the port."""
        return self._recovery

    def _version(self, deadline: Deadline) -> str:
        query = self.description.version_query
        return "" if self._database is None else version_told(self._database, query, deadline)

    @property
    def configuration(self) -> EmbeddedConfigurations:
        """See the port."""
        return self._configuration

    @property
    def revisions(self) -> None:
        """See the port: a slot remembers nothing of what ran there before."""
        return

    @property
    def images(self) -> None:
        """See the port: a release is a folder."""
        return

    @property
    def experiments(self) -> ChaosToolkit:
        """See the port."""
        return ChaosToolkit()

    @property
    def cluster(self) -> None:
        """See the port: processes of this machine."""
        return

    def require_ours(self) -> None:
        """See the port: it is the run's own."""

    @property
    def by_hand(self) -> None:
        """See the port: whatever was done to processes ends with them."""
        return

    def copy_logs(self, to: Path) -> tuple[Path, ...]:
        """Copies all logs into a folder, which is made; returns the copies."""
        return self.folder.copy_logs(to)
