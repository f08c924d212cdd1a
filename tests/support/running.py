"""A `drill run` of the echo system as a process of its own, with everything that it has started."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from harness.clock import Deadline, wait_for
from harness.units import Duration
from tests.support import drills
from tests.support.commands import ECHO, drill, drill_process
from tests.support.sandboxes import state_folder
from tests.support.underway import Underway

STEPS = tuple(
    step.replace("for 1 s on end", "for 2 s on end").replace(
        "steady state is observed for 1 s", "steady state is observed for 2 s"
    )
    for step in drills.PASSING
)
LASTING = tuple(step.replace("within 5 s, for 1 s on end", "within 60 s, for 60 s on end") for step in drills.PASSING)
"""Does not end before somebody ends it."""
WATCHING = tuple(
    step.replace("above 5 % for 1 s", "above 5 % for 60 s").replace("called for within 5 s", "called for within 90 s")
    for step in drills.PASSING
)
"""Is in no hurry to decide."""


@dataclass
class Running(Underway):
    """A `drill run` that runs, with everything that it has started so far, and the names of its sandboxes."""

    sandboxes: set[str] = field(default_factory=set)

    def family(self) -> list[psutil.Process]:
        """All processes that it has started and that live."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self.sandboxes |= {path.name for path in self.state.iterdir() if path.is_dir()}
        found += [one for one in psutil.process_iter() if _sandbox_of(one) in self.sandboxes]
        return list({one.pid: one for one in found}.values())

    def part(self, module: str) -> psutil.Process:
        """The process among them that runs a module."""
        [found] = [one for one in self.family() if module in command_of(one)]
        return found

    @property
    def watchdog(self) -> psutil.Process:
        """The drill's watchdog."""
        return self.part("harness.drill.watch.watchdog")

    def has_watchdog(self) -> bool:
        """True from its watchdog's start on."""
        return any("harness.drill.watch.watchdog" in command_of(one) for one in self.family())

    def ports(self, family: Iterable[psutil.Process] | None = None) -> set[int]:
        """The ports on which these listen; of a family that is known, where there is no time to look for it again."""
        found: set[int] = set()
        for process in self.family() if family is None else family:
            try:
                found |= {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
            except psutil.Error:
                continue
        return found

    @property
    def drill_folder(self) -> Path:
        """Where its journal is."""
        return next(self.out.glob("*/*/journal.jsonl")).parent

    def status(self) -> list[dict[str, Any]]:
        """What `drill status` tells of the drills of all runs."""
        runs: list[dict[str, Any]] = json.loads(drill("status", "--json", state=self.state).out)
        return [one for run in runs for one in run["drills"]]


@contextmanager
def running_drill(folder: Path, steps: tuple[str, ...] = STEPS) -> Iterator[Running]:
    """A drill of the echo system as a process of its own; killed at the end if it still runs."""
    path = drills.feature_file(folder, one=steps)
    with state_folder() as state:
        process = drill_process("run", path, "--system", ECHO, "--out", folder / "out", state=state)
        try:
            yield Running(process, folder / "out", state)
        finally:
            process.kill()
            process.communicate()
            drill("heal", state=state)


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those that run still."""
    return [one for one in family if _lives(one)]


def remains(running: Running, family: list[psutil.Process], ports: set[int]) -> list[object]:
    """Every process, port and folder that is left. A port that somebody else has been given since then is not."""
    left = [
        one.laddr.port
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port in ports and _is_of(running, one.pid)
    ]
    folders = [path.name for path in running.state.iterdir() if path.is_dir()]
    return [*alive(family), *left, *folders]


def nothing_is_left(running: Running, family: list[psutil.Process], ports: set[int]) -> None:
    """No process, no port, no folder."""
    assert remains(running, family, ports) == []


def nothing_is_left_within(running: Running, family: list[psutil.Process], ports: set[int], seconds: float) -> None:
    """As `nothing_is_left`, after some time at most."""
    limit = Deadline.after(Duration.of(s=seconds))
    wait_for(lambda: not remains(running, family, ports), limit, "the end of everything")


def command_of(process: psutil.Process) -> list[str]:
    """Its command line."""
    try:
        return list(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # it has ended between the two looks
        return False


def _is_of(running: Running, pid: int | None) -> bool:
    """Whether a process belongs to one of its sandboxes; of one that cannot be told it may be so."""
    try:
        return pid is None or _sandbox_of(psutil.Process(pid)) in running.sandboxes
    except psutil.Error:  # it has ended meanwhile
        return False


def _sandbox_of(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("DRILL_SANDBOX", ""))
    except psutil.Error:
        return ""
