"""PostgreSQL of one drill: a server, a receiver of its write-ahead log, and what both keep.

The receiver is a container of its own, so that what was acknowledged is kept even when the server's container
goes, and its data with it. The log lies on a volume, which ends with the drill. Passwords are copied in as files
that only the server's user reads; no argument, no environment and no log has them.
"""

import asyncio
import secrets
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from harness.clock import Deadline
from harness.errors import CannotCreate, DrillError, InternalError, Unavailable
from harness.sandbox.common import schema
from harness.sandbox.common.database import PostgresDatabase
from harness.sandbox.common.limits import RECEIVER_RESTART
from harness.sandbox.common.postgres import (
    HARNESS_ROLE,
    SERVICE_ROLE,
    SLOT,
    accepts,
    receive_options,
    server_settings,
    verifier,
    wait_until_kept,
)
from harness.sandbox.kind import limits
from harness.sandbox.kind.containers import Container, CopiedFile, Plan, make_volume, remove_volume
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.prepared import CLUSTER, DATABASE, prepared, script

PORT: Final = 5432
WAL: Final = "/wal"
ARCHIVE: Final = f"{WAL}/archive"
STREAM: Final = f"{WAL}/stream"
_ACCESS: Final = b"local all,replication all trust\nhost all,replication all all scram-sha-256\n"


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
        self.name = name
        self._database = database
        self._network = network
        self._mark = mark
        self._image = image
        self.passfile = folder / "pgpass"
        self._password = secrets.token_urlsafe(24)
        self._service_password = secrets.token_urlsafe(24)
        self._server: Container | None = None
        self._receiver: Container | None = None

    @property
    def wal_volume(self) -> str:
        """The volume with archive and stream of the write-ahead log, in folders of these names."""
        return f"{self.name}-postgres-wal"

    @property
    def ip(self) -> str:
        """The server's address on the cluster's network."""
        return self._running().ip

    @property
    def dsn(self) -> str:
        """For clients of the harness; the password is in a file, so the string may be shown."""
        return make_conninfo(
            host=self.ip,
            port=PORT,
            user=HARNESS_ROLE,
            dbname=self._database,
            passfile=str(self.passfile),
            connect_timeout=5,
        )

    @property
    def port(self) -> PostgresDatabase:
        """The port Database."""
        return PostgresDatabase(self.dsn)

    def service_url(self, host: str) -> str:
        """For services, which reach the database as `host`: holds the password."""
        return f"postgresql://{SERVICE_ROLE}:{self._service_password}@{host}:{PORT}/{self._database}"

    def start(self, deadline: Deadline) -> None:
        """Starts server and receiver, until the server accepts connections and has the system's database.

        Raises:
            Unavailable: Docker or the image cannot be had, or the server ended; the message has its last words.
            CannotCreate: there is no room.
            MayWorkLater: it was not there in time.
        """
        with ExitStack() as undo:
            undo.callback(self._discard)
            with closing(Engine.open(deadline)) as engine:
                make_volume(engine, self.wal_volume, self._mark.labels("postgres"), deadline)
            self._server = server = Container.start(self._server_plan(deadline), deadline)
            # Not earlier: a name that Docker does not know yet is asked for outside, which takes a second.
            self._receiver = Container.start(self._receiver_plan(), deadline)
            self._write_passfile()
            server.wait_until(lambda: asyncio.run(accepts(self.dsn)), deadline, "PostgreSQL accepted connections")
            undo.pop_all()

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
        """Copies the logs of server and receiver into a folder that is there; returns the copies."""
        logs = ((self._server, "postgres.log"), (self._receiver, "pg_receivewal.log"))
        return tuple(container.copy_log(to / name, deadline) for container, name in logs if container is not None)

    def close(self, deadline: Deadline) -> None:
        """Removes containers and volumes, and waits until they are gone; a second call does nothing.

        Raises:
            MayWorkLater: something was left at the deadline.
        """
        containers = [one for one in (self._server, self._receiver) if one is not None]
        with ThreadPoolExecutor(max_workers=2) as both:
            list(both.map(lambda container: container.stop(deadline), containers))
        self._server = self._receiver = None
        with closing(Engine.open(deadline)) as engine:
            remove_volume(engine, self.wal_volume, deadline)
        self.passfile.unlink(missing_ok=True)

    def _server_plan(self, deadline: Deadline) -> Plan:
        own = (
            f"ALTER ROLE \"{HARNESS_ROLE}\" PASSWORD '{verifier(self._password)}'\n"
            f"ALTER ROLE \"{SERVICE_ROLE}\" PASSWORD '{verifier(self._service_password)}'\n"
            f'ALTER DATABASE "{DATABASE}" RENAME TO "{self._database}"\n'
        )
        settings = server_settings(ARCHIVE, listen_addresses="*", hba_file="/drill/pg_hba.conf")
        return Plan(
            image=prepared(self._image, self._mark, deadline),
            name=f"{self.name}-postgres",
            network=self._network,
            labels=self._mark.labels("postgres"),
            entrypoint=("/drill/postgres-server.sh",),
            command=(CLUSTER, ARCHIVE),
            volumes={self.wal_volume: WAL},
            files=(
                script("postgres-server.sh"),
                CopiedFile("/drill/postgresql.auto.conf", settings.encode()),
                CopiedFile("/drill/pg_hba.conf", _ACCESS),
                CopiedFile("/drill/first.sql", own.encode(), mode=0o600),
            ),
        )

    def _receiver_plan(self) -> Plan:
        server = f"{self.name}-postgres"
        passfile = f"{server}:{PORT}:*:{HARNESS_ROLE}:{self._password}\n"
        return Plan(
            image=self._image,
            name=f"{self.name}-receiver",
            network=self._network,
            labels=self._mark.labels("receiver"),
            entrypoint=("/drill/postgres-receiver.sh",),
            command=(server, SLOT, STREAM, str(RECEIVER_RESTART.seconds), *receive_options(STREAM)),
            volumes={self.wal_volume: WAL},
            files=(script("postgres-receiver.sh"), CopiedFile("/drill/pgpass", passfile.encode(), mode=0o600)),
        )

    def _write_passfile(self) -> None:
        line = f"{self.ip}:{PORT}:*:{HARNESS_ROLE}:{self._password}\n"
        try:
            self.passfile.touch(mode=0o600)
            self.passfile.write_text(line, encoding="utf-8")
        except OSError as error:
            raise CannotCreate(f"{self.passfile}: cannot be written: {error.strerror}") from error

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            asyncio.run(work)
        except psycopg.OperationalError as error:
            raise Unavailable(
                f"PostgreSQL of {self.name} went away: {error}; its log ends:\n{self._log_end('postgres')}"
            ) from error

    def _running(self) -> Container:
        if self._server is None:
            raise InternalError(f"the database of {self.name} was not started")
        return self._server

    def _discard(self) -> None:
        with suppress(DrillError):  # the first error is the one to tell; `heal` removes what is left
            self.close(Deadline.after(limits.REMOVE))

    def _log_end(self, program: str) -> str:
        container = self._server if program == "postgres" else self._receiver
        return "" if container is None else container.log_end()
