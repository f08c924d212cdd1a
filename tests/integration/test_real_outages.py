"""A real server goes bad at instants that it knows exactly; what the real prober makes of it contains them.

All kinds once; tests/benchmarks has fifty of them, up to five seconds long.
"""

from __future__ import annotations

import pytest

from harness.journal.observation import Outcome
from harness.units import Duration
from tests.support.going_bad import KINDS
from tests.support.real_outages import PERIOD, Lived, live_through, planned

OUTCOMES = {"refuse": Outcome.REFUSED, "hang": Outcome.TIMEOUT, "error": Outcome.STATUS, "slow": Outcome.SLOW}


@pytest.fixture(scope="module")
def lived() -> list[Lived]:
    """One time of each kind. On a machine that is busy with other things a blind or slow moment says nothing."""
    every = live_through(planned([0.3, 0.15, 0.2, 0.25], seed=1))
    clear = [one for one in every if one.felt and one.alone]
    assert [one.real.kind for one in every] == list(KINDS)
    assert clear
    return clear


def test_the_intervals_at_the_server_contain_the_true_instants(lived: list[Lived]) -> None:
    assert [one.real.kind for one in lived if not one.holds] == []


def test_each_kind_is_seen_as_what_it_is(lived: list[Lived]) -> None:
    for one in lived:
        assert one.measures.system is not None
        assert set(one.measures.system.first.kinds) == {OUTCOMES[one.real.kind]}


def test_the_duration_at_the_server_contains_the_true_one(lived: list[Lived]) -> None:
    for one in lived:
        span = one.measures.outage_at_server.span
        assert span is not None
        assert span.low.ns <= one.real.over[1] - one.real.begun[0]
        assert one.real.over[0] - one.real.begun[1] <= span.high.ns


def test_a_hang_is_known_for_clients_as_well_as_a_refusal_is(lived: list[Lived]) -> None:
    """When an answer comes, or that none comes, says nothing of when its request was sent."""
    for one in lived:
        assert one.measures.rto.span is not None
        assert one.measures.system is not None
        start = one.measures.system.first.start
        silent = start.skipped + start.late
        assert one.measures.rto.span.width <= PERIOD * (silent + 1) + Duration.of(ms=20)
