"""The kill switch: files that stop every drill for as long as they are there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.settings import Settings
from harness.system.model import SystemModel


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """One or more files. Whoever can make one of them can stop all drills that look at it."""

    files: tuple[Path, ...]

    @classmethod
    def of(cls, settings: Settings, model: SystemModel) -> KillSwitch:
        """That of this machine's user, and that of the system, if drill.toml names one."""
        named = model.guards.kill_switch
        return cls((settings.kill_switch, *([model.root / named] if named else [])))

    @property
    def rule(self) -> str:
        """What the switch is for, in words."""
        return f"no drill runs while {' or '.join(map(str, self.files))} is there"

    def thrown(self) -> str:
        """Why nothing may run, as a sentence; empty while nobody has made one of the files.

        Where one cannot be looked for, it may be there.
        """
        for file in self.files:
            try:
                if file.exists():
                    return f"the kill switch {file} is there; no drill runs until it is removed"
            except OSError as error:
                return f"the kill switch {file} cannot be looked for: {error.strerror}; no drill runs until it can"
        return ""
