"""A drill and its watchdog: whatever happens to either, everything is taken back; who may not act stops."""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import now, wait_for
from harness.drill.interrupt import ONE_WISH
from harness.drill.watch.survey import live_drills
from harness.journal import records as r
from harness.journal.account import read_accounts
from harness.journal.records import Stage
from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.units import Duration
from tests.support.commands import DRILL, ECHO, REPOSITORY, drill, environment
from tests.support.drills import records_of, results_of, the_run
from tests.support.running import (
    LASTING,
    WATCHING,
    Running,
    alive,
    nothing_is_left,
    nothing_is_left_within,
    running_drill,
)
from tests.support.sandboxes import soon

LIMIT = 30  # seconds, from the end of a drill to that of everything, on a busy machine; the kill matrix measures it


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A drill that does not end by itself."""
    with running_drill(tmp_path, LASTING) as found:
        yield found


@pytest.fixture
def short(tmp_path: Path) -> Iterator[Running]:
    """A drill that passes."""
    with running_drill(tmp_path) as found:
        yield found


def is_aborted(running: Running, reason: str) -> None:
    """The drill's result says that it was stopped, and why."""
    result = results_of(the_run(running.out))["one"]
    assert result["verdict"] == "aborted"
    assert reason in result["reason"]


def all_was_undone(running: Running) -> None:
    """The drill itself has carried out every undo that it had registered, and its journal is complete."""
    records = records_of(running.drill_folder)
    registered = [undo for one in records if isinstance(one, r.UndoRegistered) for undo in one.undo]
    assert registered
    assert {one.undo for one in records if isinstance(one, r.UndoDone) and not one.error} == set(registered)
    assert isinstance(records[-1], r.DrillEnded)


def test_a_drill_that_ends_well_takes_its_watchdog_along_and_leaves_no_account(short: Running) -> None:
    short.reach(Stage.STEADY_STATE)
    watchdog = short.watchdog
    assert os.getsid(watchdog.pid) == watchdog.pid, "no Ctrl-C and no end of a terminal reaches it"
    short.end()
    assert short.process.returncode == 0
    assert not alive([watchdog])
    assert read_accounts(short.drill_folder) == ()


@pytest.mark.parametrize("stage", [Stage.PREPARE, Stage.DETECT, Stage.RESTORE])
def test_a_killed_drill_is_taken_back_by_its_watchdog_which_leaves_an_account(short: Running, stage: Stage) -> None:
    running = short
    running.reach(stage)
    if stage is Stage.PREPARE:  # later there is one, and the drill may be at its end before all processes are looked at
        wait_for(running.has_watchdog, soon(), "the watchdog's start")
    running.process.send_signal(signal.SIGSTOP)  # for less than its lease
    family = running.family()
    ports = running.ports(family)
    running.process.kill()
    running.process.wait()
    nothing_is_left_within(running, family, ports, LIMIT)
    if stage is Stage.PREPARE:  # its watchdog may not have been told yet where the account goes
        return
    wait_for(lambda: read_accounts(running.drill_folder), soon(LIMIT), "the account")
    [account] = read_accounts(running.drill_folder)
    assert isinstance(account[0], r.TakenOver)
    assert (account[0].by, account[0].why) == ("watchdog", "the drill was killed")
    assert account[0].records == len(records_of(running.drill_folder))
    assert isinstance(account[-1], r.TakenBack)
    assert account[-1].left == ()
    drill("report", the_run(running.out), state=running.state)
    [told] = results_of(the_run(running.out))["one"]["taken_back"]
    assert (told["by"], told["why"], told["left"]) == ("watchdog", "the drill was killed", [])
    assert "Taken back by its watchdog" in (running.drill_folder / "report.html").read_text()


def test_a_suspended_drill_is_taken_back_and_stops_once_it_goes_on(running: Running) -> None:
    running.reach(Stage.DETECT)
    watchdog = running.watchdog
    family = [one for one in running.family() if one.pid != watchdog.pid]
    running.process.send_signal(signal.SIGSTOP)
    suspended = Process.of(running.process.pid)
    assert suspended is not None
    wait_for(lambda: suspended.suspended, soon(), "the drill to stand still")
    [told] = live_drills(Settings(state_dir=running.state))  # a command may take as long to start as the lease lasts
    assert (told.state, told.stage, told.watchdog) == ("suspended", Stage.DETECT, watchdog.pid)
    wait_for(lambda: not alive(family), soon(LIMIT), "the end of all that the drill had started")
    wait_for(lambda: len(read_accounts(running.drill_folder)) == 1, soon(LIMIT), "the account")
    assert alive([watchdog]), "the drill might act again, and nobody else would take that back"
    running.process.send_signal(signal.SIGCONT)
    _, err = running.end()
    assert running.process.returncode == 3, err
    reason = "the drill stood still: nothing was heard of it for 5 s, so its watchdog takes everything back"
    assert f"drill: stopping: {reason}" in err
    is_aborted(running, f"stopped by a guard: {reason}")
    nothing_is_left(running, [watchdog], set())
    assert isinstance(records_of(running.drill_folder)[-1], r.DrillEnded)
    assert not any(isinstance(one, r.Planned) for one in records_of(running.drill_folder))


def test_a_drill_that_was_suspended_while_it_restored_is_aborted(short: Running) -> None:
    short.reach(Stage.RESTORE)
    short.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: read_accounts(short.drill_folder), soon(LIMIT), "the account")
    short.process.send_signal(signal.SIGCONT)
    short.end()
    assert short.process.returncode == 3
    is_aborted(short, "stopped by a guard: the drill stood still: nothing was heard of it for 5 s")


def test_a_drill_that_is_suspended_for_less_than_its_lease_goes_on(short: Running) -> None:
    short.reach(Stage.STEADY_STATE)
    short.process.send_signal(signal.SIGSTOP)
    suspended = now()
    wait_for(lambda: now() - suspended > Duration.of(s=1), soon(), "a fifth of the lease")
    short.process.send_signal(signal.SIGCONT)
    short.end()
    assert read_accounts(short.drill_folder) == ()
    assert any(isinstance(one, r.RollbackEnded) for one in records_of(short.drill_folder))


def test_a_suspended_drill_that_is_killed_leaves_no_watchdog(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    running.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: read_accounts(running.drill_folder), soon(LIMIT), "the takeover")
    running.process.kill()
    running.process.wait()
    nothing_is_left_within(running, family, ports, LIMIT)


def test_a_drill_whose_watchdog_is_killed_stops_and_undoes_everything_itself(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    running.watchdog.kill()
    _, err = running.end()
    assert running.process.returncode == 3, err
    is_aborted(running, "stopped by a guard: its watchdog is gone, and nobody would take it back if it went on")
    all_was_undone(running)
    nothing_is_left(running, family, ports)


def test_a_drill_whose_watchdog_stands_still_stops_and_undoes_everything_itself(running: Running) -> None:
    running.reach(Stage.STEADY_STATE)
    family, ports = running.family(), running.ports()
    watchdog = running.watchdog
    watchdog.suspend()
    try:
        running.end()
    finally:
        watchdog.resume()
    assert running.process.returncode == 3
    is_aborted(running, "stopped by a guard: its watchdog does not answer")
    nothing_is_left_within(running, family, ports, LIMIT)


def test_a_person_who_does_not_want_to_wait_leaves_the_rest_to_the_watchdog(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    watchdog = running.watchdog
    running.part("harness.sandbox.embedded.daemon").suspend()  # so that the end of the sandbox takes a while
    running.process.send_signal(signal.SIGINT)
    running.reach(Stage.RESTORE)
    first = now()  # by now it has met the first one
    wait_for(lambda: now() - first > ONE_WISH, soon(), "the time in which two signals are one wish")
    running.process.send_signal(signal.SIGINT)
    second = now()
    _, err = running.end()
    assert now() - second < Duration.of(s=5), "at once"
    assert running.process.returncode == 3, err
    assert "drill: stopping: the fault is taken back, and the sandbox is ended; the same once more leaves that" in err
    assert f"drill: left to the watchdog, process {watchdog.pid}: it takes everything back" in err
    assert "Traceback" not in err
    nothing_is_left_within(running, family, ports, LIMIT)
    assert drill("report", the_run(running.out), state=running.state).code == 3
    is_aborted(running, "stopped by a person: interrupted")


@pytest.mark.parametrize("signals", [1, 2])
def test_a_drill_whose_watchdog_is_lost_while_it_restores_does_the_rest_itself(running: Running, signals: int) -> None:
    """The loss is not taken for a second signal, and a second signal does not leave the rest to nobody."""
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    watchdog, daemon = running.watchdog, running.part("harness.sandbox.embedded.daemon")
    daemon.suspend()  # so that the end of the sandbox takes a while
    running.process.send_signal(signal.SIGINT)
    first = now()
    running.reach(Stage.RESTORE)
    watchdog.kill()
    wait_for(lambda: now() - first > ONE_WISH + ONE_WISH, soon(), "the time in which two signals are one wish")
    if signals > 1:
        running.process.send_signal(signal.SIGINT)
    daemon.resume()
    _, err = running.end()
    assert running.process.returncode == 3, err
    assert "left to the watchdog" not in err
    assert err.splitlines()[-1] == "drill: interrupted; what was begun has been undone"
    is_aborted(running, "stopped by a person: interrupted")
    all_was_undone(running)
    nothing_is_left(running, family, ports)


def test_signals_at_the_same_moment_are_one_wish(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    for _ in range(3):
        running.process.send_signal(signal.SIGINT)
    _, err = running.end()
    assert "left to the watchdog" not in err
    assert err.splitlines()[-1] == "drill: interrupted; what was begun has been undone"
    all_was_undone(running)
    nothing_is_left(running, family, ports)


def test_a_drill_whose_terminal_is_closed_undoes_everything(tmp_path: Path) -> None:
    with running_drill(tmp_path, LASTING) as other:  # for its feature file and its state folder
        other.process.kill()
        other.process.communicate()
        terminal, end = pty.openpty()
        process = subprocess.Popen(
            [
                "setsid",
                "--ctty",
                "--wait",
                *DRILL,
                "run",
                tmp_path / "echo.feature",
                "--system",
                ECHO,
                "--out",
                tmp_path / "2",
            ],
            cwd=REPOSITORY,
            env=environment(other.state),
            stdin=end,
            stdout=end,
            stderr=end,
            text=True,
        )
        os.close(end)
        running = Running(process, tmp_path / "2", other.state)
        try:
            running.reach(Stage.DETECT)
            family, ports = running.family(), running.ports()
            os.close(terminal)
            process.wait(40)
        finally:
            process.kill()
            process.wait()
        nothing_is_left_within(running, family, ports, LIMIT)
        is_aborted(running, "stopped by a person: interrupted")
        all_was_undone(running)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Running]:
    """A drill that watches its trigger for a minute before it decides."""
    with running_drill(tmp_path, WATCHING) as found:
        yield found


def test_a_journal_that_can_grow_no_more_stops_the_drill_before_its_next_act(watching: Running) -> None:
    running = watching
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    size = (running.drill_folder / "journal.jsonl").stat().st_size
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    _, err = running.end()
    own, _, _ = err.partition("Exception ignored in atexit callback")  # coverage finds no room for its data either
    assert "Traceback" not in own
    assert running.process.returncode not in (0, 1, 2)
    nothing_is_left_within(running, family, ports, LIMIT)
    records = records_of(running.drill_folder)
    assert not any(isinstance(one, (r.Decided, r.Planned, r.RollbackStarted)) for one in records)
    assert drill("report", the_run(running.out), state=running.state).code == 3
    assert results_of(the_run(running.out))["one"]["verdict"] == "aborted"


def test_a_drill_that_found_no_room_for_a_moment_stops_although_there_is_room_again(running: Running) -> None:
    running.reach(Stage.STEADY_STATE)
    family, ports, observer = running.family(), running.ports(), running.part("harness.observe.worker")
    drill_process = running.process.pid
    size = (running.drill_folder / "journal.jsonl").stat().st_size
    before = resource.prlimit(drill_process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    wait_for(lambda: not alive([observer]), soon(), "a record that could not be written")
    resource.prlimit(drill_process, resource.RLIMIT_FSIZE, before)
    running.end()
    assert running.process.returncode == 3
    is_aborted(running, "stopped by an error: ")
    nothing_is_left(running, family, ports)


def test_the_kill_switch_stops_a_drill_and_lets_none_begin_while_it_is_there(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    switch = running.state / "stop"
    switch.touch()
    _, err = running.end()
    assert running.process.returncode == 3, err
    reason = f"the kill switch {switch} is there; no drill runs until it is removed"
    assert err.splitlines()[-1] == f"drill: stopped: {reason}"
    is_aborted(running, f"stopped by a guard: {reason}")
    all_was_undone(running)
    nothing_is_left(running, family, ports)
    feature = running.out.with_name("echo.feature")
    said = drill("run", feature, "--system", ECHO, "--out", running.out.with_name("next"), state=running.state)
    assert said.code == 3
    assert reason in said.out


def test_a_drill_is_seen_and_stopped_from_elsewhere(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    [told] = running.status()
    run = the_run(running.out).name
    assert (told["run_id"], told["drill"], told["state"]) == (run, "echo-one", "running")
    stages = ("detect", "decide", "roll back", "recover")
    assert told["stage"] in stages, "it goes on meanwhile"
    assert (told["pid"], told["watchdog"], told["sandbox"]) == (
        running.process.pid,
        running.watchdog.pid,
        "embedded",
    )
    assert (running.state / told["sandbox_id"]).is_dir()
    assert Path(told["folder"]) == running.drill_folder
    said = drill("status", state=running.state).out
    later = stages[stages.index(told["stage"]) :]
    assert any(f"{run}  echo-one  running  {stage} for " in said for stage in later), said
    aborted = drill("abort", run, state=running.state)
    assert aborted.code == 0, aborted
    assert aborted.out == f"run {run} is stopped, and everything is undone\n"
    nothing_is_left(running, family, ports)
    running.end()
    assert running.process.returncode == 3
    is_aborted(running, "stopped by a person: interrupted")
    assert drill("status", state=running.state).out == "no drill lives\n"


def test_a_suspended_drill_can_be_stopped_from_elsewhere(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    running.process.send_signal(signal.SIGSTOP)
    assert drill("abort", "echo-one", state=running.state).code == 0
    nothing_is_left(running, family, ports)
    running.end()
    assert running.process.returncode == 3


def test_a_run_that_does_not_live_cannot_be_stopped(tmp_path: Path) -> None:
    said = drill("abort", "yesterday", state=tmp_path)
    assert said.code == 66
    assert said.err == "drill: no run or drill 'yesterday' lives; there are none\n"


BETWEEN_TWO_DRILLS = """
import signal, sys
from pathlib import Path
from harness.drill.runs import living
with living(Path(sys.argv[1]), "20260701-100000-abc", "20260701-100000-abc"):
    print("between two drills", flush=True)
    signal.pause()
"""


def test_a_run_that_has_no_drill_at_the_moment_is_seen_and_stopped_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BETWEEN_TWO_DRILLS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, env=environment(tmp_path)) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.send_signal(signal.SIGSTOP)
        told = f"20260701-100000-abc  no drill at the moment  process {run.pid}\n"
        assert drill("status", state=tmp_path).out == told
        said = drill("abort", "20260701-100000-abc", state=tmp_path)
    assert (said.code, said.out) == (0, "run 20260701-100000-abc is stopped, and everything is undone\n")
    assert run.returncode == -signal.SIGTERM
    assert drill("status", state=tmp_path).out == "no drill lives\n", "it could not take its own note away"
