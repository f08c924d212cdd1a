"""Keeps a second copy of the write-ahead log up to the last byte: pg_receivewal with a slot, kept running.

The archive alone gets whole segments; the stream gets what was acknowledged since, within milliseconds.
"""

import asyncio
import logging
from typing import Final

import psycopg

from harness.clock import Deadline
from harness.sandbox.common import limits
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.postgres import SLOT, receive_options, wait_until_kept
from harness.sandbox.common.process import Process
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import Child, told_exit
from harness.units import Duration

_MAKE_SLOT: Final = """
SELECT pg_create_physical_replication_slot(%s, true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)
"""
_LOG = logging.getLogger(__name__)


class WalStream:
    """pg_receivewal of one server. Belongs to the daemon's event loop."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.folder = postgres.folder / "stream"
        self.folders = [self.folder]  # of this server, and of those that it took the place of
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Makes the slot and starts the receiver; restarts it whenever it dies, until `stop`."""
        if not self.folder.is_dir():
            self._postgres.own(self.folder)
        server = self._postgres.local(self._postgres.run, "postgres")  # the system's own may let nobody in
        async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
            await connection.execute(_MAKE_SLOT, [SLOT, SLOT])
        self._task = asyncio.create_task(self._keep_running())

    async def start_again(self, grace: Duration) -> None:
        """Receives from the server that took the place of the one before, into a folder of its own."""
        await self.stop(grace)
        self.folder = self._postgres.folder / f"stream-{len(self.folders) + 1}"
        self.folders.append(self.folder)
        await self.start()

    async def wait_until_kept(self, deadline: Deadline) -> None:
        """Waits until archive and stream both work.

        Raises:
            Unavailable: one of them did not by the deadline; says which, with the end of its log.
        """
        logs = self._postgres.logs
        await wait_until_kept(self._postgres.local_dsn, deadline, lambda program: last_lines(logs / f"{program}.log"))

    async def stop(self, grace: Duration) -> None:
        """Ends the receiver."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._child is not None:
            await self._child.stop(grace)

    def processes(self) -> tuple[Process, ...]:
        """The receiver, while it runs."""
        return (self._child.process,) if self._child is not None and self._child.running else ()

    async def _keep_running(self) -> None:
        postgres = self._postgres
        while True:
            self._child = postgres.spawn_tool(
                "pg_receivewal",
                *receive_options(),
                f"--directory={self.folder}",
                f"--host={postgres.run}",
                f"--port={postgres.port}",
            )
            code = await self._child.wait()
            _LOG.warning("pg_receivewal %s; it is started again", told_exit(code))
            await asyncio.sleep(limits.RECEIVER_RESTART.seconds)
