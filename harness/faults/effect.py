"""What counts as an effect: what clients see, in numbers that tell it from noise."""

from __future__ import annotations

from typing import Final

from harness.faults.model import Scene
from harness.system.values import ServiceHealth
from harness.units import Duration

EFFECT_WINDOW: Final = Duration.of(ms=500)  # 25 probes at 50 a second: enough to tell 5 % from a lone bad probe
EFFECT_ERRORS: Final = 0.05  # below the steady state's limit is noise; the catalogue's faults are far above
ENOUGH_SAMPLES: Final = 10


def bad_answers(scene: Scene, service: str) -> str:
    """Proof that clients get bad answers from a service, as a sentence; empty when they do not."""
    health = scene.metrics.health(service, EFFECT_WINDOW)
    if health.error_rate is None or health.samples < ENOUGH_SAMPLES or health.error_rate < EFFECT_ERRORS:
        return ""
    return f"{health.error_rate:.0%} of {answers_seen(health)} were bad"


def any_bad_answers(scene: Scene) -> str:
    """Proof that clients get bad answers from any service; empty when they do not."""
    return next((proof for service in scene.system.services if (proof := bad_answers(scene, service))), "")


def slow_answers(scene: Scene, service: str, factor: float) -> str:
    """Proof that answers of a service take about `factor` times as long as in the steady state; empty when not.

    A P95 more than half-way to the factor counts.
    """
    health = scene.metrics.health(service, EFFECT_WINDOW)
    baseline = scene.baseline[service]
    if health.p95 is None or health.samples < ENOUGH_SAMPLES or health.p95 < baseline * ((factor + 1) / 2):
        return ""
    return f"95 % of {answers_seen(health)} took up to {health.p95}, against {baseline} before"


def answers_seen(health: ServiceHealth) -> str:
    """How many answers of which service were looked at, in words."""
    return f"{health.samples} answers of {health.service} in {health.window}"
