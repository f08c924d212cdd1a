"""Removes the containers and volumes that nobody owns any more. Touches nothing that is not provably ours."""

from contextlib import closing

from harness.clock import Deadline
from harness.sandbox.kind.containers import remove
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.marks import OWNER, Abandoned, Found, Home, abandoned, alive, utc_seconds
from harness.sandbox.kind.volumes import remove_volume


def heal(deadline: Deadline, *, among: str = OWNER) -> tuple[Abandoned, ...]:
    """Removes what belongs to owners that are gone, and what has expired where the owner cannot be looked up.

    Args:
        deadline: when everything must be gone.
        among: only what has this label, or this value of a label ("label=value"), is looked at.

    Returns:
        What was removed and why.

    Raises:
        Unavailable: Docker cannot be reached.
        MayWorkLater: it did not answer in time, or something was still there at the deadline.
    """
    with closing(Engine.open(deadline)) as engine:
        left = abandoned(
            marked(engine, among, deadline),
            home=Home.here(),
            now=utc_seconds(),
            is_alive=alive,
            local=engine.local,
        )
        for one in left:
            remove_one(engine, one.found, deadline)
        return left


def remove_all(label: str, value: str, deadline: Deadline) -> tuple[Found, ...]:
    """Removes all that has a value of a label: RUN for one run, CLUSTER for what is warm beside a cluster.

    Returns:
        What that was.

    Raises as `heal` does.
    """
    with closing(Engine.open(deadline)) as engine:
        found = marked(engine, f"{label}={value}", deadline)
        for one in found:
            remove_one(engine, one, deadline)
        return found


def anything_has(label: str, deadline: Deadline) -> bool:
    """True while there is a container or a volume with a label, of whatever value. Raises as `heal` does."""
    with closing(Engine.open(deadline)) as engine:
        return bool(marked(engine, label, deadline))


def marked(engine: Engine, label: str, deadline: Deadline) -> tuple[Found, ...]:
    """The containers with a label, then the volumes: a volume cannot go before what uses it."""
    with engine.asked("looking for what earlier runs left", deadline) as client:
        containers = client.api.containers(all=True, filters={"label": label})
        volumes = client.api.volumes(filters={"label": label})["Volumes"] or []
    found = [Found("container", one["Id"], one["Names"][0].removeprefix("/"), one["Labels"]) for one in containers]
    found += [Found("volume", one["Name"], one["Name"], one["Labels"] or {}) for one in volumes]
    return tuple(found)


def remove_one(engine: Engine, found: Found, deadline: Deadline) -> None:
    """Removes a container or a volume. Raises as `heal` does."""
    if found.kind == "container":
        remove(engine, found.id, found.name, deadline)
        return
    remove_volume(engine, found.name, deadline)
