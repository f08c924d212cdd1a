"""Goes through a game day: step by step, drills of one step side by side, each as a `drill run` of its own.

Invariant: what happened is in the record before the next thing begins, so a game day that is killed still has it.
Drills are stopped once by whoever stops the game day, as by Ctrl-C, and then waited for: they undo what they did.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT
from typing import IO, Final

from harness.clock import Deadline, utc_now, utc_second
from harness.drill.gameday_model import Drills, GameDay, Pause, Step
from harness.errors import InputError, InternalError, UsageError
from harness.journal.gameday import Begun, Ended, StepBegun, StepEnded, append
from harness.system.blackout import first_stretch
from harness.units import Duration

Tell = Callable[[str], None]
Ask = Callable[[Pause], str]
"""Waits for people; returns why they did not go on, or nothing."""

ABORTED: Final = 3
_STOPPED: Final = Duration.of(s=120)  # for drills to undo what they did when they are stopped: sandboxes and all
_DRILL: Final = (sys.executable, "-c", "from harness.cli.main import main; main()")


@dataclass(frozen=True, slots=True)
class Run:
    """A `drill run` that has ended: its exit code, and its folder, where it came so far."""

    code: int
    folder: Path | None


def command_of(drills: Drills, out: Path) -> list[str]:
    """The command that runs drills of a step."""
    options = [("--sandbox", drills.sandbox), ("--tag", drills.tag), ("--system", drills.system), ("--out", str(out))]
    return ["run", *drills.features, *(part for name, value in options if value for part in (name, value))]


def go_through(day: GameDay, folder: Path, out: Path, *, tell: Tell, ask: Ask) -> int:
    """Goes through the steps and returns the gravest exit code of them.

    Args:
        day: the game day.
        folder: its own, which is there and has no record yet.
        out: where its runs go.
        tell: told what goes on.
        ask: waits for people.

    Raises:
        CannotCreate: the record cannot be written.
        KeyboardInterrupt: a person stopped it; the drills have undone what they did.
    """
    budget = Deadline.after(day.budget)
    append(folder, Begun(utc=utc_second(), name=day.name, steps=tuple(step.title for step in day.steps)))
    codes = [0]
    reason = ""
    try:
        for number, step in enumerate(day.steps):
            reason = _kept_from(day, budget, codes)
            if reason:
                break
            tell(f"step {number + 1} of {len(day.steps)}: {step.title}")
            append(folder, StepBegun(utc=utc_second(), step=number))
            ended = _pause(step.pause, number, ask) if step.pause else _drill(step, number, out, tell)
            append(folder, ended)
            codes.append(ended.code)
            if step.pause and ended.said:
                reason = ended.said
                break
    except KeyboardInterrupt:
        append(folder, Ended(utc=utc_second(), reason="a person stopped it"))
        raise
    append(folder, Ended(utc=utc_second(), reason=reason))
    if reason:
        tell(f"the steps after that are not run: {reason}")
    return gravest(codes)


def gravest(codes: Sequence[int]) -> int:
    """The exit code of several commands: an error before an abort before a verdict, and 0 only when all are."""
    return max(codes)


def _kept_from(day: GameDay, budget: Deadline, codes: Sequence[int]) -> str:
    last = codes[-1]
    if last and (day.stop_on == "failure" or (day.stop_on == "abort" and last >= ABORTED)):
        return "a step did not end as expected" if last < ABORTED else "a step was aborted, or could not be run"
    if budget.passed:
        return f"the budget of {day.budget} is used up"
    now = utc_now()
    if found := first_stretch(day.blackouts, now, now):
        return f"no drill runs {found.window.title}"
    return ""


def _pause(pause: Pause, number: int, ask: Ask) -> StepEnded:
    refused = ask(pause)
    return StepEnded(utc=utc_second(), step=number, code=ABORTED if refused else 0, said=refused)


def _drill(step: Step, number: int, out: Path, tell: Tell) -> StepEnded:
    """Runs all drills of a step side by side."""
    processes = [_start(one, out) for one in step.drills]
    readers = [
        _Reader(process, tell, f"{step.title} {place + 1}: " if len(processes) > 1 else "")
        for place, process in enumerate(processes)
    ]
    try:
        for reader in readers:
            reader.join()
    except KeyboardInterrupt:
        _stop(processes, readers)
        raise
    runs = [
        Run(_code(process.returncode), _folder(reader.out, out))
        for process, reader in zip(processes, readers, strict=True)
    ]
    return StepEnded(
        utc=utc_second(),
        step=number,
        code=gravest([run.code for run in runs]),
        runs=tuple(str(run.folder.resolve()) for run in runs if run.folder),
        said="; ".join(
            f"drill {' '.join(command_of(one, out))} ended with {run.code}"
            for one, run in zip(step.drills, runs, strict=True)
            if run.code >= ABORTED
        ),
    )


def _start(drills: Drills, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*_DRILL, *command_of(drills, out), "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C comes once, from here: a second one would leave it to the watchdog
    )


class _Reader:
    """Reads what a command says until it ends: results are kept, progress is told as it comes."""

    def __init__(self, process: subprocess.Popen[str], tell: Tell, prefix: str) -> None:
        assert process.stdout is not None  # noqa: S101 - both are pipes
        assert process.stderr is not None  # noqa: S101
        self.out = ""
        self._process = process
        self._threads = (
            threading.Thread(target=self._keep, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._pass_on, args=(process.stderr, tell, prefix), daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def join(self, timeout: Duration | None = None) -> None:
        """Waits for the end: drills have deadlines of their own."""
        seconds = timeout.seconds if timeout else None
        self._process.wait(seconds)
        for thread in self._threads:
            thread.join(seconds)

    def _keep(self, pipe: IO[str]) -> None:
        with pipe:
            self.out = pipe.read()

    def _pass_on(self, pipe: IO[str], tell: Tell, prefix: str) -> None:
        with pipe:
            for line in pipe:
                tell(prefix + line.rstrip().removeprefix("drill: "))


def _stop(processes: Sequence[subprocess.Popen[str]], readers: Sequence[_Reader]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            process.send_signal(SIGINT)
    for reader in readers:
        with suppress(subprocess.TimeoutExpired):  # its watchdog has it then
            reader.join(_STOPPED)


def _code(returned: int) -> int:
    """The exit code of a command; one that was killed is an error, and no good end."""
    return returned if returned >= 0 else InternalError.exit_code


def _folder(said: str, out: Path) -> Path | None:
    """The folder of a run, by the summary that it printed; None where it ended before it had one."""
    try:
        return out / str(json.loads(said)["run_id"])
    except (ValueError, KeyError, TypeError):
        return None


def require_answerable(day: GameDay, *, terminal: bool) -> None:
    """Refuses a game day that would wait for people in vain.

    Raises:
        UsageError: there is no terminal, and a pause names no file for its approval.
    """
    for step in day.steps:
        if step.pause and not step.pause.approval and not terminal:
            raise UsageError(
                f"{step.title!r} waits for people, and there is no terminal to ask at; give it an 'approval' file"
            )


def require_files(day: GameDay) -> None:
    """Refuses a game day whose features are not there: that should not be found out in the middle.

    Raises:
        InputError: one is not there.
    """
    for step in day.steps:
        for one in step.drills:
            for feature in one.features:
                if not Path(feature).exists():
                    raise InputError(f"{step.title!r}: {feature}: there is no such file or folder")
