"""A system that runs already, in a namespace of an existing context: what drills may do to it, and what not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.clock import wait_for
from harness.drill.sandboxes import make_ready
from harness.errors import ConfigurationError, NotFound, Unavailable, UsageError, WillNotWork
from harness.settings import Settings
from harness.system.cluster_model import ClusterTable
from harness.system.guards_model import Allowed, Guards
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.values import Slot
from harness.units import Duration
from tests.support.kind import opened_on_kind
from tests.support.sandboxes import echo, soon, version
from tests.support.tools import needs

OLD, NEW = "1.0.0", "1.1.0"
CONTEXT = "kind-rollback-drill"


def model_of(table: ClusterTable | None, *allow: Allowed) -> SystemModel:
    model = echo()
    return model.model_copy(update={"cluster": table, "guards": Guards(allow=allow)}).at(model.root)


def table(namespace: str = "audio", host: str = "127.0.0.1", *, install: bool = False) -> ClusterTable:
    return ClusterTable(context=CONTEXT, namespace=namespace, host=host, install=install)


@pytest.mark.parametrize(
    "allow", [[], [Allowed(context="other", namespace="audio")], [Allowed(context=CONTEXT, namespace="other")]]
)
def test_a_place_that_is_not_on_the_allow_list_is_never_entered(allow: list[Allowed]) -> None:
    with pytest.raises(ConfigurationError, match=r"namespace audio of kind-rollback-drill.*\[\[guards.allow\]\]"):
        make_ready("cluster", [model_of(table(), *allow)], Settings(kubeconfig=Path("/nowhere")))


def test_a_system_that_says_nothing_of_a_cluster_is_told_what_to_say() -> None:
    with pytest.raises(UsageError, match=r"there is no \[cluster\] table"):
        make_ready("cluster", [model_of(None)], Settings())


@needs("helm")
def test_a_kubeconfig_that_is_not_there_is_named() -> None:
    model = model_of(table(), Allowed(context=CONTEXT, namespace="audio"))
    with pytest.raises(Unavailable, match="/nowhere: cannot be used as a kubeconfig"):
        make_ready("cluster", [model], Settings(kubeconfig=Path("/nowhere")))


@pytest.fixture(scope="module")
def there() -> Iterator[System]:
    """The system that runs already: blue serves the old release, green is empty."""
    with opened_on_kind(echo()) as found:
        yield found


@contextmanager
def entered(there: System, *, install: bool = False, live: str = OLD) -> Iterator[System]:
    from harness.sandbox.cluster.start import start  # noqa: PLC0415 - only for those who need it: it takes long

    kube = there.kube  # type: ignore[attr-defined]
    place = table(kube.namespace, there.router.address("echo").host, install=install)
    sandbox = start(
        model_of(place, Allowed(context=CONTEXT, namespace=kube.namespace)),
        run_id="test-run",
        kubeconfig=kube.kubeconfig,
        deadline=soon(60),
        live={"echo": live},
        standby={},
    )
    try:
        yield sandbox
    finally:
        sandbox.close(soon())


@needs("docker", "kind", "helm")
def test_what_the_run_did_not_make_is_not_installed_deleted_or_scaled(there: System) -> None:
    before = there.workloads.replicas("echo", Slot.BLUE)
    with entered(there) as system:
        workloads, revisions = system.workloads, system.revisions
        assert revisions is not None
        workloads.deploy("echo", Slot.BLUE, OLD, soon())
        acts: tuple[Callable[[], object], ...] = (
            lambda: workloads.deploy("echo", Slot.BLUE, NEW, soon()),
            lambda: workloads.begin("echo", Slot.GREEN, NEW, soon()),
            lambda: workloads.remove("echo", Slot.BLUE, soon()),
            lambda: workloads.hold_down("echo", Slot.BLUE, soon()),
            lambda: revisions.roll_back("echo", 1, soon()),
        )
        for act in acts:
            with pytest.raises(WillNotWork, match="'install = true' in"):
                act()
        with pytest.raises(WillNotWork, match="proxy_image"):
            system.network.delay("echo", Slot.BLUE, Duration.of(ms=10))
        assert system.images is None
        assert system.cluster is None
    assert there.workloads.replicas("echo", Slot.BLUE) == before


@needs("docker", "kind", "helm")
def test_a_release_that_does_not_run_there_is_not_pretended(there: System) -> None:
    with (
        pytest.raises(NotFound, match=r"echo is to be in 1.1.0, but blue holds 1.0.0.*may not deploy"),
        entered(there, live=NEW),
    ):
        pass


@needs("docker", "kind", "helm")
def test_where_drills_may_install_a_release_goes_live_and_back(there: System) -> None:
    with entered(there, install=True) as system:
        address = system.router.address("echo")
        system.router.switch("echo", Slot.BLUE, soon())
        assert version(address) == OLD
        there.workloads.deploy("echo", Slot.GREEN, NEW, soon(60))
        system.workloads.deploy("echo", Slot.GREEN, NEW, soon(60))
        system.router.switch("echo", Slot.GREEN, soon())
        wait_for(lambda: version(address) == NEW, soon(), "the nodes to follow the switch, which cannot be seen here")
        system.router.switch("echo", Slot.BLUE, soon())
        wait_for(lambda: version(address) == OLD, soon(), "the nodes to follow the switch back")
        system.workloads.remove("echo", Slot.GREEN, soon(60))
        assert system.workloads.replicas("echo", Slot.GREEN) == ()
