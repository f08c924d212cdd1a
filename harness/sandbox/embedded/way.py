"""The way to one slot of a service: which replicas are on it, in turn, and who is connected to them.

Belongs to the daemon's event loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from harness.units import Duration


class Connection(Protocol):
    """A client's connection, as the way sees it."""

    @property
    def port(self) -> int | None:
        """Of the replica, from the moment it is chosen."""

    def drain(self) -> None:
        """Ends it without cutting an answer."""

    def flush(self) -> None:
        """Delivers what is held back; where something was lost it is cut, since no more can follow."""

    def reset(self) -> None:
        """Cuts it."""


@dataclass(slots=True)
class Way:
    """The way to one slot of a service: its ready replicas, what disturbs it, who is on it."""

    ports: tuple[int, ...] = ()
    delay: Duration = field(default_factory=lambda: Duration(0))
    refuses: bool = False
    lost: float = 0.0  # share of the answers that never arrive
    connections: set[Connection] = field(default_factory=set)
    _turn: int = 0
    _answers: int = 0
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    def next_port(self, tried: set[int]) -> int | None:
        """The ready replica whose turn it is, without those that were tried."""
        left = [port for port in self.ports if port not in tried]
        if not left:
            return None
        self._turn += 1
        return left[self._turn % len(left)]

    def loses_next(self) -> bool:
        """Whether the next answer is one of those that are lost; of any number of answers the share is exact."""
        before = int(self._answers * self.lost)
        self._answers += 1
        return int(self._answers * self.lost) > before

    def leave(self, connection: Connection) -> None:
        """A connection is over, or takes another way."""
        self.connections.discard(connection)
        self._left.set()

    async def drain(self, ports: frozenset[int]) -> None:
        """Ends the connections to some replicas without cutting an answer; returns when there are none."""
        for one in self._to(ports):
            one.drain()
        while self._to(ports):
            self._left.clear()
            await self._left.wait()

    def _to(self, ports: frozenset[int]) -> list[Connection]:
        return [one for one in self.connections if one.port in ports]
