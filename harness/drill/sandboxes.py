"""The sandboxes there are, by name; the only place that knows all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from harness.clock import Deadline
from harness.errors import UsageError
from harness.sandbox.common.collected import Collected
from harness.sandbox.common.logs import Rescue
from harness.sandbox.common.strays import strays
from harness.sandbox.embedded import folder as embedded_folder
from harness.sandbox.embedded import heal as embedded_left
from harness.sandbox.embedded import start as embedded
from harness.sandbox.embedded.binaries import accounts
from harness.sandbox.kind.which import Which
from harness.settings import Settings
from harness.state import make_own
from harness.system.model import SystemModel
from harness.system.ports import System

if TYPE_CHECKING:
    from harness.sandbox.kind.survey import Look

NAMES: Final = ("embedded", "kind", "cluster")
KIND: Final = "kind"
CLUSTER: Final = "cluster"
CLUSTER_TAG: Final = "kind"  # on scenarios that only a cluster can show
TWO_NODES_TAG: Final = "two-nodes"  # on those that only a cluster of two nodes can show
A_CLUSTER: Final = f"a cluster (--sandbox {KIND})"
TWO_NODES: Final = f"a cluster of two nodes (--sandbox {KIND} with DRILL_NODES=2)"


class Sandbox(System, Protocol):
    """A live system of our own that ends when it is closed."""

    def copy_logs(self, to: Path) -> Sequence[Path]:
        """Copies the logs of everything that ran into a folder, which is made; returns the copies."""

    def close(self, deadline: Deadline) -> None:
        """Ends everything and waits until nothing is left; a second call does nothing."""


def known(names: str) -> tuple[str, ...]:
    """The sandboxes that a text names: one, or several with commas between.

    Raises:
        UsageError: there is no sandbox of a name, or one is named twice.
    """
    found = tuple(name.strip() for name in names.split(","))
    for name in found:
        if name not in NAMES:
            raise UsageError(f"there is no sandbox {name!r}; expected one of {', '.join(NAMES)}")
    if len(set(found)) < len(found):
        raise UsageError(f"--sandbox {names}: a sandbox is named twice")
    return found


def which(settings: Settings) -> Which:
    """The kind cluster that the settings name.

    Raises:
        UsageError: no cluster can have that name.
    """
    return Which(settings.cluster, settings.registry_port, settings.nodes)


def lacks(sandbox: str, tags: Sequence[str], settings: Settings) -> str:
    """What a sandbox lacks to show a scenario with such tags, in words; empty when it can be run there."""
    if CLUSTER_TAG in tags and sandbox not in (KIND, CLUSTER):
        return A_CLUSTER
    if TWO_NODES_TAG in tags and not (sandbox == KIND and settings.nodes > 1):
        return TWO_NODES
    return ""


def make_ready(
    name: str, models: Sequence[SystemModel], settings: Settings, *, tell: Callable[[str], object] | None = None
) -> dict[str, str]:
    """Does what is done once for many drills, such as making a cluster; gives the versions of the tools found.

    `tell` takes a sentence when something is to be done that takes a while.

    Raises:
        DrillError: something that the sandbox needs is missing or will not start.
    """
    if name == CLUSTER:
        from harness.sandbox.cluster import start as cluster  # noqa: PLC0415 - see below

        return cluster.look(models, settings.kubeconfig)
    if name != KIND:
        return {}
    from harness.sandbox.kind import base  # noqa: PLC0415 - a second of imports that embedded drills do without

    make_own(settings.state_dir)
    return base.up(models, settings.state_dir, Deadline.after(settings.warm_up), which(settings), tell=tell)


def new_id(name: str, model: SystemModel) -> str:
    """What a sandbox will be known by, before there is anything of it: so that another process can end it."""
    if name == KIND:
        from harness.sandbox.kind import by_name  # noqa: PLC0415 - see above

        return by_name.new_name()
    if name == CLUSTER:
        return f"{model.cluster.context}/{model.cluster.namespace}" if model.cluster else ""
    return embedded_folder.new_id()


def open_sandbox(
    name: str,
    model: SystemModel,
    *,
    sandbox_id: str,
    live: Mapping[str, str],
    standby: Mapping[str, str],
    run_id: str,
    settings: Settings,
    deadline: Deadline,
    rescue: Rescue | None = None,
) -> Sandbox:
    """Brings a system up in a sandbox: `live` releases serve, `standby` ones are ready in the other slot.

    `sandbox_id` is from `new_id`. Where it cannot be brought up `rescue` is given what copies its logs.

    Raises:
        NotFound: a release does not exist.
        DrillError: it could not be brought up; nothing of it is left.
    """
    if name == KIND:
        from harness.sandbox.kind import start as kind  # noqa: PLC0415 - see above

        return kind.start(
            model,
            live=live,
            standby=standby,
            run_id=run_id,
            state_dir=settings.state_dir,
            deadline=deadline,
            which=which(settings),
            name=sandbox_id,
            rescue=rescue,
        )
    if name == CLUSTER:
        from harness.sandbox.cluster import start as cluster  # noqa: PLC0415 - see above

        return cluster.start(
            model, live=live, standby=standby, run_id=run_id, kubeconfig=settings.kubeconfig, deadline=deadline
        )
    return embedded.start(
        model,
        live=live,
        standby=standby,
        run_id=run_id,
        state_dir=settings.state_dir,
        deadline=deadline,
        name=sandbox_id,
        rescue=rescue,
    )


def ends_with_drill(name: str) -> bool:
    """True where a sandbox is made for one drill, so that what was done in it ends with it."""
    return name != CLUSTER


@contextmanager
def entered(name: str, sandbox_id: str, model: SystemModel, run_id: str, settings: Settings) -> Iterator[System]:
    """The system of a drill that lives, which another process has opened.

    Raises:
        DrillError: it cannot be reached.
    """
    if name == KIND:
        from harness.sandbox.kind import by_name  # noqa: PLC0415 - see above

        with by_name.entered(model, sandbox_id, settings.state_dir, which(settings)) as system:
            yield system
    elif name == CLUSTER:
        from harness.sandbox.cluster import start as cluster  # noqa: PLC0415 - see above

        with cluster.entered(model, run_id, settings.kubeconfig) as system:
            yield system
    else:
        yield embedded.attach(settings.state_dir / sandbox_id)


@contextmanager
def left_behind(name: str, sandbox_id: str, model: SystemModel, run_id: str, settings: Settings) -> Iterator[System]:
    """As `entered`; processes of this machine may have ended with their drill: what outlives them is taken back."""
    if name == KIND:
        with entered(name, sandbox_id, model, run_id, settings) as system:
            yield system
    elif name == CLUSTER:
        from harness.sandbox.cluster.start import left_behind as left  # noqa: PLC0415 - see above

        with left(model, run_id, settings.kubeconfig) as system:
            yield system
    else:
        yield embedded.left_of(settings.state_dir / sandbox_id)


def end(name: str, sandbox_id: str, settings: Settings, why: str, deadline: Deadline) -> str:
    """Ends a sandbox that is made for one drill, whoever has opened it; says what was done, or raises DrillError."""
    if name == KIND:
        from harness.sandbox.kind import by_name  # noqa: PLC0415 - see above

        return by_name.end(settings.state_dir, sandbox_id, deadline, which(settings))
    if name == CLUSTER:
        return f"the system in {sandbox_id} stays: it was there before the drill"
    return embedded_left.end(settings.state_dir, sandbox_id, why)


def heal(settings: Settings) -> tuple[str, ...]:
    """Removes what killed drills left: what is provably ours and no longer owned; a sentence for each thing.

    Raises:
        MayWorkLater: something was still there in the end, or Docker or the cluster did not answer.
        Unavailable: Docker cannot be reached.
    """
    told = tuple(str(one) for one in embedded_left.heal(settings.state_dir))
    if not any(settings.state_dir.glob(".kind/drills/*")):
        return told
    from harness.sandbox.kind import leftovers  # noqa: PLC0415 - see above

    return told + leftovers.heal(settings.state_dir, Deadline.after(settings.heal))


def look_everywhere(
    settings: Settings, *, remove: bool, among: str = ""
) -> Iterator[Callable[[], tuple[Collected, ...]]]:
    """The looks for what drills have left: each tells of one place, and with `remove` removes there what nobody owns.

    With `among` only what bears this very mark is looked at outside of the state folder.

    Each raises as `heal` does.
    """

    def embedded_ones() -> tuple[Collected, ...]:
        found = embedded_left.look(settings.state_dir)
        if remove:
            embedded_left.heal(settings.state_dir)
        return found

    def kind_ones() -> tuple[Collected, ...]:
        if shutil.which("docker") is None and not (settings.state_dir / ".kind").exists():
            return ()
        from harness.sandbox.kind import collect  # noqa: PLC0415 - see above

        return collect.collect(
            settings.state_dir, Deadline.after(settings.heal), which(settings), remove=remove, among=among
        )

    yield embedded_ones
    yield lambda: strays(remove=remove, among=among, accounts=accounts())
    yield kind_ones


def watch_cluster(settings: Settings) -> dict[str, str]:
    """Starts what shows people the metrics of drills on kind; where they find it, by name.

    Raises:
        DrillError: an image is missing, or the cluster is gone.
    """
    from harness.sandbox.kind import base  # noqa: PLC0415 - see above

    return base.watch(settings.state_dir, Deadline.after(settings.heal), which(settings))


def take_down(settings: Settings) -> bool:
    """Deletes the kind cluster with all that belongs to it; False when there was none.

    Raises:
        DrillError: Docker or kind is missing, or could not do it.
    """
    from harness.sandbox.kind import base  # noqa: PLC0415 - see above

    return base.down(settings.state_dir, Deadline.after(settings.warm_up), which(settings))


def cluster_status(settings: Settings) -> dict[str, str]:
    """The kind cluster in words by subject; empty when there is none that answers."""
    if not which(settings).kubeconfig(settings.state_dir).exists():
        return {}
    from harness.sandbox.kind import base  # noqa: PLC0415 - see above

    return base.status(settings.state_dir, which(settings))


def survey_kind(settings: Settings, model: SystemModel | None) -> tuple[Look, ...]:
    """What this machine has of all that drills on kind need; nothing is made."""
    from harness.sandbox.kind import survey  # noqa: PLC0415 - see above

    return survey.survey(settings.state_dir, which(settings), model)
