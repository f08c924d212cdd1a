"""Keeps a second copy of the write-ahead log up to the last byte: pg_receivewal with a slot, kept running.

The archive alone gets whole segments; the stream gets what was acknowledged since, within milliseconds.
"""

import asyncio
import logging

import psycopg

from harness.clock import Deadline
from harness.sandbox.common import limits
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.postgres import SLOT, receive_options, wait_until_kept
from harness.sandbox.common.process import Process
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import Child, told_exit
from harness.units import Duration

_LOG = logging.getLogger(__name__)


class WalStream:
    """pg_receivewal of one server. Belongs to the daemon's event loop."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.folder = postgres.folder / "stream"
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Makes the slot and starts the receiver; restarts it whenever it dies, until `stop`."""
        self._postgres.own(self.folder)
        async with await psycopg.AsyncConnection.connect(self._postgres.local_dsn, autocommit=True) as connection:
            await connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])
        self._task = asyncio.create_task(self._keep_running())

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
                *receive_options(str(self.folder)),
                f"--host={postgres.run}",
                f"--port={postgres.port}",
            )
            code = await self._child.wait()
            _LOG.warning("pg_receivewal %s; it is started again", told_exit(code))
            await asyncio.sleep(limits.RECEIVER_RESTART.seconds)
