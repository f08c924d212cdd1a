"""A pytest plugin that runs, instead of the tests once, for every change the tests that reach the changed function.

The tests are collected and run once without any change, to learn which functions each of them calls. Then each change
is made in a process that is forked off, with everything imported already: so one costs milliseconds, not seconds. Its
tests run until one fails: first those that noticed changes of the same function before, the last of them before the
others; then the quickest.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import FunctionType
from typing import Final

import pytest
from coverage import Coverage
from hypothesis import Phase, settings

from tests.mutants.changes import Mutant, function, lines

_TIMES: Final = 10  # how many times longer than without a change a test may take
_SECONDS: Final = 2.0  # and how much longer at least: collecting garbage and a first call take time, too
_MEMORY: Final = 2**31  # bytes that a changed process may have more than the one it was forked from

settings.register_profile(
    "mutants", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
)


class Became(Enum):
    """What became of a change, by the exit code of its process."""

    SURVIVED = 0
    NOTICED = 1
    TIMED_OUT = -signal.SIGPROF


_SHOWN: Final = {Became.NOTICED: ".", Became.SURVIVED: "s", Became.TIMED_OUT: "t"}


@dataclass(slots=True)
class Test:
    """A test, what it took without a change, and the functions it calls."""

    item: pytest.Item
    seconds: float
    reached: frozenset[str]


@dataclass(slots=True)
class Loop:
    """The plugin; `became` tells in the end what became of every change."""

    mutants: Sequence[Mutant]
    jobs: int
    became: dict[Mutant, Became] = field(default_factory=dict)
    _failed: str = ""
    _noticed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """For each function the tests that noticed changes of it, the last of them last."""

    def pytest_configure(self) -> None:
        """Tests that draw examples draw the same ones each time, and do not look for a smaller one that fails."""
        settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers which test failed."""
        if report.failed:
            self._failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Runs every change.

        Raises:
            pytest.UsageError: a test fails without any change, or a change could not be made.
        """
        tests = self._learned(session.items)
        gc.collect()
        gc.freeze()
        running: dict[int, tuple[Mutant, int]] = {}
        for mutant in self.mutants:
            while len(running) >= self.jobs:
                self._ended(running, session)
            reader, writer = os.pipe()
            process = os.fork()
            if process == 0:
                self._changed(mutant, self._order(mutant, tests), writer)
            os.close(writer)
            running[process] = mutant, reader
        while running:
            self._ended(running, session)
        return True

    def _learned(self, items: Iterable[pytest.Item]) -> list[Test]:
        """Every test after a run without any change."""
        functions = {_name(one): function(one.module, one.name) for one in self.mutants}
        seen = Coverage(data_file=None, config_file=False, include=sorted({_file(one) for one in functions.values()}))
        seen.set_option("run:core", "ctrace")  # the others keep one context alone
        seconds = {}
        with seen.collect():
            for item in items:
                seen.switch_context(item.nodeid)
                begin = time.process_time()
                _run(item)
                seconds[item] = time.process_time() - begin
                if self._failed:
                    raise pytest.UsageError(f"{self._failed} fails without any change; run it alone to see why")
        reached: defaultdict[str, set[str]] = defaultdict(set)
        by_line = {file: seen.get_data().contexts_by_lineno(file) for file in seen.get_data().measured_files()}
        for name, found in functions.items():
            for line in lines(found):
                for test in by_line.get(_file(found), {}).get(line, ()):
                    reached[test].add(name)
        return [Test(item, took, frozenset(reached[item.nodeid])) for item, took in seconds.items()]

    def _order(self, mutant: Mutant, tests: Iterable[Test]) -> list[Test]:
        place = {test: -at for at, test in enumerate(self._noticed[_name(mutant)])}
        reaching = [test for test in tests if _name(mutant) in test.reached]
        return sorted(reaching, key=lambda test: (place.get(test.item.nodeid, 1), test.seconds))

    def _changed(self, mutant: Mutant, tests: Iterable[Test], writer: int) -> None:
        """The process with a change: ends when a test fails, or all are done."""
        code = 2
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            _bound_memory()
            mutant.apply()
            code = Became.SURVIVED.value
            for test in tests:
                signal.setitimer(signal.ITIMER_PROF, _TIMES * test.seconds + _SECONDS)
                _run(test.item)
                if self._failed:
                    os.write(writer, self._failed.encode())
                    code = Became.NOTICED.value
                    break
        finally:
            os._exit(code)

    def _ended(self, running: dict[int, tuple[Mutant, int]], session: pytest.Session) -> None:
        """Waits for the next process that ends, and shows what became of its change."""
        process, status = os.wait()
        mutant, reader = running.pop(process)
        with open(reader, "rb") as pipe:  # noqa: PTH123 - it has no path
            noticed = pipe.read().decode()
        code = os.waitstatus_to_exitcode(status)
        if code not in {one.value for one in Became}:
            raise pytest.UsageError(f"a process ended with {code}, and nobody knows what became of {mutant.change}")
        self.became[mutant] = Became(code)
        session.config.get_terminal_writer().write(_SHOWN[self.became[mutant]], flush=True)
        if noticed:
            known = self._noticed[_name(mutant)]
            self._noticed[_name(mutant)] = [*(one for one in known if one != noticed), noticed]


def _file(found: FunctionType) -> str:
    return str(Path(found.__code__.co_filename).absolute())


def _name(mutant: Mutant) -> str:
    return f"{mutant.module}.{mutant.name}"


def _run(item: pytest.Item) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _bound_memory() -> None:
    """A change that makes a loop endless may also make it collect without end."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - quicker, and there are thousands
        pages = int(file.read().split()[0])
    limit = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
