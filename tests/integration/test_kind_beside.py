"""Drills that run at the same time on one cluster: each ends as it would alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.journal.chain import read_journal
from tests.support import drills
from tests.support.commands import ECHO, drill, drill_process
from tests.support.drills import results_of, the_run
from tests.support.sandboxes import state_folder
from tests.support.tools import needs
from tests.support.underway import Underway

pytestmark = [pytest.mark.alone, needs("docker", "kind", "helm")]
MODEST = (  # what two cores keep up for two drills with their pods, and enough probes before the fault all the same
    "And clients probe every service 20 times a second",
    "And the steady state is observed for 3 s",
)
PASSING = (drills.LIVE, *MODEST, *drills.PASSING[2:])
CONTROL = (
    drills.LIVE,
    *MODEST,
    "When nothing is done",
    "Then clients feel it within 10 s",  # long enough that what the other drill breaks would be felt
    "And echo answers as 1.0.0 within 2 s",
)
EXPECTED = {"good": "passed", "control": "invalid"}
COULD_NOT_TELL = ("indeterminate", "invalid")
WITHIN = 240  # seconds: a cluster may have to be made before


def test_a_good_drill_and_a_negative_control_side_by_side_end_as_they_would_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with state_folder() as state:
        running, said = side_by_side(tmp_path / "first", state)
        if verdict_of(running["good"], "good") in COULD_NOT_TELL:  # too busy a machine; a disturbance would be a miss
            with capsys.disabled():
                sys.stdout.write(f"\nmeasured once more: {said['good'][0]}\n")
            running, said = side_by_side(tmp_path / "second", state)
        assert {name: verdict_of(one, name) for name, one in running.items()} == EXPECTED, said
        assert {name: one.process.returncode for name, one in running.items()} == {"good": 0, "control": 2}
        assert "the fault had no effect" in said["control"][0]
        spans = [spans_of(one) for one in running.values()]
        assert max(begin for begin, _ in spans) < min(end for _, end in spans), "they did not run at the same time"
        assert list((state / ".kind" / "drills").iterdir()) == []


def side_by_side(folder: Path, state: Path) -> tuple[dict[str, Underway], dict[str, tuple[str, str]]]:
    """Both drills, begun at the same time and run to their ends, and what they said."""
    running: dict[str, Underway] = {}
    try:
        for name, steps in (("good", PASSING), ("control", CONTROL)):
            own = folder / name
            own.mkdir(parents=True)
            path, out = drills.feature_file(own, **{name: steps}), own / "out"
            process = drill_process("run", path, "--system", ECHO, "--sandbox", "kind", "--out", out, state=state)
            running[name] = Underway(process, out, state)
        return running, {name: one.end(within=WITHIN) for name, one in running.items()}
    finally:
        for one in running.values():
            one.process.kill()
            one.process.communicate()
        drill("heal", state=state)


def verdict_of(one: Underway, name: str) -> str:
    return str(results_of(the_run(one.out))[name]["verdict"])


def spans_of(one: Underway) -> tuple[int, int]:
    """When the first and the last record of a drill were written."""
    [folder] = (path.parent for path in the_run(one.out).glob("*/journal.jsonl"))
    found = read_journal(folder / "journal.jsonl").entries
    return found[0].at.ns, found[-1].at.ns
