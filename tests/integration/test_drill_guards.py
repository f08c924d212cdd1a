"""Guards on real drills: what they refuse is not touched, and what they stop is taken back, whatever it was doing."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.drill.guards.rules import Said
from harness.drill.spec import Drill
from harness.faults.model import Scene
from harness.faults.reach import Serving
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.undo import ClearNetwork, Undo
from harness.rollback.triggers import ErrorRate
from harness.settings import Settings
from harness.system.values import Replica
from harness.units import Duration
from harness.verdict.result import Result
from tests.support import drills
from tests.support.commands import ECHO, drill, environment
from tests.support.drills import conduct_here, drill_of, records_of, results_of, the_run
from tests.support.sandboxes import state_folder

CLUSTER = """
[cluster]
context = "prod-eu"
namespace = "audio"
host = "127.0.0.1"
"""
ALLOWED = """
[guards]
share = "100 %"
[[guards.allow]]
context = "prod-eu"
namespace = "audio"
"""


def system(folder: Path, more: str, *, place: str = "test") -> Path:
    """The echo system with more said of it."""
    home = folder / "system"
    shutil.copytree(ECHO.parent, home)
    path = home / "drill.toml"
    text = path.read_text(encoding="utf-8").replace('name = "echo"', f'name = "echo"\nenvironment = "{place}"')
    path.write_text(text + more, encoding="utf-8")
    return path


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


# What a guard refuses


@pytest.mark.alone
def test_every_scenario_about_a_guard_ends_by_that_guard_and_leaves_nothing(tmp_path: Path, state: Path) -> None:
    said = drill("run", "features/safety", "--out", tmp_path, state=state, within=240)
    assert said.code == 0, said.out + said.err
    found = results_of(the_run(tmp_path))
    assert {one["cause"] for one in found.values()} == {
        None,
        *(cause.value for cause in Cause if cause.name.startswith("GUARD_")),
    }
    assert {one["verdict"] for one in found.values()} == {"aborted", "passed"}
    assert [path.name for path in state.iterdir() if path.is_dir() and not path.name.startswith(".")] == []


def test_a_cluster_that_is_not_on_the_allow_list_is_not_even_looked_at(tmp_path: Path, state: Path) -> None:
    """There is no kubeconfig: who read it would end with an error."""
    path = drills.feature_file(tmp_path, one=drills.PASSING, two=drills.NOTHING)
    at = system(tmp_path, CLUSTER)
    nowhere = {"KUBECONFIG": "/nowhere"}
    command = ("run", path, "--system", at, "--sandbox", "cluster", "--out", tmp_path / "out")
    said = drill(*command, state=state, extra=nowhere)
    assert said.code == 3, said.err
    results = results_of(the_run(tmp_path / "out"))
    for one in results.values():
        assert (one["verdict"], one["cause"]) == ("aborted", "guard-place")
        assert "namespace audio of context prod-eu is not on the allow list; add [[guards.allow]]" in one["reason"]
        refused = [guard["guard"] for guard in one["guards"] if guard["answer"] == "refused"]
        assert refused[0] == "place"
        assert one["stages"] == []
    told = records_of(next((tmp_path / "out").glob("*/*one*")))
    assert [one.kind for one in told] == ["drill.declared", "clock", "stopped", "drill.ended"]


def test_on_a_cluster_a_fault_hits_no_more_than_half_of_a_service_unless_drill_toml_says_so(
    tmp_path: Path, state: Path
) -> None:
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    at = system(tmp_path, CLUSTER + ALLOWED.replace('share = "100 %"', ""))
    said = drill("run", path, "--system", at, "--sandbox", "cluster", "--dry-run", state=state)
    assert (
        "would refuse: its fault hits at most 50 % of the replicas that serve a service: it would hit 2 of 2 of echo"
        in said.out
    )
    assert "allowed: on a cluster it runs only in namespace audio of context prod-eu" in said.out
    assert "allowed: it is stopped by this: error rate of echo above 50 % for 30 s" in said.out


@pytest.mark.parametrize("typed", [(), ("--confirm", "prod"), ("--confirm", "")])
def test_production_is_not_touched_until_its_context_is_typed(
    tmp_path: Path, state: Path, typed: tuple[str, ...]
) -> None:
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    at = system(tmp_path, CLUSTER + ALLOWED, place="production")
    command = ("run", path, "--system", at, "--sandbox", "cluster", "--out", tmp_path / "out")
    said = drill(*command, *typed, state=state, extra={"KUBECONFIG": "/nowhere"})
    assert said.code == 64
    assert "type --confirm prod-eu to break production there, or set DRILL_CONFIRM=prod-eu for pytest" in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("by", ["option", "variable"])
def test_who_names_the_context_of_production_goes_on(tmp_path: Path, state: Path, by: str) -> None:
    """As far as to the kubeconfig, which is not there, or to Helm, which it may lack."""
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    at = system(tmp_path, CLUSTER + ALLOWED, place="production")
    command = ("run", path, "--system", at, "--sandbox", "cluster", "--out", tmp_path / "out")
    typed = ("--confirm", "prod-eu") if by == "option" else ()
    extra = {"KUBECONFIG": "/nowhere", **({"DRILL_CONFIRM": "prod-eu"} if by == "variable" else {})}
    said = drill(*command, *typed, state=state, extra=extra)
    assert said.code == 69
    assert "confirm" not in said.err


def test_pytest_does_not_touch_production_either(tmp_path: Path, state: Path) -> None:
    (tmp_path / "features").mkdir()
    path = drills.feature_file(tmp_path / "features", one=drills.PASSING)
    at = system(tmp_path, CLUSTER + ALLOWED, place="production")
    options = (
        "--rootdir",
        tmp_path,
        "--drill-system",
        at,
        "--drill-sandbox",
        "cluster",
        "--drill-out",
        tmp_path / "out",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, options), str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=environment(state, {"KUBECONFIG": "/nowhere"}),
    )
    assert done.returncode == 1
    assert "type --confirm prod-eu to break production there, or set DRILL_CONFIRM=prod-eu" in done.stdout
    assert not (tmp_path / "out").exists()


def test_in_a_sandbox_of_its_own_production_is_a_copy_and_needs_no_word(tmp_path: Path, state: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    at = system(tmp_path, "", place="production")
    said = drill("run", path, "--system", at, "--dry-run", state=state)
    assert "no limit: nobody has to confirm it: the environment is production" in said.out
    assert "would refuse" not in said.out


# What a guard stops


def blocked() -> None:
    """Waits in the kernel for what never comes; a minute is for ever here."""
    reader, writer = os.pipe()
    try:
        select.select([reader], [], [], 60)
    finally:
        os.close(reader)
        os.close(writer)


@dataclass(frozen=True)
class Hangs:
    """A fault whose injection never returns."""

    service: str = "echo"
    title: str = "something hangs"
    effect: str = "clients wait"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        slot = scene.system.router.active(self.service)
        return (ClearNetwork(service=self.service, slot=slot.value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - a Fault
        blocked()

    def hits(self, serving: Serving) -> frozenset[Replica]:
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:  # noqa: ARG002 - likewise
        return ""


@pytest.fixture
def settings(state: Path) -> Settings:
    return Settings(state_dir=state, settle=Duration.of(s=2))


def conducted(declared: Drill, folder: Path, settings: Settings) -> Result:
    done = conduct_here(declared, folder, settings)
    assert done.stopped is None, "the drills that come after it go on"
    assert done.result
    assert done.result.verdict is Verdict.ABORTED
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir() and path.name[0] != "."] == []
    return done.result


def test_a_drill_whose_time_is_over_is_stopped_though_its_fault_hangs(tmp_path: Path, settings: Settings) -> None:
    declared = drill_of(tmp_path, drills.PASSING)
    declared = replace(declared, fault=Hangs(), guards=Said(duration=Duration.of(s=12)))
    result = conducted(declared, tmp_path, settings)
    assert (result.cause, result.took < 60) == (Cause.GUARD_DURATION, True)
    assert result.reason == "stopped by a guard: it took longer than 12 s"
    assert [guard.detail for guard in result.guards if guard.answer == "stopped"] == ["it took longer than 12 s"]
    undone = [one.error for one in records_of(tmp_path / declared.slug) if isinstance(one, r.UndoDone)]
    assert undone == [""], "what may be half there is taken back"


def test_clients_are_watched_also_while_a_rollback_hangs(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object, **__: object) -> None:
        blocked()

    monkeypatch.setattr("harness.rollback.engine.Engine.run", hang)
    condition = ErrorRate("echo", 0.05, Duration.of(s=6))
    declared = replace(drill_of(tmp_path, drills.PASSING), guards=Said(stops=(condition,)))
    result = conducted(declared, tmp_path, settings)
    assert result.cause is Cause.GUARD_ABORT_CONDITION
    assert result.reason.startswith("stopped by a guard: error rate of echo above 5 % for 6 s: ")
    assert [stage.name for stage in result.stages][-2:] == ["roll back", "restore"]
    assert result.fault.undone


def test_a_target_that_shrank_since_it_was_declared_is_found_right_before_the_fault(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the service serves any more when the fault comes."""
    monkeypatch.setattr("harness.drill.guards.duty.serving_now", lambda _: Serving(frozenset()))
    declared = drill_of(tmp_path, drills.PASSING)
    result = conducted(declared, tmp_path, settings)
    assert result.cause is Cause.GUARD_TARGET
    kinds = [one.kind for one in records_of(tmp_path / declared.slug)]
    assert "undo.registered" not in kinds
    assert "fault.moved" not in kinds
