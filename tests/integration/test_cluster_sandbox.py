"""A system that runs already, in a namespace of an existing context: what drills may do to it, and what not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.clock import Deadline, wait_for
from harness.drill.restore import end_sandbox
from harness.drill.sandboxes import make_ready
from harness.errors import ConfigurationError, MayWorkLater, NotFound, Unavailable, UsageError, WillNotWork
from harness.sandbox.cluster import lease
from harness.sandbox.cluster.lease import Lease
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.network import KubernetesNetwork
from harness.settings import Settings
from harness.system.cluster_model import ClusterTable
from harness.system.guards_model import Allowed, Guards
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.values import Slot
from harness.units import Duration
from tests.support.kind import CONTEXT, agent_image, opened_on_kind
from tests.support.sandboxes import echo, soon, version
from tests.support.tools import needs

OLD, NEW = "1.0.0", "1.1.0"


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
        with pytest.raises(WillNotWork, match="agent_image"):
            system.network.delay("echo", Slot.BLUE, Duration.of(ms=10))
        assert system.images is None
        assert system.cluster is None
    assert there.workloads.replicas("echo", Slot.BLUE) == before


@needs("docker", "kind", "helm")
def test_a_release_that_does_not_run_there_is_not_pretended(there: System) -> None:
    with (
        pytest.raises(
            NotFound, match=r"echo is to be in 1.1.0, but blue holds 1.0.0.*takes a system of others as it is"
        ),
        entered(there, install=True, live=NEW),
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


@needs("docker", "kind", "helm")
def test_a_release_that_is_replaced_in_place_comes_back_with_all_values_that_people_gave_it(there: System) -> None:
    kube = there.kube  # type: ignore[attr-defined]

    def template() -> object:
        found = kube.call(kube.apps.read_namespaced_deployment, "echo-blue", kube.namespace)
        return kube.plain(found.spec.template)

    before = template()
    with entered(there, install=True) as system:
        there.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
        assert template() != before
        system.workloads.deploy("echo", Slot.BLUE, OLD, soon(60))
    assert template() == before, "those of this system are not what drill.toml alone would say"


@contextmanager
def later(there: System, agent_image: str | None) -> Iterator[System]:
    """The system as somebody enters it who takes back what a drill did that is gone."""
    from harness.sandbox.cluster.start import left_behind  # noqa: PLC0415 - only for those who need it: it takes long

    with left_behind(leased(there, agent_image), "gone", there.kube.kubeconfig) as system:  # type: ignore[attr-defined]
        yield system


def leased(there: System, agent_image: str | None) -> SystemModel:
    kube = there.kube  # type: ignore[attr-defined]
    host = there.router.address("echo").host
    place = ClusterTable(context=CONTEXT, namespace=kube.namespace, host=host, agent_image=agent_image)
    return model_of(place, Allowed(context=CONTEXT, namespace=kube.namespace))


@needs("docker", "kind", "helm")
def test_what_people_have_changed_since_is_left_to_them(there: System) -> None:
    kube = there.kube  # type: ignore[attr-defined]
    there.router.switch("echo", Slot.BLUE, soon())
    with later(there, None) as system:
        system.require_ours()
        other = {"spec": {"selector": names.selector("echo", Slot.GREEN, None)}}
        kube.call(kube.core.patch_namespaced_service, "echo", kube.namespace, other)
        try:
            with pytest.raises(WillNotWork, match="somebody has led the clients of echo elsewhere since the drill"):
                system.require_ours()
        finally:
            there.router.switch("echo", Slot.BLUE, soon())


@needs("docker", "kind", "helm")
def test_what_the_cluster_has_given_back_is_not_taken_back_again(there: System) -> None:
    with later(there, "any") as system, pytest.raises(WillNotWork, match="does not have the lease of namespace"):
        system.require_ours()


@needs("docker", "kind", "helm")
def test_the_lease_stays_until_all_is_taken_back_whoever_tries(there: System) -> None:
    from harness.sandbox.cluster.start import start  # noqa: PLC0415 - only for those who need it: it takes long

    kube = there.kube  # type: ignore[attr-defined]
    image = agent_image(kube.namespace)
    drill = start(
        leased(there, image),
        run_id="gone",
        kubeconfig=kube.kubeconfig,
        deadline=soon(60),
        live={"echo": OLD},
        standby={},
    )
    assert end_sandbox(drill, Settings(), stays=True) == []
    for error in (MayWorkLater("busy"), None):
        with suppress(MayWorkLater), later(there, image) as system:
            system.require_ours()
            if error:
                raise error
    gone(kube)


def lease_of(kube: Kube, run: str, silence: Duration = limits.SILENCE) -> Lease:
    return Lease(kube, image=agent_image(kube.namespace), labels={names.RUN: run}, silence=silence)


def owned(kube: Kube) -> list[object | None]:
    """What belongs to a lease."""
    return [
        kube.find(kube.core.read_namespaced_config_map, lease.NAME, kube.namespace),
        kube.find(kube.core.read_namespaced_service_account, lease.NAME, kube.namespace),
        kube.find(kube.rbac.read_namespaced_role, lease.NAME, kube.namespace),
        kube.find(kube.rbac.read_namespaced_role_binding, lease.NAME, kube.namespace),
        kube.find(kube.apps.read_namespaced_deployment, lease.NAME, kube.namespace),
    ]


def gone(kube: Kube) -> None:
    wait_for(lambda: owned(kube) == [None] * 5, soon(60), "the end of the lease and of what it owns")


@needs("docker", "kind", "helm")
def test_a_namespace_has_one_drill_at_a_time(there: System) -> None:
    kube = there.kube  # type: ignore[attr-defined]
    first, second = lease_of(kube, "first"), lease_of(kube, "second")
    first.take(("echo",), soon(60))
    try:
        assert None not in owned(kube)
        with pytest.raises(MayWorkLater, match=r"has a drill already, run first; .* 10 min after its last beat"):
            second.take(("echo",), soon(60))
        lease.end(kube, "second")
        assert None not in owned(kube), "nobody ends the lease of another"
    finally:
        first.close()
        lease.end(kube, "first")
    gone(kube)


@needs("docker", "kind", "helm")
def test_the_cluster_gives_a_namespace_back_when_the_machine_is_lost(there: System) -> None:
    """Nobody undoes anything: blue is held down, and clients are led to proxies before it."""
    kube = there.kube  # type: ignore[attr-defined]
    address = there.router.address("echo")
    there.router.switch("echo", Slot.BLUE, soon())
    before = kube.call(kube.core.read_namespaced_service, "echo", kube.namespace).spec.selector
    held = lease_of(kube, "lost", Duration.of(s=6))
    held.take(("echo",), soon(60))
    image = agent_image(kube.namespace)
    network = KubernetesNetwork(kube, there.router, image=image, port=8080, labels={names.RUN: "lost"})  # type: ignore[arg-type]
    network.delay("echo", Slot.BLUE, Duration.of(ms=10))
    there.workloads.hold_down("echo", Slot.BLUE, soon(60))
    over = Deadline.after(Duration.of(s=12))
    wait_for(lambda: over.passed, soon(20), "twice the time of silence")
    assert None not in owned(kube), "the drill beats"
    held.close()
    gone(kube)
    found = kube.call(kube.core.read_namespaced_service, "echo", kube.namespace)
    assert found.spec.selector == before
    proxies = names.delay("echo", Slot.BLUE)
    assert kube.find(kube.apps.read_namespaced_deployment, proxies, kube.namespace) is None
    assert kube.find(kube.core.read_namespaced_service, proxies, kube.namespace) is None

    def served() -> bool:
        with suppress(OSError):  # refused, until the nodes follow the Service
            return version(address) == OLD
        return False

    wait_for(served, soon(60), "clients to be served again")
