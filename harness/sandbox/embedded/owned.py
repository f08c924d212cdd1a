"""The inside of a sandbox: database, services and router, brought up together and taken down together.

Belongs to the daemon's event loop. Invariant: owner.json names every process of a service, and the database's
server once it accepts connections, a moment after its start.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.clock import Deadline, now
from harness.errors import DeadlineExceeded, NotFound, Unavailable
from harness.sandbox.common import schema
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.binaries import wheel_install
from harness.sandbox.embedded.deployment import Deployment
from harness.sandbox.embedded.disk import MEGABYTE, Disk
from harness.sandbox.embedded.folder import Folder
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.pressure import Pressure
from harness.sandbox.embedded.recovery import RecoveryCalls
from harness.sandbox.embedded.router import TcpRouter
from harness.sandbox.embedded.turns import Turns
from harness.sandbox.embedded.wal import WalStream
from harness.sandbox.embedded.wire import Call, Description, Order
from harness.system.values import Slot
from harness.units import Duration, Instant

if TYPE_CHECKING:
    from harness.sandbox.embedded.stand_in import StandIn
    from harness.sandbox.embedded.tls_front import TlsFront

_LOG = logging.getLogger(__name__)
_INHERITED = ("PATH", "LANG")


class Sandbox:
    """Everything that one daemon owns.

    Args:
        folder: where it lies.
        order: what was asked for.
        changed: called with all processes whenever one came or went.
    """

    def __init__(self, folder: Folder, order: Order, changed: Callable[[tuple[Process, ...]], None]) -> None:
        self._order = order
        self._model = order.system
        self._changed = changed
        self._noted: tuple[Process, ...] = ()
        self._database_up: Instant | None = None
        env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        env["DRILL_SANDBOX"] = folder.id  # by which heal knows what is ours
        self._postgres: Postgres | None = None
        self._wal: WalStream | None = None
        self._recovery: RecoveryCalls | None = None
        self._front: TlsFront | None = None
        given: dict[str, str] = {}
        if self._model.database is not None:
            size = self._model.database.disk
            disk = None if size is None else Disk(folder.postgres / "disk", size * MEGABYTE)
            self._postgres = Postgres(folder.postgres, folder.logs, self._model.name, env, disk)
            self._wal = WalStream(self._postgres)
            self._recovery = RecoveryCalls(self._postgres, self._wal, self._turn_away, self._let_in)
            given[self._model.database.env] = self._postgres.service_url
            if self._model.database.tls:
                self._front = _front_of(folder, self._postgres.port)
                given[self._model.database.env] = self._front.leads_to(self._postgres.service_url)
        self._stand_in: StandIn | None = None
        if (variable := self._model.configuration.external_api) is not None:
            self._stand_in = _stand_in()
            given[variable] = self._stand_in.url
        self._turns = Turns(max(1, len(os.sched_getaffinity(0)) - 1))  # one processor is for the database
        self._pressures: dict[tuple[str, Slot], Pressure] = {}
        self.router = TcpRouter(tuple(self._model.services))
        self._deployments = {
            (service, slot): Deployment(
                self._model,
                folder,
                service,
                slot,
                env=env,
                given=given,
                changed=self._notice,
                all_else_up=partial(self._all_else_up, service, slot),
                drained=partial(self.router.drain, service, slot),
                turns=self._turns,
            )
            for service in self._model.services
            for slot in Slot
        }

    async def start(self) -> None:
        """Brings everything up; the services start while the database is being made.

        Raises:
            Unavailable: the database did not start.
            ConfigurationError: a schema file is wrong.
            CrashLoop: a service does not start, though all it may depend on is up.
            DeadlineExceeded: a service was not ready in time.
        """
        deadline = Deadline(self._order.deadline)
        await self.router.open()
        if self._front is not None:
            await self._front.open()
        wanted = [(name, Slot.BLUE, version) for name, version in self._order.live.items()]
        wanted += [(name, Slot.GREEN, version) for name, version in self._order.standby.items()]
        tasks = [asyncio.ensure_future(self._start_database(deadline))]
        tasks += [
            asyncio.ensure_future(self.deployment(service, slot).deploy(version, deadline))
            for service, slot, version in wanted
        ]
        try:
            await asyncio.gather(*tasks)
        except DeadlineExceeded:
            if not tasks[0].done():  # then the services wait for the database, and that is what to tell
                raise Unavailable("the database was not ready in time, and the services wait for it") from None
            tasks[0].result()
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Ends everything; returns when no process is left."""
        self.router.close()
        for pressure in self._pressures.values():
            pressure.lift()
        if self._front is not None:
            self._front.close()
        grace = limits.GRACE_AT_TEARDOWN
        ends = [deployment.kill(grace) for deployment in self._deployments.values()]
        if self._stand_in is not None:
            ends.append(asyncio.to_thread(self._stand_in.close))
        if self._wal is not None and self._postgres is not None:
            ends += [self._wal.stop(grace), self._postgres.stop(limits.TEARDOWN)]
        if self._recovery is not None:
            ends.append(self._recovery.end(grace))
        for result in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(result, BaseException):
                _LOG.error("a part did not end as it should", exc_info=result)

    def deployment(self, service: str, slot: Slot) -> Deployment:
        """What runs of a service in a slot.

        Raises:
            NotFound: the system has no such service.
        """
        with suppress(KeyError):
            return self._deployments[service, slot]
        known = ", ".join(self._model.services)
        raise NotFound(f"{self._model.name} has no service {service!r}; there are {known}")

    def front(self) -> TlsFront:
        """What stands before the database.

        Raises:
            NotFound: nothing does.
        """
        if self._front is None:
            raise NotFound(f"services of {self._model.name} do not reach their database by TLS")
        return self._front

    async def take_external_api(self, after: Duration | None) -> None:
        """Lets the external API refuse whoever asks it where there is no time, else answer after that.

        Raises:
            NotFound: there is none.
        """
        if self._stand_in is None:
            raise NotFound(f"services of {self._model.name} are told of no external API")
        if after is None:
            await asyncio.to_thread(self._stand_in.refuse)
        else:
            await asyncio.to_thread(self._stand_in.answer, after)

    def pressure(self, service: str, slot: Slot) -> Pressure:
        """What the replicas of a service in a slot may use. Raises as `deployment` does."""
        deployment = self.deployment(service, slot)
        made = Pressure(f"{service} in {slot}", deployment.processes)
        return self._pressures.setdefault((service, slot), made)

    def switch(self, service: str, slot: Slot) -> None:
        """Sends new connections to a slot.

        Raises:
            NotFound: nothing is deployed there: an outage that nobody asked for.
        """
        if not self.deployment(service, slot).deployed:
            raise NotFound(f"{service}: nothing is deployed in {slot}; deploy before switching")
        self.router.switch(service, slot)

    async def recover(self, call: Call, deadline: Deadline) -> Any:
        """Does what a call of the port Recovery asks for.

        Raises:
            NotFound: the system has no database.
        """
        if self._recovery is None:
            raise NotFound(f"{self._model.name} has no database")
        try:
            return await self._recovery.do(call.verb, call.about, deadline)
        finally:
            self._notice()

    async def _turn_away(self, services: Sequence[str]) -> None:
        await asyncio.gather(*(self.router.turn_away(one) for one in services))

    def _let_in(self, services: Sequence[str]) -> None:
        for one in services:
            self.router.let_in(one)

    def describe(self) -> Description:
        """What clients must know."""
        postgres, wal, database = self._postgres, self._wal, self._model.database
        return Description(
            services=tuple(self._model.services),
            ports={service: self.router.address(service).port for service in self._model.services},
            dsn=postgres.dsn if postgres else None,
            bin=postgres.binaries.bin if postgres and postgres.binaries else None,
            archive=postgres.archive if postgres else None,
            stream=wal.folder if wal else None,
            migrations=self._model.root / database.migrations if database and database.migrations else None,
            version_query=database.version_query if database else None,
            front=(self._front.port, self._front.trusted) if self._front else None,
            external_api=self._stand_in.url if self._stand_in else None,
        )

    def _all_else_up(self, service: str, slot: Slot) -> Instant | None:
        """Since when all but one deployment has been up or has failed for good; None while something still comes up."""
        since = self._database_up
        for place, each in self._deployments.items():
            if since is None:
                return None
            if place == (service, slot) or not each.deployed or each.crash_loops:
                continue
            if each.ready_since is None:
                return None
            since = max(since, each.ready_since)
        return since

    async def _start_database(self, deadline: Deadline) -> None:
        if self._postgres is None or self._wal is None or self._model.database is None:
            self._turns.end()
            self._database_up = now()
            return
        try:
            await self._postgres.start(self._order.install or wheel_install(), deadline)
        finally:
            self._turns.end()
        self._notice()
        await self._wal.start()
        files = tuple(self._model.root / file for file in self._model.database.schema_files)
        await schema.apply(self._postgres.local_dsn, files)
        await self._wal.wait_until_kept(deadline)
        self._database_up = now()
        self._notice()

    def _notice(self) -> None:
        for (service, slot), deployment in self._deployments.items():
            self.router.set_ready(service, slot, deployment.ready_ports())
        found = [process for each in self._deployments.values() for process in each.processes()]
        found += [
            *(self._postgres.processes() if self._postgres else ()),
            *(self._wal.processes() if self._wal else ()),
            *(self._recovery.processes() if self._recovery else ()),
        ]
        processes = tuple(found)
        if processes != self._noted:
            self._noted = processes
            self._changed(processes)


def _front_of(folder: Folder, port: int) -> TlsFront:
    from harness.sandbox.embedded.tls_front import TlsFront  # noqa: PLC0415 - most sandboxes need no certificates

    return TlsFront(folder.path / "tls", port)


def _stand_in() -> StandIn:
    from harness.sandbox.embedded.stand_in import StandIn  # noqa: PLC0415 - most sandboxes need no HTTP server

    return StandIn()
