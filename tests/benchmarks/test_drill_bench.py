"""What drills cost beyond what they promise to wait for: printed, never asserted on.

Targets, on 2 cores: sandbox ready in 3 s, 3 s a drill beyond its windows and hold times, 60 s for
all release drills together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.clock import Deadline, now
from harness.drill.sandboxes import open_sandbox
from harness.journal import records as r
from harness.journal.chain import Journal, read_journal
from harness.journal.records import Stage
from harness.rollback.triggers import window_for
from harness.sandbox.embedded.folder import new_id
from harness.settings import Settings
from harness.system.load import load_system
from tests.support.commands import drill
from tests.support.drills import results_of, the_run
from tests.support.sandboxes import TRACKTION, state_folder

pytestmark = pytest.mark.benchmark

READY, OVERHEAD, TOTAL = 3.0, 3.0, 60.0  # seconds
STARTS = 5
STEADY = 2.0  # seconds that every release drill observes the steady state


@dataclass(frozen=True)
class Cost:
    """One drill: how long it took, how much of that it was asked to wait, and where the rest went."""

    name: str
    total: float
    asked: float
    stages: dict[Stage, float]

    @property
    def overhead(self) -> float:
        """Sandbox, fault, decision, rollback, reading, taking down."""
        return self.total - self.asked


@pytest.fixture
def settings() -> Iterator[Settings]:
    with state_folder() as state:
        yield Settings(state_dir=state)


def against(value: float, target: float) -> str:
    return f"{value:6.2f} s   target ≤ {target:g} s   {'ok' if value <= target else 'OVER'}"


def tell(capsys: pytest.CaptureFixture[str], *lines: str) -> None:
    with capsys.disabled():
        print("", *lines, sep="\n")  # noqa: T201 - a benchmark prints


def cost_of(name: str, journal: Journal) -> Cost:
    """From the journal's first record to its last.

    Asked for: the steady window, the part of the trigger's window that had to fill, its hold, and the sustain time. A
    control that waits for an effect that never comes waits for the limit of the effect instead.
    """
    records = journal.records
    begun = {one.stage: one.at for one in records if isinstance(one, r.StageStarted)}
    stages = {one.stage: (one.at - begun[one.stage]).seconds for one in records if isinstance(one, r.StageEnded)}
    [declared] = [one for one in records if isinstance(one, r.DrillDeclared)]
    met = next((one for one in records if isinstance(one, r.TriggerMet)), None)
    asked = STEADY
    if met is None:
        asked += stages[Stage.INJECT]
    else:
        hold = next(one.hold for one in declared.triggers if one.id == met.trigger)
        window = min(window_for(hold), met.since - begun[Stage.DETECT])
        asked += (window + hold + declared.sustain.time).seconds
    total = (journal.entries[-1].at - journal.entries[0].at).seconds
    return Cost(name, total, asked, stages)


def test_how_soon_a_sandbox_is_ready(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    took = []
    for _ in range(STARTS):
        begun = now()
        sandbox = open_sandbox(
            "embedded",
            load_system(TRACKTION),
            sandbox_id=new_id(),
            live={},
            standby={},
            run_id="bench",
            settings=settings,
            deadline=Deadline.after(settings.prepare),
        )
        took.append((now() - begun).seconds)
        sandbox.close(Deadline.after(settings.teardown))
    tell(
        capsys,
        f"tracktion on embedded, {len(os.sched_getaffinity(0))} cores, {STARTS} starts, ready after",
        f"  median  {against(sorted(took)[STARTS // 2], READY)}",
        f"  worst   {against(max(took), READY)}",
    )


def test_what_the_release_drills_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with state_folder() as state:
        begun = now()
        said = drill("run", "features/release", "--out", tmp_path, state=state, within=300)
        total = (now() - begun).seconds
    results = results_of(the_run(tmp_path))
    costs = [
        cost_of(name, read_journal(the_run(tmp_path) / result["drill_id"] / "journal.jsonl"))
        for name, result in results.items()
    ]
    tell(
        capsys,
        f"{'drill':<40}{'verdict':<10}{'total':>9}{'asked for':>12}   overhead",
        *(
            f"{one.name:<40}{results[one.name]['verdict']:<10}{one.total:7.2f} s{one.asked:10.2f} s   "
            f"{against(one.overhead, OVERHEAD)}\n    "
            + ", ".join(f"{stage} {took:.2f}" for stage, took in one.stages.items())
            for one in costs
        ),
        f"{f'the command, exit {said.code}':<71}   {against(total, TOTAL)}",
        f"load of the machine at the end: {os.getloadavg()[0]:.1f}",
    )
