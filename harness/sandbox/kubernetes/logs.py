"""What the pods of a drill printed and how they ended, also of those that a rollback has removed since.

A cluster forgets a pod's log with the pod, and most of what people want to know of a failed release is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.pods import detail_of, last_lines_of, state_of, status_of

_STATES: Final = "pods.txt"


class PodLogs:
    """The logs of one namespace. Not thread-safe."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._logs: dict[str, str] = {}  # by the name of the file that it becomes
        self._states: dict[str, str] = {}  # by pod: what it was last seen to be

    def keep(self, pods: Iterable[Any]) -> None:
        """Takes what pods have printed until now, before they are removed. A log that cannot be had is left out."""
        for pod in pods:
            name = pod.metadata.name
            status = status_of(pod)
            self._states[name] = ", ".join(text for text in (str(state_of(pod)), detail_of(pod)) if text)
            if status and status.restart_count:
                self._logs[f"{name}.previous.log"] = last_lines_of(self._kube, pod, lines=None, previous=True)
            self._logs[f"{name}.log"] = last_lines_of(self._kube, pod, lines=None, previous=False)

    def copy(self, to: Path) -> tuple[Path, ...]:
        """Writes the logs of all pods that are there or were kept, and a line for each pod on how it was last seen.

        Raises:
            DrillError: the cluster does not say which pods there are.
        """
        self.keep(self._kube.call(self._kube.core.list_namespaced_pod, self._kube.namespace).items)
        to.mkdir(parents=True, exist_ok=True)
        states = "".join(f"{name}: {state}\n" for name, state in sorted(self._states.items()))
        copies = []
        for name, text in {**self._logs, _STATES: states}.items():
            (to / name).write_text(text, encoding="utf-8")
            copies.append(to / name)
        return tuple(copies)
