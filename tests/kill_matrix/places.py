"""Where the drill of a cell runs, and what it may leave there: one class for each sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.support.cluster_inspector import Cluster, Inhabited, kubeconfig_of

LIMIT: Final = 10.0  # seconds, from the end of a drill to that of everything
LIMIT_ON_KIND: Final = 90.0  # as long as a cluster takes to end a namespace with everything in it
CLUSTER: Final = "rollback-drill"
STANDBY: Final = "1.1.0"
REGISTRY: Final = "localhost:5001"


class Place:
    """The embedded sandbox leaves nothing beside processes and files.

    `system`: what the drill is of, where the place decides that. `env`: variables that its commands need.
    """

    name = "embedded"
    limit = LIMIT
    allowed: AbstractSet[str] = frozenset({".lock"})  # whoever comes next takes it
    system: Path | None = None
    env: Mapping[str, str] = {}

    def __init__(self, _home: Path, _stays: ExitStack, _steps: Sequence[str]) -> None:
        pass

    def left(self, run: str) -> list[str]:  # noqa: ARG002 - a cluster needs it
        """Nothing."""
        return []


class OnKind(Place):
    """A cluster, Docker and a registry, which others may use at the same time."""

    name = "kind"
    limit = LIMIT_ON_KIND
    allowed = frozenset({".lock", ".kind", ".kind.lock", "drills", f"{CLUSTER}.kubeconfig", f"{CLUSTER}.lock"})

    def __init__(self, home: Path, stays: ExitStack, steps: Sequence[str]) -> None:
        super().__init__(home, stays, steps)
        self._kubeconfig = kubeconfig_of(CLUSTER, home / "kubeconfig")
        self._before = self._look()

    def left(self, run: str) -> list[str]:
        """What a run left there."""
        return self._look().left_of(run, self._before)

    def _look(self) -> Cluster:
        return Cluster.look(self._kubeconfig, REGISTRY)


class OnCluster(OnKind):
    """A namespace where a system runs already, with the standby that a drill asks for; it must be as it was."""

    name = "cluster"

    def __init__(self, home: Path, stays: ExitStack, steps: Sequence[str]) -> None:
        from tests.support.kind import opened_on_kind, runs_already  # noqa: PLC0415 - it takes a second to import
        from tests.support.sandboxes import echo  # noqa: PLC0415 - likewise

        standby = {"echo": STANDBY} if any(f"with {STANDBY} on standby" in one for one in steps) else {}
        there = stays.enter_context(opened_on_kind(echo(), standby=standby))
        self.system = runs_already(there, home / "system")
        self.env = {"KUBECONFIG": str(there.kube.kubeconfig)}
        self._namespace = there.kube.namespace
        super().__init__(home, stays, steps)
        self._was = self._inhabited()

    def left(self, run: str) -> list[str]:
        """What a run left there, or has changed of the system."""
        return [*super().left(run), *self._inhabited().differs_from(self._was)]

    def _inhabited(self) -> Inhabited:
        return Inhabited.look(self._kubeconfig, self._namespace)


PLACES: Final[Mapping[str, Callable[[Path, ExitStack, Sequence[str]], Place]]] = {
    one.name: one for one in (Place, OnKind, OnCluster)
}
