"""What the worlds of a gate run stand on in a cluster: the warm cluster, images of the releases, charts. Effects."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from harness.clock import Deadline
from harness.drill.sandboxes import KIND, make_ready, which
from harness.gate import goods
from harness.gate.service import UNIT, program
from harness.gate.variation import Release
from harness.sandbox.kind import base, leftovers
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.registry import Registry
from harness.sandbox.kubernetes.tools import require
from harness.settings import Settings

VERSIONS: Final = (goods.TARGET, goods.ALIKE[0], goods.BETWEEN, goods.CURRENT)
"""In the order in which they were released."""
PORT: Final = 8080  # as in the chart
_CHART: Final = Path(__file__).with_name("chart")
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - in a pod, whose address is its own
_KINDS: Final = (Release.GOOD, Release.MISSING, Release.BROKEN, Release.UNHEALTHY)
"""What shows in images; whatever else may be wrong with a release is in the cluster."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Made by `prepare`.

    Attributes:
        cluster: where the worlds are.
        state_dir: where the notes of what is to be removed lie.
        charts: the folder of the charts, one of each version.
        agent: the image of the pod that ends a namespace.
        repositories: the images of the releases, by what is wrong with the target's.
    """

    cluster: Cluster
    state_dir: Path
    charts: Path
    agent: str
    repositories: dict[Release, str]

    def image(self, release: Release, version: str) -> str:
        """The image of a release.

        Args:
            release: what the target's is in this world.
            version: of the release.
        """
        return f"{self.repositories.get(release, self.repositories[Release.GOOD])}:{version}"


def prepare(folder: Path, tell: Callable[[str], object]) -> Ground:
    """Makes the cluster if there is none, removes what killed runs left there, and lays images and charts.

    Args:
        folder: the gate's own, for the charts.
        tell: takes a sentence when something takes a while.

    Raises:
        Unavailable: a tool or the cluster cannot be had; says what to do.
        DrillError: what is needed could not be made.
    """
    require("kubectl")
    settings = Settings()
    make_ready(KIND, (), settings, tell=tell)
    leftovers.heal(settings.state_dir, Deadline.after(settings.heal))
    cluster = base.attach(settings.state_dir, which(settings))
    with closing(Registry(cluster.which.port)) as registry:
        repositories = {release: _lay_images(registry, release) for release in _KINDS}
        agent = f"{registry.name(base.AGENT)}@{registry.digest(base.AGENT)}"
    charts = folder / "charts"
    for version in VERSIONS:
        shutil.copytree(_CHART, charts / version)
        (charts / version / "Chart.yaml").write_text(yaml.safe_dump(_about(version)), encoding="utf-8")
    return Ground(cluster, settings.state_dir, charts, agent, repositories)


def _about(version: str) -> dict[str, Any]:
    return {"apiVersion": "v2", "name": UNIT, "version": version, "appVersion": version}


def _lay_images(registry: Registry, release: Release) -> str:
    """Sees to it that there is an image of each version; gives their repository.

    Its name tells what is in them, so a node never runs what an older gate has laid.
    """
    texts = {
        version: program(version, release if version == goods.TARGET else Release.GOOD, _EVERYWHERE)
        for version in VERSIONS
        if not (release is Release.MISSING and version == goods.TARGET)
    }
    whole = repr((sorted(texts.items()), registry.digest(base.AGENT)))
    repository = f"rollback-drill/{UNIT}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"
    for version, text in texts.items():
        if not registry.has(f"{repository}:{version}"):
            registry.derive(base.AGENT, f"{repository}:{version}", ("tini", "--", "python3", "-c", text, str(PORT)))
    return f"{registry.address}/{repository}"
