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
from harness.errors import DeadlineExceeded, MayWorkLater
from harness.sandbox.common.collected import Collected
from harness.sandbox.common.process import Process, marked
from harness.sandbox.common.strays import quit_servers
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.folder import Folder, Owner, folders, locked, remove, require_id


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


def look(state_dir: Path) -> tuple[Collected, ...]:
    """The sandboxes of a state folder, and whether `heal` would remove them. Touches nothing."""
    found = []
    for folder in folders(state_dir):
        owner = folder.owner()
        lock = _lock_of_dead(folder)
        if lock is not None:
            os.close(lock)
        over = lock is None and owner is not None and owner.detached and owner.expired
        whose = f"of {owner.system}, run {owner.run_id}" if owner else "just being made, or of nobody"
        why = "its daemon is gone" if lock is not None else "it has expired" if over else "it lives"
        found.append(Collected("sandbox", folder.id, f"{whose}: {why}", lock is not None or over))
    return tuple(found)


def end(state_dir: Path, sandbox: str, why: str) -> str:
    """Ends a sandbox by its id, whoever started it and whether that lives, and removes what is left of it.

    Returns:
        What was done, as a sentence.

    Raises:
        NotFound: that is no id of a sandbox.
        MayWorkLater: who started it is at it still, or a process did not die.
    """
    require_id(sandbox)
    folder = Folder(state_dir.resolve() / sandbox)
    owner = _known_owner(folder) if folder.path.exists() else None
    if owner is not None and owner.daemon.alive:
        owner.daemon.send(signal.SIGTERM)
        _wait_for_end(owner.daemon)
    cleaned = clean(folder, why)
    if folder.path.exists():
        raise MayWorkLater(
            f"sandbox {sandbox} in {state_dir} is still being started, or taken down, by another process"
        )
    if cleaned is not None:
        return str(cleaned)
    return f"sandbox {sandbox}: {'ended by its daemon' if owner else 'nothing of it is left'}"


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
    owner = _known_owner(folder)
    if owner is None or owner.detached or (owner.starter is not None and owner.starter.alive):
        return
    _wait_for_end(owner.daemon)


def _known_owner(folder: Folder) -> Owner | None:
    """Who owns a folder; waits for a daemon that is just being started, which names itself first of all."""
    with suppress(DeadlineExceeded):
        wait_for(
            lambda: folder.owner() is not None or not _held(folder),
            Deadline.after(limits.HEAL_PATIENCE),
            "the name of a sandbox's daemon",
        )
    return folder.owner()


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
    _wait_for_end(owner.daemon)
    return True


def _wait_for_end(daemon: Process) -> None:
    """Waits until a daemon has taken everything down; kills one that hangs over it."""
    with suppress(DeadlineExceeded):
        wait_for(lambda: not daemon.alive, Deadline.after(limits.TEARDOWN), "the end of a sandbox's daemon")
    if daemon.send(signal.SIGKILL):
        wait_for(lambda: not daemon.alive, Deadline.after(limits.HEAL_PATIENCE), "the end of a daemon that was killed")


def _kill_leftovers(folder: Folder) -> tuple[Process, ...]:
    owner = folder.owner()
    recorded = owner.children if owner is not None else ()

    def left() -> list[Process]:
        mark = f"DRILL_SANDBOX={folder.id}"
        return [process for process in (*recorded, *marked(mark, "leftover")) if process.alive]

    def none_left() -> bool:
        found = left()
        for process in found:
            if process.send(signal.SIGKILL):
                killed[process.pid] = process
        return not found

    killed = {process.pid: process for process in quit_servers(left())}
    wait_for(none_left, Deadline.after(limits.HEAL_PATIENCE), f"the end of what sandbox {folder.id} left")
    return tuple(killed.values())
