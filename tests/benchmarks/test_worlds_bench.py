"""10,000 seeded drills: every interval holds the truth, none is wider than its probes require, and how wide they are.

Nothing here is about speed. The same claims are made of some hundred worlds in the test run (tests/properties).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final, NamedTuple

import pytest

from harness.measure.edge import Wide
from harness.measure.measures import measure
from tests.simulation.claims import Reach, Width, complaints, reaches, unseen, widths
from tests.simulation.worlds import world

pytestmark = pytest.mark.benchmark

WORLDS: Final = 10_000
CHUNK: Final = 250


class Chunk(NamedTuple):
    """What came of some worlds."""

    wrong: dict[int, list[str]]
    met: Counter[str]
    widths: list[Width]
    reaches: list[Reach]


def judged(seeds: Sequence[int]) -> Chunk:
    """Measures worlds and holds the measures against their truth; runs in a process of its own."""
    wrong, met, found, far = {}, Counter[str](), list[Width](), list[Reach]()
    for seed in seeds:
        one = world(seed)
        measures = measure(one.timeline())
        if told := list(complaints(one, measures)):
            wrong[seed] = told
        met["with an outage of the system"] += measures.system is not None
        met["in which it was seen to be over"] += bool(measures.system and measures.system.recovery)
        met["that relapsed"] += bool(measures.system and measures.system.relapses)
        met["with a service that was bad before the fault"] += bool(measures.already_bad)
        met["that were killed"] += one.cut is not None
        met["with a spell that no probe was sent into"] += unseen(one) > 0
        found += widths(one, measures)
        far += reaches(one, measures)
    return Chunk(wrong, met, found, far)


def line(name: str, periods: Iterable[float]) -> str:
    ordered = sorted(periods)
    if not ordered:
        return f"{name:44}{0:8}"
    median, high = ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100]
    return f"{name:44}{len(ordered):8}{median:10.2f}{high:10.2f}{ordered[-1]:10.2f}"


def test_every_interval_of_10_000_worlds_contains_the_truth_and_is_as_tight_as_its_probes() -> None:
    chunks = [range(first, first + CHUNK) for first in range(0, WORLDS, CHUNK)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(judged, chunks))
    met: Counter[str] = sum((chunk.met for chunk in done), Counter())
    found = [one for chunk in done for one in chunk.widths]
    print(f"\n{WORLDS} worlds")  # noqa: T201 - a benchmark prints
    for what, many in met.items():
        print(f"  {many:6} {what}")  # noqa: T201
    far = [one for chunk in done for one in chunk.reaches]
    print(  # noqa: T201
        f"  {len(far):6} outages of a share of requests; {sum(one.earlier for one in far)} began earlier and"
        f" {sum(one.later for one in far)} ended later than is called likely, and"
        f" {sum(one.told for one in far):.0f} each are told"
    )
    print(f"\n{'width in probe periods':44}{'edges':>8}{'median':>10}{'p95':>10}{'max':>10}")  # noqa: T201
    for which in sorted({one.which for one in found}):
        print(line(which, (one.periods for one in found if one.which == which)))  # noqa: T201
        for part in Wide:
            some = [one.periods for one in found if one.which == which and one.mostly is part]
            if some:
                print(line(f"    mostly {part}", some))  # noqa: T201
    wrong = {seed: told for chunk in done for seed, told in chunk.wrong.items()}
    print(f"\nclaims that are not true, or intervals wider than needed: {sum(map(len, wrong.values()))}")  # noqa: T201
    assert wrong == {}
