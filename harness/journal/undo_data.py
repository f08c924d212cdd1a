"""Undo operations about the database: its rows, its schema, its sessions, its files and its backups. See `undo`."""

from __future__ import annotations

from typing import Literal

from harness.journal.operation import Operation


class PutBack(Operation):
    """A table is there with the rows that were taken away."""

    operation: Literal["put_back"] = "put_back"
    table: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"put back what was taken away of the table {self.table}"


class LetGo(Operation):
    """No idle transaction of the drill's holds a lock on a table."""

    operation: Literal["let_go"] = "let_go"
    table: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"end the idle transaction that has read the table {self.table}"


class MigrateBack(Operation):
    """The schema is `before`, where it is `after` now."""

    operation: Literal["migrate_back"] = "migrate_back"
    before: str
    after: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"take the schema from {self.after} back to {self.before}"


class FreeConnections(Operation):
    """No connection of the drill's takes a place that services need."""

    operation: Literal["free_connections"] = "free_connections"

    @property
    def title(self) -> str:
        """See `Operation`."""
        return "end the sessions that take up the database's connections"


class FinishPart(Operation):
    """No script of the schema was run in part: what was left of it is run, and then the one that leads back."""

    operation: Literal["finish_part"] = "finish_part"
    before: str
    after: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"run what is left of the script from {self.before} to {self.after}, and take the schema back"


class FindDatabase(Operation):
    """A database serves: the lost one, where no other has taken its place."""

    operation: Literal["find_database"] = "find_database"

    @property
    def title(self) -> str:
        """See `Operation`."""
        return "give the database its files back and start it"


class EmptyDisk(Operation):
    """The disk of the database has room again, and a server that gave up over it serves."""

    operation: Literal["empty_disk"] = "empty_disk"

    @property
    def title(self) -> str:
        """See `Operation`."""
        return "make room on the disk of the database and start it"


class RenewCertificate(Operation):
    """The certificate of the database's endpoint is valid."""

    operation: Literal["renew_certificate"] = "renew_certificate"

    @property
    def title(self) -> str:
        """See `Operation`."""
        return "renew the certificate of the database's endpoint"


class MendPage(Operation):
    """No page of a table is damaged."""

    operation: Literal["mend_page"] = "mend_page"
    table: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"write the damaged page of the table {self.table} back as it was"


class MendBackup(Operation):
    """A backup is as it was taken."""

    operation: Literal["mend_backup"] = "mend_backup"
    backup: str

    @property
    def title(self) -> str:
        """See `Operation`."""
        return f"give the backup {self.backup} its own content again"
