"""Whether a service was steady before the fault, to the nanosecond and to the probe; a probe each 20 ms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.journal.declaration import Sustain
from harness.journal.observation import Observation, Outcome
from harness.measure.split import Parts, split
from harness.units import Duration, Instant
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


def parts(*others: Observation) -> Parts:
    """What is told of good probes, but for some."""
    numbers = {one.number for one in others}
    every = (*(probe(n) for n in range(250) if n not in numbers), *others)
    declared = GOOD.declared.model_copy(update={"sustain": SUSTAIN})
    observations = {**GOOD.observations, "web": tuple(sorted(every, key=lambda one: one.due))}
    return split(replace(GOOD, declared=declared, observations=observations), "web")


@pytest.mark.parametrize(
    ("others", "already_bad"),
    [
        ([], False),
        ([probe(140, Outcome.STATUS)], False),
        ([probe(140, Outcome.STATUS), probe(135, Outcome.SKIPPED)], True),
        ([probe(140, Outcome.STATUS), probe(141, Outcome.STATUS)], True),
        ([probe(FIRST, Outcome.STATUS), probe(135, Outcome.SKIPPED)], True),
        ([probe(FIRST, Outcome.STATUS, later=-1), probe(135, Outcome.SKIPPED)], False),
        ([probe(100, Outcome.STATUS), probe(101, Outcome.STATUS)], False),
        ([probe(LAST, Outcome.STATUS)], True),
    ],
)
def test_more_than_one_bad_answer_in_twenty_or_a_last_one_that_was_bad_is_not_steady(
    others: list[Observation],
    already_bad: bool,  # noqa: FBT001
) -> None:
    assert parts(*others).already_bad is already_bad


def test_what_was_known_to_be_bad_when_the_fault_began_was_bad_before_it() -> None:
    bad = probe(LAST, Outcome.STATUS)._replace(completed=FAULT)
    assert parts(bad).already_bad
    later = parts(bad._replace(completed=FAULT + Duration(1)))
    assert (later.already_bad, later.before) == (False, ())
    assert [one.bad[0].number for one in later.after] == [LAST]


def test_a_lone_bad_answer_is_an_outage_of_its_own_and_no_evidence_of_the_faults() -> None:
    alone = probe(145, Outcome.STATUS)
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
    observations = {**GOOD.observations, "web": (probe(0), probe(1, Outcome.STATUS), probe(2))}
    found = split(replace(GOOD, fault=(), observations=observations), "web")
    assert (len(found.before), found.after, found.already_bad, found.evidence) == (1, (), False, ())


def test_a_service_that_was_never_probed_has_nothing_to_tell() -> None:
    found = split(replace(GOOD, observations={**GOOD.observations, "web": ()}), "web")
    assert found == Parts((), (), already_bad=False, evidence=())


def test_the_probes_are_as_this_file_says() -> None:
    first, last = (probe(n).sent for n in (FIRST, LAST))
    assert first == Instant(FAULT.ns - SUSTAIN.time.ns)
    assert last == Instant(FAULT.ns - 20_000_000)
