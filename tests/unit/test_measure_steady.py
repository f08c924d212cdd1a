"""Whether a service was steady before the fault, to the nanosecond and to the probe; a probe each 20 ms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.drill.defaults import STEADY_ERRORS
from harness.journal.declaration import Sustain
from harness.journal.observation import Observation, Outcome
from harness.journal.probes import Probes
from harness.measure.split import STEADY_SHARE, Parts, split
from harness.units import Duration, Instant, Interval
from tests.support.worlds import World, at, timeline_of

FAULT = at(3.0)
SUSTAIN = Sustain(time=Duration.of(ms=400), probes=4)
FIRST, LAST = 130, 149
"""The first and the last of the 20 probes that were sent within the sustain time before the fault."""
GOOD = timeline_of(World().records())


def probe(number: int, outcome: Outcome = Outcome.GOOD, *, later: int = 0) -> Observation:
    """A probe that was sent so many nanoseconds later than it was due, and answered after 10 ms."""
    due = at(number / 50)
    sent = None if outcome is Outcome.SKIPPED else due + Duration(later)
    return Observation("web", number, due, sent, sent and sent + Duration.of(ms=10), outcome)


def parts(*others: Observation, sustain: Sustain = SUSTAIN, first: int = 0) -> Parts:
    """What is told of good probes from one on, but for some."""
    numbers = {one.number for one in others}
    every = (*(probe(n) for n in range(first, 250) if n not in numbers), *others)
    declared = GOOD.declared.model_copy(update={"sustain": sustain})
    observations = {**GOOD.observations, "web": Probes.of(every)}
    return split(replace(GOOD, declared=declared, observations=observations), "web")


def bad(number: int, *, later: int = 0) -> Observation:
    return probe(number, Outcome.STATUS, later=later)


@pytest.mark.parametrize(
    ("others", "already_bad"),
    [
        ([], False),
        ([bad(140)], False),
        ([bad(140), bad(141)], True),
        ([bad(50), bad(140)], True),
        ([bad(49), bad(140)], False),
        ([bad(49), bad(140), probe(135, Outcome.SKIPPED)], True),
        ([bad(LAST)], True),
    ],
)
def test_more_than_one_bad_answer_of_the_last_hundred_or_a_last_one_that_was_bad_is_not_steady(
    others: list[Observation],
    already_bad: bool,  # noqa: FBT001
) -> None:
    assert parts(*others).already_bad is already_bad


@pytest.mark.parametrize(
    ("others", "already_bad"),
    [([bad(30), bad(31)], True), ([bad(30, later=-1), bad(31)], False), ([bad(31)], False)],
)
def test_where_more_than_a_hundred_answers_lie_in_the_sustain_time_all_of_them_count(
    others: list[Observation],
    already_bad: bool,  # noqa: FBT001
) -> None:
    assert parts(*others, sustain=Sustain(time=Duration.of(ms=2400), probes=4)).already_bad is already_bad


@pytest.mark.parametrize(("first", "already_bad"), [(50, False), (51, True)])
def test_one_bad_answer_of_fewer_than_a_hundred_is_more_than_one_per_cent(
    first: int,
    already_bad: bool,  # noqa: FBT001
) -> None:
    assert parts(bad(140), first=first).already_bad is already_bad


def test_what_the_judge_calls_steady_is_what_a_drill_waits_for() -> None:
    assert STEADY_SHARE * 100 == STEADY_ERRORS


def test_what_was_known_to_be_bad_when_the_fault_began_was_bad_before_it() -> None:
    bad = probe(LAST, Outcome.STATUS)._replace(completed=FAULT)
    assert parts(bad).already_bad
    later = parts(bad._replace(completed=FAULT + Duration(1)))
    assert (later.already_bad, later.before) == (False, ())
    assert [one.bad[0].number for one in later.after] == [LAST]


def test_a_lone_bad_answer_is_an_outage_of_its_own_and_no_evidence_of_the_faults() -> None:
    alone = bad(145)
    found = parts(alone, *(probe(n, Outcome.STATUS) for n in range(160, 170)))
    assert [one.bad for one in found.before] == [(alone,)]
    assert [(one.bad[0].number, one.bad[-1].number) for one in found.after] == [(160, 169)]
    assert alone not in found.evidence
    assert len(found.evidence) == 249


def test_of_a_service_that_was_not_steady_what_was_over_before_is_no_evidence_of_the_faults() -> None:
    over = tuple(probe(n, Outcome.STATUS) for n in (40, 41))
    found = parts(*over, *(probe(n, Outcome.STATUS) for n in (140, 141)))
    assert found.already_bad
    assert [one.bad for one in found.before] == [over, tuple(probe(n, Outcome.STATUS) for n in (140, 141))]
    assert found.after == ()
    assert len(found.evidence) == 246


def test_what_goes_on_from_before_the_fault_keeps_its_true_start() -> None:
    hung = probe(LAST, Outcome.STATUS)._replace(completed=FAULT + Duration(1))
    found = parts(*(probe(n, Outcome.STATUS) for n in (147, 148)), hung)
    assert found.already_bad
    assert [one.bad[0].number for one in found.after] == [147]
    assert found.before == ()


def test_without_a_fault_every_outage_is_told_and_none_is_its_own() -> None:
    observations = {**GOOD.observations, "web": Probes.of((probe(0), probe(1, Outcome.STATUS), probe(2)))}
    found = split(replace(GOOD, fault=(), observations=observations), "web")
    assert (len(found.before), found.after, found.already_bad, len(found.evidence)) == (1, (), False, 0)


def test_an_outage_that_is_on_at_the_first_probe_may_have_begun_with_the_journal() -> None:
    """Without a fault, of a service that was steady before it, and of one that nobody looked at before it."""
    observations = {**GOOD.observations, "web": Probes.of((bad(5), *(probe(n) for n in range(6, 40))))}
    (unknown,) = split(replace(GOOD, fault=(), observations=observations), "web").before
    (early,) = parts(bad(10), first=10).before
    (late,) = parts(bad(150), first=150).after
    for one, number in ((unknown, 5), (early, 10), (late, 150)):
        assert one.start.interval == Interval(GOOD.start, at(number / 50))


def test_a_bad_probe_in_flight_as_the_fault_came_goes_on_with_a_bad_one_before_it() -> None:
    """Also where a good one that was sent after both was answered before the fault."""
    in_flight = probe(148, Outcome.TIMEOUT)._replace(completed=None)
    assert parts(bad(147), in_flight).already_bad
    assert not parts(bad(146), in_flight).already_bad


def test_a_service_that_was_never_probed_has_nothing_to_tell() -> None:
    found = split(replace(GOOD, observations={**GOOD.observations, "web": Probes.of(())}), "web")
    assert found == Parts((), (), already_bad=False, evidence=Probes.of(()))


def test_the_probes_are_as_this_file_says() -> None:
    first, last = (probe(n).sent for n in (FIRST, LAST))
    assert first == Instant(FAULT.ns - SUSTAIN.time.ns)
    assert last == Instant(FAULT.ns - 20_000_000)
