"""Brings a system up in a namespace of its own on the warm cluster, with its database in a container beside it.

What is made bears the mark of this process; `heal` removes it when this process is gone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from harness.clock import Deadline, wait_for
from harness.errors import NotFound
from harness.sandbox.kind import cluster, images, left, limits, warm
from harness.sandbox.kind.database import DrillDatabase
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kubernetes import database as endpoint
from harness.sandbox.kubernetes import limits as kubernetes_limits
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.system import KubernetesSystem
from harness.system.model import SystemModel
from harness.system.values import Address


class KindSandbox(KubernetesSystem):
    """A live system in a namespace of its own; made by `start`, ended by `close`."""

    def __init__(self, ends: ExitStack, container: DrillDatabase | None, kube: Kube, **parts: object) -> None:
        super().__init__(kube, **parts)  # type: ignore[arg-type]
        self._ends = ends
        self._container = container

    def copy_logs(self, to: Path) -> tuple[Path, ...]:
        """The logs of pods and containers."""
        copies = super().copy_logs(to)
        return copies if self._container is None else (*copies, *self._container.copy_logs(to))

    def close(self, deadline: Deadline) -> None:
        """Ends everything; what the cluster still has to do then, it does by itself."""
        self._ends.close()
