"""Goes through a game day: step by step, drills of one step side by side, each as a `drill run` of its own.

Invariant: what happened is in the record before the next thing begins, so a game day that is killed still has it.
Drills are stopped once by whoever stops the game day, as by Ctrl-C, and then waited for: they undo what they did.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clock import Deadline, utc_now, utc_second
from harness.drill.command import Command
from harness.drill.gameday_model import Drills, GameDay, Pause, Step
from harness.errors import InputError, UsageError
from harness.journal.gameday import Begun, Ended, StepBegun, StepEnded, append
from harness.system.blackout import first_stretch
from harness.units import counted

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What people said to a pause: whether it goes on, and a sentence of who said so and how, or why it does not."""

    goes_on: bool
    said: str


Ask = Callable[[Pause], Answer]
"""Waits for people."""

ABORTED: Final = 3


@dataclass(frozen=True, slots=True)
class Run:
    """A `drill run` that has ended: its exit code, and its folder, where it came so far."""

    code: int
    folder: Path | None


def command_of(drills: Drills, out: Path) -> list[str]:
    """The command that runs drills of a step."""
    options = [("--sandbox", drills.sandbox), ("--tag", drills.tag), ("--system", drills.system), ("--out", str(out))]
    return ["run", *drills.features, *(part for name, value in options if value for part in (name, value))]


def go_through(day: GameDay, folder: Path, out: Path, *, tell: Tell, ask: Ask, lock: int | None = None) -> int:
    """Goes through the steps and returns the gravest exit code of them.

    Args:
        day: the game day.
        folder: its own, which is there and has no record yet.
        out: where its runs go.
        tell: told what goes on.
        ask: waits for people.
        lock: held by the drills as long as they run, even if this process is killed.

    Raises:
        CannotCreate: the record cannot be written.
        KeyboardInterrupt: a person stopped it; `tell` was told where drills still take back what they did.
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
            ended = (
                _pause(step.pause, number, ask)
                if step.pause
                else _drill(step, number, folder, out, tell=tell, lock=lock)
            )
            append(folder, ended)
            codes.append(ended.code)
            if step.pause and ended.code:
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
    answer = ask(pause)
    return StepEnded(utc=utc_second(), step=number, code=0 if answer.goes_on else ABORTED, said=answer.said)


def _drill(step: Step, number: int, folder: Path, out: Path, *, tell: Tell, lock: int | None) -> StepEnded:
    """Runs all drills of a step side by side."""
    commands = []
    for place, one in enumerate(step.drills, start=1):
        prefix = f"{step.title} {place}: " if len(step.drills) > 1 else ""
        commands.append(Command([*command_of(one, out), "--json"], _prefixed(tell, prefix), keep=True, lock=lock))
    try:
        codes = [command.join() for command in commands]
    except KeyboardInterrupt:
        for command in commands:
            command.interrupt()
        if left := sum(command.settle() is None for command in commands):
            tell(f"{counted(left, 'run')} left: what drills did is still being taken back, by watchdogs if they die")
        raise
    runs = [Run(code, _folder(command.out, out)) for code, command in zip(codes, commands, strict=True)]
    return StepEnded(
        utc=utc_second(),
        step=number,
        code=gravest([run.code for run in runs]),
        runs=tuple(os.path.relpath(run.folder.resolve(), folder.resolve()) for run in runs if run.folder),
        said="; ".join(
            f"drill {' '.join(command_of(one, out))} ended with {run.code}"
            for one, run in zip(step.drills, runs, strict=True)
            if run.code >= ABORTED
        ),
    )


def _prefixed(tell: Tell, prefix: str) -> Tell:
    return lambda line: tell(prefix + line)


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
