"""The worker's side of the pipe to its parent: rows gathered, and sent as lines every 50 ms."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from harness.clock import utc_anchor
from harness.errors import Unavailable
from harness.journal.observation import LoadSecond, Observation, Write
from harness.observe.wire import Kind, encode, load_row, observation_row, write_row
from harness.units import Duration

PAUSE: Final = Duration.of(ms=50)
"""Between two lines: short against the sustain time of a recovery (5 s), long against the cost of a line."""

_BACKLOG: Final = 64 * 1024 * 1024  # half an hour of rows that nobody reads; then something is wrong with the parent


class Reporter:
    """Gathers rows; `flush` sends them. A parent that reads slowly delays nothing but its own news."""

    def __init__(self, pipe: asyncio.WriteTransport, services: tuple[str, ...]) -> None:
        self._pipe = pipe
        self._places = {service: place for place, service in enumerate(services)}
        self._observations: list[list[int | None]] = []
        self._load: list[list[str | int]] = []
        self._writes: list[list[str | int | None]] = []

    @classmethod
    async def on(cls, file: int, services: tuple[str, ...]) -> Reporter:
        """A reporter that writes to a file descriptor, which it takes over."""
        loop = asyncio.get_running_loop()
        pipe, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(file, "wb", buffering=0))
        return cls(pipe, services)

    def observation(self, row: Observation) -> None:
        """Takes one observation."""
        self._observations.append(observation_row(row, self._places))

    def load(self, row: LoadSecond) -> None:
        """Takes one second of load."""
        self._load.append(load_row(row))

    def write(self, row: Write) -> None:
        """Takes one ledger write."""
        self._writes.append(write_row(row))

    def clock(self) -> None:
        """Sends an anchor of the wall clock."""
        at, utc_ns = utc_anchor()
        self._send(Kind.CLOCK, at.ns, utc_ns)

    def say(self, kind: Kind, *content: int) -> None:
        """Sends everything gathered, and then this."""
        self.flush()
        self._send(kind, *content)

    def flush(self) -> None:
        """Sends everything gathered, or a sign of life."""
        if not (self._observations or self._load or self._writes):
            self._send(Kind.BEAT)
        if self._observations:
            self._send(Kind.OBSERVATIONS, self._observations)
        if self._load:
            self._send(Kind.LOAD, self._load)
        if self._writes:
            self._send(Kind.WRITES, self._writes)
        self._observations, self._load, self._writes = [], [], []

    def _send(self, kind: Kind, *content: object) -> None:
        self._pipe.write(encode(kind, *content))
        if self._pipe.get_write_buffer_size() > _BACKLOG:
            raise Unavailable(f"the parent has not read {_BACKLOG >> 20} MiB of observations; giving up")

    async def drained(self) -> None:
        """Waits until the parent has taken everything."""
        while self._pipe.get_write_buffer_size():  # noqa: ASYNC110 - the transport tells nobody when it is empty
            await asyncio.sleep(PAUSE.seconds / 10)
