"""Carries out the changes of a rollback of the database, through the ports."""

from __future__ import annotations

from typing import assert_never

from harness.clock import Deadline, wait_for
from harness.errors import InternalError, NotFound, WillNotWork
from harness.rollback.data.actions import (
    AwaitReady,
    CloseDatabase,
    DataChange,
    DropBeside,
    DropKept,
    LetIn,
    Migrate,
    OpenDatabase,
    RestoreBeside,
    SafetyBackup,
    SwapBack,
    SwapDatabase,
    TurnAway,
    VerifyBeside,
)
from harness.system.data_ports import Recovery, Schema
from harness.system.ports import System
from harness.system.restoring import BackupKind
from harness.system.values import ReplicaState
from harness.units import counted


def carry_out(action: DataChange, system: System, deadline: Deadline) -> str:  # noqa: C901, PLR0911, PLR0912 - a case each
    """Carries out one action; says in words what came of it.

    Raises:
        DrillError: it could not be done.
    """
    if isinstance(action, Migrate):
        return _migrate(action, _schema(system), deadline)
    if isinstance(action, AwaitReady):
        return _await_ready(action, system, deadline)
    recovery = recovery_of(system)
    match action:
        case TurnAway(services):
            recovery.turn_away(services, deadline)
            return "no request is under way any more"
        case LetIn(services):
            recovery.let_in(services)
            return "clients reach the services again"
        case SafetyBackup():
            taken = recovery.back_up(BackupKind.DUMP, deadline, safety=True)
            return f"{taken.name}, {taken.size} bytes, with its SHA-256 beside it"
        case CloseDatabase():
            return f"{counted(recovery.close(deadline), 'session')} ended; the log is in the archive"
        case OpenDatabase():
            recovery.open(deadline)
            return "sessions are let in"
        case RestoreBeside(backup, point):
            recovery.restore(backup, point, deadline)
            return f"{backup.name} is restored, and stands beside the live database"
        case DropBeside():
            recovery.drop_beside(deadline)
            return "nothing stands beside the live database"
        case VerifyBeside():
            return _verify(action, recovery, deadline)
        case SwapDatabase():
            recovery.swap(deadline)
            return "the restored database is live"
        case SwapBack():
            recovery.swap_back(deadline)
            return "the database that was live before is live"
        case DropKept():
            recovery.drop_kept(deadline)
            return "only the live database is left"
        case _:
            assert_never(action)


def recovery_of(system: System) -> Recovery:
    """The port Recovery.

    Raises:
        NotFound: the sandbox has none.
    """
    if system.recovery is None:
        raise NotFound("this sandbox takes no backups of its database, so none can be restored")
    return system.recovery


def _schema(system: System) -> Schema:
    if system.schema is None:
        raise InternalError("the plan counts on scripts, and drill.toml names none")
    return system.schema


def _migrate(action: Migrate, schema: Schema, deadline: Deadline) -> str:
    if schema.version(deadline) == action.after:
        return f"the schema is {action.after} already"
    schema.migrate(action.before, action.after, deadline)
    return f"the schema is {action.after}, in one transaction with the row that says so"


def _await_ready(action: AwaitReady, system: System, deadline: Deadline) -> str:
    def all_ready() -> bool:
        there = (system.workloads.replicas(one, system.router.active(one)) for one in action.services)
        return all(any(replica.state is ReplicaState.READY for replica in replicas) for replicas in there)

    wait_for(all_ready, deadline, "a ready replica of every service")
    return "every service has one that is ready"


def _verify(action: VerifyBeside, recovery: Recovery, deadline: Deadline) -> str:
    """Raises WillNotWork when something that must be there is not."""
    said = []
    for table in action.tables:
        quoted = table.replace("'", "''")
        exactly = ".".join(f'"{part}"' for part in quoted.split("."))
        asked = f"SELECT coalesce(to_regclass('{exactly}'), to_regclass('{quoted}'))"
        if recovery.look_beside(asked, deadline)[0][0] is None:
            raise WillNotWork(f"the restored database has no table {table}")
    if action.tables:
        said.append(f"{len(action.tables)} tables are there")
    if action.version_query:
        rows = recovery.look_beside(action.version_query, deadline)
        found = str(rows[0][0]) if len(rows) == 1 else ""
        if not found or action.version not in (None, found):
            wanted = action.version or "one version"
            raise WillNotWork(f"the restored database has schema {found or 'of no version'}, not {wanted}")
        said.append(f"the schema is {found}")
    if not said:
        recovery.look_beside("SELECT 1", deadline)
        said.append("it answers")
    return "; ".join(said)
