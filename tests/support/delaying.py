"""The delay agent as a process of its own, and an upstream of the test behind it."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any

HOST = "127.0.0.1"
COMMAND = (sys.executable, "-m", "harness.sandbox.kind.agent.delay")
DELAY = 1.0  # seconds; beyond what a busy machine adds to a request on loopback
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Bench:
    """An upstream of the test's own, and an agent before it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._port = self.control_port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self.agent: asyncio.subprocess.Process | None = None

    async def upstream(self, handler: Handler) -> int:
        """Listens; its port."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await handler(reader, writer)
            writer.close()

        server = await asyncio.start_server(handle, HOST, 0)
        self._stack.callback(server.close)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def start(self, upstream: int | Handler, delay: float = DELAY, **settings: str) -> None:
        """Starts the agent and waits until it listens."""
        port = upstream if isinstance(upstream, int) else await self.upstream(upstream)
        said = {"UPSTREAM": f"{HOST}:{port}", "PORT": "0", "CONTROL_PORT": "0", "DELAY_MS": f"{1000 * delay}"}
        self.agent = await asyncio.create_subprocess_exec(
            *COMMAND, env={**os.environ, **said, **settings}, stderr=asyncio.subprocess.PIPE
        )
        self._stack.push_async_callback(self._close)
        found = re.search(r"ports (\d+) (\d+)", await self.said())
        assert found is not None
        self._port, self.control_port = map(int, found.groups())

    async def said(self) -> str:
        """The next line of its log."""
        assert self.agent is not None
        assert self.agent.stderr is not None
        return (await self.agent.stderr.readline()).decode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client's connection."""
        reader, writer = await asyncio.open_connection(HOST, self._port)
        self._writers.append(writer)
        return reader, writer

    async def control(self, request: str, body: str = "") -> tuple[int, str]:
        """Status and text of a call of the control port."""
        reader, writer = await asyncio.open_connection(HOST, self.control_port)
        self._writers.append(writer)
        writer.write(f"{request} HTTP/1.1\r\nHost: agent\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        head, _, text = (await reader.read()).decode().partition("\r\n\r\n")
        return int(head.split(" ")[1]), text.strip()

    async def end(self) -> int:
        """Stops the agent; its exit code."""
        assert self.agent is not None
        if self.agent.returncode is None:
            self.agent.send_signal(signal.SIGTERM)
        return await self.agent.wait()

    async def _close(self) -> None:
        """Ends every connection, so that the agent has nothing to wait for, then the agent."""
        for writer in self._writers:
            if not writer.transport.is_closing():
                writer.transport.abort()
        for writer in self._writers:
            with suppress(ConnectionError):
                await writer.wait_closed()
        await self.end()


def with_bench(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    async def limited() -> None:
        async with asyncio.timeout(30), AsyncExitStack() as stack:
            await test(Bench(stack))

    def run() -> None:
        asyncio.run(limited())

    run.__name__ = test.__name__
    return run


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers what it hears, until the client's end."""
    while data := await reader.read(65536):
        writer.write(data)
