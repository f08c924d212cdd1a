"""One replica: its process, whether it is ready, and its restarts.

As the pod of a Deployment: always restarted, with a pause that doubles; ready and not ready by health
requests; never restarted for being not ready. Belongs to the daemon's event loop.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from harness.clock import now
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import configuring, limits
from harness.sandbox.embedded.processes import Child, spawn, told_exit
from harness.sandbox.embedded.router import HOST
from harness.sandbox.embedded.turns import Turn, Turns
from harness.system.bundle import ENVIRONMENT
from harness.system.placeholders import fill
from harness.system.releases import digests
from harness.system.values import Configuration, Replica, ReplicaState, Slot
from harness.units import Duration, Instant, counted

_LOG = logging.getLogger(__name__)
_OK: Final = 200
# What a Deployment's command is patched to, to hold a service down.
_HELD_DOWN: Final = ("/bin/sh", "-c", "echo 'held down by the drill: this start fails' >&2; exit 1")


@dataclass(frozen=True, slots=True)
class Start:
    """How one replica is started; `command` and `own_env` hold placeholders, `values` all but {port}."""

    service: str
    slot: Slot
    version: str
    index: int
    command: tuple[str, ...]
    env: Mapping[str, str]
    own_env: Mapping[str, str]
    values: Mapping[str, str]
    cwd: Path
    health: str
    log: Path


class Crash(NamedTuple):
    """A start that ended before the replica was ready: when it began, and how it ended."""

    began: Instant
    end: str


class RunningReplica:
    """Keeps one replica running until `stop`.

    Args:
        start: how it is started.
        changed: called after each change of state.
        turns: whose turn it is to start.
    """

    def __init__(self, start: Start, changed: Callable[[], None], turns: Turns) -> None:
        self._start = start
        self._changed = changed
        self._turns = turns
        self._state = ReplicaState.STARTING
        self._restarts = 0
        self._detail = ""
        self._identity = ""
        self._child: Child | None = None
        self._held = False
        self._was_ready = False
        self._status: int | None = None
        self._crashes: list[Crash] = []
        self._given: Mapping[str, str] = {}
        self.port = 0
        self._task = asyncio.get_running_loop().create_task(self._live())

    @property
    def ready(self) -> bool:
        """True while it can serve."""
        return self._state is ReplicaState.READY

    @property
    def crashes(self) -> tuple[Crash, ...]:
        """Its latest starts in a row that ended before it was ready, limits.CRASHES of them at most."""
        return tuple(self._crashes)

    def processes(self) -> tuple[Process, ...]:
        """Its process, while there is one."""
        return (self._child.process,) if self._child is not None and self._child.running else ()

    @property
    def place(self) -> Path:
        """The folder that it has as its configuration."""
        return Path(self._start.values["config"])

    def report(self) -> Replica:
        """The replica as the port shows it."""
        start = self._start
        return Replica(
            service=start.service,
            slot=start.slot,
            version=start.version,
            index=start.index,
            state=self._state,
            restarts=self._restarts,
            identity=self._identity,
            detail=self._detail,
        )

    def why(self) -> str:
        """How it stands, and what is known of why it is not ready: how it ended, or what its health request got."""
        if self._child is None:
            return "waits for its turn to start"
        stands = f"is {self._state} after {counted(self._restarts, 'restart')}"
        if self._state is ReplicaState.BACK_OFF:
            return f"{stands} ({self._detail})"
        got = "not answered" if self._status is None else f"answered with {self._status}"
        return f"{stands}, GET {self._start.health} is {got} (last line of its log: {last_lines(self._start.log, 1)})"

    async def configuration(self) -> Configuration:
        """The files in its folder, and whether they are those that were there when its process was started.

        Its environment is none of the files that a release has; that it was changed is told all the same.
        """
        found = await asyncio.to_thread(digests, self.place)
        files = {path: digest for path, digest in found.items() if path != ENVIRONMENT}
        return Configuration(files=files, changed=found != self._given)

    async def hold_down(self) -> None:
        """Kills it and makes every start fail, until `let_start`; returns when it is dead."""
        if self._held:
            return
        self._held = True
        if self._child is not None and self._child.running:
            self._child.tell(signal.SIGKILL)
            await self._child.wait()

    def let_start(self) -> None:
        """The next start is the real one again."""
        self._held = False
        self._crashes.clear()

    async def stop(self, grace: Duration) -> None:
        """Ends it: SIGTERM, then SIGKILL after `grace`."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._child is not None:
            await self._child.stop(grace)

    async def _live(self) -> None:
        pause = limits.BACK_OFF_FIRST
        while True:
            began = now()
            self._was_ready = False
            try:
                end = await self._run_once()
            except Exception as error:  # noqa: BLE001 - told in the replica's state; it is tried again
                _LOG.exception("%s: the start failed", self._start.log.stem)
                end = f"could not be started: {error}"
            if not self._was_ready:
                self._crashes = [*self._crashes[1 - limits.CRASHES :], Crash(began, end)]
            if now() - began >= limits.BACK_OFF_RESET:
                pause = limits.BACK_OFF_FIRST
            self._become(ReplicaState.BACK_OFF, f"{end}; starts again after {pause}")
            await asyncio.sleep(pause.seconds)
            pause = min(pause * 2, limits.BACK_OFF_MOST)
            self._restarts += 1

    async def _run_once(self) -> str:
        start = self._start
        turn = await self._turns.take()
        try:
            return await self._run(start, turn)
        finally:
            turn.end()

    async def _run(self, start: Start, turn: Turn) -> str:
        self._given = await asyncio.to_thread(digests, self.place)
        environment = (await asyncio.to_thread(configuring.read, self.place)).environment
        self.port = free_port()
        values = {**start.values, "port": str(self.port)}
        command = _HELD_DOWN if self._held else fill(start.command, values)
        env = {**start.env, **environment, **fill(dict(start.own_env), values)}
        self._child = spawn(command, start.log.stem, env=env, cwd=start.cwd, log=start.log)
        self._identity = str(self._child.process)
        self._state = ReplicaState.STARTING
        self._changed()
        looks = asyncio.get_running_loop().create_task(self._look(turn))
        try:
            code = await self._child.wait()
        finally:
            looks.cancel()
        return f"{told_exit(code)}; last line of its log: {last_lines(start.log, 1)}"

    async def _look(self, turn: Turn) -> None:
        failures = 0
        while True:
            status = self._status = await status_of(self.port, self._start.health)
            if status is not None:
                turn.end()  # whatever it answers: its program has been loaded, and what it waits for is elsewhere
            if status == _OK:
                failures = 0
                self._was_ready = True
                self._crashes.clear()
                self._become(ReplicaState.READY, "")
            else:
                failures += 1
                if self.ready and failures >= limits.READY_FAILURES:
                    self._become(ReplicaState.NOT_READY, f"GET {self._start.health} failed {failures} times")
            started = self._state is not ReplicaState.STARTING
            await asyncio.sleep((limits.READY_EVERY if started else limits.READY_EVERY_AT_START).seconds)

    def _become(self, state: ReplicaState, detail: str) -> None:
        changed = state is not self._state or detail != self._detail
        self._state, self._detail = state, detail
        if changed:
            self._changed()


async def status_of(port: int, path: str) -> int | None:
    """The status by which GET `path` on a port of this machine is answered; None when it is not, or not in time."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(limits.READY_WITHIN.seconds):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(request.encode())
                line = await reader.readline()
            finally:
                writer.close()
        return int(line.split(b" ")[1])
    except (OSError, ValueError, IndexError):  # TimeoutError is an OSError; the others are an answer that is not HTTP
        return None


def free_port() -> int:
    """A port that nobody listens on now; who is beaten to it exits, and is started again with another."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
