"""Properties of outages in virtual worlds: the interval contains the truth and is as tight as the probes allow."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.journal import records as r
from harness.journal.declaration import Sustain
from harness.journal.observation import Observation, Outcome
from harness.measure.edge import Edge, telling
from harness.measure.outage import Outage, outages
from harness.measure.system import system_outage
from harness.units import Duration, Instant, Interval
from tests.support.worlds import PERIOD, SUSTAIN, WITHIN, Probing, World, at, measures_of, probes

QUICK = settings(max_examples=150, deadline=None)
KINDS = st.sampled_from([Outcome.REFUSED, Outcome.TIMEOUT, Outcome.STATUS, Outcome.SLOW])
BEGIN, END = 0.5, 12.0


def moments(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda second: round(second, 4))


@dataclass(frozen=True)
class Known:
    """One outage whose truth is known: the windows in which requests failed, and how it was probed."""

    windows: tuple[tuple[float, float], ...]
    how: Probing
    kind: Outcome

    @property
    def seen(self) -> list[Observation]:
        return probes("web", self.windows, self.how, self.kind)

    @property
    def felt(self) -> list[tuple[float, float]]:
        """The windows that a probe fell into; nobody can know of the others."""
        sent = [one.sent for one in self.seen if one.sent]
        return [(begin, end) for begin, end in self.windows if any(at(begin) <= instant < at(end) for instant in sent)]


@st.composite
def worlds(draw: st.DrawFn) -> Known:
    """Total, hanging and flapping outages, lone bad probes, seen through lag and stalls."""
    begin = draw(moments(2, 3))
    windows = []
    for _ in range(draw(st.integers(1, 5))):
        length = draw(moments(0.01, 1.0))
        windows.append((begin, begin + length))
        begin += length + draw(moments(0.01, 0.6))
    stalls = draw(
        st.lists(st.tuples(moments(1, 9), moments(0.05, 0.5)).map(lambda one: (one[0], sum(one))), max_size=3)
    )
    lag = draw(st.sampled_from([0.0, 0.003, 0.04]))
    return Known(tuple(windows), Probing(BEGIN, END, 0.05, lag, stalls, draw(st.integers(0, 9))), draw(KINDS))


def holds(interval: Interval, second: float) -> bool:
    return interval.low <= at(second) <= interval.high


def as_tight_as_possible(edge: Edge, how: Probing) -> bool:
    """No wider than the probe periods between the two probes that bound it, and the prober's lag."""
    assert edge.before is not None
    periods = edge.after.number - edge.before.number
    return edge.interval.width <= PERIOD * periods + Duration.of(s=how.lag)


@QUICK
@given(known=worlds())
def test_the_edges_of_an_outage_contain_its_true_start_and_end(known: Known) -> None:
    felt = known.felt
    found = outages(known.seen, SUSTAIN, at(0), WITHIN)
    if not felt:
        assert found == ()
        return
    first, last = found[0], found[-1]
    assert holds(first.start.interval, felt[0][0])
    assert last.end is not None
    assert holds(last.end.interval, felt[-1][1])
    assert as_tight_as_possible(first.start, known.how)
    assert as_tight_as_possible(last.end, known.how)


@QUICK
@given(known=worlds())
def test_every_bad_probe_is_in_exactly_one_outage_and_no_good_one_is_counted(known: Known) -> None:
    found = outages(known.seen, SUSTAIN, at(0), WITHIN)
    bad = [one for outage in found for one in outage.bad]
    assert bad == [one for one in known.seen if one.outcome.bad]
    assert sum(sum(outage.kinds.values()) for outage in found) == len(bad)


@QUICK
@given(known=worlds())
def test_without_a_stall_an_interval_is_one_probe_period_and_the_lag_wide(known: Known) -> None:
    how = Probing(BEGIN, END, 0.05, known.how.lag, (), known.how.seed)
    for outage in outages(probes("web", known.windows, how, known.kind), SUSTAIN, at(0), WITHIN):
        assert outage.start.interval.width <= PERIOD + Duration.of(s=how.lag)
        assert outage.end is not None
        assert outage.end.interval.width <= PERIOD + Duration.of(s=how.lag)


@QUICK
@given(known=worlds(), data=st.data())
def test_the_order_in_which_outcomes_became_known_changes_nothing(known: Known, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(known.seen))
    assert outages(shuffled, SUSTAIN, at(0), WITHIN) == outages(known.seen, SUSTAIN, at(0), WITHIN)


@QUICK
@given(begin=moments(2, 4), length=moments(0.2, 3), keep=st.sets(st.integers(0, 229)), seed=st.integers(0, 9))
def test_more_probes_never_widen_the_edges_of_an_outage(begin: float, length: float, keep: set[int], seed: int) -> None:
    every = probes("web", [(begin, begin + length)], Probing(BEGIN, END, seed=seed))
    some = [one for one in every if one.number in keep or one.number % 10 == 0]
    assume(any(one.outcome.bad for one in some))
    (dense,), (sparse,) = outages(every, SUSTAIN, at(0), WITHIN), outages(some, SUSTAIN, at(0), WITHIN)
    assert dense.end is not None
    assert sparse.end is not None
    for fine, coarse in ((dense.start, sparse.start), (dense.end, sparse.end)):
        assert coarse.interval.low <= fine.interval.low
        assert fine.interval.high <= coarse.interval.high


@QUICK
@given(until=moments(0.6, 6), seed=st.integers(0, 9))
def test_an_outage_that_is_on_from_the_first_probe_may_have_begun_with_the_observation(until: float, seed: int) -> None:
    (found,) = outages(probes("web", [(0, until)], Probing(BEGIN, END, seed=seed)), SUSTAIN, at(0.2), WITHIN)
    assert found.start.interval.low == at(0.2)
    assert found.start.before is None
    assert found.end is not None
    assert holds(found.end.interval, until)


@QUICK
@given(begin=moments(1, 11.9), seed=st.integers(0, 9))
def test_an_outage_that_is_on_at_the_last_probe_has_no_end(begin: float, seed: int) -> None:
    (found,) = outages(probes("web", [(begin, 99)], Probing(BEGIN, END, seed=seed)), SUSTAIN, at(0), WITHIN)
    assert found.end is None
    assert holds(found.start.interval, begin)


@QUICK
@given(
    rests=st.lists(moments(0.2, 3), min_size=1, max_size=4),
    length=moments(0.1, 0.5),
    sustain=st.sampled_from([Sustain(time=Duration.of(s=1), probes=10), Sustain(time=Duration.of(ms=200), probes=30)]),
)
def test_outages_are_one_until_answers_were_good_for_the_sustain_time_and_number(
    rests: list[float], length: float, sustain: Sustain
) -> None:
    windows, begin = [], 1.0
    for rest in [*rests, 0]:
        windows.append((begin, begin + length))
        begin += length + rest
    needed = max(sustain.time.seconds, (sustain.probes - 1) * 0.05)
    assume(all(abs(rest - needed) > 0.12 for rest in rests))
    seen = probes("web", windows, Probing(BEGIN, 30, lag=0))
    assert len(outages(seen, sustain, at(0), WITHIN)) == 1 + sum(rest > needed for rest in rests)


@QUICK
@given(share=st.integers(1, 9), seed=st.integers(0, 99))
def test_the_longest_run_of_good_answers_within_a_partial_outage_is_told(share: int, seed: int) -> None:
    sick = [(2 + one / 20, 2 + one / 20 + 0.05) for one in range(0, 40, share)]
    (found,) = outages(probes("web", sick, Probing(BEGIN, END, lag=0.0, seed=seed)), SUSTAIN, at(0), WITHIN)
    bad = [one.number for one in found.bad]
    assert found.good_in_a_row == max((after - before - 1 for before, after in itertools.pairwise(bad)), default=0)


STRETCH = st.tuples(moments(1, 6), moments(0.2, 2)).map(lambda one: ((one[0], one[0] + one[1]),))


@QUICK
@given(one=STRETCH, other=STRETCH, seeds=st.tuples(st.integers(0, 9), st.integers(10, 19)))
def test_the_systems_outage_contains_the_first_start_and_the_last_end_of_its_services(
    one: tuple[tuple[float, float], ...], other: tuple[tuple[float, float], ...], seeds: tuple[int, int]
) -> None:
    seen = {
        name: telling(probes(name, windows, Probing(BEGIN, END, seed=seed)))
        for name, windows, seed in zip(("web", "mail"), (one, other), seeds, strict=True)
    }
    found = system_outage(
        (outage for every in seen.values() for outage in outages(every, SUSTAIN, at(0), WITHIN)), SUSTAIN, seen
    )
    first, second = sorted((one[0], other[0]))
    rest = second[0] - first[1]
    assume(abs(rest - 1) > 0.2)
    assert found is not None
    assert found.recovery is not None
    assert holds(found.start, first[0])
    if rest > 1:
        assert holds(found.recovery, first[1])
        assert [again.start.interval.high >= at(second[0]) for again in found.relapses] == [True]
    else:
        assert holds(found.recovery, max(first[1], second[1]))
        assert found.relapses == ()


@settings(max_examples=60, deadline=None)
@given(
    start=moments(3.05, 3.2),
    end=moments(4.2, 5.0),
    other=st.none() | moments(3.05, 4.0),
    lag=st.sampled_from([0.0, 0.004, 0.03]),
    seed=st.integers(0, 99),
)
def test_the_measured_recovery_time_contains_the_true_one_within_two_periods_and_the_lag(
    start: float, end: float, other: float | None, lag: float, seed: int
) -> None:
    broken = {"web": [(start, end)], "mail": [(other, other + 0.2)] if other else []}
    found = measures_of(World(broken=broken, probing=Probing(lag=lag, seed=seed)))
    begin = min(start, other) if other else start
    validated = 6.3
    assert found.rto.span is not None
    assert found.rto.span.low <= at(validated) - at(begin) <= found.rto.span.high
    assert found.rto.span.width <= PERIOD * 2 + Duration.of(s=lag)
    assert found.outage.span is not None
    assert found.outage.span.low <= at(end) - at(begin) <= found.outage.span.high
    assert found.outage.span.width <= PERIOD * 2 + Duration.of(s=2 * lag)


def test_a_wall_clock_step_changes_nothing() -> None:
    def stepped(records: list[r.Record]) -> list[r.Record]:
        return [*records[:40], r.ClockRead(process="drill", at=Instant(1), utc_ns=-(10**18)), *records[40:]]

    assert measures_of(World(shape=stepped)) == measures_of(World())


def test_an_outage_keeps_its_service_and_its_kinds() -> None:
    (found,) = outages(probes("web", [(2, 3)], Probing(), Outcome.REFUSED), SUSTAIN, at(0), WITHIN)
    assert isinstance(found, Outage)
    assert (found.service, set(found.kinds)) == ("web", {Outcome.REFUSED})
