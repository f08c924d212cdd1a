"""Drill gc on this machine: what nobody owns is found by its mark, also without a folder; what lives is kept.

A dry run looks at the whole machine. What is removed is limited to what the test has made, for others may use it too.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clock import wait_for
from harness.drill.gc import collect
from harness.drill.watch.entries import make
from harness.journal.records import Stage
from harness.sandbox.common.process import Process, mark_of
from harness.sandbox.common.strays import strays
from harness.sandbox.embedded.binaries import accounts
from harness.settings import Settings
from harness.units import Duration
from tests.support.commands import REPOSITORY, drill
from tests.support.orders import order_of
from tests.support.running import LASTING, Running, nothing_is_left_within, running_drill
from tests.support.sandboxes import soon, state_folder

NO_DOCKER = "unix:///nowhere"
STRAY = "DRILL_SANDBOX=0bad0bad"


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as found:
        yield found


@contextmanager
def sleeping(mark: Mapping[str, str], user: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that bears a mark."""
    process = subprocess.Popen(["sleep", "600"], env={**os.environ, **mark}, user=user)
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
    gone = of_the_dead()
    with ExitStack() as all_of_them:
        stray, tool, own, other = (
            all_of_them.enter_context(sleeping(mark))
            for mark in ({"DRILL_SANDBOX": "0bad0bad"}, mark_of(gone), mark_of(Process.own()), {})
        )
        told = drill("gc", "--dry-run", state=state)
        assert f"would remove  process {stray.pid} (sleep): of sandbox 0bad0bad, whose daemon is gone" in told.out
        assert f"would remove  process {tool.pid} (sleep): called by the drill " in told.out
        assert f"kept  process {own.pid} (sleep): called by the drill " in told.out
        assert f" {other.pid} " not in told.out
        assert [one.poll() for one in (stray, tool, own, other)] == [None] * 4, "a dry run touches nothing"
        dead = next(f"{name}={label}" for name, label in mark_of(gone).items())
        server = all_of_them.enter_context(sleeping(mark_of(gone), user=next(iter(accounts()), None)))
        assert f"would remove  process {server.pid} (sleep)" in drill("gc", "--dry-run", state=state).out
        for among, number in ((STRAY, 1), (dead, 2)):
            done = strays(remove=True, among=among, accounts=accounts())
            assert [(one.kind, one.rubbish) for one in done] == [("process", True)] * number
        [kept] = strays(remove=True, among=next(f"{name}={label}" for name, label in mark_of(Process.own()).items()))
        assert not kept.rubbish
        assert [one.wait(10) for one in (stray, tool, server)] == [-signal.SIGKILL] * 3
        assert [one.poll() for one in (own, other)] == [None] * 2


def test_a_drill_that_lives_is_kept_whole_and_one_that_was_left_is_removed_whole(tmp_path: Path) -> None:
    with running_drill(tmp_path, LASTING) as running:
        running.reach(Stage.DETECT)
        name = running.status()[0]["sandbox_id"]
        told = drill("gc", "--dry-run", state=running.state)
        assert "kept  drill echo-one of run " in told.out
        assert f"kept  sandbox {name}: of echo, run " in told.out
        mark, settings = f"DRILL_SANDBOX={name}", Settings(state_dir=running.state)
        assert not any(one.rubbish for one in collect(settings, remove=True, among=mark).things)
        family, ports = running.family(), running.ports()
        _leave_all(running)
        told = drill("gc", "--dry-run", state=running.state)
        assert "would remove  drill echo-one of run " in told.out
        assert f"would remove  sandbox {name}: " in told.out
        assert (running.state / name).is_dir()
        done = collect(settings, remove=True, among=mark)
        assert done.problems == ()
        assert ("drill", True) in {(one.kind, one.rubbish) for one in done.things}, "and with it goes its sandbox"
        shutil.rmtree(running.state / ".kind", ignore_errors=True)  # how a cluster is reached, where there is one
        nothing_is_left_within(running, family, ports, 10)


def test_beside_somebody_who_takes_a_drill_back_nothing_is_removed(state: Path, tmp_path: Path) -> None:
    gone, settings = of_the_dead(), replace(Settings(state_dir=state), heal=Duration.of(ms=100))
    berth = make(state, order_of(settings, tmp_path).model_copy(update={"drill": gone}))
    at_it = "import sys; from pathlib import Path; from harness.drill.watch.berth import Berth; "
    at_it += "held = Berth(Path(sys.argv[1])).try_lock(); print(held, flush=True); input()"
    command = [sys.executable, "-c", at_it, str(berth.path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watchdog:
        assert watchdog.stdout is not None
        watchdog.stdout.readline()
        with sleeping(mark_of(gone)) as tool:
            done = collect(settings, remove=True, among=next(f"{name}={one}" for name, one in mark_of(gone).items()))
            assert tool.poll() is None
            dry = drill("gc", "--dry-run", state=state)
        watchdog.kill()
    assert [(one.kind, one.why) for one in done.things] == [("drill", "being taken back")]
    told = f"one of run run (process {watchdog.pid}): being taken back; what else is left "
    assert done.problems[-1].startswith(told)
    assert told in dry.err
    assert "would remove" not in dry.out, "it tells what would be done"


def _leave_all(running: Running) -> None:
    """Kills whoever could take the drill back."""
    watchdog, daemon = running.watchdog, running.part("harness.sandbox.embedded.daemon")
    for one in (watchdog, daemon):
        one.kill()
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not daemon.is_running(), soon(), "the end of the daemon")


def test_where_docker_does_not_answer_the_rest_is_looked_at_and_it_is_told(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state / ".kind").mkdir()
    monkeypatch.setenv("DOCKER_HOST", NO_DOCKER)
    with sleeping({"DRILL_SANDBOX": "0bad0bad"}) as stray:
        done = collect(Settings(state_dir=state), remove=True, among=STRAY)
        assert stray.wait(10) == -signal.SIGKILL
    assert done.problems
    assert done.problems[0].startswith("Docker cannot be reached at /nowhere: No such file or directory")
    assert drill("gc", "--dry-run", state=state, extra={"DOCKER_HOST": NO_DOCKER}).code == 75


def test_by_its_command_line_all_that_nobody_owns_is_gone_and_what_lives_goes_on(tmp_path: Path) -> None:
    own = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    who = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    first = ["sh", "-c", '"$@"; exit $?', "sh"]  # its first process has to take leave of those that nobody else does
    done = subprocess.run(
        [*own, *who, *first, sys.executable, "-m", "tests.support.gc_alone", tmp_path],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
