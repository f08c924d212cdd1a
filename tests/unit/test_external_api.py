"""An external API that goes away: who is told of one, what is refused, and that it is surely gone and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.drill.altered import EXTERNAL_API, with_external_api
from harness.errors import InputError, MayWorkLater, NotFound
from harness.faults.external_api import ExternalApiDown, NoExternalApi
from harness.faults.hindrance import Hindered
from harness.faults.model import FaultRun, Scene, took_hold
from harness.faults.undo.registry import carry_out
from harness.journal.undo_configuration import AnswerAgain
from harness.sandbox.embedded.stand_in import StandIn
from harness.system.bundle import ENVIRONMENT
from harness.system.load import load_system
from harness.system.values import Address
from harness.units import Duration
from tests.support.commands import ECHO, TRACKTION
from tests.support.drills import LIVE, NOTHING, PASSING, drill_of
from tests.support.memory import MemoryMetrics, MemoryRecorder, MemorySystem
from tests.support.sandboxes import ask, listens

SLOW = Duration.of(s=10)
SOON = Duration.of(s=5)
TOLD = "And services are told of an external API"
DOWN = "And the external API is down"
LATER = "And the external API goes down while services are restarted"


@dataclass
class MemoryApi:
    """An external API in memory; one that is `deaf` does nothing that it is told."""

    deaf: bool = False
    gone: str = ""

    def problem(self) -> str:
        return self.gone

    def refuse(self) -> None:
        self.gone = self.gone if self.deaf else "it is down"

    def answer(self, after: Duration = Duration(0)) -> None:  # noqa: B008 - frozen
        self.gone = self.gone if self.deaf else "it is slow" if after > Duration(0) else ""


def scene(api: MemoryApi | None = None, rate: float = 0.0) -> Scene:
    return Scene(MemorySystem(external_api=api), MemoryMetrics({"web": rate}), {})


@pytest.mark.parametrize("how", [ExternalApiDown(), ExternalApiDown(SLOW)])
def test_it_is_gone_and_what_takes_that_back_can_be_done_twice(how: ExternalApiDown) -> None:
    api = MemoryApi()
    run = FaultRun(NoExternalApi(how), scene(api), recorder := MemoryRecorder())
    run.set_up()
    assert api.problem() == ""
    run.inject(Deadline.after(SOON))
    assert api.problem() == ("it is down" if how.after is None else "it is slow")
    for _ in range(2):
        assert run.recover(Deadline.after(SOON))
        assert api.problem() == ""
    assert "answer_again" in str(recorder.records)


def test_one_that_answers_all_the_same_is_no_effect() -> None:
    api = MemoryApi(deaf=True)
    with pytest.raises(InputError, match="the external API is down: that had no effect, because it still answers"):
        ExternalApiDown().put(scene(api), AnswerAgain(), Deadline.after(SOON))


def test_one_that_does_not_answer_before_is_not_taken_away() -> None:
    with pytest.raises(InputError, match="could have no effect, because even before that it is ill"):
        ExternalApiDown().undo(scene(MemoryApi(gone="it is ill")))


def test_one_that_does_not_come_back_is_not_taken_back() -> None:
    api = MemoryApi(deaf=True, gone="it is down")
    with pytest.raises(MayWorkLater, match="the external API was brought back, and it is down"):
        carry_out(AnswerAgain(), scene(api).system, Deadline.after(SOON))


def test_where_there_is_none_nothing_is_done() -> None:
    with pytest.raises(InputError, match="there is none; say 'Given services are told of an external API', on the emb"):
        NoExternalApi(ExternalApiDown()).undo(scene())
    with pytest.raises(NotFound, match="this sandbox has none to bring back"):
        carry_out(AnswerAgain(), MemorySystem(), Deadline.after(SOON))


def test_alone_it_counts_when_clients_feel_it_and_it_is_seen_from_outside() -> None:
    fault, api = NoExternalApi(ExternalApiDown()), MemoryApi(gone="it is down")
    assert took_hold(fault, scene(api)) == ""  # nobody needs it
    assert took_hold(fault, scene(MemoryApi(), 1.0)) == ""  # bad answers of another cause
    assert took_hold(fault, scene(api, 1.0)) == (
        "100% of 25 answers of web in 500 ms were bad; of the external API it is seen from outside that it is down"
    )


def test_beside_another_fault_it_hinders_the_rollback_of_that_and_alone_it_is_the_fault(tmp_path: Path) -> None:
    beside = drill_of(tmp_path, (LIVE, TOLD, *PASSING[1:4], DOWN, *PASSING[4:])).fault
    assert isinstance(beside, Hindered)
    assert beside.hindrances == (ExternalApiDown(),)
    assert beside.title == "release 2.0.0 of echo goes live; the external API is down"
    alone = (LIVE, TOLD, NOTHING[1], "When the external API answers only after 10 s", *NOTHING[3:])
    assert drill_of(tmp_path, alone).fault == NoExternalApi(ExternalApiDown(SLOW))


def test_it_may_also_go_while_a_rollback_is_under_way(tmp_path: Path) -> None:
    fault = drill_of(tmp_path, (LIVE, TOLD, *PASSING[1:4], LATER, *PASSING[4:])).fault
    assert fault.title.endswith("; the external API is down while services are restarted")
    assert isinstance(fault, Hindered)
    api, (one,) = MemoryApi(), fault.hindrances
    undo = one.undo(scene(api))
    assert api.problem() == ""
    one.put(scene(api), undo, Deadline.after(SOON))
    assert api.problem() == "it is down"
    carry_out(undo, scene(api).system, Deadline.after(SOON))
    assert api.problem() == ""


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((LIVE, *PASSING[1:4], DOWN, *PASSING[4:]), "services of echo are told of none; say 'Given services are told"),
        ((LIVE, *PASSING[1:4], LATER, *PASSING[4:]), "the external API is down: services of echo are told of none"),
        ((LIVE, NOTHING[1], DOWN.replace("And", "When"), *NOTHING[3:]), "services of echo are told of none"),
        ((LIVE, TOLD, TOLD, *PASSING[1:]), "an external API is said in line 5 already"),
        ((LIVE, TOLD, *PASSING[1:4], f"{DOWN[:-7]}answers only after 5 s", *PASSING[4:]), "expected 6 s or more"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused_before_anything_runs(
    tmp_path: Path, steps: tuple[str, ...], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        drill_of(tmp_path, steps)


def test_a_rollback_tries_to_reach_it_and_goes_on_where_it_cannot() -> None:
    before = load_system(TRACKTION)
    table = with_external_api(before).configuration
    [*others, own] = table.connections
    assert tuple(others) == before.configuration.connections
    assert (own.file, own.key, own.critical) == (ENVIRONMENT, f"/{EXTERNAL_API}", False)
    assert table.external_api == EXTERNAL_API


def test_what_drill_toml_says_of_it_stays() -> None:
    model = with_external_api(load_system(ECHO))
    renamed = model.configuration.connections[0].model_copy(update={"name": "the partner", "critical": True})
    table = model.configuration.model_copy(update={"connections": (renamed,)})
    said = model.model_copy(update={"configuration": table})
    assert with_external_api(said) == said


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    there = StandIn()
    yield there
    there.close()


def asked(stand_in: StandIn, within: float = 5) -> object:
    """What becomes of a request: a status, or the name of an error."""
    try:
        return ask(address(stand_in), "/any", within)[0]
    except OSError as error:
        return type(error).__name__


def address(stand_in: StandIn) -> Address:
    host, _, port = stand_in.url.removeprefix("http://").rstrip("/").partition(":")
    return Address(host, int(port))


def test_what_stands_in_for_one_has_one_address_whatever_is_done_to_it(stand_in: StandIn) -> None:
    where = stand_in.url
    assert asked(stand_in) == 200
    for _ in range(2):
        stand_in.refuse()
        assert asked(stand_in) == "ConnectionRefusedError"
    stand_in.answer(Duration.of(s=60))
    assert asked(stand_in, 0.3) == "TimeoutError"
    for _ in range(2):
        stand_in.answer(Duration(0))
        assert asked(stand_in) == 200
    assert stand_in.url == where
    stand_in.close()
    assert not listens(address(stand_in))
