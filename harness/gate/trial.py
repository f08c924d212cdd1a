"""Tries one case: makes its world, runs the script in it, and brings back what was seen. Effects; judges nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import commands, limits
from harness.gate.case import Case, Trouble
from harness.gate.mould import Mould
from harness.gate.run import Run
from harness.gate.seen import Seen
from harness.gate.variation import Variation
from harness.gate.world import World

if TYPE_CHECKING:
    from harness.gate.cluster.ground import Ground
    from harness.gate.cluster.world import ClusterWorld

_NAME_BYTES: Final = 4  # of a world's folder: short, because Unix sockets allow 108 bytes of path


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where cases are tried, and with what."""

    folder: Path
    mould: Mould
    command: tuple[str, ...]
    """The script, and what runs it."""
    path: str
    ground: Ground | None = None
    """Where the parts of worlds are that are in a cluster; None where they have none."""

    @contextmanager
    def cluster(self, variation: Variation, keys: Path) -> Iterator[ClusterWorld | None]:
        """The part of a world that is in a cluster, where there is one; gone at the end.

        Args:
            variation: how it differs from the plain one.
            keys: a folder for those of the script's way to it.
        """
        if self.ground is None:
            yield None
            return
        from harness.gate.cluster.world import ClusterWorld  # noqa: PLC0415 - a second of imports, see World

        with ClusterWorld(self.ground, variation, keys) as made:
            yield made


def try_case(case: Case, shop: Workshop, *, serves: bool = True) -> Seen:
    """Runs a script as the case says.

    Args:
        case: what is done.
        shop: where, and with what.
        serves: the service runs; who never uses it does not need it.

    Raises:
        DrillError: the world could not be made; the script is not to blame.
    """
    folder = shop.folder / secrets.token_hex(_NAME_BYTES)
    with (
        shop.cluster(case.variation, folder.with_suffix(".keys")) as cluster,
        World(folder, shop.mould, case.variation, shop.path, serves=serves, cluster=cluster) as world,
    ):
        before = world.look()
        if case.trouble is Trouble.LOCK:
            world.hold_lock()
        if case.trouble is Trouble.SLOW:
            world.relay.delay = limits.SLOW
        if case.trouble is Trouble.API_SLOW and cluster is not None:
            cluster.way.delay = limits.API_SLOW
        first = Run(case, world, shop.command, lasts=case.runs_twice)
        runs = [first.ended]
        calls = () if cluster is None else cluster.way.calls
        between = None
        if case.runs_twice:
            if cluster is not None:
                cluster.settle()
            _forget(world)
            if not case.trouble.kills:
                between = world.look()
            again = Case(case.id, case.title, case.reason)
            runs.append(Run(again, world, shop.command).ended)
        if cluster is not None:
            cluster.settle(waits=case.trouble.cuts_cluster)
        world.relay.restore()
        world.load.wait_until_served()
        if serves:
            world.service.wait_until_served()
        world.load.stop()
        return Seen(
            before=before,
            runs=tuple(runs),
            # Who cannot get to the database cannot let clients in again; what is in it is to be as it was all the same.
            after=world.look(let_in=case.trouble.cuts),
            between=between,
            writes=(*world.seeds, *world.load.writes),
            probes=world.load.probes,
            service_probes=world.service.probes,
            cluster_probes=() if cluster is None else cluster.probes,
            calls=calls,
            statements=world.relay.statements,
            commands=commands.called(world.folder),
            changes=first.changes,
            reference=shop.mould.reference,
            bystander_lives=world.bystander.lives,
            seeds=len(shop.mould.seeds),
            connected=world.relay.used,
            no_effect=first.no_effect,
        )


def _forget(world: World) -> None:
    """Nothing of the first run hinders the second: its sessions have ended, or hold on by themselves."""
    world.relay.restore()
    if world.cluster is not None:
        world.cluster.way.restore()
    commands.release(world.folder)
    with suppress(DeadlineExceeded):
        wait_for(lambda: world.script_sessions == 0, Deadline.after(limits.ORPHANS), "the end of old sessions")
    world.load.wait_until_served(limits.ORPHANS)  # whoever calls it again does so minutes later: pools are full again
