"""Undo operations about the database. Where a rollback has replaced it, most of them find nothing left to do.

A person ends the sandbox instead: a database that drills may change is always one that was made for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import NotFound
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo_data import (
    EmptyDisk,
    FindDatabase,
    FinishPart,
    FreeConnections,
    LetGo,
    MendBackup,
    MendPage,
    MigrateBack,
    PutBack,
    RenewCertificate,
)
from harness.system.ports import System

_END: Final = "drill heal"


def _put_back(undo: PutBack, system: System, deadline: Deadline) -> None:
    if system.tables is None:
        raise NotFound("data was changed, and this sandbox gives no way to change it back")
    system.tables.put_back(undo.table, deadline)


def _let_go(undo: LetGo, system: System, deadline: Deadline) -> None:
    if system.tables is None:
        raise NotFound("a table was locked, and this sandbox gives no way to its sessions")
    system.tables.let_go(undo.table, deadline)


def _give_back(_undo: FreeConnections, system: System, deadline: Deadline) -> None:
    if system.tables is None:
        raise NotFound("connections were taken up, and this sandbox gives no way to its sessions")
    system.tables.give_back(deadline)


def _migrate_back(undo: MigrateBack, system: System, deadline: Deadline) -> None:
    if system.schema is None:
        raise NotFound("the schema was changed, and drill.toml names no migrations")
    if system.schema.version(deadline) == undo.after:
        system.schema.migrate(undo.after, undo.before, deadline)


def _finish_part(undo: FinishPart, system: System, deadline: Deadline) -> None:
    if system.schema is None:
        raise NotFound("the schema was changed, and drill.toml names no migrations")
    system.schema.finish_part(undo.before, undo.after, deadline)


def _find_database(_undo: FindDatabase, system: System, deadline: Deadline) -> None:
    if system.recovery is None:
        raise NotFound("the database was lost, and this sandbox gives no way to find it")
    system.recovery.find_again(deadline)


def _empty_disk(_undo: EmptyDisk, system: System, deadline: Deadline) -> None:
    if system.recovery is None:
        raise NotFound("a disk was filled, and this sandbox gives no way to it")
    system.recovery.empty_disk(deadline)


def _renew_certificate(_undo: RenewCertificate, system: System, _deadline: Deadline) -> None:
    if system.endpoint is None:
        raise NotFound("a certificate ran out, and this sandbox gives no way to renew it")
    system.endpoint.renew()


def _mend_backup(undo: MendBackup, system: System, _deadline: Deadline) -> None:
    if system.recovery is None:
        raise NotFound("a backup was damaged, and this sandbox takes none")
    system.recovery.mend(undo.backup)


def _mend_page(_undo: MendPage, system: System, _deadline: Deadline) -> None:
    if system.recovery is None:
        raise NotFound("a page was damaged, and this sandbox gives no way to the database's files")
    system.recovery.mend_page()


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    PutBack: Way(_put_back, lambda undo, hand: _END),  # noqa: ARG005
    LetGo: Way(_let_go, lambda undo, hand: _END),  # noqa: ARG005
    FreeConnections: Way(_give_back, lambda undo, hand: _END),  # noqa: ARG005
    FinishPart: Way(_finish_part, lambda undo, hand: _END),  # noqa: ARG005
    MigrateBack: Way(_migrate_back, lambda undo, hand: _END),  # noqa: ARG005
    FindDatabase: Way(_find_database, lambda undo, hand: _END),  # noqa: ARG005
    EmptyDisk: Way(_empty_disk, lambda undo, hand: _END),  # noqa: ARG005
    RenewCertificate: Way(_renew_certificate, lambda undo, hand: _END),  # noqa: ARG005
    MendPage: Way(_mend_page, lambda undo, hand: _END),  # noqa: ARG005
    MendBackup: Way(_mend_backup, lambda undo, hand: _END),  # noqa: ARG005
}
