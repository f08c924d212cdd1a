"""Properties of verdicts: monotone in what was measured and promised, and never passed by leaving something out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.chain import read_journal
from harness.measure.felt import Measure
from harness.units import Duration, Span
from harness.verdict.judge import GRAVITY, judge_objective
from harness.verdict.present import judge_journal
from tests.support.chains import write
from tests.support.worlds import World, at, judgement_of, objective, result_of

PASSING = World().records()
SPAN = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(
    lambda ends: Span(Duration(min(ends)), Duration(max(ends)))
)


def gravity(verdict: d.Verdict) -> int:
    return GRAVITY.index(verdict)


def verdict_on(span: Span | None, bound: int) -> d.Verdict:
    finding = judge_objective(objective(d.Measured.RTO, Duration(bound)), Measure(span, "because"))
    return finding.verdict if finding else d.Verdict.PASSED


@given(span=SPAN, truth=st.floats(0, 1), bound=st.integers(0, 1000))
def test_an_objective_that_passes_is_kept_and_one_that_is_missed_is_not_whatever_the_truth_is(
    span: Span, truth: float, bound: int
) -> None:
    true = span.low.ns + truth * span.width.ns
    verdict = verdict_on(span, bound)
    assert verdict is not d.Verdict.PASSED or true <= bound
    assert verdict is not d.Verdict.MISSED or true > bound


@given(span=SPAN, bound=st.integers(0, 1000), more=st.integers(0, 1000))
def test_a_wider_bound_never_makes_the_verdict_worse(span: Span, bound: int, more: int) -> None:
    assert gravity(verdict_on(span, bound + more)) <= gravity(verdict_on(span, bound))


@given(span=SPAN, bound=st.integers(0, 1000), more=st.integers(0, 1000))
def test_a_longer_duration_never_makes_the_verdict_better(span: Span, bound: int, more: int) -> None:
    longer = Span(span.low + Duration(more), span.high + Duration(more))
    assert gravity(verdict_on(longer, bound)) >= gravity(verdict_on(span, bound))


@given(span=SPAN, bound=st.integers(0, 1000), below=st.integers(0, 500), above=st.integers(0, 500))
def test_a_coarser_measurement_never_passes_or_misses_what_a_finer_one_did_not(
    span: Span, bound: int, below: int, above: int
) -> None:
    coarse = Span(Duration(max(0, span.low.ns - below)), span.high + Duration(above))
    assert verdict_on(coarse, bound) in (verdict_on(span, bound), d.Verdict.INDETERMINATE)


@given(bound=st.integers(0, 10**12))
def test_what_was_not_measured_is_indeterminate_whatever_the_bound(bound: int) -> None:
    assert verdict_on(None, bound) is d.Verdict.INDETERMINATE


@settings(max_examples=40)
@given(bound=st.integers(0, 6000), more=st.integers(0, 3000), measured=st.sampled_from(d.Measured))
def test_a_whole_drill_is_never_judged_worse_for_a_wider_objective(bound: int, more: int, measured: d.Measured) -> None:
    strict, wide = (
        judgement_of(World(objectives=(objective(measured, Duration.of(ms=one)),)).records())
        for one in (bound, bound + more)
    )
    assert gravity(wide.verdict) <= gravity(strict.verdict)


def test_a_drill_in_which_everything_is_on_record_passes() -> None:
    assert judgement_of(PASSING).findings == ()


IRRELEVANT: dict[str, str] = {
    "clock": "labels instants with UTC; nothing is judged by it",
    "stage.started": "that a stage ended, and how, says all that counts",
    "baseline": "only triggers look at it, and what they saw is in 'trigger.met'",
}
"""Kinds without which a drill passes all the same, each with the reason."""


@pytest.mark.parametrize("kind", sorted(one.model_fields["kind"].default for one in get_args(r.Record)))
def test_without_any_record_of_a_kind_a_drill_does_not_pass(kind: str) -> None:
    if kind == "drill.declared":
        with pytest.raises(InputError):
            judgement_of([one for one in PASSING if one.kind != kind])
        return
    judgement = judgement_of([one for one in PASSING if one.kind != kind])
    there = any(one.kind == kind for one in PASSING)
    assert (judgement.verdict is d.Verdict.PASSED) == (kind in IRRELEVANT or not there)


def _early_read(one: r.Record) -> bool:
    return isinstance(one, r.LedgerRead) and one.when == "after recovery"


def _told_by_others(one: r.Record) -> bool:
    return isinstance(one, r.FaultMoved) and one.state in (r.FaultState.RECOVERED, r.FaultState.CLEANED_UP)


SINGLY_IRRELEVANT: dict[str, Callable[[r.Record], bool]] = {
    "one second of the load, but not the only whole one after recovery: the rest shows that the system was under it": (
        lambda one: isinstance(one, r.LoadSeen) and one.rows[0].start != at(5.5)
    ),
    "a look at a criterion before its last one": lambda one: isinstance(one, r.CriterionChecked) and one.value == 0,
    "the early look at the ledger: only the final one can show a loss": _early_read,
    "that undo was called, that the fault is over: each undo and the end of its effect say more": _told_by_others,
    "probes after the last look at a criterion": lambda one: (
        isinstance(one, r.Observations) and one.rows[0].due > at(6.3)
    ),
    "the first probes of the steady state: 30 are enough": lambda one: (
        isinstance(one, r.Observations) and one.rows[0].number == 0
    ),
}
"""Single records without which a drill passes all the same, each with the reason."""


def irrelevant(one: r.Record) -> bool:
    return one.kind in IRRELEVANT or any(may_go(one) for may_go in SINGLY_IRRELEVANT.values())


@pytest.mark.parametrize("place", range(1, len(PASSING)), ids=lambda place: f"{place}-{PASSING[place].kind}")
def test_without_any_one_record_a_drill_does_not_pass(place: int) -> None:
    judgement = judgement_of(PASSING[:place] + PASSING[place + 1 :])
    assert (judgement.verdict is d.Verdict.PASSED) == irrelevant(PASSING[place])


# One batch of probes that is missing is a gap, but a whole stretch of them at the end of the drill is none.
COUNTED = [place for place in range(1, len(PASSING)) if not isinstance(PASSING[place], r.Observations)]


@settings(max_examples=60)
@given(places=st.sets(st.sampled_from(COUNTED), min_size=1))
def test_without_any_records_that_count_a_drill_does_not_pass(places: set[int]) -> None:
    judgement = judgement_of([one for place, one in enumerate(PASSING) if place not in places])
    if any(not irrelevant(PASSING[place]) for place in places):
        assert judgement.verdict is not d.Verdict.PASSED


@settings(max_examples=40)
@given(place=st.integers(1, len(PASSING)), by=st.sampled_from(["guard", "person", "error"]))
def test_a_drill_that_was_stopped_is_aborted_wherever_the_stop_stands(place: int, by: str) -> None:
    stop = r.Stopped.model_validate({"at": at(3), "by": by, "reason": "enough"})
    judgement = judgement_of([*PASSING[:place], stop, *PASSING[place:]])
    assert judgement.verdict is d.Verdict.ABORTED
    assert judgement.reason == f"stopped by {'an' if by == 'error' else 'a'} {by}: enough"


@settings(max_examples=40)
@given(count=st.integers(1, len(PASSING) - 1))
def test_a_drill_that_was_killed_at_any_record_is_aborted(count: int) -> None:
    result = result_of(PASSING[:count])
    assert result.verdict is d.Verdict.ABORTED
    assert "the drill was killed" in result.reason


def test_a_journal_file_cut_at_any_byte_is_aborted_or_holds_no_drill(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    data = write(path, PASSING)
    verdicts: dict[int, d.Verdict | None] = {}
    for length in range(0, len(data), 97):
        path.write_bytes(data[:length])
        journal = read_journal(path)
        count = len(journal.entries)
        if count not in verdicts:
            try:
                verdicts[count] = judge_journal(journal)[0].verdict
            except InputError:
                verdicts[count] = None
    assert verdicts.pop(0) is None
    assert set(verdicts.values()) == {d.Verdict.ABORTED}


@settings(max_examples=40)
@given(
    start=st.integers(3010, 3250),
    length=st.integers(0, 3500),
    lost=st.sets(st.integers(0, 109), max_size=2),
    bound=st.integers(1000, 5000),
)
def test_what_passes_kept_its_promises_in_truth(start: int, length: int, lost: set[int], bound: int) -> None:
    world = World(
        broken={"web": [(start / 1000, (start + length) / 1000)]},
        lost=tuple(lost),
        objectives=(objective(d.Measured.RTO, Duration.of(ms=bound)), objective(d.Measured.RPO, Duration(0))),
    )
    if judgement_of(world.records()).verdict is d.Verdict.PASSED:
        assert not lost
        assert 6300 - start <= bound
        assert start + length <= 6300
