"""Looks at a kind cluster, and at Docker beside it, for what a drill left: with their own tools, and no code of ours.

Others may use both at the same time: what bears the label of another run is theirs.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_RUN: Final = "rollback-drill/run"
_OF_ALL: Final = "namespaces,nodes,clusterroles,clusterrolebindings,persistentvolumes,customresourcedefinitions"
_OF_NAMESPACES: Final = "pods,services,configmaps,secrets,deployments,jobs,roles,rolebindings,serviceaccounts"
_OWN_IMAGE: Final = re.compile("image drill-[0-9a-f]{8}/")  # of one drill; the others are kept for the next
_OF_PEOPLE: Final = f"{_OF_NAMESPACES.removeprefix('pods,')},statefulsets,daemonsets,networkpolicies,endpointslices"
_REVISION: Final = "deployment.kubernetes.io/revision"
_SLICES: Final = "endpointslice-controller"
_STAYS: Final = ("node ", "image ", "clusterrole")  # what begins so belongs to all, and must not go


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Cluster:
    """What there is of a cluster: a line for each thing, with the run whose label it bears."""

    things: dict[str, str]

    @classmethod
    def look(cls, kubeconfig: Path, registry: str) -> Cluster:
        """As it is now.

        Args:
            kubeconfig: of the cluster.
            registry: where its images lie, as host:port.
        """
        kubectl = ("kubectl", f"--kubeconfig={kubeconfig}", "get", "--output=json")
        inner = json.loads(_said(*kubectl, "--all-namespaces", _OF_NAMESPACES))["items"]
        shared = json.loads(_said(*kubectl, _OF_ALL))["items"]  # a namespace that is not here has gone since
        owners = {one["metadata"]["name"]: _run(one) for one in shared if one["kind"] == "Namespace"}
        inner = [one for one in inner if one["metadata"]["namespace"] in owners]
        things = {_line(one): _run(one) for one in shared}
        things |= {_line(one): _run(one) or owners[one["metadata"]["namespace"]] for one in inner}
        for what, *command in (("container", "ps", "--all"), ("volume", "volume", "ls")):
            name = "{{.Names}}" if what == "container" else "{{.Name}}"
            for line in _said("docker", *command, f'--format={name}\t{{{{.Label "{_RUN}"}}}}').splitlines():
                found, _, run = line.partition("\t")
                things[f"{what} {found}"] = run or (_user(found) if what == "volume" else "")
        things |= {f"network {one}": "" for one in _said("docker", "network", "ls", "--format={{.Name}}").split()}
        return cls(things | {f"image {one}": owners.get(one.partition("/")[0], "") for one in _images(registry)})

    def left_of(self, run: str, before: Cluster) -> list[str]:
        """What a run, or somebody without a name, has made or taken away."""
        new = (one for one, owner in self.things.items() if one not in before.things and owner in ("", run))
        made = [one for one in new if not one.startswith("image ") or _OWN_IMAGE.match(one)]
        nobodys = (one for one, owner in before.things.items() if owner in ("", run))
        gone = [one for one in nobodys if one not in self.things and one.startswith(_STAYS)]
        return [*made, *(f"{one} is no more" for one in gone)]


@dataclass(frozen=True)
class Inhabited:
    """What people have put into a namespace: each object as they want it, and how many of its pods are ready.

    What the cluster writes by itself is left out: versions of objects, states, pods by name. Of a Helm release its
    newest revision counts, whatever its number, for going back is a revision, too; and of that what it made.
    """

    objects: dict[str, str]

    @classmethod
    def look(cls, kubeconfig: Path, namespace: str) -> Inhabited:
        """As it is now."""
        command = ("kubectl", f"--kubeconfig={kubeconfig}", f"--namespace={namespace}", "get", "--output=json")
        objects: dict[str, str] = {}
        releases: dict[str, tuple[int, str]] = {}
        for one in json.loads(_said(*command, _OF_PEOPLE))["items"]:
            if one.get("type") == "helm.sh/release.v1":
                release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(one["data"]["release"]))))
                wanted = (release["info"]["status"], release["manifest"])
                newest = max(releases.get(release["name"], (0, "")), (release["version"], json.dumps(wanted)))
                releases[release["name"]] = newest
            elif _SLICES not in one["metadata"].get("labels", {}).get("endpointslice.kubernetes.io/managed-by", ""):
                objects[f"{one['kind'].lower()} {one['metadata']['name']}"] = json.dumps(_wanted(one), sort_keys=True)
        return cls(objects | {f"helm release {name}": wanted for name, (_, wanted) in releases.items()})

    def differs_from(self, before: Inhabited) -> list[str]:
        """What there is that was not there before, or is not as it was."""
        names = sorted(before.objects.keys() | self.objects.keys())
        pairs = ((name, before.objects.get(name, "nothing"), self.objects.get(name, "nothing")) for name in names)
        return [f"{name} was {_apart(was, now)}, and is {_apart(now, was)}" for name, was, now in pairs if was != now]


def _apart(text: str, other: str) -> str:
    """A text from a little before the place where another one differs."""
    same = next((at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two), len(other))
    return text[max(0, same - 60) : same + 200]


def _wanted(thing: Any) -> Any:
    metadata = thing["metadata"]
    annotations = {key: value for key, value in metadata.get("annotations", {}).items() if key != _REVISION}
    parts = {key: value for key, value in thing.items() if key not in ("metadata", "status")}
    return [parts, metadata.get("labels", {}), annotations, thing.get("status", {}).get("readyReplicas", 0)]


def kubeconfig_of(cluster: str, to: Path) -> Path:
    """Writes the kubeconfig of a kind cluster to a file."""
    to.write_text(_said("kind", "get", "kubeconfig", f"--name={cluster}"))
    return to


def _user(volume: str) -> str:
    """The run of the container that uses a volume which bears no label: Docker makes such ones by itself."""
    told = _said("docker", "ps", "--all", f"--filter=volume={volume}", f'--format={{{{.Label "{_RUN}"}}}}')
    return told.partition("\n")[0]


def _run(thing: Any) -> str:
    return str(thing["metadata"].get("labels", {}).get(_RUN, ""))


def _line(thing: Any) -> str:
    metadata = thing["metadata"]
    name = f"{thing['kind'].lower()} {metadata.get('namespace', '')}/{metadata['name']}"
    if thing["kind"] != "Node":
        return name
    ours = {key: value for key, value in metadata.get("annotations", {}).items() if "rollback-drill" in key}
    taints = thing["spec"].get("taints", [])
    return f"node {name} in service: {not thing['spec'].get('unschedulable', False)} {taints} {ours}"


def _images(registry: str) -> list[str]:
    def get(path: str) -> Any:
        with urllib.request.urlopen(f"http://{registry}/v2/{path}", timeout=10) as answer:
            return json.load(answer)

    return [
        f"{name}:{tag}"
        for name in get("_catalog?n=1000")["repositories"]
        for tag in get(f"{name}/tags/list")["tags"] or ()
    ]
