"""Steps that make the guards of a drill stricter, and say when it must be stopped."""

from pytest_bdd import given

from harness.bdd.parameters import step
from harness.drill.builder import DrillBuilder
from harness.drill.guards.rules import Said
from harness.rollback.triggers import ErrorRate, ServiceDown, SlowResponse
from harness.system.blackout import Blackout
from harness.system.guards_model import Allowed
from harness.units import Duration


@given(step("the drill may run only in namespace {namespace:Name} of context {context:Context}"))
def _only(drill: DrillBuilder, namespace: str, context: str) -> None:
    drill.guard(Said(only=(Allowed(context=context, namespace=namespace),)))


@given(step("the drill must be confirmed"))
def _confirmed(drill: DrillBuilder) -> None:
    drill.guard(Said(confirm=True))


@given(step("the fault may hit at most {share:Share} of the replicas of a service"))
def _share(drill: DrillBuilder, share: float) -> None:
    drill.guard(Said(share=share))


@given(step("the fault may hit at most {count:d} service(s)"))
def _services(drill: DrillBuilder, count: int) -> None:
    drill.guard(Said(services=count))


@given(step("no drill runs {window:Blackout}"))
def _blackout(drill: DrillBuilder, window: Blackout) -> None:
    drill.guard(Said(blackouts=(window,)))


@given(step("the drill may take at most {limit:Duration}"))
def _duration(drill: DrillBuilder, limit: Duration) -> None:
    drill.guard(Said(duration=limit))


@given(step("the drill is stopped when the error rate of {service:Service} is above {share:Share} for {hold:Duration}"))
def _stop_at_errors(drill: DrillBuilder, service: str, share: float, hold: Duration) -> None:
    drill.guard(Said(stops=(ErrorRate(service, share, hold),)))


@given(step("the drill is stopped when {service:Service} is down for {hold:Duration}"))
def _stop_when_down(drill: DrillBuilder, service: str, hold: Duration) -> None:
    drill.guard(Said(stops=(ServiceDown(service, hold),)))


@given(
    step(
        "the drill is stopped when responses of {service:Service} take more than {factor:g} times "
        "their baseline for {hold:Duration}"
    )
)
def _stop_when_slow(drill: DrillBuilder, service: str, factor: float, hold: Duration) -> None:
    drill.guard(Said(stops=(SlowResponse(service, factor, hold),)))


@given(step("the drill has the kill switch '{file}'"))
def _kill_switch(drill: DrillBuilder, file: str) -> None:
    drill.guard(Said(switches=(file,)))
