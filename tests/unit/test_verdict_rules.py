"""The verdict is that of the gravest finding; the rules themselves are tested by subject, in `test_verdict_*`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.units import Duration
from harness.verdict.judge import describe
from tests.support.shapes import failed
from tests.support.worlds import World, judgement_of, objective, timeline_of

RTO = d.Measured.RTO


def test_the_gravest_finding_gives_the_verdict_and_the_reason() -> None:
    world = World(lost=(30,), shape=failed(r.Stage.INJECT), objectives=(objective(RTO, Duration.of(ms=3160)),))
    judgement = judgement_of(world.records())
    assert {one.verdict for one in judgement.findings} == {Verdict.INVALID, Verdict.MISSED, Verdict.INDETERMINATE}
    assert (judgement.verdict, judgement.reason) == (Verdict.INVALID, "inject went wrong")


def test_a_drill_of_a_negative_control_is_judged_like_any_other() -> None:
    world = replace(World(), expected=Verdict.INVALID)
    assert judgement_of(world.records()).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ms", "no value"),
        ("2.4.0", "", "2.4.0"),
        (5.0, "%", "5 %"),
        (0.125, "", "0.125"),
        (10.0, "times", "10 times"),
        (1.0, "times", "1 time"),
        (1, "services", "1 service"),
        (1, "ms", "1 ms"),
    ],
)
def test_a_value_reads_with_its_unit(value: float | str | None, unit: str, text: str) -> None:
    assert describe(value, unit) == text


def test_a_world_is_what_it_says() -> None:
    timeline = timeline_of(World().records())
    assert timeline.critical == ("web", "mail")
    assert timeline.stopped is None
