"""A journal that contradicts itself says so, and its drill does not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.observation import Outcome
from harness.measure.timeline import Timeline
from harness.verdict.consistent import consistent
from tests.support.worlds import World, at, check, judgement_of, probe, timeline_of, write

GOOD = timeline_of(World().records())
RESTORED = r.DataRestored(
    way="backup", target="monday", earliest=at(1), latest=at(2), writes_stopped=at(4), switching=at(4), switched=at(5)
)


def told(timeline: Timeline) -> list[str]:
    return [one.reason.removeprefix("the journal contradicts itself: ") for one in consistent(timeline)]


def moved(state: r.FaultState, second: float) -> tuple[r.FaultMoved, ...]:
    return tuple(one.model_copy(update={"at": at(second)}) if one.state is state else one for one in GOOD.fault)


def test_a_drill_that_went_well_is_consistent() -> None:
    assert told(GOOD) == []
    assert told(replace(GOOD, restored=RESTORED)) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"stages": (GOOD.stages[0].model_copy(update={"at": at(0.6)}), *GOOD.stages[1:])},
            "it ended 100 ms before the",
        ),
        ({"fault": moved(r.FaultState.EFFECTIVE, 3.05)}, "it was effective 50 ms before the fault was injected"),
        (
            {"rollback_started": r.RollbackStarted(at=at(3.0))},
            "the rollback started 100 ms before the fault was injected",
        ),
        (
            {"checks": (check("healthy", 6.2, 1).model_copy(update={"completed": at(6)}),)},
            "it ended 190 ms before a look",
        ),
        ({"observations": {"web": (probe(3, 1.0, due=1.5),)}}, "it was sent 500 ms before probe 3 of web was due"),
        (
            {"observations": {"web": (probe(3, 1.0)._replace(completed=at(0.9)),)}},
            "it was answered 100 ms before probe 3 of web was sent",
        ),
        ({"writes": (write(1, 2.0, took=-0.5),)}, "it was answered 500 ms before the write drill-1 was sent"),
        (
            {"restored": RESTORED.model_copy(update={"latest": at(4.5)})},
            "clients were led to the restored data 500 ms before the restore's target",
        ),
        ({"observations": {"other": (probe(1, 1.0),)}}, "it tells of a service 'other' that was not declared"),
        ({"checks": (check("mystery", 6.2, 1),)}, "it tells of a criterion 'mystery' that was not declared"),
    ],
)
def test_what_cannot_have_been_so_is_named(change: dict[str, object], reason: str) -> None:
    assert reason in " ".join(told(replace(GOOD, **change)))  # type: ignore[arg-type]


def test_a_trigger_that_nobody_declared_is_named() -> None:
    met = GOOD.triggers[0].model_copy(update={"trigger": "9"})
    assert told(replace(GOOD, triggers=(met,))) == ["it tells of a trigger '9' that was not declared"]


@pytest.mark.parametrize("of", ["services", "criteria"])
def test_what_is_declared_twice_is_named(of: str) -> None:
    twice = (*getattr(GOOD.declared, of), getattr(GOOD.declared, of)[0])
    declared = GOOD.declared.model_copy(update={of: twice})
    assert told(replace(GOOD, declared=declared)) == [
        f"it declares a {'service' if of == 'services' else 'criterion'} twice"
    ]


def test_the_same_instant_is_no_contradiction() -> None:
    assert told(replace(GOOD, fault=moved(r.FaultState.EFFECTIVE, 3.1))) == []


def answered_before_it_was_sent(records: list[r.Record]) -> list[r.Record]:
    odd = r.Observations(rows=(probe(10_000, 6.0)._replace(completed=at(5.9), outcome=Outcome.GOOD),))
    return [*records[:-1], odd, records[-1]]


@pytest.mark.parametrize("shape", [answered_before_it_was_sent])
def test_such_a_drill_does_not_pass(shape: Callable[[list[r.Record]], list[r.Record]]) -> None:
    judgement = judgement_of(World(shape=shape).records())
    assert judgement.verdict is Verdict.INDETERMINATE
    assert Cause.JOURNAL_CONTRADICTS in {one.cause for one in judgement.findings}
