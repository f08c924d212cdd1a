"""The steps of a rollback of the database, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from harness.system.restoring import Backup, BackupKind, Point


@dataclass(frozen=True, slots=True)
class NewestBackup:
    """What to go back to: the newest dump; of those with a version of the schema, or of those taken by a date."""

    version: str | None = None
    until: datetime | None = None

    def __str__(self) -> str:
        of = f" of schema {self.version}" if self.version else ""
        return f"the newest dump{of}{f' taken by {self.until.isoformat()}' if self.until else ''}"

    def fits(self, backup: Backup) -> bool:
        """Whether a dump is one of those."""
        return self.version in (None, backup.version) and (self.until is None or backup.taken <= self.until)


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """What to go back to: a version of the schema, by the scripts that lead there."""

    version: str

    def __str__(self) -> str:
        return f"schema {self.version}"


Goal = Point | NewestBackup | SchemaVersion


@dataclass(frozen=True, slots=True)
class CheckBackup:
    """The backup that was found for the goal can be read to its end; None when none was found."""

    kind: BackupKind
    goal: Point | NewestBackup
    backup: Backup | None

    @property
    def title(self) -> str:
        """The action in words."""
        which = self.backup.name if self.backup else f"a {self.kind} backup"
        return f"check that {which} is good for {self.goal}, and read it to its end"


@dataclass(frozen=True, slots=True)
class CheckReachable:
    """The log leads from a base backup to the point, without a gap."""

    backup: Backup
    point: Point

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that the log leads from {self.backup.name} to the {self.point}"


@dataclass(frozen=True, slots=True)
class CheckRoom:
    """The disk has room for the restored database beside the live one."""

    backup: Backup

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that the disk has room for {self.backup.name} beside the live database"


@dataclass(frozen=True, slots=True)
class CheckScripts:
    """The schema is what the rollback begins with, and each script on its way is there, back and forth."""

    way: tuple[str, ...]
    goal: str

    @property
    def title(self) -> str:
        """The action in words."""
        if len(self.way) > 1:
            return f"check that the schema is {self.way[0]}, and that scripts lead by way of {' to '.join(self.way)}"
        return f"check that scripts lead from schema {self.way[0]} to {self.goal}"


@dataclass(frozen=True, slots=True)
class CheckKept:
    """The database that was replaced is still there."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "check that the database that was replaced is kept"


@dataclass(frozen=True, slots=True)
class CheckNothingKept:
    """No database is kept that another restore has replaced: there is place for one."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "check that no database is kept that an earlier restore replaced"


@dataclass(frozen=True, slots=True)
class TurnAway:
    """Clients get 503 and are asked to come again; requests that are under way are answered first."""

    services: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"answer the clients of {', '.join(self.services)} with 503"


@dataclass(frozen=True, slots=True)
class LetIn:
    """Ends `TurnAway`."""

    services: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"let the clients of {', '.join(self.services)} in again"


@dataclass(frozen=True, slots=True)
class AwaitReady:
    """Every service has a replica that is ready, so that who is let in is answered."""

    services: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"wait until {', '.join(self.services)} can answer again"


@dataclass(frozen=True, slots=True)
class SafetyBackup:
    """A dump of the database as it is now, with its checksum."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "dump the database as it is now, in case it is needed after all"


@dataclass(frozen=True, slots=True)
class CloseDatabase:
    """Every session of the database is ended, idle ones in a transaction too, and none is let in."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "end every session of the database, and let none in"


@dataclass(frozen=True, slots=True)
class OpenDatabase:
    """Ends `CloseDatabase`."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "let sessions into the database again"


@dataclass(frozen=True, slots=True)
class RestoreBeside:
    """A backup is restored beside the live database; up to a point, where it is a base backup."""

    backup: Backup
    point: Point | None

    @property
    def title(self) -> str:
        """The action in words."""
        until = f" up to the {self.point}" if self.point else ""
        return f"restore {self.backup.name}{until} beside the live database"


@dataclass(frozen=True, slots=True)
class DropBeside:
    """What was restored and is not live is removed."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "remove what was restored beside the live database"


@dataclass(frozen=True, slots=True)
class VerifyBeside:
    """The restored database answers, with the tables and the version of the schema that it must have."""

    tables: tuple[str, ...]
    version_query: str | None
    version: str | None

    @property
    def title(self) -> str:
        """The action in words."""
        parts = [f"{len(self.tables)} expected tables"] if self.tables else []
        parts += [f"schema {self.version}"] if self.version else []
        return f"verify that the restored database has {' and '.join(parts) or 'answers'}"


@dataclass(frozen=True, slots=True)
class SwapDatabase:
    """The restored database takes the place of the live one, which is kept."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "put the restored database in the place of the live one, which is kept"


@dataclass(frozen=True, slots=True)
class SwapBack:
    """The database that was kept is live again."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "put the database that was kept back in its place"


@dataclass(frozen=True, slots=True)
class DropKept:
    """The database that was replaced is removed."""

    @property
    def title(self) -> str:
        """The action in words."""
        return "remove the database that was replaced"


@dataclass(frozen=True, slots=True)
class Migrate:
    """One script is run in one transaction, in which the version of the schema is changed too."""

    before: str
    after: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"take the schema from {self.before} to {self.after}"


DataCheck = CheckBackup | CheckReachable | CheckRoom | CheckScripts | CheckKept | CheckNothingKept
DataChange = (
    TurnAway
    | AwaitReady
    | LetIn
    | SafetyBackup
    | CloseDatabase
    | OpenDatabase
    | RestoreBeside
    | DropBeside
    | VerifyBeside
    | SwapDatabase
    | SwapBack
    | DropKept
    | Migrate
)
