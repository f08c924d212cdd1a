"""What counters say of a window: nothing is guessed, nothing that was counted is left out."""

import math
from collections.abc import Iterator, Mapping

import pytest

from harness.sandbox.kind.growth import Sample, Series, growth, health, quantile
from harness.system.metrics_model import MetricsTable
from harness.units import Duration

WINDOW = Duration.of(s=5)
INFINITE = math.inf


def counter(*values: float, first: float = 0, **labels: str) -> Series:
    """One sample a second from `first` on."""
    return Series(labels, tuple(Sample(first + index, value) for index, value in enumerate(values)))


def told(*series: Series, start: float = 0, end: float = 5) -> tuple[int, float | None]:
    """Answers and error rate."""
    found = health("web", WINDOW, series, names=MetricsTable(), start=start, end=end)
    return found.samples, found.error_rate


def requests(*values: float, status: str, first: float = 0) -> Series:
    return counter(*values, first=first, __name__="http_requests_total", status=status)


@pytest.mark.parametrize(
    ("series", "grown"),
    [
        (counter(10, 12, 15, 15, 20, 30), 20),
        (counter(10, 12, 15, 15, 20, 30, 99), 20),  # after the window
        (counter(1, 2, 10, 12, 15, 15, 20, 30, first=-2), 20),  # before it
        (counter(7, 9, first=3), 9),  # began inside: at zero
        (counter(10, 12, 3, 4), 6),  # began again at zero
        (counter(10, 12, 0, 0), 2),
        (counter(10, first=-3), 0),  # gone before
        (counter(), 0),
    ],
)
def test_a_counter_grew_by_what_was_read(series: Series, grown: float) -> None:
    assert growth(series, 0, 5) == grown


def test_errors_that_begin_inside_the_window_all_count() -> None:
    assert told(requests(100, 110, 120, status="200"), requests(20, first=2, status="500")) == (40, 0.5)


def test_the_replicas_of_a_service_count_together() -> None:
    good, bad = requests(0, 30, status="200"), requests(0, 10, status="503")
    assert told(good, good, bad) == (70, 10 / 70)


def test_only_statuses_that_drill_toml_calls_bad_are_bad() -> None:
    assert told(requests(0, 10, status="404"), requests(0, 10, status="50")) == (20, 0.0)


def test_nothing_seen_is_not_known_to_be_good() -> None:
    assert told() == (0, None)
    assert told(requests(10, 10, 10, status="200")) == (0, None)


def bucketed(counts: Mapping[float, float]) -> Iterator[Series]:
    for bound, count in counts.items():
        name = "+Inf" if math.isinf(bound) else str(bound)
        yield counter(0, count, __name__="http_request_duration_seconds_bucket", le=name)


def test_p95_comes_from_the_buckets_of_all_replicas() -> None:
    buckets = [*bucketed({0.1: 45, 0.2: 50, INFINITE: 50}), *bucketed({0.1: 45, 0.2: 50, INFINITE: 50})]
    found = health("web", WINDOW, buckets, names=MetricsTable(), start=0, end=5)
    assert found.p95 == Duration.of(ms=150)


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ({0.1: 100, INFINITE: 100}, Duration.of(ms=95)),
        ({0.1: 0, 0.2: 100, INFINITE: 100}, Duration.of(ms=195)),
        ({0.1: 94, 0.2: 94, INFINITE: 100}, Duration.of(ms=200)),  # at least: beyond all bounds
        ({INFINITE: 100}, Duration(0)),
        ({0.1: 0, INFINITE: 0}, None),
        ({}, None),
    ],
)
def test_p95_is_where_prometheus_puts_it(buckets: Mapping[float, float], expected: Duration | None) -> None:
    assert quantile(0.95, buckets) == expected
