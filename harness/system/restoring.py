"""What is known of backups of the database, and the point that a restore goes back to. Frozen values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from harness.errors import InputError
from harness.units import Instant


class BackupKind(StrEnum):
    """How a backup was made, and so what can be done with it."""

    BASE = "base"  # the files of the whole server; with the log that follows, any later point can be reached
    DUMP = "dump"  # the rows and the schema of the system's database as they were at one instant


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup.

    Attributes:
        name: by which it is found again.
        kind: how it was made.
        taken: UTC; a base backup is good for every point after this, a dump holds what was there at this instant.
        version: of the schema, when it was taken; empty where nothing tells it.
        size: in bytes.
        earliest, latest: what was committed before the first is in it, and what was begun after the second is not;
            of the machine's monotonic clock.
        needs: bytes that a restore takes on the disk, its log and the copies of that included.
        safety: taken by a rollback of what it replaces; never what another rollback goes back to by itself.
        first_wal: the file of the write-ahead log that a restore begins with; empty for a dump.
    """

    name: str
    kind: BackupKind
    taken: datetime
    version: str
    size: int
    earliest: Instant
    latest: Instant
    needs: int
    first_wal: str = ""
    safety: bool = False


_LSN: Final = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")


class PointKind(StrEnum):
    """By what a point in time is named."""

    TIME = "time"
    NAME = "restore point"
    LSN = "LSN"
    TRANSACTION = "transaction"
    END = "end of the log"


@dataclass(frozen=True, slots=True)
class Point:
    """Where a restore stops: everything committed before it is there, and nothing after it.

    `value` is a time in ISO 8601 with its offset, the name of a restore point, a log sequence number, or the id of a
    transaction, which is the last one that is there; empty for the end of the log.
    """

    kind: PointKind
    value: str = ""

    def __post_init__(self) -> None:
        """Refuses a time without its offset, which would mean another instant on another machine."""
        if self.kind is PointKind.TIME:
            try:
                known = datetime.fromisoformat(self.value).tzinfo is not None
            except ValueError:
                known = False
            if not known:
                raise InputError(f"{self.value!r} is no instant; expected ISO 8601 with its offset: 2026-01-31T03:00Z")
        elif (self.kind is PointKind.END) is not (not self.value) or (
            self.kind is PointKind.LSN and not _LSN.fullmatch(self.value)
        ):
            raise InputError(f"a point of the kind '{self.kind}' cannot be {self.value!r}")

    @property
    def at(self) -> datetime | None:
        """When it was, where that is what names it."""
        return datetime.fromisoformat(self.value) if self.kind is PointKind.TIME else None

    def __str__(self) -> str:
        return str(self.kind) if self.kind is PointKind.END else f"{self.kind} {self.value}"


END: Final = Point(PointKind.END)
