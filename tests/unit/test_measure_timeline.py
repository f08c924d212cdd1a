"""A journal as a timeline: every record in its place, what may come once only once, and nothing is judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from harness.errors import InputError
from harness.journal import records as r
from harness.journal.observation import LoadSecond, Observation
from harness.measure.timeline import Timeline, read_timeline
from tests.simulation import script
from tests.support.worlds import UNDO, World, at, check, probe, write

DECLARED = World().declared()
WRITTEN = (at(0), at(7.1))
STOPPED = r.Stopped(at=at(3), by="person", reason="enough")
RESTORED = r.DataRestored(
    way="backup", target="monday", earliest=at(1), latest=at(2), writes_stopped=at(4), switching=at(4), switched=at(5)
)
STEP = r.StepEnded(step="switch", started=at(4.1), completed=at(4.2), outcome="done")
STARTED = r.StageStarted(stage=r.Stage.INJECT, at=at(3), deadline=at(9))
READ = r.LedgerRead(when="after recovery", started=at(6), completed=at(6.1), rows=())


def read(*records: r.Record) -> Timeline:
    return read_timeline(script.in_time((DECLARED, *records), *WRITTEN))


def ended(stage: r.Stage, outcome: str, reason: str = "") -> r.StageEnded:
    return r.StageEnded.model_validate({"stage": stage, "at": at(3), "outcome": outcome, "reason": reason})


def moved(state: r.FaultState, second: float) -> r.FaultMoved:
    return r.FaultMoved(fault="f", state=state, at=at(second))


NOTHING: dict[str, Any] = {
    "declared": DECLARED,
    "start": at(0),
    "end": at(7.1),
    "ended": False,
    "clocks": (),
    "stages": (),
    "stage_ends": (),
    "observations": {"web": (), "mail": (), "blog": ()},
    "load": (),
    "writes": (),
    "ledger_closed": None,
    "ledger_reads": (),
    "fault": (),
    "undo_registered": (),
    "undone": (),
    "triggers": (),
    "decisions": (),
    "ahead": None,
    "planned": None,
    "steps": (),
    "rollback_started": None,
    "rollback_ended": None,
    "restored": None,
    "notices": (),
    "served": (),
    "checks": (),
    "stopped": None,
}
TIMES = [
    ("clocks", r.ClockRead(process="drill", at=at(0), utc_ns=1)),
    ("stages", STARTED),
    ("stage_ends", ended(r.Stage.INJECT, "completed")),
    ("ledger_reads", READ),
    ("fault", moved(r.FaultState.SET_UP, 3)),
    ("undo_registered", r.UndoRegistered(fault="f", undo=(UNDO,))),
    ("undone", r.UndoDone(undo=UNDO, at=at(6))),
    ("triggers", r.TriggerMet(trigger="0", since=at(3), at=at(4), detail="")),
    ("decisions", r.Decided(at=at(4), decision="monitor", reasons=(), roll_back=False)),
    ("steps", STEP),
    (
        "notices",
        r.NoticeTold(receiver="a", occasion="started", due=at(4), attempts=0, sent=None, acknowledged=None, error="e"),
    ),
    ("served", r.Served(when="before the rollback", at=at(4), services=())),
    ("checks", check("healthy", 6, 1)),
]
ONCE = [
    ("ledger_closed", r.LedgerClosed(at=at(6), writes=1)),
    ("planned", r.Planned(procedure="traffic", target={}, steps=())),
    ("rollback_started", r.RollbackStarted(at=at(4))),
    ("rollback_ended", r.RollbackEnded(at=at(4.5), outcome="done")),
    ("restored", RESTORED),
]


def test_a_journal_that_only_declares_a_drill_tells_of_nothing() -> None:
    assert read() == Timeline(**{**NOTHING, "end": at(0)})


@pytest.mark.parametrize(("name", "record"), TIMES, ids=[name for name, _ in TIMES])
def test_what_may_come_many_times_is_kept_in_order(name: str, record: r.Record) -> None:
    update: dict[str, Any] = {"at": at(5)} if "at" in type(record).model_fields else {}
    other = record.model_copy(update=update)
    assert read(record, other) == Timeline(**{**NOTHING, name: (record, other)})


@pytest.mark.parametrize(("name", "record"), ONCE, ids=[name for name, _ in ONCE])
def test_what_comes_once_is_kept(name: str, record: r.Record) -> None:
    assert read(record) == Timeline(**{**NOTHING, name: record})


def test_the_end_of_a_drill_is_known_from_its_last_record() -> None:
    assert read(r.DrillEnded(at=at(7))) == Timeline(**{**NOTHING, "ended": True})


def test_the_first_stop_is_the_one_that_stopped_the_drill() -> None:
    later = STOPPED.model_copy(update={"reason": "again"})
    assert read(STOPPED, later) == Timeline(**{**NOTHING, "stopped": STOPPED})


@pytest.mark.parametrize(
    "record", [DECLARED, *(one for _, one in ONCE), r.DrillEnded(at=at(7))], ids=lambda record: record.kind
)
def test_a_second_record_of_what_can_come_only_once_is_refused(record: r.Record) -> None:
    more = [record] if record is DECLARED else [record, record]
    with pytest.raises(InputError) as error:
        read(*more)
    why = f"the journal holds 2 records '{record.kind}', and a drill has only one; it was not written by one"
    assert str(error.value) == why


@pytest.mark.parametrize("records", [(), (r.DrillEnded(at=at(7)),), (STARTED, DECLARED)])
def test_a_journal_that_does_not_begin_with_a_declaration_is_refused(records: tuple[r.Record, ...]) -> None:
    with pytest.raises(InputError) as error:
        read_timeline((at(0), record) for record in records)
    assert str(error.value) == "the journal does not begin with a drill's declaration; there is nothing to judge"


def batches(*rows: Iterable[Observation]) -> list[r.Observations]:
    return [r.Observations(rows=tuple(one)) for one in rows]


def test_probes_are_sorted_by_service_and_by_when_they_were_due() -> None:
    late, early = probe(2, 1.2), probe(1, 1.1)
    mail, unknown = probe(1, 1.3, service="mail"), probe(1, 1.4, service="other")
    found = read(*batches([late, mail], [unknown, early])).observations
    assert found == {"web": (early, late), "mail": (mail,), "blog": (), "other": (unknown,)}


def test_probes_that_were_due_at_the_same_time_keep_their_order() -> None:
    second, first = probe(2, 1.5, due=1.1), probe(1, 1.2, due=1.1)
    assert read(*batches([second], [first])).observations["web"] == (second, first)


def test_batches_of_load_and_of_writes_are_joined() -> None:
    load = [LoadSecond("web", at(n), 20, 20, 0) for n in range(3)]
    writes = [write(n, n / 10) for n in range(3)]
    found = read(
        r.LoadSeen(rows=tuple(load[:2])),
        r.LedgerWrites(rows=tuple(writes[:1])),
        r.LoadSeen(rows=tuple(load[2:])),
        r.LedgerWrites(rows=tuple(writes[1:])),
    )
    assert (found.load, tuple(found.writes)) == (tuple(load), tuple(writes))


def test_a_fault_reached_a_state_when_it_first_did() -> None:
    first, again = moved(r.FaultState.INJECTED, 3), moved(r.FaultState.INJECTED, 4)
    timeline = read(moved(r.FaultState.SET_UP, 2), first, again)
    assert timeline.fault_at(r.FaultState.INJECTED) == first
    assert timeline.fault_at(r.FaultState.GONE) is None


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ((), None),
        ((ended(r.Stage.INJECT, "completed"),), None),
        ((ended(r.Stage.DETECT, "completed"),), ended(r.Stage.DETECT, "completed")),
        (
            (ended(r.Stage.DETECT, "completed"), ended(r.Stage.DETECT, "completed", "again")),
            ended(r.Stage.DETECT, "completed"),
        ),
        (
            (ended(r.Stage.DETECT, "completed"), ended(r.Stage.DETECT, "failed", "no trigger")),
            ended(r.Stage.DETECT, "failed", "no trigger"),
        ),
        (
            (ended(r.Stage.DETECT, "failed", "no trigger"), ended(r.Stage.DETECT, "completed")),
            ended(r.Stage.DETECT, "failed", "no trigger"),
        ),
        (
            (ended(r.Stage.INJECT, "failed", "no route"), ended(r.Stage.DETECT, "completed")),
            ended(r.Stage.DETECT, "completed"),
        ),
    ],
)
def test_that_a_stage_failed_outweighs_that_it_was_completed(
    ends: tuple[r.StageEnded, ...], told: r.StageEnded | None
) -> None:
    assert read(*ends).stage_end(r.Stage.DETECT) == told


def test_the_critical_services_are_those_that_were_declared_as_such() -> None:
    assert read().critical == ("web", "mail")
