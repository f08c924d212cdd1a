"""The images of a system's releases: they get into the cluster's registry, where pods pull them from."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, MayWorkLater, Unavailable
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.registry import Image, Registry
from harness.system.model import SystemModel
from harness.system.releases import versions

_USED: Final = "of-this-drill"  # a tag that a drill's own repository has once it is complete


class PublishedImages:
    """The port Images, over the cluster's registry, and what faults do to it.

    The registry is everybody's, so nothing is taken out of it. A drill that takes an image away gets repositories of
    its own, below its name, with all images but that one, and from then on its pods and its checks go there. Which it
    uses is read from the registry each time: whoever takes the fault back may be another process.

    Args:
        model: the system.
        registry: the cluster's.
        drill: the name of the drill's sandbox.
    """

    def __init__(self, model: SystemModel, registry: Registry, drill: str) -> None:
        self._model = model
        self._registry = registry
        self._drill = drill

    def reference(self, service: str, version: str) -> str:
        """See the port."""
        return self.current(self._seen(self._model.image(service, version)))

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
                return (self._registry.has(self._seen(image)),)
            except MayWorkLater:
                if deadline.passed:
                    raise
                return None

        return wait_for(answer, deadline, f"an answer of the registry about {image}")[0]

    def remove(self, service: str, version: str, deadline: Deadline) -> None:  # noqa: ARG002 - the registry has its own
        """Takes an image away from this drill, and from no other."""
        image = Image.parse(self._model.image(service, version))
        own = self._own(image)
        if not self._is_used(own):
            tags = self._registry.tags(image.repository)
            for tag in tags:
                self._registry.copy(f"{image.repository}:{tag}", f"{own.repository}:{tag}")
            for tag in tags[:1]:
                self._registry.copy(f"{image.repository}:{tag}", f"{own.repository}:{_USED}")
        self._registry.delete(str(own))

    def restore(self, service: str, version: str, deadline: Deadline) -> None:
        """Gives the drill the image again.

        Raises:
            NotFound: it has gone meanwhile, and not by this drill.
            DeadlineExceeded: there was no time left to ask for it.
        """
        image = Image.parse(self._model.image(service, version))
        if deadline.passed:
            raise DeadlineExceeded(f"there was no time left to give the drill {image} again")
        if self._is_used(self._own(image)):
            self._registry.copy(str(image), str(self._own(image)))

    def _seen(self, image: str) -> str:
        """The image where this drill looks for it."""
        own = self._own(Image.parse(image))
        return str(own) if self._is_used(own) else image

    def _own(self, image: Image) -> Image:
        return Image(f"{self._drill}/{image.repository}", image.tag)

    def _is_used(self, own: Image) -> bool:
        return self._registry.has(f"{own.repository}:{_USED}")


def forget(registry: Registry, drill: str) -> None:
    """Empties the repositories of a drill. What is then left of them in the registry are their names.

    Raises:
        MayWorkLater: the registry does not answer.
    """
    for repository in registry.repositories(drill):
        for tag in registry.tags(repository):
            registry.delete(f"{repository}:{tag}")


def images_of(model: SystemModel) -> frozenset[str]:
    """The images of all releases of a system."""
    return frozenset(model.image(service, version) for service in model.services for version in versions(model))


def publish(images: frozenset[str], registry: Registry, needed: frozenset[str], deadline: Deadline) -> None:
    """Pushes the images that this machine has and the registry has not, or has otherwise.

    Args:
        images: what is wanted.
        registry: the cluster's.
        needed: images without which nothing can begin; of the others some may be missing.
        deadline: when all must be there.

    Raises:
        Unavailable: a needed image is neither in the registry nor on this machine.
        MayWorkLater: the registry or Docker did not answer in time.
    """
    with closing(Engine.open(deadline)) as engine:
        own = engine.images(deadline)
    for image in sorted(images | needed):
        if registry.holds(image, own.get(image)):
            continue
        try:
            registry.push(image, deadline)
        except Unavailable:  # a release that was never built is one that a drill may be about
            if image in needed:
                raise
