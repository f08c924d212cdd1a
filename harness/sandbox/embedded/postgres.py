"""A PostgreSQL server of the sandbox's own.

Clients of the Unix socket, whose folder only the server's user and root may enter, are trusted; over TCP, on
127.0.0.1 alone, a random password is asked for.
"""

import asyncio
import os
import secrets
import shutil
import signal
from pathlib import Path
from typing import Final

from psycopg.conninfo import make_conninfo

from harness.clock import Deadline
from harness.errors import CannotCreate, Unavailable
from harness.sandbox.common import limits
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.postgres import (
    HARNESS_ROLE,
    INITDB_OPTIONS,
    SERVICE_ROLE,
    accepts,
    create_database,
    server_settings,
)
from harness.sandbox.common.process import Process
from harness.sandbox.common.reserved import reserved
from harness.sandbox.embedded.binaries import Binaries, open_to_all, usable
from harness.sandbox.embedded.disk import Disk
from harness.sandbox.embedded.processes import Child, spawn, told_exit
from harness.units import Duration

_HOST: Final = "127.0.0.1"


class Postgres:
    """The server of one sandbox. Belongs to the daemon's event loop."""

    def __init__(self, folder: Path, logs: Path, name: str, env: dict[str, str], disk: Disk | None = None) -> None:
        self.folder = folder
        self.disk = disk
        self.logs = logs
        self.database = name
        self.env = env
        self.data, self.archive, self.run = disk.data if disk else folder / "data", folder / "archive", folder / "run"
        self._password = secrets.token_urlsafe(24)
        self._reserved = reserved(_HOST)  # for the sandbox's whole life
        self.port: int = self._reserved.getsockname()[1]
        self.binaries: Binaries | None = None
        self.major = ""  # version, as its data folder has it
        self.server: Child | None = None

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.logs / "postgres.log"

    @property
    def local_dsn(self) -> str:
        """For the daemon itself, over the Unix socket."""
        return self.local(self.run, self.database)

    @property
    def dsn(self) -> str:
        """For clients of the harness; the password is in a file, so the string may be shown."""
        return make_conninfo(
            host=_HOST,
            port=self.port,
            user=HARNESS_ROLE,
            dbname=self.database,
            passfile=str(self.folder.parent / "pgpass"),
        )

    @property
    def service_url(self) -> str:
        """For services: holds the password."""
        return f"postgresql://{SERVICE_ROLE}:{self._password}@{_HOST}:{self.port}/{self.database}"

    async def start(self, install: Path, deadline: Deadline) -> None:
        """Makes a cluster and starts the server, until it accepts connections.

        Raises:
            Unavailable: a program is missing, broken, or gave up, and the message has the last lines of its log; or it
                cannot have the disk that it is to have.
        """
        self.folder.mkdir()
        self.folder.chmod(0o711)  # the folders in it have their own protection
        self.binaries = await asyncio.to_thread(usable, install, self.folder / "install")
        if self.binaries.account is not None and not open_to_all(self.folder):
            raise CannotCreate(
                f"{self.folder}: the user that PostgreSQL runs as cannot get there; choose a state folder whose "
                "parents all users may enter"
            )
        for path in (self.archive, self.run):
            self.own(path)
        password_file = self.folder / "password"
        for path, text in (
            (password_file, self._password),
            (self.folder.parent / "pgpass", f"{_HOST}:{self.port}:*:*:{self._password}"),
        ):
            path.touch(mode=0o600)
            path.write_text(text + "\n")
        self.give(password_file)
        self.give(self.folder)
        if self.disk is not None:
            self.disk.mount()
            self.give(self.disk.place)
        await self._initdb(password_file)
        password_file.unlink()
        self.major = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        (self.data / "postgresql.auto.conf").write_text(self.settings())
        await self.start_server(deadline)
        await create_database(self.local(self.run, "postgres"), self.database, self._password)

    async def start_server(self, deadline: Deadline) -> None:
        """Starts the server on the data that is there, until it accepts connections."""
        self.server = self.spawn_server(self.data)
        await self.wait_until_accepts(self.server, self.run, deadline)
        if self.disk is not None and self.data == self.disk.data:  # by which `heal` finds what it leaves when killed
            (self.folder / "data-disk").mkdir(exist_ok=True)
            shutil.copy(self.data / "postmaster.pid", self.folder / "data-disk")

    def spawn_server(self, data: Path) -> Child:
        """Starts a server on some data; all of them write to one log."""
        return self._spawn("postgres", "-D", str(data), log="postgres", on_death=signal.SIGQUIT)

    async def wait_until_accepts(self, server: Child, run: Path, deadline: Deadline) -> None:
        """Waits until a server lets clients in by the socket in `run`.

        Raises:
            Unavailable: it gave up, or was not there in time; the message has the last lines of its log.
        """
        while not await accepts(self.local(run, "template1")):
            if not server.running:
                code = await server.wait()
                raise Unavailable(f"PostgreSQL {told_exit(code)} at its start:\n{last_lines(self.log)}")
            if deadline.passed:
                raise Unavailable(f"PostgreSQL did not accept connections in time:\n{last_lines(self.log)}")
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)

    async def stop(self, grace: Duration) -> None:
        """Ends the server at once, as a crash would; its data is not needed any more."""
        self._reserved.close()
        if self.server is not None:
            await self.server.stop(grace, signal.SIGQUIT, group=False)
        if self.disk is not None:
            self.disk.unmount()

    def processes(self) -> tuple[Process, ...]:
        """The server, while it runs."""
        return (self.server.process,) if self.server is not None and self.server.running else ()

    def spawn_tool(self, program: str, *arguments: str) -> Child:
        """Starts one of PostgreSQL's programs as the server's user."""
        return self._spawn(program, *arguments, log=program, on_death=signal.SIGKILL)

    def spawn_copy(self, source: Path, target: Path) -> Child:
        """Starts to copy a folder as the server's user, with all that belongs to its files."""
        copy = shutil.which("cp") or "cp"
        return self._spawn(copy, "-a", "--reflink=auto", str(source), str(target), log="cp", on_death=signal.SIGKILL)

    def own(self, path: Path) -> Path:
        """Makes a folder for the server's user."""
        path.mkdir(mode=0o700)
        self.give(path)
        return path

    def give(self, path: Path) -> None:
        """Gives a file or a folder to the server's user."""
        if self.binaries is not None and self.binaries.account is not None:
            os.chown(path, self.binaries.account.uid, self.binaries.account.gid)

    def _spawn(self, program: str, *arguments: str, log: str, on_death: signal.Signals) -> Child:
        if self.binaries is None:
            raise Unavailable("PostgreSQL was not set up")
        path = self.binaries.bin / program  # a program with a path of its own is not one of PostgreSQL's
        try:
            return spawn(
                [str(path), *arguments],
                program,
                env=self.env,
                cwd=self.folder,
                log=self.logs / f"{log}.log",
                account=self.binaries.account,
                on_death=on_death,
            )
        except OSError as error:
            raise Unavailable(f"{path}: cannot be run: {error.strerror}; is the package broken?") from error

    async def _initdb(self, password_file: Path) -> None:
        child = self.spawn_tool("initdb", f"--pgdata={self.data}", f"--pwfile={password_file}", *INITDB_OPTIONS)
        try:
            code = await child.wait()
        finally:
            await child.stop(Duration(0))
        if code:
            raise Unavailable(f"initdb {told_exit(code)}:\n{last_lines(self.logs / 'initdb.log')}")

    @property
    def running(self) -> bool:
        """True while the live server runs."""
        return self.server is not None and self.server.running

    def superuser(self, database: str) -> str:
        """For the daemon itself: a database of the live server."""
        return self.local(self.run, database)

    def reached(self) -> tuple[str, ...]:
        """The arguments by which PostgreSQL's tools reach the live server."""
        return (f"--host={self.run}", f"--port={self.port}", f"--username={HARNESS_ROLE}", "--no-password")

    def local(self, run: Path, database: str) -> str:
        """For the daemon itself: a database of the server whose socket is in `run`."""
        return make_conninfo(host=str(run), port=self.port, user=HARNESS_ROLE, dbname=database)

    def settings(self, **own: str) -> str:
        """The text of postgresql.auto.conf, with what is different from a server that clients reach."""
        return server_settings(
            str(self.archive),
            **{
                "listen_addresses": _HOST,
                "port": str(self.port),
                "unix_socket_directories": str(self.run),
                "dynamic_shared_memory_type": "mmap",  # in the data folder: a killed server leaves nothing elsewhere
                "io_method": "sync",  # no pool of I/O workers to start: the data fits in memory
                # One that has a full disk would come up again and again, and let nobody do anything.
                **({"restart_after_crash": "off"} if self.disk else {}),
                **own,
            },
        )
