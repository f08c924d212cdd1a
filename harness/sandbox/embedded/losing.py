"""Loses a server with its files, and finds it again: what a fault does. Belongs to the daemon's event loop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded
from harness.sandbox.embedded.limits import HEAL_PATIENCE
from harness.sandbox.embedded.place import remove_all
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import children_of
from harness.sandbox.embedded.shared_memory import remove_segment
from harness.units import Duration


class Losing:
    """The loss of one server."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
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
            with suppress(DeadlineExceeded):  # then `heal` removes it
                await asyncio.to_thread(_wait_for_end, sessions)
            remove_segment(self._postgres.data)  # which a killed server leaves
        if self._postgres.data.exists() and self._lost is None:
            self._lost = self._postgres.data.with_name("data-lost")
            self._postgres.data.rename(self._lost)

    async def find_again(self, deadline: Deadline) -> None:
        """See the port."""
        lost = self._lost
        if lost is None:
            return
        if self._postgres.running:
            await asyncio.to_thread(remove_all, lost)
        else:
            if lost.exists():
                # What is there is of a restore that did not come to its end.
                await asyncio.to_thread(remove_all, self._postgres.data)
                self._postgres.data = lost.with_name("data")
                lost.rename(self._postgres.data)
            await self._postgres.start_server(deadline)
        self._lost = None


def _wait_for_end(processes: Sequence[int]) -> None:
    def over() -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in processes)

    wait_for(over, Deadline.after(HEAL_PATIENCE), "the end of the lost server's sessions")


def _tell(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
