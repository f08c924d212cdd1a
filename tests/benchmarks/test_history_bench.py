"""Trends from a history of 100,000 drills, against those from one of 1,000 of the same scenarios."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from harness.report.history.entry import Entry
from harness.report.history.keep import trends_of
from harness.report.history.store import opened
from tests.support.worlds import World, result_of

pytestmark = pytest.mark.benchmark

SCENARIOS: Final = 100
MANY, FEW = 100_000, 1_000
ROUNDS: Final = 5


def entries(count: int) -> Iterator[Entry]:
    """Drills of as many scenarios, one an hour."""
    one = Entry.of(result_of(World().records()), "r/d/report.html")
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(count):
        started = (begin + timedelta(hours=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        update = {"run_id": f"r{number}", "started_utc": started, "name": f"{one.name} {number % SCENARIOS}"}
        yield one.model_copy(update=update)


def seconds(folder: Path) -> float:
    """What all trends take, the best of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        trends_of(folder, None)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def test_trends_of_a_long_history(tmp_path: Path) -> None:
    took = {}
    for count in (FEW, MANY):
        folder = tmp_path / str(count)
        folder.mkdir()
        with opened(folder, make=True) as history:
            assert history.add(entries(count)) == count
        took[count] = seconds(folder)
    sys.stdout.write(
        f"\ntrends of {SCENARIOS} scenarios: {took[MANY] * 1000:.0f} ms from {MANY} drills, {took[FEW] * 1000:.0f} ms"
        f" from {FEW}: {took[MANY] / took[FEW]:.2f} times (goal: 200 ms)\n"
    )
