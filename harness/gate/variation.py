"""How a world differs from the plain one: values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.gate.goods import TARGET


class Backup(StrEnum):
    """What lies in the folder of backups."""

    GOOD = "good"
    MISSING = "missing"
    CORRUPT = "corrupt"
    TRUNCATED = "truncated"
    CUT_SHORT_WHEN_MADE = "cut short when it was made"
    TAMPERED = "tampered"
    UNSIGNED = "tampered, without a checksum"
    OTHER_VERSION = "other version"
    TOO_OLD = "too old"
    NEWER_OF_OTHER = "a newer one of another version"


class Archive(StrEnum):
    """What lies in the folder of configuration archives, for the target."""

    GOOD = "good"
    MISSING = "missing"
    TRUNCATED = "truncated"


class Release(StrEnum):
    """What the target's release of the service is."""

    GOOD = "good"
    MISSING = "missing"
    BROKEN = "does not start"
    UNHEALTHY = "never healthy"
    FORGOTTEN = "not in the history of the cluster"
    ASLEEP = "on standby in the cluster without replicas"


@dataclass(frozen=True, slots=True)
class Variation:
    """Of the plain world."""

    backup: Backup = Backup.GOOD
    archive: Archive = Archive.GOOD
    release: Release = Release.GOOD
    target: str = TARGET
    environment: str = "staging"
    between: bool = False
    """There was a release between target and current, which is not the one to go back to."""

    @property
    def spoilt(self) -> bool:
        """What a rollback would go back with is not what it should be: whoever needs it must see that first."""
        return self.backup not in (Backup.GOOD, Backup.NEWER_OF_OTHER) or self.archive is not Archive.GOOD
