"""Edges by hand-made probes: what they say of the server itself, and what their widths are made of."""

from __future__ import annotations

import pytest

from harness.journal.declaration import Sustain
from harness.journal.observation import Observation, Outcome
from harness.measure.edge import Wide, known, telling
from harness.measure.outage import Outage, outages
from harness.units import Duration, Interval
from tests.support.worlds import at

SUSTAIN = Sustain(time=Duration.of(ms=300), probes=3)
PERIOD = Duration.of(ms=100)
WITHIN = Duration.of(ms=250)


def one(number: int, took: float, outcome: Outcome = Outcome.GOOD, *, lag: float = 0) -> Observation:
    """A probe due every 100 ms, sent with some lag, that took so many seconds."""
    due = number / 10
    return Observation("web", number, at(due), at(due + lag), at(due + lag + took), outcome)


def good(*numbers: int, took: float = 0.01) -> list[Observation]:
    return [one(number, took) for number in numbers]


def only(probes: list[Observation]) -> Outage:
    (found,) = outages(probes, SUSTAIN, at(0), WITHIN)
    return found


def between(low: float, high: float) -> Interval:
    return Interval(at(low), at(high))


def test_the_server_broke_between_the_sending_of_the_last_good_probe_and_the_completion_of_the_first_bad_one() -> None:
    found = only([*good(0, 1), one(2, 0.03, Outcome.STATUS), *good(3, 4, 5, 6)])
    assert found.start.interval == between(0.1, 0.2)
    assert found.start.at_server == between(0.1, 0.23)


def test_the_completion_of_a_good_probe_proves_nothing_of_the_instant_of_completion() -> None:
    found = only([one(0, 0.01), one(1, 0.2), one(2, 0.03, Outcome.STATUS), *good(3, 4, 5, 6)])
    assert found.start.at_server == between(0.1, 0.23)


def test_a_probe_that_got_no_answer_was_bad_when_its_limit_had_passed_not_only_when_it_was_given_up() -> None:
    found = only([*good(0, 1), one(2, 0.75, Outcome.TIMEOUT), *good(3, 4, 5, 6, 7)])
    assert found.start.at_server == between(0.1, 0.45)


def test_the_limit_runs_from_the_instant_at_which_a_probe_was_sent() -> None:
    assert known(one(2, 0.75, Outcome.TIMEOUT, lag=0.09), WITHIN) == at(0.2 + 0.09 + 0.25)
    assert known(one(2, 0.02, lag=0.09), WITHIN) == at(0.2 + 0.09 + 0.02)


def test_a_probe_of_whose_end_nothing_is_told_was_bad_when_its_limit_had_passed() -> None:
    assert known(one(2, 0.75, Outcome.TIMEOUT)._replace(completed=None), WITHIN) == at(0.2 + 0.25)


def test_a_good_probe_that_was_sent_with_the_last_bad_one_does_not_show_that_all_was_well_after_it() -> None:
    together = one(3, 0.0, Outcome.REFUSED)._replace(sent=at(0.2), completed=at(0.2))
    found = only([*good(0, 1, 2), together, *(one(number, 0.2) for number in (4, 5, 6, 7))])
    assert found.end is not None
    assert found.end.at_server == between(0.2, 0.6)


def test_a_later_probe_whose_answer_came_earlier_bounds_the_start_at_the_server() -> None:
    found = only([*good(0, 1), one(2, 0.75, Outcome.TIMEOUT), one(3, 0.01, Outcome.REFUSED), *good(4, 5, 6, 7, 8)])
    assert found.start.at_server == between(0.1, 0.31)
    assert found.start.interval == between(0.1, 0.2)


def test_the_server_was_well_again_by_the_answer_to_a_good_probe() -> None:
    found = only([*good(0, 1), one(2, 0.03, Outcome.STATUS), *good(3, 4, 5, 6, took=0.02)])
    assert found.end is not None
    assert found.end.interval == between(0.2, 0.3)
    assert found.end.at_server == between(0.2, 0.32)


def test_a_good_probe_that_was_sent_while_a_bad_one_was_in_flight_does_not_show_that_the_server_was_well_again() -> (
    None
):
    """It may have been answered before the server broke and took the other one with it."""
    found = only([*good(0, 1), one(2, 0.75, Outcome.TIMEOUT), *good(3, 4, 5, 6, 7)])
    assert found.end is not None
    assert found.end.interval == between(0.2, 0.3)
    assert found.end.at_server == between(0.2, 0.51)


def test_where_no_good_probe_was_sent_after_the_bad_ones_were_known_the_end_at_the_server_is_not_known() -> None:
    slow = Duration.of(s=2)
    (found,) = outages([*good(0, 1), one(2, 3, Outcome.TIMEOUT), *good(3, 4, 5, 6)], SUSTAIN, at(0), slow)
    assert found.end is not None
    assert found.end.at_server is None
    assert found.end.parts_at_server(PERIOD) == {}


def test_of_probes_that_were_sent_at_one_instant_the_order_is_that_of_their_numbers() -> None:
    same = [one(2, 0.01), one(3, 0.01, Outcome.STATUS, lag=-0.1)]
    assert [probe.number for probe in telling(reversed(same))] == [2, 3]
    assert only([*good(0, 1, 4, 5, 6, 7), *same]) == only([*reversed(same), *good(0, 1, 4, 5, 6, 7)])
    assert only([*good(0, 1, 4, 5, 6, 7), *same]).start.interval == between(0.2, 0.2)


def test_probes_that_were_sent_in_another_order_than_they_were_due_count_by_when_they_were_sent() -> None:
    late = one(2, 0.01, lag=0.15)
    found = only([*good(0, 1), late, one(3, 0.01, Outcome.STATUS), *good(4, 5, 6, 7)])
    assert found.start.interval == between(0.1, 0.3)
    assert found.end is not None
    assert found.end.interval == between(0.3, 0.35)
    assert "a pause" not in found.end.why(PERIOD)


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        (one(1, 0.01), one(2, 0.01), (100, 0, 0)),
        (one(1, 0.01), one(2, 0.01, lag=0.03), (100, 0, 30)),
        (one(1, 0.01, lag=0.03), one(2, 0.01), (70, 0, 0)),
        (one(1, 0.01), one(4, 0.01), (100, 200, 0)),
        (one(1, 0.01), one(4, 0.01, lag=0.03), (100, 200, 30)),
        (one(1, 0.01, lag=0.03), one(4, 0.01), (100, 170, 0)),
    ],
    ids=["period", "lag", "less lag", "gap", "gap and lag", "gap with less lag"],
)
def test_the_parts_of_a_width_add_up(before: Observation, after: Observation, parts: tuple[int, int, int]) -> None:
    bad = after._replace(outcome=Outcome.STATUS)
    start = only([one(0, 0.01), before, bad, *good(5, 6, 7, 8)]).start
    found = start.parts(PERIOD)
    assert tuple(found[part].ns / 1e6 for part in (Wide.PERIOD, Wide.GAP, Wide.LAG)) == parts
    assert sum(part.ns for part in found.values()) == start.interval.width.ns
    assert start.at_server is not None
    assert sum(part.ns for part in start.parts_at_server(PERIOD).values()) == start.at_server.width.ns


def test_probes_that_the_prober_made_late_are_told_apart_from_those_that_were_not_sent() -> None:
    late = one(2, 0.3, Outcome.LATE)
    skipped = Observation("web", 3, at(0.3), None, None, Outcome.SKIPPED)
    found = only([*good(0, 1), late, skipped, one(4, 0.01, Outcome.STATUS), *good(5, 6, 7, 8)])
    assert (found.start.skipped, found.start.late, found.start.missing) == (1, 1, 0)
    assert found.start.why(PERIOD).endswith(
        "probe period 100 ms, and 1 probe between them that was not sent (the prober stalled), and 1 probe between them"
        " that was late by the prober's own doing"
    )
