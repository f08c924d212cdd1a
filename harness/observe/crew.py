"""Tasks in flight, with a bound, and the open loop that starts them.

Invariant: an error in a task is never swallowed: it is handed to `failed`, which ends the worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import count
from typing import Any

from harness.clock import now
from harness.observe.schedule import Schedule
from harness.units import Instant


class Crew:
    """Tasks that run now; at most `limit` of them."""

    def __init__(self, limit: int, failed: Callable[[BaseException], None]) -> None:
        self._limit = limit
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        """True when no more may start now."""
        return len(self._tasks) >= self._limit

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts a task; who calls looks at `full` first."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

    async def drained(self) -> None:
        """Waits until nothing runs any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)


async def paced(schedule: Schedule) -> AsyncIterator[tuple[int, Instant]]:
    """Every number of a schedule with its due instant, never early, and late only when this process is."""
    for number in count():
        due = schedule.due(number)
        await asyncio.sleep(max(0, (due - now()).seconds))
        yield number, due
