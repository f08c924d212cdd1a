"""The delay of one connection keeps order, holds its time, and says when it holds too much."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from harness.sandbox.embedded.delay import DelayLine
from harness.units import Duration

DELAY = Duration.of(ms=40)


class Line:
    """A delay line, and what came of it."""

    def __init__(self, most: int = 1000) -> None:
        self.delivered: list[bytes] = []
        self.times: list[float] = []
        self.signals: list[str] = []
        self._came = asyncio.Event()
        self.line = DelayLine(
            self._deliver,
            most=most,
            stop=lambda: self.signals.append("stop"),
            resume=lambda: self.signals.append("resume"),
        )

    def _deliver(self, data: bytes) -> None:
        self.delivered.append(data)
        self.times.append(asyncio.get_running_loop().time())
        asyncio.get_running_loop().call_soon(self._came.set)  # once the line is done

    async def emptied(self) -> None:
        """Waits until nothing is held."""
        async with asyncio.timeout(5):
            while not self.line.empty:
                self._came.clear()
                await self._came.wait()


def in_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


@in_loop
async def test_without_a_delay_bytes_pass_at_once() -> None:
    line = Line()
    line.line.push(b"a", Duration(0))
    assert line.delivered == [b"a"]


@in_loop
async def test_bytes_come_out_after_the_delay_in_their_order_and_the_end_last() -> None:
    line = Line()
    start = asyncio.get_running_loop().time()
    for data in (b"a", b"b", b""):
        line.line.push(data, DELAY)
    assert line.delivered == []
    await line.emptied()
    assert line.delivered == [b"a", b"b", b""]
    assert line.times[0] - start >= DELAY.seconds


@in_loop
async def test_a_shorter_delay_lets_nothing_overtake() -> None:
    line = Line()
    line.line.push(b"slow", DELAY)
    line.line.push(b"quick", Duration(0))
    await line.emptied()
    assert line.delivered == [b"slow", b"quick"]


@in_loop
async def test_flush_delivers_everything_now() -> None:
    line = Line()
    line.line.push(b"a", Duration.of(s=60))
    line.line.push(b"", Duration.of(s=60))
    line.line.flush()
    assert line.delivered == [b"a", b""]
    line.line.push(b"b", Duration(0))
    assert line.delivered[-1] == b"b"


@in_loop
async def test_what_was_dropped_never_comes() -> None:
    line = Line()
    line.line.push(b"a", Duration.of(ms=1))
    line.line.drop()
    await asyncio.sleep(0.005)
    assert line.delivered == []


@in_loop
async def test_too_many_bytes_stop_the_sender_until_they_are_delivered() -> None:
    line = Line(most=10)
    line.line.push(b"x" * 8, DELAY)
    assert line.signals == []
    line.line.push(b"y" * 8, DELAY)
    assert line.signals == ["stop"]
    await line.emptied()
    assert line.signals == ["stop", "resume"]
