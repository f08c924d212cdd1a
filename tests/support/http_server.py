"""A tiny HTTP/1.1 server in a thread that tests control: it answers, hangs, drips, breaks off, or refuses."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

from harness.clock import Deadline, now, wait_for
from harness.sandbox.common.reserved import reserved
from harness.system.values import Address
from harness.units import Duration, Instant

_HOST: Final = "127.0.0.1"
_AT_ONCE: Final = Duration(0)
_DRIP: Final = 0.05  # seconds between two bytes: a head then takes some two seconds


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that the server has read whole."""

    at: Instant
    connection: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Behaviour:
    """What the server does with the next requests."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after: Duration = _AT_ONCE  # before it answers
    hang: bool = False  # never answers
    break_off: bool = False  # closes the connection without an answer
    half: bool = False  # announces a longer body than it sends, and closes
    garbage: bool = False  # answers something that is not HTTP
    body: bytes = b"{}"
    drip: bool = False  # sends its head one byte at a time, each well within any time-out of a read


class Server:
    """Listens on a free port of 127.0.0.1, which nobody else is given, while used as a context manager."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.on_request: Callable[[Seen], None] = lambda _: None
        self.choose: Callable[[Seen], Behaviour] = lambda _: self.behaviour
        self.seen: list[Seen] = []
        self._connections = 0
        self._reserved = reserved(_HOST)  # also while it refuses
        self.address = Address(_HOST, self._reserved.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http-server", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reserved.close()

    def listen(self) -> None:
        """Accepts connections, on the same port as before."""
        self._call(self._listen())

    def refuse(self) -> None:
        """Refuses connections until `listen`."""
        self._call(self._refuse())

    def wait_for_requests(self, count: int, seconds: float = 10) -> list[Seen]:
        return wait_for(
            lambda: self.seen if len(self.seen) >= count else None,
            Deadline.after(Duration.of(s=seconds)),
            f"{count} requests at the server",
        )

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, _HOST, self.address.port, backlog=1024)

    async def _refuse(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    async def _end(self) -> None:
        await self._refuse()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:  # one that lets a client in begins another
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        task = self._loop.create_task(self._converse(self._connections, reader, writer))
        self._open.add(task)  # the loop itself does not keep it
        task.add_done_callback(self._open.discard)

    async def _converse(self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._answer(connection, reader, writer):
                    pass
        finally:
            writer.close()

    async def _answer(self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        seen = Seen(now(), connection, method, path, headers, body)
        behaviour = self.choose(seen)
        self.seen.append(seen)
        self.on_request(seen)
        if behaviour.hang:
            await reader.read()
            return False
        await asyncio.sleep(behaviour.after.seconds)
        if behaviour.break_off:
            return False
        if behaviour.garbage:
            writer.write(b"GARBAGE\r\n\r\n")
            return False
        extra = "".join(f"{name}: {value}\r\n" for name, value in behaviour.headers.items())
        length = 100 if behaviour.half else len(behaviour.body)
        start = f"HTTP/1.1 {behaviour.status} X\r\n{extra}Content-Length: {length}\r\n\r\n".encode()
        for piece in (start[at : at + 1] for at in range(len(start) if behaviour.drip else 0)):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(_DRIP)
        writer.write(behaviour.body if behaviour.drip else start + behaviour.body)
        await writer.drain()
        return headers.get("connection") != "close" and not behaviour.half
