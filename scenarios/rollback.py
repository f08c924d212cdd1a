"""Steps about the reaction: what calls for a rollback, and by when it is decided, carried out and felt."""

from pytest_bdd import given, then

from harness.bdd.parameters import step
from harness.bdd.refusals import ExpectedRefusal
from harness.drill.builder import DrillBuilder
from harness.drill.names import known_service
from harness.drill.spec import ActedAgo
from harness.errors import InputError
from harness.journal.cause import Cause
from harness.journal.declaration import Sustain, Verdict
from harness.rollback.assessment import Severity
from harness.rollback.plan import Procedure
from harness.rollback.triggers import ErrorRate, ServiceDown, SlowResponse
from harness.units import Duration


@given(step("a rollback is called for when {service:Service} is down for {hold:Duration}"))
def _down(drill: DrillBuilder, service: str, hold: Duration) -> None:
    drill.call_for_rollback(ServiceDown(service, hold))


@given(
    step("a rollback is called for when the error rate of {service:Service} is above {share:Share} for {hold:Duration}")
)
def _error_rate(drill: DrillBuilder, service: str, share: float, hold: Duration) -> None:
    drill.call_for_rollback(ErrorRate(service, share, hold))


@given(
    step(
        "a rollback is called for when responses of {service:Service} take more than {factor:g} times "
        "their baseline for {hold:Duration}"
    )
)
def _slow(drill: DrillBuilder, service: str, factor: float, hold: Duration) -> None:
    drill.call_for_rollback(SlowResponse(service, factor, hold))


@given(step("a rollback is called for by the trigger {trigger:Quoted}"))
def _declared(drill: DrillBuilder, trigger: str) -> None:
    drill.call_by(trigger)


@given(step("a rollback is called for by the trigger {trigger:Quoted} for {hold:Duration}"))
def _declared_for(drill: DrillBuilder, trigger: str, hold: Duration) -> None:
    drill.call_by(trigger, hold)


@given(step("{version:Version} of {service:Service} was rolled back automatically {ago:Duration} ago"))
def _acted(drill: DrillBuilder, version: str, service: str, ago: Duration) -> None:
    known_service(drill.model, service)
    drill.acted.append(ActedAgo(service, version, ago, helped=True))


@given(
    step("{version:Version} of {service:Service} was rolled back automatically {ago:Duration} ago, and did not help")
)
def _acted_in_vain(drill: DrillBuilder, version: str, service: str, ago: Duration) -> None:
    known_service(drill.model, service)
    drill.acted.append(ActedAgo(service, version, ago, helped=False))


@given(step("the incident is of {severity:Severity} severity"))
def _severity(drill: DrillBuilder, severity: Severity) -> None:
    drill.once("how grave the incident is")
    drill.severity = severity


@given(step("{severity:Severity} severity counts after {time:Duration}"))
def _patience(drill: DrillBuilder, severity: Severity, time: Duration) -> None:
    drill.counts_after(severity, time)


@then(step("a rollback is called for within {limit:Duration}"))
def _detected(drill: DrillBuilder, limit: Duration) -> None:
    drill.once("by when a rollback is called for")
    drill.detect_limit = limit


@then(step("it is decided within {limit:Duration}"))
def _decided(drill: DrillBuilder, limit: Duration) -> None:
    drill.once("by when it is decided")
    drill.decide_limit = limit


@then(step("traffic is back on {version:Version} within {limit:Duration}"))
def _traffic(drill: DrillBuilder, version: str, limit: Duration) -> None:
    drill.roll_back_to(version, limit)


@then(step("{service:Service} is rolled back to {version:Version} {how:Procedure} within {limit:Duration}"))
def _rolled_back(drill: DrillBuilder, service: str, version: str, how: Procedure, limit: Duration) -> None:
    drill.roll_back_to(version, limit, how, service)


@then(step("{service:Service} is to be rolled back to {version:Version} {how:Procedure}"))
def _to_be_rolled_back(drill: DrillBuilder, service: str, version: str, how: Procedure) -> None:
    drill.roll_back_to(version, drill.roll_back_limit, how, service)


@then(step("the application is rolled back to {version:Version} within {limit:Duration}"))
def _application(drill: DrillBuilder, version: str, limit: Duration) -> None:
    drill.roll_back_to(version, limit, Procedure.APPLICATION)


@then(step("the rollback is refused because {why:Refusal}"))
def _refused(drill: DrillBuilder, why: ExpectedRefusal) -> None:
    if why.version not in (None, drill.back_to):
        target = drill.back_to or "nothing that was said before this step"
        raise InputError(f"the rollback goes to {target}, so it is not refused for want of {why.version}")
    drill.expect(Verdict.MISSED, Cause.of_refusal(why.refusal))


@then(step("clients get good answers again within {limit:Duration}, for {sustain:Duration} on end"))
def _recovered(drill: DrillBuilder, limit: Duration, sustain: Duration) -> None:
    drill.once("by when clients get good answers again")
    drill.recover_limit = limit
    drill.sustain = Sustain(time=sustain, probes=drill.sustain.probes)
