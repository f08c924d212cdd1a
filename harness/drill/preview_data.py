"""The rollback of a drill's database or configuration, as it will be planned before there is any.

Looks at files only.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from harness.clock import utc_now
from harness.drill.goals import BEFORE, MomentBefore
from harness.drill.spec import Drill
from harness.faults.data import DatabaseLost, SchemaMigrated
from harness.faults.hindrance import Hindered
from harness.faults.resources import DiskFull
from harness.rollback.configuration.actions import (
    ConfigurationGoal,
    ConfigurationTag,
    ConfigurationVersion,
    Place,
    Source,
)
from harness.rollback.configuration.find import COPY
from harness.rollback.configuration.plans import ConfigurationFacts, plan_configuration
from harness.rollback.data.actions import NewestBackup, SchemaVersion
from harness.rollback.data.plans import DataFacts, plan_backup, plan_point_in_time, plan_schema, ways_back
from harness.rollback.plan import Plan
from harness.sandbox.common.schema_versions import led_back_to
from harness.system.config_archive import archive_name
from harness.system.order import needed_first
from harness.system.restoring import Backup, BackupKind, Point, PointKind
from harness.system.values import Slot
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
        alive=not isinstance(fault, DatabaseLost | DiskFull),
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
        case ConfigurationVersion() | ConfigurationTag() as wanted:
            return plan_configuration(_configured(drill, wanted))
        case Point() as point:
            return plan_point_in_time(_with(facts, drill, BackupKind.BASE), point)


def _configured(drill: Drill, wanted: ConfigurationGoal) -> ConfigurationFacts:
    """How the configuration will stand: archived by the drill, and other than that for every service."""
    archives, there = drill.model.configuration.archives, wanted in drill.backups
    if isinstance(wanted, ConfigurationTag):
        there = drill.model.configuration.repository is not None
    elif archives is not None:
        there = there or (drill.model.root / archives / archive_name(wanted.version)).is_file()
    order = needed_first({name: one.needs for name, one in drill.model.services.items()})
    return ConfigurationFacts(
        source=Source(wanted, "known once it is there" if there else ""),
        places=tuple(Place(service, Slot.BLUE) for service in order),
        served=drill.versions,
        replicas={service: drill.model.replicas(service) for service in order},
        connections=tuple(one.name for one in drill.model.configuration.connections),
        copy=f"{COPY}-1",
        ready=order,
    )


def _with(facts: DataFacts, drill: Drill, kind: BackupKind) -> DataFacts:
    """The facts with the backup that the drill will take, where it takes one of that kind."""
    taken = Backup(f"{kind}-1", kind, utc_now(), "", 0, _UNKNOWN, _UNKNOWN, 0)
    return replace(facts, backups=(taken,) if kind in drill.backups else ())
