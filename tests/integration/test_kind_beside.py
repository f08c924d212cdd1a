"""Drills that run at the same time on one cluster: each ends as it would alone."""

from __future__ import annotations

from pathlib import Path

from harness.journal.chain import read_journal
from tests.support import drills
from tests.support.commands import ECHO, drill, drill_process
from tests.support.drills import results_of, the_run
from tests.support.sandboxes import state_folder
from tests.support.tools import needs
from tests.support.underway import Underway

pytestmark = needs("docker", "kind", "helm")
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
WITHIN = 240  # seconds: a cluster may have to be made before


def test_a_good_drill_and_a_negative_control_side_by_side_end_as_they_would_alone(tmp_path: Path) -> None:
    with state_folder() as state:
        running: dict[str, Underway] = {}
        try:
            for name, steps in (("good", PASSING), ("control", CONTROL)):
                folder = tmp_path / name
                folder.mkdir()
                path, out = drills.feature_file(folder, **{name: steps}), folder / "out"
                process = drill_process("run", path, "--system", ECHO, "--sandbox", "kind", "--out", out, state=state)
                running[name] = Underway(process, out, state)
            said = {name: one.end(within=WITHIN) for name, one in running.items()}
        finally:
            for one in running.values():
                one.process.kill()
                one.process.communicate()
            drill("heal", state=state)
        verdicts = {name: results_of(the_run(one.out))[name]["verdict"] for name, one in running.items()}
        assert verdicts == {"good": "passed", "control": "invalid"}, said
        assert {name: one.process.returncode for name, one in running.items()} == {"good": 0, "control": 2}
        assert "the fault had no effect" in said["control"][0]
        spans = [spans_of(one) for one in running.values()]
        assert max(begin for begin, _ in spans) < min(end for _, end in spans), "they did not run at the same time"
        assert list((state / ".kind" / "drills").iterdir()) == []


def spans_of(one: Underway) -> tuple[int, int]:
    """When the first and the last record of a drill were written."""
    [folder] = (path.parent for path in the_run(one.out).glob("*/journal.jsonl"))
    found = read_journal(folder / "journal.jsonl").entries
    return found[0].at.ns, found[-1].at.ns
