"""Carries a rollback out by engines in processes of their own: one that is killed on its way, or one that comes second.

Invariant: a drill in which that did not happen raises; it never goes on as if it had.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, cast

from harness.clock import Deadline, wait_for
from harness.drill.engine_child import Line, Task
from harness.drill.watch.order import Order
from harness.errors import DeadlineExceeded, InputError, MayWorkLater, Unavailable
from harness.faults.of_engine import EngineKilled, OfEngine
from harness.rollback.engine import Engine, Outcome, Reporter, StepReport
from harness.rollback.plan import Plan
from harness.rollback.record import only_one
from harness.sandbox.common.environment import of_ours, of_tools
from harness.sandbox.common.process import Process, mark_of
from harness.units import Duration

_GRACE: Final = Duration.of(s=20)  # beyond the rollback's own deadline: to import, and to take a failed one back
_STILL: Final = Duration.of(s=5)  # for a process that has said its line to stand still, or a killed one to be gone
_ENVIRONMENTS: Final = {"embedded": of_ours, "kind": of_tools}


@dataclass(frozen=True, slots=True)
class EngineApart:
    """Engines in processes of their own on one drill's system.

    Args:
        engine: knows how the system stands before.
        order: how the system is reached from another process.
        folder: where the rollback's record is kept.
        trouble: what befalls them.
    """

    engine: Engine
    order: Order
    folder: Path
    trouble: OfEngine

    def run(self, plan: Plan, reporter: Reporter, deadline: Deadline) -> Outcome:
        """Runs a plan as the engine does, whatever befalls it.

        Raises:
            InputError: what should have befallen it did not, or cannot here.
            DrillError: a process could not be started, or said nothing any more.
        """
        if self.order.sandbox not in _ENVIRONMENTS:
            raise InputError(f"{self.trouble.title}: not on {self.order.sandbox}, which does not end with its drill")
        self.folder.parent.mkdir(exist_ok=True)
        before = self.engine.standing.before(plan.target)
        with only_one(self.folder, "the plan of a drill") as records, records.begin(plan, before):
            pass  # the plan is on disk before anything of it is done
        if isinstance(self.trouble, EngineKilled):
            self._until_killed(plan, self.trouble.after, reporter, deadline)
            return self._to_the_end("the rollback of a drill, resumed", plan, reporter, deadline)
        return self._to_the_end("the rollback of a drill", plan, reporter, deadline, second_after=1)

    def _until_killed(self, plan: Plan, after: int, reporter: Reporter, deadline: Deadline) -> None:
        with self._child("the rollback of a drill", deadline, after) as child:
            for number, line in enumerate(_lines(child, deadline), 1):
                if not line.step:
                    raise self._never(f"it ended after {number - 1}: {line.outcome} {line.detail or line.error}")
                reporter.step_ended(_report(line, plan))
                if number == after:
                    _wait_until_still(child)
                    return  # it is killed where it stands, with this block

    def _to_the_end(
        self, what: str, plan: Plan, reporter: Reporter, deadline: Deadline, second_after: int | None = None
    ) -> Outcome:
        refused = second_after is None
        with self._child(what, deadline, second_after) as child:
            for number, line in enumerate(_lines(child, deadline), 1):
                if not line.step and not refused:
                    raise self._never(f"the first one had no step: {line.outcome} {line.detail or line.error}")
                if not line.step:
                    return _outcome(line)
                report = _report(line, plan)
                if number == second_after:
                    _wait_until_still(child)
                    report = replace(report, detail=f"{report.detail}; {self._refusal(child, deadline)}")
                    refused = True
                    os.kill(child.pid, signal.SIGCONT)
                reporter.step_ended(report)
        raise Unavailable("the engine's process ended without its last word")

    def _refusal(self, first: subprocess.Popen[bytes], deadline: Deadline) -> str:
        """Starts the same rollback once more, and says with which words it was refused.

        Raises:
            InputError: it was not, or it was not told who is at it.
        """
        with self._child("a second rollback of the same drill", deadline, None) as second:
            line = next(_lines(second, deadline))
            code = second.wait(_STILL.seconds)
        if code != MayWorkLater.exit_code or f"process {first.pid}" not in line.error:
            said = line.error or f"{line.step}{line.outcome}"
            raise InputError(
                f"{self.trouble.title}: it was not refused by a lock of process {first.pid}, but ended with {code}: "
                f"{said}"
            )
        return f"a second rollback was refused: {line.error}"

    def _never(self, why: str) -> InputError:
        return InputError(f"that {self.trouble.title} never came, because {why}")

    @contextmanager
    def _child(self, what: str, deadline: Deadline, still_after: int | None) -> Iterator[subprocess.Popen[bytes]]:
        """A process, which is gone at the end of the block, however that comes."""
        task = Task(order=self.order, records=self.folder, what=what, deadline=deadline.at, still_after=still_after)
        env = _ENVIRONMENTS[self.order.sandbox]() | mark_of(Process.own())
        with (self.folder / "engine.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "harness.drill.engine_child", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=env,
                bufsize=0,  # lines are waited for with a deadline, so none may be held back here
                start_new_session=True,  # a Ctrl-C in the terminal is the drill's to handle
            )
        try:
            if child.stdin is None or child.stdout is None:
                raise Unavailable("the engine's process was started without a way to talk to it")
            child.stdin.write(task.model_dump_json(by_alias=True).encode())
            child.stdin.close()
            yield child
        finally:
            child.kill()
            child.wait(_STILL.seconds)
            if child.stdout is not None:
                child.stdout.close()


def _lines(child: subprocess.Popen[bytes], deadline: Deadline) -> Iterator[Line]:
    """What a process says, line by line, until it says no more.

    Raises:
        DeadlineExceeded: it is silent beyond the rollback's deadline.
    """
    said = b""
    while child.stdout is not None:
        ready, _, _ = select.select([child.stdout], [], [], (deadline.left + _GRACE).seconds)
        if not ready:
            raise DeadlineExceeded("the engine's process says nothing any more")
        more = child.stdout.read(1 << 16)
        if not more:
            return
        *whole, said = (said + more).split(b"\n")
        for one in whole:
            yield Line.model_validate_json(one)


def _wait_until_still(child: subprocess.Popen[bytes]) -> None:
    """Waits until a process stands still, as it was told to."""

    def still() -> bool:
        text = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii", errors="replace")
        return text.rpartition(") ")[2].startswith("T")

    wait_for(still, Deadline.after(_STILL), "the engine's process to stand still")


def _report(line: Line, plan: Plan) -> StepReport:
    [step] = [one for one in plan.steps if one.id == line.step]
    return StepReport(step, line.started, line.completed, line.error, line.detail, line.refusal)


def _outcome(line: Line) -> Outcome:
    """Raises Unavailable when the rollback could not be begun."""
    if line.error:
        raise Unavailable(f"the engine's process gave up: {line.error}")
    ended = cast(Literal["done", "failed", "refused"], line.outcome)
    return Outcome(ended, line.detail, line.refusal, line.taken_back)
