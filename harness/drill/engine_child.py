"""The rollback engine in a process of its own, for drills in which something befalls it; started by `engine_apart`.

It takes up the newest record of a rollback, carries out what is left of it and tells each step on standard output, a
line of JSON each. After one step it may be told to stand still: whoever has started it kills it then, or wakes it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from harness.clock import Deadline
from harness.drill.sandboxes import entered
from harness.drill.watch.order import Order
from harness.errors import DrillError, NotFound
from harness.journal.refusal import Refusal
from harness.marks import acting_for
from harness.rollback.engine import Engine, Outcome, StepReport
from harness.rollback.record import Writer, only_one
from harness.system.checks import http_client
from harness.units import Instant

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


class Task(BaseModel):
    """What a child is to do; read from its standard input. `still_after` counts the steps that it has ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Order
    records: Path
    what: str
    deadline: Instant
    still_after: int | None = None


class Line(BaseModel):
    """What a child says: a step that ended, or how all of it ended, or why it could not begin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str = ""
    started: Instant = Instant(0)
    completed: Instant = Instant(0)
    error: str = ""
    detail: str = ""
    refusal: Refusal | None = None
    outcome: str = ""
    taken_back: bool = False


def say(line: Line) -> None:
    """Tells whoever has started this process."""
    sys.stdout.write(f"{line.model_dump_json(exclude_defaults=True)}\n")
    sys.stdout.flush()


@dataclass
class _Steps:
    """Records a step, tells it, and stands still where it was told to."""

    writer: Writer
    still_after: int | None
    ended: int = 0

    def step_ended(self, report: StepReport) -> None:
        """See the engine."""
        self.writer.step_ended(report)
        say(
            Line(
                step=report.step.id,
                started=report.started,
                completed=report.completed,
                error=report.error,
                detail=report.detail,
                refusal=report.refusal,
            )
        )
        self.ended += 1
        if self.ended == self.still_after:
            os.kill(os.getpid(), signal.SIGSTOP)


def carry_out(task: Task) -> Outcome:
    """Carries out what is left of the newest rollback on record.

    Raises:
        MayWorkLater: somebody else is at it; says who.
        DrillError: the record, or the system, cannot be reached.
    """
    order = task.order
    with (
        acting_for(order.drill.label),
        only_one(task.records, task.what) as records,
        entered(order.sandbox, order.sandbox_id, order.system, order.run_id, order.settings) as system,
        http_client() as http,
    ):
        kept = records.newest()
        if kept is None:
            raise NotFound(f"{task.records}: no rollback is on record")
        engine, deadline = Engine(order.system, system, http), Deadline(task.deadline)
        left = engine.left_of(kept, deadline)
        with records.take_up(reversing=False) as writer:
            steps = _Steps(writer, task.still_after)
            outcome = engine.run(left, steps, deadline, whole=not kept.tried)
            writer.ended(outcome.outcome, outcome.reason, taken_back=outcome.taken_back)
    return outcome


def main() -> int:
    """Runs one child; its argument is the process that it must not outlive."""
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) or os.getppid() != int(sys.argv[1]):
        return 1
    task = Task.model_validate_json(sys.stdin.buffer.read())
    try:
        ended = carry_out(task)
    except DrillError as error:
        say(Line(error=str(error)))
        return error.exit_code
    say(Line(outcome=ended.outcome, detail=ended.reason, refusal=ended.refusal, taken_back=ended.taken_back))
    return 0


if __name__ == "__main__":
    sys.exit(main())
