"""What this machine has of all that drills on kind need. Looks only: makes nothing, pulls nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from harness.clock import Deadline
from harness.errors import DrillError, MayWorkLater, Unavailable
from harness.sandbox.kind import base, cluster, limits
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.registry import Registry
from harness.sandbox.kind.which import Which
from harness.sandbox.kubernetes import helm
from harness.sandbox.kubernetes.tools import version_of
from harness.system.model import SystemModel
from harness.units import counted


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at; without a `needed` one no drill runs on kind."""

    what: str
    good: bool
    detail: str
    needed: bool = True


def survey(state_dir: Path, which: Which, model: SystemModel | None) -> tuple[Look, ...]:
    """The tools with their versions; and, where Docker answers, the images and the cluster.

    Args:
        state_dir: where the cluster's kubeconfig is.
        which: the cluster.
        model: the system whose images are looked for; those of no system when None.
    """
    docker = _look("docker", cluster.docker_version)
    tools = (
        docker,
        _look("kind", cluster.kind_version),
        _look("helm", lambda: str(helm.version())),
        _look("kubectl", lambda: str(version_of("kubectl", "version", "--client")), needed=False),
    )
    if not docker.good:
        return tools
    return (
        *tools,
        _look("images", lambda: _images(which, model)),
        _look("cluster", lambda: _cluster(state_dir, which)),
    )


def _look(what: str, look: Callable[[], str], *, needed: bool = True) -> Look:
    try:
        return Look(what, True, look(), needed)
    except DrillError as error:
        return Look(what, False, str(error), needed)


def _images(which: Which, model: SystemModel | None) -> str:
    needed = {Images().registry, base.AGENT}
    if model is not None:
        model.on_kubernetes  # noqa: B018 - raises what is wrong: without it there are no images
        needed |= {model.image(service, model.releases.current) for service in model.services}
    if model is None or model.database is not None:
        needed.add(Images().postgres)
    deadline = Deadline.after(limits.QUICK)
    with closing(Engine.open(deadline)) as engine:
        own = engine.images(deadline)
    with closing(Registry(which.port)) as registry:
        missing = sorted(image for image in needed if _plain(image) not in own and not _has(registry, image))
    if missing:
        raise Unavailable(
            f"not on this machine: {', '.join(missing)}; 'make images' gets those of this project, "
            "those of a system are its own to build"
        )
    return ", ".join(sorted(needed))


def _plain(image: str) -> str:
    return image.removeprefix("docker.io/").removeprefix("library/")


def _has(registry: Registry, image: str) -> bool:
    try:
        return registry.has(image)
    except MayWorkLater:  # it is not there before the cluster is
        return False


def _cluster(state_dir: Path, which: Which) -> str:
    found = cluster.find(state_dir, which)
    if found is not None:
        return f"{which.name}, Kubernetes {base.server_version(found)}, {counted(len(found.nodes), 'node')}"
    if cluster.runs(which):
        raise Unavailable(f"{which.name} runs but does not answer; 'drill sandbox down kind' removes it")
    return f"{which.name} is not there yet; the first drill makes it, and so does 'drill sandbox up kind'"
