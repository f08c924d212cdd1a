"""A restore that ends after any of its steps leaves the old or the new data serving, to be gone on with or undone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from harness.errors import MayWorkLater
from harness.rollback.data.actions import Goal, NewestBackup, SwapDatabase
from harness.rollback.engine import Engine
from harness.rollback.interrupted import remaining, reverse
from harness.rollback.plan import Plan, Procedure, StepPhase
from harness.rollback.record import Records, only_one
from harness.sandbox.embedded.recovery import EmbeddedRecovery
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.checks import http_client
from harness.system.model import DatabaseTable, SystemModel
from harness.system.restoring import BackupKind, Point, PointKind
from tests.support.dying import dies
from tests.support.sandboxes import echo, opened, soon, state_folder

STEPS = 12  # no plan here has more
EACH = 20  # rows to a base backup: each restore leaves a timeline that the next one has to go through


@dataclass
class World:
    """A system with a database, the engine on it, and what its table holds."""

    sandbox: StartedSandbox
    engine: Engine
    recovery: EmbeddedRecovery
    http: httpx.Client
    folder: Path
    count: int = 0

    def write(self) -> None:
        assert self.sandbox.database is not None
        self.count += 1
        with psycopg.connect(self.sandbox.database.dsn) as connection:
            connection.execute("INSERT INTO kept VALUES (%s)", [f"{self.count:04}"])

    def rows(self) -> list[str]:
        assert self.sandbox.database is not None
        return [row[0] for row in self.sandbox.database.read("SELECT id FROM kept ORDER BY id", soon())]

    def serves(self) -> bool:
        return self.http.get(f"http://{self.sandbox.router.address('echo')}/version").status_code == 200

    def prepared(self, procedure: Procedure) -> tuple[Plan, list[str], list[str]]:
        """A plan of a restore, and the rows after it and before it."""
        kind = BackupKind.DUMP if procedure is Procedure.BACKUP else BackupKind.BASE
        self.write()
        if procedure is Procedure.BACKUP or len(self.recovery.backups(kind)) * EACH < self.count:
            self.recovery.back_up(kind, soon(30))
        goal: Goal = NewestBackup()
        if procedure is Procedure.POINT_IN_TIME:
            self.write()
            self.recovery.mark(f"mark-{self.count}", soon())
            goal = Point(PointKind.NAME, f"mark-{self.count}")
        restored = self.rows()
        self.write()
        return self.engine.plan(procedure, {}, soon(30), goal), restored, self.rows()

    def goes(self, records: Records, plan: Plan, *, reversing: bool) -> str:
        with records.take_up(reversing=reversing) as writer:
            outcome = self.engine.run(plan, writer, soon(120))
            writer.ended("reversed" if reversing else outcome.outcome, outcome.reason)
        return f"{outcome.outcome} {outcome.reason}".strip()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SystemModel:
    schema = tmp_path_factory.mktemp("schema") / "schema.sql"
    schema.write_text("CREATE TABLE kept (id text PRIMARY KEY);\n")
    database = DatabaseTable.model_validate({"schema": [str(schema)], "tables": ["kept"]})
    return echo().model_copy(update={"database": database})


@pytest.fixture(scope="module")
def world(model: SystemModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with state_folder() as state, opened(model, state) as sandbox, http_client() as http:
        assert sandbox.recovery is not None
        engine = Engine(model, sandbox, http)
        yield World(sandbox, engine, sandbox.recovery, http, tmp_path_factory.mktemp("records"))


def steps(plan: Plan) -> range:
    """After which steps a run can end that is not over."""
    return range(1, 1 + len(plan.of_phase(StepPhase.CHECK, StepPhase.CHANGE, StepPhase.VERIFY)))


@pytest.mark.parametrize("procedure", [Procedure.BACKUP, Procedure.POINT_IN_TIME])
@pytest.mark.parametrize("after", range(1, STEPS + 1))
def test_a_restore_that_dies_is_gone_on_with_to_its_end(world: World, procedure: Procedure, after: int) -> None:
    plan, restored, before = world.prepared(procedure)
    assert len(steps(plan)) <= STEPS
    with only_one(world.folder, "test") as records:
        dies(world.engine, records, plan, after)
        if world.serves():  # where clients are let in it is to all of the old data, or to all of the new
            assert world.rows() in (before, restored)
        kept = records.newest()
        assert kept is not None
        assert world.goes(records, remaining(kept), reversing=False) == "done"
    assert world.rows() == restored
    assert world.serves()
    world.recovery.drop_kept(soon())


@pytest.mark.parametrize("procedure", [Procedure.BACKUP, Procedure.POINT_IN_TIME])
@pytest.mark.parametrize("after", range(1, STEPS + 1))
def test_a_restore_that_dies_is_taken_back(world: World, procedure: Procedure, after: int) -> None:
    plan, _, before = world.prepared(procedure)
    with only_one(world.folder, "test") as records:
        dies(world.engine, records, plan, after)
        kept = records.newest()
        assert kept is not None
        found = reverse(kept)
        if found.steps:
            assert world.goes(records, found, reversing=True) == "done"
        else:
            with records.take_up(reversing=True) as writer:
                writer.ended("reversed", "nothing had been changed")
    assert world.rows() == before
    assert world.serves()


class Failing(EmbeddedRecovery):
    """Fails at one call, before or after it has done what it should."""

    def __init__(self, inner: EmbeddedRecovery, call: str, *, after: bool) -> None:
        self.inner, self.failing, self.after = inner, call, after
        self._version = inner._version

    def _call(self, verb: str, deadline: object = None, /, **about: object) -> object:
        if verb == self.failing and not self.after:
            raise MayWorkLater(f"{verb} fails")
        found = self.inner._call(verb, deadline, **about)  # type: ignore[arg-type]
        if verb == self.failing:
            raise MayWorkLater(f"{verb} failed after all was done")
        return found


@pytest.mark.parametrize("when", ["at its begin", "at its end"])
@pytest.mark.parametrize("call", ["turn_away", "close", "restore", "look_beside", "swap"])
@pytest.mark.parametrize("procedure", [Procedure.BACKUP, Procedure.POINT_IN_TIME])
def test_a_restore_that_fails_leaves_the_old_data_serving(
    world: World, procedure: Procedure, call: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _, before = world.prepared(procedure)
    monkeypatch.setattr(world.sandbox, "_recovery", Failing(world.recovery, call, after=when == "at its end"))
    with only_one(world.folder, "test") as records, records.begin(plan, ()) as writer:
        outcome = world.engine.run(plan, writer, soon(120))
        writer.ended(outcome.outcome, outcome.reason)
    assert outcome.outcome == "failed"
    assert "taken back: " in outcome.reason
    assert "NOT taken back" not in outcome.reason
    assert world.rows() == before
    assert world.serves()


def test_what_was_replaced_and_is_dropped_cannot_be_taken_back(world: World) -> None:
    plan, restored, _ = world.prepared(Procedure.BACKUP)
    with only_one(world.folder, "test") as records, records.begin(plan, ()) as writer:
        assert world.engine.run(plan, writer, soon(120)).outcome == "done"
        assert world.engine.clean_up(plan, writer, soon(20)).outcome == "done"
        writer.ended("done", "")
    kept = records.newest()
    assert kept is not None
    assert any(isinstance(step.action, SwapDatabase) for step in kept.plan.steps)
    with pytest.raises(Exception, match="removed already"):
        reverse(kept)
    assert world.rows() == restored
