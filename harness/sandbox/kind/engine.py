"""Docker as it is used here: every call ends in time, and every refusal is an error of our families.

testcontainers finds the engine (context, DOCKER_HOST, its own properties) and marks what it makes with its
session. Its reaper is a container of its own that cannot be had everywhere, and is not started: what nobody
owns any more is found by `heal`.
"""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import docker.errors
import requests.exceptions
from docker.constants import DEFAULT_UNIX_SOCKET
from testcontainers.core.docker_client import DockerClient, get_docker_host

from harness.clock import Deadline
from harness.errors import CannotCreate, DrillError, MayWorkLater, Unavailable
from harness.sandbox.kind import limits


class NameTaken(Unavailable):
    """A container of that name is there already."""


_REACH: Final = "start it, or give this user the right to use it: `docker info` must work"
_REMEDIES: Final = (
    (r"no space left on device|disk quota exceeded", CannotCreate, "make room on Docker's disk"),
    (r"port is already allocated|address already in use", Unavailable, "end what listens on that port"),
    (r"is already in use by container", NameTaken, "`drill heal` removes what an earlier run left"),
    (r"network \S+ not found", Unavailable, "`drill sandbox up kind` makes the cluster and its network"),
)
"""What Docker and programs in containers say, the error it means here, and what to do."""


class Engine:
    """A connection to Docker. Not thread-safe: each thread opens its own."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client

    @classmethod
    def open(cls, deadline: Deadline) -> "Engine":
        """Connects.

        Raises:
            Unavailable: Docker cannot be reached.
            MayWorkLater: it did not answer in time.
        """
        _require_listener(_patience(deadline))
        with told("connecting to Docker"):
            return cls(DockerClient(timeout=_patience(deadline)))

    @property
    def local(self) -> bool:
        """True when Docker runs on this machine: it is reached by a Unix socket."""
        return str(self._client.client.api.base_url) == "http+docker://localhost"

    @contextmanager
    def asked(self, what: str, deadline: Deadline, *, image: str = "") -> Iterator[Any]:
        """Docker's client, for calls that end by the deadline, with their errors told.

        Args:
            what: is asked for, as it should read in a message.
            deadline: bounds each call on its own.
            image: that the calls need.

        Raises:
            Unavailable: Docker cannot be reached or refuses; the image, the network or the port cannot be had.
            CannotCreate: Docker's disk is full.
            MayWorkLater: Docker did not answer in time.
        """
        client = self._client.client
        client.api.timeout = _patience(deadline)
        with told(what, image=image):
            yield client

    def create(self, what: str, image: str, deadline: Deadline, **options: Any) -> Any:
        """Makes a container, as docker-py's object. An image that is not there is not pulled.

        Raises as `asked` does.
        """
        with self.asked(what, deadline, image=image) as client:
            client.images.get(image)
            return self._client.create(image, **options)

    def images(self, deadline: Deadline) -> dict[str, str]:
        """The images of this machine: by name and tag the digest of the configuration. Raises as `asked` does."""
        with self.asked("looking for images", deadline) as client:
            found = client.api.images()
        return {name: str(one["Id"]) for one in found for name in one["RepoTags"] or ()}

    def close(self) -> None:
        """Closes the connection."""
        self._client.client.close()


@contextmanager
def told(what: str, *, image: str = "") -> Iterator[None]:
    """Turns what Docker's client raises into our errors. Raises as `Engine.asked` does."""
    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise Unavailable(
            f"{what}: Docker has no image {image}; build it or pull it (`make images` does for those of this project)"
        ) from error
    except docker.errors.APIError as error:
        raise refusal(f"{what}: Docker refused: {error.explanation or error}") from error
    except requests.exceptions.Timeout as error:
        raise MayWorkLater(f"{what}: Docker did not answer in time: {error}") from error
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise Unavailable(f"{what}: Docker cannot be reached: {error}; {_REACH}") from error


def refusal(message: str) -> DrillError:
    """The error that a message of Docker, or of a program in a container, means, with what to do about it."""
    for said, kind, remedy in _REMEDIES:
        if re.search(said, message, re.IGNORECASE):
            return kind(f"{message}; {remedy}")
    return Unavailable(message)


def _require_listener(patience: float) -> None:
    """Says plainly that nobody listens; Docker's client wraps that in three errors and forgets its socket."""
    path = (get_docker_host() or DEFAULT_UNIX_SOCKET).removeprefix("http+").removeprefix("unix://")
    if "://" in path:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(patience)
        refused = probe.connect_ex(path)
    if refused:
        raise Unavailable(f"Docker cannot be reached at {path}: {os.strerror(refused)}; {_REACH}")


def _patience(deadline: Deadline) -> float:
    return max(limits.DOCKER_LEAST, min(limits.DOCKER_CALL, deadline.left)).seconds
