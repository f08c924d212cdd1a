"""Ledger clients: open-loop writes that can be proven later, each made once.

Invariant: a write is sent only after its intent is durable, and reported only after its outcome is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

from harness.clock import now
from harness.journal.observation import Write, WriteOutcome
from harness.observe.classify import told
from harness.observe.client import Client
from harness.observe.crew import Crew, paced
from harness.observe.ledger import LedgerWriter, intent_line, outcome_line
from harness.observe.plan import LedgerTarget
from harness.observe.schedule import Schedule
from harness.units import Instant

IN_FLIGHT: Final = 1024
"""Of all clients together: more than 20/s x 2 s needs, by far, and bounded when a database hangs."""

_VALUE_BITS: Final = 64


class LedgerClient:
    """One client; it writes until cancelled."""

    def __init__(
        self,
        *,
        target: LedgerTarget,
        schedule: Schedule,
        number: int,
        seed: int,
        crew: Crew,
        ledger: LedgerWriter,
        report: Callable[[Write], None],
    ) -> None:
        self._target = target
        self._schedule = schedule
        self._number = number
        self._random = Random(f"{seed}/{number}")  # noqa: S311 - values are to be repeatable, not secret
        self._crew = crew
        self._ledger = ledger
        self._report = report
        self._sequence = 0
        self.left_out = 0

    async def run(self) -> None:
        """Writes at every due instant; ends by cancellation, and then waits until all outcomes are reported.

        A write that could only be made later than its own limit is left out and counted, and uses no sequence
        number.
        """
        async with Client(self._target.address, fresh=True) as client:
            try:
                async for _, due in paced(self._schedule):
                    if self._crew.full or now() - due > self._target.within:
                        self.left_out += 1
                    else:
                        self._crew.spawn(self._write(client, self._next(due)))
            except asyncio.CancelledError:
                await self._crew.drained()
                raise

    def _next(self, due: Instant) -> Write:
        self._sequence += 1
        name = f"drill-{self._target.prefix}-{self._number}-{self._sequence}"
        value = f"{self._random.getrandbits(_VALUE_BITS):016x}"
        return Write(self._number, self._sequence, name, value, due, now(), None, WriteOutcome.INFO)

    async def _write(self, client: Client, write: Write) -> None:
        await self._ledger.append(intent_line(write))
        spec = self._target.write
        values = {
            "id": write.id,
            "value": write.value,
            "client": write.client,
            "sequence": write.sequence,
            "n": (write.sequence - 1) * self._target.clients + write.client + 1,
        }
        sent = now()
        answer = await client.ask(spec.method, spec.path, spec.body, values, sent + self._target.within)
        done = write._replace(sent=sent, acknowledged=now(), outcome=told(spec, answer))
        await self._ledger.append(outcome_line(done))
        self._report(done)
