"""The services of a sandbox: which version runs in which slot, with how many replicas.

As a Deployment that rolls with full surge: the replicas of a new version start beside the old ones, which go
once all new ones are ready. Until then the old ones serve on, also when the new version never becomes ready.
Belongs to the daemon's event loop.
"""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.clock import Deadline, now
from harness.errors import CrashLoop, DeadlineExceeded, NotFound
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.folder import Folder
from harness.sandbox.embedded.replica import RunningReplica, Start
from harness.sandbox.embedded.router import HOST
from harness.sandbox.embedded.turns import Turns
from harness.system.model import SystemModel
from harness.system.releases import config_of
from harness.system.values import Configuration, Replica, Slot
from harness.units import Duration, Instant, counted


@dataclass(slots=True)
class ReplicaSet:
    """The replicas of one version."""

    version: str
    replicas: tuple[RunningReplica, ...]

    @property
    def ready(self) -> bool:
        """True when all are."""
        return all(replica.ready for replica in self.replicas)

    async def stop(self, grace: Duration) -> None:
        """Ends all."""
        await asyncio.gather(*(replica.stop(grace) for replica in self.replicas))


class Deployment:
    """One service in one slot.

    Args:
        model: the system.
        folder: the sandbox's folder.
        service: its name.
        slot: where.
        env: environment that every replica gets beside what drill.toml says.
        changed: called after each change of a replica's state or process.
        all_else_up: since when everything else in the sandbox has been up, or is known never to be; None while
            something still comes up that the replicas may be waiting for.
        drained: waits until no client is connected to the replicas at some ports.
        turns: whose turn it is to start.
    """

    def __init__(
        self,
        model: SystemModel,
        folder: Folder,
        service: str,
        slot: Slot,
        *,
        env: Mapping[str, str],
        changed: Callable[[], None],
        all_else_up: Callable[[], Instant | None],
        drained: Callable[[frozenset[int]], Awaitable[None]],
        turns: Turns,
    ) -> None:
        self._model, self._folder, self._service, self._slot = model, folder, service, slot
        self._env = env
        self._tell = changed
        self._all_else_up = all_else_up
        self._drained = drained
        self._turns = turns
        self._sets: list[ReplicaSet] = []  # the last one is wanted, the others serve until it is ready
        self._ready_since: Instant | None = None
        self._changed = asyncio.Event()
        self._stopping: set[asyncio.Task[None]] = set()
        self._order = asyncio.Lock()  # one change of what should run at a time

    @property
    def deployed(self) -> bool:
        """True when something should run here."""
        return bool(self._sets)

    @property
    def ready_since(self) -> Instant | None:
        """Since when all replicas that should run have been ready; None while they are not."""
        return self._ready_since

    @property
    def crash_loops(self) -> bool:
        """True when a replica ended so often at its start that it will not come up by itself."""
        return any(len(one.crashes) >= limits.CRASHES for one in (self._sets[-1].replicas if self._sets else ()))

    def replicas(self) -> tuple[Replica, ...]:
        """The replicas that should run."""
        return tuple(replica.report() for replica in self._sets[-1].replicas) if self._sets else ()

    async def configurations(self) -> tuple[Configuration, ...]:
        """What each replica that should run has as its configuration."""
        wanted = self._sets[-1].replicas if self._sets else ()
        return tuple([await replica.configuration() for replica in wanted])

    def ready_ports(self) -> tuple[int, ...]:
        """Where ready replicas listen, those of a version on its way out too."""
        return tuple(replica.port for each in self._sets for replica in each.replicas if replica.ready)

    def processes(self) -> tuple[Process, ...]:
        """The processes of all replicas."""
        return tuple(process for each in self._sets for one in each.replicas for process in one.processes())

    async def deploy(self, version: str, deadline: Deadline) -> None:
        """Runs a version until all its replicas are ready; what runs already is left alone.

        Raises:
            NotFound: there is no such release.
            CrashLoop: a replica ends again and again at its start; it is tried further.
            DeadlineExceeded: a replica was not ready in time; it is tried further.
        """
        async with self._order:
            await self._want(version)
        wanted = self._sets[-1]
        while not wanted.ready:
            if not self._sets or self._sets[-1] is not wanted:
                raise DeadlineExceeded(f"{self._where} {version} was replaced before it was ready")
            if why := self._hopeless():
                raise CrashLoop(f"{self._where} {version} does not start: {why}")
            if deadline.passed:
                raise DeadlineExceeded(f"{self._where} {version} is not ready: {self._why()}")
            await self._wait_for_change(deadline)
        if self._sets and self._sets[-1] is wanted:
            self._retire(keep=wanted)

    async def begin(self, version: str) -> None:
        """Gives up what runs and starts a version, without waiting for it.

        Raises:
            NotFound: there is no such release.
        """
        async with self._order:
            await self._want(version)
            self._retire(keep=self._sets[-1])

    async def remove(self, deadline: Deadline) -> None:
        """Ends everything here and waits until it is gone."""
        async with self._order:
            self._retire(keep=None)
        if self._stopping:
            _, left = await asyncio.wait(self._stopping, timeout=deadline.left.seconds)
            if left:
                raise DeadlineExceeded(f"{self._where}: replicas were still there after SIGTERM; they are killed soon")

    async def kill(self, grace: Duration) -> None:
        """Ends everything at the end of the sandbox."""
        self._retire(keep=None, grace=grace)
        if self._stopping:
            await asyncio.wait(self._stopping)

    async def hold_down(self) -> None:
        """Kills all replicas and lets none start; those of a version on its way out go for good."""
        if not self._sets:
            raise NotFound(f"{self._where}: nothing is deployed that could be held down")
        self._retire(keep=self._sets[-1], grace=Duration(0))
        await asyncio.gather(*(replica.hold_down() for replica in self._sets[-1].replicas))

    def let_start(self) -> None:
        """Ends `hold_down`."""
        for replica in self._sets[-1].replicas if self._sets else ():
            replica.let_start()

    async def _want(self, version: str) -> None:
        if self._sets and self._sets[-1].version == version:
            return
        release = config_of(self._model, version)
        for each in self._sets:
            if each.version == version:  # on its way out; wanted again
                self._retire(keep=each)
                return
        count = self._model.replicas(self._service)
        home = self._folder.services / f"{self._service}-{self._slot}" / version
        configs = [home / str(index) for index in range(count)]
        await asyncio.to_thread(_copy_config, release, configs)
        starts = [self._start(version, index, config) for index, config in enumerate(configs)]
        if len(self._sets) > 1:  # a version that never got ready makes room for the next
            self._retire(keep=self._sets[0])
        self._sets.append(
            ReplicaSet(version, tuple(RunningReplica(start, self._notice, self._turns) for start in starts))
        )

    def _start(self, version: str, index: int, config: Path) -> Start:
        service = self._model.services[self._service]
        values = {
            "root": str(self._model.root),
            "python": sys.executable,
            "service": self._service,
            "version": version,
            "slot": str(self._slot),
            "host": HOST,
            "config": str(config),
        }
        return Start(
            service=self._service,
            slot=self._slot,
            version=version,
            index=index,
            command=service.command,
            env=self._env,
            own_env=service.env,
            values=values,
            cwd=self._model.root,
            health=service.health,
            log=self._folder.logs / f"{self._service}-{self._slot}-{index}.log",
        )

    def _retire(self, *, keep: ReplicaSet | None, grace: Duration = limits.STOP_GRACE) -> None:
        going = [each for each in self._sets if each is not keep]
        self._sets = [] if keep is None else [keep]
        self._notice()  # out of the router before they are told to stop
        for each in going:
            task = asyncio.get_running_loop().create_task(self._end(each, grace))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    async def _end(self, going: ReplicaSet, grace: Duration) -> None:
        """Who is killed is killed at once; else the requests under way are answered first, whatever SIGTERM does."""
        if grace > Duration(0):
            await self._drained(frozenset(replica.port for replica in going.replicas))
        await going.stop(grace)

    def _notice(self) -> None:
        ready = bool(self._sets) and self._sets[-1].ready
        self._ready_since = (self._ready_since or now()) if ready else None
        self._changed.set()
        self._tell()

    async def _wait_for_change(self, deadline: Deadline) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(deadline.left.seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _hopeless(self) -> str:
        """How a replica ends that starts in vain although it had all it may depend on; empty while there is hope."""
        since = self._all_else_up() if self.crash_loops else None
        if since is None:
            return ""
        for index, replica in enumerate(self._sets[-1].replicas):
            in_vain = [crash for crash in replica.crashes if crash.began >= since]
            if len(replica.crashes) >= limits.CRASHES and len(in_vain) >= limits.CRASHES_WITH_ALL_THERE:
                many = counted(len(replica.crashes), "time")
                return f"replica {index} ended {many} in a row before it was ready, at last it {in_vain[-1].end}"
        return ""

    def _why(self) -> str:
        states = (
            f"replica {one.index} is {one.state} after {counted(one.restarts, 'restart')}"
            + (f" ({one.detail})" if one.detail else "")
            for one in self.replicas()
        )
        return "; ".join(states)

    @property
    def _where(self) -> str:
        return f"{self._service} in {self._slot}"


def _copy_config(source: Path | None, targets: list[Path]) -> None:
    for target in targets:
        if target.exists():
            shutil.rmtree(target)
        if source is None:
            target.mkdir(parents=True)
        else:
            shutil.copytree(source, target)
