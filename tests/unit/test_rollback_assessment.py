"""The assessment: every row of the decision matrix and of the health table, and that all reasons are listed."""

import pytest

from harness.rollback.assessment import Decision, Severity, Situation, assess
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
    many, few = health(0.0, samples=1000), health(0.5, samples=10)
    found = assess(Situation(Severity.LOW, S, "t", [*many, *many, *many, *few]))
    assert found.decision is Decision.MONITOR


def test_every_reason_is_listed_and_the_deciding_ones_stand_first() -> None:
    found = assess(Situation(Severity.CRITICAL, S, "errors of web", health(0.0, 0.06)))
    assert found.reasons == (
        "immediate: critical severity (errors of web)",
        "consider: 50% of services are healthy",
        "consider: 3.0% of all answers are bad",
    )


@pytest.mark.parametrize(("decision", "acts"), [(one, one >= Decision.RECOMMENDED) for one in Decision])
def test_only_a_recommended_or_immediate_rollback_is_carried_out(decision: Decision, *, acts: bool) -> None:
    assert decision.rolls_back is acts
