"""The connections through the delay agent: to the upstream and back, answers held for a while.

A client's bytes pass at once; the upstream's leave `delay` after they arrived, however many are on the way. Invariants:
bytes keep their order, also around a change of the delay; the ends of the two directions are passed on one by one
(half-close); who cannot take more bytes stops who sends them; a reset is passed on at once.

Runs in the agent's image: the standard library only.
"""

import asyncio
import socket
import struct
from collections import deque
from contextlib import suppress
from typing import Final, cast

HELD_BYTES: Final = 256 * 1024  # of one connection; then its upstream is not read any more
CONNECT_WITHIN: Final = 1.0  # seconds; in one cluster it takes milliseconds
DRAIN: Final = 4.0  # seconds for what is under way when the agent ends; its pod gets 5 s of grace
QUIET: Final = 0.05  # seconds of silence after which an answer is over; packets of one are milliseconds apart


class Proxy:
    """All connections, and what happens to the answers of them all."""

    def __init__(self, host: str, port: int, delay: float, lost: float = 0.0) -> None:
        self.upstream = (host, port)
        self.delay = delay
        self.lost = lost
        self._answers = 0
        self.expired = False
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()

    def enter(self, connection: "Connection") -> None:
        """A client has come."""
        self._connections.add(connection)
        self._empty.clear()

    def leave(self, connection: "Connection") -> None:
        """A client has gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def change(self, delay: float) -> None:
        """Delay what arrives from now on by so many seconds; 0 delivers what is held, too."""
        self.delay = delay
        if delay == 0:
            for connection in tuple(self._connections):
                connection.flush()

    def loses_next(self) -> bool:
        """Whether the next answer is one of those that are lost; of any number of answers the share is exact."""
        before = int(self._answers * self.lost)
        self._answers += 1
        return int(self._answers * self.lost) > before

    def expire(self) -> None:
        """No delay any more, and nothing is lost; where an answer was lost no more can follow, so it is cut."""
        self.expired = True
        self.lost = 0.0
        self.change(0)
        for connection in tuple(self._connections):
            connection.cut_if_losing()

    async def drain(self) -> None:
        """End every connection with its answer; cut what lasts longer than `DRAIN`."""
        for connection in tuple(self._connections):
            connection.drain()
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), DRAIN)
        for connection in tuple(self._connections):
            connection.reset()


class Connection(asyncio.Protocol):
    """The client's end of a connection; owns the other end, and what is held back between them."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._client: asyncio.Transport | None = None
        self._upstream: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._held: deque[tuple[float, bytes]] = deque()  # due, bytes; empty bytes are the end
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._client_ended = self._upstream_ended = self._client_full = False
        self._draining: asyncio.TimerHandle | None = None
        self._answered = True  # the last bytes came from the upstream
        self._loses = False  # an answer was lost, so nothing that comes after it arrives
        self._heard = 0.0  # when the last bytes came, from either end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reaches for the upstream; the client's bytes wait in the kernel meanwhile."""
        self._client = cast("asyncio.Transport", transport)
        self._client.pause_reading()
        self._proxy.enter(self)
        self._task = asyncio.get_running_loop().create_task(self._reach())

    def data_received(self, data: bytes) -> None:
        """Passes a request on."""
        self._answered, self._heard = False, asyncio.get_running_loop().time()
        if self._upstream is not None:
            self._upstream.write(data)

    def eof_received(self) -> bool:
        """Passes the end of the requests on; answers still come."""
        self._client_ended = True
        if self._upstream is not None and self._upstream.can_write_eof():
            self._upstream.write_eof()
        self._close_if_ended()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or was told to go."""
        self._proxy.leave(self)
        self._client = None
        self._forget()
        if self._upstream is not None:
            if exc is None:
                self._upstream.close()
            else:
                self._upstream.abort()

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        self._client_full = True
        self._pace()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._client_full = False
        self._pace()

    def answer(self, data: bytes) -> None:
        """Bytes of the upstream, or empty ones for their end: delivered when they are due, never out of order."""
        loop = asyncio.get_running_loop()
        if data and not self._answered and not self._loses:
            self._loses = self._proxy.loses_next()
        self._answered, self._heard = True, loop.time()
        if self._loses:
            return
        self._upstream_ended = not data
        if not self._held and self._proxy.delay == 0:
            self._deliver(data)
            return
        due = max(self._heard + self._proxy.delay, self._held[-1][0] if self._held else 0.0)
        self._held.append((due, data))
        self._bytes += len(data)
        self._pace()
        if self._timer is None:
            self._timer = loop.call_at(due, self._release)

    def upstream_reset(self) -> None:
        """The upstream has cut the connection, which the client learns unless it learns nothing any more."""
        if not self._loses:
            self.reset()

    def cut_if_losing(self) -> None:
        """Cut a connection on which an answer was lost."""
        if self._loses:
            self.reset()

    def upstream_full(self, *, full: bool) -> None:
        """The upstream reads too slowly, or has caught up."""
        if self._client is not None and not self._client.is_closing():
            if full:
                self._client.pause_reading()
            else:
                self._client.resume_reading()

    def flush(self) -> None:
        """Deliver all that is held."""
        self._release(everything=True)

    def drain(self) -> None:
        """Close as soon as nothing is under way: no request without its answer, nothing held, silence."""
        loop = asyncio.get_running_loop()
        idle = self._upstream is not None and self._answered and not self._held
        if idle and self._client is not None and loop.time() - self._heard >= QUIET:
            self._client.close()
        else:
            self._draining = loop.call_later(QUIET / 5, self.drain)

    def reset(self) -> None:
        """Cut the connection: the client sees a reset, which it cannot take for an orderly end."""
        if self._client is not None:
            with suppress(OSError):
                endpoint: socket.socket = self._client.get_extra_info("socket")
                endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._client.abort()
        if self._upstream is not None:
            self._upstream.abort()
        self._forget()

    async def _reach(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                upstream, _ = await loop.create_connection(lambda: Upstream(self), *self._proxy.upstream)
        except OSError:  # TimeoutError is one
            self.reset()
            return
        if self._client is None or self._client.is_closing():
            upstream.abort()
            return
        self._upstream = upstream
        self._client.resume_reading()

    def _release(self, *, everything: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self._held and (everything or self._held[0][0] <= loop.time()):
            _, data = self._held.popleft()
            self._bytes -= len(data)
            self._deliver(data)
        if self._held and self._timer is None:
            self._timer = loop.call_at(self._held[0][0], self._release)
        self._pace()

    def _deliver(self, data: bytes) -> None:
        if self._client is not None and not self._client.is_closing():
            if data:
                self._client.write(data)
            elif self._client.can_write_eof():
                self._client.write_eof()
            self._close_if_ended()

    def _close_if_ended(self) -> None:
        if self._client_ended and self._upstream_ended and not self._held and self._client is not None:
            self._client.close()

    def _pace(self) -> None:
        if self._upstream is not None and not self._upstream.is_closing():
            if self._client_full or self._bytes > HELD_BYTES:
                self._upstream.pause_reading()
            else:
                self._upstream.resume_reading()

    def _forget(self) -> None:
        self._held.clear()
        self._bytes = 0
        for timer in (self._timer, self._draining):
            if timer is not None:
                timer.cancel()
        self._timer = None


class Upstream(asyncio.Protocol):
    """The other end; tells the connection what happens."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        self._connection.answer(data)

    def eof_received(self) -> bool:
        """No more answers; requests may still go out."""
        self._connection.answer(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by the connection, or reset by the upstream."""
        if exc is not None:
            self._connection.upstream_reset()

    def pause_writing(self) -> None:
        """The upstream reads too slowly."""
        self._connection.upstream_full(full=True)

    def resume_writing(self) -> None:
        """The upstream has caught up."""
        self._connection.upstream_full(full=False)
