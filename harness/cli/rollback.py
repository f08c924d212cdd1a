"""`drill rollback plan|run|resume|reverse|watch`: the engine alone, on a system that `drill sandbox up` brought up.

Exit codes: 0 it is rolled back (or taken back); 1 that failed on its way; 2 it was refused, and nothing was changed; 75
somebody else is at it.
"""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from harness.cli import rollback_watch as watched
from harness.cli.goals import goal_of
from harness.cli.options import Json, System
from harness.cli.output import readable
from harness.cli.rollback_live import live
from harness.cli.rollback_output import Told, as_json, headline, print_outlook
from harness.cli.rollback_page import Parts, left_by
from harness.cli.rollback_tell import Telling
from harness.cli.versions import of_services
from harness.clock import Deadline, now, utc_anchor, utc_text
from harness.drill.automatic import Order
from harness.drill.goals import archive_as
from harness.errors import NotFound, UsageError
from harness.rollback.data.carry_out import recovery_of
from harness.rollback.engine import Engine, Outcome, StepReport
from harness.rollback.interrupted import reverse
from harness.rollback.plan import Plan, Procedure
from harness.rollback.record import Writer, only_one
from harness.system.restoring import BackupKind
from harness.units import Duration

WITHIN: Final = Duration.of(s=60)  # for the whole rollback, as in a drill that says nothing else
DATA_WITHIN: Final = Duration.of(s=600)  # a restore copies the database, and many services restart one by one
EXITS: Final = {"done": 0, "failed": 1, "refused": 2}

app = typer.Typer(add_completion=False, help="The engine alone, on a system that runs.")

Kind = Annotated[Procedure, typer.Argument(help="which procedure", metavar="PROCEDURE")]
Target = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        help="what a service goes back to, or only the service: to what was before; again for another one; "
        "of a configuration the version, or tag=TAG",
        metavar="SERVICE[=VERSION]",
    ),
]
Data = Annotated[
    str | None,
    typer.Option("--data-to", help="what the database goes back to: a time, end, newest, a version, …", metavar="GOAL"),
]
On = Annotated[str | None, typer.Option("--on", help="the sandbox's id", show_default="the only one of yours")]


Hold = Annotated[
    str | None,
    typer.Option("--hold", help="how long a trigger must be true", metavar="DURATION", show_default="the handbook's"),
]
For = Annotated[str, typer.Option("--for", help="how long to watch", metavar="DURATION")]


@app.command()
@readable
def plan(
    procedure: Kind,
    *,
    to: Target = None,
    data_to: Data = None,
    on: On = None,
    system: System = None,
    json: Json = False,
) -> int:
    """Print what the rollback needs and costs, and its steps, from how the system stands now. Nothing is changed."""
    goal = goal_of(procedure, to or (), data_to)
    with live(on, system) as (_, _, engine, _, _):
        deadline = Deadline.after(WITHIN)
        target = _target(engine, (to or ()) if goal is None else (), deadline)
        found = engine.plan(procedure, target, deadline, goal)
        ahead = engine.look_ahead(procedure, target, deadline)
    if json:
        print(json_text.dumps(as_json(found, []) | {"outlook": asdict(ahead)}, indent=2))
        return 0
    print(headline(found))
    print_outlook(ahead)
    for step in found.steps:
        print(f"  {step.id}  {step.phase:<11} {step.title}, within {step.deadline}")
    return 0


@app.command()
@readable
def run(
    procedure: Kind,
    *,
    to: Target = None,
    data_to: Data = None,
    on: On = None,
    system: System = None,
    json: Json = False,
) -> int:
    """Roll back, and clean up once that is verified. Exit 0: rolled back; 1: failed; 2: refused, nothing changed."""
    goal = goal_of(procedure, to or (), data_to)
    told = Told(quiet=json)
    what = f"drill rollback run {procedure}"
    with live(on, system) as (model, _, engine, _, folder), only_one(folder, what) as records:
        kept = records.newest()
        if kept is not None and kept.outcome is None:
            why = f"an earlier rollback ({kept.owner}) did not come to its end: drill rollback resume, or reverse"
            return _ended(None, told, Outcome("refused", why), json=json)
        deadline = Deadline.after(WITHIN)
        target = _target(engine, (to or ()) if goal is None else (), deadline)
        found = engine.plan(procedure, target, deadline, goal)
        deadline = _time_for(found)
        telling, before = Telling(model, procedure, found.target, found.goal), engine.standing.before(found.target)
        with records.begin(found, before) as writer:
            parts = Parts(told, writer, telling, left_by(found, before), model.rollback.follow_up)
            return _carry_out(engine, found, parts, deadline, json=json, whole=True)


@app.command(name="back-up")
@readable
def back_up(
    kind: Annotated[BackupKind, typer.Argument(help="base, or dump", metavar="KIND")],
    *,
    on: On = None,
    system: System = None,
) -> int:
    """Take a backup of the database now, for a rollback to come."""
    with live(on, system) as (_, system_there, _, _, _):
        taken = recovery_of(system_there).back_up(kind, Deadline.after(WITHIN))
    print(f"{taken.name}: {taken.size} bytes, schema {taken.version or 'of no version'}, {taken.taken.isoformat()}")
    return 0


@app.command()
@readable
def archive(
    version: Annotated[str, typer.Argument(help="what the archive is called by", metavar="VERSION")],
    *,
    on: On = None,
    system: System = None,
) -> int:
    """Archive the configuration that is live now, for a rollback to come."""
    with live(on, system) as (model, system_there, _, _, _):
        name = archive_as(version, model, system_there, Deadline.after(WITHIN))
    print(f"{name}: the configuration of {', '.join(model.services)}")
    return 0


@app.command()
@readable
def resume(*, on: On = None, system: System = None, json: Json = False) -> int:
    """Go on with the rollback that was interrupted or failed, where it stopped."""
    what = "drill rollback resume"
    with live(on, system) as (model, _, engine, _, folder), only_one(folder, what) as records:
        kept = records.newest()
        if kept is None or kept.outcome in ("done", "reversed"):
            raise NotFound("there is no rollback that was interrupted or failed")
        if kept.reversing:
            raise UsageError("that rollback is being taken back already, so it cannot be gone on with: reverse it")
        told, plan_kept = Told(quiet=json), kept.plan
        telling = Telling(model, plan_kept.procedure, plan_kept.target, plan_kept.goal)
        deadline = _time_for(kept.plan)
        left = engine.left_of(kept, deadline)
        with records.take_up(reversing=False) as writer:
            parts = Parts(told, writer, telling, left_by(plan_kept, kept.before), model.rollback.follow_up)
            return _carry_out(engine, left, parts, deadline, json=json)


@app.command(name="reverse")
@readable
def take_back(*, on: On = None, system: System = None, json: Json = False) -> int:
    """Put everything back as it was before the last rollback, wherever that was interrupted, or when it is done."""
    what = "drill rollback reverse"
    with live(on, system) as (model, _, engine, _, folder), only_one(folder, what) as records:
        kept = records.newest()
        if kept is None or kept.outcome == "reversed":
            raise NotFound("there is no rollback that changed anything")
        told, found = Told(quiet=json), reverse(kept)
        with records.take_up(reversing=True) as writer:
            if not found.steps:
                writer.ended("reversed", "nothing had been changed")
                return _ended(found, told, Outcome("done", "nothing had been changed"), json=json)
            parts = Parts(told, writer, Telling(model, found.procedure, found.target, found.goal))
            return _carry_out(engine, found, parts, _time_for(found), json=json, done="reversed")


@app.command()
@readable
def watch(
    procedure: Kind,
    *,
    to: Target,
    hold: Hold = None,
    for_: For = "24 h",
    on: On = None,
    system: System = None,
    json: Json = False,
) -> int:
    """Roll back once without a person, within guards. Exit 0: it helped, or was not needed; else a person must act."""
    with live(on, system) as (model, system_there, engine, http, folder):
        order = Order(procedure, _target(engine, to or (), Deadline.after(WITHIN)), _duration(hold))
        until = Deadline.after(_duration(for_) or WITHIN)
        return watched.watch(watched.Watched(model, system_there, engine, http, folder), order, until, json=json)


def _time_for(found: Plan) -> Deadline:
    return Deadline.after(found.limit or (WITHIN if found.procedure.of_releases else DATA_WITHIN))


def _duration(text: str | None) -> Duration | None:
    """A time that an option names.

    Raises:
        UsageError: it is none.
    """
    try:
        return None if text is None else Duration.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _carry_out(
    engine: Engine,
    found: Plan,
    parts: Parts,
    deadline: Deadline,
    *,
    json: bool,
    done: str = "done",
    whole: bool = False,
) -> int:
    """Runs a plan to its end, records each step and the end, tells people and monitoring, and says how that was."""
    screen, writer, telling = parts.screen, parts.writer, parts.telling
    if not json:
        print(headline(found))
    begun = (now(), utc_text(utc_anchor()[1]))
    telling.begins("by hand")
    outcome = engine.run(found, _Both(screen, writer), deadline, whole=whole)
    if outcome.outcome == "done":
        outcome = engine.clean_up(found, _Both(screen, writer), deadline)
    ended, helped = done if outcome.outcome == "done" else outcome.outcome, outcome.outcome == "done"
    writer.ended(ended, outcome.reason, taken_back=outcome.taken_back)
    parts.write_page(found, begun, ended, outcome.reason)
    escalate = outcome.outcome == "failed" and found.procedure is Procedure.EMERGENCY
    telling.ended(ended, f"the rollback is {ended} {outcome.reason}".rstrip(), helped=helped, escalate=escalate)
    return _ended(found, screen, outcome, json=json, page=writer.page)


def _ended(found: Plan | None, told: Told, outcome: Outcome, *, json: bool, page: Path | None = None) -> int:
    if json:
        steps = as_json(found, told.reports) if found else {}
        ended = {"outcome": outcome.outcome, "reason": outcome.reason, "refusal": outcome.refusal}
        print(json_text.dumps(steps | ended | {"record": page and str(page)}, indent=2))
    else:
        print(f"{outcome.outcome}: {outcome.reason}" if outcome.reason else outcome.outcome)
        if page is not None:
            print(f"record: {page}")
    return EXITS[outcome.outcome]


@dataclass(frozen=True, slots=True)
class _Both:
    """Records a step before it is shown: what was shown is on record."""

    screen: Told
    record: Writer

    def step_ended(self, report: StepReport) -> None:
        """See the engine."""
        self.record.step_ended(report)
        self.screen.step_ended(report)


def _target(engine: Engine, to: Sequence[str], deadline: Deadline) -> dict[str, str]:
    """The version that each service goes back to; where none is named, the one before.

    Raises:
        UsageError: a text is no target.
        NotFound: there is no such service, or nothing tells which version came before.
    """
    whole = (text if "=" in text else f"{text}={engine.standing.previous_version(text, deadline)}" for text in to)
    return of_services(tuple(whole), "--to")
