"""Replicas start a few at a time until the database is there, and nobody's turn is ever lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.sandbox.embedded.turns import Turn, Turns


def run_in_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        async def body() -> None:
            await test()

        asyncio.run(body())

    return run


async def settle() -> None:
    """Lets every task run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def taking(turns: Turns, count: int) -> list[asyncio.Task[Turn]]:
    return [asyncio.get_running_loop().create_task(turns.take()) for _ in range(count)]


def running(tasks: list[asyncio.Task[Turn]]) -> list[int]:
    return [place for place, task in enumerate(tasks) if task.done() and not task.cancelled()]


@run_in_loop
async def test_who_comes_first_starts_first_and_the_next_when_a_turn_has_ended() -> None:
    tasks = taking(Turns(2), 4)
    await settle()
    assert running(tasks) == [0, 1]
    tasks[1].result().end()
    await settle()
    assert running(tasks) == [0, 1, 2]


@run_in_loop
async def test_a_turn_ends_once_however_often_that_is_said() -> None:
    tasks = taking(Turns(1), 3)
    await settle()
    for _ in range(3):
        tasks[0].result().end()
    await settle()
    assert running(tasks) == [0, 1]


@run_in_loop
async def test_at_the_end_all_start_who_wait_and_who_come_later() -> None:
    turns = Turns(1)
    tasks = taking(turns, 4)
    await settle()
    turns.end()
    tasks += taking(turns, 3)
    await settle()
    assert running(tasks) == [0, 1, 2, 3, 4, 5, 6]


@run_in_loop
async def test_who_gives_up_in_the_moment_of_being_given_a_turn_passes_it_on() -> None:
    tasks = taking(Turns(1), 3)
    await settle()
    tasks[0].result().end()
    tasks[1].cancel()
    await settle()
    assert running(tasks) == [0, 2]


@settings(max_examples=60)
@given(room=st.integers(1, 3), events=st.lists(st.sampled_from(["come", "end", "leave"]), max_size=30))
def test_never_more_start_at_once_than_there_is_room_and_never_fewer_than_can(room: int, events: list[str]) -> None:
    async def body() -> None:
        turns, tasks, over = Turns(room), list[asyncio.Task[Turn]](), 0
        for event in events:
            if event == "come":
                tasks += taking(turns, 1)
            elif event == "end" and len(running(tasks)) > over:
                tasks[running(tasks)[over]].result().end()
                over += 1
            elif event == "leave" and (waiting := [task for task in tasks if not task.done()]):
                waiting[0].cancel()
            await settle()
            wanted = len([task for task in tasks if not task.cancelled()]) - over
            assert len(running(tasks)) - over == min(room, wanted)

    asyncio.run(body())
