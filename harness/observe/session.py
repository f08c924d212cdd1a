"""What the worker does from its plan to its last row: probes, load, ledger clients, the parent's commands."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sys
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from harness.clock import now
from harness.errors import InternalError
from harness.observe import ledger_clients, load, probes
from harness.observe.crew import Crew
from harness.observe.ledger import LedgerWriter
from harness.observe.ledger_clients import LedgerClient
from harness.observe.load import LoadMaker
from harness.observe.plan import LedgerTarget, ObservationPlan
from harness.observe.probes import Prober
from harness.observe.report import PAUSE, Reporter
from harness.observe.schedule import Schedule
from harness.observe.stall import TICK, Stalls
from harness.observe.wire import Command, Kind
from harness.units import Duration, Instant

_PLAN_BYTES: Final = 16 * 1024 * 1024  # a plan is some kilobytes; a bound so that a wrong parent cannot fill memory
_LEAD: Final = Duration.of(ms=20)  # between the last preparation and the first probe, so that it is not late
_ANCHOR: Final = Duration.of(s=60)  # how often the wall clock is anchored (design, 5)
_COLLECT: Final = Duration.of(s=1)  # so little is allocated in a second that collecting it takes under a millisecond
_FILES: Final = probes.IN_FLIGHT + load.IN_FLIGHT + ledger_clients.IN_FLIGHT + 64  # a socket for each, and our own


def fail(error: BaseException) -> None:
    """Ends the worker at once, with the reason on standard error: it never measures less in silence."""
    traceback.print_exception(error)
    sys.stderr.flush()
    os._exit(InternalError.exit_code)


async def serve(output: int) -> None:
    """Reads the plan from standard input, does it, and follows the parent's commands until it says stop.

    Args:
        output: the file descriptor that rows go to.
    """
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader(limit=_PLAN_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    gc.collect()  # what was imported, while the plan is on its way
    plan = ObservationPlan.model_validate_json(await commands.readline())
    _allow_files()
    session = Session(plan, await Reporter.on(output, tuple(target.service for target in plan.targets)))
    gc.freeze()
    gc.disable()
    session.start()
    while line := await commands.readline():
        match Command(line.decode().strip()):
            case Command.STOP_WRITES:
                await session.stop_writes()
            case Command.STOP:
                await session.stop()
                return
    os._exit(0)  # the parent is gone, and nobody would hear the rest


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))


class Session:
    """Everything that runs in one worker."""

    def __init__(self, plan: ObservationPlan, report: Reporter) -> None:
        self._plan = plan
        self._report = report
        self._stalls = Stalls(now())
        self._measuring: list[asyncio.Task[None]] = []
        self._housekeeping: list[asyncio.Task[None]] = []
        self._writing: list[asyncio.Task[None]] = []
        self._clients: list[LedgerClient] = []
        self._ledger: LedgerWriter | None = None

    def start(self) -> None:
        """Starts everything; the first probe is due a moment later."""
        plan = self._plan
        if plan.ledger:
            self._ledger = LedgerWriter(plan.ledger.path)
        self._report.clock()
        for work in (
            _every(TICK, lambda: self._stalls.tick(now())),
            _every(PAUSE, self._report.flush),
            _every(_ANCHOR, self._report.clock),
            _every(_COLLECT, gc.collect),
        ):
            self._housekeeping.append(_task(work))
        start = now() + _LEAD
        crew = Crew(probes.IN_FLIGHT, fail)
        for index, target in enumerate(plan.targets):
            schedule = Schedule.staggered(start, plan.rate, index, len(plan.targets))
            prober = Prober(target, schedule, crew, self._stalls, self._report.observation)
            self._measuring.append(_task(prober.run()))
        for index, kind in enumerate(plan.load):
            crew = Crew(max(1, load.IN_FLIGHT // len(plan.load)), fail)
            schedule = Schedule.staggered(start, kind.rate, index, len(plan.load))
            self._measuring.append(_task(LoadMaker(kind, schedule, crew, self._report.load).run()))
        if plan.ledger and self._ledger:
            self._start_clients(plan.ledger, self._ledger, start)

    def _start_clients(self, target: LedgerTarget, ledger: LedgerWriter, start: Instant) -> None:
        crew = Crew(ledger_clients.IN_FLIGHT, fail)
        for number in range(target.clients):
            schedule = Schedule.staggered(start, target.rate / target.clients, number, target.clients)
            client = LedgerClient(
                target=target,
                schedule=schedule,
                number=number,
                seed=self._plan.seed,
                crew=crew,
                ledger=ledger,
                report=self._report.write,
            )
            self._clients.append(client)
            self._writing.append(_task(client.run()))

    async def stop_writes(self) -> None:
        """Ends the ledger clients, and says so when every outcome is durable and reported."""
        await _ended(self._writing)
        if self._ledger:
            self._ledger.close()
            self._ledger = None
        self._report.say(Kind.WRITES_STOPPED, sum(client.left_out for client in self._clients))

    async def stop(self) -> None:
        """Ends everything: what is in flight gets its full time, and the parent has every row on return."""
        await asyncio.gather(self.stop_writes(), _ended(self._measuring))
        await _ended(self._housekeeping)
        self._report.say(Kind.STOPPED)
        await self._report.drained()


def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_watch)
    return task


def _watch(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        fail(error)


async def _every(pause: Duration, do: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(pause.seconds)
        do()


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
    tasks.clear()
