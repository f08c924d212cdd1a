"""The calls of the port Recovery between the drill and the daemon: each verb by its name, on both sides."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from pydantic import TypeAdapter

from harness.clock import Deadline
from harness.errors import InternalError
from harness.sandbox.common.backups import NOTE, Backups
from harness.sandbox.common.pages import Pages
from harness.sandbox.common.process import Process
from harness.sandbox.common.reach import Reach
from harness.sandbox.common.restoring import Restoring
from harness.sandbox.common.server_admin import ServerAdmin, told
from harness.sandbox.embedded.filling import Filling
from harness.sandbox.embedded.losing import Losing
from harness.sandbox.embedded.place import LocalDisk, LocalPlace
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.servers import LocalServers, Server
from harness.sandbox.embedded.wal import WalStream
from harness.sandbox.embedded.wire import Call
from harness.system.restoring import Backup, BackupKind, Point
from harness.units import Duration

_BACKUPS: Final = TypeAdapter(tuple[Backup, ...])
_POINT: Final = TypeAdapter(Point | None)


class Link(Protocol):
    """The way to the daemon."""

    def call(self, call: Call) -> Any:
        """Sends a call and waits for its answer."""


class RecoveryCalls:
    """The daemon's side. Belongs to its event loop."""

    def __init__(
        self,
        postgres: Postgres,
        wal: WalStream,
        turn_away: Callable[[Sequence[str]], Awaitable[None]],
        let_in: Callable[[Sequence[str]], None],
    ) -> None:
        place, servers = LocalPlace(postgres, wal), LocalServers(postgres, wal)
        self._backups = Backups(postgres, place)
        self._admin = ServerAdmin(postgres, place)
        self._reach = Reach(place, self._backups, self._admin)
        self._losing = Losing(postgres)
        self._filling = Filling(postgres, self._admin)
        self._pages = Pages(postgres, self._admin, LocalDisk(), postgres.folder / "page.json")
        self._restoring: Restoring[Server] = Restoring(postgres, place, servers, self._backups, self._admin)
        self._turn_away, self._let_in = turn_away, let_in
        self._one = asyncio.Lock()  # a caller that has given up may call again while its first call is carried out

    def processes(self) -> tuple[Process, ...]:
        """The server beside the live one, while it runs."""
        beside = self._restoring.beside
        child = None if beside is None else beside.child
        return (child.process,) if child is not None and child.running else ()

    async def end(self, grace: Duration) -> None:
        """Ends it."""
        beside = self._restoring.beside
        if beside is not None and beside.child is not None:
            await beside.child.stop(grace, signal.SIGQUIT, group=False)

    async def do(self, verb: str, about: dict[str, Any], deadline: Deadline) -> Any:
        """Does what a verb of the port says.

        Raises:
            MayWorkLater: the server cannot be reached now.
            WillNotWork: it refused what was asked of it.
            DrillError: as the port says.
        """
        with told():
            async with self._one:
                return await self._do(verb, about, deadline)

    async def _do(self, verb: str, about: dict[str, Any], deadline: Deadline) -> Any:  # noqa: C901, PLR0911, PLR0912 - a line each
        restoring, backups = self._restoring, self._backups
        match verb:
            case "back_up":
                taken = await backups.take(
                    BackupKind(about["kind"]), about["version"], deadline, safety=about["safety"]
                )
                return NOTE.dump_python(taken, mode="json")
            case "backups":
                return _BACKUPS.dump_python(backups.all(BackupKind(about["kind"])), mode="json")
            case "examine":
                return await backups.examine(backups.by_name(about["backup"]), deadline)
            case "find":
                point = TypeAdapter(Point).validate_python(about["point"])
                return await self._reach.find(backups.by_name(about["backup"]), point, deadline)
            case "room":
                return await self._reach.room(backups.by_name(about["backup"]))
            case "mark":
                await self._admin.mark(about["name"])
            case "turn_away":
                await self._turn_away(about["services"])
            case "let_in":
                self._let_in(about["services"])
            case "close":
                return await self._admin.close(deadline)
            case "open":
                await self._admin.open()
            case "restore":
                until = _POINT.validate_python(about["point"])
                await restoring.restore(backups.by_name(about["backup"]), until, deadline)
            case "look_beside":
                return await restoring.look_beside(about["sql"], deadline)
            case "swap":
                await restoring.swap(deadline)
            case "keeps":
                return restoring.keeps
            case "swap_back":
                await restoring.swap_back(deadline)
            case "drop_beside":
                await restoring.drop_beside()
            case "drop_kept":
                await restoring.drop_kept()
            case "lose":
                await self._losing.lose()
            case "find_again":
                await self._losing.find_again(deadline)
            case "has_disk":
                return self._filling.there
            case "fill_disk":
                await self._filling.fill(deadline)
            case "empty_disk":
                await self._filling.empty(deadline)
            case "damage_page":
                await self._pages.damage(about["table"], deadline)
            case "mend_page":
                await self._pages.mend()
            case "spoil":
                await self._reach.spoil(backups.by_name(about["backup"]), about["how"])
            case "mend":
                await self._reach.mend(about["backup"])
            case _:
                raise InternalError(f"there is no verb {verb!r}")
        return None


class EmbeddedRecovery:
    """The port Recovery, in the drill's process.

    Args:
        link: the way to the daemon.
        version: tells the version of the schema, for what is noted with a backup.
    """

    def __init__(self, link: Link, version: Callable[[Deadline], str]) -> None:
        self._link = link
        self._version = version

    def back_up(self, kind: BackupKind, deadline: Deadline, *, safety: bool = False) -> Backup:
        """See the port."""
        about = {"kind": kind.value, "version": self._version(deadline), "safety": safety}
        return NOTE.validate_python(self._call("back_up", deadline, **about))

    def backups(self, kind: BackupKind) -> tuple[Backup, ...]:
        """See the port."""
        return _BACKUPS.validate_python(self._call("backups", kind=kind.value))

    def examine(self, backup: Backup, deadline: Deadline) -> str:
        """See the port."""
        return str(self._call("examine", deadline, backup=backup.name))

    def find(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """See the port."""
        return str(self._call("find", deadline, backup=backup.name, point=_POINT.dump_python(point, mode="json")))

    def room(self, backup: Backup) -> tuple[int, int]:
        """See the port."""
        needed, free = self._call("room", backup=backup.name)
        return int(needed), int(free)

    def mark(self, name: str, deadline: Deadline) -> None:
        """See the port."""
        self._call("mark", deadline, name=name)

    def turn_away(self, services: Sequence[str], deadline: Deadline) -> None:
        """See the port. A request that is under way has the time of a drained connection; then it is cut."""
        self._call("turn_away", deadline, services=list(services))

    def let_in(self, services: Sequence[str]) -> None:
        """See the port."""
        self._call("let_in", services=list(services))

    def close(self, deadline: Deadline) -> int:
        """See the port."""
        return int(self._call("close", deadline))

    def open(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("open", deadline)

    def restore(self, backup: Backup, point: Point | None, deadline: Deadline) -> None:
        """See the port."""
        self._call("restore", deadline, backup=backup.name, point=_POINT.dump_python(point, mode="json"))

    def look_beside(self, sql: str, deadline: Deadline) -> Sequence[tuple[Any, ...]]:
        """See the port."""
        return [tuple(row) for row in self._call("look_beside", deadline, sql=sql)]

    def swap(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("swap", deadline)

    def keeps(self) -> bool:
        """See the port."""
        return bool(self._call("keeps"))

    def swap_back(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("swap_back", deadline)

    def drop_beside(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("drop_beside", deadline)

    def drop_kept(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("drop_kept", deadline)

    def lose(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("lose", deadline)

    def find_again(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("find_again", deadline)

    def has_disk(self) -> bool:
        """See the port."""
        return bool(self._call("has_disk"))

    def fill_disk(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("fill_disk", deadline)

    def empty_disk(self, deadline: Deadline) -> None:
        """See the port."""
        self._call("empty_disk", deadline)

    def damage_page(self, table: str, deadline: Deadline) -> None:
        """See the port."""
        self._call("damage_page", deadline, table=table)

    def mend_page(self) -> None:
        """See the port."""
        self._call("mend_page")

    def spoil(self, backup: Backup, how: str) -> None:
        """See the port."""
        self._call("spoil", backup=backup.name, how=how)

    def mend(self, backup: str) -> None:
        """See the port."""
        self._call("mend", backup=backup)

    def _call(self, verb: str, deadline: Deadline | None = None, /, **about: Any) -> Any:
        return self._link.call(
            Call(name="recovery", verb=verb, about=about, deadline=None if deadline is None else deadline.at)
        )
