"""Steps about the system before the fault: what runs, how it is observed, what steady means."""

from pytest_bdd import given

from harness.bdd.parameters import step
from harness.drill.builder import DrillBuilder
from harness.units import Duration


@given(step("every service is live in {version:Version}"))
def _every_service_is_live(drill: DrillBuilder, version: str) -> None:
    drill.all_run(version)


@given(step("{service:Service} is live in {version:Version}, with {standby:Version} on standby"))
def _live_with_standby(drill: DrillBuilder, service: str, version: str, standby: str) -> None:
    drill.runs(service, version, standby)


@given(step("every service has {count:d} replicas"))
def _replicas(drill: DrillBuilder, count: int) -> None:
    drill.has_replicas(count)


@given(step("clients probe every service {rate:g} times a second"))
def _probe_rate(drill: DrillBuilder, rate: float) -> None:
    drill.probe(rate)


@given(step("a good answer of {service:Service} takes at most {limit:Duration}"))
def _good_answer(drill: DrillBuilder, service: str, limit: Duration) -> None:
    drill.good_answer_within(service, limit)


@given(step("the steady state is observed for {window:Duration}"))
def _steady_state(drill: DrillBuilder, window: Duration) -> None:
    drill.observe_steady_state(window)
