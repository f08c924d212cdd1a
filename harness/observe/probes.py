"""Open-loop probes of one service: each due by a fixed schedule, each over a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from harness.clock import now
from harness.journal.observation import Observation, Outcome
from harness.observe.classify import Failure, classify, values_of
from harness.observe.client import Client
from harness.observe.crew import Crew, paced
from harness.observe.plan import Target
from harness.observe.schedule import Schedule, patience, tolerated_lag
from harness.observe.stall import Stalls
from harness.units import Duration, Instant

IN_FLIGHT: Final = 2048
"""Of all services together: 4 services x 50/s x 10 s until given up; at some 30 kB each, 64 MB."""


class Prober:
    """Probes one service until cancelled."""

    def __init__(
        self,
        target: Target,
        schedule: Schedule,
        crew: Crew,
        stalls: Stalls,
        report: Callable[[Observation], None],
    ) -> None:
        self._target = target
        self._schedule = schedule
        self._crew = crew
        self._stalls = stalls
        self._report = report
        self._patience = patience(target.request.within)
        self._lag = tolerated_lag(schedule.period, target.request.within)

    async def run(self) -> None:
        """Starts a probe at every due instant; ends by cancellation, after those in flight."""
        async with Client(self._target.address, fresh=True) as client:
            try:
                async for number, due in paced(self._schedule):
                    if self._crew.full or now() - due > self._lag:
                        self._skip(number, due)
                    else:
                        self._crew.spawn(self._probe(client, number, due))
            except asyncio.CancelledError:
                await self._crew.drained()
                raise

    def _skip(self, number: int, due: Instant) -> None:
        self._report(Observation(self._target.service, number, due, None, None, Outcome.SKIPPED))

    async def _probe(self, client: Client, number: int, due: Instant) -> None:
        request = self._target.request
        values = values_of(request, number)
        stalled = self._stalls.total(now())
        gone_out: Duration | None = None

        def note() -> None:
            nonlocal gone_out
            gone_out = self._stalls.total(now())

        sent = now()
        if sent - due > self._lag:
            self._skip(number, due)
            return
        answer = await client.ask(
            request.method, request.path, request.body, values, due + self._patience, on_sent=note
        )
        completed = now()
        by_now = self._stalls.total(completed)
        refused = answer.failure in (Failure.UNREACHED, Failure.BROKEN)
        sending_ended = by_now if gone_out is None and refused else gone_out or stalled
        outcome = classify(
            request,
            number=number,
            due=due,
            sent=sent,
            completed=completed,
            answer=answer,
            stalled=by_now - stalled,
            stalled_sending=sending_ended - stalled,
        )
        if outcome is Outcome.SKIPPED:
            self._skip(number, due)
        else:
            self._report(Observation(self._target.service, number, due, sent, completed, outcome, answer.status))
