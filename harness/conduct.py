"""Runs a drill and judges it: the one place where the live half and the judging half meet, through the journal."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drill.context import RunContext
from harness.drill.interrupt import LeftToWatchdog
from harness.drill.runner import run_drill
from harness.drill.spec import Drill
from harness.errors import CannotCreate, DrillError
from harness.journal.chain import read_journal
from harness.journal.declaration import Verdict
from harness.report.write import write_drill
from harness.verdict.present import judge_journal
from harness.verdict.result import Result


def new_run_id() -> str:
    """A name for a run: UTC time to sort by, and chance to be unique."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + secrets.token_hex(3)


def make_run_folder(out: Path, run_id: str) -> Path:
    """The folder of a run, new and empty.

    Raises:
        CannotCreate: there is no permission or no room for it.
    """
    folder = out / run_id
    try:
        folder.mkdir(parents=True)
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


def judge_folder(folder: Path) -> Result:
    """Judges the journal of a drill's folder (again) and writes result and reports beside it.

    Raises:
        NotFound: there is no journal.
        InputError: the journal was altered, or holds no drill.
    """
    result, timeline = judge_journal(read_journal(folder / "journal.jsonl"))
    write_drill(result, timeline, folder)
    return result


def exit_code(results: Sequence[Result]) -> int:
    """The exit code of a run: its worst drill's; a drill that ended as its scenario expects counts as passed."""
    codes = {
        Verdict.PASSED: 0,
        Verdict.MISSED: 1,
        Verdict.INDETERMINATE: 2,
        Verdict.INVALID: 2,
        Verdict.ABORTED: 3,
    }
    unexpected_pass = 1  # a negative control that passed shows that passing means nothing
    return max((0 if one.as_expected else codes[one.verdict] or unexpected_pass for one in results), default=2)
