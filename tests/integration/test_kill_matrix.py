"""A sample of the kill matrix, and that the matrix knows every fault. `make kill-matrix` runs all of it."""

from __future__ import annotations

import pytest

from harness.faults.catalogue import CATALOGUE, HINDRANCES, OF_ENGINE, OF_METRICS
from tests.kill_matrix.cell import REPOSITORY, STREAM, SYSTEM
from tests.kill_matrix.killer import STREAM as STREAMED
from tests.kill_matrix.matrix import Asked
from tests.kill_matrix.scenarios import STEPS
from tests.kill_matrix.ways import Spot, Way

STORED = REPOSITORY / "tests/systems/echo/stored.toml"
SAMPLE = [
    ("bad release", "course 4", Way.KILL),
    ("bad release", "course 9", Way.TORN),
    ("careless release", "course 12", Way.POWER_CUT),
    ("release in place", "course 11", Way.WITH_WATCHDOG),
    ("crash", "course 10", Way.SUSPEND),
    ("slow answers", "stream 25", Way.KILL),
    ("slow answers", "course 13", Way.FULL_DISK),
    ("drained node", "course 7", Way.KILL),
    ("experiment", "course 13", Way.KILL),
    ("nothing", "course 14", Way.WITH_WATCHDOG),
    ("table dropped", "course 16", Way.KILL),
    ("database lost", "course 14", Way.WITH_WATCHDOG),
    ("disk full", "course 14", Way.POWER_CUT),
    ("engine killed", "course 17", Way.KILL),
]


def test_every_fault_of_the_catalogue_has_a_drill_in_the_matrix() -> None:
    others = set(HINDRANCES) | set(OF_ENGINE) | set(OF_METRICS)
    assert set(STEPS) == set(CATALOGUE) - {"hindered rollback"} | others


def test_the_matrix_knows_which_records_an_observer_sends() -> None:
    assert {kind.model_fields["kind"].default for kind in STREAMED} == STREAM


@pytest.mark.parametrize(("fault", "spot", "way"), SAMPLE)
def test_nothing_is_left_of_a_drill_wherever_and_however_it_ends(fault: str, spot: str, way: Way) -> None:
    outcome = Asked(fault, Spot.read(spot), way).run(STORED if way in (Way.POWER_CUT, Way.WITH_WATCHDOG) else SYSTEM)
    assert outcome.reached, outcome
    assert (outcome.residue, outcome.note) == ([], ""), outcome
    assert outcome.took is not None
