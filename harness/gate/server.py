"""The PostgreSQL of one world: started on a copied data folder, reached by a Unix socket alone. Effects.

Clients of the socket are trusted, but the role of scripts, which must give its password.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from harness.clock import Deadline, wait_for
from harness.errors import Unavailable
from harness.gate import limits
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.process import Process, bound, mark_of
from harness.sandbox.embedded.binaries import Binaries
from harness.sandbox.embedded.shared_memory import remove_segment

GATE_ROLE: Final = "drill"
SCRIPT_ROLE: Final = "rollback"
CLIENT_ROLE: Final = "app"
DATABASE: Final = "shop"
BYSTANDER: Final = f"{DATABASE}_billing"  # begins as the other does: who matches names by how they begin meets it
PORT: Final = 5432  # names the socket; nothing listens on it

_HBA: Final = f"local all {SCRIPT_ROLE} scram-sha-256\nlocal all all trust\n"
_SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_prepared_transactions": "10",  # so that one can be left behind
    "fsync": "off",  # no machine fails in here; a server that is killed keeps what the kernel has
    "autovacuum": "off",
    "dynamic_shared_memory_type": "mmap",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "2MB",  # each world copies the log
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's programs, and how a process of theirs is started."""

    binaries: Binaries

    def identity(self) -> Mapping[str, Any]:
        """The user, as subprocess takes it."""
        account = self.binaries.account
        return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}

    def environment(self) -> dict[str, str]:
        """Bears the mark of this process, so that a server is found whose gate was killed."""
        return {"PATH": f"{self.binaries.bin}:/usr/bin:/bin", "LANG": "C.UTF-8", **mark_of(Process.own())}

    def run(self, program: str, *arguments: str, cwd: Path) -> None:
        """Runs one to its end.

        Raises:
            Unavailable: it failed; the message has what it said.
        """
        command = bound([str(self.binaries.bin / program), *arguments], signal.SIGTERM)  # initdb ends what it runs, too
        try:
            done = subprocess.run(
                command,
                env=self.environment(),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=limits.TOOL.seconds,
                **self.identity(),
            )
        except OSError as error:
            raise Unavailable(f"{command[0]}: cannot be run: {error.strerror}; is util-linux installed?") from error
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{program} did not end within {limits.TOOL}") from None
        if done.returncode:
            raise Unavailable(f"{program} exited with {done.returncode}: {done.stderr.strip()}")


class Server:
    """A server on a data folder, which belongs to the user that it runs as."""

    def __init__(self, programs: Programs, data: Path, run: Path, log: Path) -> None:
        self._programs = programs
        self._data, self._run, self._log = data, run, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self._run / f".s.PGSQL.{PORT}"

    def dsn(self, database: str = DATABASE, role: str = GATE_ROLE) -> str:
        """A way in, without a password."""
        return make_conninfo(host=str(self._run), port=PORT, user=role, dbname=database)

    def start(self) -> None:
        """Returns once it lets clients in.

        Raises:
            Unavailable: it ended or took too long; the message has the end of its log.
        """
        deadline = Deadline.after(limits.SERVER_START)
        server = [str(self._programs.binaries.bin / "postgres"), "-D", str(self._data), "-k", str(self._run)]
        command = bound(server, signal.SIGQUIT)  # then it removes its shared memory
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._programs.environment(),
                cwd=self._run,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                **self._programs.identity(),
            )
        wait_for(self._answers, deadline, "the start of PostgreSQL")

    def stop(self, *, clean: bool = False) -> None:
        """Ends it: at once, because its data is not needed any more, or clean, so that it starts quickly again."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT if clean else signal.SIGQUIT)
        try:
            self._process.wait(limits.SERVER_STOP.seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            remove_segment(self._data)

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise Unavailable(f"PostgreSQL ended at its start:\n{last_lines(self._log)}")
        try:
            psycopg.connect(self.dsn("template1")).close()
        except psycopg.OperationalError:
            return False
        return True


def write_settings(data: Path) -> None:
    """Settings and rules of entry of a new data folder."""
    text = "".join(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
    with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(text)
    (data / "pg_hba.conf").write_text(_HBA, encoding="utf-8")


def execute(dsn: str, statements: Sequence[str]) -> None:
    """Runs statements, each by itself."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
