"""The parts of a watchdog by themselves: the lease, the fence, entries and their lock, the kill switch, accounts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.interrupt import Halt, Halted
from harness.drill.sandboxes import end
from harness.drill.watch.account import Account
from harness.drill.watch.berth import Berth, hidden
from harness.drill.watch.entries import entries, keep_undo, make, order_of, remove_abandoned, undo_of
from harness.drill.watch.fenced import fenced
from harness.drill.watch.lease import Lease
from harness.drill.watch.order import Order
from harness.drill.watch.switch import KillSwitch
from harness.errors import CannotCreate, NotFound
from harness.journal.account import read_accounts
from harness.journal.chain import JournalWriter, read_journal
from harness.journal.records import TakenBack, TakenOver
from harness.journal.undo import Uncordon, undo_list_json
from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.system.guards_model import Guards
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.system.values import Slot
from harness.units import Instant
from tests.support.chains import CLOCK, END, write
from tests.support.memory import MemorySystem
from tests.support.orders import order_of as order_for
from tests.support.sandboxes import ECHO, echo, soon


def order(state: Path, folder: Path, system: SystemModel | None = None) -> Order:
    return order_for(Settings(state_dir=state), folder, system)


def test_silence_is_believed_for_so_many_looks_in_a_row_and_not_for_one_less() -> None:
    lease = Lease(looks=3)
    for _ in range(2):
        lease.nothing_heard()
    assert not lease.expired
    lease.renew()
    for _ in range(2):
        lease.nothing_heard()
    assert not lease.expired
    lease.nothing_heard()
    assert lease.expired


def test_a_fenced_system_does_what_the_system_does_while_the_drill_may_act() -> None:
    inner = MemorySystem()
    looks: list[int] = []
    system = fenced(inner, lambda: looks.append(1))
    assert system.services == inner.services
    assert system.database is None
    assert system.cluster is None
    system.workloads.deploy("web", Slot.GREEN, "2.0.0", soon())
    system.router.switch("web", Slot.GREEN, soon())
    assert system.router.active("web") is Slot.GREEN
    assert inner.deployed["web", Slot.GREEN] == "2.0.0"
    assert len(looks) == 3


def test_nothing_is_done_to_a_fenced_system_once_the_drill_may_not_act() -> None:
    def refuse() -> None:
        raise Halted(Halt("guard", "its lease was taken"))

    inner = MemorySystem()
    system = fenced(inner, refuse)
    acts: tuple[Callable[[], object], ...] = (
        lambda: system.workloads.deploy("web", Slot.GREEN, "2.0.0", soon()),
        lambda: system.router.switch("web", Slot.GREEN, soon()),
        lambda: system.network.clear("web", Slot.BLUE),
    )
    for act in acts:
        with pytest.raises(Halted, match="its lease was taken"):
            act()
    assert inner.state == MemorySystem().state


def test_that_a_drill_is_halted_is_no_error_that_somebody_may_handle() -> None:
    assert not issubclass(Halted, Exception)


def test_an_entry_is_there_with_all_that_it_says_or_not_at_all(tmp_path: Path) -> None:
    given = order(tmp_path / "state", tmp_path)
    assert entries(tmp_path / "state") == ()
    berth = make(tmp_path / "state", given)
    [found] = entries(tmp_path / "state")
    assert found == berth
    read = order_of(found)
    assert read is not None
    assert read.model_dump_json() == given.model_dump_json()
    assert read.system.root == echo().root
    assert read.settings.state_dir == tmp_path / "state"
    assert (found.path / "order.json").stat().st_mode & 0o777 == 0o600
    berth.remove()
    assert entries(tmp_path / "state") == ()
    assert order_of(found) is None
    berth.remove()


EVERYTHING = """
[cluster]
context = "prod"
namespace = "shop"
host = "127.0.0.1"
install = true

[guards]
share = "33.3 %"
services = 2
duration = "5 min"
everywhere = true
kill_switch = "stop-here"
stop = [{ error_rate = "50 %", for = "30 s" }, { service = "echo", times_slower = 3, for = "10 s" }]

[[guards.allow]]
context = "prod"
namespace = "shop"

[[guards.blackout]]
days = ["mon"]
from = "08:30"
to = "24:00"
first = 2026-01-01
zone = "Europe/Berlin"

[metrics]
bad = "[45].."
ignore = { route = "/health|/version" }

[objectives]
rto = "90 s"

[[notify]]
name = "chat"
way = "slack"
secret = { env = "SLACK" }

[[checks]]
name = "it answers"
service = "echo"
path = "/echo/{unique}"
value = "/said"
equals = "{unique}"

[[business_path]]
service = "echo"
path = "/echo/hello"
"""


def test_whatever_a_system_says_its_watchdog_reads_as_it_was_said(tmp_path: Path) -> None:
    text = ECHO.read_text(encoding="utf-8")
    (tmp_path / "drill.toml").write_text(text + EVERYTHING, encoding="utf-8")
    model = load_system(tmp_path / "drill.toml")
    given = order(tmp_path / "state", tmp_path, model)
    read = order_of(make(tmp_path / "state", given))
    assert read is not None
    assert read.system.at(model.root, text=model.text) == model


def test_a_drill_killed_over_its_entry_leaves_none_and_one_that_is_at_it_is_left_alone(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"])
    dead = Process.of(process.pid)
    process.kill()
    process.wait()
    assert dead is not None
    for name in (f".11111111.{dead.label}", f".22222222.{Process.own().label}", ".33333333"):
        (tmp_path / ".drills" / name).mkdir(parents=True)
        (tmp_path / ".drills" / name / "order.json").touch()
    assert entries(tmp_path) == ()
    remove_abandoned(tmp_path)
    [left] = (tmp_path / ".drills").iterdir()
    assert left == hidden(tmp_path / ".drills" / "22222222")
    left.rename(left.with_name(".22222222"))
    remove_abandoned(tmp_path)
    assert not (tmp_path / ".drills").exists()


def test_an_entry_that_cannot_be_written_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    given = order(tmp_path / "file" / "state", tmp_path)
    (tmp_path / "file").write_text("a file")
    with pytest.raises(CannotCreate, match="cannot be used as a state folder: Not a directory"):
        make(given.state_dir, given)


def test_the_list_that_takes_a_drill_back_is_replaced_whole_and_read_by_nobody_else(tmp_path: Path) -> None:
    berth = make(tmp_path, order(tmp_path, tmp_path))
    assert undo_of(berth) == ()
    (berth.path / "undo.json.new").write_text("what was interrupted")
    keep_undo(berth, undo_list_json((Uncordon(node="node-1"),)))
    assert undo_of(berth) == (Uncordon(node="node-1"),)
    assert (berth.path / "undo.json").stat().st_mode & 0o777 == 0o600
    berth.remove()
    with pytest.raises(CannotCreate, match="what takes the drill back cannot be kept: No such file"):
        keep_undo(berth, b"[]")


def test_the_order_of_another_version_is_none(tmp_path: Path) -> None:
    berth = make(tmp_path, order(tmp_path, tmp_path))
    (berth.path / "order.json").write_text('{"something": "else"}')
    assert order_of(berth) is None


def test_one_at_a_time_has_the_lock_and_names_itself_in_it(tmp_path: Path) -> None:
    berth = make(tmp_path, order(tmp_path, tmp_path))
    assert berth.keeper() == ""
    lock = berth.try_lock()
    assert lock is not None
    assert berth.keeper() == Process.own().label
    assert berth.try_lock() is None
    os.close(lock)
    again = berth.try_lock()
    assert again is not None
    os.close(again)
    assert Berth(tmp_path / "gone").try_lock() is None


def test_where_a_kill_switch_cannot_be_looked_for_nothing_runs(tmp_path: Path) -> None:
    switch = KillSwitch((tmp_path / ("x" * 300),))
    said = f"the kill switch {switch.files[0]} cannot be looked for: File name too long; no drill runs until it can"
    assert switch.thrown() == said


@pytest.mark.parametrize("which", ["of the user", "of the system"])
def test_either_kill_switch_stops_and_says_which(tmp_path: Path, which: str) -> None:
    model = echo().model_copy(update={"guards": Guards(kill_switch="halt")}).at(tmp_path)
    settings = Settings(state_dir=tmp_path / "state")
    switch = KillSwitch.of(settings, model)
    assert switch.thrown() == ""
    file = tmp_path / "state" / "stop" if which == "of the user" else tmp_path / "halt"
    file.parent.mkdir(exist_ok=True)
    file.touch()
    assert switch.thrown() == f"the kill switch {file} is there; no drill runs until it is removed"
    assert KillSwitch.of(settings, echo()).thrown() == (switch.thrown() if which == "of the user" else "")


def test_an_account_names_the_head_of_the_drills_journal_and_is_written_beside_it(tmp_path: Path) -> None:
    torn = write(tmp_path / "journal.jsonl", [CLOCK, CLOCK]) + b'{"at"'
    (tmp_path / "journal.jsonl").write_bytes(torn)
    for by in ("watchdog", "heal"):
        with Account(tmp_path, by, "the drill was killed") as account:
            account.add(TakenBack(at=Instant(1), left=("something",)))
    assert (tmp_path / "journal.jsonl").read_bytes() == torn, "the drill's own journal stays as it is, to the byte"
    first, second = read_accounts(tmp_path)
    head = read_journal(tmp_path / "journal.jsonl").head
    for records, by in ((first, "watchdog"), (second, "heal")):
        over = records[0]
        assert isinstance(over, TakenOver)
        assert (over.by, over.why, over.head, over.records, over.torn) == (by, "the drill was killed", head, 2, True)
        assert records[-1] == TakenBack(at=Instant(1), left=("something",))


def test_an_account_of_a_journal_that_was_altered_says_that_it_could_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b"not a record\n")
    with Account(tmp_path, "heal", "why"):
        pass
    over = read_accounts(tmp_path)[0][0]
    assert isinstance(over, TakenOver)
    assert (over.head, over.records) == ("", 0)


def test_an_account_that_cannot_be_written_keeps_nobody_from_acting(tmp_path: Path) -> None:
    with Account(tmp_path / "gone", "watchdog", "why") as account:
        account.add(END)
    assert not (tmp_path / "gone").exists()


def test_a_drill_without_an_account_has_none(tmp_path: Path) -> None:
    JournalWriter(tmp_path / "journal.jsonl").close()
    assert read_accounts(tmp_path) == ()


@pytest.mark.parametrize("name", ["", ".", "..", "../victim", "<victim>", "0BAD0BAD!", "drill-0bad0bad/../../victim"])
@pytest.mark.parametrize("sandbox", ["embedded", "kind"])
def test_what_is_no_id_of_a_sandbox_is_refused_before_anything_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: str, name: str
) -> None:
    """Nothing that removes is real here: should the refusal be lost, this test must not remove anything either."""
    from harness.sandbox.kind import heal as containers  # noqa: PLC0415 - only for those who need it: it takes long

    def never(*_: object, **__: object) -> None:
        raise AssertionError("something was about to be removed")

    for module in (shutil, containers):
        monkeypatch.setattr(module, "rmtree" if module is shutil else "remove_all", never)
    monkeypatch.setattr(Path, "unlink", never)
    monkeypatch.setattr("harness.sandbox.embedded.heal.clean", never)
    state, victim = tmp_path / "state", tmp_path / "victim"
    for folder in (state, victim):
        folder.mkdir()
    with pytest.raises(NotFound, match=r"is no (id|name) of a sandbox"):
        end(sandbox, name.replace("<victim>", str(victim)), Settings(state_dir=state), "a broken note", soon(5))
    assert list(state.iterdir()) == []
