"""Lanes of long drills: however many probes share a pixel, no error or slow answer is lost; and pages stay small."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final

from harness.journal.observation import Outcome
from harness.journal.probes import Growing, Probes
from harness.report.html import render_html
from harness.report.lanes import Axis, Lane, lane
from harness.units import Instant
from harness.verdict.result import ServiceResult
from tests.support.journals import judged
from tests.support.stories import BAD_RELEASE

SECOND: Final = 10**9
MS: Final = 10**6
COUNT: Final = 180_000  # an hour of 50 probes a second
RESULT, TIMELINE = judged(BAD_RELEASE)
SERVICE: Final[ServiceResult] = RESULT.services[0]
AT: Final = 123_457


def hour(odd: Outcome = Outcome.GOOD, *, took: int = 5 * MS) -> Probes:
    """An hour of good answers within 5 ms but for one."""
    rows = []
    for number in range(COUNT):
        due = number * SECOND // 50
        one = (odd.value, took) if number == AT else ("good", 5 * MS)
        rows.append(("web", number, due, due, due + one[1], one[0], 200))
    growing = Growing()
    growing.add(rows)
    return growing.probes()


def drawn(seen: Probes) -> Lane:
    axis = Axis(0.0, COUNT / 50, 1060.0)
    return lane(SERVICE, seen, begin=Instant(0), axis=axis, height=46.0, character=6.9, stretch="outage")


def test_one_bad_answer_in_an_hour_is_drawn_where_it_was() -> None:
    [(kind, path)] = drawn(hour(Outcome.TIMEOUT)).bad
    assert kind == "timeout"
    assert path.count("M") == 1
    x = float(path.removeprefix("M").split()[0])
    assert abs(x - 1060 * AT / COUNT) < 3


def test_one_slow_answer_in_an_hour_is_the_top_of_the_line() -> None:
    slow, quick = drawn(hour(took=250 * MS)).latency, drawn(hour()).latency

    def heights(path: str) -> set[float]:
        return {float(point.split()[1]) for point in path.replace("L", "M").split("M") if point}

    assert len(heights(quick)) == 1
    assert len(heights(slow)) == 2
    assert min(heights(slow)) < min(heights(quick)) - 10


def test_a_report_of_hours_of_noise_stays_small() -> None:
    """Every probe of four services is bad in another way, or silent: nothing can be joined with what is beside it."""
    random = Random(3)  # noqa: S311 - a seed is the point
    noise = {}
    for service in RESULT.services:
        rows = []
        for number in range(20_000):
            due = TIMELINE.start.ns + number * SECOND // 50
            rows.append(
                (service.name, number, due, due, due + random.randrange(500 * MS), random.choice([*Outcome]), 0)
            )
        growing = Growing()
        growing.add(rows)
        noise[service.name] = growing.probes()
    end = TIMELINE.start.ns + 400 * SECOND
    result = RESULT.model_copy(update={"took": (end - TIMELINE.start.ns) / SECOND})
    page = render_html(result, replace(TIMELINE, observations=noise))
    assert len(page.encode()) < 1_000_000
