"""The rollback of a drill's database as it will be planned, before there is a database. Looks at files only."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from harness.clock import utc_now
from harness.drill.goals import BEFORE, MomentBefore
from harness.drill.spec import Drill
from harness.faults.data import DatabaseLost, SchemaMigrated
from harness.faults.hindrance import Hindered
from harness.rollback.data.actions import NewestBackup, SchemaVersion
from harness.rollback.data.plans import DataFacts, plan_backup, plan_point_in_time, plan_schema, ways_back
from harness.rollback.plan import Plan
from harness.sandbox.common.schema_versions import led_back_to
from harness.system.restoring import Backup, BackupKind, Point, PointKind
from harness.units import Instant

_UNKNOWN: Final = Instant(0)


def expected_data_plan(drill: Drill) -> Plan | None:
    """The plan; None where the scenario takes no database back."""
    fault = drill.fault.fault if isinstance(drill.fault, Hindered) else drill.fault
    database = drill.model.database
    facts = DataFacts(
        served=drill.versions,
        replicas={service: drill.model.replicas(service) for service in drill.versions},
        critical=tuple(one for one, table in drill.model.services.items() if table.critical),
        alive=not isinstance(fault, DatabaseLost),
        schema=fault.to if isinstance(fault, SchemaMigrated) else "",
        tables=(database.tables or ()) if database else (),
        version_query=database.version_query if database else None,
    )
    match drill.goal:
        case None:
            return None
        case SchemaVersion() as wanted:
            migrations = database.migrations if database else None
            back = ways_back(facts.schema, partial(led_back_to, drill.model.root / migrations)) if migrations else {}
            return plan_schema(facts, wanted, back)
        case NewestBackup() as wanted:
            return plan_backup(_with(facts, drill, BackupKind.DUMP), wanted)
        case MomentBefore():
            return plan_point_in_time(_with(facts, drill, BackupKind.BASE), Point(PointKind.NAME, BEFORE))
        case Point() as point:
            return plan_point_in_time(_with(facts, drill, BackupKind.BASE), point)


def _with(facts: DataFacts, drill: Drill, kind: BackupKind) -> DataFacts:
    """The facts with the backup that the drill will take, where it takes one of that kind."""
    taken = Backup(f"{kind}-1", kind, utc_now(), "", 0, _UNKNOWN, _UNKNOWN, 0)
    return replace(facts, backups=(taken,) if kind in drill.backups else ())
