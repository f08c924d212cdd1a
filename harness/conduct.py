"""Runs a drill and judges it: the one place where the live half and the judging half meet, through the journal."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from harness.drill.context import RunContext
from harness.drill.interrupt import LeftToWatchdog
from harness.drill.runner import run_drill
from harness.drill.spec import Drill
from harness.errors import CannotCreate, DrillError
from harness.report.again import judge_folder
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
        DrillError: the journal of a drill that went well cannot be judged, or its report cannot be written.
        LeftToWatchdog: a person did not want to wait.
    """
    folder = context.folder / drill.slug
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
