"""Faults of the database break a real one, and what takes them back can be done twice."""

from collections.abc import Iterator

import pytest

from harness.errors import DrillError, InputError, NotFound
from harness.faults.data import DatabaseLost, RowsDeleted, SchemaMigrated, TableDropped
from harness.faults.data_hindrance import IdleTransaction, SpoiledBackup
from harness.faults.hindrance import Hindrance
from harness.faults.model import Fault, Scene
from harness.faults.undo.registry import carry_out
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.load import load_system
from harness.system.restoring import BackupKind
from tests.support.memory import MemoryMetrics, MemorySystem
from tests.support.sandboxes import TRACKTION, opened, soon, state_folder

READS = (
    "SELECT count(*) FROM tracklists JOIN tracklist_items ON tracklist_id = id",
    "SELECT musical_key FROM analysis_results ORDER BY 1",
)
FAULTS: tuple[Fault, ...] = (
    TableDropped("tracklist_items"),
    RowsDeleted("tracklists"),
    SchemaMigrated("2.6.0"),
    DatabaseLost(),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StartedSandbox]:
    with state_folder() as state, opened(load_system(TRACKTION), state) as running:
        yield running


def seen(sandbox: StartedSandbox) -> list[object]:
    """What a client reads; an error by its name."""
    assert sandbox.database is not None
    found: list[object] = []
    for sql in READS:
        try:
            found.append(sandbox.database.read(sql, soon()))
        except DrillError as error:
            found.append(type(error).__name__)
    return found


def scene(sandbox: StartedSandbox | MemorySystem) -> Scene:
    return Scene(sandbox, MemoryMetrics(), {})


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_breaks_what_clients_read_and_is_taken_back(sandbox: StartedSandbox, fault: Fault) -> None:
    before = seen(sandbox)
    undo = fault.undo(scene(sandbox))
    assert seen(sandbox) == before  # nothing is done yet
    for one in reversed(undo):
        carry_out(one, sandbox, soon(20))  # as after a crash before the fault
    assert seen(sandbox) == before
    fault.inject(scene(sandbox), undo, soon(20))
    assert seen(sandbox) != before
    for _ in range(2):
        for one in reversed(undo):
            carry_out(one, sandbox, soon(20))
        assert seen(sandbox) == before


@pytest.mark.parametrize(
    "hindrance",
    [SpoiledBackup(BackupKind.DUMP, "truncated"), IdleTransaction("analysis_results")],
    ids=lambda one: type(one).__name__,
)
def test_what_stands_in_the_way_hurts_no_client_and_is_taken_out(sandbox: StartedSandbox, hindrance: Hindrance) -> None:
    assert sandbox.recovery is not None
    sandbox.recovery.back_up(BackupKind.DUMP, soon(20))
    before = seen(sandbox)
    undo = hindrance.undo(scene(sandbox))
    hindrance.put(scene(sandbox), undo, soon(20))
    assert seen(sandbox) == before
    for _ in range(2):
        carry_out(undo, sandbox, soon(20))
    [*_, newest] = sandbox.recovery.backups(BackupKind.DUMP)
    assert sandbox.recovery.examine(newest, soon(20)) == ""
    SchemaMigrated("2.6.0").inject(scene(sandbox), SchemaMigrated("2.6.0").undo(scene(sandbox)), soon(20))
    assert sandbox.schema is not None
    sandbox.schema.migrate("2.6.0", "2.4.0", soon(20))


def test_a_fault_that_finds_nothing_to_break_says_so(sandbox: StartedSandbox) -> None:
    with pytest.raises(NotFound, match="no table 'nothing'"):
        TableDropped("nothing").inject(scene(sandbox), (), soon())
    with pytest.raises(NotFound, match=r"no script that takes the schema from 2\.4\.0 to 9"):
        SchemaMigrated("9").undo(scene(sandbox))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_where_there_is_no_database_of_its_own_a_fault_is_refused(fault: Fault) -> None:
    with pytest.raises(InputError, match=r"sandbox|drill\.toml"):
        fault.undo(scene(MemorySystem()))
