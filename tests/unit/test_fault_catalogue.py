"""Every fault of the catalogue: what it breaks, how its effect is seen, and that its undo takes it back."""

import math
from contextlib import suppress

import pytest

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater, Unavailable
from harness.faults import catalogue
from harness.faults.catalogue import CATALOGUE, BadRelease, Crash, Nothing, SlowAnswers
from harness.faults.cluster import HungUpgrade
from harness.faults.configuration import KeyRemoved, PasswordRotated, WrongPassword
from harness.faults.configuration_hindrance import SpoiledArchive
from harness.faults.data import (
    ConnectionsUsedUp,
    DatabaseLost,
    MigrationHalfDone,
    PageDamaged,
    RowsAltered,
    RowsDeleted,
    SchemaMigrated,
    TableDropped,
)
from harness.faults.data_hindrance import IdleTransaction, SpoiledBackup
from harness.faults.experiment import Experiment
from harness.faults.external_api import ExternalApiDown, NoExternalApi
from harness.faults.hindrance import (
    DrainedNode,
    Hindered,
    Hindrance,
    MissingImage,
    ShortHistory,
    UnfinishedRollback,
)
from harness.faults.later import DatabaseGone, DeadStandby
from harness.faults.model import Fault, FaultRun, Scene
from harness.faults.network import Hang, LostAnswers, Refused
from harness.faults.releases import CarelessRelease, InPlaceRelease, as_it_runs
from harness.faults.resources import CertificateExpired, DiskFull, MemoryShort, ProcessorShort
from harness.journal.records import UndoRegistered
from harness.journal.undo import Deploy
from harness.system.values import RevisionState, Slot
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemoryRecorder, MemorySystem
from tests.support.memory_cluster import NODE, MemoryCluster

SOON = Duration.of(s=5)
BASELINE = Duration.of(ms=10)
IN_PLACE = InPlaceRelease("web", "2.0.0")
HINDRANCES: tuple[Hindrance, ...] = (
    ShortHistory("web", 1),
    MissingImage("web", "1.0.0"),
    UnfinishedRollback("web"),
    DrainedNode("web"),
)
FAULTS = [
    BadRelease("web", "2.0.0"),
    CarelessRelease("web", "2.0.0"),
    IN_PLACE,
    Crash("web"),
    Hang("web"),
    Refused("web"),
    LostAnswers("web", 0.3),
    SlowAnswers("web", 5),
    ProcessorShort("web", 0.05),
    MemoryShort("web", 0.5),
    HungUpgrade("web", "2.0.0"),
    Hindered(IN_PLACE, HINDRANCES),
    Nothing(),
]
OF_OTHERS = (Experiment,)  # tests/integration/test_experiments.py
OF_CONFIGURATION = (KeyRemoved, WrongPassword, PasswordRotated)  # tests/integration/test_configuration_faults.py
OF_AN_EXTERNAL_API = {ExternalApiDown, NoExternalApi}  # test_external_api.py
OF_DATA = (
    TableDropped,
    RowsDeleted,
    RowsAltered,
    PageDamaged,
    DatabaseLost,
    ConnectionsUsedUp,
    DiskFull,
    CertificateExpired,
    SchemaMigrated,
    MigrationHalfDone,
)  # tests/integration/test_data_faults.py
LATER = {DeadStandby, DatabaseGone}  # test_drill_strikes.py
OF_A_DATABASE = {SpoiledBackup, IdleTransaction}  # tests/integration/test_data_faults.py
OF_A_CLUSTER = (HungUpgrade, Hindered)


def scene(system: MemorySystem | None = None, metrics: MemoryMetrics | None = None) -> Scene:
    return Scene(system or MemorySystem(), metrics or MemoryMetrics(), {"web": BASELINE, "api": BASELINE})


def test_the_catalogue_lists_every_fault_that_is_tested_here_or_on_a_real_database() -> None:
    elsewhere = {*OF_DATA, *OF_OTHERS, *OF_CONFIGURATION, *OF_AN_EXTERNAL_API}
    hindrances = {*LATER, *OF_A_DATABASE, *OF_AN_EXTERNAL_API, SpoiledArchive}
    assert {type(fault) for fault in FAULTS} == set(CATALOGUE.values()) - elsewhere
    assert {type(one) for one in HINDRANCES} == set(catalogue.HINDRANCES.values()) - hindrances


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_choosing_the_undo_changes_nothing_and_carrying_it_out_takes_all_back(fault: Fault) -> None:
    system = MemoryCluster()
    before = system.state
    run = FaultRun(fault, scene(system), MemoryRecorder())
    run.set_up()
    assert system.state == before
    run.inject(Deadline.after(SOON))
    assert (system.state == before) is isinstance(fault, Nothing)
    assert run.recover(Deadline.after(SOON))
    assert system.state == before


@pytest.mark.parametrize("waits", [None, "0.9.0"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_where_the_system_stays_what_was_rolled_back_is_taken_back_too(fault: Fault, waits: str | None) -> None:
    system = MemoryCluster()
    if waits:
        system.deployed["web", Slot.GREEN] = waits
    before = system.state
    stays = as_it_runs(system, "web")
    run = FaultRun(fault, scene(system), recorder := MemoryRecorder(), stays=stays)
    run.set_up()
    assert system.state == before
    [registered] = recorder.of(UndoRegistered)
    assert set(registered.undo) == {*stays, *run.undo}
    run.inject(Deadline.after(SOON))
    with suppress(MayWorkLater):  # nobody can roll back while an upgrade is pending
        system.workloads.deploy("web", Slot.GREEN, "1.1.0", Deadline.after(SOON))
        system.router.switch("web", Slot.GREEN, Deadline.after(SOON))
    assert run.recover(Deadline.after(SOON))
    assert system.state == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_titles_and_effects_are_sentences_for_people(fault: Fault) -> None:
    assert fault.title
    assert fault.effect.startswith("clients ")


def test_a_bad_release_goes_to_the_standby_slot_and_gets_the_traffic() -> None:
    system = MemorySystem()
    system.serving["web"] = Slot.GREEN
    system.deployed = {("web", Slot.GREEN): "1.0.0", ("api", Slot.BLUE): "1.0.0"}
    run = FaultRun(BadRelease("web", "2.0.0"), scene(system), MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    assert system.deployed["web", Slot.BLUE] == "2.0.0"
    assert system.serving["web"] is Slot.BLUE


def test_a_crash_holds_down_the_slot_that_serves() -> None:
    system = MemorySystem()
    run = FaultRun(Crash("web"), scene(system), MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    assert system.down == {("web", Slot.BLUE)}


@pytest.mark.parametrize(
    "fault",
    [
        Crash("web"),
        Hang("web"),
        Refused("web"),
        LostAnswers("web"),
        ProcessorShort("web", 0.05),
        MemoryShort("web", 0.5),
    ],
)
@pytest.mark.parametrize("spoil", ["deployed", "down"])
def test_a_slot_in_which_nothing_is_ready_is_not_broken(spoil: str, fault: Fault) -> None:
    system = MemorySystem()
    if spoil == "deployed":
        del system.deployed["web", Slot.BLUE]
    else:
        system.down.add(("web", Slot.BLUE))
    with pytest.raises(InputError, match="no ready replica in its serving slot"):
        fault.undo(scene(system))


@pytest.mark.parametrize("share", [0.05, 0.0, -1.0, 1.01, math.nan])
def test_a_share_of_answers_that_nobody_would_miss_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="cannot be lost; expected more than 5%"):
        LostAnswers("web", share)


def test_slow_answers_are_held_back_by_what_is_missing_to_the_factor() -> None:
    system = MemorySystem()
    run = FaultRun(SlowAnswers("web", 5), scene(system), MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    assert system.delayed == {("web", Slot.BLUE): BASELINE * 4}


def test_slow_answers_without_a_baseline_are_refused() -> None:
    with pytest.raises(InputError, match="no baseline of web"):
        SlowAnswers("web", 5).undo(Scene(MemorySystem(), MemoryMetrics(), {}))


@pytest.mark.parametrize("factor", [1.0, 0.5, 0.0, -2.0, math.nan, math.inf])
def test_a_factor_that_makes_nothing_slower_is_refused(factor: float) -> None:
    with pytest.raises(InputError, match="expected a factor above 1"):
        SlowAnswers("web", factor)


def test_a_service_that_is_short_of_a_processor_is_felt_by_slow_answers_too() -> None:
    fault = ProcessorShort("web", 0.05)
    assert not fault.seen(scene(metrics=MemoryMetrics(p95={"web": BASELINE * 4.9}, samples=25)))
    assert "took up to" in fault.seen(scene(metrics=MemoryMetrics(p95={"web": BASELINE * 5}, samples=25)))
    assert "were bad" in fault.seen(scene(metrics=MemoryMetrics({"web": 0.5})))
    with pytest.raises(InputError, match="no baseline of web"):
        fault.undo(Scene(MemorySystem(), MemoryMetrics(), {}))


@pytest.mark.parametrize("share", [0.0, 0.009, 0.21, 1.0, math.nan])
def test_a_share_of_a_processor_that_is_a_hang_or_is_enough_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="of a processor's time; expected 1% to 20%"):
        ProcessorShort("web", share)


@pytest.mark.parametrize("share", [0.0, 0.09, 0.96, math.nan])
def test_a_share_of_the_memory_with_which_a_service_may_get_along_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="of the memory that it needs; expected 10% to 95%"):
        MemoryShort("web", share)


def told(fault: Fault, metrics: MemoryMetrics) -> bool | None:
    """Whether clients see its effect; None when that cannot be told."""
    try:
        return bool(fault.seen(scene(metrics=metrics)))
    except MayWorkLater:
        return None


@pytest.mark.parametrize("fault", [one for one in FAULTS if not isinstance(one, (SlowAnswers, Nothing))])
@pytest.mark.parametrize(
    ("rate", "samples", "seen"), [(0.05, 25, True), (0.04, 25, False), (1.0, 9, None), (None, 25, None)]
)
def test_bad_answers_are_an_effect_only_in_numbers_that_tell(
    fault: Fault, rate: float | None, samples: int, *, seen: bool | None
) -> None:
    assert told(fault, MemoryMetrics({"web": rate}, samples=samples)) is seen


def test_the_proof_of_an_effect_is_a_sentence_with_numbers() -> None:
    proof = Crash("web").seen(scene(metrics=MemoryMetrics({"web": 1.0})))
    assert proof == "100% of 25 answers of web in 500 ms were bad"


@pytest.mark.parametrize(
    ("p95", "rate", "samples", "seen"),
    [
        (BASELINE * 3, 0.0, 25, True),
        (BASELINE * 3, 0.5, 25, True),
        (BASELINE * 2.9, 0.04, 25, False),
        (BASELINE * 2.9, 0.05, 25, None),  # who is not answered waits, too
        (None, 1.0, 25, None),
        (BASELINE * 9, 0.0, 9, None),
    ],
)
def test_slow_answers_are_seen_from_half_way_to_their_factor(
    p95: Duration | None, rate: float, samples: int, *, seen: bool | None
) -> None:
    metrics = MemoryMetrics({"web": rate}, p95={} if p95 is None else {"web": p95}, samples=samples)
    assert told(SlowAnswers("web", 5), metrics) is seen


def test_bad_answers_of_one_service_are_known_though_nothing_is_of_another() -> None:
    health = MemoryMetrics({"web": None, "api": 1.0})
    assert "of api" in Nothing().seen(scene(metrics=health))
    health.rates["api"] = 0.0
    assert told(Nothing(), health) is None


def test_nothing_looks_at_every_service_for_an_effect() -> None:
    assert not Nothing().seen(scene())
    assert "of api" in Nothing().seen(scene(metrics=MemoryMetrics({"api": 0.5})))


@pytest.mark.parametrize("fault", [one for one in FAULTS if isinstance(one, OF_A_CLUSTER)])
def test_what_only_a_cluster_can_show_is_refused_elsewhere_and_changes_nothing(fault: Fault) -> None:
    system = MemorySystem()
    with pytest.raises(Unavailable, match=r"only a cluster can show that .*; run this scenario with --sandbox kind"):
        fault.undo(scene(system))
    assert system.state == MemorySystem().state


def test_a_careless_release_is_begun_and_not_waited_for() -> None:
    called: list[str] = []
    system = MemorySystem(before_call=called.append)
    run = FaultRun(CarelessRelease("web", "2.0.0"), scene(system), MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    assert called == ["begin", "switch"]
    assert (system.serving["web"], system.deployed["web", Slot.GREEN]) == (Slot.GREEN, "2.0.0")


def test_a_release_in_place_leaves_the_standby_slot_alone_and_is_undone_by_the_version_before() -> None:
    system = MemorySystem(serving={"web": Slot.GREEN})
    system.deployed = {("web", Slot.GREEN): "1.0.0", ("web", Slot.BLUE): "0.9.0"}
    run = FaultRun(IN_PLACE, scene(system), recorder := MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    assert system.deployed == {("web", Slot.GREEN): "2.0.0", ("web", Slot.BLUE): "0.9.0"}
    [registered] = recorder.of(UndoRegistered)
    assert registered.undo == (Deploy(service="web", slot="green", version="1.0.0"),)


@pytest.mark.parametrize("fault", [IN_PLACE, HungUpgrade("web", "2.0.0")])
@pytest.mark.parametrize(
    ("there", "why"), [(None, "nothing deployed in its serving slot"), ("2.0.0", "serves 2.0.0 already")]
)
def test_an_update_that_would_change_nothing_is_refused(fault: Fault, there: str | None, why: str) -> None:
    system = MemoryCluster()
    if there is None:
        del system.deployed["web", Slot.BLUE]
    else:
        system.deployed["web", Slot.BLUE] = there
    with pytest.raises(InputError, match=why):
        fault.undo(scene(system))


def test_an_upgrade_that_hangs_keeps_the_service_from_being_changed_until_it_is_taken_back() -> None:
    system = MemoryCluster()
    run = FaultRun(HungUpgrade("web", "2.0.0"), scene(system), MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    assert system.history["web"][-1].state is RevisionState.PENDING
    with pytest.raises(MayWorkLater, match="in progress"):
        system.deploy("web", Slot.BLUE, "1.0.0", Deadline.after(SOON))
    assert run.recover(Deadline.after(SOON))
    assert system.deployed["web", Slot.BLUE] == "1.0.0"


def test_a_node_without_a_ready_replica_is_not_drained() -> None:
    system = MemoryCluster(down={("web", Slot.BLUE)})
    with pytest.raises(InputError, match="no ready replica in its serving slot"):
        DrainedNode("web").undo(scene(system))


def test_a_node_that_somebody_has_cordoned_already_is_not_drained() -> None:
    system = MemoryCluster(cordoned={NODE})
    with pytest.raises(InputError, match="is cordoned already"):
        DrainedNode("web").undo(scene(system))


@pytest.mark.parametrize("release", [BadRelease("web", "2.0.0"), CarelessRelease("web", "2.0.0")])
@pytest.mark.parametrize("injected", [True, False])
def test_what_stands_by_is_there_again_after_a_release_in_its_slot(release: Fault, *, injected: bool) -> None:
    system = MemorySystem()
    system.deployed["web", Slot.GREEN] = "0.9.0"
    run = FaultRun(release, scene(system), MemoryRecorder())
    run.set_up()
    if injected:
        run.inject(Deadline.after(SOON))
    assert run.recover(Deadline.after(SOON))
    assert system.deployed["web", Slot.GREEN] == "0.9.0"
    assert system.serving["web"] is Slot.BLUE


def test_a_hindrance_comes_after_its_fault_and_goes_before_it() -> None:
    called: list[str] = []
    system = MemoryCluster(before_call=called.append)
    run = FaultRun(Hindered(IN_PLACE, HINDRANCES), scene(system), MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    assert called == ["deploy", "forget_history", "remove_image", "leave_rollback_unfinished", "drain"]
    called.clear()
    run.recover(Deadline.after(SOON))
    assert called == ["uncordon", "unlock", "restore_image", "recall_history", "deploy"]


def test_what_stands_in_the_way_is_told_with_the_fault_and_only_the_fault_is_felt() -> None:
    fault = Hindered(IN_PLACE, (ShortHistory("web", 2), MissingImage("web", "1.0.0")))
    assert fault.title == (
        "release 2.0.0 of web replaces the one that serves; the history of web keeps only 2 revisions; "
        "the image of web 1.0.0 is missing from the registry"
    )
    assert fault.effect == IN_PLACE.effect


def test_a_history_without_what_is_live_is_refused() -> None:
    with pytest.raises(InputError, match="1 revision or more, not 0"):
        ShortHistory("web", 0)
