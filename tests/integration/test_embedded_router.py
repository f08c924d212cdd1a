"""The TCP router, with backends of the test's own on real sockets: what passes, what is drained, what is cut."""

import asyncio
import hashlib
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, cast

import pytest

from harness.sandbox.embedded import limits
from harness.sandbox.embedded.ends import abort, cut
from harness.sandbox.embedded.relay import Relay
from harness.sandbox.embedded.router import HOST, TcpRouter
from harness.system.values import Slot
from harness.units import Duration

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


class Bench:
    """A router for one service, and its backends."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._writers: list[asyncio.StreamWriter] = []
        self.router = TcpRouter(("svc",))

    async def backend(self, slot: Slot, handler: Handler) -> int:
        """Adds a ready replica to a slot; its port."""

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await handler(reader, writer)
            writer.close()

        server = await asyncio.start_server(handle, HOST, 0)
        self._stack.callback(server.close)
        port: int = server.sockets[0].getsockname()[1]
        self.router.set_ready("svc", slot, (port,))
        return port

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client's connection."""
        reader, writer = await asyncio.open_connection(HOST, self.router.address("svc").port)
        self._writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        """Ends everything and waits until no socket is left."""
        self.router.close()
        for writer in self._writers:
            abort(writer.transport)
        for writer in self._writers:
            with suppress(ConnectionError):
                await writer.wait_closed()


def with_bench(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    async def limited() -> None:
        async with asyncio.timeout(20), AsyncExitStack() as stack:
            bench = Bench(stack)
            await bench.router.open()
            stack.push_async_callback(bench.close)
            await test(bench)

    def run() -> None:
        asyncio.run(limited())

    run.__name__ = test.__name__
    return run


def answering(name: bytes) -> Handler:
    """Answers each request with four bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER + name)

    return handle


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    return (await reader.readexactly(len(ANSWER) + 4))[-4:]


@with_bench
async def test_without_a_ready_replica_a_connection_is_reset_at_once(bench: Bench) -> None:
    start = time.monotonic()
    reader, _ = await bench.connect()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    assert time.monotonic() - start < 0.5


@with_bench
async def test_a_replica_that_refuses_is_passed_over(bench: Bench) -> None:
    gone = await asyncio.start_server(answering(b"gone"), HOST, 0)
    dead: int = gone.sockets[0].getsockname()[1]
    gone.close()
    alive = await bench.backend(Slot.BLUE, answering(b"blue"))
    bench.router.set_ready("svc", Slot.BLUE, (dead, alive))
    for _ in range(4):
        assert await ask(*await bench.connect()) == b"blue"


@with_bench
async def test_the_end_of_a_request_passes_while_the_answer_still_comes(bench: Bench) -> None:
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(str(len(await reader.read())).encode())  # until the client's end

    await bench.backend(Slot.BLUE, count)
    reader, writer = await bench.connect()
    writer.write(b"x" * 1000)
    writer.write_eof()
    assert await reader.read() == b"1000"


@with_bench
async def test_the_end_of_an_answer_passes_while_requests_still_go_out(bench: Bench) -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def end_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        heard.set_result(await reader.read())

    await bench.backend(Slot.BLUE, end_first)
    reader, writer = await bench.connect()
    assert await reader.read() == b""
    writer.write(b"after the end")
    writer.write_eof()
    assert await heard == b"after the end"


@with_bench
async def test_a_backends_reset_reaches_the_client_as_a_reset(bench: Bench) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        cut(writer.transport)  # type: ignore[arg-type]

    await bench.backend(Slot.BLUE, reset)
    reader, writer = await bench.connect()
    writer.write(b"x")
    with pytest.raises(ConnectionResetError):
        await reader.read()


@with_bench
async def test_a_connection_that_was_closed_and_has_sent_the_rest_can_still_be_aborted(bench: Bench) -> None:
    there: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def say_goodbye(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 32 * 1024 * 1024)
        writer.close()
        there.set_result(writer)

    await bench.backend(Slot.BLUE, say_goodbye)
    reader, _ = await bench.connect()
    writer = await there
    assert writer.transport.get_write_buffer_size()
    await reader.readexactly(32 * 1024 * 1024)
    await writer.wait_closed()
    abort(writer.transport)


@with_bench
async def test_a_client_that_does_not_read_stops_the_replica_and_loses_nothing(bench: Bench) -> None:
    data = os.urandom(32 * 1024 * 1024)
    sent = 0

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        for start in range(0, len(data), 65536):
            writer.write(data[start : start + 65536])
            await writer.drain()
            sent = start

    await bench.backend(Slot.BLUE, pour)
    reader, _ = await bench.connect()
    before = -1
    while sent == 0 or sent != before:  # until the replica is stuck
        before = sent
        await asyncio.sleep(0.1)
    assert sent < len(data) - 65536
    received = await reader.readexactly(len(data))
    assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()


@with_bench
async def test_a_delayed_answer_of_any_size_comes_whole_and_late(bench: Bench) -> None:
    data = os.urandom(2 * 1024 * 1024)

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(data)
        await writer.drain()

    await bench.backend(Slot.BLUE, pour)
    bench.router.delay("svc", Slot.BLUE, Duration.of(ms=500))
    reader, writer = await bench.connect()
    start = time.monotonic()
    writer.write(b"x")
    first = await reader.readexactly(1)
    assert 0.5 <= time.monotonic() - start < 1, "once late, and not twice"
    assert first + await reader.read() == data


@with_bench
async def test_a_delay_is_cleared_also_while_a_client_resets_its_connection(bench: Bench) -> None:
    ended = asyncio.Event()

    async def only_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write_eof()
        await reader.read()
        ended.set()

    await bench.backend(Slot.BLUE, only_end)
    bench.router.delay("svc", Slot.BLUE, Duration.of(s=5))
    with socket.create_connection((HOST, bench.router.address("svc").port)) as client:
        client.setblocking(False)
        client.sendall(b"x")
        way = bench.router._routes["svc"].ways[Slot.BLUE]
        while all(cast(Relay, one)._line.empty for one in way.connections):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    bench.router.clear("svc", Slot.BLUE)  # the kernel knows of the reset, the event loop not yet
    await ended.wait()


@with_bench
async def test_a_slot_that_refuses_cuts_who_is_connected_and_lets_nobody_in(bench: Bench) -> None:
    await bench.backend(Slot.BLUE, answering(b"blue"))
    connected = await bench.connect()
    assert await ask(*connected) == b"blue"
    bench.router.refuse("svc", Slot.BLUE)
    for reader, _ in (connected, await bench.connect()):
        with pytest.raises(ConnectionResetError):
            await reader.read()
    bench.router.clear("svc", Slot.BLUE)
    assert await ask(*await bench.connect()) == b"blue"


@with_bench
async def test_of_lost_answers_exactly_the_share_never_arrives_until_the_way_is_clear(bench: Bench) -> None:
    arrived = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        async for _ in reader:
            arrived += 1
            writer.write(ANSWER + b"blue")

    await bench.backend(Slot.BLUE, counted)
    bench.router.lose("svc", Slot.BLUE, 0.3)
    clients = [await bench.connect() for _ in range(20)]
    asked = [asyncio.ensure_future(ask(*one)) for one in clients]
    while arrived < 20 or sum(one.done() for one in asked) < 14:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    assert sum(one.done() for one in asked) == 14
    bench.router.clear("svc", Slot.BLUE)
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, ConnectionError) for one in ended) == 6
    assert await ask(*await bench.connect()) == b"blue"


@with_bench
async def test_an_idle_connection_is_closed_at_a_switch(bench: Bench) -> None:
    await bench.backend(Slot.BLUE, answering(b"blue"))
    await bench.backend(Slot.GREEN, answering(b"gree"))
    reader, writer = await bench.connect()
    assert await ask(reader, writer) == b"blue"
    bench.router.switch("svc", Slot.GREEN)
    start = time.monotonic()
    assert await reader.read() == b""
    assert time.monotonic() - start < limits.DRAIN.seconds / 2
    assert await ask(*await bench.connect()) == b"gree"


@with_bench
async def test_a_connection_without_a_byte_yet_goes_to_the_new_slot(bench: Bench) -> None:
    await bench.backend(Slot.BLUE, answering(b"blue"))
    await bench.backend(Slot.GREEN, answering(b"gree"))
    early = [await bench.connect() for _ in range(20)]
    bench.router.switch("svc", Slot.GREEN)
    assert {await ask(*connection) for connection in early} == {b"gree"}


@with_bench
async def test_an_answer_under_way_is_not_cut_by_a_switch(bench: Bench) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def halting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER + b"bl")
        begun.set()
        await go_on.wait()
        writer.write(b"ue")
        await reader.read()

    await bench.backend(Slot.BLUE, halting)
    await bench.backend(Slot.GREEN, answering(b"gree"))
    reader, writer = await bench.connect()
    asked = asyncio.ensure_future(ask(reader, writer))
    await begun.wait()
    bench.router.switch("svc", Slot.GREEN)
    await asyncio.sleep(10 * limits.QUIET.seconds)
    assert not asked.done()
    go_on.set()
    assert await asked == b"blue"
    assert await reader.read() == b""  # closed as soon as it was complete


@with_bench
async def test_an_answer_that_never_comes_is_cut_at_the_drain_limit(bench: Bench) -> None:
    heard = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.set()
        await reader.read()

    await bench.backend(Slot.BLUE, silent)
    await bench.backend(Slot.GREEN, answering(b"gree"))
    reader, writer = await bench.connect()
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await heard.wait()
    bench.router.switch("svc", Slot.GREEN)
    start = time.monotonic()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    assert limits.DRAIN.seconds - 0.1 <= time.monotonic() - start <= 2 * limits.DRAIN.seconds


@with_bench
async def test_a_connection_that_speaks_no_http_is_closed_once_it_is_quiet(bench: Bench) -> None:
    async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.read()

    await bench.backend(Slot.BLUE, greeting)
    await bench.backend(Slot.GREEN, greeting)
    reader, _ = await bench.connect()
    await reader.readexactly(11)
    bench.router.switch("svc", Slot.GREEN)
    assert await reader.read() == b""
