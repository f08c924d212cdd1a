"""The drill's end of the line, with a real watchdog at the other: who may act, what it is told, how both end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from harness.clock import Deadline, wait_for
from harness.drill.interrupt import Halt, Halted
from harness.drill.watch import post as posts
from harness.drill.watch.berth import Berth
from harness.drill.watch.entries import entries, keep_undo, make
from harness.drill.watch.heal import heal_drills
from harness.drill.watch.order import Order
from harness.drill.watch.post import Post
from harness.drill.watch.survey import live_drills
from harness.drill.watch.switch import KillSwitch
from harness.errors import MayWorkLater, Unavailable
from harness.journal.account import read_accounts
from harness.journal.chain import JournalWriter
from harness.journal.records import SandboxEnded, TakenBack, TakenOver, UndoRegistered
from harness.journal.undo import RunCommand, Uncordon, undo_list_json
from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.units import Duration, Instant
from tests.support.commands import REPOSITORY
from tests.support.orders import order_of
from tests.support.sandboxes import echo, soon, state_folder

PASSED = Deadline(Instant(0))
UNDO = (Uncordon(node="node-1"),)


@pytest.fixture
def settings() -> Iterator[Settings]:
    with state_folder() as state:
        yield Settings(state_dir=state)


class Stops:
    """What the drill was told."""

    def __init__(self) -> None:
        self.told: list[Halt] = []

    def __call__(self, halt: Halt) -> None:
        self.told.append(halt)


@contextmanager
def posted(settings: Settings, folder: Path, stops: Stops | None = None) -> Iterator[Post]:
    """A post of this process; its watchdog is ended at the end."""
    found = Post(order_of(settings, folder), KillSwitch.of(settings, echo()), stops or Stops())
    try:
        yield found
    finally:
        found.leave()


def entry(settings: Settings) -> Berth:
    [found] = entries(settings.state_dir)
    return found


def test_a_drill_that_leaves_takes_its_watchdog_and_its_entry_along(settings: Settings, tmp_path: Path) -> None:
    with posted(settings, tmp_path) as post:
        post.check()
        watchdog = psutil.Process(post.pid)
        assert entry(settings).keeper() == (Process.of(post.pid) or Process.own()).label
        assert post.lost is None
    assert not watchdog.is_running()
    assert entries(settings.state_dir) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_watchdog_that_finds_another_one_at_its_drill_leaves_and_the_drill_must_not_act(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int | None] = []
    spawn = Post._spawn

    def taking(self: Post, given: Order, also: Mapping[str, str]) -> object:
        taken.append(entry(settings).try_lock())
        return spawn(self, given, also)

    monkeypatch.setattr(Post, "_spawn", taking)
    stops = Stops()
    with posted(settings, tmp_path, stops) as post:
        with pytest.raises(Halted, match="its watchdog is gone"):
            post.check()
        assert [one.by for one in stops.told] == ["guard"]
        with pytest.raises(Halted):
            post.hold(UNDO)
    [lock] = taken
    assert lock is not None
    os.close(lock)


def test_the_watchdog_has_a_copy_of_its_own_of_what_takes_the_fault_back(settings: Settings, tmp_path: Path) -> None:
    with posted(settings, tmp_path) as post:
        post.hold(UNDO)
        [left] = post.hand_over("a test", soon())
        assert "by hand: let pods start on node node-1 again: drill heal" in left
        [account] = read_accounts(tmp_path)
        kinds = [type(one) for one in account]
        assert kinds[0] is TakenOver
        assert kinds[-2:] == [SandboxEnded, TakenBack]
        assert entries(settings.state_dir), "the entry stays until nothing is left"


def test_what_is_handed_over_is_done_before_the_drill_goes_on(settings: Settings, tmp_path: Path) -> None:
    with posted(settings, tmp_path) as post:
        watchdog = psutil.Process(post.pid)
        assert post.hand_over("a test", soon()) == ()
        assert not watchdog.is_running()
        assert entries(settings.state_dir) == ()
        [account] = read_accounts(tmp_path)
        assert isinstance(account[0], TakenOver)
        assert (account[0].by, account[0].why) == ("watchdog", "a test")


def test_a_drill_that_hangs_beyond_the_end_of_its_stage_is_taken_back(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts, "OVERRUN", Duration(0))
    stops = Stops()
    with posted(settings, tmp_path, stops) as post:
        post.vouch_until(PASSED)
        wait_for(lambda: post.taken, soon(), "the end of its lease")
        with pytest.raises(Halted, match="nothing was heard of it for 5 s"):
            post.check()
        wait_for(lambda: read_accounts(tmp_path), soon(), "the account")
        assert psutil.pid_exists(post.pid), "it waits until the drill gives way"
        assert post.give_way(soon()) == ()
        assert len(read_accounts(tmp_path)) == 2
    assert [one.by for one in stops.told] == ["guard"]


def test_a_drill_that_leaves_as_its_lease_is_taken_must_give_way(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts, "OVERRUN", Duration(0))
    with posted(settings, tmp_path) as post:
        post.vouch_until(PASSED)
        wait_for(lambda: read_accounts(tmp_path), soon(), "the account")
        assert not post.leave()
        assert post.lost is not None, "so it cannot pass"
        assert post.give_way(soon()) == ()
        assert entries(settings.state_dir) == ()


def test_a_drill_of_another_version_is_shown_and_left_alone_while_it_lives(settings: Settings, tmp_path: Path) -> None:
    berth = make(settings.state_dir, order_of(settings, tmp_path))
    order = json.loads((berth.path / "order.json").read_text())
    (berth.path / "order.json").write_text(json.dumps({**order, "of_tomorrow": 1}))
    lock = berth.try_lock()  # its watchdog's, for whose end nobody waits
    assert lock is not None
    assert heal_drills(settings) == ()
    [shown] = live_drills(settings)
    assert (shown.state, shown.drill, shown.pid) == ("of another version", "one", os.getpid())
    os.close(lock)


def test_a_drill_does_not_begin_while_the_kill_switch_is_there(settings: Settings, tmp_path: Path) -> None:
    settings.kill_switch.touch()
    with pytest.raises(Halted, match=r"the kill switch .* is there") as halted, posted(settings, tmp_path):
        pass
    assert halted.value.halt.all_drills
    assert entries(settings.state_dir) == ()


def test_the_kill_switch_stops_a_drill_that_runs(settings: Settings, tmp_path: Path) -> None:
    stops = Stops()
    with posted(settings, tmp_path, stops):
        settings.kill_switch.touch()
        wait_for(lambda: stops.told, soon(), "that it is noticed")
        assert stops.told[0].all_drills


def test_a_watchdog_that_cannot_be_started_is_told_and_leaves_no_entry(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    with pytest.raises(Unavailable, match="the drill's watchdog cannot be started"), posted(settings, tmp_path):
        pass
    assert entries(settings.state_dir) == ()


def test_heal_leaves_a_drill_alone_that_lives(settings: Settings, tmp_path: Path) -> None:
    with posted(settings, tmp_path) as post:
        post.check()
        assert heal_drills(settings) == ()
        assert entries(settings.state_dir)


def test_heal_says_what_it_cannot_take_back_and_tries_it_again_the_next_time(
    settings: Settings, tmp_path: Path
) -> None:
    gone = Process(pid=1, started=0, boot="an earlier one")
    berth = make(settings.state_dir, order_of(settings, tmp_path).model_copy(update={"drill": gone}))
    keep_undo(berth, undo_list_json(UNDO))  # the drill's folder has been lost, with its journal
    for _ in range(2):
        with pytest.raises(MayWorkLater, match=r"drill one of run run: .*by hand: let pods start .*: drill heal"):
            heal_drills(settings)
    keep_undo(berth, undo_list_json(()))
    assert heal_drills(settings) == ("drill one of run run: taken back",)
    assert heal_drills(settings) == ()


DYING = """
import sys
from harness.clock import Deadline
from harness.faults.undo.registry import carry_out
from harness.journal.undo import RunCommand
from harness.marks import acting_for
from harness.sandbox.common.process import Process
from harness.units import Duration
from tests.support.memory import MemorySystem

with acting_for(sys.argv[1] if len(sys.argv) > 1 else Process.own().label):
    for script in ("sleep 600 & echo $! > service", "sleep 600 & echo $$ $! > own; sleep 600"):
        undo = RunCommand(command=("sh", "-c", script), folder=FOLDER)
        carry_out(undo, MemorySystem(), Deadline.after(Duration.of(s=60)))
"""


def test_who_takes_over_ends_the_undo_that_was_under_way_and_not_what_one_had_brought_back(
    settings: Settings, tmp_path: Path
) -> None:
    """Also where it was the drill's watchdog that was killed over it."""

    def killed_over_its_undo(*of: str) -> tuple[Process, list[int], int]:
        begun = tmp_path / "own"
        begun.unlink(missing_ok=True)
        code = DYING.replace("FOLDER", repr(str(tmp_path)))
        with subprocess.Popen([sys.executable, "-c", code, *of], cwd=REPOSITORY) as dying:
            known = Process.of(dying.pid)
            wait_for(lambda: begun.exists() and len(begun.read_text().split()) == 2, soon(), "an undo under way")
            dying.kill()
        assert known is not None
        return known, [int(one) for one in begun.read_text().split()], int((tmp_path / "service").read_text())

    drill, own, service = killed_over_its_undo()
    _, of_the_watchdog, another = killed_over_its_undo(drill.label)
    assert all(Process.of(pid) for pid in (*own, *of_the_watchdog)), "they run on beside whoever tries it again"
    make(settings.state_dir, order_of(settings, tmp_path).model_copy(update={"drill": drill}))
    try:
        assert heal_drills(settings) == ("drill one of run run: taken back",)
        wait_for(lambda: not any(map(Process.of, (*own, *of_the_watchdog))), soon(), "the end of what was killed")
        assert Process.of(service)
        assert Process.of(another)
    finally:
        for pid in (service, another):
            os.kill(pid, signal.SIGKILL)


def test_where_the_entry_lost_its_list_heal_takes_back_what_the_journal_tells_before_its_damage(
    settings: Settings, tmp_path: Path
) -> None:
    gone = Process(pid=1, started=0, boot="an earlier one")
    berth = make(settings.state_dir, order_of(settings, tmp_path).model_copy(update={"drill": gone}))
    (berth.path / "undo.json").write_text("[")
    journal = JournalWriter(tmp_path / "journal.jsonl")
    journal.append(UndoRegistered(fault="a file", undo=(RunCommand(command=("touch", "back"), folder=str(tmp_path)),)))
    journal.close()
    with journal.path.open("a") as file:
        file.write("damaged\n")
    with pytest.raises(MayWorkLater, match=r"not known for certain: .*journal\.jsonl:2: .*then: touch ") as told:
        heal_drills(settings)
    assert (tmp_path / "back").exists()
    Path(str(told.value).rpartition("touch ")[2]).touch()  # as a person does who has looked
    assert heal_drills(settings) == ("drill one of run run: taken back",)
    assert entries(settings.state_dir) == ()


def test_where_nothing_tells_what_a_drill_did_its_entry_stays_until_a_person_has_looked(
    settings: Settings, tmp_path: Path
) -> None:
    gone = Process(pid=1, started=0, boot="an earlier one")
    berth = make(settings.state_dir, order_of(settings, tmp_path).model_copy(update={"drill": gone}))
    (berth.path / "undo.json").unlink()
    for _ in range(2):
        with pytest.raises(MayWorkLater, match=r"there is no such journal; look at the system by hand") as told:
            heal_drills(settings)
    (berth.path / "order.json").write_text("{}")
    with pytest.raises(MayWorkLater, match=r"the order of a drill cannot be read, so it is not known what"):
        heal_drills(settings)
    Path(str(told.value).rpartition("touch ")[2]).touch()
    heal_drills(settings)
    assert entries(settings.state_dir) == ()
