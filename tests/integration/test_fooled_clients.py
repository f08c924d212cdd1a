"""Probes and load that are not where they should be: none of these drills passes, and each says what to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.observation import Outcome
from harness.observe.plan import ObservationPlan
from harness.system.ports import System
from harness.system.values import Address, Slot
from tests.support.commands import ECHO
from tests.support.drills import drill_of
from tests.support.fooled import BAD_RELEASE, altered, becomes, ends, observes, says_done
from tests.support.http_server import Server
from tests.support.sandboxes import echo, opened, state_folder


def all_to(kind: str, address: Address) -> Callable[[ObservationPlan], ObservationPlan]:
    """All targets of a kind lead there."""

    def change(plan: ObservationPlan) -> ObservationPlan:
        there = tuple(one.model_copy(update={"address": address}) for one in getattr(plan, kind))
        return plan.model_copy(update={kind: there})

    return change


@pytest.mark.parametrize("kind", ["targets", "load"])
def test_clients_that_go_to_a_port_where_something_else_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with Server() as other:
        observes(monkeypatch, all_to(kind, other.address))
        result = ends(drill_of(tmp_path, BAD_RELEASE), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_STEADY_STATE)
    assert "it did not hold that clients reach the releases that are live" in result.reason
    assert f"echo does not say its version at {other.address}" in result.reason


def test_probes_that_go_to_a_port_where_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as other:
        other.refuse()
        observes(monkeypatch, all_to("targets", other.address))
        result = ends(drill_of(tmp_path, BAD_RELEASE), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_STEADY_STATE)
    assert f"echo does not say its version at {other.address}: ConnectError" in result.reason


def test_probes_that_go_to_another_system_of_the_same_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with state_folder() as state, opened(echo(), state) as other:
        address = other.router.address("echo")
        observes(monkeypatch, all_to("targets", address))
        steps = (*BAD_RELEASE[:4], "Then clients feel it within 1 s", *BAD_RELEASE[5:])
        result = ends(drill_of(tmp_path, steps), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_EFFECT)
    assert f"green of echo holds 2.0.0, but where its probes go, at {address}, it is healthy, version 1.0.0" in (
        result.reason
    )


def test_a_page_that_answers_everything_in_the_place_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = altered(tmp_path, ECHO, ('path = "/echo/hello"', 'path = "/echo/hello", contains = "/echo/hello"'))

    def put_a_page_there(live: System, deadline: Deadline) -> None:
        becomes(system, "1.0.0", "page = true")
        live.workloads.remove("echo", Slot.BLUE, deadline)
        live.workloads.deploy("echo", Slot.BLUE, "1.0.0", deadline)
        live.router.switch("echo", Slot.BLUE, deadline)

    says_done(monkeypatch, put_a_page_there)
    result = ends(drill_of(tmp_path, BAD_RELEASE, system), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.NOT_RECOVERED)
    assert "clients did not get good answers from echo" in result.reason
    assert "/version does not answer with JSON" in result.reason
    assert result.services[0].bad[Outcome.WRONG.value] > 0


def test_load_that_never_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    observes(monkeypatch, lambda plan: plan.model_copy(update={"load": ()}))
    result = ends(drill_of(tmp_path, BAD_RELEASE), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_LOAD)
    assert result.reason == "the load on echo never started: no request of it was answered well"
