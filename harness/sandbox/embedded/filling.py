"""Fills the disk of a server, and empties it again: what a fault does. Belongs to the daemon's event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import psycopg

from harness.clock import Deadline
from harness.errors import InputError, Unavailable
from harness.sandbox.common import limits
from harness.sandbox.common.server_admin import ServerAdmin, in_time
from harness.sandbox.embedded.disk import Disk
from harness.sandbox.embedded.postgres import Postgres

_NEXT: Final = "SELECT pg_current_xact_id(), pg_switch_wal()"


class Filling:
    """The disk of one server."""

    def __init__(self, postgres: Postgres, admin: ServerAdmin) -> None:
        self._postgres, self._admin = postgres, admin

    @property
    def there(self) -> bool:
        """Whether the live server has a disk of its own."""
        return self._postgres.disk is not None and self._postgres.data == self._postgres.disk.data

    async def fill(self, deadline: Deadline) -> None:
        """See the port. What a server has made ahead of its log, minutes of writes, is used up at once, too."""
        disk = self._disk()
        while self._admin.running:
            with suppress(psycopg.Error):  # in which the server gives up
                async with await self._admin.session() as admin:  # which nobody can begin on a full disk
                    await asyncio.to_thread(disk.fill)
                    while True:
                        await admin.execute(_NEXT)
                        in_time(deadline, "the end of what a server has made ahead of its log")
            in_time(deadline, "the end of a server that cannot write its log")
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)
        await asyncio.to_thread(disk.fill)  # what it gave back as it ended

    async def empty(self, deadline: Deadline) -> None:
        """See the port."""
        if self._postgres.disk is None:
            return
        self._postgres.disk.empty()
        server = self._postgres.server
        if not self.there or server is None:
            return
        if server.running:  # it may be just about to give up
            with suppress(Unavailable):
                await self._postgres.wait_until_accepts(server, self._postgres.run, deadline)
        if not server.running:
            await self._postgres.start_server(deadline)

    def _disk(self) -> Disk:
        if self._postgres.disk is None or not self.there:
            raise InputError("the live database has no disk of its own, and no other is ever filled")
        return self._postgres.disk
