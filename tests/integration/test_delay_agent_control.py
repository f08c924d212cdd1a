"""The delay agent's control port, its settings, and what it says when it cannot start."""

import asyncio
import os

import pytest

from tests.support.delaying import COMMAND, HOST, Bench, echo, with_bench


@pytest.mark.parametrize(
    ("request_line", "body", "answer"),
    [
        ("GET /health", "", (200, "ok")),
        ("GET /other", "", (404, "there are /health and /delay")),
        ("DELETE /delay", "", (405, "there are GET and PUT")),
        ("PUT /delay", "soon", (400, "delay: expected a number from 0 to 600000, found 'soon'")),
        ("PUT /delay", "-1", (400, "delay: expected a number from 0 to 600000, found '-1'")),
        ("PUT /delay", "nan", (400, "delay: expected a number from 0 to 600000, found 'nan'")),
    ],
)
def test_the_control_port_says_what_it_takes(request_line: str, body: str, answer: tuple[int, str]) -> None:
    @with_bench
    async def call(bench: Bench) -> None:
        await bench.start(echo)
        assert await bench.control(request_line, body) == answer

    call()


@with_bench
async def test_a_caller_of_the_control_port_that_says_nothing_harms_nobody(bench: Bench) -> None:
    await bench.start(echo)
    _, writer = await asyncio.open_connection(HOST, bench.control_port)
    writer.close()
    await writer.wait_closed()
    assert await bench.control("GET /health") == (200, "ok")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "UPSTREAM: expected host:port"),
        ({"UPSTREAM": "there"}, "UPSTREAM: expected host:port"),
        ({"UPSTREAM": "there:80"}, "PORT: expected a number from 0 to 65535, found None"),
        ({"UPSTREAM": "there:80", "PORT": "0", "CONTROL_PORT": "0", "DELAY_MS": "x"}, "DELAY_MS: expected a number"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_stops_the_start(settings: dict[str, str], said: str) -> None:
    async def start() -> tuple[int | None, str]:
        agent = await asyncio.create_subprocess_exec(
            *COMMAND, env={**os.environ, **settings}, stderr=asyncio.subprocess.PIPE
        )
        _, error = await agent.communicate()
        return agent.returncode, error.decode()

    code, error = asyncio.run(start())
    assert code == 78
    assert said in error


def test_a_port_that_is_taken_stops_the_start() -> None:
    @with_bench
    async def start(bench: Bench) -> None:
        taken = await bench.upstream(echo)
        said = {"UPSTREAM": f"{HOST}:{taken}", "PORT": str(taken), "CONTROL_PORT": "0"}
        agent = await asyncio.create_subprocess_exec(
            *COMMAND, env={**os.environ, **said}, stderr=asyncio.subprocess.DEVNULL
        )
        assert await agent.wait() == 71

    start()
