"""Containers that live as long as the cluster: found, or made when they are not there or not what they should be.

Several drills may ask at the same time. Docker decides by the name who makes it; the others take what was made.
"""

from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

import docker.errors

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, Unavailable
from harness.sandbox.kind import limits
from harness.sandbox.kind.containers import Container, Plan, remove
from harness.sandbox.kind.engine import Engine, NameTaken
from harness.sandbox.kind.marks import CLUSTER

_PLAN: Final = "rollback-drill/plan"  # label: the digest of the plan that the container was made by


def ensure(plan: Plan, deadline: Deadline) -> Container:
    """The container of a plan, running: the one that is there, or a new one.

    Raises:
        Unavailable: Docker refuses, or another container has the name.
        CannotCreate: Docker's disk is full.
        MayWorkLater: Docker did not answer in time, or others kept changing the container.
    """
    digest = plan.digest()
    labelled = replace(plan, labels={**plan.labels, _PLAN: digest})

    def attempt() -> Container | None:
        container = _adopted(plan, digest, deadline)
        if container is not None:
            return container
        try:
            return Container.start(labelled, deadline)
        except NameTaken:
            return None  # somebody else makes it at this moment

    return wait_for(attempt, deadline, f"the start of container {plan.name}", every=limits.LOOK_EVERY)


def _adopted(plan: Plan, digest: str, deadline: Deadline) -> Container | None:
    """The running container of the plan; any other that we made by this name is removed."""
    with ExitStack() as undo:
        engine = Engine.open(deadline)
        undo.callback(engine.close)
        found = _found(engine, plan.name, deadline)
        if found is None:
            return None
        if CLUSTER not in found.labels:
            raise Unavailable(
                f"there is a container {plan.name} that the harness did not make, where it needs its own; "
                f"rename it, or remove it: docker rm --force {plan.name}"
            )
        found = _made(engine, found, deadline)
        if found is None:
            return None
        if found.status == "running" and found.labels.get(_PLAN) == digest:
            undo.pop_all()
            return Container(engine, found, plan.network)
        remove(engine, found.id, plan.name, deadline)
    return None


def _made(engine: Engine, found: Any, deadline: Deadline) -> Any:
    """The container once whoever makes it has started it; as it is when nobody does."""
    latest = found

    def settled() -> bool:
        nonlocal latest
        latest = _found(engine, found.id, deadline)
        return latest is None or latest.status != "created"

    try:
        wait_for(settled, deadline.within(limits.MAKING), "the start of a container", every=limits.LOOK_EVERY)
    except DeadlineExceeded:
        return latest
    return latest


def _found(engine: Engine, name: str, deadline: Deadline) -> Any:
    with engine.asked(f"looking for container {name}", deadline) as client:
        try:
            return client.containers.get(name)
        except docker.errors.NotFound:
            return None
