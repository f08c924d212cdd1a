"""Redis of one drill: sessions. Nothing of it is kept when it ends, and nobody enters without the password."""

import secrets
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from harness.clock import Deadline
from harness.errors import DrillError, InternalError
from harness.sandbox.kind import limits
from harness.sandbox.kind.containers import Container, CopiedFile, Plan
from harness.sandbox.kind.marks import Mark
from harness.system.values import Address

PORT: Final = 6379
_USER: Final = 10001  # any but root: nothing in the image belongs to it
_CONFIG: Final = "/drill/redis.conf"


class DrillRedis:
    """The sessions of one drill.

    Args:
        name: of the drill's sandbox; the container is named after it.
        network: of the cluster.
        mark: of the drill.
        image: of Redis.
    """

    def __init__(self, name: str, *, network: str, mark: Mark, image: str) -> None:
        self._password = secrets.token_urlsafe(24)
        config = f'requirepass {self._password}\nsave ""\nappendonly no\ndir /data\n'
        self.name = f"{name}-redis"
        self._plan = Plan(
            image=image,
            name=self.name,
            network=network,
            labels=mark.labels("redis"),
            entrypoint=("redis-server", _CONFIG),
            files=(CopiedFile(_CONFIG, config.encode(), mode=0o400, uid=_USER),),
            scratch=("/data",),
            user=str(_USER),
        )
        self._container: Container | None = None

    @property
    def address(self) -> Address:
        """Where it is reached on the cluster's network."""
        if self._container is None:
            raise InternalError(f"{self.name} was not started")
        return Address(self._container.ip, PORT)

    def service_url(self, host: str) -> str:
        """For services, which reach it as `host`: holds the password."""
        return f"redis://:{self._password}@{host}:{PORT}/0"

    def start(self, deadline: Deadline) -> None:
        """Starts it, until it answers; when that fails, nothing is left of it.

        Raises:
            Unavailable: Docker or the image cannot be had, or Redis ended; the message has its last words.
            MayWorkLater: it did not answer in time.
        """
        with ExitStack() as undo:
            undo.callback(self._discard)
            self._container = container = Container.start(self._plan, deadline)
            container.wait_until(self._answers, deadline, "Redis answered")
            undo.pop_all()

    def copy_log(self, to: Path, deadline: Deadline) -> tuple[Path, ...]:
        """Copies its log into a folder that is there; returns the copy."""
        return () if self._container is None else (self._container.copy_log(to / "redis.log", deadline),)

    def close(self, deadline: Deadline) -> None:
        """Removes it and waits until it is gone; a second call does nothing."""
        if self._container is not None:
            self._container.stop(deadline)
            self._container = None

    def _answers(self) -> bool:
        address = self.address
        try:
            with socket.create_connection((address.host, address.port), limits.CONNECT.seconds) as client:
                client.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                with client.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False

    def _discard(self) -> None:
        with suppress(DrillError):  # the first error is the one to tell; `heal` removes what is left
            self.close(Deadline.after(limits.REMOVE))
