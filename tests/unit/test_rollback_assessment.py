"""The assessment: every row of the decision matrix and of the health table, and that all reasons are listed."""

import pytest

from harness.rollback.assessment import Decision, Patience, Severity, Situation, assess
from harness.system.values import ServiceHealth
from harness.units import Duration

S = Duration.of(s=1)


def health(*rates: float | None, samples: int = 100) -> list[ServiceHealth]:
    return [ServiceHealth(f"s{index}", S, samples, rate, None) for index, rate in enumerate(rates)]


def decide(severity: Severity, minutes: float, *rates: float | None) -> Decision:
    return assess(Situation(severity, Duration.of(s=minutes * 60), "t", health(*rates))).decision


@pytest.mark.parametrize(
    ("severity", "minutes", "expected"),
    [
        (Severity.CRITICAL, 0, Decision.IMMEDIATE),
        (Severity.HIGH, 10, Decision.MONITOR),
        (Severity.HIGH, 10.01, Decision.RECOMMENDED),
        (Severity.MEDIUM, 30, Decision.MONITOR),
        (Severity.MEDIUM, 30.01, Decision.CONSIDER),
        (Severity.LOW, 600, Decision.MONITOR),
    ],
)
def test_severity_and_time_decide_by_the_matrix(severity: Severity, minutes: float, expected: Decision) -> None:
    assert decide(severity, minutes, 0.0, 0.0, 0.0, 0.0) is expected


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ((0.0, 0.0, 0.0, 0.0), Decision.MONITOR),
        ((0.0, 0.0, 0.0, 0.08), Decision.MONITOR),  # 75 % are healthy, 2 % of all answers are bad
        ((0.0, 0.0, 0.0, 0.09), Decision.CONSIDER),  # 2.25 % are bad
        ((0.0, 0.06, 0.0), Decision.CONSIDER),  # 67 % are healthy
        ((0.0, 0.0, 0.0, 0.21), Decision.IMMEDIATE),  # 5.25 % are bad
        ((0.06, 0.06, 0.0), Decision.IMMEDIATE),  # 33 % are healthy
        ((0.0, 0.06), Decision.CONSIDER),  # 50 % are healthy, which is not fewer than 50 %
    ],
)
def test_the_health_of_the_system_decides_by_the_table(rates: tuple[float, ...], expected: Decision) -> None:
    assert decide(Severity.LOW, 0, *rates) is expected


def test_more_than_two_affected_services_recommend_a_rollback() -> None:
    rates = (0.06, 0.06, 0.06, *[0.0] * 9)  # 75 % are healthy and 1.5 % of the answers bad
    assert decide(Severity.LOW, 0, *rates) is Decision.RECOMMENDED
    assert decide(Severity.LOW, 0, *rates[1:]) is Decision.MONITOR


def test_services_without_answers_are_not_counted_as_healthy() -> None:
    assert decide(Severity.LOW, 0, None, None, 0.06) is Decision.IMMEDIATE
    assert decide(Severity.LOW, 0, None) is Decision.MONITOR


def test_answers_are_weighed_by_how_many_there_were() -> None:
    many, few = health(0.0, 0.0, 0.0, samples=1000), ServiceHealth("few", S, 10, 0.5, None)
    found = assess(Situation(Severity.LOW, S, "t", [*many, few]))
    assert found.decision is Decision.MONITOR


def test_every_reason_is_listed_and_the_deciding_ones_stand_first() -> None:
    found = assess(Situation(Severity.CRITICAL, S, "errors of web", health(0.0, 0.06)))
    assert found.reasons == (
        "immediate: critical severity (errors of web)",
        "consider: 50 % of services are healthy (s1: 6 % of its answers are bad)",
        "consider: 3 % of all answers are bad",
    )


MS = Duration.of(ms=1)


def slow(*p95: int) -> Situation:
    """Services with a baseline of 10 ms and no bad answers; the P95 of each in milliseconds."""
    seen = [ServiceHealth(f"s{index}", S, 100, 0.0, MS * value) for index, value in enumerate(p95)]
    return Situation(Severity.LOW, S, "t", seen, baseline={one.service: MS * 10 for one in seen})


@pytest.mark.parametrize(
    ("p95", "expected"),
    [
        ((30, 30, 30, 30), Decision.MONITOR),  # not above 3 times the baseline
        ((10, 10, 10, 31), Decision.MONITOR),  # 75 % are healthy
        ((10, 10, 31), Decision.CONSIDER),
        ((10, 31, 31), Decision.IMMEDIATE),
        ((10,) * 9 + (31,) * 3, Decision.RECOMMENDED),  # 75 % are healthy, and 3 services are affected
    ],
)
def test_a_service_whose_p95_is_above_three_times_its_baseline_is_not_healthy(
    p95: tuple[int, ...], expected: Decision
) -> None:
    assert assess(slow(*p95)).decision is expected


def test_the_p95_is_listed_among_the_reasons_with_its_baseline() -> None:
    assert assess(slow(10, 10, 10, 31)).reasons == (
        "monitor: low severity for 1 s (t), 1 service affected",
        "monitor: 75 % of services are healthy (s3: its P95 of 31 ms is above 3 times its baseline of 10 ms)",
        "monitor: 0 % of all answers are bad",
    )


def test_both_reasons_of_one_service_are_listed() -> None:
    found = assess(Situation(Severity.LOW, S, "t", [ServiceHealth("web", S, 9, 0.125, S)], baseline={"web": MS}))
    assert "(web: 12.5 % of its answers are bad and its P95 of 1 s is above 3 times its baseline of 1 ms)" in (
        " ".join(found.reasons)
    )


def test_without_a_baseline_no_p95_makes_a_service_unhealthy() -> None:
    seen = [ServiceHealth("web", S, 100, 0.0, S * 9)]
    assert assess(Situation(Severity.LOW, S, "t", seen)).decision is Decision.MONITOR


@pytest.mark.parametrize(
    ("severity", "seconds", "expected"),
    [
        (Severity.HIGH, 2, Decision.MONITOR),
        (Severity.HIGH, 2.01, Decision.RECOMMENDED),
        (Severity.MEDIUM, 5, Decision.MONITOR),
        (Severity.MEDIUM, 5.01, Decision.CONSIDER),
    ],
)
def test_the_times_after_which_a_severity_counts_may_be_shorter(
    severity: Severity, seconds: float, expected: Decision
) -> None:
    patience = Patience(high=S * 2, medium=S * 5)
    situation = Situation(severity, Duration.of(s=seconds), "t", health(0.0), patience=patience)
    assert assess(situation).decision is expected


@pytest.mark.parametrize(("decision", "acts"), [(one, one >= Decision.RECOMMENDED) for one in Decision])
def test_only_a_recommended_or_immediate_rollback_is_carried_out(decision: Decision, *, acts: bool) -> None:
    assert decision.rolls_back is acts
