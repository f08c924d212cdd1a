"""A loss of data passes only where the scenario allows for it, and never when nobody knows how far back it reaches."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.units import Duration
from tests.support.worlds import World, judgement_of, measures_of, objective, timeline_of

ALL = tuple(range(110))
FIRST = "the loss reaches back to the first write of the ledger, so it has no upper bound"
NOTHING = "none of 110 acknowledged writes was read back; is ledger.read right?"


def rpo(bound: Duration, file: str = "a.feature") -> tuple[d.Objective, ...]:
    source = d.Source(file=file, line=1, text="")
    return (objective(d.Measured.RPO, bound).model_copy(update={"source": source}),)


def by_hand(records: list[r.Record]) -> Iterable[r.Record]:
    """The same drill with a procedure that may lose data."""
    for one in records:
        yield one.model_copy(update={"procedure": "restore"}) if isinstance(one, r.DrillDeclared) else one


@pytest.mark.parametrize(("lost", "why"), [(ALL, NOTHING), ((0,), FIRST), (tuple(range(60)), FIRST)])
def test_a_loss_without_a_bound_is_not_measured_and_never_passes(lost: tuple[int, ...], why: str) -> None:
    world = World(lost=lost, objectives=rpo(Duration.of(s=3600)))
    found = measures_of(world).rpo
    assert (found.span, found.why) == (None, f"not measured: {why}")
    judgement = judgement_of(world.records())
    assert judgement.verdict is Verdict.INDETERMINATE
    assert judgement.reason.endswith(why)


def test_a_loss_without_an_upper_bound_is_missed_when_its_lower_bound_is_over_the_objective() -> None:
    judgement = judgement_of(World(lost=(0,), objectives=rpo(Duration.of(s=2))).records())
    assert judgement.verdict is Verdict.MISSED
    assert "is at least 2.4" in judgement.reason


def test_a_ledger_of_which_nothing_came_back_is_not_held_against_an_objective() -> None:
    assert judgement_of(World(lost=ALL, objectives=rpo(Duration.of(s=2))).records()).verdict is Verdict.INDETERMINATE


def test_a_traffic_switch_may_not_lose_what_only_a_default_would_allow() -> None:
    judgement = judgement_of(World(lost=(40,), objectives=rpo(Duration.of(s=300), "drill.toml")).records())
    assert (judgement.verdict, judgement.reason) == (
        Verdict.MISSED,
        "1 acknowledged write was lost, and a traffic switch must lose none; no RPO is stated in the scenario",
    )


@pytest.mark.parametrize(
    "world",
    [
        World(lost=(40,), objectives=rpo(Duration.of(s=300))),
        World(lost=(40,), objectives=rpo(Duration.of(s=300), "drill.toml"), shape=by_hand),
        World(objectives=rpo(Duration.of(s=300), "drill.toml")),
    ],
    ids=["stated in the scenario", "another procedure", "nothing was lost"],
)
def test_a_loss_that_is_allowed_for_passes(world: World) -> None:
    assert judgement_of(world.records()).findings == ()


def test_a_miss_tells_that_nothing_was_read_back() -> None:
    judgement = judgement_of(World(lost=ALL, objectives=rpo(Duration.of(s=300), "drill.toml")).records())
    assert judgement.verdict is Verdict.MISSED
    assert judgement.reason.endswith(NOTHING)


def test_what_was_acknowledged_after_the_recovery_may_never_be_lost() -> None:
    recovery = measures_of(World()).system
    assert recovery is not None
    assert recovery.recovery is not None
    acknowledged = [one.acknowledged for one in timeline_of(World().records()).writes]
    first = next(number for number, at in enumerate(acknowledged) if at and at > recovery.recovery.high)
    allowed = rpo(Duration.of(s=3600))
    judgement = judgement_of(World(lost=(first,), objectives=allowed).records())
    assert (judgement.verdict, judgement.reason) == (
        Verdict.MISSED,
        "1 write acknowledged after the recovery was lost, which no RPO allows for",
    )
    assert judgement_of(World(lost=(first - 1,), objectives=allowed).records()).verdict is Verdict.PASSED


def test_what_is_lost_after_the_recovery_is_counted_from_it_on() -> None:
    system = measures_of(World()).system
    assert system is not None
    assert system.recovery is not None
    recovered = system.recovery.high
    later = [one.sequence for one in timeline_of(World().records()).writes if (one.acknowledged or one.due) > recovered]
    allowed = rpo(Duration.of(s=3600))
    many = judgement_of(World(lost=tuple(later[:2]), objectives=allowed).records())
    assert many.reason == "2 writes acknowledged after the recovery were lost, which no RPO allows for"

    def just_then(records: list[r.Record]) -> Iterable[r.Record]:
        for one in records:
            rows = one.rows if isinstance(one, r.LedgerWrites) else ()
            moved = (
                row._replace(acknowledged=recovered, sent=recovered, due=recovered)
                for row in rows
                if row.sequence == later[0]
            )
            others = tuple(row for row in rows if row.sequence != later[0])
            yield r.LedgerWrites(rows=(*others, *moved)) if rows else one

    assert (
        judgement_of(World(lost=(later[0],), objectives=allowed, shape=just_then).records()).verdict is Verdict.PASSED
    )


def test_without_an_outage_what_is_lost_is_lost_all_the_same() -> None:
    causes = {one.cause for one in judgement_of(World(broken={}, lost=(40,)).records()).findings}
    assert Cause.WRITES_LOST in causes
