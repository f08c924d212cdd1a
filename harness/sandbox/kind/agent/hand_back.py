"""The agent in a namespace of others: gives it back as it was, when nothing was heard of the drill for a while.

    NAMESPACE=audio SILENCE=600 python3 -m agent.hand_back

A ConfigMap `drill-lease` bears the beat, see `silence.py`, the drill's run, and the selectors that the system's
Services had before the drill. After the silence, and again until it is done:

1. Deployments that the drill holds down start again;
2. a Service that still leads where the drill has led it leads to where it led before, once a pod is ready there; one
   that a person has changed since is left alone;
3. what the drill put beside the system goes, the lease last, and this agent with it.

Where no pod was ready for as long again, the Services are left as they are. What a drill has installed, scaled or
written stays. Exit 78: a setting is missing or wrong.

Runs in an image of its own: the standard library only.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from .silence import STRATEGIC, Api, run, watch

LEASE: Final = "drill-lease"
# The same names as in harness/sandbox/kubernetes/names.py.
RUN: Final = "rollback-drill/run"
SELECTOR: Final = "rollback-drill/selector"
HELD: Final = "rollback-drill/held-down"
NAME: Final = "app.kubernetes.io/name"


def noted(found: dict[str, Any], name: str) -> Any:
    """What the drill noted on an object; None where it noted nothing, or somebody wrote something else there."""
    try:
        return json.loads((found["metadata"].get("annotations") or {}).get(name, "null"))
    except ValueError:
        return None


def selector_back(service: dict[str, Any], before: dict[str, str]) -> dict[str, Any] | None:
    """The change that leads a Service back to where it led; None where it does, or where a person has changed it."""
    selector = service.get("spec", {}).get("selector") or {}
    if selector == before or noted(service, SELECTOR) != selector:
        return None
    gone = {key: None for key in selector if key not in before}
    kept = {
        "annotations": {SELECTOR: json.dumps(before, sort_keys=True)},
        "resourceVersion": service["metadata"]["resourceVersion"],
    }
    return {"metadata": kept, "spec": {"selector": {**gone, **before}}}


def start_again(deployment: dict[str, Any]) -> dict[str, Any] | None:
    """The change by which a Deployment that is held down starts again; None where it is not."""
    before = noted(deployment, HELD)
    if not isinstance(before, dict) or not before.keys() >= {"command", "args", "strategy"}:
        return None
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    pods = {"spec": {"containers": [{"name": container["name"], **{key: before[key] for key in ("command", "args")}}]}}
    return {
        "metadata": {"annotations": {HELD: None}, "resourceVersion": deployment["metadata"]["resourceVersion"]},
        "spec": {"strategy": {"$retainKeys": list(before["strategy"]), **before["strategy"]}, "template": pods},
    }


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether clients may be sent to a pod."""
    conditions = pod.get("status", {}).get("conditions") or ()
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and pod["metadata"].get("deletionTimestamp") is None


class Namespace:
    """The namespace of others, as the drill found it."""

    def __init__(self, api: Api, namespace: str, limit: float) -> None:
        self._api = api
        self._limit = limit
        self._core = f"/api/v1/namespaces/{namespace}"
        self._apps = f"/apis/apps/v1/namespaces/{namespace}"
        self._begun: float | None = None

    @property
    def lease(self) -> str:
        """The path of what bears the beat."""
        return f"{self._core}/configmaps/{LEASE}"

    def hand_back(self) -> None:
        """See the module.

        Raises:
            OSError: not everything could be done; doing it again does the rest.
        """
        lease = self._api.call("GET", self.lease)
        if lease is None:
            return
        self._begun = time.monotonic() if self._begun is None else self._begun
        before = json.loads(lease["data"]["selectors"])
        for deployment in self._api.call("GET", f"{self._apps}/deployments")["items"]:
            change = start_again(deployment)
            if change and deployment["spec"]["template"]["metadata"]["labels"].get(NAME) in before:
                self._api.call("PATCH", f"{self._apps}/deployments/{deployment['metadata']['name']}", change, STRATEGIC)
        waiting = [name for name, selector in before.items() if not self._leads_back(name, selector)]
        if waiting and time.monotonic() - self._begun < self._limit:
            raise OSError(f"no pod is ready where {', '.join(waiting)} led before")
        for path in self._own(lease["metadata"]["labels"][RUN]):
            self._api.call("DELETE", path)
        self._api.call("DELETE", self.lease)

    def _leads_back(self, name: str, before: dict[str, str]) -> bool:
        """Leads a Service back, if it is to be; False where no pod is ready there."""
        service = self._api.call("GET", f"{self._core}/services/{name}")
        change = service and selector_back(service, before)
        if not change:
            return True
        labels = quote(",".join(f"{key}={value}" for key, value in before.items()))
        if not any(map(is_ready, self._api.call("GET", f"{self._core}/pods?labelSelector={labels}")["items"])):
            return False
        self._api.call("PATCH", f"{self._core}/services/{name}", change)
        return True

    def _own(self, run_id: str) -> Iterator[str]:
        """The paths of what the drill put there, but for what goes with the lease."""
        for kind in (f"{self._apps}/deployments", f"{self._core}/services"):
            for one in self._api.call("GET", f"{kind}?labelSelector={quote(f'{RUN}={run_id}')}")["items"]:
                if not one["metadata"].get("ownerReferences"):
                    yield f"{kind}/{one['metadata']['name']}"


def watches(namespace: str, limit: float) -> None:
    """Runs until its pod ends."""
    api = Api()
    place = Namespace(api, namespace, limit)
    watch(api, place.lease, limit, place.hand_back)


if __name__ == "__main__":
    sys.exit(run(watches))
