"""The way of a script to a cluster: a relay that sees each call of the API, and can hold, slow down and cut.

It ends the script's TLS with a certificate of its own, and makes one to the API. It speaks no more of HTTP/1.1 (RFC
9112) than is needed to see where a request ends; answers pass through as they are. One thread has all connections.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from harness.clock import now
from harness.errors import InputError
from harness.gate import limits
from harness.gate.calls import Call, head_of
from harness.sandbox.embedded.certificates import Authority
from harness.units import Duration, Instant

_T = TypeVar("_T")
_HOST: Final = "127.0.0.1"
_PIECE: Final = 64 * 1024  # bytes passed on at once
_END: Final = b"\r\n\r\n"
_LINE: Final = b"\r\n"
_GONE: Final = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, InputError)
"""A connection that is of no use any more; `ssl.SSLError` is an OSError."""


class Way:
    """Leads to the API of one cluster. Its methods may be called from any thread."""

    def __init__(self, folder: Path, server: str, authority: str) -> None:
        """Listens at once.

        Args:
            folder: gets its keys and certificates; made.
            server: address of the API.
            authority: whose certificates are believed there, in base64.
        """
        parts = urlsplit(server)
        self._to = (parts.hostname or _HOST, parts.port or 443)
        self._believes = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        own = Authority(folder)
        self._shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._shows.load_cert_chain(own.issue(_HOST))
        self.authority = base64.b64encode(own.file.read_bytes()).decode()
        """Whose certificates a script believes, in base64."""
        self._calls: list[Call] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._away, self._away_until = False, Instant(0)
        self.delay = Duration(0)
        self.on_call: Callable[[Call, int], None] | None = None
        """Called, in a thread of its own, before a call is passed on, with how many changes there were up to it; it is
        not passed on if that cut the way."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate way", daemon=True)
        self._thread.start()
        self._server = self._in_loop(asyncio.start_server(self._serve, _HOST, 0, ssl=self._shows))

    @property
    def address(self) -> str:
        """Where it listens, as a kubeconfig names a server."""
        return f"https://{_HOST}:{self._server.sockets[0].getsockname()[1]}"

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was asked for so far."""
        return tuple(self._calls)

    def cut(self, back_after: Duration | None) -> None:
        """Breaks all connections off, and takes no other ones.

        Args:
            back_after: until then; until `restore` when None.
        """
        self._away = back_after is None
        self._away_until = Instant(0) if back_after is None else now() + back_after
        self._loop.call_soon_threadsafe(self._abort)

    def restore(self) -> None:
        """The way is whole again, and as fast as it was."""
        self._away, self._away_until = False, Instant(0)
        self.delay = Duration(0)

    def close(self) -> None:
        """Ends it."""
        self._in_loop(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(limits.KILLED.seconds)
        self._loop.close()

    @property
    def _is_away(self) -> bool:
        return self._away or now() < self._away_until

    def _in_loop(self, what: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(limits.KILLED.seconds)

    def _abort(self) -> None:
        for one in self._open:
            one.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        self._abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_GONE):
            await self._lead(reader, writer)
        writer.transport.abort()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_away:
            return
        answers, onward = await asyncio.open_connection(*self._to, ssl=self._believes)
        ends = {writer, onward}
        self._open |= ends
        parts = [asyncio.ensure_future(self._ask(reader, onward)), asyncio.ensure_future(_pass_on(answers, writer))]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open -= ends
            onward.transport.abort()
            for one in parts:
                one.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _ask(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter) -> None:
        while True:
            text = await reader.readuntil(_END)
            head = head_of(text)
            if not await self._let_through(Call(now(), head.method, head.path)):
                return
            onward.write(text)
            if head.upgrades:
                await _pass_on(reader, onward)
                return
            if head.chunked:
                await _pass_chunks_on(reader, onward)
            elif head.length:
                onward.write(await reader.readexactly(head.length))
            await onward.drain()

    async def _let_through(self, call: Call) -> bool:
        self._calls.append(call)
        if self.delay.ns:
            await asyncio.sleep(self.delay.seconds)
        if self.on_call is not None:
            changes = sum(one.changes for one in self._calls)
            await self._loop.run_in_executor(None, self.on_call, call, changes)
        return not self._is_away


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


async def _pass_chunks_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body in chunks, with what comes after the last of them."""
    size = 1
    while size:
        line = await reader.readuntil(_LINE)
        size = int(line.partition(b";")[0], 16)
        writer.write(line)
        if size:
            writer.write(await reader.readexactly(size + len(_LINE)))
            await writer.drain()
    while (line := await reader.readuntil(_LINE)) != _LINE:
        writer.write(line)
    writer.write(_LINE)
