"""Why the observer's client is aiohttp: open loop over fresh connections, side by side with httpx.

Each client runs in a process of its own against the same server, one after the other at the same rate.
Nothing here passes or fails by a time; the numbers are printed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest

from harness.clock import now
from harness.observe.client import Client
from harness.observe.crew import Crew, paced
from harness.observe.schedule import Schedule
from harness.system.values import Address
from harness.units import Duration, Instant

pytestmark = pytest.mark.benchmark

ROOT: Final = Path(__file__).parents[2]
SECONDS: Final = 4
GIVE_UP: Final = Duration.of(s=10)
ON_TIME: Final = Duration.of(ms=20)  # a period at 50/s: later, a probe would be skipped
SERVER: Final = """
import asyncio
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}"
class Answer(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(ANSWER)
        self.transport.close()
async def main():
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class Run(NamedTuple):
    """One client at one rate: share sent on time, latency from due, processor time for 1000 requests."""

    on_time: float
    p50: float
    p99: float
    failed: int
    cpu: float


async def measure(client: str, port: int, rate: int) -> Run:
    """Runs in a child process: one open loop of one client."""
    lags: list[Duration] = []
    latencies: list[Duration] = []
    failed = 0
    async with AsyncExitStack() as stack:
        ask = await _aiohttp(stack, port) if client == "aiohttp" else await _httpx(stack, port)

        async def request(due: Instant) -> None:
            nonlocal failed
            lags.append(now() - due)
            if await ask(due + GIVE_UP):
                latencies.append(now() - due)
            else:
                failed += 1

        errors: list[BaseException] = []
        crew = Crew(1 << 20, errors.append)
        before = time.process_time()
        async for number, due in paced(Schedule.staggered(now() + Duration.of(ms=50), rate, 0, 1)):
            if number == rate * SECONDS:
                break
            crew.spawn(request(due))
        await crew.drained()
        cpu = time.process_time() - before
    latencies.sort()
    return Run(
        on_time=sum(lag <= ON_TIME for lag in lags) / (rate * SECONDS),
        p50=latencies[len(latencies) // 2].ns / 1e6,
        p99=latencies[len(latencies) * 99 // 100].ns / 1e6,
        failed=failed + len(errors),
        cpu=cpu / (rate * SECONDS) * 1000,
    )


async def _aiohttp(stack: AsyncExitStack, port: int) -> Callable[[Instant], Awaitable[bool]]:
    client = await stack.enter_async_context(Client(Address("127.0.0.1", port), fresh=True))

    async def ask(give_up: Instant) -> bool:
        return (await client.ask("GET", "/", None, {}, give_up)).status == httpx.codes.OK

    return ask


async def _httpx(stack: AsyncExitStack, port: int) -> Callable[[Instant], Awaitable[bool]]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    client = await stack.enter_async_context(httpx.AsyncClient(limits=limits, timeout=None, trust_env=False))  # noqa: S113 - `ask` has its own

    async def ask(give_up: Instant) -> bool:
        try:
            async with asyncio.timeout_at(give_up.ns / 1e9):
                answer = await client.get(f"http://127.0.0.1:{port}/")
        except (TimeoutError, httpx.HTTPError):
            return False
        return answer.status_code == httpx.codes.OK

    return ask


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize("rate", [200, 400, 800])
def test_open_loop_over_fresh_connections(port: int, rate: int) -> None:
    runs = {}
    for client in ("aiohttp", "httpx"):
        output = subprocess.run(
            [sys.executable, "-m", __name__, client, str(port), str(rate)],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        runs[client] = Run(*json.loads(output))
    ours, theirs = runs["aiohttp"], runs["httpx"]
    print(f"\n{rate}/s     on time    p50 ms     p99 ms   failed   CPU s per 1000")  # noqa: T201 - a benchmark prints
    for name, run in runs.items():
        print(  # noqa: T201
            f"{name:8}{run.on_time:9.1%}{run.p50:10.1f}{run.p99:11.1f}{run.failed:9}{run.cpu:12.2f}"
        )
    print(  # noqa: T201
        f"httpx / aiohttp: p50 x{theirs.p50 / ours.p50:.1f}, p99 x{theirs.p99 / ours.p99:.1f}, "
        f"CPU x{theirs.cpu / ours.cpu:.1f}"
    )
    assert ours.failed == 0


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))  # noqa: T201
