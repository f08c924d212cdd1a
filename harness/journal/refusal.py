"""Why a rollback was refused before it changed anything: one code for each kind of check that can fail."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """What a check found that a rollback cannot do without, or must not go on with."""

    STANDBY = "standby"
    NOT_DEPLOYED = "not-deployed"
    NOT_READY = "not-ready"
    UNFINISHED = "unfinished"
    NO_REVISION = "no-revision"
    NO_IMAGE = "no-image"
    NO_BACKUP = "no-backup"
    BAD_BACKUP = "bad-backup"
    UNREACHABLE = "unreachable"
    NO_ROOM = "no-room"
    NO_SCRIPT = "no-script"
    WRONG_SCHEMA = "wrong-schema"
    NO_CONFIGURATION = "no-configuration"
    BAD_CONFIGURATION = "bad-configuration"
    INVALID_CONFIGURATION = "invalid-configuration"
    DEAD_CREDENTIAL = "dead-credential"
