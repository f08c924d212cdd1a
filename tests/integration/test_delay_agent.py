"""The delay agent between sockets of the test: what is late, what is not, and that nothing is lost."""

import asyncio
import hashlib
import os
import socket
import struct
import time
from contextlib import suppress

import pytest

from tests.support.delaying import DELAY, HOST, Bench, Handler, echo, with_bench

SLACK = 0.9  # seconds that a busy machine may add; less than the delay, so that one added twice is noticed


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    """Seconds that one answer took."""
    began = time.monotonic()
    writer.write(b"ask")
    assert await reader.readexactly(3) == b"ask"
    return time.monotonic() - began


def telling(answered: asyncio.Event) -> Handler:
    """An upstream that echoes, and tells when it has: then the agent has passed a request on."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            answered.set()

    return handle


@with_bench
async def test_every_answer_is_late_by_the_delay(bench: Bench) -> None:
    await bench.start(echo)
    reader, writer = await bench.connect()
    for _ in range(3):
        assert DELAY <= await ask(reader, writer) < DELAY + SLACK


@with_bench
async def test_a_request_is_not_late(bench: Bench) -> None:
    heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        heard.set_result(time.monotonic())
        await reader.read()

    await bench.start(listen)
    _, writer = await bench.connect()
    began = time.monotonic()
    writer.write(b"ask")
    assert await heard - began < SLACK


@with_bench
async def test_chunks_that_come_one_after_the_other_do_not_add_their_delays(bench: Bench) -> None:
    async def two(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"1")
        await asyncio.sleep(DELAY / 2)
        writer.write(b"2")
        await reader.read()

    await bench.start(two)
    reader, writer = await bench.connect()
    began = time.monotonic()
    writer.write(b"x")
    assert await reader.readexactly(1) == b"1"
    assert DELAY <= time.monotonic() - began < DELAY + SLACK
    assert await reader.readexactly(1) == b"2"
    assert 1.5 * DELAY <= time.monotonic() - began < 1.5 * DELAY + SLACK


@with_bench
async def test_the_end_of_a_request_passes_and_the_end_of_the_answer_comes_late(bench: Bench) -> None:
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(str(len(await reader.read())).encode())  # until the client's end

    await bench.start(count)
    reader, writer = await bench.connect()
    writer.write(b"x" * 1000)
    writer.write_eof()
    began = time.monotonic()
    assert await reader.read() == b"1000"
    assert DELAY <= time.monotonic() - began < DELAY + SLACK


@with_bench
async def test_the_end_of_an_answer_passes_while_requests_still_go_out(bench: Bench) -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def end_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        heard.set_result(await reader.read())

    await bench.start(end_first)
    reader, writer = await bench.connect()
    assert await reader.read() == b""
    writer.write(b"after the end")
    writer.write_eof()
    assert await heard == b"after the end"


@with_bench
async def test_a_client_that_does_not_read_stops_the_upstream_and_loses_nothing(bench: Bench) -> None:
    data = os.urandom(32 * 1024 * 1024)
    sent = 0

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        for start in range(0, len(data), 65536):
            writer.write(data[start : start + 65536])
            await writer.drain()
            sent = start

    await bench.start(pour, delay=0.01)
    reader, _ = await bench.connect()
    before = -1
    while sent == 0 or sent != before:  # until the upstream is stuck
        before = sent
        await asyncio.sleep(0.1)
    assert sent < len(data) - 65536
    received = await reader.readexactly(len(data))
    assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()


@with_bench
async def test_an_upstream_that_does_not_read_stops_the_client(bench: Bench) -> None:
    go = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        writer.write(str(len(await reader.read())).encode())

    await bench.start(wait)
    reader, writer = await bench.connect()
    chunk, whole = b"x" * 65536, 0
    with suppress(TimeoutError):
        while whole < 64 * 1024 * 1024:
            writer.write(chunk)
            whole += len(chunk)
            await asyncio.wait_for(writer.drain(), 1)
    assert whole < 64 * 1024 * 1024
    go.set()
    writer.write_eof()
    assert int(await reader.read()) == whole


@with_bench
async def test_a_change_counts_for_connections_that_are_open(bench: Bench) -> None:
    await bench.start(echo, delay=0)
    reader, writer = await bench.connect()
    assert await ask(reader, writer) < SLACK
    said = f"{1000 * DELAY:g}"
    assert await bench.control("PUT /delay", said) == (200, said)
    assert DELAY <= await ask(reader, writer) < DELAY + SLACK
    assert await bench.control("GET /delay") == (200, said)


@with_bench
async def test_what_is_held_is_delivered_when_the_delay_ends(bench: Bench) -> None:
    await bench.start(echo, delay=20)
    reader, writer = await bench.connect()
    asked = asyncio.create_task(ask(reader, writer))
    await asyncio.sleep(0.1)
    assert await bench.control("PUT /delay", "0") == (200, "0")
    assert await asked < 10
    assert await ask(reader, writer) < SLACK


@with_bench
async def test_a_shorter_delay_overtakes_nothing(bench: Bench) -> None:
    await bench.start(echo, delay=0.5)
    reader, writer = await bench.connect()
    writer.write(b"early ")
    await asyncio.sleep(0.1)
    await bench.control("PUT /delay", "1")
    writer.write(b"late")
    assert await reader.readexactly(10) == b"early late"


@with_bench
async def test_a_delay_that_has_expired_is_gone_for_good_and_all_is_forwarded(bench: Bench) -> None:
    await bench.start(echo, delay=20, EXPIRES_AFTER="0.5")
    reader, writer = await bench.connect()
    assert await ask(reader, writer) < 10
    assert "expired" in await bench.said()
    assert await ask(reader, writer) < SLACK
    assert await bench.control("PUT /delay", "300") == (409, "the delay has expired")
    assert await bench.control("GET /delay") == (200, "0")


@with_bench
async def test_an_upstream_that_refuses_is_a_reset_for_the_client(bench: Bench) -> None:
    gone = await asyncio.start_server(echo, HOST, 0)
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await bench.start(port)
    with pytest.raises(ConnectionResetError):  # before or after the client's connect has returned
        await (await bench.connect())[0].read()


@with_bench
async def test_a_reset_of_the_upstream_reaches_the_client_at_once(bench: Bench) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        end = writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    await bench.start(cut, delay=20)
    reader, writer = await bench.connect()
    writer.write(b"x")
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 10)


@with_bench
async def test_a_client_that_leaves_frees_the_upstream(bench: Bench) -> None:
    left: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def until_left(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        left.set_result(None)

    await bench.start(until_left)
    _, writer = await bench.connect()
    writer.write(b"x")
    await writer.drain()
    writer.close()
    await asyncio.wait_for(left, 10)


@with_bench
async def test_told_to_end_it_still_delivers_the_answer_that_is_under_way(bench: Bench) -> None:
    answered = asyncio.Event()
    await bench.start(telling(answered), delay=0.5)
    idle, _ = await bench.connect()
    reader, writer = await bench.connect()
    writer.write(b"under way")
    await answered.wait()
    code = asyncio.create_task(bench.end())
    assert await idle.read() == b""
    assert await reader.read() == b"under way"
    assert await code == 0


@with_bench
async def test_told_to_end_it_takes_no_new_connection(bench: Bench) -> None:
    answered = asyncio.Event()
    await bench.start(telling(answered), delay=2)
    idle, _ = await bench.connect()
    reader, writer = await bench.connect()
    writer.write(b"under way")
    await answered.wait()
    code = asyncio.create_task(bench.end())
    assert await idle.read() == b"", "it has begun to end"
    with pytest.raises(ConnectionRefusedError):
        await bench.connect()
    assert await reader.read() == b"under way"
    assert await code == 0


@with_bench
async def test_of_the_answers_a_share_never_arrives_and_none_that_comes_after_it(bench: Bench) -> None:
    await bench.start(echo, delay=0, LOST="0.5")
    arrived = []
    for _ in range(4):
        reader, writer = await bench.connect()
        for _ in range(2):
            writer.write(b"ask")
            with suppress(TimeoutError):
                arrived.append(await asyncio.wait_for(reader.readexactly(3), SLACK))
    assert arrived == [b"ask"] * 4, "the second answer of each connection is lost"


@with_bench
async def test_what_was_lost_is_cut_when_the_agent_expires_and_then_every_answer_arrives(bench: Bench) -> None:
    await bench.start(echo, delay=0, LOST="1", EXPIRES_AFTER="3")
    reader, writer = await bench.connect()
    writer.write(b"ask")
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(3)
    assert "expired" in await bench.said()
    reader, writer = await bench.connect()
    await ask(reader, writer)


def test_who_refuses_does_not_listen_until_it_expires() -> None:
    @with_bench
    async def refuse(bench: Bench) -> None:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        await bench.start(echo, delay=0, PORT=str(port), REFUSE="1", EXPIRES_AFTER="3")
        with pytest.raises(ConnectionRefusedError):
            await bench.connect()
        assert "expired" in await bench.said()
        reader, writer = await bench.connect()
        await ask(reader, writer)

    refuse()
