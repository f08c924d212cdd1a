"""The kind cluster of the project: found or made, kept warm between runs, with a kubeconfig of its own.

The user's own kubeconfig is never read or written.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clock import Deadline, wait_for
from harness.errors import CannotCreate, DeadlineExceeded, DrillError, MayWorkLater, Unavailable
from harness.locks import lock_within
from harness.sandbox.kind import limits, nodes
from harness.sandbox.kind.configuration import configuration
from harness.sandbox.kind.which import PROJECT, Which
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.nodes import addresses, ready_nodes
from harness.sandbox.kubernetes.tools import ToolFailed, Version, require, run, version_of
from harness.units import counted

OLDEST: Final = Version(0, 24, 0)  # the first whose nodes read /etc/containerd/certs.d by the patch below
BUILT: Final = "rollback-drill/node-of"  # label of node images that were built on this machine


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers: its kubeconfig, the address by which clients come, and its nodes' containers."""

    which: Which
    kubeconfig: Path
    node: str
    nodes: tuple[str, ...]

    def kube(self, namespace: str) -> Kube:
        """Its API, for one namespace."""
        return Kube(self.kubeconfig, self.which.context, namespace, self._fate)

    def _fate(self) -> str:
        """Whether somebody has deleted or stopped it; nothing is told where nobody knows."""
        try:
            if runs(self.which):
                return ""
        except MayWorkLater:
            return ""
        return f"the cluster {self.which.name} is gone: its node {self.which.node} does not run any more"

    def pull_from(self, registry: str, deadline: Deadline) -> None:
        """Leads the nodes' pulls to the registry in a container beside them.

        By its address, which may be another after a restart: a node may not know the names of Docker's network.

        Args:
            registry: how images name it, such as localhost:5001.
            deadline: when the nodes must know.

        Raises:
            Unavailable: the registry's container does not run.
            MayWorkLater: a node does not answer.
        """
        address = nodes.address(self.which.registry)
        if address is None:
            raise Unavailable(
                f"the container {self.which.registry} does not run; 'drill sandbox up kind' starts it again"
            )
        for node in self.nodes:
            nodes.pull_from(node, registry, address, deadline)

    def proxied(self, namespace: str, service: str) -> tuple[frozenset[str], ...]:
        """Where each node's kube-proxy sends new connections to a Service, as ip:port.

        Raises:
            MayWorkLater: a node does not answer.
        """
        return tuple(nodes.proxied(node, namespace, service) for node in self.nodes)


def find(state_dir: Path, which: Which = PROJECT) -> Cluster | None:
    """The cluster, if its API answers and all its nodes are ready.

    Raises:
        CannotCreate: its kubeconfig cannot be written.
        MayWorkLater: Docker does not answer.
    """
    cluster = _running(state_dir, which)
    if cluster is None:
        return None
    if _answers(cluster):
        return cluster
    try:
        _write_kubeconfig(cluster)
    except MayWorkLater:
        return None
    return cluster if _answers(cluster) else None


def _running(state_dir: Path, which: Which) -> Cluster | None:
    address = nodes.address(which.node)
    return None if address is None else Cluster(which, which.kubeconfig(state_dir), address, nodes.names(which))


def runs(which: Which) -> bool:
    """True while its control plane runs, whether it answers or not.

    Raises:
        MayWorkLater: Docker does not answer, so nobody knows.
    """
    return nodes.address(which.node) is not None


def names() -> frozenset[str]:
    """The names of all kind clusters of this machine's Docker, also of those that do not run.

    Raises:
        Unavailable: kind is missing.
    """
    require("kind")
    return frozenset(run(["kind", "get", "clusters"], Deadline.after(limits.QUICK)).split())


def find_or_make(
    state_dir: Path, deadline: Deadline, which: Which = PROJECT, *, tell: Callable[[str], object] | None = None
) -> Cluster:
    """The cluster, made when there is none that runs.

    `tell` takes a sentence when it has to be made, which takes a while.

    Raises:
        Unavailable: Docker or kind is missing, too old, or cannot make a cluster; or there is one that does not
            answer or has too few nodes, which is left to whoever may be using it, or one that does not run and was
            not made for drills. Says what to do.
        MayWorkLater: Docker does not answer any more.
        DeadlineExceeded: it was not ready in time.
    """
    check_tools()
    found = find(state_dir, which)
    if found is None:
        with _lock(state_dir):
            if not runs(which):
                return _make(state_dir, deadline, which, tell)
            try:  # one that was just started again, after a boot, takes some seconds
                found = wait_for(lambda: find(state_dir, which), deadline.within(limits.AWAKE), "an answer of it")
            except DeadlineExceeded as error:
                raise Unavailable(
                    f"the cluster {which.name} runs but does not answer, not all its nodes are ready, or Docker has "
                    "given one another address; wait for it, or remove it with 'drill sandbox down kind'"
                ) from error
    if len(found.nodes) < which.nodes:
        raise Unavailable(
            f"the cluster {which.name} has {counted(len(found.nodes), 'node')} and {which.nodes} are wanted; remove it "
            "with 'drill sandbox down kind' when nobody uses it, then it is made anew"
        )
    return found


def delete(state_dir: Path, deadline: Deadline, which: Which = PROJECT) -> bool:
    """Deletes the cluster with everything in it; False when there was none.

    Raises:
        Unavailable: Docker or kind is missing, or the cluster was not made for drills.
        ToolFailed: kind could not delete it.
    """
    check_tools()
    with _lock(state_dir):
        there = which.name in run(["kind", "get", "clusters"], deadline).split()
        _delete(which, which.kubeconfig(state_dir), deadline)
        which.kubeconfig(state_dir).unlink(missing_ok=True)
    return there


def check_tools() -> dict[str, str]:
    """The versions of Docker and kind, by name.

    Raises:
        Unavailable: one is missing, does not answer, or is too old.
    """
    return {"docker": docker_version(), "kind": kind_version()}


def docker_version() -> str:
    """The version of the Docker engine. Raises as `check_tools` does."""
    require("docker")
    try:
        return run(["docker", "version", "--format={{.Server.Version}}"], Deadline.after(limits.QUICK)).strip()
    except MayWorkLater as error:
        raise Unavailable(f"the Docker engine does not answer; start it, and see 'docker info'\n{error}") from error


def kind_version() -> str:
    """The version of kind. Raises as `check_tools` does."""
    found = version_of("kind", "version")
    if found < OLDEST:
        raise Unavailable(f"kind {found} is too old; {OLDEST} or newer is needed")
    return str(found)


def _make(state_dir: Path, deadline: Deadline, which: Which, tell: Callable[[str], object] | None) -> Cluster:
    if tell:
        tell(f"making the kind cluster {which.name}, which is kept for further runs; this takes about 20 s")
    kubeconfig = which.kubeconfig(state_dir)
    kubeconfig.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _delete(which, kubeconfig, deadline)
    built = _built_node_image()
    command = ["kind", "create", "cluster", f"--name={which.name}", f"--kubeconfig={kubeconfig}", "--config=-"]
    command += [f"--wait={max(1, round(deadline.left.seconds))}s", *([f"--image={built}"] if built else [])]
    try:
        run(command, deadline.within(limits.CREATE), stdin=configuration(which.nodes))
    except ToolFailed as error:
        with suppress(Unavailable):  # somebody else has made one of this name meanwhile
            _delete(which, kubeconfig, Deadline.after(limits.DELETE))
        raise Unavailable(f"the cluster could not be made: {error}") from error
    cluster = _running(state_dir, which)
    if cluster is None:
        raise Unavailable(f"the node {which.node} has no address on Docker's network {nodes.NETWORK!r}")
    kube = cluster.kube("default")
    wait_for(
        lambda: kube.find(kube.core.read_namespaced_service_account, "default", "default"),
        deadline,
        "the cluster's first service account",
    )
    return cluster


def _answers(cluster: Cluster) -> bool:
    """True when the kubeconfig works, the API answers, and the cluster is ready for pods on all its nodes.

    One to which Docker gave another address when it was started again is called ready for ever: nobody reaches it.
    """
    try:
        with closing(cluster.kube("default")) as kube:
            kube.call(kube.core.read_namespaced_service_account, "default", "default")
            known = addresses(kube)
            stayed = all(known.get(name) == nodes.address(name) for name in cluster.nodes)
            return stayed and len(ready_nodes(kube)) == len(cluster.nodes)
    except DrillError:
        return False


def _write_kubeconfig(cluster: Cluster) -> None:
    """Writes the kubeconfig anew: it was lost, is broken, or another state folder has the one that was made.

    At one stroke, for others may be reading it.

    Raises:
        CannotCreate: there is no permission or no room.
    """
    text = run(["kind", "get", "kubeconfig", f"--name={cluster.which.name}"], Deadline.after(limits.QUICK))
    path = cluster.kubeconfig
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.touch(mode=0o600)
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        with suppress(OSError):  # where the folder is none, there is nothing to remove either
            new.unlink()
        raise CannotCreate(f"{path}: cannot be written: {error.strerror}") from error


def _delete(which: Which, kubeconfig: Path, deadline: Deadline) -> None:
    """Deletes a cluster with whatever is there of it, unless it is somebody else's.

    Raises:
        Unavailable: nothing tells that it was made for drills.
    """
    if not nodes.are_ours(nodes.names(which)):
        raise Unavailable(
            f"nothing tells that the kind cluster {which.name} was made for drills, so it is not deleted; name another "
            "in DRILL_CLUSTER, or, if nobody needs it (one that drills made before they marked theirs has no mark), "
            f"delete it: kind delete cluster --name {which.name}"
        )
    run(["kind", "delete", "cluster", f"--name={which.name}", f"--kubeconfig={kubeconfig}"], deadline)


def _built_node_image() -> str | None:
    """A node image that was built on this machine; else kind's own image is used."""
    only = [f"--filter=label={BUILT}", "--filter=dangling=false"]
    command = ["docker", "images", *only, "--format={{.Repository}}:{{.Tag}}"]
    found = run(command, Deadline.after(limits.QUICK)).split()
    return found[0] if found else None


@contextmanager
def _lock(state_dir: Path) -> Iterator[None]:
    """One process at a time makes or deletes the cluster."""
    try:
        state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = lock_within(state_dir / ".kind.lock", Deadline.after(limits.LOCK))
    except OSError as error:
        raise CannotCreate(f"{state_dir}: cannot be used: {error.strerror}") from error
    try:
        yield
    finally:
        os.close(lock)
