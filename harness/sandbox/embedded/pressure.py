"""Limits on what the processes of a deployment may use, until they are lifted. Belongs to the daemon's event loop.

As a container's limits work, and without a control group, which only root may make on most machines: whoever has had
its time of a period stands still until the next one, and whoever has too much memory is killed. Nobody else on the
machine gets slower by it: no processor is burnt, and no memory is filled.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Final

from harness.errors import NotFound
from harness.sandbox.common.process import Process
from harness.sandbox.embedded.processes import children_of, send
from harness.units import Duration

_LOG = logging.getLogger(__name__)
_PERIOD: Final = Duration.of(ms=100)  # in which a share is had; as CFS bandwidth control has it, and Kubernetes with it
_LOOK: Final = Duration.of(ms=20)  # a process that starts has tens of megabytes only after ten times as long
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Pressure:
    """What one deployment may use.

    Args:
        what: the deployment, for the log.
        processes: those that run now, each the first of its group.
    """

    def __init__(self, what: str, processes: Callable[[], Sequence[Process]]) -> None:
        self._what, self._processes = what, processes
        self._task: asyncio.Task[None] | None = None

    def processor(self, share: float) -> None:
        """See the port."""
        self._begin(self._throttle(share))

    def memory(self, share: float) -> None:
        """See the port."""
        most = int(max((_bytes(one.pid) for one in self._processes()), default=0) * share)
        if not most:
            raise NotFound(f"{self._what}: nothing runs whose memory could be limited")
        self._begin(self._watch(most))

    def lift(self) -> None:
        """See the port."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        send(self._processes(), signal.SIGCONT)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self.lift()
        self._task = asyncio.get_running_loop().create_task(work)

    async def _throttle(self, share: float) -> None:
        while True:
            send(self._processes(), signal.SIGSTOP)
            await asyncio.sleep((_PERIOD * (1 - share)).seconds)
            send(self._processes(), signal.SIGCONT)
            await asyncio.sleep((_PERIOD * share).seconds)

    async def _watch(self, most: int) -> None:
        while True:
            for one in self._processes():
                found = _bytes(one.pid)
                if found > most:
                    _LOG.info("%s: process %s has %d bytes, and may have %d: killed", self._what, one, found, most)
                    send((one,), signal.SIGKILL)
            await asyncio.sleep(_LOOK.seconds)


def _bytes(pid: int) -> int:
    """The memory that a process has, with those that it has started; what has ended has none."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
    return own + sum(_bytes(child) for child in children_of(pid))
