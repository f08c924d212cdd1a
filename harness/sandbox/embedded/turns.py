"""Who starts first: while the database is being made, replicas start a few at a time.

To make a database is the longest chain in the start of a sandbox, one process after the other, and the replicas
wait for its end. Started all at once they would take processor time from the very thing they wait for. Belongs to
the daemon's event loop.
"""

import asyncio
from collections import deque


class Turns:
    """Room for so many starts at once, until all may start.

    Args:
        at_once: how many.
    """

    def __init__(self, at_once: int) -> None:
        self._room = at_once
        self._over = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> "Turn":
        """Waits for a turn."""
        if not self._over and self._room == 0:
            waits = asyncio.get_running_loop().create_future()
            self._waiting.append(waits)
            try:
                await waits
            except asyncio.CancelledError:
                if not waits.cancelled():  # it was given a turn in the same moment
                    self._pass_on()
                raise
        elif not self._over:
            self._room -= 1
        return Turn(self)

    def end(self) -> None:
        """From now on everybody starts at once, those first who wait already."""
        self._over = True
        while self._waiting:
            self._pass_on()

    def _pass_on(self) -> None:
        """Gives a turn that has ended to who waits longest and still wants it."""
        while self._waiting:
            waits = self._waiting.popleft()
            if not waits.done():
                waits.set_result(None)
                return
        self._room += 1


class Turn:
    """One start; ended once, however often that is said."""

    def __init__(self, turns: Turns) -> None:
        self._turns: Turns | None = turns

    def end(self) -> None:
        """The replica has started, or never will."""
        turns, self._turns = self._turns, None
        if turns is not None:
            turns._pass_on()  # noqa: SLF001 - the two are one
