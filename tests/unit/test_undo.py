"""Undo operations: one entry for each, what a person is told, and a whole list taken back in passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded, InputError, MayWorkLater, NotFound, WillNotWork
from harness.faults.model import FaultRun
from harness.faults.undo.passes import BackOff, take_back
from harness.faults.undo.registry import WAYS, by_hand, carry_out, that_outlive
from harness.journal.operation import Operation
from harness.journal.records import UndoDone
from harness.journal.undo import (
    ClearNetwork,
    Deploy,
    LetAllStart,
    LetStart,
    LiftLimits,
    RecallHistory,
    Remove,
    RestoreImage,
    Resume,
    RunCommand,
    RunRollbacks,
    Switch,
    Uncordon,
    Undo,
    Unlock,
    parse_undo,
    parse_undo_list,
    undo_list_json,
)
from harness.journal.undo_configuration import AnswerAgain, GiveBack, MendArchive, TakeRotationBack
from harness.journal.undo_data import (
    EmptyDisk,
    FindDatabase,
    FinishPart,
    FreeConnections,
    LetGo,
    MendBackup,
    MendPage,
    MigrateBack,
    PutBack,
    RenewCertificate,
)
from harness.secrecy import learn
from harness.system.values import Slot
from harness.units import Duration, Instant
from tests.support.memory import MemorySystem
from tests.support.memory_cluster import NODE, MemoryCluster

SOON = Duration.of(s=5)
PASSED = Deadline(Instant(0))
AT_ONCE = BackOff(Duration(0), Duration(0))
EVERY: tuple[Undo, ...] = (
    Switch(service="web", slot="green"),
    Remove(service="web", slot="green"),
    Deploy(service="web", slot="green", version="1.0.0"),
    LetStart(service="web", slot="green"),
    LetAllStart(service="web"),
    ClearNetwork(service="web", slot="green"),
    Resume(service="web", slot="green"),
    LiftLimits(service="web", slot="green"),
    Uncordon(node=NODE),
    RecallHistory(service="web"),
    RestoreImage(service="web", version="1.0.0"),
    Unlock(service="web"),
    PutBack(table="orders"),
    LetGo(table="orders"),
    FreeConnections(),
    FinishPart(before="1", after="2"),
    MigrateBack(before="1", after="2"),
    FindDatabase(),
    EmptyDisk(),
    RenewCertificate(),
    MendBackup(backup="base-1"),
    MendPage(table="orders"),
    GiveBack(service="web", slot="blue", copy_name="before-the-fault"),
    TakeRotationBack(service="web", copy_name="before-the-fault"),
    MendArchive(archive="config_1.0.0.tar.gz"),
    AnswerAgain(),
    RunRollbacks(experiment="chaos.json", digest="5e1f", folder="/runs/1/experiment"),
    RunCommand(command=("true",), folder="/"),
)
BACK = (Remove(service="web", slot="green"), Switch(service="web", slot="blue"))


def named(one: object) -> str:
    return type(one).__name__


def failing(what: str, times: int, error: Exception | None = None) -> Callable[[str], None]:
    """Fails at the first calls of one kind."""
    left = [times]

    def before_call(call: str) -> None:
        if call == what and left[0] > 0:
            left[0] -= 1
            raise error or MayWorkLater(f"{call} failed")

    return before_call


def test_every_operation_has_one_way_and_none_has_no_operation() -> None:
    assert {type(one) for one in EVERY} == set(get_args(Undo)) == set(WAYS)


@pytest.mark.parametrize("undo", EVERY, ids=named)
def test_an_operation_is_read_back_as_it_was_written(undo: Undo) -> None:
    assert parse_undo(undo.model_dump_json()) == undo
    assert parse_undo_list(undo_list_json((undo, undo))) == (undo, undo)


@pytest.mark.parametrize(
    "text",
    [
        '{"operation":"explode","service":"web"}',
        '{"operation":"switch","service":"web"}',
        '{"operation":"switch","service":"web","slot":"red"}',
        '{"operation":"uncordon","node":"n","service":"web"}',
    ],
)
def test_what_is_no_operation_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        parse_undo(text)


@pytest.mark.parametrize("undo", EVERY, ids=named)
def test_every_operation_tells_a_person_what_to_do_and_the_command_for_it(undo: Undo) -> None:
    told = by_hand(undo, MemorySystem())
    arguments = [str(one) for one in undo.model_dump(exclude={"operation", "digest", "command"}).values()]
    assert [value for value in arguments if value not in told] == []
    assert ": drill heal" in told or isinstance(undo, RunCommand)


def test_an_operation_is_named_by_what_it_does() -> None:
    with pytest.raises(NotImplementedError):
        assert Operation(operation="").title


@pytest.mark.parametrize("undo", EVERY[12:26], ids=named)
def test_what_was_done_to_data_cannot_be_taken_back_where_there_is_none(undo: Undo) -> None:
    with pytest.raises(NotFound, match=r"this sandbox|names no migrations"):
        carry_out(undo, MemorySystem(), Deadline.after(SOON))


@pytest.mark.parametrize("undo", EVERY[8:12], ids=named)
def test_what_was_done_to_a_cluster_cannot_be_taken_back_where_there_is_none(undo: Undo) -> None:
    with pytest.raises(NotFound, match="this sandbox is none"):
        carry_out(undo, MemorySystem(), Deadline.after(SOON))


def test_only_what_others_use_too_outlives_a_sandbox() -> None:
    assert [type(one) for one in that_outlive(EVERY)] == [
        Uncordon,
        RestoreImage,
        RunRollbacks,
        RunCommand,
    ]


def test_a_command_takes_back_what_a_fault_of_others_did(tmp_path: Path) -> None:
    (tmp_path / "closed").touch()
    undo = RunCommand(command=("rm", "-f", "closed"), folder=str(tmp_path))
    for _ in range(2):
        carry_out(undo, MemorySystem(), Deadline.after(SOON))
        assert list(tmp_path.iterdir()) == []
    assert by_hand(undo, MemorySystem()) == (f"run in {tmp_path}: rm -f closed: (cd {tmp_path} && rm -f closed)")


@pytest.mark.parametrize(
    ("command", "family", "message"),
    [
        (("sh", "-c", "echo no room >&2; exit 3"), MayWorkLater, "sh ended with 3: no room"),
        (("false",), MayWorkLater, "false ended with 1: it said nothing"),
        (("no-such-command",), NotFound, "no-such-command cannot be run in /"),
    ],
)
def test_a_command_that_fails_is_told_with_what_it_said(
    command: tuple[str, ...], family: type[Exception], message: str
) -> None:
    with pytest.raises(family, match=message):
        carry_out(RunCommand(command=command, folder="/"), MemorySystem(), Deadline.after(SOON))


def test_a_command_that_does_not_end_is_cut_off_and_may_work_later() -> None:
    with pytest.raises(MayWorkLater, match="still running at the deadline"):
        carry_out(RunCommand(command=("sleep", "60"), folder="/"), MemorySystem(), PASSED)


def test_a_command_may_leave_a_service_behind() -> None:
    undo = RunCommand(command=("sh", "-c", "sleep 30 & exit 0"), folder="/")
    carry_out(undo, MemorySystem(), Deadline.after(SOON))


def test_a_command_that_is_cut_off_leaves_nothing_running_beside_the_second_try(tmp_path: Path) -> None:
    undo = RunCommand(command=("sh", "-c", f"(sleep 1; touch {tmp_path}/late); true"), folder="/")
    with pytest.raises(MayWorkLater, match="was killed"):
        carry_out(undo, MemorySystem(), Deadline.after(Duration.of(ms=200)))
    with pytest.raises(DeadlineExceeded):
        wait_for((tmp_path / "late").exists, Deadline.after(Duration.of(s=2)), "what was killed")


def test_a_slot_that_serves_is_not_removed_by_an_undo() -> None:
    system = MemorySystem()
    with pytest.raises(MayWorkLater, match="still serves"):
        carry_out(Remove(service="web", slot="blue"), system, Deadline.after(SOON))
    assert ("web", Slot.BLUE) in system.deployed


def after_bad_release(before_call: Callable[[str], None] = lambda _: None) -> MemoryCluster:
    """A system in which 2.0.0 went live in the standby slot."""
    system = MemoryCluster()
    system.deployed["web", Slot.GREEN] = "2.0.0"
    system.serving["web"] = Slot.GREEN
    system.before_call = before_call
    return system


def taken_back(
    undo: tuple[Undo, ...], system: MemorySystem, deadline: Deadline, back_off: BackOff = AT_ONCE
) -> tuple[bool, list[UndoDone]]:
    told: list[UndoDone] = []
    return take_back(undo, system, deadline, told.append, back_off=back_off), told


def test_the_last_operation_comes_first() -> None:
    complete, told = taken_back(BACK, after_bad_release(), Deadline.after(SOON))
    assert complete
    assert [one.undo for one in told] == list(reversed(BACK))
    assert [(one.error, one.by_hand, one.attempts) for one in told] == [("", "", 1)] * 2


def test_what_fails_for_a_moment_is_tried_again_and_so_is_what_waits_for_it() -> None:
    system = after_bad_release(failing("switch", 3))
    complete, told = taken_back(BACK, system, Deadline.after(SOON))
    assert complete
    assert [(named(one.undo), one.error, one.attempts) for one in told] == [("Switch", "", 4), ("Remove", "", 4)]
    assert system.state == MemoryCluster().state


def test_what_will_not_work_is_not_tried_again_and_does_not_keep_the_others_from_being_tried() -> None:
    system = after_bad_release(failing("remove", 99, WillNotWork("not allowed")))
    complete, told = taken_back(BACK, system, Deadline.after(SOON))
    assert not complete
    assert [(named(one.undo), one.error, one.attempts) for one in told] == [
        ("Switch", "", 1),
        ("Remove", "not allowed", 1),
    ]
    assert told[1].by_hand == "stop all replicas of web in its green slot: drill heal"


def test_even_a_bug_in_one_operation_does_not_keep_the_others_from_being_tried() -> None:
    system = after_bad_release(failing("switch", 99, ValueError()))
    complete, told = taken_back(BACK, system, PASSED)
    assert not complete
    assert [(named(one.undo), one.error) for one in told] == [
        ("Switch", "ValueError"),
        ("Remove", "web still serves from its green slot, which was to be removed"),
    ]


def test_at_the_deadline_everything_has_been_tried_once_and_is_told_with_its_error() -> None:
    complete, told = taken_back(BACK, after_bad_release(failing("switch", 99)), PASSED)
    assert not complete
    assert [(named(one.undo), one.attempts) for one in told] == [("Switch", 1), ("Remove", 1)]
    assert all(one.error and one.by_hand for one in told)


def test_what_never_works_ends_at_the_deadline_and_pauses_between_tries() -> None:
    begun, limit = now(), Duration.of(ms=300)
    calls: list[str] = []

    def busy(call: str) -> None:
        calls.append(call)
        raise MayWorkLater("busy")

    system = MemorySystem(before_call=busy)
    complete, [done] = taken_back((BACK[1],), system, Deadline(begun + limit), BackOff(Duration.of(ms=50)))
    assert not complete
    assert now() - begun >= limit
    assert 2 <= done.attempts == len(calls) <= 4  # after 0, 50, 150 and 300 ms


def test_an_operation_gets_its_share_of_the_time_and_not_that_of_the_others() -> None:
    given: list[Duration] = []

    class Slow(MemorySystem):
        def switch(self, service: str, slot: Slot, deadline: Deadline) -> None:
            given.append(deadline.left)
            super().switch(service, slot, deadline)

    undo = tuple(Switch(service=name, slot="blue") for name in ("web", "api", "web", "api"))
    assert taken_back(undo, Slow(), Deadline.after(Duration.of(s=100)))[0]
    assert [round(one.seconds) for one in given] == [25, 33, 50, 100]


def test_the_pause_doubles_up_to_the_longest() -> None:
    pauses = BackOff(Duration.of(ms=100), Duration.of(s=2))
    assert [pauses.after(number).seconds for number in (1, 2, 3, 5, 6, 99)] == [0.1, 0.2, 0.4, 1.6, 2, 2]


class Telling:
    """A fault of others with an undo of theirs."""

    title, effect = "a gate is shut", "clients get bad answers"

    def __init__(self, undo: Undo) -> None:
        self._undo = undo

    def undo(self, _scene: object) -> tuple[Undo, ...]:
        return (self._undo,)


SECRET = "hunter22-of-an-undo"  # noqa: S105 - of nothing
SLOTS = {"operation", "slot"}  # fields that take no other text


def telling() -> list[Undo]:
    """Every operation with each of its texts as one that holds a secret."""
    told: list[Undo] = [
        one.model_copy(update={name: f"a-{SECRET}"})
        for one in EVERY
        for name, value in one.model_dump().items()
        if name not in SLOTS and isinstance(value, str)
    ]
    return [*told, RunCommand(command=("curl", f"https://gate/open?key={SECRET}"), folder="/")]


@pytest.mark.parametrize("undo", telling(), ids=named)
def test_an_operation_with_a_secret_is_written_nowhere(undo: Undo) -> None:
    learn(SECRET)
    run = FaultRun(Telling(undo), None, None)  # type: ignore[arg-type]  # neither is looked at before
    with pytest.raises(InputError, match="holds a secret, which no journal may") as refused:
        run.set_up()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("undo", "why"),
    [
        (RunCommand(command=("curl", "https://gate/open?token=hunter22"), folder="/"), "holds a secret"),
        (RunCommand(command=("true",), folder="here"), "whole path"),
    ],
)
def test_an_undo_that_nobody_else_could_carry_out_begins_nothing(undo: Undo, why: str) -> None:
    run = FaultRun(Telling(undo), None, None)  # type: ignore[arg-type]  # neither is looked at before
    with pytest.raises(InputError, match=why) as told:
        run.set_up()
    assert "hunter22" not in str(told.value)
