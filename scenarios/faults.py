"""Steps that break the system, and the one that says by when clients must feel it."""

from pytest_bdd import then, when

from harness.bdd.parameters import step
from harness.drill.builder import DrillBuilder
from harness.faults.catalogue import BadRelease, Crash, Nothing, SlowAnswers
from harness.units import Duration


@when(step("{service:Service} is released as {version:Version}"))
def _bad_release(drill: DrillBuilder, service: str, version: str) -> None:
    drill.break_by(BadRelease(service, version))


@when(step("{service:Service} crashes and stays down"))
def _crash(drill: DrillBuilder, service: str) -> None:
    drill.break_by(Crash(service))


@when(step("answers of {service:Service} become {factor:g} times slower"))
def _slow(drill: DrillBuilder, service: str, factor: float) -> None:
    drill.break_by(SlowAnswers(service, factor))


@when(step("nothing is done"))
def _nothing(drill: DrillBuilder) -> None:
    drill.break_by(Nothing())


@then(step("clients feel it within {limit:Duration}"))
def _effect(drill: DrillBuilder, limit: Duration) -> None:
    drill.effect_limit = limit
