"""Looks ahead, before a rollback: is everything ready for it, and what will it cost? Nothing is changed.

What cannot be looked at is told as not known; it never ends a rollback.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from harness.clock import Deadline, utc_anchor
from harness.errors import DrillError, InputError
from harness.rollback.data.find import scripts_back
from harness.rollback.impact import Effect, Goes, broken_sessions, business, features, reformatted, reversed_schema
from harness.rollback.plan import Procedure
from harness.rollback.readiness import (
    BackupFacts,
    Item,
    ServiceFacts,
    backup_items,
    instead,
    newest_usable,
    readiness,
)
from harness.rollback.sessions import count_sessions
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.releases import data_format_of, schema_of, versions
from harness.system.restoring import BackupKind
from harness.system.values import Slot
from harness.units import Duration

LOOK: Final = Duration.of(s=1)  # for one thing: a rollback does not wait for what only tells of its cost


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was found: what a rollback needs, what can be done where that is not there, and what the rollback costs."""

    ready: tuple[Item, ...]
    instead: tuple[str, ...]
    impact: tuple[Effect, ...]


def look_ahead(
    model: SystemModel, system: System, procedure: Procedure, target: Mapping[str, str], deadline: Deadline
) -> Outlook:
    """Looks at everything once.

    Args:
        model: the description of the system.
        system: the live one.
        procedure: how it would go back.
        target: the version that each service goes back to.
        deadline: what could not be looked at by then is not known.

    Raises:
        NotFound: the system has no such service.
        MayWorkLater: the platform does not tell how the services stand.
    """
    facts = [_facts(model, system, service, version, deadline) for service, version in target.items()]
    ready = [*readiness(procedure, facts, _scripts(model)), *_backup(system, deadline)]
    alternatives = instead(procedure, facts) if any(one.ready is False for one in ready) else []
    return Outlook(tuple(ready), tuple(alternatives), tuple(_impact(model, system, facts, deadline)))


def _facts(model: SystemModel, system: System, service: str, version: str, deadline: Deadline) -> ServiceFacts:
    active: Slot = system.router.active(service)
    releases = versions(model)
    artefact, present = str(model.release_path(version)), version in releases
    known: bool | None = present
    if system.images is not None:
        artefact = system.images.reference(service, version)
        try:
            known = system.images.has(service, version, deadline.within(LOOK))
        except DrillError:
            known = None
    return ServiceFacts(
        service=service,
        target=version,
        active=active,
        replicas=model.replicas(service),
        serving=system.workloads.replicas(service, active),
        standby=system.workloads.replicas(service, active.other),
        releases=releases,
        artefact=artefact,
        present=known,
    )


def _scripts(model: SystemModel) -> dict[str, bool | None]:
    found: dict[str, bool | None] = {}
    for name in model.rollback.scripts:
        path = model.root / name
        found[name] = os.access(path, os.X_OK) if path.is_file() else None
    return found


def _backup(system: System, deadline: Deadline) -> list[Item]:
    """What is known of the newest backup that is usable; nothing where no backup was ever taken.

    An older one is examined only where all younger ones are of no use.
    """
    recovery = system.recovery
    there = [] if recovery is None else [one for kind in BackupKind for one in recovery.backups(kind) if not one.safety]
    if recovery is None or not there:
        return []
    found = []
    for one in sorted(there, key=lambda one: one.taken, reverse=True):
        wrong: str | None
        try:
            wrong = recovery.examine(one, deadline.within(LOOK))
        except DrillError:
            wrong = None
        age = Duration(max(0, utc_anchor()[1] - round(one.taken.timestamp() * 1e9)))
        found.append(BackupFacts(one.name, age, wrong, *recovery.room(one)))
        if not wrong:
            break
    return backup_items(newest_usable(found))


def _scripts_lead(system: System, current: str, target: str) -> bool | None:
    try:
        return target in {version for there in scripts_back(system, current).values() for version in there}
    except DrillError:
        return None


def _impact(model: SystemModel, system: System, facts: list[ServiceFacts], deadline: Deadline) -> Iterator[Effect]:
    going = []
    for one in facts:
        serves = sorted({replica.version for replica in one.serving})
        if serves == [one.target]:
            continue
        if len(serves) == 1:
            going.append(Goes(one.service, serves[0], one.target))
        else:
            why = f"{' and '.join(serves) or 'nothing'} serves {one.service}, so what goes is not known"
            yield Effect(f"feature of {one.service}", why, known=False)
    yield from features(_changelog(model), going, model.services)
    for current, target in sorted({(one.current, one.target) for one in going}):
        yield _compared(partial(schema_of, model), current, target, partial(_reversed, system))
    for pair in going:
        yield _compared(partial(data_format_of, model), pair.current, pair.target, partial(reformatted, pair.service))
    yield _sessions(model, system, deadline)
    for one in facts:
        yield business(one.service, model.services[one.service].business)


def _reversed(system: System, current: str | None, target: str | None, why: str = "") -> Effect:
    differ = current is not None and target is not None and current != target
    scripts = _scripts_lead(system, current or "", target or "") if differ else None
    return reversed_schema(scripts, current, target, why)


def _compared(
    ask: Callable[[str], str], current: str, target: str, tell: Callable[[str | None, str | None, str], Effect]
) -> Effect:
    """What each of two releases says of itself, or why one of them does not."""
    try:
        return tell(ask(current), ask(target), "")
    except DrillError as error:
        return tell(None, None, str(error))


def _changelog(model: SystemModel) -> str | None:
    if model.releases.changelog is None:
        return None
    try:
        return (model.root / model.releases.changelog).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""  # none of its releases is told of, which is then said of each


def _sessions(model: SystemModel, system: System, deadline: Deadline) -> Effect:
    query, redis = model.rollback.sessions, model.rollback.redis
    if redis is not None:
        try:
            seen = count_sessions(redis.address(model.root), redis.match, deadline.within(LOOK))
        except DrillError as error:
            return broken_sessions(None, str(error))
        return broken_sessions(seen.number, seen.cut)
    if query is None or system.database is None:
        return broken_sessions(
            None, "drill.toml does not say how they are counted ('sessions' or 'redis' of [rollback])"
        )
    try:
        rows = system.database.read(query, deadline.within(LOOK))
        if len(rows) != 1 or not rows[0] or not isinstance(rows[0][0], int):
            raise InputError(f"the query of sessions gave {rows!r:.60}, and one whole number was expected")
    except DrillError as error:
        return broken_sessions(None, str(error))
    return broken_sessions(rows[0][0])
