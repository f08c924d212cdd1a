"""At which instants of a script it is cut off, killed, or asked to end: found in what its plain run showed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from harness.gate import limits
from harness.gate.case import Case, Trouble
from harness.gate.seen import Seen
from harness.gate.server import DATABASE
from harness.gate.sql_text import may_change

_MAINTENANCE: Final = ("postgres", "template1")  # from where databases are made, renamed and dropped
_RENAME: Final = re.compile(r"\bALTER\s+DATABASE\b.*\bRENAME\b", re.IGNORECASE)
_CHANGING: Final = (
    "cp",
    "createdb",
    "dropdb",
    "helm",
    "install",
    "kubectl",
    "ln",
    "mkdir",
    "mv",
    "pg_restore",
    "psql",
    "rm",
    "rsync",
    "systemctl",
    "tar",
)
_AWAY: Final = (
    "networks break and servers restart in the middle: what is begun must be finished or taken back, and told"
)
_ASKED: Final = "service managers and people ask first: what ends early must not say that it is done"
_KILLED: Final = "people press Ctrl-C and machines die: run again, it must bring things in order"


def _critical(plain: Seen) -> list[int]:
    """The statements that come right after one that changed what serves: half of a change is done then."""
    shared = (DATABASE, *_MAINTENANCE)
    return [
        number + 1
        for number, one in enumerate(plain.statements[:-1], start=1)
        if one.database in shared and (may_change(one.text) or one.text.lstrip().upper().startswith("COMMIT"))
    ]


def away(plain: Seen) -> Iterator[Case]:
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


def api_away(plain: Seen) -> Iterator[Case]:
    """From the start, and after some of its changes; the way back once."""
    count = _changes(plain)
    if not count:
        return
    yield Case("api-away-0", "the cluster's API is away from the start", _AWAY, trouble=Trouble.API_AWAY)
    last = plain.calls[-1]  # only what is asked for after a change can go amiss
    followed = range(1, count if last.changes else count + 1)
    for number in _few(followed, limits.API_CUTS):
        yield Case(
            f"api-away-{number}",
            f"the cluster's API goes away after change {number} of {count}",
            _AWAY,
            trouble=Trouble.API_AWAY,
            at=number,
        )
    if not followed:
        return
    middle = (len(followed) + 1) // 2
    yield Case(
        f"api-away-and-back-{middle}",
        f"the cluster's API goes away after change {middle} of {count}, and is back after {limits.BACK_AFTER}",
        _AWAY,
        trouble=Trouble.API_AWAY_AND_BACK,
        at=middle,
    )


def _changes(plain: Seen) -> int:
    """How often it asked the cluster's API to change something."""
    return sum(one.changes for one in plain.calls)


def kills(plain: Seen) -> Iterator[Case]:
    """Right after a change to what serves: of its statements, its commands, its files; and after shares of its time."""
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
    calls = _changes(plain)
    for number in _few(range(1, calls + 1), limits.CALL_KILLS):
        yield Case(
            f"killed-at-call-{number}",
            f"killed when it sends its change {number} of {calls} to the cluster, and run again",
            _KILLED,
            trouble=Trouble.KILLED_AT_CALL,
            at=number,
        )
    changes = [number + 1 for number, one in enumerate(plain.changes[:-1], start=1) if one.serves]
    for number in _chosen(changes, len(plain.changes)):
        yield Case(
            f"killed-at-change-{number}",
            f"killed before its change {number} of {len(plain.changes)} to files "
            f"({plain.changes[number - 1].told}), and run again",
            _KILLED,
            trouble=Trouble.KILLED_AT_CHANGE,
            at=number,
        )
    yield from _asks(plain, after, changes)
    for share in limits.TIMED_KILLS:
        yield Case(
            f"killed-after-{share:.0%}".rstrip("%"),
            f"killed after {share:.0%} of its time, and run again",
            _KILLED,
            trouble=Trouble.KILLED_BY_TIME,
            at=took * share,
        )


def _asks(plain: Seen, after: Sequence[int], changes: Sequence[int]) -> Iterator[Case]:
    """In the middle of what serves: of its statements, and of its files; of its commands where it sends no statement.

    Args:
        plain: what was seen of the plain run.
        after: its commands that come right after one that changes something.
        changes: likewise, of its changes to files.
    """
    if critical := _critical(plain):
        number = critical[len(critical) // 2]
        yield Case(
            f"asked-to-end-{number}",
            f"asked to end (SIGTERM) at statement {number} of {len(plain.statements)}, and run again",
            _ASKED,
            trouble=Trouble.TERMINATED,
            at=number,
        )
    if changes:
        number = changes[(len(changes) - 1) // 2]  # of two the first: after the second all may be done
        yield Case(
            f"asked-to-end-at-change-{number}",
            f"asked to end (SIGTERM) before its change {number} of {len(plain.changes)} to files "
            f"({plain.changes[number - 1].told}), and run again",
            _ASKED,
            trouble=Trouble.TERMINATED_AT_CHANGE,
            at=number,
        )
    if after and not critical:
        number = after[len(after) // 2]
        yield Case(
            f"asked-to-end-at-command-{number}",
            f"asked to end (SIGTERM) when it calls {plain.commands[number - 1]} (command {number} of "
            f"{len(plain.commands)}), and run again",
            _ASKED,
            trouble=Trouble.TERMINATED_AT_COMMAND,
            at=number,
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
