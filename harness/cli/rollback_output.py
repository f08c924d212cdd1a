"""What `drill rollback` prints: plans, what they need and cost, steps as they end, and the same for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.rollback.engine import StepReport
from harness.rollback.outlook import Outlook
from harness.rollback.plan import Plan, Step, StepPhase
from harness.secrecy import masked


class Told:
    """Prints every step as it ends.

    Args:
        quiet: prints nothing, and only keeps what was told.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.reports: list[StepReport] = []
        self._quiet = quiet

    def step_ended(self, report: StepReport) -> None:
        """See the engine."""
        self.reports.append(report)
        if not self._quiet:
            how = "failed" if report.error else "done"
            print(f"  {report.step.id}  {how:<11} {report.step.title}: {report.completed - report.started}", flush=True)
            if report.step.phase in (StepPhase.ATTEMPT, StepPhase.CHECK) or report.error:
                print(f"      {masked(report.detail)}", flush=True)


def print_outlook(ahead: Outlook) -> None:
    """What a rollback needs, what can be done instead, and what it costs, a line each."""
    for one in ahead.ready:
        how = {True: "ready", False: "not ready", None: "not known"}[one.ready]
        print(f"  needs  {one.name}: {how}: {one.found}" + (f"; {one.remedy}" if one.remedy else ""))
    for way in ahead.instead:
        print(f"  instead  {way}")
    for cost in ahead.impact:
        print(f"  costs  {cost.about}: {'' if cost.known else 'not known: '}{cost.found}")


def headline(found: Plan) -> str:
    """What goes back, and how."""
    target = ", ".join(f"{service} {version}" for service, version in found.target.items())
    return f"{found.procedure}: back to {target or found.goal}"


def as_json(found: Plan, reports: Sequence[StepReport]) -> dict[str, Any]:
    """A plan with what became of each step, for programs."""
    ended = {one.step.id: one for one in reports}
    return {
        "procedure": found.procedure.value,
        "target": found.target,
        "goal": found.goal,
        "steps": [_step(step, ended.get(step.id)) for step in found.steps],
    }


def _step(step: Step, report: StepReport | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": step.id,
        "phase": step.phase.value,
        "title": step.title,
        "within": step.deadline.seconds,
    }
    if report is not None:
        took = (report.completed - report.started).seconds
        told |= {"outcome": "failed" if report.error else "done", "took": took, "detail": report.detail}
    return told
