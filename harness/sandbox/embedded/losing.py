"""Loses a server with its files, and finds it again: what a fault does. Belongs to the daemon's event loop."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from harness.clock import Deadline
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import children_of
from harness.sandbox.embedded.restoring import remove_folders
from harness.sandbox.embedded.server_admin import ServerAdmin
from harness.units import Duration


class Losing:
    """The loss of one server."""

    def __init__(self, postgres: Postgres, admin: ServerAdmin) -> None:
        self._postgres, self._admin = postgres, admin
        self._lost: Path | None = None

    async def lose(self) -> None:
        """See the port. Whoever could still answer a client stands still before the first one dies."""
        server = self._postgres.server
        if server is not None and server.running:
            sessions = children_of(server.process.pid)
            for pid in sessions:
                _tell(pid, signal.SIGSTOP)
            await server.stop(Duration(0), signal.SIGKILL)
            for pid in sessions:
                _tell(pid, signal.SIGKILL)
        if self._postgres.data.exists() and self._lost is None:
            self._lost = self._postgres.data.with_name("data-lost")
            self._postgres.data.rename(self._lost)

    async def find_again(self, deadline: Deadline) -> None:
        """See the port."""
        lost = self._lost
        if lost is None:
            return
        if self._admin.running:
            await asyncio.to_thread(remove_folders, lost)
        else:
            if lost.exists():
                await asyncio.to_thread(
                    remove_folders, self._postgres.data
                )  # of a restore that did not come to its end
                self._postgres.data = self._postgres.folder / "data"
                lost.rename(self._postgres.data)
            await self._postgres.start_server(deadline)
        self._lost = None


def _tell(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
