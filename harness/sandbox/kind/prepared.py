"""An image of PostgreSQL with a cluster in it, so that a drill's server need not make one.

initdb makes a thousand files, which takes two cores at work with pods several seconds; an image holds them already.
There is no password in it: until a drill gives the roles theirs, nobody enters.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import closing
from importlib import resources
from typing import Final

import docker.errors

from harness.clock import Deadline
from harness.sandbox.common.postgres import HARNESS_ROLE, INITDB_OPTIONS, SERVICE_ROLE
from harness.sandbox.kind import limits
from harness.sandbox.kind.containers import CONFLICT, Container, CopiedFile, Plan
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.marks import PART, Mark

CLUSTER: Final = "/cluster"
DATABASE: Final = "system"  # a drill gives it the system's name
_REPOSITORY: Final = "rollback-drill/postgres-made"
_PART: Final = "postgres-make"
_MAKE: Final = "postgres-make.sh"
_ARGUMENTS: Final = (CLUSTER, HARNESS_ROLE, SERVICE_ROLE, DATABASE, *INITDB_OPTIONS)


def prepared(image: str, mark: Mark, deadline: Deadline) -> str:
    """The image that was made of `image`; makes it the first time. Several may at the same time: the last one counts.

    Raises:
        Unavailable: Docker or the image cannot be had, or no cluster can be made; the message has the last words.
        CannotCreate: there is no room.
        MayWorkLater: it was not made in time.
    """
    with closing(Engine.open(deadline)) as engine, engine.asked("looking for images", deadline, image=image) as client:
        tag = _digest(client.images.get(image).id)
        if client.images.list(f"{_REPOSITORY}:{tag}"):
            return f"{_REPOSITORY}:{tag}"
    container = Container.start(
        Plan(
            image=image,
            name=f"{mark.run}-{_PART}-{secrets.token_hex(4)}",
            network="none",
            labels=mark.labels(_PART),
            entrypoint=(f"/drill/{_MAKE}",),
            command=_ARGUMENTS,
            files=(script(_MAKE),),
        ),
        deadline,
    )
    try:
        container.finish(deadline, "a database cluster was made")
        container.commit(_REPOSITORY, tag, deadline)
    finally:
        container.stop(Deadline.after(limits.REMOVE))
    return f"{_REPOSITORY}:{tag}"


def remove_prepared(deadline: Deadline) -> None:
    """Removes all such images, for when the cluster goes; a container that still runs keeps its own.

    Raises:
        Unavailable: Docker cannot be reached.
        MayWorkLater: it did not answer in time.
    """
    with closing(Engine.open(deadline)) as engine:
        with engine.asked("looking for images", deadline) as client:
            found = client.images.list(filters={"label": f"{PART}={_PART}"})  # which the container had
        for one in found:
            with engine.asked(f"removing image {one.short_id}", deadline) as client:
                try:
                    client.images.remove(one.id, force=True)
                except docker.errors.NotFound:
                    continue
                except docker.errors.APIError as error:
                    if error.status_code != CONFLICT:
                        raise


def script(name: str) -> CopiedFile:
    """One of this package's scripts, as a container finds it."""
    return CopiedFile(f"/drill/{name}", resources.files(__package__).joinpath(name).read_bytes(), mode=0o755)


def _digest(image: str) -> str:
    """Changes when the image, the script or what it is given does."""
    text = repr((image, script(_MAKE).content, _ARGUMENTS))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
