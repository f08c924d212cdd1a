"""A rollback of the configuration that ends after any of its steps, by a kill or a failure, leaves old or new.

It can be gone on with, or taken back, after every one of them. On a real system of two replicas with a real database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from harness.clock import Deadline
from harness.drill.goals import archive_as
from harness.errors import MayWorkLater, WillNotWork
from harness.journal.refusal import Refusal
from harness.rollback.configuration.actions import ConfigurationVersion, RestartRolling
from harness.rollback.engine import Engine, Outcome, StepReport
from harness.rollback.interrupted import remaining, reverse
from harness.rollback.plan import Plan, Procedure, StepPhase
from harness.rollback.record import Records, only_one
from harness.sandbox.embedded.configuration import EmbeddedConfigurations
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.bundle import ENVIRONMENT, Bundle
from harness.system.checks import http_client
from harness.system.configuration_model import ConfigurationTable
from harness.system.model import DatabaseTable, SystemModel
from harness.system.values import Slot
from tests.support.dying import dies
from tests.support.http_server import Behaviour, Server
from tests.support.sandboxes import echo, opened, soon, state_folder

STEPS = 10  # of the plan; a test looks that there are so many
HERE = ("echo", Slot.BLUE)


@dataclass
class World:
    """A system whose configuration was changed by hand after it had been archived, and the engine on it."""

    model: SystemModel
    sandbox: StartedSandbox
    engine: Engine
    http: httpx.Client
    folder: Path
    archived: Bundle

    @property
    def port(self) -> EmbeddedConfigurations:
        return self.sandbox.configuration

    @property
    def by_hand(self) -> Bundle:
        """Another value, a file too many, and one too few."""
        changed = {**self.archived.files, "echo.toml": b"# by hand\n", "stale.toml": b"", "secrets/new": b"x"}
        del changed["secrets/key"]
        return Bundle(changed)

    def changed_by_hand(self) -> Plan:
        self.port.put(*HERE, self.by_hand, soon())
        self.port.restart(*HERE, soon(60))
        assert self.runs(self.by_hand)
        return self.engine.plan(Procedure.CONFIGURATION, {}, soon(30), ConfigurationVersion("1.0.0"))

    def runs(self, wanted: Bundle) -> bool:
        return self.port.wrong(*HERE, wanted, soon()) == ""

    def serves(self) -> bool:
        return self.http.get(f"http://{self.sandbox.router.address('echo')}/version").status_code == 200

    def goes(self, records: Records, plan: Plan, *, reversing: bool = False) -> Outcome:
        with records.take_up(reversing=reversing) as writer:
            outcome = self.engine.run(plan, writer, soon(120))
            ended = "reversed" if reversing and outcome.outcome == "done" else outcome.outcome
            writer.ended(ended, outcome.reason, taken_back=outcome.taken_back)
        return outcome

    def run(self, plan: Plan) -> Outcome:
        with only_one(self.folder, "test") as records, records.begin(plan, ()) as writer:
            outcome = self.engine.run(plan, writer, soon(120))
            writer.ended(outcome.outcome, outcome.reason, taken_back=outcome.taken_back)
        return outcome


@pytest.fixture(scope="module")
def partner() -> Iterator[Server]:
    """The external API."""
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, partner: Server) -> Iterator[World]:
    schema = tmp_path_factory.mktemp("schema") / "schema.sql"
    schema.write_text("CREATE TABLE kept (id text PRIMARY KEY);\n")
    connections = [
        {"name": "the database", "file": ENVIRONMENT, "key": "/DATABASE_URL"},
        {"name": "the partner", "file": "partner.json", "key": "/url", "critical": False},
    ]
    table = {"objects": ["{service}.toml", "secrets/key"], "connections": connections}
    more = {
        "database": DatabaseTable.model_validate({"schema": [str(schema)]}),
        "configuration": ConfigurationTable.model_validate(table),
    }
    model = echo().model_copy(update=more)
    with state_folder() as state, opened(model, state) as sandbox, http_client() as http:
        port = sandbox.configuration
        url = f'{{"url": "{partner.address.url}/status"}}'.encode()
        given = Bundle({**port.read(*HERE, soon()).files, "secrets/key": b"archived", "partner.json": url})
        port.put(*HERE, given, soon())
        port.restart(*HERE, soon(60))
        archive_as("1.0.0", model, sandbox, soon())
        folder = tmp_path_factory.mktemp("records")
        yield World(model, sandbox, Engine(model, sandbox, http), http, folder, given)


@pytest.mark.parametrize("after", range(1, STEPS + 1))
def test_a_rollback_that_dies_after_any_step_is_gone_on_with_and_taken_back(world: World, after: int) -> None:
    plan = world.changed_by_hand()
    assert len(plan.steps) == STEPS
    with only_one(world.folder, "test") as records:
        dies(world.engine, records, plan, after)
        assert world.serves()
        assert (
            world.runs(world.by_hand)
            or world.runs(world.archived)
            or "started before" in world.port.wrong(*HERE, world.archived, soon())
        )
        kept = records.newest()
        assert kept is not None
        assert world.goes(records, remaining(kept)).outcome == "done"
        assert world.runs(world.archived)
        assert world.serves()

    plan = world.changed_by_hand()
    with only_one(world.folder, "test") as records:
        dies(world.engine, records, plan, after)
        kept = records.newest()
        assert kept is not None
        found = reverse(kept)
        if found.steps:
            assert world.goes(records, found, reversing=True).outcome == "done"
    assert world.runs(world.by_hand)
    assert world.serves()


def test_a_rollback_whose_service_is_served_from_elsewhere_by_now_is_not_gone_on_with(world: World) -> None:
    """Who went on all the same would change what serves nobody, and say that it is done."""
    system, plan = world.sandbox, world.changed_by_hand()
    with only_one(world.folder, "test") as records:
        dies(world.engine, records, plan, 5)
        kept = records.newest()
        assert kept is not None
        assert world.engine.left_of(kept, soon()) == remaining(kept)
        system.workloads.deploy("echo", Slot.GREEN, "1.0.0", soon(60))
        system.router.switch("echo", Slot.GREEN, soon())
        try:
            with pytest.raises(WillNotWork, match="echo in blue, and it is served from green now; take that rollback"):
                world.engine.left_of(kept, soon())
        finally:
            system.router.switch("echo", Slot.BLUE, soon())
            system.workloads.remove("echo", Slot.GREEN, soon(60))
        assert world.goes(records, world.engine.left_of(kept, soon())).outcome == "done"
    assert world.runs(world.archived)


class Failing(EmbeddedConfigurations):
    """Fails at one call of the rollback, before or after it has done what it should, and never again."""

    def __init__(self, inner: EmbeddedConfigurations, call: str, *, after: bool) -> None:
        self.__dict__.update(inner.__dict__)
        self.inner, self.failing, self.late = inner, call, after

    def _fails(self, call: str, *, after: bool) -> None:
        if (self.failing, self.late) == (call, after):
            self.failing = ""
            raise MayWorkLater(f"{call} fails")

    def put(self, service: str, slot: Slot, bundle: Bundle, deadline: Deadline) -> None:
        self._fails("put", after=False)
        super().put(service, slot, bundle, deadline)
        self._fails("put", after=True)

    def restart(self, service: str, slot: Slot, deadline: Deadline) -> None:
        self._fails("restart", after=False)
        super().restart(service, slot, deadline)
        self._fails("restart", after=True)

    def wrong(self, service: str, slot: Slot, wanted: Bundle, deadline: Deadline) -> str:
        self._fails("wrong", after=False)
        return super().wrong(service, slot, wanted, deadline)


@pytest.mark.parametrize(
    ("call", "late"), [("put", False), ("put", True), ("restart", False), ("restart", True), ("wrong", False)]
)
def test_a_rollback_that_fails_gives_everybody_back_what_they_had(
    world: World,
    call: str,
    late: bool,  # noqa: FBT001 - a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = world.changed_by_hand()
    monkeypatch.setattr(world.sandbox, "_configuration", Failing(world.port, call, after=late))
    outcome = world.run(plan)
    monkeypatch.undo()
    assert outcome.outcome == "failed"
    assert outcome.taken_back
    assert "NOT taken back" not in outcome.reason
    assert world.runs(world.by_hand)
    assert world.serves()


def test_an_external_service_that_is_down_is_a_warning_and_nothing_else(world: World, partner: Server) -> None:
    plan = world.changed_by_hand()
    told: list[str] = []

    class Tells:
        def step_ended(self, report: StepReport) -> None:
            told.append(report.detail)

    partner.behaviour = Behaviour(status=503)
    try:
        assert world.engine.run(plan, Tells(), soon(120)).outcome == "done"
    finally:
        partner.behaviour = Behaviour()
    warnings = [one for one in told if "warning: the partner (echo) does not work: it answers 503" in one]
    assert len(warnings) == 2  # before, and after
    assert world.runs(world.archived)


def test_a_password_that_is_rotated_while_the_rollback_goes_on_is_noticed_and_everything_is_given_back(
    world: World,
) -> None:
    plan = world.changed_by_hand()
    assert world.sandbox.tables is not None
    change = world.sandbox.tables.change_password
    _, password = world.archived.environment["DATABASE_URL"].split("//")[1].split("@")[0].split(":")

    class Rotates:
        def step_ended(self, report: StepReport) -> None:
            if isinstance(report.step.action, RestartRolling):
                change("app", "another-one", soon())

    try:
        outcome = world.engine.run(plan, Rotates(), soon(120))
        assert outcome.outcome == "failed"
        assert "verify that the configuration reaches the database" in outcome.reason
        assert "password authentication failed" in outcome.reason
        assert outcome.taken_back
        assert world.runs(world.by_hand)
        refused = world.engine.run(plan, Rotates(), soon(120))
        assert (refused.outcome, refused.refusal) == ("refused", Refusal.DEAD_CREDENTIAL)
        assert password not in f"{outcome} {refused}"
    finally:
        change("app", password, soon())


def test_secrets_that_others_may_read_are_not_what_was_asked_for(world: World) -> None:
    plan = world.changed_by_hand()
    assert world.run(plan).outcome == "done"
    assert world.runs(world.archived)
    [path] = (world.sandbox.folder.services / "echo-blue").glob("*/0/secrets/key")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert world.port.wrong(*HERE, world.archived, soon()) == "replica 0: secrets/key may be read by others"
    again = world.engine.plan(Procedure.CONFIGURATION, {}, soon(), ConfigurationVersion("1.0.0"))
    assert again.of_phase(StepPhase.CHANGE)
    kept = [one for one in (world.sandbox.folder.path / "configuration").iterdir() if one.is_file()]
    assert {one.stat().st_mode & 0o777 for one in kept} == {0o600}


def test_what_a_plan_was_made_for_is_what_is_put_or_nothing(world: World) -> None:
    plan = world.changed_by_hand()
    content = world.port.stored("config_1.0.0.tar.gz")
    assert content is not None
    archive_as("1.0.0", world.model, world.sandbox, soon())
    try:
        outcome = world.run(plan)
    finally:
        world.port.store("config_1.0.0.tar.gz", content)
    assert (outcome.outcome, outcome.refusal) == ("refused", Refusal.BAD_CONFIGURATION)
    assert "another one than when the rollback was planned" in outcome.reason
    assert world.runs(world.by_hand)
