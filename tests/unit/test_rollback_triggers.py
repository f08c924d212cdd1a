"""Triggers: when a condition is true, and when it has been true for long enough."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from harness.errors import InputError
from harness.rollback.assessment import Severity
from harness.rollback.triggers import (
    Declared,
    ErrorRate,
    ServiceDown,
    SlowResponse,
    Trigger,
    Watch,
    default_triggers,
    told,
    window_for,
)
from harness.system.trigger_model import Kind, TriggerTable
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
    watch = Watch(S)
    watch = watch.look(at(10), true=True, detail="")
    assert not watch.met(at(10.999))
    assert watch.met(at(11))
    assert watch.since == at(10)


def test_one_look_at_which_the_condition_is_false_starts_the_time_again() -> None:
    watch = Watch(S)
    for when, true in ((10.0, True), (10.9, False), (11.0, True)):
        watch = watch.look(at(when), true=true, detail="")
    assert not watch.met(at(11.9))
    assert watch.met(at(12))


def test_a_reading_is_told_in_words_and_that_there_was_none() -> None:
    assert told(seen(None, samples=0)) == "no answers were seen"
    assert told(seen(0.4)) == "40% of 25 answers in 1 s were bad, 95 % within 10 ms"
    assert Watch(S).detail == "nobody has looked"
    assert Watch(S).look(at(1), true=False, detail="two rows").detail == "two rows"


def table(kind: Kind, **more: Any) -> TriggerTable:
    return TriggerTable.model_validate({"name": "x", "kind": kind, "file": "f", **more})


@pytest.mark.parametrize(
    ("kind", "severity", "hold"),
    [
        (Kind.DATA_CORRUPTION, Severity.CRITICAL, Duration.of(s=10)),
        (Kind.SECURITY_BREACH, Severity.CRITICAL, Duration(0)),
        (Kind.INTEGRATION_FAILURE, Severity.HIGH, Duration.of(s=600)),
        (Kind.RESOURCE_EXHAUSTION, Severity.HIGH, Duration.of(s=600)),
        (Kind.BUSINESS_IMPACT, Severity.HIGH, Duration.of(s=600)),
        (Kind.FEATURE_DEFECT, Severity.MEDIUM, Duration.of(s=1800)),
    ],
)
def test_what_a_system_declares_is_as_grave_and_lasts_as_long_as_the_decision_matrix_says(
    kind: Kind, severity: Severity, hold: Duration
) -> None:
    declared = Declared.of(table(kind))
    assert (declared.severity, declared.hold) == (severity, hold)


def test_drill_toml_and_then_a_scenario_may_say_otherwise() -> None:
    said = table(Kind.FEATURE_DEFECT, severity="high", **{"for": "5 s"})
    assert Declared.of(said) == Declared("x", Kind.FEATURE_DEFECT, Duration.of(s=5), Severity.HIGH)
    assert Declared.of(said, Duration(0)).hold == Duration(0)
    assert Declared.of(said).title == "feature defect: x for 5 s"
    assert Declared.of(said, Duration(0)).title == "feature defect: x"


@pytest.mark.parametrize("more", [{"file": None}, {"check": "c"}, {"orphans": True}])
def test_a_trigger_has_one_condition(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one of 'check', 'file' and 'orphans = true'"):
        table(Kind.SECURITY_BREACH, **more)
