"""One client's connection through the router: to a replica, through a delay, to its end or its draining.

Invariants: bytes keep their order, also around a change of the delay; the ends of the two directions are
passed on one by one (half-close); who cannot take more bytes stops who sends them.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from harness.sandbox.common.come_again import COME_AGAIN
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.answer import Exchange
from harness.sandbox.embedded.delay import DelayLine
from harness.sandbox.embedded.ends import abort, cut, end
from harness.sandbox.embedded.way import Way
from harness.units import Duration


class Choice(Protocol):
    """What knows the way that new connections take now."""

    @property
    def way(self) -> Way:
        """The way to the active slot."""

    @property
    def turned_away(self) -> bool:
        """True while clients are told to come again later."""


class Relay(asyncio.Protocol):
    """The client's end of a connection; owns the other end."""

    def __init__(self, choice: Choice, host: str) -> None:
        self._choice = choice
        self._host = host
        self._client: asyncio.Transport | None = None
        self._backend: asyncio.Transport | None = None
        self._way: Way | None = None
        self.port: int | None = None  # of the replica, from the moment it is chosen
        self._task: asyncio.Task[None] | None = None
        self._exchange = Exchange()
        self._line = DelayLine(
            self._deliver, most=limits.HELD_BYTES, stop=self._stop_answers, resume=self._resume_answers
        )
        self._draining = self._loses = False  # it loses: an answer was lost, so nothing that comes after it arrives
        self._turned_away = self._answered = False
        self._client_ended = self._backend_ended = False
        self._client_full = False
        self._timers: list[asyncio.TimerHandle] = []
        self._quiet: asyncio.TimerHandle | None = None

    # The client's end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Looks for a replica; the client's bytes wait in the kernel meanwhile."""
        self._client = cast(asyncio.Transport, transport)
        self._client.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._reach())

    def data_received(self, data: bytes) -> None:
        """Passes a request on, or answers it where clients are turned away."""
        if self._turned_away:
            if self._client is not None and not self._answered:
                self._answered = True
                self._client.write(COME_AGAIN.encode())
                end(self._client)  # what of the request is still under way is read, so that nothing resets the answer
            return
        self._exchange.asked(data)
        if self._backend is not None:
            self._backend.write(data)

    def eof_received(self) -> bool:
        """Passes the end of the requests on; answers still come."""
        self._client_ended = True
        if self._turned_away and self._client is not None:
            self._client.close()
        if self._backend is not None:
            end(self._backend)
        self._close_if_ended()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone, or was told to go."""
        self._forget()
        if self._backend is not None:
            if exc is None:
                self._backend.close()
            else:
                abort(self._backend)

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        self._client_full = True
        self._stop_answers()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._client_full = False
        self._resume_answers()

    # The replica's end, as told by `Backend`

    def answer(self, data: bytes) -> None:
        """Bytes from the replica; empty ones end the answers."""
        if self._way is not None and self._way.lost and not self._loses and self._exchange.unanswered:
            self._loses = self._way.loses_next()
        if self._loses:
            return
        if data:
            self._exchange.answered(data)
        else:
            self._backend_ended = True
        self._line.push(data, self._way.delay if self._way is not None else Duration(0))

    def backend_lost(self, error: Exception | None) -> None:
        """The replica's end is closed; a reset is passed on at once."""
        if error is not None and not self._loses:
            self.reset()

    def backend_full(self, *, full: bool) -> None:
        """The replica reads too slowly, or has caught up."""
        if self._client is not None and not self._client.is_closing():
            if full:
                self._client.pause_reading()
            else:
                self._client.resume_reading()

    # The life of the connection

    def flush(self) -> None:
        """See the way."""
        if self._loses:
            self.reset()
        self._line.flush()

    def drain(self) -> None:
        """Ends the connection without cutting an answer; one without any byte yet goes to the active slot."""
        if self._draining or self._client is None:
            return
        if self._exchange.fresh and not self._client_ended and not self._backend_ended:
            self._leave_way()
            self._client.pause_reading()
            old, self._backend = self._backend, None
            if old is not None:
                cast(Backend, old.get_protocol()).detach()
                abort(old)
                self._task = asyncio.get_running_loop().create_task(self._reach())
            return
        self._draining = True
        self._timers.append(asyncio.get_running_loop().call_later(limits.DRAIN.seconds, self.reset))
        self._close_if_drained()

    def reset(self) -> None:
        """Cuts the connection: the client sees a reset."""
        self._line.drop()
        if self._client is not None:
            cut(self._client)
        if self._backend is not None:
            abort(self._backend)
        self._forget()

    async def _reach(self) -> None:
        tried: set[int] = set()
        while self._client is not None and not self._client.is_closing():
            if self._choice.turned_away:
                self._turned_away = True
                self._timers.append(asyncio.get_running_loop().call_later(limits.DRAIN.seconds, self.reset))
                self._client.resume_reading()
                return
            way = self._choice.way
            port = None if way.refuses else way.next_port(tried)
            if port is None:
                self.reset()
                return
            loop = asyncio.get_running_loop()
            self._take(way, port)
            try:
                async with asyncio.timeout(limits.CONNECT_WITHIN.seconds):
                    transport, _ = await loop.create_connection(lambda: Backend(self), self._host, port)
            except OSError:  # TimeoutError is one
                self._leave_way()
                tried.add(port)
                continue
            if self._way is None or way is not self._choice.way:  # sent away meanwhile: it goes where new ones go
                self._leave_way()
                cast(Backend, transport.get_protocol()).detach()
                abort(transport)
                tried.clear()
                continue
            if self._client.is_closing():
                self._leave_way()
                abort(transport)
                return
            self._backend = transport
            if self._client_ended:
                end(transport)
            self._client.resume_reading()
            return

    def _deliver(self, data: bytes) -> None:
        client = self._client
        if client is None or client.is_closing():
            return
        if data:
            client.write(data)
        else:
            end(client)
        self._close_if_ended()
        if self._draining:
            self._close_if_drained()

    def _close_if_ended(self) -> None:
        if self._client_ended and self._backend_ended and self._line.empty and self._client is not None:
            self._client.close()

    def _close_if_drained(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        if not self._line.empty:
            return
        complete = self._exchange.complete()
        if complete:
            self._close()
        elif complete is None:
            self._quiet = asyncio.get_running_loop().call_later(limits.QUIET.seconds, self._close)

    def _close(self) -> None:
        if self._client is not None and self._line.empty and self._exchange.complete() is not False:
            self._client.close()

    def _stop_answers(self) -> None:
        if self._backend is not None and not self._backend.is_closing():
            self._backend.pause_reading()

    def _resume_answers(self) -> None:
        if self._client_full or self._line.full:
            return
        if self._backend is not None and not self._backend.is_closing():
            self._backend.resume_reading()

    def _take(self, way: Way, port: int) -> None:
        """On the way before it is connected, so that nobody takes the replica for unused meanwhile."""
        self._way, self.port = way, port
        way.connections.add(self)

    def _leave_way(self) -> None:
        if self._way is not None:
            self._way.leave(self)
            self._way = None

    def _forget(self) -> None:
        self._leave_way()
        self._line.drop()
        for timer in [*self._timers, *([self._quiet] if self._quiet else [])]:
            timer.cancel()


class Backend(asyncio.Protocol):
    """The replica's end of a connection; tells the relay what happens."""

    def __init__(self, relay: Relay) -> None:
        self._relay: Relay | None = relay

    def detach(self) -> None:
        """What still happens here concerns nobody."""
        self._relay = None

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        if self._relay is not None:
            self._relay.answer(data)

    def eof_received(self) -> bool:
        """No more answers; requests may still go out."""
        if self._relay is not None:
            self._relay.answer(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed by the relay, or reset by the replica."""
        if self._relay is not None:
            self._relay.backend_lost(exc)

    def pause_writing(self) -> None:
        """The replica reads too slowly."""
        if self._relay is not None:
            self._relay.backend_full(full=True)

    def resume_writing(self) -> None:
        """The replica has caught up."""
        if self._relay is not None:
            self._relay.backend_full(full=False)
