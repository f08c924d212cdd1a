"""What drills cost beyond what they promise to wait for: printed, never asserted on.

Targets of the first issue, on 2 cores: sandbox ready in 3 s, 3 s a drill beyond its windows and hold times, 60 s for
all release drills together.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.bdd.collect import collect_drills
from harness.clock import Deadline, now
from harness.drill.sandboxes import open_sandbox
from harness.drill.spec import Drill
from harness.journal import records as r
from harness.settings import Settings
from harness.system.load import load_system
from harness.units import Duration, Instant
from tests.support.commands import REPOSITORY
from tests.support.drills import conduct_here, records_of
from tests.support.sandboxes import TRACKTION, state_folder

pytestmark = pytest.mark.benchmark

READY, OVERHEAD, TOTAL = 3.0, 3.0, 60.0  # seconds
STARTS = 5


@dataclass(frozen=True)
class Cost:
    """One drill: how long it took, and how much of that the scenario asks for."""

    name: str
    verdict: str
    total: float
    asked: float

    @property
    def overhead(self) -> float:
        """Sandbox, fault, decision, rollback, reading, judging, taking down."""
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


def asked_for(drill: Drill, records: tuple[r.Record, ...]) -> float:
    """What the scenario makes a drill wait: its steady window, the hold of the trigger that was met, the sustain.

    A control that waits for an effect that never comes waits for the limit of the effect instead of hold and sustain.
    """
    asked = drill.limits.steady_window
    met = next((one for one in records if isinstance(one, r.TriggerMet)), None)
    if met is None:
        return (asked + drill.limits.effect).seconds
    return (asked + drill.triggers[int(met.trigger)].trigger.hold + drill.sustain.time).seconds


def test_how_soon_a_sandbox_is_ready(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    took = []
    for _ in range(STARTS):
        begun = now()
        sandbox = open_sandbox(
            "embedded",
            load_system(TRACKTION),
            live={},
            standby={},
            run_id="bench",
            state_dir=settings.state_dir,
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


def test_what_the_release_drills_cost(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    costs = []
    begun = time.monotonic()
    for drill in collect_drills([REPOSITORY / "features/release"], system=None, tags=None):
        start: Instant = now()
        done = conduct_here(drill, tmp_path, settings)
        took: Duration = now() - start
        asked = asked_for(drill, records_of(tmp_path / drill.slug))
        costs.append(Cost(drill.name, done.result.verdict if done.result else "none", took.seconds, asked))
    total = time.monotonic() - begun
    tell(
        capsys,
        f"{'drill':<40}{'verdict':<10}{'total':>9}{'asked for':>12}   overhead",
        *(
            f"{one.name:<40}{one.verdict:<10}{one.total:7.2f} s{one.asked:10.2f} s   {against(one.overhead, OVERHEAD)}"
            for one in costs
        ),
        f"{'all of them':<71}   {against(total, TOTAL)}",
        f"load of the machine at the end: {os.getloadavg()[0]:.1f}",
    )
