"""The servers of a drill's database: the live one, and those beside it, a container each.

What pods and the harness reach is an endpoint, which is led to the live one. A server that was replaced stands still
with its files until it is removed. Every method may block, as those of `place.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.sandbox.common.dsn import CONNECT_SECONDS, with_password
from harness.sandbox.common.postgres import archive_command
from harness.sandbox.kind import limits
from harness.sandbox.kind.blueprint import ARCHIVE, PORT
from harness.sandbox.kind.containers import Container
from harness.sandbox.kind.database import DrillPostgres, DrillServer
from harness.sandbox.kind.place import VolumePlace
from harness.system.values import Address

Lead = Callable[[Address, Deadline], None]
"""Leads pods and harness to another address of the database; returns when new connections go there."""

_FAST: Final = "SIGINT"  # a fast shutdown: sessions are ended, and a checkpoint is written


class DrillServers:
    """See `harness.sandbox.common.place.Servers`."""

    def __init__(self, postgres: DrillPostgres, place: VolumePlace, lead: Lead, changed: Callable[[], None]) -> None:
        self._postgres, self._place, self._lead, self._changed = postgres, place, lead, changed
        self.made = 1

    def new(self) -> DrillServer:
        """See the protocol. That it is to be is noted before there is anything of it."""
        self.made += 1
        server = DrillServer(self.made)
        self._postgres.servers.append(server)
        self._changed()
        return server

    async def begin(self, server: DrillServer, backup: str, settings: Mapping[str, str], deadline: Deadline) -> None:
        """See the protocol."""
        plan = self._postgres.blueprint.restored(server.number, backup, settings)
        server.container = Container.start(plan, deadline)
        await asyncio.to_thread(self._postgres.wait_until_accepts, server, deadline)

    def ended(self, server: DrillServer) -> str:
        """See the protocol."""
        container = server.made
        how = container.ended(Deadline.after(limits.DOCKER_CALL))
        return f"{how}:\n{container.log_end()}\n" if how else ""

    def superuser(self, server: DrillServer, database: str) -> str:
        """See the protocol."""
        return self._postgres.dsn_at(Address(server.made.ip, PORT), database)

    async def retire(self) -> DrillServer | None:
        """See the protocol. A server that is lost stays so, until it is found again."""
        live = self._postgres.live
        if live is self._postgres.lost:
            return None
        live.made.signal(_FAST, Deadline.after(limits.FAST_END))
        return live

    async def serve(self, server: DrillServer, deadline: Deadline) -> None:
        """See the protocol. What it has written since it was promoted goes to the archive now."""
        self._postgres.live = server  # first: what fails from here on is what `retire` has to stop
        if server.made.ended(deadline):
            server.made.start_again(deadline)
            await asyncio.to_thread(self._postgres.wait_until_accepts, server, deadline)
        dsn = with_password(self.superuser(server, "postgres"))
        async with await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=CONNECT_SECONDS
        ) as session:
            command = sql.Literal(archive_command(ARCHIVE))
            await session.execute(sql.SQL("ALTER SYSTEM SET archive_command TO {}").format(command))
            await session.execute("SELECT pg_reload_conf()")
        self._lead(Address(server.made.ip, PORT), deadline)

    async def receive(self, deadline: Deadline) -> None:  # noqa: ARG002 - the receiver is told
        """See the protocol."""
        self._place.receive_from(self._postgres.live)

    async def remove(self, server: DrillServer) -> None:
        """See the protocol."""
        self._postgres.remove(server, Deadline.after(limits.REMOVE))

    # What a fault does

    def lose(self, deadline: Deadline) -> None:
        """Kills the live server, with all that could still answer a client, and leaves its files to nobody."""
        self._postgres.live.made.signal("SIGKILL", deadline)
        self._postgres.lost = self._postgres.live

    def find_again(self, deadline: Deadline) -> None:
        """Ends `lose` where nothing has taken the place of the lost one; else it is removed."""
        lost = self._postgres.lost
        if lost is None:
            return
        if self._postgres.live is lost or not self._postgres.running:
            lost.made.start_again(deadline)
            self._postgres.wait_until_accepts(lost, deadline)
            self._postgres.live = lost
            self._lead(Address(lost.made.ip, PORT), deadline)
        else:
            self._postgres.remove(lost, deadline)
        self._postgres.lost = None
