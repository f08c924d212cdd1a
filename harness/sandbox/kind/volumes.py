"""Volumes of Docker's: what outlives the containers that use it."""

from collections.abc import Mapping

import docker.errors

from harness.clock import Deadline
from harness.sandbox.kind.engine import Engine


def make_volume(engine: Engine, name: str, labels: Mapping[str, str], deadline: Deadline) -> None:
    """Makes a volume of Docker's; one that is there already is taken. Raises as `Engine.asked` does."""
    with engine.asked(f"making volume {name}", deadline) as client:
        client.api.create_volume(name, labels=dict(labels))


def remove_volume(engine: Engine, name: str, deadline: Deadline) -> None:
    """Removes a volume that no container uses; one that is gone is fine. Raises as `Engine.asked` does."""
    with engine.asked(f"removing volume {name}", deadline) as client:
        try:
            client.api.remove_volume(name)
        except docker.errors.NotFound:
            return
