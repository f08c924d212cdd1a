"""The folder of one drill among those that live: its lock, and its end. Imports only the standard library."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.locks import owner_of, try_lock
from harness.sandbox.common.process import Process

_HIDDEN: Final = "."  # begins the names of what is just being made, or removed


@dataclass(frozen=True, slots=True)
class Berth:
    """Whoever holds the lock in it may act for the drill, and names itself in it."""

    path: Path

    @property
    def log(self) -> Path:
        """What the watchdog says, where something goes wrong."""
        return self.path / "watchdog.log"

    def try_lock(self) -> int | None:
        """Takes the lock, and names this process in it.

        Returns:
            Its descriptor: it is free again when this is closed, or this process ends. None when another process has
            it, or the folder has gone.
        """
        own = Process.of(os.getpid())
        try:
            return try_lock(self.path / "lock", own.label if own else "")
        except FileNotFoundError:
            return None

    def keeper(self) -> str:
        """The label of the process that took the lock last; empty where none has."""
        return owner_of(self.path / "lock")

    def remove(self) -> None:
        """Removes the folder, in one step for whoever looks: nothing of its drill is left."""
        going = hidden(self.path)
        with suppress(OSError):
            self.path.rename(going)
            for one in going.iterdir():
                one.unlink()
            going.rmdir()
            self.path.parent.rmdir()  # if it was the last one


def hidden(path: Path) -> Path:
    """What a folder is called while this process makes or removes it."""
    own = Process.of(os.getpid())
    return path.with_name(f"{_HIDDEN}{path.name}.{own.label if own else ''}")


def is_hidden(path: Path) -> bool:
    """True for what is being made or removed, or was when its process died."""
    return path.name.startswith(_HIDDEN)


def is_abandoned(path: Path) -> bool:
    """True for what is hidden by a process that has died over it."""
    return is_hidden(path) and not Process.lives(path.name.rpartition(".")[2])
