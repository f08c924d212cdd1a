"""One container on the cluster's network: started, watched, its log kept, removed.

Files are copied in before it starts, so that what is secret is in no argument and no environment.
"""

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import docker.errors

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded, DrillError, InternalError, Unavailable
from harness.sandbox.common.logs import tail
from harness.sandbox.kind import limits
from harness.sandbox.kind.engine import Engine, refusal

T = TypeVar("T")
CONFLICT: Final = 409  # Docker's answer when something is used, or being removed
MISSING: Final = 404
_GONE: Final = ("exited", "dead", "removing")  # states of a container that does not run any more


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file that a container finds when it starts; its owner is root unless `uid` says otherwise."""

    path: str
    content: bytes = field(repr=False)  # may be secret
    mode: int = 0o644
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    """A port of a container that the machine's own address has as well."""

    port: int
    host: str
    host_port: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a container is to be.

    `volumes` are names of Docker's and where they are mounted; `scratch` are folders in memory. Docker starts none
    again after a boot: they would take addresses that the cluster's node must get again.
    """

    image: str
    name: str
    network: str
    labels: Mapping[str, str]
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    files: tuple[CopiedFile, ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    scratch: tuple[str, ...] = ()
    published: Published | None = None
    user: str | None = None

    def options(self) -> dict[str, Any]:
        """The plan in Docker's words."""
        options: dict[str, Any] = {
            "name": self.name,
            "network": self.network,
            "labels": dict(self.labels),
            "command": list(self.command) or None,
            "environment": dict(self.env),
            "volumes": {volume: {"bind": path, "mode": "rw"} for volume, path in self.volumes.items()},
            "tmpfs": dict.fromkeys(self.scratch, "mode=1777"),
            "log_config": {"type": "json-file", "config": {"max-size": "16m"}},
        }
        if self.entrypoint is not None:
            options["entrypoint"] = list(self.entrypoint)
        if self.user is not None:
            options["user"] = self.user
        if self.published is not None:
            options["ports"] = {f"{self.published.port}/tcp": (self.published.host, self.published.host_port)}
        return options

    def digest(self) -> str:
        """Changes when anything of the plan does, the contents of its files included."""
        files = [(file.path, hashlib.sha256(file.content).hexdigest(), file.mode, file.uid) for file in self.files]
        return hashlib.sha256(repr((self.image, sorted(self.options().items()), files)).encode()).hexdigest()


class Container:
    """A container that runs, or did. Not thread-safe."""

    def __init__(self, engine: Engine, found: Any, network: str) -> None:
        self._engine = engine
        self._found = found
        self._network = network

    @classmethod
    def start(cls, plan: Plan, deadline: Deadline) -> "Container":
        """Makes a container and starts it; when that fails, nothing is left of it.

        Raises:
            Unavailable: Docker cannot be reached or refuses; the image, the network or the port cannot be had.
            CannotCreate: Docker's disk is full.
            MayWorkLater: Docker did not answer in time.
        """
        what = f"starting container {plan.name}"
        with ExitStack() as undo:
            engine = Engine.open(deadline)
            undo.callback(engine.close)
            made = engine.create(what, plan.image, deadline, **plan.options())
            container = cls(engine, made, plan.network)
            undo.callback(container._discard)
            with engine.asked(what, deadline, image=plan.image):
                if plan.files:
                    made.put_archive("/", _archive(plan.files))
                made.start()
                made.reload()
            undo.pop_all()
        return container

    @classmethod
    def found(cls, name: str, network: str, deadline: Deadline) -> "Container | None":
        """The container of a name, which another process may have made; None when it is gone. Raises as `start`."""
        engine = Engine.open(deadline)
        with engine.asked(f"looking at container {name}", deadline) as client:
            try:
                return cls(engine, client.containers.get(name), network)
            except docker.errors.NotFound:
                engine.close()
                return None

    @property
    def name(self) -> str:
        """Its name, by which it is found on its network."""
        return str(self._found.name)

    @property
    def ip(self) -> str:
        """Its address on its network; reached from this machine and from the cluster.

        Raises:
            Unavailable: it has ended, and so has none; the message has the end of its log.
        """
        networks = self._found.attrs["NetworkSettings"]["Networks"]
        address = str(networks.get(self._network, {}).get("IPAddress", ""))
        if not address:
            self._require_running("it had an address")
            raise Unavailable(f"container {self.name} has no address on network {self._network}:\n{self.log_end()}")
        return address

    def wait_until(self, condition: Callable[[], T | None], deadline: Deadline, what: str) -> T:
        """Waits until a condition holds and returns what it returned.

        Raises:
            Unavailable: the container ended before; the message has the end of its log.
            CannotCreate: likewise, for want of room.
            DeadlineExceeded: it did not hold in time; the message has the end of the container's log.
        """
        due = now()

        def look() -> T | None:
            nonlocal due
            result = condition()
            if not result and now() >= due:
                self._require_running(what)
                due = now() + limits.INSPECT_EVERY
            return result

        try:
            return wait_for(look, deadline, what, every=limits.LOOK_EVERY)
        except DeadlineExceeded as error:
            self._require_running(what)
            raise DeadlineExceeded(f"{error}; the log of container {self.name} ends:\n{self.log_end()}") from None

    def finish(self, deadline: Deadline, what: str) -> None:
        """Waits until it has ended well.

        Raises:
            Unavailable, CannotCreate: it ended badly, or for want of room; the message has the end of its log.
            DeadlineExceeded: it had not ended in time.
        """
        wait_for(lambda: self.ended(deadline), deadline, f"the end of container {self.name}", every=limits.LOOK_EVERY)
        if self._found.attrs["State"]["ExitCode"]:
            self._require_running(what)

    def ended(self, deadline: Deadline) -> str:
        """How it has ended; empty while it runs. Raises as `Engine.asked` does."""
        with self._engine.asked(f"looking at container {self.name}", deadline):
            try:
                self._found.reload()
            except docker.errors.NotFound:
                return "was removed"
        state = self._found.attrs["State"]
        return f"ended with {state['ExitCode']}" if state["Status"] in _GONE else ""

    def signal(self, name: str, deadline: Deadline) -> None:
        """Sends a signal to its first process, and waits until the container has ended; one that has is fine.

        Raises:
            DeadlineExceeded: it had not ended in time.
        """
        with self._engine.asked(f"sending {name} to container {self.name}", deadline):
            try:
                self._found.kill(signal=name)
            except docker.errors.APIError as error:
                if error.status_code not in (CONFLICT, MISSING):  # it does not run, or is gone
                    raise
        wait_for(lambda: self.ended(deadline), deadline, f"the end of container {self.name}", every=limits.LOOK_EVERY)

    def start_again(self, deadline: Deadline) -> None:
        """Starts it once more, with its files; it may get another address. Raises as `start` does."""
        with self._engine.asked(f"starting container {self.name}", deadline):
            self._found.start()
            self._found.reload()

    def commit(self, repository: str, tag: str, deadline: Deadline) -> None:
        """Makes an image of its files, but for those on volumes. Raises as `Engine.asked` does."""
        with self._engine.asked(f"making image {repository}:{tag}", deadline):
            self._found.commit(repository, tag, pause=False)

    def log_end(self) -> str:
        """The last lines of its log, for a message."""
        with self._engine.asked(f"the log of container {self.name}", Deadline.after(limits.DOCKER_CALL)):
            text = self._found.logs(tail=50)[-limits.LOG_TAIL_BYTES :]
        return tail(text.decode(errors="replace"), "the log")

    def copy_log(self, to: Path, deadline: Deadline) -> Path:
        """Writes its whole log, both outputs, to a file; returns the file."""
        with self._engine.asked(f"the log of container {self.name}", deadline), to.open("wb") as file:
            for part in self._found.logs(stream=True, follow=False):
                file.write(part)
        return to

    def let_go(self) -> None:
        """Closes the connection to Docker, and leaves the container as it is."""
        self._engine.close()

    def stop(self, deadline: Deadline) -> None:
        """Removes it with its processes and its unnamed volumes; one that is gone is fine.

        Raises:
            Unavailable: Docker refuses.
            MayWorkLater: it was still there at the deadline.
        """
        remove(self._engine, self._found.id, self.name, deadline)
        self._engine.close()

    def _require_running(self, what: str) -> None:
        with self._engine.asked(f"looking at container {self.name}", Deadline.after(limits.DOCKER_CALL)):
            try:
                self._found.reload()
            except docker.errors.NotFound:
                raise Unavailable(f"container {self.name} was removed before {what}") from None
        state = self._found.attrs["State"]
        if state["Status"] in _GONE:
            code = state["ExitCode"]
            raise refusal(f"container {self.name} ended with {code} before {what}:\n{self.log_end()}")

    def _discard(self) -> None:
        with suppress(DrillError):  # the first error is the one to tell; `heal` removes what is left
            remove(self._engine, self._found.id, self.name, Deadline.after(limits.REMOVE))


def remove(engine: Engine, identity: str, name: str, deadline: Deadline) -> None:
    """Removes a container with its processes and its unnamed volumes, until it is gone. Raises as `stop` does."""
    what = f"removing container {name}"

    def gone() -> bool:
        with engine.asked(what, deadline) as client:
            try:
                client.api.remove_container(identity, force=True, v=True)
            except docker.errors.NotFound:
                return True
            except docker.errors.APIError as error:
                if error.status_code != CONFLICT:  # somebody else removes it already
                    raise
            return False

    wait_for(gone, deadline, f"the end of container {name}", every=limits.LOOK_EVERY)


def _archive(files: tuple[CopiedFile, ...]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in files:
            if not file.path.startswith("/"):
                raise InternalError(f"{file.path}: a copied file has an absolute path")
            entry = tarfile.TarInfo(file.path.removeprefix("/"))
            entry.size, entry.mode, entry.uid, entry.gid = len(file.content), file.mode, file.uid, file.uid
            archive.addfile(entry, io.BytesIO(file.content))
    return buffer.getvalue()
