"""Which runs live, and which of them somebody means: also where drills run side by side in workers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.cli.live import named
from harness.drill.runs import LiveRun, Run, grouped, living, remove_dead, running
from harness.drill.watch.survey import LiveDrill
from harness.errors import CannotCreate, NotFound, UsageError
from harness.sandbox.common.process import Process


def run(run_id: str, whole: str = "", pid: int = 1) -> Run:
    return Run(run_id=run_id, whole=whole or run_id, process=Process(pid, 0, "boot", "drill"))


def drill(run_id: str, name: str) -> LiveDrill:
    return LiveDrill.model_validate(
        {
            "run_id": run_id, "drill": name, "name": name, "state": "running", "stage": None, "since": None, "pid": 7,
            "sandbox": "embedded", "sandbox_id": "d1", "watchdog": None, "folder": Path(name),
        }
    )  # fmt: skip


def told(runs: tuple[LiveRun, ...]) -> list[tuple[str, int | None, list[str]]]:
    return [(one.run_id, one.pid, [each.drill for each in one.drills]) for one in runs]


ALONE = (run("a", pid=5), run("w1", "b", 6), run("w2", "b", 7), run("b", pid=8), run("s1", "c", 9))
DRILLS = (drill("w1", "web"), drill("a", "web"), drill("w2", "echo"), drill("s1", "cache"), drill("gone", "db"))
LIVE = grouped(ALONE, DRILLS)


def test_drills_of_workers_and_shards_are_of_their_run_as_a_whole_and_others_of_their_own() -> None:
    assert told(LIVE) == [
        ("a", 5, ["web"]),
        ("b", 8, ["web", "echo"]),
        ("c", None, ["cache"]),
        ("gone", None, ["db"]),
    ]
    assert told(grouped((run("a", pid=5),), ())) == [("a", 5, [])]
    assert grouped((), ()) == ()


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("a", "a"),
        ("b", "b"),
        ("w1", "b"),
        ("echo", "b"),
        ("w1/web", "b"),
        ("b/web", "b"),
        ("a/web", "a"),
        ("cache", "c"),
        ("gone/db", "gone"),
    ],
)
def test_whoever_names_a_run_a_worker_or_a_drill_means_the_run_as_a_whole(name: str, whole: str) -> None:
    assert named(name, LIVE) == whole


def test_a_drill_of_several_runs_is_refused_with_the_runs_to_choose_from() -> None:
    with pytest.raises(UsageError, match="'web' is a drill of several runs that live; name one of them: a, b"):
        named("web", LIVE)


@pytest.mark.parametrize("name", ["", "x", "a/echo", "b/", "we"])
def test_what_no_run_is_called_is_told_with_the_runs_that_live(name: str) -> None:
    with pytest.raises(NotFound, match=f"no run or drill '{name}' lives; there are a, b, c, gone"):
        named(name, LIVE)


def test_a_run_is_known_from_its_begin_to_its_end_and_one_whose_process_died_is_not(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert running(state) == ()
    with living(state, "one", "whole"):
        with living(state, "two", "two"):
            assert [(one.run_id, one.whole) for one in running(state)] == [("one", "whole"), ("two", "two")]
            assert {one.process for one in running(state)} == {Process.own("drill")}
        assert [one.run_id for one in running(state)] == ["one"]
    assert list(state.iterdir()) == []
    with subprocess.Popen(["true"]) as short:
        dead = Process.of(short.pid, "drill", dead_too=True)
    assert dead is not None
    (state / ".run-dead").write_text(Run(run_id="dead", whole="dead", process=dead).model_dump_json())
    (state / ".run-other").write_text("{}")
    assert running(state) == ()
    with living(state, "next", "next"):
        remove_dead(state)
        assert sorted(one.name for one in state.iterdir()) == [".run-next", ".run-other"], "it is not ours to judge"


def test_a_state_folder_that_cannot_be_used_begins_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CannotCreate, match="cannot be used as a state folder"),
        living(tmp_path / "file", "a", "a"),
    ):
        pass
