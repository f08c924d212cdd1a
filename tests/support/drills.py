"""Short drills of the echo system: the text of their scenarios, running them here, and reading what they left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.bdd.collect import collect_drills
from harness.conduct import Conducted, conduct
from harness.drill.context import RunContext
from harness.drill.progress import Silent
from harness.drill.spec import Drill
from harness.journal.chain import read_journal
from harness.journal.records import Record
from harness.settings import Settings
from tests.support.commands import ECHO

LIVE = "Given every service is live in 1.0.0"
STEADY = "And the steady state is observed for 1 s"
TRIGGER = "And a rollback is called for when the error rate of echo is above 5 % for 1 s"
BAD_RELEASE = "When echo is released as 2.0.0"
REACTION = (
    "Then clients feel it within 3 s",
    "And a rollback is called for within 5 s",
    "And it is decided within 2 s",
    "And traffic is back on 1.0.0 within 5 s",
    "And clients get good answers again within 5 s, for 1 s on end",
    "And echo answers as 1.0.0 within 5 s",
)
PASSING = (LIVE, STEADY, TRIGGER, BAD_RELEASE, *REACTION, "And the recovery time is at most 20 s")
TOO_OFTEN = "And every critical service is healthy 1000 times in a row within 300 ms"
NOTHING = (
    LIVE,
    STEADY,
    "When nothing is done",
    "Then clients feel it within 1 s",
    "And echo answers as 1.0.0 within 2 s",
)
NO_STANDBY = (
    LIVE,
    STEADY,
    TRIGGER,
    "When echo crashes and stays down",
    *REACTION,
)
NEVER_MET = (
    LIVE,
    STEADY,
    "And a rollback is called for when responses of echo take more than 900 times their baseline for 1 s",
    "When echo crashes and stays down",
    "Then clients feel it within 3 s",
    "And a rollback is called for within 1 s",
    "And echo answers as 1.0.0 within 2 s",
)


def feature(**scenarios: Sequence[str]) -> str:
    """A feature of scenarios: their names, with _ for a space, and their steps."""
    texts = [
        f"  Scenario: {name.replace('_', ' ')}\n" + "".join(f"    {step}\n" for step in steps)
        for name, steps in scenarios.items()
    ]
    return "Feature: echo\n\n" + "\n".join(texts)


def feature_file(folder: Path, **scenarios: Sequence[str]) -> Path:
    """The file of such a feature."""
    path = folder / "echo.feature"
    path.write_text(feature(**scenarios), encoding="utf-8")
    return path


def drill_of(folder: Path, steps: Sequence[str], system: Path = ECHO) -> Drill:
    """The drill that steps about a system declare."""
    return collect_drills([feature_file(folder, one=steps)], system=system, tags=None)[0]


def conduct_here(drill: Drill, folder: Path, settings: Settings) -> Conducted:
    """Runs a drill in this process; its folder is in `folder`."""
    context = RunContext(
        run_id="test",
        folder=folder,
        sandbox="embedded",
        settings=settings,
        seed=0,
        progress=Silent(),
        again="",
    )
    return conduct(drill, context)


def records_of(drill_folder: Path) -> tuple[Record, ...]:
    """What a drill's journal holds."""
    return read_journal(drill_folder / "journal.jsonl").records


def results_of(run: Path) -> dict[str, dict[str, Any]]:
    """The results of a run's drills by their names."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in run.glob("*/result.json")]
    return {one["name"]: one for one in found}


def the_run(out: Path) -> Path:
    """The one run that was made in a folder; its history lies beside it."""
    [run] = (path for path in out.iterdir() if path.is_dir())
    return run
