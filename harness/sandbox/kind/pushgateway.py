"""The Pushgateway beside the cluster: takes what programs measure that end before Prometheus asks them."""

from typing import Final

from harness.clock import Deadline
from harness.sandbox.kind.containers import Plan
from harness.sandbox.kind.http import answers
from harness.sandbox.kind.marks import warm_labels
from harness.sandbox.kind.warm import ensure
from harness.system.values import Address

PORT: Final = 9091


def container_name(cluster: str) -> str:
    """Its container's name, by which others on the cluster's network reach it."""
    return f"{cluster}-pushgateway"


def ensure_pushgateway(cluster: str, *, network: str, image: str, deadline: Deadline) -> Address:
    """The Pushgateway of a cluster, running.

    Returns:
        Where it is reached on the cluster's network.

    Raises:
        Unavailable: Docker or the image cannot be had, or the Pushgateway ended.
        MayWorkLater: it did not answer in time.
    """
    plan = Plan(
        image=image,
        name=container_name(cluster),
        network=network,
        labels=warm_labels(cluster, "pushgateway"),
    )
    container = ensure(plan, deadline)
    try:
        address = Address(container.ip, PORT)
        container.wait_until(lambda: answers(f"{address.url}/-/ready"), deadline, "the Pushgateway answered")
    finally:
        container.let_go()
    return address
