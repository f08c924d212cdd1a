"""Triggers: when a condition is true, and when it has been true for long enough."""

import math

import pytest

from harness.errors import InputError
from harness.rollback.triggers import (
    ErrorRate,
    ServiceDown,
    SlowResponse,
    Trigger,
    Watch,
    default_triggers,
    window_for,
)
from harness.system.values import ServiceHealth
from harness.units import Duration, Instant

S = Duration.of(s=1)
BASELINE = Duration.of(ms=10)


def seen(rate: float | None = 0.0, samples: int = 25, p95: Duration | None = BASELINE) -> ServiceHealth:
    return ServiceHealth("web", S, samples, rate, p95)


@pytest.mark.parametrize(
    ("trigger", "health", "expected"),
    [
        (ServiceDown("web"), seen(1.0), True),
        (ServiceDown("web"), seen(0.96), False),
        (ServiceDown("web"), seen(1.0, samples=4), False),
        (ServiceDown("web"), seen(None, samples=0), False),
        (ErrorRate("web", 0.05), seen(0.05), False),
        (ErrorRate("web", 0.05), seen(0.0501), True),
        (ErrorRate("web", 0.05), seen(1.0, samples=4), False),
        (ErrorRate("web", 0.05), seen(None), False),
        (ErrorRate("web", 0.0), seen(0.01), True),
        (SlowResponse("web", 3), seen(p95=BASELINE * 3), False),
        (SlowResponse("web", 3), seen(p95=BASELINE * 3.1), True),
        (SlowResponse("web", 3), seen(p95=BASELINE * 9, samples=4), False),
        (SlowResponse("web", 3), seen(p95=None), False),
    ],
)
def test_a_condition_is_true_only_beyond_its_bound_and_of_enough_answers(
    trigger: Trigger, health: ServiceHealth, *, expected: bool
) -> None:
    assert trigger.true_of(health, BASELINE) is expected


def test_a_slow_response_without_a_baseline_is_never_true() -> None:
    assert not SlowResponse("web").true_of(seen(p95=S), None)


def test_the_defaults_are_those_of_the_handbook() -> None:
    titles = [trigger.title for trigger in default_triggers("web")]
    assert titles == [
        "web down for 5 min",
        "error rate of web above 5 % for 5 min",
        "response time of web above 3 times its baseline for 10 min",
    ]


@pytest.mark.parametrize("above", [-0.01, 1.0, 2.0, math.nan, math.inf])
def test_an_error_rate_that_cannot_be_is_refused(above: float) -> None:
    with pytest.raises(InputError, match="expected 0 % to less than 100 %"):
        ErrorRate("web", above)


@pytest.mark.parametrize("factor", [1.0, 0.0, -3.0, math.nan, math.inf])
def test_a_multiple_of_the_baseline_that_is_not_slow_is_refused(factor: float) -> None:
    with pytest.raises(InputError, match="expected a factor above 1"):
        SlowResponse("web", factor)


@pytest.mark.parametrize(
    ("hold", "window"),
    [
        (Duration(0), Duration.of(ms=500)),
        (S, Duration.of(ms=500)),
        (Duration.of(s=3), S),
        (Duration.of(s=3600), Duration.of(s=60)),
    ],
)
def test_the_window_is_a_third_of_the_hold_within_bounds(hold: Duration, window: Duration) -> None:
    assert window_for(hold) == window


def at(seconds: float) -> Instant:
    return Instant(round(seconds * 1e9))


def test_a_trigger_is_met_once_its_condition_held_for_its_whole_time() -> None:
    watch = Watch(ErrorRate("web", 0.05, S))
    watch = watch.look(seen(0.4), None, at(10))
    assert not watch.met(at(10.999))
    assert watch.met(at(11))
    assert watch.since == at(10)


def test_one_look_at_which_the_condition_is_false_starts_the_time_again() -> None:
    watch = Watch(ErrorRate("web", 0.05, S))
    for when, rate in ((10.0, 0.4), (10.9, 0.0), (11.0, 0.4)):
        watch = watch.look(seen(rate), None, at(when))
    assert not watch.met(at(11.9))
    assert watch.met(at(12))


def test_a_watch_tells_what_it_saw_last_and_that_it_saw_nothing() -> None:
    watch = Watch(ErrorRate("web"))
    assert watch.detail == "no answers were seen"
    assert watch.look(seen(0.4), None, at(1)).detail == "40% of 25 answers in 1 s were bad, 95 % within 10 ms"
