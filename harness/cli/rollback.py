"""`drill rollback plan|run`: the rollback engine alone, on a system that was brought up by `drill sandbox up`.

Exit codes: 0 it is rolled back; 1 the rollback failed on its way; 2 a check refused it, and nothing was changed.
"""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from harness.cli.options import EMBEDDED, Json, System
from harness.cli.output import readable
from harness.cli.systems import named_or_nearest
from harness.cli.versions import of_services
from harness.clock import Deadline
from harness.drill.sandboxes import entered
from harness.errors import NotFound, UsageError
from harness.rollback.engine import Engine, StepReport
from harness.rollback.outlook import Outlook
from harness.rollback.plan import Plan, Procedure, Step
from harness.sandbox.embedded.start import list_sandboxes
from harness.settings import Settings
from harness.system.checks import http_client
from harness.units import Duration

WITHIN: Final = Duration.of(s=60)  # for the whole rollback, as in a drill that says nothing else
EXITS: Final = {"done": 0, "failed": 1, "refused": 2}

app = typer.Typer(add_completion=False, help="The rollback engine alone, on a system that runs: plan, run.")

Kind = Annotated[Procedure, typer.Argument(help="which procedure", metavar="PROCEDURE")]
Target = Annotated[
    list[str],
    typer.Option(
        "--to",
        help="what a service goes back to, or only the service: to what was before; again for another one",
        metavar="SERVICE[=VERSION]",
    ),
]
On = Annotated[str | None, typer.Option("--on", help="the sandbox's id", show_default="the only one of yours")]


@app.command()
@readable
def plan(procedure: Kind, *, to: Target, on: On = None, system: System = None, json: Json = False) -> int:
    """Print what the rollback needs and costs, and its steps, from how the system stands now. Nothing is changed."""
    with _engine(on, system) as engine:
        deadline = Deadline.after(WITHIN)
        target = _target(engine, to, deadline)
        found = engine.plan(procedure, target, deadline)
        ahead = engine.look_ahead(procedure, target, deadline)
    if json:
        print(json_text.dumps(_as_json(found, []) | {"outlook": asdict(ahead)}, indent=2))
        return 0
    print(_headline(found))
    _print_outlook(ahead)
    for step in found.steps:
        print(f"  {step.id}  {step.phase:<11} {step.title}, within {step.deadline}")
    return 0


@app.command()
@readable
def run(procedure: Kind, *, to: Target, on: On = None, system: System = None, json: Json = False) -> int:
    """Roll back, and clean up once that is verified. Exit 0: rolled back; 1: failed; 2: refused, nothing changed."""
    told = _Told(quiet=json)
    with _engine(on, system) as engine:
        deadline = Deadline.after(WITHIN)
        found = engine.plan(procedure, _target(engine, to, deadline), deadline)
        if not json:
            print(_headline(found))
        outcome = engine.run(found, told, deadline)
        if outcome.outcome == "done":
            outcome = engine.clean_up(found, told, deadline)
    if json:
        ended = {"outcome": outcome.outcome, "reason": outcome.reason}
        print(json_text.dumps(_as_json(found, told.reports) | ended, indent=2))
    else:
        print(f"{outcome.outcome}: {outcome.reason}" if outcome.reason else outcome.outcome)
    return EXITS[outcome.outcome]


def _target(engine: Engine, to: Sequence[str], deadline: Deadline) -> dict[str, str]:
    """The version that each service goes back to; where none is named, the one before.

    Raises:
        UsageError: a text is no target.
        NotFound: there is no such service, or nothing tells which version came before.
    """
    whole = (text if "=" in text else f"{text}={engine.previous_version(text, deadline)}" for text in to)
    return of_services(tuple(whole), "--to")


class _Told:
    """Prints every step as it ends."""

    def __init__(self, *, quiet: bool) -> None:
        self.reports: list[StepReport] = []
        self._quiet = quiet

    def step_ended(self, report: StepReport) -> None:
        """See the engine."""
        self.reports.append(report)
        if not self._quiet:
            how = "failed" if report.error else "done"
            print(f"  {report.step.id}  {how:<11} {report.step.title}: {report.completed - report.started}", flush=True)


@contextmanager
def _engine(on: str | None, system: Path | None) -> Iterator[Engine]:
    """The engine on a sandbox.

    Raises:
        NotFound: there is no such sandbox, or none at all.
        UsageError: there are several, and none was named.
    """
    settings = Settings()
    model = named_or_nearest(system)
    name = on or _only([one.sandbox for one in list_sandboxes(settings.state_dir) if one.detached])
    with entered(EMBEDDED, name, model, "by-hand", settings) as found, http_client() as http:
        if set(found.services) != set(model.services):
            raise UsageError(
                f"sandbox {name} is of another system: it has {', '.join(found.services)}; name it by --system"
            )
        yield Engine(model, found, http)


def _only(names: Sequence[str]) -> str:
    if not names:
        raise NotFound("no sandbox was brought up by hand; 'drill sandbox up' does it")
    if len(names) > 1:
        raise UsageError(f"several sandboxes live: {', '.join(names)}; name one with --on")
    return names[0]


def _print_outlook(ahead: Outlook) -> None:
    for one in ahead.ready:
        how = {True: "ready", False: "not ready", None: "not known"}[one.ready]
        print(f"  needs  {one.name}: {how}: {one.found}" + (f"; {one.remedy}" if one.remedy else ""))
    for way in ahead.instead:
        print(f"  instead  {way}")
    for cost in ahead.impact:
        print(f"  costs  {cost.about}: {'' if cost.known else 'not known: '}{cost.found}")


def _headline(found: Plan) -> str:
    target = ", ".join(f"{service} {version}" for service, version in found.target.items())
    return f"{found.procedure}: back to {target}"


def _as_json(found: Plan, reports: Sequence[StepReport]) -> dict[str, Any]:
    ended = {one.step.id: one for one in reports}
    return {
        "procedure": found.procedure.value,
        "target": found.target,
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
