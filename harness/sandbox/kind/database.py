"""PostgreSQL of one drill: a server, a receiver of its write-ahead log, and what both keep.

After a restore another server may be the live one; those that are not stand beside it until they are removed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from harness.clock import Deadline
from harness.errors import CannotCreate, DrillError, InternalError, Unavailable
from harness.sandbox.common import schema
from harness.sandbox.common.database import PostgresDatabase
from harness.sandbox.common.dsn import with_password
from harness.sandbox.common.postgres import HARNESS_ROLE, SERVICE_ROLE, accepts, wait_until_kept
from harness.sandbox.kind import limits
from harness.sandbox.kind.blueprint import PASSFILE, PORT, Blueprint
from harness.sandbox.kind.containers import Container
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.inside import Inside
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.standing import Standing
from harness.sandbox.kind.volumes import make_volume, remove_volume
from harness.system.values import Address

_MAJOR: Final = 10_000  # server_version_num has the major version before four digits


@dataclass(eq=False, slots=True)
class DrillServer:
    """One server: its container, once it was made."""

    number: int
    container: Container | None = None

    @property
    def made(self) -> Container:
        """Its container.

        Raises:
            InternalError: it was not made.
        """
        if self.container is None:
            raise InternalError(f"server {self.number} of the database was not started")
        return self.container


class DrillPostgres:
    """The database of one drill.

    Args:
        name: of the drill's sandbox; containers and volumes are named after it.
        database: what the system calls its database.
        network: of the cluster.
        mark: of the drill.
        folder: gets the file with the harness's password; only this user may enter it.
        image: of PostgreSQL.
    """

    def __init__(self, name: str, *, database: str, network: str, mark: Mark, folder: Path, image: str) -> None:
        self.folder = folder
        self.passfile = folder / "pgpass"
        # Another process than the one that made the database finds its own password there, and never needs the other.
        password = _password_in(self.passfile) or secrets.token_urlsafe(24)
        self.blueprint = Blueprint(name, database, network, mark, image, password, secrets.token_urlsafe(24))
        self.major = ""
        self.live = DrillServer(1)
        self.lost: DrillServer | None = None
        self.servers = [self.live]  # all whose containers there may be
        self.keeper = Inside(f"{name}-receiver", {"PGPASSFILE": PASSFILE})
        self._receiver: Container | None = None

    @property
    def name(self) -> str:
        """Of the drill's sandbox."""
        return self.blueprint.name

    @property
    def database(self) -> str:
        """What the system calls its database."""
        return self.blueprint.database

    @property
    def running(self) -> bool:
        """True while the live server runs."""
        return not self.live.made.ended(Deadline.after(limits.DOCKER_CALL))

    @property
    def ip(self) -> str:
        """The live server's address on the cluster's network."""
        return self.live.made.ip

    @property
    def dsn(self) -> str:
        """For clients of the harness; the password is in a file, so the string may be shown."""
        return self.superuser(self.database)

    @property
    def port(self) -> PostgresDatabase:
        """The port Database, on the server that is live now."""
        return PostgresDatabase(self.dsn)

    def superuser(self, database: str) -> str:
        """A connection string of the harness for a database of the live server."""
        return self.dsn_at(Address(self.ip, PORT), database)

    def reached(self) -> tuple[str, ...]:
        """The arguments by which PostgreSQL's tools in the receiver's container reach the live server."""
        where = (f"--host={self.live.made.name}", f"--port={PORT}")
        return (*where, f"--username={HARNESS_ROLE}", "--no-password")

    def dsn_at(self, address: Address, database: str) -> str:
        """A connection string of the harness for a database that is reached at an address.

        Raises:
            CannotCreate: the file with the password cannot be written.
        """
        self._admit(address)
        return make_conninfo(
            host=address.host,
            port=address.port,
            user=HARNESS_ROLE,
            dbname=database,
            passfile=str(self.passfile),
            connect_timeout=5,
        )

    def service_url(self, host: str) -> str:
        """For services, which reach the database as `host`: holds the password."""
        return f"postgresql://{SERVICE_ROLE}:{self.blueprint.service_password}@{host}:{PORT}/{self.database}"

    def start(self, deadline: Deadline) -> None:
        """Starts server and receiver, until the server accepts connections and has the system's database.

        Raises:
            Unavailable: Docker or the image cannot be had, or the server ended; the message has its last words.
            CannotCreate: there is no room.
            MayWorkLater: it was not there in time.
        """
        with ExitStack() as undo:
            undo.callback(self._discard)
            labels = self.blueprint.mark.labels("postgres")
            with closing(Engine.open(deadline)) as engine:
                for volume in self.blueprint.volumes:
                    make_volume(engine, volume, labels, deadline)
            self.live.container = Container.start(self.blueprint.first(deadline), deadline)
            # Not earlier: a name that Docker does not know yet is asked for outside, which takes a second.
            self._receiver = Container.start(self.blueprint.receiver(), deadline)
            self.wait_until_accepts(self.live, deadline)
            with psycopg.connect(with_password(self.dsn)) as session:
                self.major = str(session.info.server_version // _MAJOR)
            undo.pop_all()

    def see(self, numbers: Sequence[int], live: int, lost: int | None, deadline: Deadline) -> None:
        """Takes in which servers there are by now, whichever process has made, removed or started them."""
        for one in self.servers:
            if one.container is not None:
                one.container.let_go()
        network = self.blueprint.network
        there = {
            one: DrillServer(one, Container.found(self.blueprint.server(one), network, deadline)) for one in numbers
        }
        self.servers = list(there.values())
        self.live = there[live]
        self.lost = None if lost is None else there[lost]

    def wait_until_accepts(self, server: DrillServer, deadline: Deadline) -> None:
        """Waits until a server takes connections. Raises as `Container.wait_until` does."""
        dsn = self.dsn_at(Address(server.made.ip, PORT), "postgres")  # the system's own may let nobody in
        server.made.wait_until(lambda: asyncio.run(accepts(dsn)), deadline, "PostgreSQL accepted connections")

    def apply_schema(self, files: tuple[Path, ...]) -> None:
        """Runs the system's SQL files, in order.

        Raises:
            Unavailable: the server went away.
            NotFound, ConfigurationError: as `schema.apply` does.
        """
        self._run(schema.apply(self.dsn, files))

    def wait_until_kept(self, deadline: Deadline) -> None:
        """Waits until archive and stream of the write-ahead log both work.

        Raises:
            Unavailable: one of them does not, or the server went away; says which, with the end of its log.
        """
        self._run(wait_until_kept(self.dsn, deadline, self._log_end))

    def copy_logs(self, to: Path, deadline: Deadline) -> tuple[Path, ...]:
        """Copies the logs of servers and receiver into a folder that is there; returns the copies."""
        logs = [
            (one.container, "postgres.log" if one.number == 1 else f"postgres-{one.number}.log") for one in self.servers
        ]
        logs.append((self._receiver, "pg_receivewal.log"))
        return tuple(container.copy_log(to / name, deadline) for container, name in logs if container is not None)

    def remove(self, server: DrillServer, deadline: Deadline) -> None:
        """Removes a server with its files; one that is gone is fine. Raises as `Container.stop` does."""
        if server.container is not None:
            server.container.stop(deadline)
            server.container = None
        if server in self.servers:
            self.servers.remove(server)

    def close(self, deadline: Deadline) -> None:
        """Removes containers and volumes, and waits until they are gone; a second call does nothing.

        Raises:
            MayWorkLater: something was left at the deadline.
        """
        if (standing := Standing.read(self.folder)) is not None:
            self.see(standing.servers, standing.live, standing.lost, deadline)
        containers = [one.container for one in self.servers if one.container is not None]
        containers += [self._receiver] if self._receiver is not None else []
        if containers:
            with ThreadPoolExecutor(max_workers=len(containers)) as all_of_them:
                list(all_of_them.map(lambda container: container.stop(deadline), containers))
        self._receiver = None
        for one in self.servers:
            one.container = None
        self.keeper.close()
        with closing(Engine.open(deadline)) as engine:
            for volume in self.blueprint.volumes:
                remove_volume(engine, volume, deadline)
        self.passfile.unlink(missing_ok=True)

    def _admit(self, address: Address) -> None:
        """Adds the password for an address to the passfile, which other processes may have added to."""
        line = f"{address.host}:{address.port}:*:{HARNESS_ROLE}:{self.blueprint.password}\n"
        draft = self.passfile.with_suffix(f".{os.getpid()}")
        try:
            there = self.passfile.read_text(encoding="utf-8") if self.passfile.exists() else ""
            if line not in there:
                draft.touch(mode=0o600)
                draft.write_text(there + line, encoding="utf-8")
                draft.replace(self.passfile)
        except OSError as error:
            raise CannotCreate(f"{self.passfile}: cannot be written: {error.strerror}") from error

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run(work)
        except psycopg.OperationalError as error:
            raise Unavailable(
                f"PostgreSQL of {self.name} went away: {error}; its log ends:\n{self._log_end('postgres')}"
            ) from error

    def _discard(self) -> None:
        with suppress(DrillError):  # the first error is the one to tell; `heal` removes what is left
            self.close(Deadline.after(limits.REMOVE))

    def _log_end(self, program: str) -> str:
        container = self.live.container if program == "postgres" else self._receiver
        return "" if container is None else container.log_end()


def _password_in(passfile: Path) -> str | None:
    try:
        return passfile.read_text(encoding="utf-8").splitlines()[0].rpartition(":")[2]
    except (OSError, IndexError):
        return None
