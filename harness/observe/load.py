"""Background load of one kind: open loop over kept connections, added up by the second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from harness.clock import now
from harness.journal.observation import LoadSecond
from harness.observe.classify import Failure, says, values_of
from harness.observe.client import Client
from harness.observe.crew import Crew, paced
from harness.observe.plan import LoadTarget
from harness.observe.schedule import Schedule, patience
from harness.units import Duration, Instant

IN_FLIGHT: Final = 1024
"""Of all load together, shared out equally, so that a service that hangs does not keep load from another.

A request for which there is no room is bad without being made: so many before it wait for an answer.
"""

_SECOND: Final = Duration.of(s=1)


@dataclass(slots=True)
class _Tally:
    due: int = 0
    good: int = 0
    bad: int = 0
    open: int = 0


class LoadMaker:
    """Makes one kind of load until cancelled; reports a second when it and all of its requests are over."""

    def __init__(
        self, target: LoadTarget, schedule: Schedule, crew: Crew, report: Callable[[LoadSecond], None]
    ) -> None:
        self._target = target
        self._schedule = schedule
        self._crew = crew
        self._report = report
        self._seconds: dict[Instant, _Tally] = {}
        self._patience = patience(target.request.within)

    async def run(self) -> None:
        """Makes a request at every due instant; ends by cancellation, and then waits for those in flight."""
        async with Client(self._target.address, fresh=False) as client:
            try:
                async for number, due in paced(self._schedule):
                    second = self._second(due)
                    tally = self._tally(second)
                    tally.due += 1
                    if now() - due > self._patience - self._target.request.within:
                        continue  # too late by our own doing: due, and neither good nor bad
                    if self._crew.full:
                        tally.bad += 1
                    else:
                        tally.open += 1
                        self._crew.spawn(self._ask(client, number, due, tally))
            except asyncio.CancelledError:
                await self._crew.drained()
                self._settle(None)
                raise

    def _second(self, due: Instant) -> Instant:
        passed = (due - self._schedule.start).ns // _SECOND.ns
        return self._schedule.start + _SECOND * passed

    def _tally(self, second: Instant) -> _Tally:
        if second not in self._seconds:
            self._settle(second)
            self._seconds[second] = _Tally()
        return self._seconds[second]

    def _settle(self, running: Instant | None) -> None:
        for second, tally in list(self._seconds.items()):
            if second != running and not tally.open:
                del self._seconds[second]
                self._report(LoadSecond(self._target.service, second, tally.due, tally.good, tally.bad))

    async def _ask(self, client: Client, number: int, due: Instant, tally: _Tally) -> None:
        request = self._target.request
        values = values_of(request, number)
        answer = await client.ask(request.method, request.path, request.body, values, due + self._patience)
        good = answer.status in request.expect and says(request, number, answer)
        if good and now() - due <= request.within:
            tally.good += 1
        elif answer.failure is not Failure.OURS:
            tally.bad += 1
        tally.open -= 1
