"""Drill gc on this machine: what nobody owns is found by its mark, also without a folder; what lives is kept.

It looks at the whole machine, so nothing else may be taken down meanwhile.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.clock import wait_for
from harness.journal.records import Stage
from harness.sandbox.common.process import Process, mark_of
from tests.support.commands import drill
from tests.support.running import Running, nothing_is_left, running_drill
from tests.support.sandboxes import soon, state_folder

pytestmark = pytest.mark.alone
NO_DOCKER = {"PATH": "/usr/bin:/bin", "DOCKER_HOST": "unix:///nowhere"}


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as found:
        yield found


@contextmanager
def sleeping(mark: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that bears a mark."""
    process = subprocess.Popen(["sleep", "600"], env={**os.environ, **mark})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def of_the_dead() -> Process:
    """A process that has ended."""
    process = subprocess.Popen(["sleep", "600"])
    found = Process.of(process.pid)
    process.kill()
    process.wait()
    assert found is not None
    return found


def test_processes_without_an_owner_are_killed_and_those_of_the_living_are_kept(state: Path) -> None:
    with ExitStack() as all_of_them:
        stray, tool, own, other = (
            all_of_them.enter_context(sleeping(mark))
            for mark in ({"DRILL_SANDBOX": "0bad0bad"}, mark_of(of_the_dead()), mark_of(Process.own()), {})
        )
        told = drill("gc", "--dry-run", state=state)
        assert f"would remove  process {stray.pid} (sleep): of sandbox 0bad0bad, whose daemon is gone" in told.out
        assert f"would remove  process {tool.pid} (sleep): called by the drill " in told.out
        assert f"kept  process {own.pid} (sleep): called by the drill " in told.out
        assert f" {other.pid} " not in told.out
        assert [one.poll() for one in (stray, tool, own, other)] == [None] * 4, "a dry run touches nothing"
        done = drill("gc", state=state)
        assert f"removed  process {stray.pid} (sleep)" in done.out
        assert [one.wait(10) for one in (stray, tool)] == [-signal.SIGKILL] * 2
        assert [one.poll() for one in (own, other)] == [None] * 2


def test_a_drill_that_lives_is_kept_whole_and_one_that_was_left_is_removed_whole(tmp_path: Path) -> None:
    with running_drill(tmp_path) as running:
        running.reach(Stage.STEADY_STATE)
        name = running.status()[0]["sandbox_id"]
        for options in (("--dry-run",), ()):
            said = drill("gc", *options, state=running.state)
            assert said.code == 0, said
            assert "kept  drill echo-one of run " in said.out
            assert f"kept  sandbox {name}: of echo, run " in said.out
        running.reach(Stage.DETECT)
        _leave_all(running)
        family, ports = running.family(), running.ports()
        told = drill("gc", "--dry-run", state=running.state)
        assert "would remove  drill echo-one of run " in told.out
        assert f"would remove  sandbox {name}: " in told.out
        assert (running.state / name).is_dir()
        done = drill("gc", state=running.state)
        assert done.code == 0, done
        assert f"removed  sandbox {name}: " in done.out
        nothing_is_left(running, family, ports)


def _leave_all(running: Running) -> None:
    """Kills whoever could take the drill back."""
    watchdog, daemon = running.watchdog, running.part("harness.sandbox.embedded.daemon")
    for one in (watchdog, daemon):
        one.kill()
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not daemon.is_running(), soon(), "the end of the daemon")


def test_where_docker_does_not_answer_the_rest_is_looked_at_and_it_is_told(state: Path) -> None:
    (state / ".kind").mkdir()
    with sleeping({"DRILL_SANDBOX": "0bad0bad"}) as stray:
        said = drill("gc", state=state, extra=NO_DOCKER)
        assert stray.wait(10) == -signal.SIGKILL
    assert said.code == 75
    assert "drill: Docker cannot be reached at /nowhere: No such file or directory" in said.err
