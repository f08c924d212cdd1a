"""Steps that state objectives and the verdict."""

from pytest_bdd import then

from harness.bdd.parameters import step
from harness.drill.builder import DrillBuilder
from harness.drill.spec import Growth
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Verdict
from harness.units import Duration


@then(step("the recovery time is at most {bound:Duration}"))
def _rto(drill: DrillBuilder, bound: Duration) -> None:
    drill.must_measure(Measured.RTO, bound)


@then(step("the recovery time has grown by at most {allowed:Share} over the median of the last {drills:Drills}"))
def _growth(drill: DrillBuilder, allowed: float, drills: int) -> None:
    drill.once("by how much the recovery time may have grown")
    drill.growth = Growth(allowed, drills, drill.here)


@then(step("the recovery point is at most {bound:Duration}"))
def _rpo(drill: DrillBuilder, bound: Duration) -> None:
    drill.must_measure(Measured.RPO, bound)


@then(step("no acknowledged write is lost"))
def _no_loss(drill: DrillBuilder) -> None:
    drill.must_measure(Measured.RPO, Duration(0))


@then(step("the outage is at most {bound:Duration}"))
def _outage(drill: DrillBuilder, bound: Duration) -> None:
    drill.must_measure(Measured.OUTAGE, bound)


@then(step("validation takes at most {bound:Duration}"))
def _validation(drill: DrillBuilder, bound: Duration) -> None:
    drill.must_measure(Measured.VALIDATION, bound)


@then(step("everybody is told within {bound:Duration}"))
def _notification(drill: DrillBuilder, bound: Duration) -> None:
    drill.must_measure(Measured.NOTIFICATION, bound)


@then(step("the verdict is {verdict:Verdict}"))
def _verdict(drill: DrillBuilder, verdict: Verdict) -> None:
    drill.expect(verdict)


@then(step("the drill is {verdict:Verdict} because {cause:Cause}"))
def _verdict_and_cause(drill: DrillBuilder, verdict: Verdict, cause: Cause) -> None:
    drill.expect(verdict, cause)
