"""What stands in the way of a rollback of the database, together with a fault that calls for one."""

from __future__ import annotations

from dataclasses import dataclass

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.data import recovery_of, tables_of
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import Undo
from harness.journal.undo_data import LetGo, MendBackup
from harness.system.restoring import BackupKind
from harness.system.values import Replica


@dataclass(frozen=True, slots=True)
class SpoiledBackup:
    """The newest backup of a kind is corrupt, truncated, missing, or its log has a gap."""

    kind: BackupKind
    how: str

    service = None

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the newest {self.kind} backup is {self.how}"

    def undo(self, scene: Scene) -> Undo:
        """It is as it was."""
        found = recovery_of(scene, self.title).backups(self.kind)
        if not found:
            raise InputError(f"{self.title}: none was taken; the scenario says so in a step of its own")
        return MendBackup(backup=found[-1].name)

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - a file is written
        """Damages it, or takes it away."""
        name = only((undo,), MendBackup).backup
        recovery = recovery_of(scene, self.title)
        [backup] = [one for one in recovery.backups(self.kind) if one.name == name]
        recovery.spoil(backup, self.how)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class IdleTransaction:
    """An application has read a table and forgot to end its transaction."""

    table: str

    service = None

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"a transaction that has read {self.table} is left idle"

    def undo(self, scene: Scene) -> Undo:
        """Its session is ended."""
        tables_of(scene, self.title)
        return LetGo(table=self.table)

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - it is named
        """Begins it."""
        tables_of(scene, self.title).hold(self.table, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()
