"""The images of a system's releases: they get into the cluster's registry, where pods pull them from."""

from __future__ import annotations

from harness.clock import Deadline
from harness.errors import NotFound
from harness.sandbox.kind.cluster import REGISTRY
from harness.sandbox.kind.registry import Registry
from harness.system.model import SystemModel
from harness.system.releases import versions


def reference(image: str) -> str:
    """An image as pods name it."""
    return f"{REGISTRY}/{image}"


def publish(model: SystemModel, registry: Registry, needed: frozenset[str], deadline: Deadline) -> None:
    """Pushes the images of all releases that this machine has and the registry does not.

    Args:
        model: the system.
        registry: the cluster's.
        needed: images without which nothing can begin; of the others some may be missing.
        deadline: when all must be there.

    Raises:
        NotFound: a needed image is neither in the registry nor on this machine.
        MayWorkLater: the registry or Docker did not answer in time.
    """
    releases = {model.image(service, version) for service in model.services for version in versions(model)}
    for image in sorted(releases | needed):
        if not registry.has(image, deadline) and not registry.push(image, deadline) and image in needed:
            raise NotFound(
                f"there is no image {image}, neither in the cluster's registry nor on this machine; build it "
                "(docker build, or 'make images' for the sample system)"
            )
