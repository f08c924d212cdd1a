"""Sandboxes for tests: systems to run in them, clients of their services, and what is left of them."""

import http.client
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from harness.clock import Deadline, now, wait_for
from harness.sandbox.common.process import Process
from harness.sandbox.embedded.client import EmbeddedSandbox
from harness.sandbox.embedded.start import StartedSandbox, start
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.system.values import Address, ReplicaState, Slot
from harness.units import Duration, Instant

ROOT = Path(__file__).parents[2]
ECHO = ROOT / "tests/systems/echo/drill.toml"
TRACKTION = ROOT / "fixtures/tracktion/drill.toml"


def soon(seconds: float = 60) -> Deadline:
    """A deadline that a slow machine keeps, and that ends a test that hangs."""
    return Deadline.after(Duration.of(s=seconds))


@contextmanager
def state_folder() -> Iterator[Path]:
    """A state folder: with a short path, for its sockets, and open to PostgreSQL's user, which pytest's is not."""
    path = Path(tempfile.mkdtemp(prefix="drill-test-", dir="/tmp"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def opened(model: SystemModel, state: Path, *, within: float = 60, **options: Any) -> Iterator[StartedSandbox]:
    """A sandbox that is closed at the end."""
    sandbox = start(model, run_id="test", state_dir=state, deadline=soon(within), **options)
    try:
        yield sandbox
    finally:
        sandbox.close(soon(60))


def echo() -> SystemModel:
    """The smallest system."""
    return load_system(ECHO)


def ask(address: Address, path: str, within: float = 5) -> tuple[int, bytes]:
    """Status and body of a GET on a connection of its own."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=within)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def version(address: Address) -> str:
    """The version that answers at an address."""
    return str(json.loads(ask(address, "/version")[1])["version"])


def serves(address: Address, release: str) -> bool:
    """True when a release answers at an address; false also while nobody does."""
    with suppress(OSError, http.client.HTTPException):
        return version(address) == release
    return False


def refuses(address: Address) -> bool:
    """True when a request gets no answer at all."""
    try:
        ask(address, "/health")
    except (ConnectionError, http.client.HTTPException):
        return True
    return False


def states(sandbox: EmbeddedSandbox, service: str, slot: Slot) -> set[ReplicaState]:
    """The states of the replicas in a slot."""
    return {replica.state for replica in sandbox.workloads.replicas(service, slot)}


class Clients:
    """Clients that ask one after the other, each request on a fresh connection, until the end."""

    def __init__(self, address: Address, path: str, count: int = 4) -> None:
        self.answers: list[str] = []
        self.failures: list[tuple[Instant, str]] = []  # when it was asked, and what came of it
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(address, path)) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def more(self, count: int) -> None:
        """Waits for so many more answers."""
        goal = len(self.answers) + count
        wait_for(lambda: len(self.answers) >= goal, soon(), f"{count} more answers")

    def _ask(self, address: Address, path: str) -> None:
        while not self._over.is_set():
            asked = now()
            try:
                status, body = ask(address, path)
                self.answers.append(json.loads(body)["version"] if status == 200 else str(status))
            except (OSError, http.client.HTTPException) as error:
                self.failures.append((asked, repr(error)))


def marked(sandbox: str) -> list[Process]:
    """The processes that live and belong to a sandbox by their environment."""
    found = []
    for path in Path("/proc").iterdir():
        with suppress(OSError):
            if path.name.isdigit() and f"DRILL_SANDBOX={sandbox}".encode() in (path / "environ").read_bytes():
                found.append(Process.of(int(path.name)))
    return [process for process in found if process is not None]


def listens(address: Address) -> bool:
    """True when somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((address.host, address.port)) == 0


def running_as_root() -> bool:
    """True when the tests do."""
    return os.geteuid() == 0
