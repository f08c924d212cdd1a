"""What a rollback costs: features that go, migrations, the format of data, sessions, and what it is to the business.

Pure. What cannot be found out is said so, and never left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from harness.units import counted


@dataclass(frozen=True, slots=True)
class Goes:
    """One service that goes back from one version to another."""

    service: str
    current: str
    target: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What is known of one thing that a rollback costs; `known` is False where nothing could be found out, and why."""

    about: str
    found: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a changelog."""

    version: str
    section: str
    text: str


_VERSION: Final = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?")
_SECTION: Final = re.compile(r"^### (?P<section>.+)")
_WORDS: Final = {
    "added": "goes",
    "changed": "is as before",
    "deprecated": "is wanted again",
    "removed": "is there again",
    "fixed": "is broken again",
    "security": "is open again",
}
"""What becomes of an entry, by its section in Keep a Changelog."""


def entries(text: str) -> Iterator[Entry]:
    """The entries of a changelog in the form of Keep a Changelog, as they stand there."""
    version = section = ""
    told: list[str] = []

    def ended() -> Iterator[Entry]:
        if told and version:
            yield Entry(version, section, " ".join(told))
        told.clear()

    for line in text.splitlines():
        head, part = _VERSION.match(line), _SECTION.match(line)
        if head or part or line.startswith("- ") or not line.startswith("  "):
            yield from ended()
        if head:
            version, section = head["version"], ""
        elif part:
            section = part["section"].strip()
        elif line.startswith("- "):
            told.append(line[2:].strip())
        elif told and line.strip():
            told.append(line.strip())
    yield from ended()


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def features(changelog: str | None, going: Sequence[Goes], services: Iterable[str]) -> list[Effect]:
    """What clients and people will miss: the entries of all releases after a target, up to what serves now.

    The newest release stands first, so what stands before the one that serves came after it, whatever its number: a
    maintenance release of an older line. An entry that begins with the name of another service is not of this one.
    """
    if changelog is None:
        return [Effect("features", "drill.toml names no changelog, so what goes is not known", known=False)]
    known = tuple(services)
    found = list(entries(changelog))
    told = []
    for one in going:
        about = f"feature of {one.service}"
        between = [
            entry
            for entry in _since(found, one.current)
            if _number(one.target) < _number(entry.version) <= _number(one.current)
            and _whose(entry, known) in (one.service, None)
        ]
        told += [Effect(about, f"{_becomes(entry)} ({entry.version}): {entry.text}") for entry in between]
        if one.current not in {entry.version for entry in found}:
            why = f"the changelog does not tell of {one.current}, which serves now"
            told.append(Effect(about, why, known=False))
        elif not between:
            told.append(Effect(about, f"none: no entry lies between {one.target} and {one.current}"))
    return told


def _since(found: Sequence[Entry], version: str) -> Sequence[Entry]:
    """The entries from a release's own on; all that stand before them came after it."""
    first = next((index for index, entry in enumerate(found) if entry.version == version), len(found))
    return found[first:]


def _whose(entry: Entry, services: Sequence[str]) -> str | None:
    """The service that an entry begins with; None where it is of all."""
    begins = entry.text.partition(":")[0]
    return begins if begins in services else None


def _becomes(entry: Entry) -> str:
    return _WORDS.get(entry.section.lower(), "goes")


def reversed_schema(scripts: bool | None, current: str | None, target: str | None, why: str = "") -> Effect:  # noqa: FBT001 - what is known
    """Which migrations have to be reversed, by the schema that each release runs with; None is not known, and why.

    `scripts` tells whether scripts lead back, or None where nobody says where they would be.
    """
    if current is None or target is None:
        return Effect("migrations", why, known=False)
    if current == target:
        return Effect("migrations", f"none to reverse: both run with schema {target}")
    how = {True: "scripts lead there", False: "no scripts lead there", None: "where scripts are is not said"}[scripts]
    return Effect("migrations", f"from schema {current} back to {target}: {how}; until then the release may not work")


def reformatted(service: str, current: str | None, target: str | None, why: str = "") -> Effect:
    """Whether data was written in a format that the target does not read; None is not known, and why."""
    about = f"data format of {service}"
    if current is None or target is None:
        return Effect(about, why, known=False)
    if current == target:
        return Effect(about, f"the same: {target}")
    return Effect(about, f"{current} is written now, and {target} is read then: what was written since may not be")


def broken_sessions(count: int | None, why: str = "") -> Effect:
    """How many sessions may break; None is not known, and why; a number and why is one of several that there are."""
    if count is None:
        return Effect("sessions", why, known=False)
    told = f"{counted(count, 'session')} active now"
    return Effect("sessions", f"at least {told}: {why}" if why else told)


def business(service: str, words: str | None) -> Effect:
    """What it means for the business, in the words of drill.toml."""
    if words is None:
        return Effect(f"business of {service}", "drill.toml does not say ('business' of the service)", known=False)
    return Effect(f"business of {service}", words)
