"""Steps that break the system, and the one that says by when clients must feel it."""

from pytest_bdd import then, when

from harness.bdd.parameters import step
from harness.drill.builder import DrillBuilder
from harness.faults.catalogue import BadRelease, Crash, Nothing, SlowAnswers
from harness.faults.cluster import HungUpgrade
from harness.faults.experiment import Experiment
from harness.faults.hindrance import DrainedNode, Later, MissingImage, ShortHistory, UnfinishedRollback
from harness.faults.later import DeadStandby
from harness.faults.moment import Moment
from harness.faults.network import Hang, LostAnswers, Refused
from harness.faults.of_engine import EngineKilled, SecondRollback
from harness.faults.of_metrics import MetricsDown, MetricsSlow
from harness.faults.of_notices import ReceiverDown, ReceiverSlow
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.faults.resources import MemoryShort, ProcessorShort
from harness.units import Duration


@when(step("{service:Service} is released as {version:Version}"))
def _bad_release(drill: DrillBuilder, service: str, version: str) -> None:
    drill.break_by(BadRelease(service, version))


@when(step("{service:Service} is released as {version:Version} without waiting for it"))
def _careless_release(drill: DrillBuilder, service: str, version: str) -> None:
    drill.break_by(CarelessRelease(service, version))


@when(step("{service:Service} is updated in place to {version:Version}"))
def _in_place(drill: DrillBuilder, service: str, version: str) -> None:
    drill.break_by(InPlaceRelease(service, version))


@when(step("the upgrade of {service:Service} to {version:Version} hangs in pending"))
def _hung_upgrade(drill: DrillBuilder, service: str, version: str) -> None:
    drill.break_by(HungUpgrade(service, version))


@when(step("the history of {service:Service} keeps only {keep:d} revision(s)"))
def _short_history(drill: DrillBuilder, service: str, keep: int) -> None:
    drill.hinder_by(ShortHistory(service, keep))


@when(step("the image of {service:Service} {version:Version} is missing from the registry"))
def _missing_image(drill: DrillBuilder, service: str, version: str) -> None:
    drill.hinder_by(MissingImage(service, version))


@when(step("an earlier rollback of {service:Service} is unfinished"))
def _unfinished(drill: DrillBuilder, service: str) -> None:
    drill.hinder_by(UnfinishedRollback(service))


@when(step("the node of {service:Service} is drained"))
def _drained(drill: DrillBuilder, service: str) -> None:
    drill.hinder_by(DrainedNode(service))


@when(step("the standby of {service:Service} dies during the switch"))
def _standby_dies(drill: DrillBuilder, service: str) -> None:
    drill.hinder_by(Later(DeadStandby(service), Moment.SWITCH))


@when(step("the engine is killed after step {after:d} of the rollback, which is then resumed"))
def _killed(drill: DrillBuilder, after: int) -> None:
    drill.hinder_by(EngineKilled(after))


@when(step("a second rollback is started at the same time, and is refused"))
def _second(drill: DrillBuilder) -> None:
    drill.hinder_by(SecondRollback())


@when(step("the receiver of notices {receiver:Quoted} is down"))
def _receiver_down(drill: DrillBuilder, receiver: str) -> None:
    drill.hinder_by(ReceiverDown(receiver))


@when(step("the receiver of notices {receiver:Quoted} answers only after {time:Duration}"))
def _receiver_slow(drill: DrillBuilder, receiver: str, time: Duration) -> None:
    drill.hinder_by(ReceiverSlow(receiver, time))


@when(step("the metrics source is down"))
def _metrics_down(drill: DrillBuilder) -> None:
    drill.hinder_by(MetricsDown())


@when(step("the metrics source answers only after {time:Duration}"))
def _metrics_slow(drill: DrillBuilder, time: Duration) -> None:
    drill.hinder_by(MetricsSlow(time))


@when(step("{service:Service} crashes and stays down"))
def _crash(drill: DrillBuilder, service: str) -> None:
    drill.break_by(Crash(service))


@when(step("{service:Service} hangs"))
def _hang(drill: DrillBuilder, service: str) -> None:
    drill.break_by(Hang(service))


@when(step("connections to {service:Service} are refused"))
def _refused(drill: DrillBuilder, service: str) -> None:
    drill.break_by(Refused(service))


@when(step("connections to {service:Service} are black-holed"))
def _black_holed(drill: DrillBuilder, service: str) -> None:
    drill.break_by(LostAnswers(service))


@when(step("{share:Share} of the answers of {service:Service} are lost"))
def _lost(drill: DrillBuilder, share: float, service: str) -> None:
    drill.break_by(LostAnswers(service, share))


@when(step("{service:Service} gets {share:Share} of a processor's time"))
def _processor(drill: DrillBuilder, service: str, share: float) -> None:
    drill.break_by(ProcessorShort(service, share))


@when(step("{service:Service} may have {share:Share} of the memory that it needs"))
def _memory(drill: DrillBuilder, service: str, share: float) -> None:
    drill.break_by(MemoryShort(service, share))


@when(step("answers of {service:Service} become {factor:g} times slower"))
def _slow(drill: DrillBuilder, service: str, factor: float) -> None:
    drill.break_by(SlowAnswers(service, factor))


@when(step("the experiment {file:File} is run"))
def _experiment(drill: DrillBuilder, file: str) -> None:
    drill.break_by(Experiment.of(drill.model, file))


@when(step("nothing is done"))
def _nothing(drill: DrillBuilder) -> None:
    drill.break_by(Nothing())


@then(step("clients feel it within {limit:Duration}"))
def _effect(drill: DrillBuilder, limit: Duration) -> None:
    drill.once("by when clients feel it")
    drill.effect_limit = limit
