"""Runs a drill and judges it: the one place where the live half and the judging half meet, through the journal."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from harness.drill.context import RunContext
from harness.drill.interrupt import LeftToWatchdog
from harness.drill.runner import run_drill
from harness.drill.spec import Drill
from harness.errors import CannotCreate, DrillError
from harness.journal.declaration import Measured, Objective
from harness.report.again import judge_folder
from harness.report.history.entry import Scenario
from harness.report.history.keep import measured_before
from harness.report.history.trend import LEAST, median_of
from harness.units import Duration, counted
from harness.verdict.result import Result


def new_run_id() -> str:
    """A name for a run: UTC time to sort by, and chance to be unique."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(3)


def make_run_folder(out: Path, run_id: str, *, shared: bool = False) -> Path:
    """The folder of a run, new and empty; with `shared`, also one that another process of the same run has made.

    Raises:
        CannotCreate: there is no permission or no room for it.
    """
    folder = out / run_id
    try:
        folder.mkdir(parents=True, exist_ok=shared)
    except OSError as error:
        raise CannotCreate(
            f"{folder}: the run's folder cannot be made: {error.strerror}; choose another with --out"
        ) from error
    return folder


@dataclass(frozen=True, slots=True)
class Conducted:
    """How a drill went: its result, unless its journal holds none, and what stopped the whole run, if anything did."""

    result: Result | None
    stopped: DrillError | KeyboardInterrupt | None = None


def conduct(drill: Drill, context: RunContext) -> Conducted:
    """Runs a drill, judges its journal and writes its result and reports, whatever stopped it.

    Raises:
        InputError: the history that it is compared with is damaged.
        DrillError: the journal of a drill that went well cannot be judged, or its report cannot be written.
        LeftToWatchdog: a person did not want to wait.
    """
    folder = context.folder / drill.slug
    drill = with_growth(drill, context)
    try:
        run_drill(drill, context)
    except LeftToWatchdog:  # nobody waits for a verdict; `drill report` gives it later
        raise
    except (DrillError, KeyboardInterrupt) as stopped:
        try:
            return Conducted(judge_folder(folder), stopped)
        except DrillError:  # what stopped the drill is the one to tell
            return Conducted(None, stopped)
    return Conducted(judge_folder(folder))


def with_growth(drill: Drill, context: RunContext) -> Drill:
    """A drill whose recovery time is compared with that of earlier ones has the bound of it as an objective.

    The bound is what the history says now, and stands in the journal: so the drill is judged from its journal alone,
    as any other. It is taken of the median of the lower bounds, so a time that may have grown more does not pass.
    Where too few drills measured one, there is nothing to compare with; that is told, and stands in the journal, too.

    Raises:
        InputError: the history is damaged.
    """
    growth = drill.growth
    if growth is None:
        return drill
    scenario = Scenario(
        system=drill.model.name,
        environment=drill.model.environment,
        sandbox=context.sandbox,
        feature=PurePath(drill.source.file).name,
        name=drill.name,
        drill=drill.slug.removesuffix(f"-{context.sandbox}"),
    )
    spans = measured_before(context.history or context.folder.parent, scenario, growth.drills)
    if len(spans) < LEAST:
        why = f"{counted(len(spans), 'earlier drill')} measured one, {LEAST} are needed"
        context.progress.say(f"{drill.name}: its recovery time is not compared with earlier ones: {why}")
        return replace(drill, not_compared=why)
    bound = Duration.of(s=median_of(spans).low * (1 + growth.allowed))
    objective = Objective(measured=Measured.RTO_GROWTH, bound=bound, source=growth.source)
    return replace(drill, objectives=(*drill.objectives, objective))
