"""How much counters grew over a window, and what of a service's health follows. Takes samples, returns values.

PromQL's increase() is not used: it guesses beyond the samples, and it leaves out all that a series counted before
its first sample, so a service that begins to fail would seem well for one scrape more. Here a series that begins
inside the window began at zero, which holds as long as Prometheus has watched since before the window.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.system.metrics_model import MetricsTable
from harness.system.values import ServiceHealth
from harness.units import Duration

_NAME: Final = "__name__"
_QUANTILE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that Prometheus read at an instant of its own clock, in seconds since 1970."""

    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one set of labels, oldest first."""

    labels: Mapping[str, str]
    samples: tuple[Sample, ...]


def growth(series: Series, start: float, end: float) -> float:
    """How much a counter grew from the last sample at or before `start` to the last at or before `end`.

    A value below the one before is a counter that began again at zero.
    """
    before = [sample.value for sample in series.samples if sample.at <= start]
    last = before[-1] if before else 0.0
    grown = 0.0
    for sample in series.samples:
        if start < sample.at <= end:
            grown += sample.value - last if sample.value >= last else sample.value
            last = sample.value
    return grown


def health(
    service: str, window: Duration, series: Iterable[Series], *, names: MetricsTable, start: float, end: float
) -> ServiceHealth:
    """What the counters of all replicas of a service say of a window.

    Args:
        service: its name.
        window: its length, as the answer names it.
        series: of the counter of requests and of the buckets of the histogram.
        names: of the metrics.
        start: of the window, as in `Sample.at`.
        end: likewise.
    """
    all_answers = bad_answers = 0.0
    buckets: dict[float, float] = {}
    for one in series:
        grown = growth(one, start, end)
        if one.labels.get(_NAME) == names.requests:
            all_answers += grown
            if names.bad.fullmatch(one.labels.get(names.status, "")):
                bad_answers += grown
        elif "le" in one.labels:
            bound = float(one.labels["le"])
            buckets[bound] = buckets.get(bound, 0.0) + grown
    return ServiceHealth(
        service=service,
        window=window,
        samples=round(all_answers),
        error_rate=bad_answers / all_answers if all_answers else None,
        p95=quantile(_QUANTILE, buckets),
    )


def quantile(share: float, buckets: Mapping[float, float]) -> Duration | None:
    """The time within which a share of the answers came, from cumulative buckets by their upper bounds in seconds.

    As Prometheus' histogram_quantile does, it takes answers to lie evenly within a bucket, and answers beyond the
    last finite bound to lie at that bound: they took that long at least. None when there is no answer.
    """
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]]:
        return None
    rank = share * buckets[bounds[-1]]
    lower = below = 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if math.isinf(bound):
                break
            return Duration.of(s=lower + (bound - lower) * (rank - below) / (buckets[bound] - below))
        lower, below = bound, buckets[bound]
    return Duration.of(s=lower)
