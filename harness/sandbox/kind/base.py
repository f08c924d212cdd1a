"""What drills stand on, made once for many: cluster, registry, images of the releases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from harness.clock import Deadline
from harness.errors import DrillError, Unavailable
from harness.sandbox.kind import cluster, limits, nodes
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.heal import anything_has, remove_all
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import CLUSTER, Mark
from harness.sandbox.kind.prepared import prepared, remove_prepared
from harness.sandbox.kind.prometheus import ApiAccess, ensure_prometheus
from harness.sandbox.kind.publish import images_of, publish
from harness.sandbox.kind.pushgateway import ensure_pushgateway
from harness.sandbox.kind.registry import ensure_registry
from harness.sandbox.kind.which import PROJECT, Which
from harness.sandbox.kubernetes import helm
from harness.sandbox.kubernetes.chart import check_chart
from harness.system.model import SystemModel

AGENT: Final = "rollback-drill/agent:1"


def up(
    models: Sequence[SystemModel],
    state_dir: Path,
    deadline: Deadline,
    which: Which = PROJECT,
    *,
    tell: Callable[[str], object] | None = None,
) -> dict[str, str]:
    """Makes what is missing, PostgreSQL's image with a cluster too, and pushes the images of the systems' releases.

    `tell` takes a sentence when something is to be done that takes a while.

    Returns:
        The versions of the tools and of the cluster, by name.

    Raises:
        Unavailable: Docker, kind or helm is missing, too old, or does not work; says what to do.
        ConfigurationError: a system does not say how it runs on a cluster, or Helm refuses its chart.
        Unavailable: the image of a current release, or of the delay proxy, is not there.
        DeadlineExceeded: it took too long.
    """
    systems = {str(model.root): model for model in models}.values()
    for model in systems:
        model.on_kubernetes  # noqa: B018 - a mistake in drill.toml is told before a tool that is missing
    versions = {**cluster.check_tools(), "helm": str(helm.version())}
    for model in systems:
        check_chart(model, deadline)
    found = cluster.find_or_make(state_dir, deadline, which, tell=tell)
    with closing(
        ensure_registry(which.name, network=nodes.NETWORK, image=Images().registry, deadline=deadline, port=which.port)
    ) as registry:
        found.pull_from(registry.address, deadline)
        current = {model.image(service, model.releases.current) for model in systems for service in model.services}
        publish(frozenset().union(*map(images_of, systems)), registry, frozenset({*current, AGENT}), deadline)
    if any(model.database for model in models):
        prepared(Images().postgres, Mark.of_this_process("up", limits.EXPIRY), deadline)
    return {**versions, "kubernetes": server_version(found)}


def watch(state_dir: Path, deadline: Deadline, which: Which = PROJECT) -> dict[str, str]:
    """Has Prometheus read the pods of all drills, and a Pushgateway at hand, for as long as the cluster lives.

    Returns:
        Where people reach them, by name.

    Raises:
        Unavailable: the cluster is gone, or an image is missing.
        MayWorkLater: one did not answer in time.
    """
    found = attach(state_dir, which)
    pushed = ensure_pushgateway(which.name, network=nodes.NETWORK, image=Images().pushgateway, deadline=deadline)
    read = ensure_prometheus(
        which.name,
        network=nodes.NETWORK,
        image=Images().prometheus,
        api=ApiAccess.read(found.kubeconfig, found.node),
        deadline=deadline,
    )
    return {"prometheus": read.url, "pushgateway": pushed.url}


def attach(state_dir: Path, which: Which = PROJECT) -> Cluster:
    """The cluster that `up` has made.

    Raises:
        Unavailable: it is gone, or does not answer.
    """
    found = cluster.find(state_dir, which)
    if found is None:
        raise Unavailable(
            f"the kind cluster {which.name} is gone or does not answer; 'drill sandbox up kind' makes it again"
        )
    return found


def server_version(found: Cluster) -> str:
    """The version of the cluster."""
    kube = found.kube("default")
    try:
        return str(kube.call(kube.version.get_code).git_version)
    finally:
        kube.close()


def down(state_dir: Path, deadline: Deadline, which: Which = PROJECT) -> bool:
    """Deletes the cluster and the containers beside it; False when there was no cluster.

    Raises:
        Unavailable: Docker or kind is missing.
        ToolFailed: kind could not delete it.
        MayWorkLater: something was left at the deadline.
    """
    there = cluster.delete(state_dir, deadline, which)
    remove_all(CLUSTER, which.name, deadline)
    if not anything_has(CLUSTER, deadline):  # clusters of other names use the same image
        remove_prepared(deadline)
    return there


def status(state_dir: Path, which: Which = PROJECT) -> dict[str, str]:
    """What there is of the cluster; empty when none answers."""
    try:
        found = cluster.find(state_dir, which)
        if found is None:
            return {}
        count = str(len(found.nodes))
        return {"cluster": which.name, "kubernetes": server_version(found), "nodes": count, "node": found.node}
    except DrillError:
        return {}
