"""What a drill and the pod that ends its doings have in common, where the machine that runs the drill is lost.

The pod waits for the drill's beat, an annotation that this machine writes again and again. Both sides use their own
clock only.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.clock import utc_anchor
from harness.errors import DrillError, MayWorkLater, WillNotWork
from harness.sandbox.kubernetes import names
from harness.sandbox.kubernetes.helpers import confined
from harness.units import Duration

_LOG: Final = logging.getLogger(__name__)
_BEATS: Final = 20  # in the time of silence that is borne: most of them may be lost
_FRESH: Final = 2 / _BEATS  # of the silence: a beat that was due since has come, or is asked for
_STALE: Final = 0.8  # of the silence: what is begun before then ends before the pod acts; one act takes a minute
_READY_PORT: Final = 8081  # likewise in harness/sandbox/kind/agent/silence.py


class Beat:
    """Goes from `start` until `close`.

    Args:
        of: what it is the beat of, in words.
        write: writes the metadata of an object; raises WillNotWork where that is not this drill's any more, and another
            DrillError where it could not be written.
        silence: that the pod bears.
    """

    def __init__(self, of: str, write: Callable[[Mapping[str, Any]], object], silence: Duration) -> None:
        self._of, self._write, self._silence = of, write, silence
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, name="beat", daemon=True)
        self._last = utc_anchor()
        self._lost: WillNotWork | None = None

    def once(self) -> None:
        """One beat. Raises as `write` does."""
        begun = utc_anchor()
        try:
            self._write({"annotations": beat()})
        except WillNotWork as error:
            self._lost = error
            raise
        self._last = begun

    def start(self) -> None:
        """From now on it goes by itself."""
        self._thread.start()

    def require(self) -> None:
        """Does nothing while the pod has heard the drill a short time ago; else beats.

        Raises:
            WillNotWork: the pod may be at it, or was: what the drill did is ended, and it must not do more.
        """
        if self._lost is not None:
            raise WillNotWork(str(self._lost))
        silent = self._silent
        if silent <= self._silence * _FRESH:
            return
        try:
            self.once()
        except MayWorkLater as error:
            if silent > self._silence * _STALE:
                raise WillNotWork(f"{self._of} has not heard of the drill for {silent}: {error}") from error

    def close(self) -> None:
        """Ends it; the pod acts some time later, if nobody ends that before."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def _silent(self) -> Duration:
        """Since the last beat, by the clock that says more: the monotonic one stands still while a machine sleeps."""
        at, utc = utc_anchor()
        return max(at - self._last[0], Duration(utc - self._last[1]))

    def _keep_beating(self) -> None:
        while not self._over.wait((self._silence * (1 / _BEATS)).seconds):
            try:
                self.once()
            except DrillError as error:  # the cluster is away; whether that lasts too long is judged in it
                _LOG.warning("the beat of %s: %s", self._of, error)


def beat() -> dict[str, str]:
    """The annotation: any text that differs from the one before."""
    return {names.BEAT: str(utc_anchor()[1])}


def listener(
    metadata: Mapping[str, Any], *, image: str, module: str, namespace: str, silence: Duration
) -> dict[str, Any]:
    """The Deployment of the pod that listens. Its service account has the name of the Deployment.

    Args:
        metadata: of the Deployment, with name and labels.
        image: of the agent, see `harness/sandbox/kind/agent`.
        module: of the agent that runs.
        namespace: that the drill is in.
        silence: that is borne.
    """
    name = metadata["name"]
    env = {"NAMESPACE": namespace, "SILENCE": f"{silence.seconds:g}"}
    own = {names.NAME: name}
    container = {
        "name": "expiry",
        "image": image,
        "command": ["python3", "-m", module],
        "env": [{"name": key, "value": value} for key, value in env.items()],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "readinessProbe": {"tcpSocket": {"port": _READY_PORT}, "periodSeconds": 1},
        "securityContext": confined(),
    }
    pod = {"serviceAccountName": name, "terminationGracePeriodSeconds": 1, "containers": [container]}
    template = {"metadata": {"labels": {**metadata["labels"], **own}}, "spec": pod}
    return {"metadata": metadata, "spec": {"replicas": 1, "selector": {"matchLabels": own}, "template": template}}
