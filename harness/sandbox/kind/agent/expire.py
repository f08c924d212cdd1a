"""The expiry agent: ends a drill's namespace, and itself with it, when nothing was heard of the drill for a while.

    NAMESPACE=drill-0a1b2c3d SILENCE=600 python3 -m agent.expire

The namespace bears the beat, see `silence.py`. The nodes that the drill has taken out of service are given back, and
the namespace is deleted. What fails is tried again until nothing is left. Exit 78: a setting is missing or wrong.

Runs in an image of its own: the standard library only.
"""

import sys
from typing import Final

from .silence import Api, run, watch

DRAINED: Final = "rollback-drill/drained-by"  # the same name as in harness/sandbox/kubernetes/names.py


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


def watches(namespace: str, limit: float) -> None:
    """Runs until its pod ends."""
    api = Api()
    watch(api, f"/api/v1/namespaces/{namespace}", limit, lambda: end(api, namespace))


if __name__ == "__main__":
    sys.exit(run(watches))
