"""The port Recovery on the database of a drill: containers beside the cluster, and an endpoint that leads to one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from harness.clock import Deadline
from harness.errors import InputError
from harness.sandbox.common.backups import Backups
from harness.sandbox.common.pages import Pages
from harness.sandbox.common.reach import Reach
from harness.sandbox.common.restoring import Held, Restoring
from harness.sandbox.common.server_admin import ServerAdmin, told
from harness.sandbox.kind import limits
from harness.sandbox.kind.database import DrillPostgres, DrillServer
from harness.sandbox.kind.place import ServerDisk, VolumePlace
from harness.sandbox.kind.servers import DrillServers, Lead
from harness.sandbox.kind.standing import Standing, alone
from harness.system.restoring import Backup, BackupKind, Point

T = TypeVar("T")


class Clients(Protocol):
    """The way of clients to the services."""

    def turn_away(self, services: Sequence[str], deadline: Deadline) -> None:
        """Answers them with 503."""

    def let_in(self, services: Sequence[str]) -> None:
        """Ends that."""


class KindRecovery:
    """The port Recovery. Thread-safe, and safe with other processes: one call after the other.

    Args:
        postgres: the database.
        clients: the way of clients to the services.
        lead: leads pods and harness to another server.
        version: tells the version of the schema, for what is noted with a backup.
    """

    def __init__(
        self, postgres: DrillPostgres, clients: Clients, lead: Lead, version: Callable[[Deadline], str]
    ) -> None:
        self._place = place = VolumePlace(postgres)
        self._postgres, self._clients, self._version = postgres, clients, version
        self._servers = DrillServers(postgres, place, lead, self._note)
        self._admin = ServerAdmin(postgres, place)
        self._backups = Backups(postgres, place)
        self._reach = Reach(place, self._backups, self._admin)
        self._pages = Pages(postgres, self._admin, ServerDisk(postgres), postgres.folder / "page.json")
        self._restoring: Restoring[DrillServer] = Restoring(postgres, place, self._servers, self._backups, self._admin)
        self._one = threading.Lock()
        self._standing: Standing | None = None
        if Standing.read(postgres.folder) is None:  # from now on others see how it stands
            self._note()

    def back_up(self, kind: BackupKind, deadline: Deadline, *, safety: bool = False) -> Backup:
        """See the port."""
        version = self._version(deadline)
        return self._do(lambda: self._backups.take(kind, version, deadline, safety=safety))

    def backups(self, kind: BackupKind) -> tuple[Backup, ...]:
        """See the port."""
        return self._backups.all(kind)

    def examine(self, backup: Backup, deadline: Deadline) -> str:
        """See the port."""
        return self._do(lambda: self._backups.examine(backup, deadline))

    def find(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """See the port."""
        return self._do(lambda: self._reach.find(backup, point, deadline))

    def room(self, backup: Backup) -> tuple[int, int]:
        """See the port."""
        return self._do(lambda: self._reach.room(backup))

    def mark(self, name: str, deadline: Deadline) -> None:  # noqa: ARG002 - one statement
        """See the port."""
        self._do(lambda: self._admin.mark(name))

    def turn_away(self, services: Sequence[str], deadline: Deadline) -> None:
        """See the port."""
        self._clients.turn_away(services, deadline)
        self._do(lambda: self._admin.quiet(deadline))

    def let_in(self, services: Sequence[str]) -> None:
        """See the port."""
        self._clients.let_in(services)

    def close(self, deadline: Deadline) -> int:
        """See the port."""
        return self._do(lambda: self._admin.close(deadline))

    def open(self, deadline: Deadline) -> None:  # noqa: ARG002 - one statement
        """See the port."""
        self._do(self._admin.open)

    def restore(self, backup: Backup, point: Point | None, deadline: Deadline) -> None:
        """See the port."""
        self._do(lambda: self._restoring.restore(backup, point, deadline))

    def look_beside(self, sql: str, deadline: Deadline) -> Sequence[tuple[Any, ...]]:
        """See the port."""
        return [tuple(row) for row in self._do(lambda: self._restoring.look_beside(sql, deadline))]

    def swap(self, deadline: Deadline) -> None:
        """See the port."""
        self._do(lambda: self._restoring.swap(deadline))

    def keeps(self) -> bool:
        """See the port."""
        with self._alone():
            return self._restoring.keeps

    def swap_back(self, deadline: Deadline) -> None:
        """See the port."""
        self._do(lambda: self._restoring.swap_back(deadline))

    def drop_beside(self, deadline: Deadline) -> None:  # noqa: ARG002 - what is there is removed
        """See the port."""
        self._do(self._restoring.drop_beside)

    def drop_kept(self, deadline: Deadline) -> None:  # noqa: ARG002 - what is there is removed
        """See the port."""
        self._do(self._restoring.drop_kept)

    def lose(self, deadline: Deadline) -> None:
        """See the port."""
        with self._alone():
            self._servers.lose(deadline)

    def find_again(self, deadline: Deadline) -> None:
        """See the port."""
        with self._alone():
            self._servers.find_again(deadline)

    def has_disk(self) -> bool:
        """See the port: its files lie on Docker's disk, which others use, too."""
        return False

    def fill_disk(self, deadline: Deadline) -> None:  # noqa: ARG002 - see the port
        """See the port."""
        raise InputError("on kind the database has no disk of its own, and no other is ever filled; use embedded")

    def empty_disk(self, deadline: Deadline) -> None:
        """See the port."""

    def damage_page(self, table: str, deadline: Deadline) -> None:
        """See the port."""
        self._do(lambda: self._pages.damage(table, deadline))

    def mend_page(self) -> None:
        """See the port."""
        self._do(self._pages.mend)

    def spoil(self, backup: Backup, how: str) -> None:
        """See the port."""
        self._do(lambda: self._reach.spoil(backup, how))

    def mend(self, backup: str) -> None:
        """See the port."""
        self._do(lambda: self._reach.mend(backup))

    def _do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Does one thing, in an event loop of its own, with what the database's client raises told as our errors."""
        with self._alone(), told():
            return asyncio.run(work())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else changes anything meanwhile, and what others have changed before is seen."""
        with self._one, alone(self._postgres.folder):
            standing = Standing.read(self._postgres.folder)
            if standing is not None and standing != self._standing:
                self._see(standing)
            try:
                yield
            finally:
                self._note()

    def _see(self, standing: Standing) -> None:
        postgres = self._postgres
        postgres.see(standing.servers, standing.live, standing.lost, Deadline.after(limits.DOCKER_CALL))
        postgres.major = standing.major
        there = {one.number: one for one in postgres.servers}
        self._servers.made = standing.made
        self._place.streams[:] = standing.streams
        self._admin.timeline = standing.timeline
        beside, kept = (there[one] if isinstance(one, int) else one for one in (standing.beside, standing.kept))
        self._restoring.held = Held(beside=beside, kept=kept, swapped=standing.swapped)

    def _note(self) -> None:
        postgres, held = self._postgres, self._restoring.held
        beside, kept = (one.number if isinstance(one, DrillServer) else one for one in (held.beside, held.kept))
        self._standing = Standing(
            made=self._servers.made,
            servers=tuple(one.number for one in postgres.servers),
            live=postgres.live.number,
            lost=None if postgres.lost is None else postgres.lost.number,
            beside=beside,
            kept=kept,
            swapped=held.swapped,
            streams=tuple(self._place.streams),
            timeline=self._admin.timeline,
            major=postgres.major,
        )
        self._standing.write(postgres.folder)
