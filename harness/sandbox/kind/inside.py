"""What is done inside a container that runs: programs to their end, files read and written."""

from __future__ import annotations

import io
import shlex
import tarfile
import threading
from pathlib import PurePosixPath
from typing import Final

import docker.errors

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, NotFound, Unavailable, WillNotWork
from harness.sandbox.common.logs import tail
from harness.sandbox.kind import limits
from harness.sandbox.kind.engine import Engine
from harness.units import Duration

_LEAST: Final = Duration.of(ms=100)  # timeout(1) takes 0 for no limit at all
_ENDED: Final = (124, 137)  # what timeout(1) returns of a program that it ended, or had to kill


class Inside:
    """The inside of one container, as the user that PostgreSQL runs as. Thread-safe.

    Args:
        container: its name.
        env: of the programs that run there.
    """

    def __init__(self, container: str, env: dict[str, str]) -> None:
        self._container, self._env = container, env
        self._engine: Engine | None = None
        self._owner: tuple[int, int] | None = None
        self._one = threading.Lock()

    def run(self, *command: str, deadline: Deadline) -> str:
        """Runs a program to its end, and returns what it printed, both outputs.

        Raises:
            WillNotWork: it failed; the message has what it said last.
            DeadlineExceeded: it took too long, and was ended.
            Unavailable: the container does not run.
        """
        code, said = self.end(*command, deadline=deadline)
        if code:
            raise WillNotWork(f"{command[0]} ended with {code}: {tail(said, 'what it said')}")
        return said

    def end(self, *command: str, deadline: Deadline) -> tuple[int, str]:
        """As `run`, but returns the exit code, too."""
        seconds = max(_LEAST, deadline.left).seconds
        limited = ["timeout", "--kill-after=1", f"{seconds:.3f}", *command]
        what = f"'{shlex.join(command[:1])}' in container {self._container}"
        with self._one, self._opened(deadline).asked(what, deadline) as client:
            client.api.timeout = seconds + limits.DOCKER_CALL.seconds  # the program is ended before
            try:
                made = client.api.exec_create(
                    self._container, limited, user="postgres", environment=self._env, stdin=False
                )
                said = client.api.exec_start(made["Id"])
                code = int(client.api.exec_inspect(made["Id"])["ExitCode"] or 0)
            except docker.errors.NotFound as error:
                raise Unavailable(f"{what}: {error.explanation or error}") from error
        if code in _ENDED and deadline.passed:
            raise DeadlineExceeded(f"{command[0]} was not done in time")
        return code, said.decode("utf-8", "replace")

    def read(self, path: str, deadline: Deadline) -> bytes:
        """What a file has.

        Raises:
            NotFound: it is not there.
        """
        with self._one, self._opened(deadline).asked(f"reading {path}", deadline) as client:
            try:
                parts, _ = client.api.get_archive(self._container, path)
                packed = b"".join(parts)
            except docker.errors.NotFound as error:
                raise NotFound(f"{path}: it is not there") from error
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            file = archive.extractfile(archive.getmembers()[0])
            if file is None:
                raise NotFound(f"{path}: it is no file")
            return file.read()

    def write(self, path: str, content: bytes, deadline: Deadline) -> None:
        """Writes a file anew, for PostgreSQL's user alone. Raises as `run` does."""
        if self._owner is None:
            user, group = self.run("sh", "-c", "id -u && id -g", deadline=deadline).split()
            self._owner = int(user), int(group)
        file = PurePosixPath(path)
        entry = tarfile.TarInfo(file.name)
        entry.size, entry.mode = len(content), 0o600
        entry.uid, entry.gid = self._owner
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.addfile(entry, io.BytesIO(content))
        with self._one, self._opened(deadline).asked(f"writing {path}", deadline) as client:
            client.api.put_archive(self._container, str(file.parent), buffer.getvalue())

    def close(self) -> None:
        """Closes the connection to Docker."""
        if self._engine is not None:
            self._engine.close()

    def _opened(self, deadline: Deadline) -> Engine:
        if self._engine is None:
            self._engine = Engine.open(deadline)
        return self._engine
