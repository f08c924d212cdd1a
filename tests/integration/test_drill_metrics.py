"""A drill's decision asks a metrics source: one that is well, one that is taken away, and none; on real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.drill.metering import Metering
from harness.errors import InputError
from harness.journal.declaration import Verdict
from harness.system.values import ServiceHealth
from harness.units import Duration
from tests.integration.test_metrics_source import by_figure, vector
from tests.support import drills
from tests.support.commands import ECHO
from tests.support.drills import drill_of
from tests.support.fooled import altered, ends
from tests.support.http_server import Behaviour, Seen, Server


@pytest.fixture
def prometheus() -> Iterator[Server]:
    with Server() as found:
        yield found


def system(folder: Path, server: Server, watched: str) -> Path:
    metrics = f'[metrics]\nprometheus = "{server.address.url}"\nsandboxes = ["{watched}"]\n\n[[load]]'
    return altered(folder, ECHO, ("[[load]]", metrics))


def test_a_decision_is_made_by_what_the_metrics_source_tells(tmp_path: Path, prometheus: Server) -> None:
    well, ill = by_figure(vector("0"), vector("0.02")), by_figure(vector("0.75"), vector("0.5"))

    def choose(seen: Seen) -> Behaviour:
        return well(seen) if len(prometheus.seen) < 2 else ill(seen)

    prometheus.choose = choose
    result = ends(drill_of(tmp_path, drills.PASSING, system(tmp_path, prometheus, "embedded")), tmp_path)
    assert result.verdict is Verdict.PASSED, result.reason
    assert result.decision is not None
    *weighed, source = result.decision.reasons
    assert source == (
        f"from the metrics source {prometheus.address.url} over 1 min: error rate of echo 75 %; "
        "P95 of echo 500 ms (20 ms in the steady state)"
    )
    assert "immediate: 75 % of all answers are bad" in weighed
    assert "(echo: 75 % of its answers are bad and its P95 of 500 ms is above 3 times" in " ".join(weighed)


class Observing:
    """What clients see, where none is there: every fifth answer is bad."""

    def health(self, service: str, window: Duration) -> ServiceHealth:
        return ServiceHealth(service, window, 50, 0.2, Duration.of(ms=8))


def metering(folder: Path, server: Server, befalls: str, watched: str) -> Metering:
    steps = (*drills.PASSING[:4], befalls, *drills.PASSING[4:])
    return Metering(drill_of(folder, steps, system(folder, server, watched)), "embedded", Observing())


def test_a_source_that_was_down_before_cannot_be_taken_away(tmp_path: Path, prometheus: Server) -> None:
    prometheus.behaviour = Behaviour(status=503)
    drilled = metering(tmp_path, prometheus, "And the metrics source is down", "embedded")
    drilled.take_base()
    with pytest.raises(InputError, match="source is down: that had no effect, because it did not answer before: it"):
        drilled.strike()
    drilled.close()


def test_where_no_prometheus_watches_a_small_source_of_the_drill_is_taken_away(
    tmp_path: Path, prometheus: Server
) -> None:
    drilled = metering(tmp_path, prometheus, "And the metrics source is down", "cluster")
    drilled.take_base()
    seen, limit = [Observing().health("echo", Duration.of(s=1))], Deadline.after(Duration.of(s=10))
    with pytest.raises(InputError, match="that had no effect, because it answered when the decision was made"):
        drilled.weigh(seen, {}, limit)
    drilled.strike()
    assert drilled.weigh(seen, {}, limit).sources[0].startswith("the metrics source does not answer: ConnectError: ")
    drilled.close()
    assert prometheus.seen == []


def test_a_slow_source_is_not_waited_for_and_the_observer_tells_instead(tmp_path: Path, prometheus: Server) -> None:
    prometheus.choose = by_figure(vector("0"), vector("0.02"))
    drilled = metering(tmp_path, prometheus, "And the metrics source answers only after 30 s", "embedded")
    drilled.take_base()
    drilled.strike()
    seen = [Observing().health("echo", Duration.of(s=1))]
    weighed = drilled.weigh(seen, {}, Deadline.after(Duration.of(ms=400)))
    assert weighed.health == seen
    [source] = weighed.sources
    assert source.startswith("the metrics source does not answer: there was no whole answer within ")
    assert source.endswith("; from the observer instead: error rates and P95")
    drilled.close()
    assert len(prometheus.seen) == 2  # in the steady state; it is left alone from then on
