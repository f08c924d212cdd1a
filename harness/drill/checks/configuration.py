"""What running replicas were given as their configuration, against what their release comes with: file by file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading
from harness.system.values import Configuration


@dataclass(frozen=True, slots=True)
class FilesThatDiffer:
    """How many files of the serving replicas are not those of a release: another content, missing, or one too many.

    `release` holds the files of the release as they were when the scenario was read, each with its digest, so that
    whoever changes them while the drill runs changes nothing here.
    """

    service: str
    release: tuple[tuple[str, str], ...]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Compares every replica of the slot that serves."""
        slot = bench.system.router.active(self.service)
        found = bench.system.workloads.configurations(self.service, slot, deadline)
        if not found:
            return Reading(None, f"{self.service} has no replica in {slot}, which serves")
        changed = [str(at) for at, one in enumerate(found) if one.changed]
        wrong: dict[str, list[str]] = {}
        for at, one in enumerate(found):
            for file, how in self._differing(one):
                wrong.setdefault(f"{file} {how}", []).append(str(at))
        if wrong:
            told = "; ".join(f"{what} (replica {', '.join(at)})" for what, at in sorted(wrong.items()))
            return Reading(len({what.rpartition(" ")[0] for what in wrong}), told)
        if changed:
            why = "a file was changed after the replica had started, and what it read then is not known"
            return Reading(None, f"replica {', '.join(changed)}: {why}")
        return Reading(0, f"{', '.join(file for file, _ in self.release)}, as {slot} has them")

    def _differing(self, given: Configuration) -> Iterator[tuple[str, str]]:
        release = dict(self.release)
        for file in sorted(release.keys() | given.files.keys()):
            if file not in given.files:
                yield file, "missing"
            elif file not in release:
                yield file, "foreign"
            elif given.files[file] != release[file]:
                yield file, "differs"
