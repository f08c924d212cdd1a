"""What counts as an effect: what clients see, in numbers that tell it from noise.

That it cannot be told is neither an effect nor its end, so it is raised.
"""

from __future__ import annotations

from typing import Final

from harness.errors import MayWorkLater
from harness.faults.model import Scene
from harness.system.values import ServiceHealth
from harness.units import Duration

EFFECT_WINDOW: Final = Duration.of(ms=500)  # 25 probes at 50 a second: enough to tell 5 % from a lone bad probe
EFFECT_ERRORS: Final = 0.05  # below the steady state's limit is noise; the catalogue's faults are far above
ENOUGH_SAMPLES: Final = 10


def bad_answers(scene: Scene, service: str) -> str:
    """Proof that clients get bad answers from a service, as a sentence; empty when they do not, or did before.

    Raises:
        MayWorkLater: too few answers were seen to tell.
    """
    if service in scene.unsteady:
        return ""
    health, rate = _seen(scene, service)
    return f"{rate:.0%} of {answers_seen(health)} were bad" if rate >= EFFECT_ERRORS else ""


def any_bad_answers(scene: Scene) -> str:
    """Proof that clients get bad answers from any service; empty when they do not.

    Raises:
        MayWorkLater: of none is it known that they do, and of one it cannot be told.
    """
    unknown: MayWorkLater | None = None
    for service in scene.system.services:
        try:
            if proof := bad_answers(scene, service):
                return proof
        except MayWorkLater as error:
            unknown = error
    if unknown is not None:
        raise unknown
    return ""


def slow_answers(scene: Scene, service: str, factor: float) -> str:
    """Proof that answers of a service take about `factor` times as long as in the steady state; empty when not.

    A P95 more than half-way to the factor counts.

    Raises:
        MayWorkLater: too few answers were seen to tell, or many were bad: who is not answered waits, too.
    """
    health, rate = _seen(scene, service)
    baseline = scene.baseline[service]
    if health.p95 is not None and health.p95 >= baseline * ((factor + 1) / 2):
        return f"95 % of {answers_seen(health)} took up to {health.p95}, against {baseline} before"
    if rate >= EFFECT_ERRORS:
        raise MayWorkLater(f"{rate:.0%} of {answers_seen(health)} were bad, so it cannot be told how long they take")
    return ""


def _seen(scene: Scene, service: str) -> tuple[ServiceHealth, float]:
    """What clients see of a service, and the share of bad answers.

    Raises:
        MayWorkLater: too few answers were seen to tell.
    """
    health = scene.metrics.health(service, EFFECT_WINDOW)
    if health.error_rate is None or health.samples < ENOUGH_SAMPLES:
        raise MayWorkLater(f"only {answers_seen(health)} were seen; {ENOUGH_SAMPLES} are needed to tell")
    return health, health.error_rate


def answers_seen(health: ServiceHealth) -> str:
    """How many answers of which service were looked at, in words."""
    return f"{health.samples} answers of {health.service} in {health.window}"
