"""Finds out how the database stands, and answers the checks of its rollbacks. Looks only."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final, assert_never

from harness.clock import Deadline
from harness.errors import DrillError, NotFound, WillNotWork
from harness.journal.refusal import Refusal
from harness.rollback.data.actions import (
    CheckBackup,
    CheckKept,
    CheckNothingKept,
    CheckReachable,
    CheckRoom,
    CheckScripts,
    DataCheck,
    NewestBackup,
    SchemaVersion,
)
from harness.rollback.data.carry_out import recovery_of
from harness.rollback.data.plans import DataFacts, plan_backup, plan_point_in_time, plan_schema, ways_back
from harness.rollback.goal import Goal
from harness.rollback.history import Found
from harness.rollback.plan import Plan, Procedure
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.restoring import Backup, BackupKind, Point
from harness.units import Duration

_LOOK: Final = Duration.of(s=2)  # at a database that may be the one that is lost
_MB: Final = 1_000_000


def plan_data(procedure: Procedure, goal: Goal | None, model: SystemModel, system: System, deadline: Deadline) -> Plan:
    """The plan of a procedure of the database, from how it stands now.

    Raises:
        NotFound: the system has no database, the sandbox takes no backups, or drill.toml names no migrations.
        WillNotWork: the goal is not one of the procedure.
    """
    match procedure, goal:
        case Procedure.POINT_IN_TIME, Point() as point:
            return plan_point_in_time(find_facts(model, system, BackupKind.BASE, deadline), point)
        case Procedure.BACKUP, NewestBackup() as wanted:
            return plan_backup(find_facts(model, system, BackupKind.DUMP, deadline), wanted)
        case Procedure.SCHEMA, SchemaVersion() as version:
            facts = find_facts(model, system, None, deadline)
            return plan_schema(facts, version, scripts_back(system, facts.schema))
        case _:
            raise WillNotWork(f"a {procedure} rollback cannot go back to {goal or 'nothing'}")


def find_facts(model: SystemModel, system: System, kind: BackupKind | None, deadline: Deadline) -> DataFacts:
    """How database and services stand.

    Raises:
        NotFound: the system has no database, or the sandbox takes no backups.
    """
    if model.database is None or system.database is None:
        raise NotFound(f"{model.name} has no database that could be rolled back")
    served = {}
    for service in model.services:
        there = system.workloads.replicas(service, system.router.active(service))
        if there:
            served[service] = there[0].version
    alive = False
    with suppress(DrillError):
        system.database.read("SELECT 1", deadline.within(_LOOK))
        alive = True
    schema = ""
    if system.schema is not None and alive:
        with suppress(DrillError):
            schema = system.schema.version(deadline.within(_LOOK))
    return DataFacts(
        served=served,
        replicas={service: model.replicas(service) for service in served},
        backups=tuple(one for one in recovery_of(system).backups(kind) if not one.safety) if kind else (),
        critical=tuple(one for one in served if model.services[one].critical),
        alive=alive,
        schema=schema,
        tables=model.database.tables or (),
        version_query=model.database.version_query,
    )


def scripts_back(system: System, start: str) -> dict[str, Sequence[str]]:
    """The versions that a script leads back to, from every version that can be reached so.

    Raises:
        NotFound: drill.toml names no folder of migrations.
    """
    if system.schema is None:
        raise NotFound("drill.toml names no 'migrations' in [database], so the schema cannot be rolled back")
    return ways_back(start, system.schema.back)


def look_at_data(check: DataCheck, system: System, deadline: Deadline) -> Found:  # noqa: C901, PLR0911, PLR0912 - a case each
    """Carries out one check.

    Raises:
        DrillError: what is to be checked could not be looked at.
    """
    match check:
        case CheckBackup(kind, goal, backup):
            if backup is None:
                there = [one for one in recovery_of(system).backups(kind) if not one.safety]
                told = ", ".join(f"{one.name} of {one.taken.isoformat()}" for one in there) or "none"
                why = f"there is no {kind} backup that is good for {goal}; there is {told}; take one before"
                return Found(why, Refusal.NO_BACKUP)
            if wrong := recovery_of(system).examine(backup, deadline):
                return Found(f"{wrong}; {_older(system, kind, backup)}", Refusal.BAD_BACKUP)
            return Found(
                f"{backup.name} of {backup.taken.isoformat(timespec='seconds')}, {backup.size} bytes, is whole"
            )
        case CheckReachable(backup, point):
            if wrong := recovery_of(system).find(backup, point, deadline):
                return Found(wrong, Refusal.UNREACHABLE)
            return Found(f"every file of the log since {backup.first_wal} is there")
        case CheckRoom(backup):
            needed, free = recovery_of(system).room(backup)
            if free < needed:
                why = (
                    f"the restored database needs {needed // _MB} MB beside the live one, and {free // _MB} MB are free"
                )
                return Found(f"{why}; make room first", Refusal.NO_ROOM)
            return Found(f"it needs {needed // _MB} MB, and {free // _MB} MB are free")
        case CheckKept():
            if not recovery_of(system).keeps():
                return Found("it is removed already, so nothing can take its place back", Refusal.NO_BACKUP)
            return Found("it is")
        case CheckNothingKept():
            if recovery_of(system).keeps():
                why = "an earlier restore replaced one that is still kept; resume that rollback, or reverse it"
                return Found(why, Refusal.UNFINISHED)
            return Found("none is")
        case CheckScripts(way, goal):
            return _find_scripts(way, goal, system, deadline)
        case _:
            assert_never(check)


def _find_scripts(way: Sequence[str], goal: str, system: System, deadline: Deadline) -> Found:
    if system.schema is None:
        return Found("drill.toml names no folder of migrations", Refusal.NO_SCRIPT)
    now = system.schema.version(deadline)
    if way[-1] != goal:
        return Found(
            f"no scripts lead from schema {now} back to {goal}; write them, or restore a backup", Refusal.NO_SCRIPT
        )
    if now != way[0]:
        return Found(f"the schema is {now} by now, and the plan begins with {way[0]}", Refusal.WRONG_SCHEMA)
    if len(way) == 1:
        return Found(f"the schema is {goal} already, so nothing of it can be rolled back", Refusal.WRONG_SCHEMA)
    for before, after in pairwise(way):
        for start, end in ((before, after), (after, before)):
            text = system.schema.script(start, end)
            if text is None or not text.strip():
                return Found(f"there is no script from schema {start} to {end}, or it is empty", Refusal.NO_SCRIPT)
    return Found(f"the schema is {now}; each script is there, and the one that takes it back")


def _older(system: System, kind: BackupKind, bad: Backup) -> str:
    """What can be done about a backup that is of no use."""
    older = [one for one in recovery_of(system).backups(kind) if not one.safety and one.taken < bad.taken]
    if not older:
        return "there is no older one"
    if kind is BackupKind.BASE:  # with more of the log it leads to the same point
        return f"put that one aside: {older[-1].name} is taken then"
    return f"go back to {older[-1].name}, by its time: {older[-1].taken.isoformat()}"
