"""From facts about the database to a plan. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from harness.errors import WillNotWork
from harness.rollback.data.actions import (
    AwaitReady,
    CheckBackup,
    CheckNothingKept,
    CheckReachable,
    CheckRoom,
    CheckScripts,
    CloseDatabase,
    DropKept,
    LetIn,
    Migrate,
    NewestBackup,
    RestoreBeside,
    SafetyBackup,
    SchemaVersion,
    SwapDatabase,
    TurnAway,
    VerifyBeside,
)
from harness.rollback.plan import Part, Plan, Procedure, StepPhase, numbered
from harness.rollback.procedures.traffic import verify
from harness.system.restoring import Backup, BackupKind, Point
from harness.units import Duration

EXAMINE_LIMIT: Final = Duration.of(s=60)  # the whole backup is read: seconds for a gigabyte
LOOK_LIMIT: Final = Duration.of(s=10)  # the log since the backup is read, or the disk is asked
TURN_AWAY_LIMIT: Final = Duration.of(s=10)  # requests under way have 5 s, as at a switch of traffic
DUMP_LIMIT: Final = Duration.of(s=60)  # of a database that fits on a laptop
CLOSE_LIMIT: Final = Duration.of(s=15)  # sessions end within milliseconds; the last file of the log is archived
RESTORE_LIMIT: Final = Duration.of(s=120)  # files are copied and the log is replayed: measured 2.3 s for 510 MB
SWAP_LIMIT: Final = Duration.of(s=30)  # one server stops with a checkpoint, another one starts
READY_LIMIT: Final = Duration.of(s=20)  # a replica that lost its sessions makes new ones; one that ended starts again
LET_IN_LIMIT: Final = Duration.of(s=5)
MIGRATE_LIMIT: Final = Duration.of(s=30)  # a lock is waited for 3 s; rows are rewritten in the rest
DROP_LIMIT: Final = Duration.of(s=15)  # files are deleted


@dataclass(frozen=True, slots=True)
class DataFacts:
    """How the database stands before it is rolled back.

    Attributes:
        served: the version of each service that serves now, which serves again afterwards.
        replicas: how many of each.
        backups: of the kind that the procedure needs, oldest first.
        critical: the services without which nothing is served, so that they are waited for.
        alive: the server answers.
        schema: the version of the schema now; empty when it cannot be read.
        tables: that are always there.
        version_query: by which a restored database tells its version, or None.
    """

    served: Mapping[str, str]
    replicas: Mapping[str, int]
    backups: Sequence[Backup] = ()
    critical: tuple[str, ...] = ()
    alive: bool = True
    schema: str = ""
    tables: tuple[str, ...] = ()
    version_query: str | None = None


def plan_point_in_time(facts: DataFacts, point: Point) -> Plan:
    """The plan that restores the newest base backup from before a point, and the log up to it.

    Where no backup is from before the point the plan ends with a check that refuses.
    """
    parts: list[Part] = []
    usable = [one for one in facts.backups if point.at is None or one.taken < point.at]
    backup = usable[-1] if usable else None
    parts.append((StepPhase.CHECK, CheckBackup(BackupKind.BASE, point, backup), EXAMINE_LIMIT))
    if backup is not None:
        parts.append((StepPhase.CHECK, CheckReachable(backup, point), LOOK_LIMIT))
        _restore(parts, facts, backup, point)
    return Plan(Procedure.POINT_IN_TIME, {}, numbered(parts), goal=str(point))


def plan_backup(facts: DataFacts, wanted: NewestBackup) -> Plan:
    """The plan that restores the newest dump that is wanted.

    Where there is none the plan ends with a check that refuses.
    """
    parts: list[Part] = []
    usable = [one for one in facts.backups if wanted.fits(one)]
    backup = usable[-1] if usable else None
    parts.append((StepPhase.CHECK, CheckBackup(BackupKind.DUMP, wanted, backup), EXAMINE_LIMIT))
    if backup is not None:
        _restore(parts, facts, backup, None)
    return Plan(Procedure.BACKUP, {}, numbered(parts), goal=str(wanted))


def plan_schema(facts: DataFacts, goal: SchemaVersion, back: Mapping[str, Sequence[str]]) -> Plan:
    """The plan that takes the schema to a version, script by script, by the way with the fewest of them.

    Args:
        facts: how the database stands.
        goal: the version to go back to.
        back: the versions that a script leads back to, from each version.
    """
    parts: list[Part] = []
    way = _way(facts.schema, goal.version, back)
    parts.append((StepPhase.CHECK, CheckScripts(way or (facts.schema or "?",), goal.version), LOOK_LIMIT))
    for before, after in pairwise(way):
        parts.append((StepPhase.CHANGE, Migrate(before, after), MIGRATE_LIMIT))
    if way[1:]:
        _verify(parts, facts)
    return Plan(Procedure.SCHEMA, {}, numbered(parts), goal=str(goal))


def ways_back(start: str, back: Callable[[str], Sequence[str]]) -> dict[str, Sequence[str]]:
    """The versions that a script leads back to, from every version that can be reached so.

    Args:
        start: the version to begin with; nothing is reached from none.
        back: the versions that a script leads back to from one version.
    """
    found: dict[str, Sequence[str]] = {}
    waiting = [start] if start else []
    while waiting:
        version = waiting.pop()
        if version not in found:
            found[version] = back(version)
            waiting += found[version]
    return found


def _way(start: str, goal: str, back: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Breadth first, so the shortest; empty when there is none, and only the start when nothing is to be done."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        for following in back.get(way[-1], ()):
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()


def _restore(parts: list[Part], facts: DataFacts, backup: Backup, point: Point | None) -> None:
    if not facts.served:
        raise WillNotWork("the system has no service, so there is nobody to stop and nobody to serve")
    services = tuple(facts.served)
    parts.append((StepPhase.CHECK, CheckRoom(backup), LOOK_LIMIT))
    parts.append((StepPhase.CHECK, CheckNothingKept(), LOOK_LIMIT))
    parts.append((StepPhase.CHANGE, TurnAway(services), TURN_AWAY_LIMIT))
    if point is None and facts.alive:  # what a base backup is rolled forward from is kept whole
        parts.append((StepPhase.CHANGE, SafetyBackup(), DUMP_LIMIT))
    parts.append((StepPhase.CHANGE, CloseDatabase(), CLOSE_LIMIT))
    parts.append((StepPhase.CHANGE, RestoreBeside(backup, point), RESTORE_LIMIT))
    known = backup.version if point is None and facts.version_query else None
    parts.append((StepPhase.CHANGE, VerifyBeside(facts.tables, facts.version_query, known or None), LOOK_LIMIT))
    parts.append((StepPhase.CHANGE, SwapDatabase(), SWAP_LIMIT))
    if facts.critical:
        parts.append((StepPhase.CHANGE, AwaitReady(facts.critical), READY_LIMIT))
    parts.append((StepPhase.CHANGE, LetIn(services), LET_IN_LIMIT))
    _verify(parts, facts)
    parts.append((StepPhase.AFTERWARDS, DropKept(), DROP_LIMIT))


def _verify(parts: list[Part], facts: DataFacts) -> None:
    for service, version in facts.served.items():
        parts.append((StepPhase.VERIFY, *verify(service, version, facts.replicas[service])))
