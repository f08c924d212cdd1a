"""The standard set of cases: what is done to a script, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from harness.gate import limits
from harness.gate.case import Case, Expect, Trouble
from harness.gate.goods import ABSENT
from harness.gate.judge import may_change
from harness.gate.seen import Seen, Subject
from harness.gate.server import DATABASE
from harness.gate.variation import Archive, Backup, Variation

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
        "another release lies between",
        "the version to go back to is the one that was asked for, not the previous or the newest one",
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

NAMES: Final = (
    *(one.id for one in (PLAIN, *_ALWAYS, *_DATABASE, *_CONFIGURATION)),
    "away",
    "away-and-back",
    "killed-at-statement",
    "killed-at-command",
    "killed-after",
    "asked-to-end",
)
"""What ids of cases there are, or begin with."""

_MAINTENANCE: Final = ("postgres", "template1")  # from where databases are made, renamed and dropped
_RENAME: Final = re.compile(r"\bALTER\s+DATABASE\b.*\bRENAME\b", re.IGNORECASE)
_CHANGING: Final = (
    "cp",
    "createdb",
    "dropdb",
    "install",
    "ln",
    "mkdir",
    "mv",
    "pg_restore",
    "psql",
    "rm",
    "rsync",
    "tar",
)
_AWAY: Final = (
    "networks break and servers restart in the middle: what is begun must be finished or taken back, and told"
)
_ASKED: Final = "service managers and people ask first: what ends early must not say that it is done"
_KILLED: Final = "people press Ctrl-C and machines die: run again, it must bring things in order"


def standard(plain: Seen, claims: AbstractSet[Subject]) -> tuple[Case, ...]:
    """All cases after the plain one, those first that take longest.

    Args:
        plain: what was seen of the plain run: its statements, commands and time give the instants.
        claims: what the script rolls back.
    """
    found: list[Case] = []
    if Subject.DATABASE in claims:
        found += [*_DATABASE[-2:], *_DATABASE[:-2], *_away(plain)]
    if Subject.CONFIGURATION in claims:
        found += _CONFIGURATION
    return (*found, *_ALWAYS, *_kills(plain))


def _critical(plain: Seen) -> list[int]:
    """The statements that come right after one that changed what serves: half of a change is done then."""
    shared = (DATABASE, *_MAINTENANCE)
    return [
        number + 1
        for number, one in enumerate(plain.statements[:-1], start=1)
        if one.database in shared and (may_change(one.text) or one.text.lstrip().upper().startswith("COMMIT"))
    ]


def _away(plain: Seen) -> Iterator[Case]:
    """Just after the first change, in the middle of the changes, and before the last; the way back once."""
    count = len(plain.statements)
    every = range(1, count + 1)
    # Of a script whose texts tell nothing each statement may be the one.
    changes = [number for number in every if may_change(plain.statements[number - 1].text)] or every
    if not count:
        return
    wanted = {changes[len(changes) // 2], min(changes[-1] + 1, count)}
    # Between two renames nobody can bring things in order who does not reach the database; kills try that instant.
    renames = [bool(_RENAME.search(one.text)) for one in plain.statements]
    wanted |= set(_few(_critical(plain), limits.CRITICAL_CUTS))
    wanted = {number for number in wanted if not (renames[number - 1] and renames[number - 2])}
    yield Case("away-0", "the database is away from the start", _AWAY, trouble=Trouble.AWAY)
    for number in sorted(wanted):
        yield Case(
            f"away-{number}",
            f"the database goes away at statement {number} of {count}",
            _AWAY,
            trouble=Trouble.AWAY,
            at=number,
        )
    middle = changes[len(changes) // 2]
    yield Case(
        f"away-and-back-{middle}",
        f"the database goes away at statement {middle} of {count}, and is back after {limits.BACK_AFTER}",
        _AWAY,
        trouble=Trouble.AWAY_AND_BACK,
        at=middle,
    )


def _kills(plain: Seen) -> Iterator[Case]:
    took = plain.last.took.seconds
    statements, commands = len(plain.statements), len(plain.commands)
    for number in _chosen(_critical(plain), statements):
        yield Case(
            f"killed-at-statement-{number}",
            f"killed at statement {number} of {statements}, and run again",
            _KILLED,
            trouble=Trouble.KILLED_AT_STATEMENT,
            at=number,
        )
    after = [number + 1 for number, one in enumerate(plain.commands[:-1], start=1) if one in _CHANGING]
    for number in _chosen(after, commands):
        yield Case(
            f"killed-at-command-{number}",
            f"killed when it calls {plain.commands[number - 1]} (command {number} of {commands}), and run again",
            _KILLED,
            trouble=Trouble.KILLED_AT_COMMAND,
            at=number,
        )
    critical = _critical(plain)
    if critical:
        number = critical[len(critical) // 2]
        yield Case(
            f"asked-to-end-{number}",
            f"asked to end (SIGTERM) at statement {number} of {statements}, and run again",
            _ASKED,
            trouble=Trouble.TERMINATED,
            at=number,
        )
    elif after:
        number = after[len(after) // 2]
        yield Case(
            f"asked-to-end-at-command-{number}",
            f"asked to end (SIGTERM) when it calls {plain.commands[number - 1]} (command {number} of {commands}), "
            "and run again",
            _ASKED,
            trouble=Trouble.TERMINATED_AT_COMMAND,
            at=number,
        )
    for share in limits.TIMED_KILLS:
        yield Case(
            f"killed-after-{share:.0%}".rstrip("%"),
            f"killed after {share:.0%} of its time, and run again",
            _KILLED,
            trouble=Trouble.KILLED_BY_TIME,
            at=took * share,
        )


def _chosen(critical: Sequence[int], count: int) -> Sequence[int]:
    """Some of the numbers from 1 to `count`: critical ones first, then others, evenly spread."""
    chosen = set(_few(critical, limits.CRITICAL_KILLS))
    others = [number for number in range(1, count + 1) if number not in chosen]
    return sorted(chosen | set(_few(others, limits.CRITICAL_KILLS + limits.OTHER_KILLS - len(chosen))))


def _few(numbers: Sequence[int], most: int) -> Sequence[int]:
    """At most so many of some numbers, evenly spread, with both ends."""
    if len(numbers) <= most:
        return numbers
    if most == 1:
        return numbers[-1:]
    return [numbers[round(step * (len(numbers) - 1) / (most - 1))] for step in range(most)] if most else []
