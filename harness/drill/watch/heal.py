"""Takes back what drills left whose watchdog is gone as well: after a power cut, or where somebody killed both."""

from __future__ import annotations

import os

from harness.clock import Deadline, wait_for
from harness.drill.runs import remove_dead
from harness.drill.watch.act import take_over
from harness.drill.watch.berth import Berth
from harness.drill.watch.entries import entries, order_of, remove_abandoned, sketch_of
from harness.errors import DeadlineExceeded, MayWorkLater
from harness.settings import Settings


def heal_drills(settings: Settings) -> tuple[str, ...]:
    """Takes back every drill that is gone; one whose watchdog is at it is waited for, one that lives is left alone.

    Returns:
        What was done, a sentence each.

    Raises:
        MayWorkLater: something is left; says what, and how a person takes it back.
    """
    told: list[str] = []
    left: list[str] = []
    remove_abandoned(settings.state_dir)
    remove_dead(settings.state_dir)
    for entry in entries(settings.state_dir):
        order = order_of(entry)
        sketch = sketch_of(entry)
        if sketch is not None and sketch.drill.alive:  # of whatever version
            continue
        name = f"drill {order.slug} of run {order.run_id}" if order else f"a drill of another version ({entry.path})"
        lock = _lock(entry, Deadline.after(settings.heal))
        if lock is None:
            if entry.path.exists():
                left.append(f"{name}: its watchdog is still at it; see {entry.log}")
            continue
        try:
            remains = take_over(entry, None, by="heal", why="the drill and its watchdog are gone")
            if remains:
                left += [f"{name}: {one}" for one in remains]
            else:
                entry.remove()
                told.append(f"{name}: taken back")
        finally:
            os.close(lock)
    if left:
        raise MayWorkLater("\n".join([*told, *left]))
    return tuple(told)


def _lock(entry: Berth, patience: Deadline) -> int | None:
    """The lock of an entry, once nobody has it any more; None when its watchdog has done everything, or is at it."""

    def free() -> tuple[int | None] | None:
        lock = entry.try_lock()
        return (lock,) if lock is not None or not entry.path.exists() else None

    try:
        return wait_for(free, patience, "the lock")[0]
    except DeadlineExceeded:
        return None
