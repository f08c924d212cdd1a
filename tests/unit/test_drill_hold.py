"""A criterion holds in time only by a look that ended in time, and who judges the journal says the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Check, Reading
from harness.drill.checks.services import HealthyInARow
from harness.drill.hold import hold
from harness.drill.spec import CriterionSpec
from harness.journal import records as r
from harness.journal.declaration import Answer
from harness.measure.criteria import looked
from harness.system.checks import http_client
from harness.system.model import SystemModel
from harness.units import Duration
from tests.support.http_server import Server
from tests.support.worlds import World, at, criterion, timeline_of

MS = Duration.of(ms=1)
NO_BENCH = cast(Bench, None)
WEB = SystemModel.model_validate(
    {
        "name": "shop",
        "services": {"web": {"command": ["true"], "probe": {"path": "/"}}},
        "releases": {"path": "{version}", "current": "1.0.0"},
    }
)


@dataclass
class Looks:
    """A check whose looks take so many milliseconds of virtual time and see these values; then it sees 0 at once."""

    clock: list[int]
    looks: list[tuple[int, float | None]]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:  # noqa: ARG002 - a Check
        took, value = self.looks.pop(0) if self.looks else (0, 0)
        self.clock[0] += took * 1_000_000
        return Reading(value)


@dataclass
class Written:
    looks: list[r.CriterionChecked] = field(default_factory=list)

    def append(self, record: r.CriterionChecked) -> None:
        self.looks.append(record)


def held_in_virtual_time(looks: list[tuple[int, float | None]]) -> tuple[bool, list[r.CriterionChecked]]:
    """What `hold` says of a criterion that has 100 ms, looked at every 10 ms, and the looks that it wrote down."""
    clock = [at(6.2).ns]
    return in_virtual_time(Looks(clock, list(looks)), clock)


def in_virtual_time(check: Check, clock: list[int]) -> tuple[bool, list[r.CriterionChecked]]:
    """Likewise, of any check."""
    written = Written()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic_ns", lambda: clock[0])
        patch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + max(1, round(seconds * 1e9))))
        spec = CriterionSpec(criterion("healthy", within=MS * 100), check)
        held = hold(spec, NO_BENCH, written, every=MS * 10)
    return held, written.looks


def judged(looks: list[r.CriterionChecked]) -> Answer:
    """What a judge says who has only the journal."""
    world = World(
        criteria=(criterion("healthy", within=MS * 100),),
        shape=lambda records: [
            *(one for one in records[:-1] if not isinstance(one, r.CriterionChecked)),
            *looks,
            records[-1],
        ],
    )
    return looked(timeline_of(world.records()))["healthy"].answer


@pytest.mark.parametrize(
    ("looks", "held", "answer"),
    [
        ([(5, 1)], True, Answer.HELD),
        ([(100, 1)], True, Answer.HELD),
        ([(101, 1)], False, Answer.UNKNOWN),
        ([(5, 0), (5, None), (5, 1)], True, Answer.HELD),
        ([(5, 0), (86, 1)], False, Answer.UNKNOWN),
        ([(101, 0)], False, Answer.BROKEN),
        ([], False, Answer.BROKEN),
    ],
)
def test_a_look_that_ends_after_the_time_shows_no_criterion_to_have_held_in_it(
    looks: list[tuple[int, float | None]], *, held: bool, answer: Answer
) -> None:
    said, written = held_in_virtual_time(looks)
    assert said is held
    assert judged(written) is answer


@dataclass
class Readings:
    """A check that gives these readings, each at once."""

    looks: list[Reading]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:  # noqa: ARG002 - a Check
        return self.looks.pop(0)


CUT = Reading(None, "only 1 of 2 looks was over in time", cut=True)


@pytest.mark.parametrize(
    ("looks", "values", "answer"),
    [
        ([Reading(0), CUT], [0], Answer.BROKEN),
        ([Reading(0), Reading(None), CUT], [0, None], Answer.UNKNOWN),
        ([CUT, Reading(1)], [None, 1], Answer.HELD),
        ([CUT, CUT], [None], Answer.UNKNOWN),
        ([Reading(0), Reading(None, cut=True), Reading(1)], [0], Answer.BROKEN),
    ],
)
def test_a_look_that_the_deadline_cut_short_counts_only_where_there_is_no_other(
    looks: list[Reading], values: list[float | None], answer: Answer
) -> None:
    _, written = in_virtual_time(Readings(looks), [at(6.2).ns])
    assert [one.value for one in written] == values
    assert judged(written) is answer


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0.0, 1.0, None])), max_size=8))
def test_drill_and_judge_agree_whatever_the_looks_take_and_see(looks: list[tuple[int, float | None]]) -> None:
    held, written = held_in_virtual_time(looks)
    assert held is (judged(written) is Answer.HELD)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_looks_that_could_not_all_be_made_in_time_tell_nothing_and_call_nobody_unhealthy(server: Server) -> None:
    """A real service answers well, only too slowly to be asked so often in the time."""
    server.behaviour.after = MS * 20
    system: Any = SimpleNamespace(router=SimpleNamespace(address=lambda _: server.address))
    spec = CriterionSpec(criterion("healthy", within=MS * 300), HealthyInARow(("web",), 1000))
    written = Written()
    with http_client() as http:
        assert not hold(spec, Bench(model=WEB, system=system, metrics=cast(Any, None), http=http), written, every=MS)
    first = written.looks[0]
    assert first.value is None
    assert first.detail.endswith("of 1000 looks were over in time, and every one was healthy")
