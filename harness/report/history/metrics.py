"""What a history says, as Prometheus metrics: one set for each scenario, of its last drill; and how schedules go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from harness.journal.declaration import Verdict
from harness.journal.schedule import State
from harness.report.history.trend import Trend
from harness.verdict.result import Seconds

LABELS: Final = ("system", "environment", "sandbox", "feature", "scenario", "drill")


def registry_of(trends: Sequence[Trend]) -> CollectorRegistry:
    """The metrics of all scenarios; what was not measured, or does not count, has no value, rather than a wrong one."""
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, *more: str) -> Gauge:
        return Gauge(f"drill_{name}", meaning, (*LABELS, *more), registry=registry)

    rto = gauge("rto_seconds", "Measured recovery time of the last drill: the truth lies between its bounds.", "bound")
    rpo = gauge("rpo_seconds", "Measured data loss of the last drill, likewise.", "bound")
    rto_objective = gauge("rto_objective_seconds", "Recovery time that was allowed.")
    rpo_objective = gauge("rpo_objective_seconds", "Data loss that was allowed.")
    lost = gauge("lost_writes", "Acknowledged writes that were gone after the last drill.")
    verdict = gauge("verdict", "1 for the verdict of the last drill, 0 for the others.", "verdict")
    as_expected = gauge("as_expected", "1 when the last drill ended as its scenario expects.")
    last = gauge("last_run_timestamp_seconds", "When the last drill began.")
    last_pass = gauge("last_pass_timestamp_seconds", "When the last drill that passed began.")
    last_well = gauge("last_as_expected_timestamp_seconds", "When the last drill that ended as expected began.")
    for trend in trends:
        one, entry = trend.scenario, trend.last.counting
        labels = (one.system, one.environment, one.sandbox, one.feature, one.name, one.drill)
        _span(rto, labels, entry.rto)
        _span(rpo, labels, entry.rpo)
        for allowed, bound in ((rto_objective, entry.rto_objective), (rpo_objective, entry.rpo_objective)):
            if bound is not None:
                allowed.labels(*labels).set(bound)
        if entry.lost is not None:
            lost.labels(*labels).set(entry.lost)
        for kind in Verdict:
            verdict.labels(*labels, kind.value).set(entry.verdict is kind)
        as_expected.labels(*labels).set(entry.as_expected)
        if entry.started_utc:  # a drill that was killed at once may not say when
            last.labels(*labels).set(_timestamp(entry.started_utc))
        if trend.last_passed_utc:
            last_pass.labels(*labels).set(_timestamp(trend.last_passed_utc))
        if trend.last_as_expected_utc:
            last_well.labels(*labels).set(_timestamp(trend.last_as_expected_utc))
    return registry


def registry_of_schedules(states: Sequence[State]) -> CollectorRegistry:
    """The metrics of all schedules: what ran, what was missed or refused, and what is due."""
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str) -> Gauge:
        return Gauge(f"drill_schedule_{name}", meaning, ("schedule",), registry=registry)

    last = gauge("last_run_timestamp_seconds", "When its last run began.")
    due = gauge(
        "next_run_timestamp_seconds", "When the run after its last one is due; once that lies behind, it is late."
    )
    code = gauge("last_exit_code", "Of its last run; none while it is under way, and where it was killed or left.")
    missed = gauge("missed_runs", "Runs that were due and did not begin, as later runs found out.")
    refused = gauge("refused_runs", "Runs that did not begin because another was under way.")
    for one in states:
        name = one.schedule.name
        missed.labels(name).set(len(one.missed))
        refused.labels(name).set(len(one.refused))
        if one.last:
            last.labels(name).set(_timestamp(one.last.utc))
        if one.next:
            due.labels(name).set(_timestamp(one.next))
        if one.ended and one.ended.code is not None:
            code.labels(name).set(one.ended.code)
    return registry


def _span(gauge: Gauge, labels: Sequence[str], found: Seconds | None) -> None:
    if found is not None:
        gauge.labels(*labels, "low").set(found.low)
        gauge.labels(*labels, "high").set(found.high)


def _timestamp(utc: str) -> float:
    return datetime.fromisoformat(utc).timestamp()
