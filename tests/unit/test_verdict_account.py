"""What an account of the ledger is held against a drill for, in words; who may lose writes, and who may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Measured
from harness.measure.measures import measure
from harness.units import Duration
from harness.verdict.judge import judge
from tests.support.worlds import World, at, timeline_of, write

GOOD = timeline_of(World().records())
MEASURES = measure(GOOD)
ONE, TWO = (write(40, 2.6),), (write(40, 2.6), write(41, 2.65))
RESTORED = r.DataRestored(
    way="backup", target="monday", earliest=at(1), latest=at(2), writes_stopped=at(4), switching=at(4.2), switched=at(5)
)


def told(*, rpo: tuple[d.Objective, ...] = (), timeline: dict[str, Any] | None = None, **account: Any) -> list[Any]:
    """What is found when the account is as given and the drill has only these objectives."""
    declared = (timeline or {}).get("declared", GOOD.declared).model_copy(update={"objectives": rpo})
    assert MEASURES.account is not None
    found = replace(MEASURES.account, **account)
    changed = replace(GOOD, **{**(timeline or {}), "declared": declared})
    return [(one.cause, one.reason) for one in judge(changed, replace(MEASURES, account=found)).findings]


def allows(bound: Duration, file: str = "a.feature") -> d.Objective:
    return d.Objective(measured=Measured.RPO, bound=bound, source=d.Source(file=file, line=1, text=""))


def test_an_account_in_which_all_is_well_has_nothing_to_tell() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("account", "cause", "words"),
    [
        ({"altered": ("drill-7",)}, Cause.ROWS_ALTERED, "1 ledger row is altered: drill-7"),
        (
            {"altered": ("drill-7", "drill-9")},
            Cause.ROWS_ALTERED,
            "2 ledger rows are altered: the first of them is drill-7",
        ),
        ({"duplicated": ("drill-7",)}, Cause.ROWS_DUPLICATED, "1 ledger row is duplicated: drill-7"),
        ({"foreign": ("x",)}, Cause.ROWS_FOREIGN, "1 ledger row is foreign: x"),
        ({"resurrected": ONE}, Cause.WRITES_RESURRECTED, "1 write that clients were told had failed is there"),
        ({"resurrected": TWO}, Cause.WRITES_RESURRECTED, "2 writes that clients were told had failed are there"),
    ],
)
def test_a_write_is_never_changed_doubled_or_raised_from_the_dead(
    account: dict[str, Any], cause: Cause, words: str
) -> None:
    assert told(**account) == [(cause, words)]


def test_each_kind_is_told_apart_in_a_fixed_order() -> None:
    found = told(
        altered=("a",), duplicated=("b",), foreign=("c",), resurrected=ONE, lost=ONE, timeline={"restored": RESTORED}
    )
    assert [cause for cause, _ in found] == [
        Cause.ROWS_ALTERED,
        Cause.ROWS_DUPLICATED,
        Cause.ROWS_FOREIGN,
        Cause.WRITES_RESURRECTED,
        Cause.RESTORED_TOO_OLD,
        Cause.WRITES_LOST,
    ]


def test_an_account_that_could_not_be_made_is_all_that_is_told_of_it() -> None:
    measures = replace(MEASURES, account=None, account_reason="no rows")
    timeline = replace(GOOD, declared=GOOD.declared.model_copy(update={"objectives": ()}), restored=RESTORED)
    found = judge(timeline, measures).findings
    why = "the ledger's account could not be made: no rows"
    assert [(one.cause, one.reason) for one in found] == [(Cause.ACCOUNT_NOT_KNOWN, why)]


def test_a_system_without_a_ledger_has_no_account_to_be_told() -> None:
    declared = GOOD.declared.model_copy(update={"ledger": None})
    assert (
        told(
            altered=("drill-7",),
            timeline={"declared": declared, "writes": (), "ledger_reads": (), "ledger_closed": None},
        )
        == []
    )


POINT = "the restore's target (backup, monday)"


@pytest.mark.parametrize(
    ("account", "found"),
    [
        (
            {"lost": ONE},
            (Cause.RESTORED_TOO_OLD, f"1 write acknowledged before {POINT}, or after it was over, is gone"),
        ),
        (
            {"lost": TWO},
            (Cause.RESTORED_TOO_OLD, f"2 writes acknowledged before {POINT}, or after it was over, are gone"),
        ),
        (
            {"beyond": ("drill-7",)},
            (Cause.RESTORED_TOO_NEW, f"1 write made after {POINT} is there, so it was not restored to that"),
        ),
        (
            {"beyond": ("drill-7", "drill-8")},
            (Cause.RESTORED_TOO_NEW, f"2 writes made after {POINT} are there, so it was not restored to that"),
        ),
    ],
)
def test_a_restore_keeps_all_that_came_before_its_target_and_nothing_after_it(
    account: dict[str, Any], found: tuple[Cause, str]
) -> None:
    assert told(timeline={"restored": RESTORED}, rpo=(allows(Duration(1)),), **account) == [found]


def test_only_a_restore_can_have_gone_to_a_wrong_point() -> None:
    assert told(beyond=("drill-7",)) == []


LOST = "1 acknowledged write was lost, and"
STATED = allows(Duration(1))
DEFAULT = allows(Duration(1), "drill.toml")
NONE = allows(Duration(0))
RESTORE = GOOD.declared.model_copy(update={"procedure": "restore"})


@pytest.mark.parametrize(
    ("rpo", "declared", "why"),
    [
        ((), GOOD.declared, "no RPO allows for any"),
        ((), RESTORE, "no RPO allows for any"),
        ((NONE,), GOOD.declared, "no RPO allows for any"),
        ((NONE,), RESTORE, "no RPO allows for any"),
        ((STATED, NONE), GOOD.declared, "no RPO allows for any"),
        ((DEFAULT,), GOOD.declared, "a traffic switch must lose none; no RPO is stated in the scenario"),
        ((DEFAULT,), RESTORE, None),
        ((STATED,), GOOD.declared, None),
        ((DEFAULT, STATED), GOOD.declared, None),
        ((STATED,), RESTORE, None),
    ],
)
def test_writes_may_be_lost_only_where_an_rpo_allows_for_it(
    rpo: tuple[d.Objective, ...], declared: r.DrillDeclared, why: str | None
) -> None:
    found = [one for one in told(lost=ONE, rpo=rpo, timeline={"declared": declared}) if one[0] is Cause.WRITES_LOST]
    assert found == ([(Cause.WRITES_LOST, f"{LOST} {why}")] if why else [])


def test_another_objective_allows_for_no_loss() -> None:
    rto = d.Objective(measured=Measured.RTO, bound=Duration.of(s=10), source=GOOD.declared.source)
    assert told(lost=ONE, rpo=(rto,)) == [(Cause.WRITES_LOST, f"{LOST} no RPO allows for any")]


@pytest.mark.parametrize(
    ("account", "found"),
    [
        ({"lost": TWO}, (Cause.WRITES_LOST, "2 acknowledged writes were lost")),
        ({"discarded": ONE}, (Cause.WRITES_DISCARDED, "1 acknowledged write was given up")),
        ({"discarded": TWO}, (Cause.WRITES_DISCARDED, "2 acknowledged writes were given up")),
        ({"lost": ONE, "discarded": TWO[1:]}, (Cause.WRITES_LOST, "2 acknowledged writes were lost")),
        ({"undecided": ONE}, (Cause.WRITES_LOST, "1 acknowledged write was lost")),
        ({"discarded": TWO[1:], "undecided": ONE}, (Cause.WRITES_DISCARDED, "2 acknowledged writes were given up")),
    ],
)
def test_gone_writes_were_given_up_where_some_surely_were_and_none_was_surely_lost(
    account: dict[str, Any], found: tuple[Cause, str]
) -> None:
    cause, words = found
    assert told(**account) == [(cause, f"{words}, and no RPO allows for any")]


def test_a_loss_that_reaches_back_to_the_first_write_says_that_it_has_no_bound() -> None:
    why = "the loss reaches back to the first write of the ledger, so it has no upper bound"
    assert told(lost=(write(0, 0.1),)) == [(Cause.WRITES_LOST, f"{LOST} no RPO allows for any; {why}")]
