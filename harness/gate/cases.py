"""The standard set of cases: what is done to a script, and why. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from harness.gate.case import Case, Expect, Trouble
from harness.gate.goods import ABSENT
from harness.gate.instants import api_away, away, kills
from harness.gate.seen import Seen, Subject
from harness.gate.variation import Archive, Backup, Release, Variation

PLAIN: Final = Case(
    "plain",
    "a rollback with nothing in its way",
    "what a script does when left alone is what it is about",
    Expect.RECOVER,
)

_ALWAYS: Final = (
    Case(
        "twice",
        "it is run twice",
        "two people call it in one night, and the second must not break what the first repaired",
        Expect.RECOVER,
        twice=True,
    ),
    Case(
        "production",
        "production without a confirmation",
        "a script that is called with the wrong environment must ask before it touches production",
        Expect.REFUSE,
        Variation(environment="production"),
    ),
    Case(
        "no-target",
        "there is nothing of the target version",
        "a mistyped version must be found before anything is changed",
        Expect.REFUSE,
        Variation(target=ABSENT),
    ),
    Case(
        "full-scratch",
        "the scratch disk is full",
        "disks are full when things go wrong; a half-written file must not be taken for a whole one",
        trouble=Trouble.FULL,
    ),
    Case(
        "right-target",
        "another release lies between, and others have names that begin as the target's",
        "the version to go back to is the one that was asked for, not the previous, the newest or a similar one",
        variation=Variation(between=True, backup=Backup.NEWER_OF_OTHER),
    ),
)

_DATABASE: Final = (
    *(
        Case(f"backup-{name}", title, reason, variation=Variation(backup=backup))
        for name, title, backup, reason in (
            (
                "corrupt",
                "bytes of the backup are wrong",
                Backup.CORRUPT,
                "disks lie; the checksum beside the backup tells",
            ),
            (
                "truncated",
                "the backup was cut short on its way",
                Backup.TRUNCATED,
                "copies break off; the checksum tells",
            ),
            (
                "cut-when-made",
                "the backup was cut short before its checksum was made",
                Backup.CUT_SHORT_WHEN_MADE,
                "a right checksum of half a backup is no backup: only a restore beside what serves shows it",
            ),
            (
                "tampered",
                "the backup is a whole one, but not the one of the checksum",
                Backup.TAMPERED,
                "it restores without an error, and holds other data",
            ),
            (
                "no-checksum",
                "the backup has no checksum, and is not what it was",
                Backup.UNSIGNED,
                "the contract promises a checksum: where there is none, nobody knows what the backup holds",
            ),
            (
                "other-version",
                "the backup holds another version than its name says",
                Backup.OTHER_VERSION,
                "only the schema_migrations inside tells what a backup holds",
            ),
            (
                "too-old",
                "the only backup is 30 days old",
                Backup.TOO_OLD,
                "restoring it loses a month of acknowledged writes",
            ),
            (
                "missing",
                "there is no backup",
                Backup.MISSING,
                "found out after the database is dropped, it is too late",
            ),
        )
    ),
    Case(
        "lock",
        "an idle transaction holds a lock",
        "a forgotten session blocks DDL, and DDL that waits blocks everybody else",
        trouble=Trouble.LOCK,
    ),
    Case(
        "slow",
        "the database is slow",
        "each message takes longer, as to another region: what is timed too tightly breaks off in the middle",
        trouble=Trouble.SLOW,
    ),
)

_CONFIGURATION: Final = (
    Case(
        "archive-missing",
        "the archive of the target is missing",
        "what is there may be removed only once there is something to put in its place",
        variation=Variation(archive=Archive.MISSING),
    ),
    Case(
        "archive-truncated",
        "the archive of the target is cut short",
        "unpacking it over what is there leaves a mixture",
        variation=Variation(archive=Archive.TRUNCATED),
    ),
)

_SERVICE: Final = (
    Case(
        "release-missing",
        "there is no release of the target",
        "found out after the service was stopped, it is too late",
        variation=Variation(release=Release.MISSING),
    ),
    Case(
        "release-broken",
        "the release of the target does not start",
        "an old release may lack what it needs: then the newer one must serve on",
        variation=Variation(release=Release.BROKEN),
    ),
    Case(
        "release-unhealthy",
        "the release of the target starts, and is never healthy",
        "a process that runs is no service: only its health tells",
        variation=Variation(release=Release.UNHEALTHY),
    ),
)

_CLUSTER: Final = (
    Case(
        "image-crashes",
        "the target's image ends as soon as it is started",
        "an old release may lack what it needs: then the newer one must serve on, and the exit code say so",
        variation=Variation(release=Release.BROKEN),
    ),
    Case(
        "image-unready",
        "the target's image starts, and its pods are never ready",
        "a Deployment that was changed is no rollout: only its status tells",
        variation=Variation(release=Release.UNHEALTHY),
    ),
    Case(
        "image-missing",
        "the target's image cannot be pulled any more",
        "registries are cleaned up; pods of an image that is gone never start",
        variation=Variation(release=Release.MISSING),
    ),
    Case(
        "api-slow",
        "the cluster's API is slow",
        "each answer takes longer, as of a cluster under load: what is timed too tightly breaks off in the middle",
        trouble=Trouble.API_SLOW,
    ),
    Case(
        "revision-gone",
        "the target is not in the history any more",
        "histories are short; undo goes to whatever is left in them",
        variation=Variation(release=Release.FORGOTTEN),
    ),
    Case(
        "standby-asleep",
        "the Deployment on standby has no replicas",
        "a Service that leads to a slot without pods serves nobody",
        variation=Variation(release=Release.ASLEEP),
    ),
)

NAMES: Final = (
    *(one.id for one in (PLAIN, *_ALWAYS, *_DATABASE, *_CONFIGURATION, *_SERVICE, *_CLUSTER)),
    "away",
    "away-and-back",
    "api-away",
    "api-away-and-back",
    "killed-at-statement",
    "killed-at-command",
    "killed-at-call",
    "killed-at-change",
    "killed-after",
    "asked-to-end",
)
"""What ids of cases there are, or begin with."""


def standard(plain: Seen, claims: AbstractSet[Subject]) -> tuple[Case, ...]:
    """All cases after the plain one, those first that take longest.

    Args:
        plain: what was seen of the plain run: its statements, commands and time give the instants.
        claims: what the script rolls back.
    """
    found: list[Case] = []
    if Subject.DATABASE in claims:
        found += [*_DATABASE[-2:], *_DATABASE[:-2], *away(plain)]
    if Subject.CONFIGURATION in claims:
        found += _CONFIGURATION
    if Subject.SERVICE in claims:
        found += _SERVICE
    if Subject.CLUSTER in claims:
        found += (*_CLUSTER, *api_away(plain))
    return (*found, *_ALWAYS, *kills(plain))
