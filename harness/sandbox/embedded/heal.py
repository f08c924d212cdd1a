"""Removes what a sandbox left whose daemon was killed. Touches nothing that is alive or not provably ours.

A process is ours when owner.json names it, by id, start and boot, or when its environment says so
(DRILL_SANDBOX=<id>; ids are random and never used again).
"""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.folder import Folder, folders, locked, remove


@dataclass(frozen=True, slots=True)
class Healed:
    """What was removed of one sandbox."""

    sandbox: str
    why: str
    killed: tuple[Process, ...]

    def __str__(self) -> str:
        killed = f"killed {', '.join(f'{one.what} ({one.pid})' for one in self.killed)}; " if self.killed else ""
        return f"sandbox {self.sandbox}: {self.why}; {killed}removed its folder"


def heal(state_dir: Path) -> tuple[Healed, ...]:
    """Removes the sandboxes without a daemon, and the detached ones that have expired.

    Returns:
        What was done, sandbox by sandbox.

    Raises:
        DeadlineExceeded: a process did not die, or the state folder's lock was not free in time.
    """
    if not state_dir.exists():
        return ()
    healed = []
    for folder in folders(state_dir):
        _let_orphan_end(folder)
        expired = _end_if_expired(folder)
        if done := clean(folder, "expired" if expired else "its daemon is gone"):
            healed.append(done)
    return tuple(healed)


def clean(folder: Folder, why: str = "its daemon is gone") -> Healed | None:
    """Removes one sandbox if it has no daemon.

    Returns:
        What was done; None when the daemon lives or nothing is left of it.
    """
    if not folder.path.exists():
        return None
    lock = _lock_of_dead(folder)
    if lock is None:
        return None
    try:
        killed = _kill_leftovers(folder)
        remove(folder)
    finally:
        os.close(lock)
    return Healed(folder.id, why, killed)


def _lock_of_dead(folder: Folder) -> int | None:
    """The lock of a folder that nobody owns any more; None when somebody does, or it was removed meanwhile."""
    owner = folder.owner()

    def attempt() -> int | None:
        with locked(folder.path.parent):  # so that a folder being made has its lock by now
            return folder.try_lock()

    try:
        if owner is None or owner.daemon.alive:
            return attempt()
        # Killed a moment ago: the kernel frees the lock with its last thread, after it shows it as dead.
        return wait_for(attempt, Deadline.after(limits.HEAL_PATIENCE), f"the lock of sandbox {folder.id}")
    except (FileNotFoundError, DeadlineExceeded):
        return None


def _let_orphan_end(folder: Folder) -> None:
    """A daemon whose starter was killed is taking everything down; waits for that, and kills one that hangs."""

    def known() -> bool:  # a daemon names itself as the first thing it does
        return folder.owner() is not None or not _held(folder)

    with suppress(DeadlineExceeded):
        wait_for(known, Deadline.after(limits.HEAL_PATIENCE), "the name of a sandbox's daemon")
    owner = folder.owner()
    if owner is None or owner.detached or (owner.starter is not None and owner.starter.alive):
        return
    with suppress(DeadlineExceeded):
        wait_for(lambda: not owner.daemon.alive, Deadline.after(limits.TEARDOWN), "the end of an orphaned sandbox")
    owner.daemon.send(signal.SIGKILL)


def _held(folder: Folder) -> bool:
    """True while a daemon, or who starts one, holds the folder's lock."""
    try:
        lock = folder.try_lock()
    except FileNotFoundError:
        return False
    if lock is not None:
        os.close(lock)
    return lock is None


def _end_if_expired(folder: Folder) -> bool:
    owner = folder.owner()
    if owner is None or not owner.detached or not owner.expired or not owner.daemon.alive:
        return False
    owner.daemon.send(signal.SIGTERM)
    with suppress(DeadlineExceeded):
        wait_for(lambda: not owner.daemon.alive, Deadline.after(limits.TEARDOWN), "the end of an expired sandbox")
    owner.daemon.send(signal.SIGKILL)
    return True


def _kill_leftovers(folder: Folder) -> tuple[Process, ...]:
    owner = folder.owner()
    recorded = owner.children if owner is not None else ()
    killed: dict[int, Process] = {}

    def none_left() -> bool:
        left = [process for process in (*recorded, *_marked(folder.id)) if process.alive]
        for process in left:
            if process.send(signal.SIGKILL):
                killed[process.pid] = process
        return not left

    wait_for(none_left, Deadline.after(limits.HEAL_PATIENCE), f"the end of what sandbox {folder.id} left")
    return tuple(killed.values())


def _marked(sandbox: str) -> tuple[Process, ...]:
    found = []
    mark = f"DRILL_SANDBOX={sandbox}".encode()
    for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        with suppress(OSError):  # ended meanwhile, or another user's
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") and (
                process := Process.of(pid, "leftover")
            ):
                found.append(process)
    return tuple(found)
