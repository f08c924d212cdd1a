"""Steps about the database: its backups, what is broken of it, and what it goes back to."""

from pytest_bdd import given, then, when

from harness.bdd.parameters import step
from harness.drill.altered import with_disk, with_tls
from harness.drill.builder import DrillBuilder
from harness.drill.goals import MomentBefore
from harness.faults.data import (
    ConnectionsUsedUp,
    DatabaseLost,
    MigrationHalfDone,
    PageDamaged,
    RowsAltered,
    RowsDeleted,
    SchemaMigrated,
    TableDropped,
)
from harness.faults.data_hindrance import IdleTransaction, SpoiledBackup
from harness.faults.hindrance import Later
from harness.faults.later import DatabaseGone
from harness.faults.moment import Moment
from harness.faults.resources import CertificateExpired, DiskFull
from harness.rollback.data.actions import NewestBackup, SchemaVersion
from harness.rollback.plan import Procedure
from harness.system.restoring import END, BackupKind, PointKind
from harness.units import Duration


@given(step("a base backup of the database is taken"))
def _base_backup(drill: DrillBuilder) -> None:
    drill.back_up(BackupKind.BASE)


@given(step("the database is dumped"))
def _dump(drill: DrillBuilder) -> None:
    drill.back_up(BackupKind.DUMP)


@when(step("the table {table:Table} is dropped"))
def _dropped(drill: DrillBuilder, table: str) -> None:
    drill.break_by(TableDropped(table))


@when(step("all rows of {table:Table} are deleted"))
def _deleted(drill: DrillBuilder, table: str) -> None:
    drill.break_by(RowsDeleted(table))


@when(step("wrong values are written into {table:Table}"))
def _altered(drill: DrillBuilder, table: str) -> None:
    drill.break_by(RowsAltered(table))


@when(step("a page of {table:Table} is damaged on the disk"))
def _page(drill: DrillBuilder, table: str) -> None:
    drill.break_by(PageDamaged(table))


@when(step("the database's connections are used up"))
def _used_up(drill: DrillBuilder) -> None:
    drill.break_by(ConnectionsUsedUp())


@given(step("the database has a disk of {size:d} MB of its own"))
def _own_disk(drill: DrillBuilder, size: int) -> None:
    drill.once("how large the disk of the database is")
    drill.model = with_disk(drill.model, size)


@given(step("services reach the database by TLS"))
def _tls(drill: DrillBuilder) -> None:
    drill.once("how services reach the database")
    drill.model = with_tls(drill.model)


@when(step("the certificate of the database has expired"))
def _certificate(drill: DrillBuilder) -> None:
    drill.break_by(CertificateExpired())


@when(step("the disk of the database is full"))
def _disk_full(drill: DrillBuilder) -> None:
    drill.break_by(DiskFull())


@when(step("the migration to {version:Version} is half done"))
def _half_done(drill: DrillBuilder, version: str) -> None:
    drill.break_by(MigrationHalfDone(version))


@when(step("the database is lost with its disk"))
def _lost(drill: DrillBuilder) -> None:
    drill.break_by(DatabaseLost())


@when(step("the schema is migrated to {version:Version}"))
def _migrated(drill: DrillBuilder, version: str) -> None:
    drill.break_by(SchemaMigrated(version))


@when(step("the base backup is {how:Spoiled}"))
def _spoiled_base(drill: DrillBuilder, how: str) -> None:
    drill.hinder_by(SpoiledBackup(BackupKind.BASE, how))


@when(step("the dump is {how:Spoiled}"))
def _spoiled_dump(drill: DrillBuilder, how: str) -> None:
    drill.hinder_by(SpoiledBackup(BackupKind.DUMP, how))


@when(step("a transaction that has read {table:Table} is left idle"))
def _idle(drill: DrillBuilder, table: str) -> None:
    drill.hinder_by(IdleTransaction(table))


@when(step("the live database is lost in the middle of the restore"))
def _gone(drill: DrillBuilder) -> None:
    drill.hinder_by(Later(DatabaseGone(), Moment.RESTORE))


@then(step("the database is restored to the moment before the fault within {limit:Duration}"))
def _moment(drill: DrillBuilder, limit: Duration) -> None:
    drill.restore_to(Procedure.POINT_IN_TIME, MomentBefore(PointKind.TIME), limit)


@then(step("the database is restored to a restore point before the fault within {limit:Duration}"))
def _named(drill: DrillBuilder, limit: Duration) -> None:
    drill.restore_to(Procedure.POINT_IN_TIME, MomentBefore(PointKind.NAME), limit)


@then(step("the database is restored to the end of its log within {limit:Duration}"))
def _end(drill: DrillBuilder, limit: Duration) -> None:
    drill.restore_to(Procedure.POINT_IN_TIME, END, limit)


@then(step("the database is restored from its newest dump within {limit:Duration}"))
def _newest(drill: DrillBuilder, limit: Duration) -> None:
    drill.restore_to(Procedure.BACKUP, NewestBackup(), limit)


@then(step("the schema is rolled back to {version:Version} within {limit:Duration}"))
def _schema(drill: DrillBuilder, version: str, limit: Duration) -> None:
    drill.restore_to(Procedure.SCHEMA, SchemaVersion(version), limit)
