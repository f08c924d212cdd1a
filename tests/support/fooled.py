"""What tests that try to fool a drill share: rollbacks that lie, clients that go elsewhere, and how it all ends."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.clock import Deadline, now
from harness.drill.spec import Drill
from harness.faults.catalogue import BadRelease
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import ClearNetwork, Undo
from harness.observe.plan import ObservationPlan
from harness.rollback.engine import Engine, Outcome, Reporter, StepReport
from harness.rollback.plan import Plan, StepPhase
from harness.settings import Settings
from harness.system.ports import System
from harness.system.values import Slot
from harness.units import Duration
from harness.verdict.result import Result
from tests.support import drills
from tests.support.drills import conduct_here
from tests.support.sandboxes import state_folder

VALIDATED = "And every critical service is healthy 3 times in a row within 2 s"
"""A criterion that a system meets which does nothing of what it is there for."""
BAD_RELEASE = (drills.LIVE, drills.STEADY, drills.TRIGGER, drills.BAD_RELEASE, *drills.REACTION[:-1], VALIDATED)
"""A drill of the echo system that passes where nobody is fooled."""


def ends(drill: Drill, folder: Path) -> Result:
    """How a drill ends that is run here: with a result, and with nothing of it left."""
    with state_folder() as state:
        settings = Settings(state_dir=state, steady_state=Duration.of(s=1), settle=Duration.of(s=2))
        done = conduct_here(drill, folder, settings)
        assert done.stopped is None
        assert done.result
        assert [path.name for path in state.iterdir() if path.is_dir()] == []
    return done.result


def altered(folder: Path, system: Path, *edits: tuple[str, str]) -> Path:
    """The drill.toml of a copy of a system, with texts in it replaced."""
    copy = Path(shutil.copytree(system.parent, folder / system.parent.name)) / system.name
    text = copy.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    copy.write_text(text, encoding="utf-8")
    return copy


def becomes(system: Path, version: str, what: str) -> None:
    """From now on replicas of a release that start are like this, whatever it was before."""
    (system.parent / "config" / version / "echo.toml").write_text(what, encoding="utf-8")


def says_done(patch: pytest.MonkeyPatch, act: Callable[[System, Deadline], object] = lambda *_: None) -> None:
    """The rollback does only `act`, and says of every step of its plan that it was done."""

    def run(self: Engine, plan: Plan, reporter: Reporter, deadline: Deadline) -> Outcome:
        act(self._system, deadline)
        for step in plan.of_phase(StepPhase.CHECK, StepPhase.CHANGE, StepPhase.VERIFY):
            reporter.step_ended(StepReport(step=step, started=now(), completed=now(), error="", detail="well done"))
        return Outcome("done")

    patch.setattr(Engine, "run", run)


def observes(patch: pytest.MonkeyPatch, change: Callable[[ObservationPlan], ObservationPlan]) -> None:
    """The observer measures by another plan than the drill's."""
    of = ObservationPlan.of
    patch.setattr(ObservationPlan, "of", classmethod(lambda _cls, *args, **named: change(of(*args, **named))))


@dataclass(frozen=True)
class Also(BadRelease):
    """A bad release goes live, and then something else happens."""

    then: Callable[[Scene, Deadline], object] = lambda *_: None

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        super().inject(scene, undo, deadline)
        self.then(scene, deadline)


def and_then(drill: Drill, act: Callable[[Scene, Deadline], Any]) -> Drill:
    """The drill, after whose bad release something else happens."""
    fault = drill.fault
    assert isinstance(fault, BadRelease)
    return replace(drill, fault=Also(fault.service, fault.version, act))


@dataclass(frozen=True)
class SlowStandby:
    """Something breaks where no client is: the standby slot."""

    service: str = "echo"
    title: str = "answers of the standby slot become slow"
    effect: str = "clients wait longer"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        slot = scene.system.router.active(self.service).other
        return (ClearNetwork(service=self.service, slot=slot.value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - a Fault
        scene.system.network.delay(self.service, Slot(only(undo, ClearNetwork).slot), Duration.of(s=1))

    def hits(self, serving: Serving) -> None:
        """No replica that serves."""

    def seen(self, scene: Scene) -> str:
        health = scene.metrics.health(self.service, Duration.of(ms=500))
        return "slow" if health.p95 and health.p95 > Duration.of(ms=500) else ""
