"""By which figures a decision is made: the metrics source's where it told them, else the observer's, and it is said."""

from __future__ import annotations

from harness.rollback.assessment import Decision, Severity, Situation, assess
from harness.rollback.figures import THE_OBSERVERS, figures, weigh
from harness.rollback.metrics_source import Figures, Told
from harness.system.values import ServiceHealth
from harness.units import Duration
from tests.support.sandboxes import soon

S = Duration.of(s=1)
MS = Duration.of(ms=1)
NAME = "the metrics source http://prometheus over 1 min"


def seen(
    service: str, error_rate: float | None = 0.0, p95: Duration | None = MS * 8, samples: int = 100
) -> ServiceHealth:
    return ServiceHealth(service, S, samples, error_rate, p95)


def test_where_there_is_no_metrics_source_the_observers_figures_count() -> None:
    observed, baseline = [seen("web")], {"web": MS * 5}
    found = figures(None, observed, baseline, soon())
    assert (found.health, found.baseline, found.sources, found.problem) == (observed, baseline, (THE_OBSERVERS,), "")


def test_the_sources_figures_count_where_it_told_them_each_against_its_own_steady_state() -> None:
    told, base = Told({"web": Figures(0.12, MS * 480)}), Told({"web": Figures(0.0, MS * 20)})
    found = weigh([seen("web", 1.0)], {"web": MS * 5}, told, base, NAME)
    assert found.health == [seen("web", 0.12, MS * 480)]
    assert found.baseline == {"web": MS * 20}
    assert found.sources == (f"from {NAME}: error rate of web 12 %; P95 of web 480 ms (20 ms in the steady state)",)


def test_a_source_that_does_not_answer_leaves_everything_to_the_observer() -> None:
    observed, baseline = [seen("web", 0.5), seen("api")], {"web": MS * 5}
    found = weigh(observed, baseline, Told({"web": Figures(0.0)}, "ConnectError: refused"), Told(), NAME)
    assert (found.health, found.baseline) == (observed, baseline)
    assert found.problem == "ConnectError: refused"
    assert found.sources == (
        "the metrics source does not answer: ConnectError: refused; from the observer instead: error rates and P95",
    )


def test_a_figure_that_it_did_not_tell_is_the_observers_and_the_reason_is_said() -> None:
    told = Told({"web": Figures(None, MS * 30, {"error rate": "has no such series"}), "api": Figures(0.2, MS * 30)})
    base = Told({"web": Figures(0.0, MS * 20), "api": Figures(0.0, None, {"P95": "saw no answers in 1 min"})})
    found = weigh([seen("web", 0.4), seen("api", p95=MS * 9)], {"api": MS * 3}, told, base, NAME)
    assert found.health == [seen("web", 0.4, MS * 30), seen("api", 0.2, MS * 9)]
    assert found.baseline == {"web": MS * 20, "api": MS * 3}
    assert found.sources[1] == (
        f"from the observer instead of {NAME}: error rate of web, because it has no such series; "
        "P95 of api, because none is known from it of the steady state (saw no answers in 1 min)"
    )


def test_a_steady_state_in_which_it_was_down_leaves_its_p95_out() -> None:
    told, base = Told({"web": Figures(0.0, MS * 30)}), Told(problem="it answers 503")
    found = weigh([seen("web")], {"web": MS * 5}, told, base, NAME)
    assert found.health == [seen("web")]
    assert found.sources[1].endswith("P95 of web, because none is known from it of the steady state (it answers 503)")


def test_a_service_of_which_the_source_alone_knows_counts_once() -> None:
    told = Told({"web": Figures(1.0), "api": Figures(0.0)})
    found = weigh([seen("web", None, None, 0), seen("api")], {}, told, Told(), NAME)
    assert [one.samples for one in found.health] == [1, 100]


def test_the_decision_follows_the_figures_and_tells_last_where_they_are_from() -> None:
    base = Told({"web": Figures(0.0, MS * 20)})
    for rate, expected in ((0.0, Decision.MONITOR), (0.2, Decision.IMMEDIATE)):
        by = weigh([seen("web")], {}, Told({"web": Figures(rate, MS * 20)}), base, NAME)
        found = assess(Situation(Severity.LOW, S, "t", by.health, by.baseline, sources=by.sources))
        assert found.decision is expected
        assert found.reasons[-1] == by.sources[0]
        assert found.reasons[0].startswith(expected.name.lower())
    slow = weigh([seen("web")], {}, Told({"web": Figures(0.0, MS * 70)}), base, NAME)
    found = assess(Situation(Severity.LOW, S, "t", slow.health, slow.baseline, sources=slow.sources))
    assert "its P95 of 70 ms is above 3 times its baseline of 20 ms" in found.reasons[0]
