"""Real drills of the echo system by every procedure within a slot, and of releases that nobody waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import Unavailable
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.undo import Deploy
from harness.settings import Settings
from tests.support import drills
from tests.support.commands import ECHO, drill
from tests.support.drills import conduct_here, drill_of, records_of, results_of, the_run
from tests.support.sandboxes import state_folder

DOWN = "And a rollback is called for when echo is down for 1 s"
IN_PLACE = "When echo is updated in place to 2.0.0"
TRAFFIC = drills.REACTION[3]


def reaction(*rolled_back: str) -> tuple[str, ...]:
    """As in all drills of echo, but for how it is rolled back."""
    before, after = drills.REACTION[:3], drills.REACTION[4:]
    return (*before, *rolled_back, *after)


BY_REVISION = (drills.LIVE, drills.STEADY, drills.TRIGGER, IN_PLACE)
SCENARIOS = {
    "by_its_revision": (*BY_REVISION, *reaction("And echo is rolled back to 1.0.0 by its revision within 10 s")),
    "batch_by_batch": (*BY_REVISION, *reaction("And echo is rolled back to 1.0.0 batch by batch within 10 s")),
    "it_ends_at_its_start": (
        *(drills.LIVE, drills.STEADY, DOWN, "When echo is released as broken without waiting for it"),
        *reaction(TRAFFIC),
    ),
    "it_is_never_ready": (
        *(drills.LIVE, drills.STEADY, DOWN, "When echo is released as unready without waiting for it"),
        *reaction(TRAFFIC),
    ),
    "nothing_serves": (
        *(drills.LIVE, drills.STEADY, DOWN, "When echo crashes and stays down"),
        *reaction(
            "And echo is to be rolled back to 1.0.0 batch by batch",
            "But the rollback is refused because no replica is ready",
        ),
    ),
    "no_standby": (
        *BY_REVISION,
        *reaction(TRAFFIC, "But the rollback is refused because the standby cannot take over"),
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The exit code of one run of all of them, and its folder."""
    folder = tmp_path_factory.mktemp("procedures")
    path = drills.feature_file(folder, **SCENARIOS)
    with state_folder() as state:
        said = drill("run", path, "--system", ECHO, "--out", folder / "out", state=state, within=180)
        yield said.code, the_run(folder / "out")


def result(run: tuple[int, Path], name: str) -> dict[str, Any]:
    return results_of(run[1])[name.replace("_", " ")]


def test_every_drill_ends_as_its_scenario_says(run: tuple[int, Path]) -> None:
    every = results_of(run[1])
    ended = {name: (one["verdict"], one["reason"]) for name, one in every.items() if not one["as_expected"]}
    assert (ended, run[0]) == ({}, 0)


@pytest.mark.parametrize(
    ("name", "procedure", "phases"),
    [
        ("by_its_revision", "service", ["check", "check", "change", "verify"]),
        ("batch_by_batch", "rolling", ["check", "check", "change", "verify"]),
        ("it_ends_at_its_start", "traffic", ["check", "change", "verify", "afterwards"]),
        ("it_is_never_ready", "traffic", ["check", "change", "verify", "afterwards"]),
    ],
)
def test_a_procedure_does_every_step_of_its_plan(
    run: tuple[int, Path], name: str, procedure: str, phases: list[str]
) -> None:
    plan = result(run, name)["plan"]
    assert (plan["procedure"], plan["outcome"]) == (procedure, "done")
    assert [(step["phase"], step["outcome"]) for step in plan["steps"]] == [(phase, "done") for phase in phases]


def test_where_no_revisions_are_kept_a_rolling_rollback_says_that_it_goes_all_at_once(run: tuple[int, Path]) -> None:
    change = next(step for step in result(run, "batch_by_batch")["plan"]["steps"] if step["phase"] == "change")
    assert "all its replicas started at once (full surge)" in change["detail"]


@pytest.mark.parametrize(
    ("name", "cause", "why"),
    [
        ("nothing_serves", Cause.REFUSED_NOT_READY, "0 of 2 replicas of 1.0.0 are ready"),
        ("no_standby", Cause.REFUSED_STANDBY, "nothing runs there"),
    ],
)
def test_a_rollback_that_is_refused_has_a_reason_and_changed_nothing(
    run: tuple[int, Path], name: str, cause: Cause, why: str
) -> None:
    found = result(run, name)
    assert (found["verdict"], found["cause"], found["expected_cause"]) == ("missed", cause.value, cause.value)
    assert why in found["reason"]
    records = records_of(run[1] / found["drill_id"])
    [planned] = [one for one in records if isinstance(one, r.Planned)]
    phases = {step.id: step.phase for step in planned.steps}
    assert {phases[one.step] for one in records if isinstance(one, r.StepEnded)} == {"check"}


def test_a_release_in_place_is_taken_back_by_the_version_before(run: tuple[int, Path]) -> None:
    records = records_of(run[1] / result(run, "no_standby")["drill_id"])
    undone = [(one.undo, one.error) for one in records if isinstance(one, r.UndoDone)]
    assert undone == [(Deploy(service="echo", slot="blue", version="1.0.0"), "")]


@pytest.fixture
def settings() -> Iterator[Settings]:
    with state_folder() as state:
        yield Settings(state_dir=state)


@pytest.mark.parametrize(
    "fault",
    [
        ("When the upgrade of echo to 2.0.0 hangs in pending",),
        (IN_PLACE, "And the image of echo 1.0.0 is missing from the registry"),
    ],
)
def test_what_only_a_cluster_can_show_ends_a_drill_elsewhere_before_anything_is_broken(
    tmp_path: Path, settings: Settings, fault: tuple[str, ...]
) -> None:
    declared = drill_of(tmp_path, (drills.LIVE, drills.STEADY, drills.TRIGGER, *fault, *drills.REACTION))
    done = conduct_here(declared, tmp_path, settings)
    assert done.result
    assert done.result.verdict is Verdict.ABORTED
    assert "run this scenario with --sandbox kind" in done.result.reason
    assert not [one for one in records_of(tmp_path / declared.slug) if isinstance(one, r.UndoDone)]
    assert done.stopped is None or isinstance(done.stopped, Unavailable)
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir()] == []
