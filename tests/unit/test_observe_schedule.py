from hypothesis import given
from hypothesis import strategies as st

from harness.observe.schedule import Schedule, patience, tolerated_lag
from harness.observe.stall import TICK, Stalls
from harness.units import Duration, Instant

START = Instant(1_000_000_000)
durations = st.integers(min_value=1, max_value=60_000_000_000).map(Duration)


def test_due_instants_are_one_period_apart() -> None:
    schedule = Schedule.staggered(START, 50, 0, 1)
    assert [schedule.due(number) - START for number in (0, 1, 1000)] == [
        Duration(0),
        Duration.of(ms=20),
        Duration.of(s=20),
    ]


def test_services_are_spread_over_one_period() -> None:
    starts = [Schedule.staggered(START, 50, index, 4).start - START for index in range(4)]
    assert starts == [Duration.of(ms=ms) for ms in (0, 5, 10, 15)]


def test_a_probe_waits_twice_its_limit_but_at_least_half_a_second_longer() -> None:
    assert patience(Duration.of(ms=300)) == Duration.of(ms=800)
    assert patience(Duration.of(s=2)) == Duration.of(s=4)


@given(period=durations, within=durations)
def test_a_probe_sent_as_late_as_tolerated_still_gets_its_whole_limit(period: Duration, within: Duration) -> None:
    lag = tolerated_lag(period, within)
    assert Duration(0) < lag <= period
    assert lag + within <= patience(within)


def test_ticks_in_time_are_no_stall() -> None:
    stalls = Stalls(START)
    moment = START
    for _ in range(100):
        moment += TICK + Duration.of(ms=1)
        stalls.tick(moment)
    assert stalls.total(moment) == Duration(0)


def test_a_stall_counts_before_the_tick_that_ends_it_has_run() -> None:
    stalls = Stalls(START)
    woken = START + TICK + Duration.of(ms=300)
    assert stalls.total(woken) == Duration.of(ms=300)
    stalls.tick(woken)
    assert stalls.total(woken) == Duration.of(ms=300)


@given(st.lists(durations, max_size=20))
def test_the_total_of_stalls_never_falls(gaps: list[Duration]) -> None:
    stalls = Stalls(START)
    moment = START
    totals = [stalls.total(moment)]
    for gap in gaps:
        moment += gap
        totals.append(stalls.total(moment))
        stalls.tick(moment)
        totals.append(stalls.total(moment))
    assert totals == sorted(totals)
