"""The kind cluster of the project: found or made, kept warm between runs, with a kubeconfig of its own.

The user's own kubeconfig is never read or written.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clock import Deadline, wait_for
from harness.errors import CannotCreate, DeadlineExceeded, DrillError, MayWorkLater, Unavailable
from harness.sandbox.kind import limits
from harness.sandbox.kind.which import PROJECT, Which
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.tools import ToolFailed, Version, require, run, version_of

NETWORK: Final = "kind"  # kind puts every node on it
OLDEST: Final = Version(0, 24, 0)  # the first whose nodes read /etc/containerd/certs.d by the patch below
OWN_NETWORK: Final = "rollback-drill/own-network"  # label of node images that bring their pod network

# minSyncPeriod: kube-proxy follows a changed Service within 50 ms instead of a second, so that a switch is quick.
_CONFIG: Final = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking:
  disableDefaultCNI: {own_network}
nodes:
- role: control-plane
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
kubeadmConfigPatches:
- |
  kind: KubeProxyConfiguration
  iptables:
    minSyncPeriod: 50ms
"""
_MADE_WITH: Final = re.compile(r"--advertise-client-urls=https://([0-9.]+):")  # etcd's, of the control plane
_TARGET: Final = r'-A KUBE-SVC-\S+ .*--comment "{name} -> ([0-9.]+:\d+)"'


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that answers: its kubeconfig and the address of its node on Docker's network."""

    which: Which
    kubeconfig: Path
    node: str

    def kube(self, namespace: str) -> Kube:
        """Its API, for one namespace."""
        return Kube(self.kubeconfig, self.which.context, namespace, self._fate)

    def _fate(self) -> str:
        """Whether somebody has deleted or stopped it."""
        if runs(self.which):
            return ""
        return f"the cluster {self.which.name} is gone: its node {self.which.node} does not run any more"

    def pull_from(self, registry: str, deadline: Deadline) -> None:
        """Leads the node's pulls to the registry in a container beside it.

        By its address, which may be another after a restart: a node may not know the names of Docker's network.

        Args:
            registry: how images name it, such as localhost:5001.
            deadline: when the node must know.

        Raises:
            Unavailable: the registry's container does not run.
            MayWorkLater: the node does not answer.
        """
        address = _address(self.which.registry)
        if address is None:
            raise Unavailable(
                f"the container {self.which.registry} does not run; 'drill sandbox up kind' starts it again"
            )
        hosts = f'server = "http://{address}:5000"\n[host."http://{address}:5000"]\n'
        mirror = f"/etc/containerd/certs.d/{registry}"
        script = f"mkdir -p {mirror} && cat >{mirror}/hosts.toml"
        run(["docker", "exec", "-i", self.which.node, "sh", "-c", script], deadline, stdin=hosts)

    def proxied(self, namespace: str, service: str) -> frozenset[str]:
        """Where kube-proxy sends new connections to a Service, as ip:port: what is in force in the kernel.

        Raises:
            MayWorkLater: the node does not answer.
        """
        rules = run(["docker", "exec", self.which.node, "iptables-save", "-t", "nat"], Deadline.after(limits.QUICK))
        name = re.escape(f"{namespace}/{service}") + r"(?::[^ ]+)?"
        return frozenset(re.findall(_TARGET.replace("{name}", name), rules))


def find(state_dir: Path, which: Which = PROJECT) -> Cluster | None:
    """The cluster, if its node runs and its API answers.

    Raises:
        CannotCreate: its kubeconfig cannot be written.
    """
    try:
        address = _address(which.node)
    except ToolFailed:  # Docker knows no such container
        return None
    if address is None:
        return None
    cluster = Cluster(which, which.kubeconfig(state_dir), address)
    if _answers(cluster):
        return cluster
    try:
        _write_kubeconfig(cluster)
    except MayWorkLater:
        return None
    return cluster if _answers(cluster) else None


def runs(which: Which) -> bool:
    """True while its node runs, whether it answers or not."""
    try:
        return _address(which.node) is not None
    except ToolFailed:
        return False


def find_or_make(
    state_dir: Path, deadline: Deadline, which: Which = PROJECT, *, tell: Callable[[str], object] | None = None
) -> Cluster:
    """The cluster, made when its node does not run, or has lost the address that the cluster was made with.

    `tell` takes a sentence when it has to be made, which takes a while.

    Raises:
        Unavailable: Docker or kind is missing, too old, or cannot make a cluster; or there is one that does not
            answer, which is left to whoever may be using it. Says what to do.
        DeadlineExceeded: it was not ready in time.
    """
    check_tools()
    found = find(state_dir, which)
    if found:
        return found
    with _lock(state_dir):
        if not runs(which):
            return _make(state_dir, deadline, which, tell)
        # One that was just started again, after a boot, takes some seconds; its entry point corrects addresses first.
        for limit in (limits.REWRITTEN, limits.AWAKE):
            with suppress(DeadlineExceeded):
                return wait_for(lambda: find(state_dir, which), deadline.within(limit), "an answer of the cluster")
            if _has_moved(which):  # it will never answer again, to nobody
                return _make(state_dir, deadline, which, tell)
    raise Unavailable(
        f"the cluster {which.name} runs but does not answer; wait for it, or remove it with 'drill sandbox down kind'"
    )


def _has_moved(which: Which) -> bool:
    """True when the node's address is another than that of its control plane: a boot gave the first to somebody else.

    kind's own node images rewrite what was made with the old address; a built one does not.
    """
    manifest = ["docker", "exec", which.node, "cat", "/etc/kubernetes/manifests/etcd.yaml"]
    try:
        made_with = _MADE_WITH.search(run(manifest, Deadline.after(limits.QUICK)))
        return made_with is not None and made_with.group(1) != _address(which.node)
    except (ToolFailed, MayWorkLater):
        return False


def delete(state_dir: Path, deadline: Deadline, which: Which = PROJECT) -> bool:
    """Deletes the cluster with everything in it; False when there was none.

    Raises:
        Unavailable: Docker or kind is missing.
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
    config = _CONFIG.replace("{own_network}", "true" if built else "false")
    command = ["kind", "create", "cluster", f"--name={which.name}", f"--kubeconfig={kubeconfig}", "--config=-"]
    command += [f"--wait={max(1, round(deadline.left.seconds))}s", *([f"--image={built}"] if built else [])]
    try:
        run(command, deadline.within(limits.CREATE), stdin=config)
    except ToolFailed as error:
        _delete(which, kubeconfig, Deadline.after(limits.DELETE))
        raise Unavailable(f"the cluster could not be made: {error}") from error
    address = _address(which.node)
    if address is None:
        raise Unavailable(f"the node {which.node} has no address on Docker's network {NETWORK!r}")
    cluster = Cluster(which, kubeconfig, address)
    kube = cluster.kube("default")
    wait_for(
        lambda: kube.find(kube.core.read_namespaced_service_account, "default", "default"),
        deadline,
        "the cluster's first service account",
    )
    return cluster


def _answers(cluster: Cluster) -> bool:
    """True when the kubeconfig works, the API answers, and the cluster is ready for pods."""
    try:
        with closing(cluster.kube("default")) as kube:
            kube.call(kube.core.read_namespaced_service_account, "default", "default")
    except DrillError:
        return False
    return True


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
    run(["kind", "delete", "cluster", f"--name={which.name}", f"--kubeconfig={kubeconfig}"], deadline)


def _built_node_image() -> str | None:
    """A node image that was built on this machine, with a pod network of its own; else kind's own image is used."""
    command = ["docker", "images", f"--filter=label={OWN_NETWORK}", "--format={{.Repository}}:{{.Tag}}"]
    found = run(command, Deadline.after(limits.QUICK)).split()
    return found[0] if found else None


def _address(container: str) -> str | None:
    """A container's IPv4 address on the cluster's network; None when it does not run there."""
    template = '{{.State.Running}} {{(index .NetworkSettings.Networks "' + NETWORK + '").IPAddress}}'
    command = ["docker", "container", "inspect", f"--format={template}", container]
    running, _, address = run(command, Deadline.after(limits.QUICK)).strip().partition(" ")
    with suppress(ValueError):
        return str(ipaddress.IPv4Address(address)) if running == "true" else None
    return None


@contextmanager
def _lock(state_dir: Path) -> Iterator[None]:
    """One process at a time makes or deletes the cluster."""
    try:
        state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        with (state_dir / ".kind.lock").open("w") as lock:
            wait_for(lambda: _taken(lock.fileno()), Deadline.after(limits.LOCK), "the lock on the kind cluster")
            yield
    except OSError as error:
        raise CannotCreate(f"{state_dir}: cannot be used: {error.strerror}") from error


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
