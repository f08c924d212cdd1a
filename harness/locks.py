"""Locks between processes, each a file that names who has it. Part of the floor.

The kernel frees a lock with the last descriptor of the file that was opened, so none outlives who has it, and there is
nothing to clean up. A lock's file is never removed while somebody may want it.
"""

import fcntl
import getpass
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.clock import Deadline, wait_for

_LONGEST: Final = 4096  # bytes of a name


def this_process() -> str:
    """Who runs this process, where, and which it is, for people."""
    return f"{getpass.getuser()} on {socket.gethostname()}, process {os.getpid()}"


def try_lock(file: Path, owner: str = "") -> int | None:
    """Takes a lock, and names its owner in it; waits for nothing.

    Args:
        file: made when it is missing, in a folder that is there.
        owner: one line, for who comes second.

    Returns:
        Its descriptor, by which it is free again when it is closed; None when somebody else has it, be that another
        part of this process.

    Raises:
        OSError: the file cannot be opened.
    """
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if owner:
        line = f"{owner}\n".encode()
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.pwrite(lock, line, 0)  # at once, so that nobody reads half of it; what is behind it is no part of it
            os.ftruncate(lock, len(line))
    return lock


def lock_within(file: Path, deadline: Deadline) -> int:
    """Takes a lock as `try_lock` does, as soon as it is free.

    Raises:
        DeadlineExceeded: it was not free in time.
        OSError: the file cannot be opened.
    """

    def attempt() -> tuple[int, ...]:
        lock = try_lock(file)
        return () if lock is None else (lock,)

    [taken] = wait_for(attempt, deadline, f"taking the lock {file}")
    return taken


def owner_of(file: Path) -> str:
    """Who took a lock last, as it named itself; empty where nobody did."""
    try:
        with file.open("rb") as lock:
            return lock.read(_LONGEST).partition(b"\n")[0].decode(errors="replace").strip()
    except OSError:
        return ""
