"""Every fault of the catalogue: what it breaks, how its effect is seen, and that its undo takes it back."""

import math

import pytest

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater
from harness.faults.catalogue import CATALOGUE, BadRelease, Crash, Nothing, SlowAnswers
from harness.faults.model import Fault, FaultRun, Scene
from harness.faults.undo import carry_out, command_for
from harness.system.values import Slot
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemoryRecorder, MemorySystem, undo_list

SOON = Duration.of(s=5)
BASELINE = Duration.of(ms=10)
FAULTS = [BadRelease("web", "2.0.0"), Crash("web"), SlowAnswers("web", 5), Nothing()]


def scene(system: MemorySystem | None = None, metrics: MemoryMetrics | None = None) -> Scene:
    return Scene(system or MemorySystem(), metrics or MemoryMetrics(), {"web": BASELINE, "api": BASELINE})


def test_the_catalogue_lists_every_fault_that_is_tested_here() -> None:
    assert {type(fault) for fault in FAULTS} == set(CATALOGUE.values())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_choosing_the_undo_changes_nothing_and_carrying_it_out_takes_all_back(fault: Fault) -> None:
    system = MemorySystem()
    before = system.state
    run = FaultRun(fault, scene(system), MemoryRecorder())
    run.set_up()
    assert system.state == before
    run.inject(Deadline.after(SOON))
    assert (system.state == before) is isinstance(fault, Nothing)
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


@pytest.mark.parametrize("spoil", ["deployed", "down"])
def test_a_crash_of_a_slot_in_which_nothing_is_ready_is_refused(spoil: str) -> None:
    system = MemorySystem()
    if spoil == "deployed":
        del system.deployed["web", Slot.BLUE]
    else:
        system.down.add(("web", Slot.BLUE))
    with pytest.raises(InputError, match="no ready replica in its serving slot"):
        Crash("web").undo(scene(system))


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


@pytest.mark.parametrize("fault", [BadRelease("web", "2"), Crash("web")])
@pytest.mark.parametrize(
    ("rate", "samples", "seen"), [(0.05, 25, True), (0.04, 25, False), (1.0, 9, False), (None, 25, False)]
)
def test_bad_answers_are_an_effect_only_in_numbers_that_tell(
    fault: Fault, rate: float | None, samples: int, *, seen: bool
) -> None:
    proof = fault.seen(scene(metrics=MemoryMetrics({"web": rate}, samples=samples)))
    assert bool(proof) is seen


def test_the_proof_of_an_effect_is_a_sentence_with_numbers() -> None:
    proof = Crash("web").seen(scene(metrics=MemoryMetrics({"web": 1.0})))
    assert proof == "100% of 25 answers of web in 500 ms were bad"


@pytest.mark.parametrize(
    ("p95", "samples", "seen"),
    [(BASELINE * 3, 25, True), (BASELINE * 2.9, 25, False), (BASELINE * 9, 9, False), (None, 25, False)],
)
def test_slow_answers_are_seen_from_half_way_to_their_factor(p95: Duration | None, samples: int, *, seen: bool) -> None:
    metrics = MemoryMetrics(p95={} if p95 is None else {"web": p95}, samples=samples)
    assert bool(SlowAnswers("web", 5).seen(scene(metrics=metrics))) is seen


def test_nothing_looks_at_every_service_for_an_effect() -> None:
    assert not Nothing().seen(scene())
    assert "of api" in Nothing().seen(scene(metrics=MemoryMetrics({"api": 0.5})))


def test_a_slot_that_serves_is_not_removed_by_an_undo() -> None:
    system = MemorySystem()
    [undo] = undo_list(("remove", "web", "blue"))
    with pytest.raises(MayWorkLater, match="still serves"):
        carry_out(undo, system, Deadline.after(SOON))
    assert ("web", Slot.BLUE) in system.deployed


@pytest.mark.parametrize("operation", ["switch", "remove", "let_start", "clear_network"])
def test_every_undo_that_fails_tells_a_person_what_to_do(operation: str) -> None:
    [undo] = undo_list((operation, "web", "green"))
    assert "web" in command_for(undo)
    assert "green" in command_for(undo)
