"""What database or configuration of a drill go back to, and what must be known of it to judge what was given up.

A scenario cannot name an instant that is still to come: 'the moment before the fault' is fixed right before it. Each
target is known as the two instants between which it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from harness.clock import Deadline, now, utc_now
from harness.errors import InternalError, NotFound
from harness.journal.records import DataRestored
from harness.rollback.configuration.actions import ConfigurationVersion, Place
from harness.rollback.configuration.carry_out import port_of
from harness.rollback.data.actions import (
    CloseDatabase,
    NewestBackup,
    RestoreBeside,
    SwapDatabase,
    TurnAway,
)
from harness.rollback.data.carry_out import recovery_of
from harness.rollback.engine import StepReport
from harness.rollback.goal import Goal
from harness.system.config_archive import archive_name, pack
from harness.system.data_ports import Recovery
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.restoring import BackupKind, Point, PointKind
from harness.units import Instant

BEFORE: Final = "before-the-fault"


@dataclass(frozen=True, slots=True)
class MomentBefore:
    """The instant right before the fault, as a time of the clock or as a named point of the log."""

    kind: Literal[PointKind.TIME, PointKind.NAME]

    def __str__(self) -> str:
        return f"the moment before the fault, by its {self.kind}"


Wanted = Goal | MomentBefore
Kept = BackupKind | ConfigurationVersion
"""What can be kept before the fault, to be gone back to: a backup of the database, an archive of the configuration."""


@dataclass(frozen=True, slots=True)
class Known:
    """A target, and the instants between which it lies; None where only the restore itself shows them."""

    goal: Goal
    earliest: Instant | None = None
    latest: Instant | None = None


def keep(what: Kept, model: SystemModel, system: System, deadline: Deadline) -> None:
    """Keeps what a rollback goes back to.

    Raises:
        DrillError: it could not be taken, or the sandbox has no way to it.
    """
    if isinstance(what, ConfigurationVersion):
        archive_as(what.version, model, system, deadline)
    else:
        recovery_of(system).back_up(what, deadline)


def archive_as(version: str, model: SystemModel, system: System, deadline: Deadline) -> str:
    """Archives the configuration that serves now as a version, and returns the archive's name.

    Raises:
        NotFound: the sandbox gives no way to the configuration.
        InputError: no version is called so.
    """
    name, port = archive_name(version), port_of(system)
    served = ((service, system.router.active(service)) for service in model.services)
    there = [Place(service, slot) for service, slot in served if system.workloads.replicas(service, slot)]
    port.store(name, pack({one.service: port.read(one.service, one.slot, deadline) for one in there}))
    return name


def fix(wanted: Wanted, recovery: Recovery | None, deadline: Deadline) -> Known:
    """Fixes a target right before the fault; does nothing where it can be named before.

    Raises:
        NotFound: the sandbox has no log in which a point could be set.
    """
    if not isinstance(wanted, MomentBefore):
        return Known(wanted)
    earliest = now()
    if wanted.kind is PointKind.TIME:
        return Known(Point(PointKind.TIME, utc_now().isoformat()), earliest, now())
    if recovery is None:
        raise NotFound("this sandbox takes no backups of its database, so no restore point can be set")
    recovery.mark(BEFORE, deadline)
    return Known(Point(PointKind.NAME, BEFORE), earliest, now())


def restored(known: Known, reports: Sequence[StepReport]) -> DataRestored | None:
    """What a restore gave up on purpose, from what its steps were reported to have done; None where none was made.

    At the end of the log lies everything that was acknowledged before the database was closed.
    """
    done = {type(one.step.action): one for one in reports if not one.error}
    swap, close, away = done.get(SwapDatabase), done.get(CloseDatabase), done.get(TurnAway)
    restore = done.get(RestoreBeside)
    if swap is None or close is None or restore is None:
        return None
    action = restore.step.action
    if not isinstance(action, RestoreBeside):
        raise InternalError("a step is not what it was found by")
    earliest, latest = known.earliest, known.latest
    if isinstance(known.goal, NewestBackup):
        earliest, latest = action.backup.earliest, action.backup.latest
    elif known.goal == Point(PointKind.END):
        earliest = latest = close.completed
    if earliest is None or latest is None:
        return None
    return DataRestored(
        way="backup" if action.point is None else "point in time",
        target=action.backup.name if action.point is None else str(action.point),
        earliest=earliest,
        latest=latest,
        stopping=away.started if away else None,
        writes_stopped=close.completed if away else None,
        switching=swap.started,
        switched=swap.completed,
    )
