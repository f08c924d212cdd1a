"""Where a world stands: at the target, as it was, or somewhere else. Pure."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from textwrap import shorten
from typing import Final

from harness.gate.cluster_state import cluster_problems, cluster_unchanged
from harness.gate.findings import Finding, some
from harness.gate.goods import BETWEEN, CURRENT
from harness.gate.seen import DatabaseSeen, Files, Look, Method, Reference, Seen, ServiceSeen, Subject
from harness.units import counted

_SHOWN: Final = 80  # letters of a difference
_OTHERS_MAY: Final = 0o077
_GO_THROUGH: Final = 0o005  # of a folder: to see what is in it, and to go in
_PUT_INTO: Final = 0o022  # of a folder: to put files into it


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one subject stands after a run."""

    unchanged: bool
    problems: tuple[Finding, ...]
    """Why it is not at the target; none when it is."""

    @property
    def at_target(self) -> bool:
        """It is there."""
        return not self.problems


def stands(seen: Seen) -> Mapping[Subject, Stand]:
    """Where each subject stands at the end."""
    service = tuple(_service_problems(seen.after.service, seen.reference.version))
    cluster = tuple(cluster_problems(seen.before.cluster, seen.after.cluster, seen.reference.version))
    return {
        Subject.CLUSTER: Stand(cluster_unchanged(seen.before.cluster, seen.after.cluster), cluster),
        Subject.SERVICE: Stand(service_unchanged(seen.before, seen.after), service),
        Subject.DATABASE: Stand(
            database_unchanged(seen.before, seen.after),
            tuple(_database_problems(seen.after, seen.before, seen.reference, method_of(seen))),
        ),
        Subject.CONFIGURATION: Stand(
            seen.after.config == seen.before.config
            and not _shut(seen.before, seen.after)
            and not _opened(seen.before, seen.after),
            tuple(_config_problems(seen.before, seen.after, seen.reference.config)),
        ),
    }


def touched(before: Look, after: Look) -> frozenset[Subject]:
    """The subjects that are not as they were: what a script is about that says nothing of it."""
    found = set()
    if not database_unchanged(before, after):
        found.add(Subject.DATABASE)
    if before.config != after.config:
        found.add(Subject.CONFIGURATION)
    if not service_unchanged(before, after):
        found.add(Subject.SERVICE)
    if not cluster_unchanged(before.cluster, after.cluster):
        found.add(Subject.CLUSTER)
    return frozenset(found)


def database_unchanged(before: Look, after: Look) -> bool:
    """Schema, record and rows are as they were; orders, which clients go on to write, are judged by the ledger."""
    one, other = before.database, after.database
    if one is None or other is None:
        return one is other
    return (one.objects, one.rows, one.version, one.versions) == (
        other.objects,
        other.rows,
        other.version,
        other.versions,
    )


def service_unchanged(before: Look, after: Look) -> bool:
    """The link leads where it did, and the same release answers."""
    one, other = before.service, after.service
    if one is None or other is None:
        return one is other
    return (one.leads_to, one.version) == (other.leads_to, other.version)


def _service_problems(service: ServiceSeen | None, target: str) -> Iterator[Finding]:
    if service is None or (service.leads_to == service.version == CURRENT):
        yield Finding("not-recovered", f"the service is still {CURRENT}")
    elif service.version == target != service.leads_to:
        yield Finding("half-done", f"the link leads to {service.leads_to or 'nothing'}: that is what starts next time")
    elif not service.version:
        yield Finding("not-serving", f"the service does not answer; the link leads to {service.leads_to or 'nothing'}")
    elif service.version != target and service.version == service.leads_to:
        yield Finding("wrong-target", f"the service is {service.version}")
    elif service.version != target:
        yield Finding("half-done", f"the link leads to {service.leads_to or 'nothing'}, and {service.version} answers")


def method_of(seen: Seen) -> Method:
    """Orders that came after the backup are there: nothing was restored, or only in part."""
    database = seen.after.database
    there = {row.id for row in database.orders} if database else set()
    return Method.MIGRATED if there & seen.reference.late else Method.RESTORED


def no_safety_copy(name: str, seen: Seen) -> str:
    """Why a new database is not the old one, kept whole and for no more eyes than it was; empty when it is."""
    before, copy = seen.before.database, seen.after.others[name]
    if before is None or copy.database is None or copy.database.objects != before.objects:
        return "it is another one"
    missing = {one.id for one in before.orders} - {one.id for one in copy.database.orders}
    if missing or (copy.database.rows, copy.database.versions) != (before.rows, before.versions):
        return "it has the schema of the old one, and not all of its rows"
    was, is_ = (_rights(flags.get("privileges", "")) for flags in (seen.before.flags, copy.flags))
    wider = sorted(who or "everybody" for who, letters in is_.items() if letters - was.get(who, set()))
    return f"{', '.join(wider)} may do more in it than before" if wider else ""


def _rights(listed: str) -> dict[str, set[str]]:
    """Letters of rights by who has them, of a list as PostgreSQL writes it: who=letters/by whom, joined by commas."""
    found: dict[str, set[str]] = {}
    for one in filter(None, listed.split(",")):
        who, _, letters = one.partition("/")[0].rpartition("=")
        found.setdefault(who, set()).update(letters)
    return found


def _database_problems(after: Look, before: Look, reference: Reference, method: Method) -> Iterator[Finding]:
    database = after.database
    if database is None:
        yield Finding("database-gone", after.closed.splitlines()[-1].rpartition("FATAL:")[2].strip())
        return
    schema = difference(reference.objects, database.objects, how=True)
    if schema and database.version == BETWEEN:
        yield Finding("wrong-target", f"the database is at {database.version}")
    elif schema and database.version == reference.version and reference.objects.items() <= database.objects.items():
        yield Finding("left-objects", schema)
    elif schema and database.version == reference.version and method is Method.MIGRATED:
        yield Finding("version-record", f"it says {database.version}, but the schema is not: {schema}")
    elif schema and database_unchanged(before, after):
        yield Finding("not-recovered", f"the schema is still {database.version}")
    elif schema:
        yield Finding("half-done", f"the schema is not that of {reference.version}: {schema}")
    elif database.version != reference.version:
        yield Finding("version-record", f"it says {database.version}, but the schema is {reference.version}")
    elif database.versions != reference.versions:
        yield Finding("version-record", f"its row {difference(reference.versions, database.versions, how=True)}")
    if not schema:
        yield from _row_problems(database, reference.rows[method])


def _row_problems(database: DatabaseSeen, expected: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    for table, rows in expected.items():
        missing, foreign = rows - database.rows[table], database.rows[table] - rows
        if missing or foreign:
            yield Finding(
                "damaged-rows",
                f"{table}: {counted(len(missing), 'row')} of {len(rows)} missing or altered"
                + (f", {counted(len(foreign), 'row')} that should not be there" if foreign else ""),
            )
    if database.exhausted:
        yield Finding("sequence-behind", ", ".join(database.exhausted))


def _shut(before: Look, after: Look) -> list[str]:
    """Folders of the configuration that others could go through, and cannot any more."""
    return [told for told, was, mode in _folders(before, after) if was & ~mode & _GO_THROUGH]


def _opened(before: Look, after: Look) -> list[str]:
    """Folders of the configuration that others could not write to, and now can."""
    return [told for told, was, mode in _folders(before, after) if mode & ~was & _PUT_INTO]


def _folders(before: Look, after: Look) -> Iterator[tuple[str, int, int]]:
    """The folders that were there before: in words, with their modes before and after."""
    for name, place in sorted(after.places.items()):
        if name in before.places and stat.S_ISDIR(place.mode):
            was, mode = stat.S_IMODE(before.places[name].mode), stat.S_IMODE(place.mode)
            yield f"{name or 'its folder'} has {mode:o} instead of {was:o}", was, mode


def _config_problems(before: Look, after: Look, expected: Files) -> Iterator[Finding]:
    found = after.config
    stale = sorted(found.keys() - expected.keys())
    wrong = sorted(name for name, one in expected.items() if name not in found or found[name].content != one.content)
    wide = sorted(
        f"{name} has {found[name].mode:o} instead of {one.mode:o}"
        for name, one in expected.items()
        if name in found and found[name].mode & ~one.mode & _OTHERS_MAY
    )
    narrow = [
        f"{name} has {found[name].mode:o} instead of {one.mode:o}"
        for name, one in expected.items()
        if name in found and one.mode & ~found[name].mode
    ]
    strange = sorted(
        f"{name} is of {found[name].owner} instead of {one.owner}"
        for name, one in expected.items()
        if name in found and found[name].owner != one.owner
    )
    wide += _opened(before, after)
    if stale:
        yield Finding("stale-config", some(stale))
    if wrong:
        yield Finding("wrong-config", some(wrong))
    if shut := [*narrow, *_shut(before, after)]:
        yield Finding("wrong-config", f"not all who could read it can any more: {some(shut)}")
    if strange:
        yield Finding("wrong-config", f"files belong to another user or group: {some(strange)}")
    if wide:
        yield Finding("exposed-secret", some(wide))


def difference(expected: Mapping[str, str], found: Mapping[str, str], *, how: bool = False) -> str:
    """How one mapping of objects differs from another, in words; empty when it does not.

    Args:
        expected: what should be there.
        found: what is there.
        how: of what is different, both are told; not of what may hold a secret.
    """
    both = sorted(name for name in expected.keys() & found.keys() if expected[name] != found[name])
    told = [
        *(f"{name} is missing" for name in sorted(expected.keys() - found.keys())),
        *(f"{name} should not be there" for name in sorted(found.keys() - expected.keys())),
        *(f"{name} {_how(expected[name], found[name]) if how else 'is different'}" for name in both),
    ]
    return some(told)


def _how(expected: str, found: str) -> str:
    """The words in which two texts differ, without those that both begin and end with."""
    one, other = expected.split(), found.split()
    for _ in range(2):  # what they begin with; turned around, what they end with
        same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))
        one, other = one[same:][::-1], other[same:][::-1]
    told = [f"'{shorten(' '.join(words), _SHOWN, placeholder='…')}'" if words else "nothing" for words in (one, other)]
    return f"has {told[1]} instead of {told[0]}"
