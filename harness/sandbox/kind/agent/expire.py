"""The expiry agent: ends a drill's namespace, and itself with it, when nothing was heard of the drill for a while.

    NAMESPACE=drill-0a1b2c3d SILENCE=600 python3 -m agent.expire

The drill writes another text into an annotation of its namespace again and again. When that has been the same for
SILENCE seconds of this pod's own clock, the machine that runs the drill is lost, with all that would take it back: then
the nodes that the drill has taken out of service are given back, and the namespace is deleted. What fails is tried
again until nothing is left. Exit 78: a setting is missing or wrong.

Runs in an image of its own: the standard library only.
"""

import http.client
import json
import os
import ssl
import sys
import time
from pathlib import Path
from typing import Any, Final

EX_CONFIG: Final = 78
BEAT: Final = "rollback-drill/beat"  # the same names as in harness/sandbox/kubernetes/names.py
DRAINED: Final = "rollback-drill/drained-by"
LOOKS: Final = 20  # in a time of silence: it ends at most a twentieth late
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")  # where Kubernetes puts what a pod may use
WITHIN: Final = 10.0  # seconds for one call
NOT_FOUND, FAILED = 404, 400


class Silence:
    """How long the beat has been the same, by one clock."""

    def __init__(self, limit: float, now: float) -> None:
        self._limit = limit
        self._since = now
        self._beat = ""

    def expired(self, beat: str, now: float) -> bool:
        """Takes in what the beat is now; True when it was the same for too long."""
        if beat != self._beat:
            self._beat, self._since = beat, now
        return now - self._since >= self._limit


class Api:
    """The Kubernetes API, as a pod reaches it."""

    def __init__(self) -> None:
        self._host = os.environ["KUBERNETES_SERVICE_HOST"]
        self._port = int(os.environ["KUBERNETES_SERVICE_PORT"])
        self._context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))

    def call(self, method: str, path: str, change: dict[str, Any] | None = None) -> Any:
        """One call; None where there is no such thing.

        Raises:
            OSError: no answer, or a refusal.
        """
        line = http.client.HTTPSConnection(self._host, self._port, timeout=WITHIN, context=self._context)
        headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text().strip()}"}  # renewed from time to time
        if change is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        try:
            line.request(method, path, None if change is None else json.dumps(change), headers)
            answer = line.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error}") from error
        finally:
            line.close()
        if answer.status == NOT_FOUND:
            return None
        if answer.status >= FAILED:
            raise OSError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)


def end(api: Api, namespace: str) -> None:
    """Gives the nodes back, and deletes the namespace.

    Raises:
        OSError: not everything could be done; doing it again does the rest.
    """
    for node in api.call("GET", "/api/v1/nodes")["items"]:
        metadata = node["metadata"]
        if metadata.get("annotations", {}).get(DRAINED) == namespace:
            kept = {"annotations": {DRAINED: None}, "resourceVersion": metadata["resourceVersion"]}
            api.call("PATCH", f"/api/v1/nodes/{metadata['name']}", {"metadata": kept, "spec": {"unschedulable": None}})
    api.call("DELETE", f"/api/v1/namespaces/{namespace}")


def watch(api: Api, namespace: str, limit: float) -> None:
    """Looks until the drill is silent, then ends its namespace until this process ends with it."""
    silence = Silence(limit, time.monotonic())
    beat = ""
    while True:
        try:
            found = api.call("GET", f"/api/v1/namespaces/{namespace}")
            beat = (found or {}).get("metadata", {}).get("annotations", {}).get(BEAT, "")
        except OSError as error:  # the API is away: so the drill is not heard either
            print(error, file=sys.stderr)
        if silence.expired(beat, time.monotonic()):
            try:
                print(f"nothing was heard of the drill for {limit:g} s: {namespace} is ended")
                end(api, namespace)
            except OSError as error:
                print(error, file=sys.stderr)
        time.sleep(limit / LOOKS)


def main() -> int:
    """Runs until its pod ends."""
    try:
        namespace, limit = os.environ["NAMESPACE"], float(os.environ["SILENCE"])
    except (KeyError, ValueError) as error:
        print(f"NAMESPACE and SILENCE (seconds) are needed: {error}", file=sys.stderr)
        return EX_CONFIG
    watch(Api(), namespace, limit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
