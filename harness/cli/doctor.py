"""`drill doctor`: what this machine can run, each finding with what to do about it."""

from __future__ import annotations

import json as json_text
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.cli.options import RUNS, Json
from harness.cli.output import results_to_stdout
from harness.clock import Deadline
from harness.drill.in_time import limit_told
from harness.drill.sandboxes import survey_kind
from harness.errors import DrillError, Unavailable
from harness.sandbox.embedded import start as embedded
from harness.settings import Settings
from harness.system.find import find_system
from harness.system.load import load_system
from harness.units import counted

ENOUGH_DISK = 1 << 30  # a sandbox takes about 100 MB, its WAL and logs grow with the drill
ENOUGH_CORES = 2  # what the probe schedule was measured on


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; without an `optional` one there are drills that can run all the same."""

    what: str
    good: bool
    detail: str
    optional: bool = False

    def __str__(self) -> str:
        sign = "ok " if self.good else "no " if self.optional else "BAD"
        first, *more = self.detail.splitlines()
        return "\n".join([f"{sign}  {self.what:<18}{first}", *(f"{'':<23}{line.strip()}" for line in more)])


def doctor(*, json: Json = False) -> int:
    """Look whether drills can run here. Exit 69 when something is missing that also drills on embedded need."""
    findings = [
        _look("python", _python),
        _look("processors", _processors),
        _look("state folder", _state_folder),
        _look("results folder", lambda: _writable(RUNS)),
        _look("system", _system),
        _look("embedded sandbox", _embedded),
    ]
    findings += _kind(embedded=all(finding.good for finding in findings))
    with results_to_stdout():
        if json:
            print(json_text.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            for finding in findings:
                print(finding)
    return 0 if all(finding.good or finding.optional for finding in findings) else Unavailable.exit_code


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except DrillError as error:
        return Finding(what, False, str(error))


def _python() -> str:
    return f"{platform.python_version()} ({sys.executable})"


def _processors() -> str:
    count = len(os.sched_getaffinity(0))
    if count < ENOUGH_CORES:
        raise Unavailable(
            f"{count}; the probes fall behind on fewer than {ENOUGH_CORES}, and drills end as indeterminate"
        )
    return processors_told(count, os.getloadavg()[0])


def processors_told(count: int, load: float) -> str:
    """How many processors there are, and whether others are at them, by the load of the last minute."""
    if load <= count:
        return str(count)
    return f"{count}, busy (load {load:.1f}): probes may fall behind, and a drill then ends as indeterminate or invalid"


def _writable(folder: Path) -> str:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise Unavailable(f"{existing} cannot be written by you; choose another with --out")
    free = shutil.disk_usage(existing).free
    if free < ENOUGH_DISK:
        raise Unavailable(f"only {free >> 20} MB are free on {existing}; a drill needs up to {ENOUGH_DISK >> 20}")
    return f"{folder} ({free >> 30} GB free)"


def _state_folder() -> str:
    return _writable(Settings().state_dir)


def _system() -> str:
    found = find_system([Path.cwd()])
    if found is None:
        return "no drill.toml here or above; name one with --system"
    model = load_system(found)
    return f"{found}: {model.name}, {counted(len(model.services), 'service')}"


def _embedded() -> str:
    found = find_system([Path.cwd()])
    if found is None:
        return "not tried, because there is no system"
    settings = Settings()
    deadline = Deadline.after(settings.prepare)
    with limit_told(settings.prepare):
        sandbox = embedded.start(load_system(found), run_id="doctor", state_dir=settings.state_dir, deadline=deadline)
    sandbox.close(Deadline.after(settings.teardown))
    return "came up, every service was ready, and went down without a trace"


def _kind(*, embedded: bool) -> list[Finding]:
    """What drills on kind need, and in the end whether they can run."""
    found = find_system([Path.cwd()])
    try:
        model = load_system(found) if found else None
    except DrillError:
        model = None  # what is wrong with it is told already
    try:
        looks = survey_kind(Settings(), model)
    except DrillError as error:
        return [Finding("kind sandbox", False, f"drills on kind cannot run: {error}", optional=True)]
    findings = [Finding(look.what, look.good, look.detail, optional=True) for look in looks]
    missing = [look.what for look in looks if look.needed and not look.good]
    if not missing:
        return [*findings, Finding("kind sandbox", True, "drills on kind can run", optional=True)]
    others = "; embedded ones can" if embedded else ""
    told = f"drills on kind cannot run: see {', '.join(missing)}{others}"
    return [*findings, Finding("kind sandbox", False, told, optional=True)]
