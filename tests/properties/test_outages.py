"""Properties of measured outages in seeded worlds: an interval contains the truth, and none could be narrower."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Objective, Sustain, Verdict
from harness.journal.observation import Observation
from harness.measure.account import account
from harness.measure.edge import Wide, sent
from harness.measure.measures import Measures, measure
from harness.measure.outage import outages
from harness.measure.timeline import read_timeline
from harness.units import Duration, Instant, Interval
from harness.verdict.judge import GRAVITY, judge
from tests.simulation import script
from tests.simulation.claims import complaints
from tests.simulation.ledger import Became
from tests.simulation.server import Service
from tests.simulation.shapes import Shape
from tests.simulation.truth import solved, truth
from tests.simulation.worlds import World, world
from tests.support.worlds import SUSTAIN, WITHIN, Probing, at, probes

QUICK = settings(max_examples=30)
SEEDS = st.integers(0, 2**32)
SAMPLE = 500
EVERY = 50


def measures_of(one: World) -> Measures:
    return measure(one.timeline())


@pytest.mark.parametrize("first", range(0, SAMPLE, EVERY))
def test_every_claim_about_a_world_is_true_and_no_interval_is_wider_than_its_probes_require(first: int) -> None:
    found = {
        seed: told
        for seed in range(first, first + EVERY)
        if (told := list(complaints(w := world(seed), measures_of(w))))
    }
    assert found == {}


@QUICK
@given(seed=SEEDS)
def test_so_it_is_in_any_world(seed: int) -> None:
    one = world(seed)
    assert list(complaints(one, measures_of(one))) == []


def test_the_worlds_hold_every_shape_with_everything_that_can_come_of_it() -> None:
    met: Counter[str] = Counter()
    for seed in range(0, SAMPLE, 3):
        one = world(seed)
        measures = measures_of(one)
        system, found = measures.system, solved(one)
        met[one.shape] += 1
        met["killed"] += one.cut is not None
        if system is None or found is None:
            met["nothing was felt"] += 1
            continue
        met["over"] += system.recovery is not None
        met["not over"] += system.recovery is None
        met["restored, and its recovery point is known"] += bool(one.restore and measures.rpo.span)
        met["relapsed"] += bool(system.relapses)
        met["bad before the fault"] += bool(found.already_bad)
        met["on at the first probe"] += found.start[0] is None
        met["several services"] += len(found.hit) > 1
        met["a share"] += not truth(one, found).whole
        met["bounded by two services"] += system.begin.low is not system.begin.high
    assert {shape for shape in Shape if not met[shape]} == set()
    assert {what: many for what, many in met.items() if many < 2} == {}


@pytest.mark.parametrize("by", [-1, 1])
def test_an_interval_that_is_a_nanosecond_off_would_be_noticed(by: int) -> None:
    one = world(1, Shape.ONE)
    found = measures_of(one)
    assert found.system is not None
    moved = Interval(found.system.start.low + Duration(by), found.system.start.high)
    off = replace(found, system=replace(found.system, begin=replace(found.system.begin, interval=moved)))
    assert list(complaints(one, found)) == []
    assert any(told.startswith("the start for clients is") for told in complaints(one, off))


@QUICK
@given(seed=SEEDS)
def test_every_bad_probe_is_in_exactly_one_outage_and_no_good_one_is_counted(seed: int) -> None:
    one = world(seed)
    found = measures_of(one)
    for service in one.services:
        every = (*found.before[service.name], *found.after[service.name])
        counted = [bad for outage in every for bad in outage.bad]
        seen = one.seen[service.name]
        assert Counter(counted) == Counter(row for row in seen if row.outcome.bad)
        assert sum(sum(outage.kinds.values()) for outage in every) == len(counted)


@QUICK
@given(seed=SEEDS, chance=SEEDS)
def test_the_order_in_which_outcomes_became_known_changes_nothing(seed: int, chance: int) -> None:
    one = world(seed)
    random = Random(chance)  # noqa: S311 - a seed is the point
    timed = one.timed()
    rows = [row for _, record in timed if isinstance(record, r.Observations) for row in record.rows]
    others = [record for _, record in timed if not isinstance(record, r.Observations)]
    random.shuffle(rows)
    shuffled = [*others, r.Observations(rows=tuple(rows))]
    assert measure(read_timeline(script.in_time(shuffled, timed[0][0], timed[-1][0]))) == measures_of(one)


@QUICK
@given(seed=SEEDS, steps=st.lists(st.integers(-(10**18), 10**18), max_size=3))
def test_steps_of_the_wall_clock_change_nothing(seed: int, steps: list[int]) -> None:
    one = world(seed)
    assert measures_of(replace(one, clock_steps=tuple(steps))) == measures_of(one)


def by_spell(service: Service, seen: Sequence[Observation], sustain: Sustain) -> dict[tuple[str, int], Interval]:
    """The edges of a service's outages, each under the true instant that it is a claim about."""
    spells = service.spells_for_clients()
    found = {}
    for outage in outages(seen, sustain, Instant(0), Duration(service.within)):
        first, last = sent(outage.bad[0]).ns, sent(outage.bad[-1]).ns
        (begin,) = (begin for begin, end in spells if begin <= first < end)
        found["start", begin] = outage.start.interval
        if outage.end:
            (over,) = (end for begin, end in spells if begin <= last < end)
            found["end", over] = outage.end.interval
    return found


@QUICK
@given(seed=SEEDS, share=st.floats(0.05, 0.7), chance=SEEDS)
def test_more_probes_never_widen_what_is_known_of_an_instant(seed: int, share: float, chance: int) -> None:
    """Fewer probes may miss a spell; an instant that both tell of, they tell of no more exactly."""
    one, random = world(seed), Random(chance)  # noqa: S311 - a seed is the point
    for service in one.services:
        if all(spell.whole for spell in service.spells):
            every = one.seen[service.name]
            some = [row for row in every if random.random() > share]
            dense, sparse = by_spell(service, every, one.sustain), by_spell(service, some, one.sustain)
            for instant in dense.keys() & sparse.keys():
                fine, coarse = dense[instant], sparse[instant]
                assert coarse.low <= fine.low <= fine.high <= coarse.high


@QUICK
@given(seed=SEEDS, shape=st.sampled_from([Shape.ONE, Shape.FLAPPING, Shape.CASCADE, Shape.SLOW_START]))
def test_what_is_named_as_the_cause_of_a_width_goes_with_it(seed: int, shape: Shape) -> None:
    """Without stalls and lost rows no gap is named, without lag no lag either, and what is left is one period."""
    one = replace(world(seed, shape), cut=None)  # what was in flight when a drill was killed is not in its journal
    calm = {name: replace(how, stalls=(), missing=frozenset()) for name, how in one.probing.items()}
    exact = {name: replace(how, lag=0) for name, how in calm.items()}
    for how, may in ((calm, {Wide.PERIOD, Wide.LAG}), (exact, {Wide.PERIOD})):
        seen = replace(one, probing=how)
        for service in seen.services:
            for outage in measures_of(seen).after[service.name]:
                for edge in (outage.start, outage.end):
                    if edge and edge.before and not edge.late:
                        parts = edge.parts(Duration(service.period))
                        assert {part for part, width in parts.items() if width > Duration(0)} <= may


def gravities(one: World, measured: Measured, bounds: Sequence[int]) -> list[int]:
    found = []
    for bound in bounds:
        timeline = one.timeline([Objective(measured=measured, bound=Duration.of(ms=bound), source=script.SOURCE)])
        found.append(GRAVITY.index(judge(timeline, measure(timeline)).verdict))
    return found


@QUICK
@given(seed=SEEDS, measured=st.sampled_from(Measured), bounds=st.lists(st.integers(0, 6_000), min_size=2, max_size=3))
def test_a_looser_objective_never_makes_the_verdict_of_a_world_graver(
    seed: int, measured: Measured, bounds: list[int]
) -> None:
    found = gravities(world(seed), measured, sorted(bounds))
    assert found == sorted(found, reverse=True)


@settings(max_examples=60)
@given(seed=SEEDS, measured=st.sampled_from([Measured.RTO, Measured.OUTAGE]), bound=st.integers(300, 3_000))
def test_a_world_that_passes_kept_its_objective_in_truth_and_one_that_missed_it_did_not(
    seed: int, measured: Measured, bound: int
) -> None:
    one = world(seed)
    objective = Objective(measured=measured, bound=Duration.of(ms=bound), source=script.SOURCE)
    timeline = one.timeline([objective])
    measures = measure(timeline)
    judgement, found = judge(timeline, measures), solved(one)
    missed = any(finding.cause is Cause.OBJECTIVE_MISSED for finding in judgement.findings)
    assume(judgement.verdict is Verdict.PASSED or missed)
    assert found is not None
    true = truth(one, found)
    assume(true.whole)
    validated = measures.validated.ns if measured is Measured.RTO and measures.validated else 0
    end = max(validated, true.t_rec)  # what was validated while clients still got bad answers was no recovery
    assert (end - true.t_out > bound * 10**6) == missed


@QUICK
@given(seed=SEEDS)
def test_the_account_of_a_worlds_ledger_says_of_every_write_what_became_of_it(seed: int) -> None:
    ledger = world(seed).ledger
    found = account(ledger.writes, ledger.rows, Instant(2**62))
    for became in Became:
        assert set(getattr(found, became)) == set(ledger.of(became))
    odd = (found.duplicated, found.altered, found.foreign)
    assert [set(ids) for ids in odd] == [set(ids) for ids in (ledger.duplicated, ledger.altered, ledger.foreign)]


@QUICK
@given(
    rests=st.lists(st.integers(200, 3_000), min_size=1, max_size=4),
    length=st.integers(100, 500),
    sustain=st.sampled_from([Sustain(time=Duration.of(s=1), probes=10), Sustain(time=Duration.of(ms=200), probes=30)]),
)
def test_outages_are_one_until_answers_were_good_for_the_sustain_time_and_number(
    rests: list[int], length: int, sustain: Sustain
) -> None:
    windows, begin = [], 1_000
    for rest in [*rests, 0]:
        windows.append((begin / 1_000, (begin + length) / 1_000))
        begin += length + rest
    needed = max(sustain.time.ns // 10**6, (sustain.probes - 1) * 50)
    assume(all(abs(rest - needed) > 120 for rest in rests))
    seen = probes("web", windows, Probing(0.5, 30, lag=0))
    assert len(outages(seen, sustain, at(0), WITHIN)) == 1 + sum(rest > needed for rest in rests)


@QUICK
@given(share=st.integers(1, 9), seed=st.integers(0, 99))
def test_the_longest_run_of_good_answers_within_a_partial_outage_is_told(share: int, seed: int) -> None:
    sick = [(2 + one / 20, 2 + one / 20 + 0.05) for one in range(0, 40, share)]
    (found,) = outages(probes("web", sick, Probing(0.5, 12, lag=0.0, seed=seed)), SUSTAIN, at(0), WITHIN)
    bad = [one.number for one in found.bad]
    assert found.good_in_a_row == max((after - before - 1 for before, after in itertools.pairwise(bad)), default=0)
