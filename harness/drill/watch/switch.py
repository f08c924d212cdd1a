"""The kill switch: files that stop every drill for as long as they are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.settings import Settings
from harness.system.model import SystemModel


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """One or more files. Whoever can make one of them can stop all drills that look at it; `own` are one drill's."""

    files: tuple[Path, ...]
    own: tuple[Path, ...] = ()

    @classmethod
    def of(cls, settings: Settings, model: SystemModel, own: Sequence[str] = ()) -> KillSwitch:
        """That of this machine's user, that of the system, if drill.toml names one, and those of a drill's scenario."""
        named = model.guards.kill_switch
        files = (settings.kill_switch, *([model.root / named] if named else []))
        return cls(files, tuple(model.root / one for one in own))

    @property
    def rule(self) -> str:
        """What the switch is for, in words."""
        return f"no drill runs while {' or '.join(map(str, (*self.files, *self.own)))} is there"

    @property
    def stops_all(self) -> bool:
        """True while one is there that is not only for this drill, or cannot be looked for."""
        return bool(KillSwitch(self.files).thrown())

    def thrown(self) -> str:
        """Why nothing may run, as a sentence; empty while nobody has made one of the files.

        Where one cannot be looked for, it may be there.
        """
        for file in (*self.files, *self.own):
            try:
                if file.exists():
                    return f"the kill switch {file} is there; no drill runs until it is removed"
            except OSError as error:
                return f"the kill switch {file} cannot be looked for: {error.strerror}; no drill runs until it can"
        return ""
