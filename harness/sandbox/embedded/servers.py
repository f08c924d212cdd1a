"""The servers of a sandbox: the live one, and those beside it, each with data and a socket of its own.

Belongs to the daemon's event loop.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.clock import Deadline
from harness.errors import WillNotWork
from harness.sandbox.common.logs import last_lines
from harness.sandbox.embedded.limits import GRACE_AT_TEARDOWN
from harness.sandbox.embedded.place import remove_all
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import Child, told_exit
from harness.sandbox.embedded.wal import WalStream
from harness.units import Duration

_RECEIVER_GRACE: Final = Duration.of(ms=300)  # it has nothing to finish: the server that it received from has ended
_FAST: Final = Duration.of(s=10)  # a fast shutdown writes a checkpoint first: what the shared buffers hold, 32 MB


@dataclass(slots=True)
class Server:
    """A server beside the live one, or one that was replaced."""

    data: Path
    run: Path = field(compare=False)
    child: Child | None = field(default=None, compare=False)


class LocalServers:
    """See `harness.sandbox.common.place.Servers`."""

    def __init__(self, postgres: Postgres, wal: WalStream) -> None:
        self._postgres, self._wal = postgres, wal
        self._made = 0

    def new(self) -> Server:
        """See the protocol."""
        self._made += 1
        return Server(self._postgres.folder / f"data-{self._made}", self._postgres.folder / f"run-{self._made}")

    async def begin(self, server: Server, backup: str, settings: Mapping[str, str], deadline: Deadline) -> None:
        """See the protocol."""
        self._postgres.own(server.run)
        copy = self._postgres.spawn_copy(Path(backup), server.data)
        if await copy.end_within(deadline, f"{backup} was not copied in time"):
            raise WillNotWork(f"{backup} could not be copied:\n{last_lines(self._postgres.logs / 'cp.log')}")
        own = {
            "archive_mode": "off",  # what it writes before it is live belongs to nobody
            "listen_addresses": "",
            "unix_socket_directories": str(server.run),
            **settings,
        }
        (server.data / "postgresql.auto.conf").write_text(self._postgres.settings(**own))
        (server.data / "recovery.signal").touch()
        server.child = self._postgres.spawn_server(server.data)
        await self._postgres.wait_until_accepts(server.child, server.run, deadline)

    def ended(self, server: Server) -> str:
        """See the protocol."""
        child = server.child
        code = None if child is None else child.code
        return "" if code is None else f"{told_exit(code)}:\n{last_lines(self._postgres.log)}\n"

    def superuser(self, server: Server, database: str) -> str:
        """See the protocol."""
        return self._postgres.local(server.run, database)

    async def retire(self) -> Server | None:
        """See the protocol."""
        await self._stop(self._postgres.server)
        live = self._postgres.data
        return Server(live, self._postgres.run) if live.exists() else None

    async def serve(self, server: Server, deadline: Deadline) -> None:
        """See the protocol. It is started again, to listen where clients look for it."""
        await self._stop(server.child)
        self._postgres.data = server.data
        (server.data / "postgresql.auto.conf").write_text(self._postgres.settings())
        await self._postgres.start_server(deadline)
        if server.run != self._postgres.run:
            await asyncio.to_thread(remove_all, server.run)

    async def receive(self, deadline: Deadline) -> None:  # noqa: ARG002 - a process is started
        """See the protocol. That its timeline began goes to the archive, so that it can be followed."""
        for history in sorted((self._postgres.data / "pg_wal").glob("*.history")):
            kept = self._postgres.archive / history.name
            if not kept.exists():
                await asyncio.to_thread(shutil.copy2, history, kept)
                shutil.chown(kept, history.stat().st_uid, history.stat().st_gid)
        await self._wal.start_again(_RECEIVER_GRACE)

    async def remove(self, server: Server) -> None:
        """See the protocol."""
        if server.child is not None:
            await server.child.stop(GRACE_AT_TEARDOWN, signal.SIGQUIT, group=False)
        own = () if server.run == self._postgres.run else (server.run,)
        await asyncio.to_thread(remove_all, server.data, *own)

    async def _stop(self, server: Child | None) -> None:
        if server is not None and server.running:
            await server.stop(_FAST, signal.SIGINT, group=False)
