"""The folder of one drill among those that live: its lock, and its end. Imports only the standard library."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.sandbox.common.process import Process

_HIDDEN: Final = "."  # begins the names of what is just being made, or removed
_LABEL_BYTES: Final = 64


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
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        own = Process.of(os.getpid())
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.pwrite(lock, (own.label if own else "").ljust(_LABEL_BYTES).encode(), 0)
        return lock

    def keeper(self) -> str:
        """The label of the process that took the lock last; empty where none has."""
        try:
            return (self.path / "lock").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

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
