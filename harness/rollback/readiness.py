"""Is everything there that a rollback needs? What is not has a remedy, and a way that needs less is named. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.rollback.plan import Procedure
from harness.system.values import Replica, ReplicaState, Slot
from harness.units import Duration

FRESH: Final = Duration.of(s=24 * 3600)  # of a handbook: an older backup gives up more than a day's work
_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """How one service stands: what it goes back to, what serves, and what stands by.

    `releases` are all that there are, `artefact` tells where the target's was looked for, and `present` whether it is
    there; None when that could not be told.
    """

    service: str
    target: str
    active: Slot
    replicas: int
    serving: Sequence[Replica]
    standby: Sequence[Replica]
    releases: Sequence[str]
    artefact: str
    present: bool | None


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """A backup: how old it is, what is wrong with it (None: not known), and the room that a restore needs, in bytes.

    `others` are the younger ones that are of no use, each with what is wrong with it.
    """

    name: str
    age: Duration
    wrong: str | None
    needed: int
    free: int
    others: tuple[str, ...] = ()


def newest_usable(backups: Sequence[BackupFacts]) -> BackupFacts:
    """The youngest backup with which nothing is known to be wrong; the youngest of all where there is none.

    Raises:
        ValueError: there is no backup.
    """
    by_age = sorted(backups, key=lambda one: one.age)
    chosen = next((one for one in by_age if not one.wrong), by_age[0])
    younger = by_age[: by_age.index(chosen)]
    return replace(chosen, others=tuple(f"{one.name} ({one.wrong})" for one in younger))


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a rollback needs: whether it is there (None: that is not known), and what to do if not."""

    name: str
    ready: bool | None
    found: str
    remedy: str = ""


def readiness(procedure: Procedure, facts: Sequence[ServiceFacts], scripts: Mapping[str, bool | None]) -> list[Item]:
    """Everything that is needed, in the order in which a person would look.

    Args:
        procedure: how the services would go back; only a switch of traffic needs a standby.
        facts: how the services stand.
        scripts: of each script whether it can be run; None where it is not there.
    """
    found = [item for one in facts for item in _of_service(procedure, one)]
    return found + [_script(path, executable) for path, executable in scripts.items()]


def backup_items(backup: BackupFacts) -> list[Item]:
    """Whether a backup, the newest that is usable, could be restored, if the rollback made it worse."""
    known = {None: "whether it is whole is not known", "": "whole"}.get(backup.wrong, backup.wrong)
    newer = f"; of no use, though newer: {', '.join(backup.others)}" if backup.others else ""
    found = f"{backup.name}, {backup.age} old, {known}{newer}"
    usable = False if backup.wrong or backup.age >= FRESH else None if backup.wrong is None else True
    remedy = "" if usable else f"take another one; it should be younger than {FRESH}"
    room = f"a restore needs {backup.needed // _MB} MB, and {backup.free // _MB} MB are free"
    enough = backup.free >= backup.needed
    return [
        Item("newest usable backup", usable, found, remedy),
        Item("room for a restore", enough, room, "" if enough else "make room on the database's disk"),
    ]


def instead(procedure: Procedure, facts: Sequence[ServiceFacts]) -> list[str]:
    """What can be done where `procedure` cannot: a procedure that needs less, another version, or a person."""
    told = []
    for one in facts:
        if one.present is False:
            others = [release for release in one.releases if release not in (one.target, *_versions(one.serving))]
            there = f"there are {', '.join(others)}" if others else "there is none"
            told.append(f"{one.service}: go back to another version; {there}")
        elif procedure is Procedure.TRAFFIC and not _stands_by(one):
            told.append(f"{one.service}: the service procedure deploys {one.target} in {one.active}, where clients are")
        elif procedure is Procedure.ROLLING and not _ready(one.serving):
            told.append(f"{one.service}: the service procedure needs no replica that is ready")
    return told


def _of_service(procedure: Procedure, one: ServiceFacts) -> Iterator[Item]:
    current = _versions(one.serving)
    name = f"previous version of {one.service}"
    if one.target in current:
        stays = procedure is Procedure.APPLICATION and current == [one.target]
        remedy = "" if stays else "name the version before it, such as one of " + ", ".join(one.releases)
        yield Item(name, stays, f"{one.target} is what serves now", remedy)
    else:
        yield Item(name, True, f"{one.target}; {' and '.join(current) or 'nothing'} serves now")
    if procedure is Procedure.TRAFFIC:
        remedy = "" if _stands_by(one) else f"deploy {one.target} in {one.active.other} of {one.service}"
        yield Item(f"standby of {one.service}", _stands_by(one), _standby(one), remedy)
    remedy = f"build or fetch {one.artefact}" if one.present is False else ""
    told = {True: "is there", False: "is not there", None: "could not be looked for"}[one.present]
    yield Item(f"artefact of {one.service} {one.target}", one.present, f"{one.artefact} {told}", remedy)


def _script(path: str, executable: bool | None) -> Item:  # noqa: FBT001 - what was found
    if executable is None:
        return Item(f"script {path}", False, "it is not there", f"put it there, or take it out of drill.toml: {path}")
    told = "it can be run" if executable else "it is not executable"
    return Item(f"script {path}", executable, told, "" if executable else f"chmod +x {path}")


def _standby(one: ServiceFacts) -> str:
    if not one.standby:
        return f"nothing runs in {one.active.other}"
    ready = len(_ready(one.standby))
    return f"{ready} of {one.replicas} replicas ready in {one.active.other}, in {' and '.join(_versions(one.standby))}"


def _stands_by(one: ServiceFacts) -> bool:
    return _versions(one.standby) == [one.target] and len(_ready(one.standby)) >= one.replicas


def _ready(replicas: Sequence[Replica]) -> list[Replica]:
    return [one for one in replicas if one.state is ReplicaState.READY]


def _versions(replicas: Sequence[Replica]) -> list[str]:
    return sorted({one.version for one in replicas})
