"""The services of a sandbox: which version runs in which slot, with how many replicas.

As a Deployment that rolls with full surge: the replicas of a new version start beside the old ones, which go
once all new ones are ready. Until then the old ones serve on, also when the new version never becomes ready.
Belongs to the daemon's event loop.
"""

import asyncio
import itertools
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from harness.clock import Deadline, now
from harness.errors import CrashLoop, DeadlineExceeded, DrillError, NotFound
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import configuring, limits
from harness.sandbox.embedded.folder import Folder
from harness.sandbox.embedded.replica import RunningReplica, Start
from harness.sandbox.embedded.replica_set import ReplicaSet
from harness.sandbox.embedded.router import HOST
from harness.sandbox.embedded.turns import Turns
from harness.system.model import SystemModel
from harness.system.releases import config_of
from harness.system.values import Configuration, Replica, Slot
from harness.units import Duration, Instant


class Deployment:
    """One service in one slot.

    Args:
        model: the system.
        folder: the sandbox's folder.
        service: its name.
        slot: where.
        env: environment that every replica gets beside what drill.toml and its configuration say.
        given: variables that the sandbox puts into every configuration, where a release does not say otherwise.
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
        given: Mapping[str, str],
        changed: Callable[[], None],
        all_else_up: Callable[[], Instant | None],
        drained: Callable[[frozenset[int]], Awaitable[None]],
        turns: Turns,
    ) -> None:
        self._model, self._folder, self._service, self._slot = model, folder, service, slot
        self._env, self._given = env, given
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
        return bool(self._sets) and self._sets[-1].crash_loops

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
        await self._until_ready(self._sets[-1], deadline)

    async def _until_ready(self, wanted: ReplicaSet, deadline: Deadline) -> None:
        """Waits for all replicas that were wanted; then those before them go."""
        while not wanted.ready:
            if not self._sets or self._sets[-1] is not wanted:
                raise DeadlineExceeded(f"{self._where} {wanted.version} was replaced before it was ready")
            if why := self._hopeless():
                raise CrashLoop(f"{self._where} {wanted.version} does not start: {why}")
            if deadline.passed:
                raise DeadlineExceeded(f"{self._where} {wanted.version} is not ready: {wanted.why()}")
            await self._wait_for_change(deadline)
        if self._sets and self._sets[-1] is wanted:
            self._retire(keep=wanted)

    @property
    def places(self) -> tuple[Path, ...]:
        """The folders that the replicas which should run have as their configuration.

        Raises:
            NotFound: nothing is deployed here.
        """
        if not self._sets:
            raise NotFound(f"{self._where}: nothing is deployed that could be given a configuration")
        return tuple(replica.place for replica in self._sets[-1].replicas)

    def configure(self, staged: Path | None) -> None:
        """Puts a copy of a folder in the place of those that the replicas have; raises NotFound where there is none."""
        places = self.places
        if staged is None or not staged.is_dir():
            raise NotFound(f"{self._where}: no folder with a configuration was named")
        for place in places:
            configuring.copy(staged, place)

    async def restart(self, deadline: Deadline) -> None:
        """Replaces replicas that were not started with what lies in their folders; those serve until all are ready.

        Raises:
            NotFound: nothing is deployed here.
            DrillError: as `deploy`; the new ones are given up, and what served serves on.
        """
        async with self._order:
            places, before = self.places, self._sets[-1]
            if before.ready and not any([(await one.configuration()).changed for one in before.replicas]):
                return
            homes = self._homes(before.version, len(places))
            for place, home in zip(places, homes, strict=True):
                await asyncio.to_thread(configuring.copy, place, home)
            wanted = self._add(before.version, homes)
        try:
            await self._until_ready(wanted, deadline)
        except DrillError:
            if before in self._sets:
                self._retire(keep=before)
            raise

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
        configs = self._homes(version, count)
        await asyncio.to_thread(configuring.from_release, release, configs, self._given)
        self._add(version, configs)

    def _homes(self, version: str, count: int) -> list[Path]:
        """Folders for the configuration of so many replicas, which no others have, not even such as are ending."""
        place = self._folder.services / f"{self._service}-{self._slot}"
        names = (f"{version}+{number}" if number else version for number in itertools.count())
        home = next(place / name for name in names if not (place / name).exists())
        return [home / str(index) for index in range(count)]

    def _add(self, version: str, configs: Sequence[Path]) -> ReplicaSet:
        """Starts the replicas of a version beside what runs; they are what is wanted from now on."""
        starts = [self._start(version, index, config) for index, config in enumerate(configs)]
        if len(self._sets) > 1:  # a version that never got ready makes room for the next
            self._retire(keep=self._sets[0])
        self._sets.append(
            ReplicaSet(version, tuple(RunningReplica(start, self._notice, self._turns) for start in starts))
        )
        return self._sets[-1]

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
        return "" if since is None else self._sets[-1].hopeless(since)

    @property
    def _where(self) -> str:
        return f"{self._service} in {self._slot}"
