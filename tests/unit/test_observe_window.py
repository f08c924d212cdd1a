import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.journal.observation import Observation, Outcome
from harness.observe.window import ServiceView, summarise
from harness.units import Duration, Instant

PERIOD = Duration.of(ms=20)
START = Instant(5_000_000_000)
WINDOW = Duration.of(s=1)
EVER = Duration.of(s=900)


def due(number: int) -> Instant:
    return START + PERIOD * number


def seen(number: int, outcome: Outcome = Outcome.GOOD, latency: float = 2) -> Observation:
    sent = None if outcome is Outcome.SKIPPED else due(number)
    completed = sent and sent + Duration.of(ms=latency)
    return Observation("api", number, due(number), sent, completed, outcome)


def view(*rows: Observation, retention: Duration = EVER) -> ServiceView:
    made = ServiceView("api", PERIOD, retention)
    for row in rows:
        made.add(row)
    return made


def test_the_error_rate_is_bad_answers_by_answers_that_tell() -> None:
    outcomes = [*[Outcome.GOOD] * 6, Outcome.TIMEOUT, Outcome.STATUS, Outcome.SKIPPED, Outcome.LATE]
    health = view(*(seen(number, outcome) for number, outcome in enumerate(outcomes))).health(EVER, due(99))
    assert (health.samples, health.error_rate) == (8, 0.25)


def test_nothing_seen_is_no_error_rate_and_no_latency() -> None:
    health = view(seen(0, Outcome.SKIPPED)).health(EVER, due(1))
    assert (health.samples, health.error_rate, health.p95) == (0, None, None)


def test_an_empty_view_knows_nothing() -> None:
    empty = view()
    assert (empty.newest, empty.last_bad, empty.settled, empty.good_since(START)) == (None, None, None, 0)
    assert empty.health(EVER, START).samples == 0


def test_p95_is_the_latency_that_95_of_100_answers_do_not_exceed() -> None:
    latencies = [number * 37 % 100 + 1 for number in range(100)]  # 1 to 100, in disorder
    health = summarise("api", WINDOW, [(Outcome.GOOD, Duration.of(ms=latency)) for latency in latencies])
    assert health.p95 == Duration.of(ms=95)


def test_a_time_out_has_no_latency_but_is_an_error() -> None:
    health = view(seen(0, latency=3), seen(1, Outcome.TIMEOUT, 800)).health(EVER, due(2))
    assert (health.error_rate, health.p95) == (0.5, Duration.of(ms=3))


def test_a_window_holds_what_was_due_after_its_start_up_to_its_end() -> None:
    rows = view(*(seen(number) for number in range(200)))
    assert rows.health(WINDOW, due(100)).samples == 50
    assert rows.health(PERIOD, due(100)).samples == 1
    assert rows.health(WINDOW, due(10)).samples == 11
    assert rows.health(WINDOW, START + Duration.of(s=100)).samples == 0


def test_the_last_bad_one_is_the_one_that_was_due_last_not_the_one_reported_last() -> None:
    assert view(seen(7, Outcome.REFUSED), seen(3, Outcome.TIMEOUT), seen(9)).last_bad == due(7)


def test_skipped_and_late_are_not_bad() -> None:
    assert view(seen(1, Outcome.SKIPPED), seen(2, Outcome.LATE)).last_bad is None


def test_good_ones_are_counted_from_an_instant_on() -> None:
    rows = view(seen(0), seen(1), seen(2, Outcome.SLOW), seen(3), seen(4))
    assert rows.good_since(due(1)) == 3
    assert rows.good_since(due(1) + Duration(1)) == 2
    assert rows.good_since(due(5)) == 0
    assert rows.good_since(Instant(0)) == 4


def test_settled_stops_before_a_probe_that_is_still_in_flight() -> None:
    rows = view(seen(0), seen(1), seen(3), seen(4))
    assert rows.settled == due(1)
    rows.add(seen(2, Outcome.TIMEOUT))
    assert rows.settled == due(4)


def test_old_rows_are_dropped_and_the_rest_keeps_its_place() -> None:
    rows = view(*(seen(number) for number in range(20_000)), retention=Duration.of(s=10))
    assert len(rows._code) < 500 + 2 * 4096
    assert rows.health(Duration.of(s=10), due(19_999)).samples == 500
    assert rows.settled == due(19_999)
    rows.add(seen(0, Outcome.TIMEOUT))
    assert rows.last_bad is None


@given(
    st.lists(st.sampled_from(Outcome), min_size=1, max_size=60).flatmap(
        lambda outcomes: st.tuples(st.just(outcomes), st.permutations(range(len(outcomes))))
    ),
    st.integers(0, 70),
    st.integers(1, 70),
)
def test_the_order_of_arrival_changes_nothing(
    arrival: tuple[list[Outcome], list[int]], until: int, periods: int
) -> None:
    outcomes, order = arrival
    rows = [seen(number, outcome, latency=number) for number, outcome in enumerate(outcomes)]
    shuffled = view(*(rows[place] for place in order))
    window = PERIOD * periods
    inside = [row for row in rows if until - periods < row.number <= until]
    expected = summarise("api", window, [(row.outcome, row.latency) for row in inside])
    assert shuffled.health(window, due(until)) == expected
    assert shuffled.good_since(due(until)) == sum(row.outcome is Outcome.GOOD for row in rows if row.number >= until)
    assert shuffled.last_bad == max((row.due for row in rows if row.outcome.bad), default=None)
    assert shuffled.settled == rows[-1].due


@pytest.mark.parametrize("count", [1, 19, 20, 21, 100])
def test_p95_is_the_nearest_rank(count: int) -> None:
    latencies = [Duration.of(ms=number + 1) for number in range(count)]
    health = summarise("api", WINDOW, [(Outcome.GOOD, latency) for latency in latencies])
    assert health.p95 is not None
    assert sum(latency <= health.p95 for latency in latencies) == -(-95 * count // 100)
