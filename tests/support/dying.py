"""An engine whose process is gone after one of its steps."""

from contextlib import suppress
from dataclasses import dataclass

from harness.rollback.engine import Engine, StepReport
from harness.rollback.plan import Plan
from harness.rollback.record import Records, Writer
from tests.support.sandboxes import soon


class DiedError(Exception):
    """The engine's process is gone."""


@dataclass
class Dies:
    """Records each step, and dies after one of them."""

    record: Writer
    after: int

    def step_ended(self, report: StepReport) -> None:
        self.record.step_ended(report)
        if report.step.id == f"{self.after:02}":
            raise DiedError


def dies(engine: Engine, records: Records, plan: Plan, after: int) -> None:
    """Begins a rollback that is never heard of again once so many steps are recorded."""
    with records.begin(plan, ()) as writer, suppress(DiedError):
        engine.run(plan, Dies(writer, after), soon(120))
