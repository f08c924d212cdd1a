"""The images of a system's releases: they get into the cluster's registry, where pods pull them from."""

from __future__ import annotations

from contextlib import closing

from harness.clock import Deadline, wait_for
from harness.errors import MayWorkLater, Unavailable
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.registry import Registry
from harness.system.model import SystemModel
from harness.system.releases import versions


class PublishedImages:
    """The port Images, over the cluster's registry, and what faults do to it."""

    def __init__(self, model: SystemModel, registry: Registry) -> None:
        self._model = model
        self._registry = registry

    def reference(self, service: str, version: str) -> str:
        """See the port."""
        return self.current(self._model.image(service, version))

    def current(self, image: str) -> str:
        """An image as pods name it: by its digest, so that a node runs no older one that it has by the same name."""
        digest = self._registry.digest(image)
        name = self._registry.name(image)
        return name if digest is None else f"{name}@{digest}"

    def has(self, service: str, version: str, deadline: Deadline) -> bool:
        """See the port."""
        image = self._model.image(service, version)

        def answer() -> tuple[bool] | None:
            try:
                return (self._registry.has(image),)
            except MayWorkLater:
                if deadline.passed:
                    raise
                return None

        return wait_for(answer, deadline, f"an answer of the registry about {image}")[0]

    def remove(self, service: str, version: str, deadline: Deadline) -> None:  # noqa: ARG002 - the registry has its own
        """Takes an image out of the registry: of all who use it, so a drill that does this disturbs those beside it."""
        self._registry.delete(self._model.image(service, version))

    def restore(self, service: str, version: str, deadline: Deadline) -> None:
        """Puts it back, from this machine.

        Raises:
            Unavailable: this machine has not got it.
            MayWorkLater: it was not done in time.
        """
        image = self._model.image(service, version)
        if not self._registry.has(image):
            self._registry.push(image, deadline)


def publish(model: SystemModel, registry: Registry, needed: frozenset[str], deadline: Deadline) -> None:
    """Pushes the images of all releases that this machine has and the registry has not, or has otherwise.

    Args:
        model: the system.
        registry: the cluster's.
        needed: images without which nothing can begin; of the others some may be missing.
        deadline: when all must be there.

    Raises:
        Unavailable: a needed image is neither in the registry nor on this machine.
        MayWorkLater: the registry or Docker did not answer in time.
    """
    releases = {model.image(service, version) for service in model.services for version in versions(model)}
    with closing(Engine.open(deadline)) as engine:
        own = engine.images(deadline)
    for image in sorted(releases | needed):
        if registry.holds(image, own.get(image)):
            continue
        try:
            registry.push(image, deadline)
        except Unavailable:  # a release that was never built is one that a drill may be about
            if image in needed:
                raise
