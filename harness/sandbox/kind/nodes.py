"""The nodes of a kind cluster, as Docker has them: containers on the network that kind puts them on."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from harness.clock import Deadline
from harness.sandbox.kind import limits
from harness.sandbox.kind.configuration import MARK
from harness.sandbox.kind.which import Which
from harness.sandbox.kubernetes.tools import ToolFailed, run

NETWORK: Final = "kind"
_CLUSTER: Final = "io.x-k8s.kind.cluster"  # label, with the cluster's name
_NOT_THERE: Final = re.compile("no such (container|object)", re.IGNORECASE)  # all else is no answer
_TELL: Final = """\
for one in $(grep --files-with-matches --no-messages "$1" /proc/[0-9]*/cgroup); do
  one=${one#/proc/}
  kill -s "$2" "${one%/cgroup}" || true
done
"""
_TARGET: Final = r'-A KUBE-SVC-\S+ .*--comment "{name} -> ([0-9.]+:\d+)"'


def names(which: Which) -> tuple[str, ...]:
    """The containers of a cluster's nodes, whether they run or not: that of the control plane, then the others.

    Raises:
        Unavailable: Docker is missing.
        MayWorkLater: it does not answer.
    """
    command = ["docker", "ps", "--all", f"--filter=label={_CLUSTER}={which.name}", "--format={{.Names}}"]
    found = run(command, Deadline.after(limits.QUICK)).split()
    return tuple(sorted(found, key=lambda name: (name != which.node, name)))


def address(container: str) -> str | None:
    """A container's IPv4 address on the nodes' network; None when there is no such container, or it does not run there.

    Raises:
        MayWorkLater: Docker does not answer, so nobody knows.
    """
    template = '{{.State.Running}} {{with index .NetworkSettings.Networks "' + NETWORK + '"}}{{.IPAddress}}{{end}}'
    command = ["docker", "container", "inspect", f"--format={template}", container]
    try:
        running, _, found = run(command, Deadline.after(limits.QUICK)).strip().partition(" ")
    except ToolFailed as error:
        if _NOT_THERE.search(error.output):
            return None
        raise
    with suppress(ValueError):
        return str(ipaddress.IPv4Address(found)) if running == "true" else None
    return None


def are_ours(containers: Sequence[str]) -> bool:
    """Whether all of these nodes were made for drills, whether they run or not.

    Raises:
        MayWorkLater: Docker does not answer.
    """
    command = ["docker", "container", "inspect", "--format={{range .Mounts}} {{.Destination}} {{end}}", *containers]
    told = run(command, Deadline.after(limits.QUICK)).strip("\n").split("\n") if containers else []
    return all(MARK in mounts.split() for mounts in told)


def pull_from(node: str, registry: str, address: str, deadline: Deadline) -> None:
    """Has a node pull from `address` the images that are named by `registry`, such as localhost:5001.

    Raises:
        MayWorkLater: the node does not answer.
    """
    hosts = f'server = "http://{address}:5000"\n[host."http://{address}:5000"]\n'
    mirror = f"/etc/containerd/certs.d/{registry}"
    script = f"mkdir -p {mirror} && cat >{mirror}/hosts.toml"
    run(["docker", "exec", "-i", node, "sh", "-c", script], deadline, stdin=hosts)


def tell(node: str, container: str, signal: str, deadline: Deadline) -> None:
    """Sends a signal to all processes of a container of the cluster; where it is gone there is nobody to hear it.

    Its processes are those in its control groups. Who sends the signal stands outside, where even the first of them
    cannot refuse it.

    Raises:
        MayWorkLater: the node does not answer.
    """
    run(["docker", "exec", node, "sh", "-c", _TELL, "sh", container, signal], deadline)


def proxied(node: str, namespace: str, service: str) -> frozenset[str]:
    """Where a node's kube-proxy sends new connections to a Service, as ip:port: what is in force in the kernel.

    Raises:
        MayWorkLater: the node does not answer.
    """
    rules = run(["docker", "exec", node, "iptables-save", "-t", "nat"], Deadline.after(limits.QUICK))
    name = re.escape(f"{namespace}/{service}") + r"(?::[^ ]+)?"
    return frozenset(re.findall(_TARGET.replace("{name}", name), rules))
