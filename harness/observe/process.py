"""The worker as a child process: starting it, talking to it, reading it, noticing its silence or death."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from harness.clock import Deadline
from harness.errors import InternalError
from harness.journal.observation import LoadSecond, Observation, Write
from harness.observe.plan import ObservationPlan
from harness.observe.wire import Command, Kind, load_second, observation, write
from harness.units import Duration, Instant

SILENCE: Final = Duration.of(s=1)
"""Twenty of the worker's lines; a machine that is merely busy does not hold them all back."""

_CHUNK: Final = 1 << 16
_NEEDED: Final = ("PATH", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
_LAST_WORDS: Final = 12  # lines of standard error: the end of a traceback with its message


@dataclass(frozen=True, slots=True)
class News:
    """One line of the worker."""

    clock: tuple[Instant, int] | None = None
    observations: list[Observation] = field(default_factory=list)
    load: list[LoadSecond] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    writes_left_out: int | None = None
    stopped: bool = False


def news(line: bytes, services: tuple[str, ...]) -> News:
    """Reads one line of the worker."""
    kind, *content = json.loads(line)
    told = News()
    match Kind(kind):
        case Kind.CLOCK:
            told = News(clock=(Instant(content[0]), content[1]))
        case Kind.OBSERVATIONS:
            told = News(observations=[observation(row, services) for row in content[0]])
        case Kind.LOAD:
            told = News(load=[load_second(row) for row in content[0]])
        case Kind.WRITES:
            told = News(writes=[write(row) for row in content[0]])
        case Kind.WRITES_STOPPED:
            told = News(writes_left_out=content[0])
        case Kind.STOPPED:
            told = News(stopped=True)
        case Kind.BEAT:
            pass
    return told


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is to do, and who hears of it.

    `take` is called with each line, in the reader thread; `lose` with a reason when the worker falls silent, and once
    when it has ended.
    """

    plan: ObservationPlan
    take: Callable[[News], None]
    lose: Callable[[str], None]


class WorkerProcess:
    """The worker and the thread that starts and reads it.

    It may be started before its task is known: it then imports what it needs while a sandbox comes up.
    """

    def __init__(self, mark: Mapping[str, str] | None = None) -> None:
        """Nothing runs yet; `mark` is added to the worker's environment, for who must find it."""
        self._mark = dict(mark or {})
        self._task: Task | None = None
        self._given = threading.Event()
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
        self._running = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The worker's process id."""
        if self._process is None:
            raise InternalError("the observer's process was asked for before its start")
        return self._process.pid

    def start(self) -> None:
        """Starts the worker, which waits for its task; does nothing the second time."""
        if not self._thread.ident:
            self._thread.start()
            self._running.wait()

    def give(self, task: Task) -> None:
        """Starts the worker, if it is not yet, and gives it its one task."""
        self.start()
        self._task = task
        self._given.set()

    def command(self, command: Command) -> None:
        """Tells the worker something; one that is gone hears nothing, and whoever waits learns why."""
        self._say(command.encode())

    def ended(self, deadline: Deadline) -> None:
        """Waits until the worker is gone and everything it said has been read, or the deadline has passed."""
        self._thread.join(deadline.left.seconds)

    def kill(self) -> None:
        """Kills the worker if it still runs, and waits until everything it said has been read."""
        self._given.set()  # one without a task ends too
        if self._process is not None:
            self._process.kill()
        if self._thread.ident and threading.current_thread() is not self._thread:
            self._thread.join()

    def _say(self, line: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            raise InternalError("the observer was spoken to before its start")
        with suppress(BrokenPipeError, ValueError):  # broken or closed: the reader notices its death, and tells
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def _run(self) -> None:
        problem = ""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "harness.observe.worker"],  # -P: no modules from the working directory
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={name: os.environ[name] for name in _NEEDED if name in os.environ} | self._mark,
            )
        except OSError as error:
            problem = f"the observer could not be started: {error}"
        self._running.set()
        self._given.wait()
        task = self._task
        if self._process is None:
            if task:
                task.lose(problem)
            return
        with self._process as process:
            if task is None:  # killed before it was needed
                return
            try:
                self._say(task.plan.model_dump_json(by_alias=True).encode())
                self._read(process, task)
            except Exception as error:  # noqa: BLE001 - whatever the sink or a line raised, it is told to who waits
                process.kill()
                problem = f"; what it said could not be taken: {type(error).__name__}: {error}"
            code = process.wait()
            if process.stdin is not None:
                with suppress(BrokenPipeError):  # what it was told last it did not live to hear
                    process.stdin.close()
        words = "\n".join(self._last_words)
        task.lose(f"the observer ended with exit code {code}{problem}" + (f"; it said:\n{words}" if words else ""))

    def _read(self, process: subprocess.Popen[bytes], task: Task) -> None:
        if process.stdout is None or process.stderr is None:
            raise InternalError("the observer has no pipes")
        pieces = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
        poll = select.poll()
        for file in pieces:
            poll.register(file, select.POLLIN)
        output = process.stdout.fileno()
        spoken = False  # its start takes as long as it takes, within the deadline of who starts it
        while pieces:
            ready = poll.poll(SILENCE.ns // 1_000_000)
            if not ready and spoken:
                task.lose(f"the observer has been silent for {SILENCE}")
            for file, _ in ready:
                spoken = spoken or file == output
                data = os.read(file, _CHUNK)
                *lines, pieces[file] = (pieces[file] + data).split(b"\n")
                for line in lines:
                    self._hear(line, task, words=file != output)
                if not data:
                    poll.unregister(file)
                    del pieces[file]

    def _hear(self, line: bytes, task: Task, *, words: bool) -> None:
        if words:
            self._last_words.append(line.decode(errors="replace"))
        else:
            task.take(news(line, tuple(target.service for target in task.plan.targets)))
