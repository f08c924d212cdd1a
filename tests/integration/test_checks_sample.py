"""What a scenario can demand of the sample system, in a real sandbox that is damaged by hand: held, then broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
import pytest

from harness.clock import Deadline
from harness.drill import demands
from harness.drill.checks.base import Bench, Demand, Reading, look
from harness.journal.declaration import Answer, Criterion, Phase, Source
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.checks import http_client
from harness.system.load import load_system
from harness.system.values import Slot
from harness.units import Duration
from tests.support.sandboxes import TRACKTION, opened, soon, state_folder

MODEL = load_system(TRACKTION)
SOON = Duration.of(s=20)
LISTS, LOST = "tracklist-service", "2.5.3"  # a release that loses the first file of what is written


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StartedSandbox]:
    with state_folder() as state, opened(MODEL, state, within=60, standby={LISTS: LOST}) as running:
        yield running


def told(sandbox: StartedSandbox, demand: Demand) -> tuple[Answer, str]:
    """Whether a demand holds now, and the detail of the look."""
    with http_client() as http:
        bench = Bench(model=MODEL, system=sandbox, metrics=cast(Any, None), http=http)
        reading: Reading = look(demand.check, bench, Deadline.after(SOON))
    criterion = Criterion(
        id="c1",
        name=demand.name,
        phase=Phase.VALIDATION,
        comparison=demand.comparison,
        bound=demand.bound,
        within=SOON,
        source=Source(file="a.feature", line=1, text=""),
    )
    return criterion.evaluate(reading.value), reading.detail


@contextmanager
def switched(sandbox: StartedSandbox) -> Iterator[None]:
    """Clients are sent to the release that loses files."""
    sandbox.router.switch(LISTS, Slot.GREEN, soon())
    try:
        yield
    finally:
        sandbox.router.switch(LISTS, Slot.BLUE, soon())


@contextmanager
def written(sandbox: StartedSandbox, statement: str) -> Iterator[None]:
    """What a statement does while no reference is looked at; taken back at the end."""
    assert sandbox.database is not None
    with psycopg.connect(sandbox.database.dsn, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("CREATE TABLE IF NOT EXISTS before_it AS TABLE audio_files")
        connection.execute(statement.encode())
        try:
            yield
        finally:
            connection.execute("INSERT INTO audio_files TABLE before_it ON CONFLICT DO NOTHING")
            connection.execute("DELETE FROM schema_migrations WHERE version <> '2.4.0'")
            connection.execute("ALTER TABLE IF EXISTS notices RENAME TO notifications")


WHOLE = [
    demands.healthy(MODEL, 3),
    demands.version(MODEL, LISTS, "2.4.0"),
    demands.versions(MODEL, "2.4.0"),
    demands.path(MODEL),
    demands.database_answers(MODEL),
    demands.tables(MODEL),
    demands.rows(MODEL, "audio_files", 20),
    demands.no_orphans(MODEL),
    demands.schema(MODEL, "2.4.0"),
    demands.schema_of_release(MODEL, "2.4.0"),
    demands.configuration(MODEL, LISTS, "2.4.0"),
    demands.own(MODEL, "every tracklist is whole"),
    demands.own(MODEL, "the first set begins with the night ferry"),
]


@pytest.mark.parametrize("demand", WHOLE, ids=lambda demand: demand.name)
def test_every_demand_holds_while_all_is_well(sandbox: StartedSandbox, demand: Demand) -> None:
    assert told(sandbox, demand)[0] is Answer.HELD


def test_a_path_through_a_release_that_loses_what_is_written_is_broken_though_each_request_is_answered(
    sandbox: StartedSandbox,
) -> None:
    with switched(sandbox):
        answer, detail = told(sandbox, demands.path(MODEL))
        assert answer is Answer.BROKEN
        assert detail.startswith(
            "request 4, tracklist-service GET /tracklists/{list}: /items/0/audio_file_id is '1', expected 'path-"
        )
        assert told(sandbox, demands.own(MODEL, "every tracklist is whole"))[0] is Answer.BROKEN
        assert told(sandbox, demands.versions(MODEL, "2.4.0")) == (
            Answer.BROKEN,
            "file-watcher 2.4.0; analysis-service 2.4.0; tracklist-service 2.5.3",
        )
    assert sandbox.database is not None
    with psycopg.connect(sandbox.database.dsn) as connection:
        connection.execute("UPDATE tracklists SET item_count = 1 WHERE id LIKE 'path-%'")


@pytest.mark.parametrize(
    ("statement", "demand", "detail"),
    [
        (
            "DELETE FROM audio_files WHERE id = '7'",
            demands.no_orphans(MODEL),
            '5 by tracklist_items_audio_file_id_fkey of "public"."tracklist_items"; 1 by analysis_results_audio_',
        ),
        ("DELETE FROM audio_files", demands.rows(MODEL, "audio_files", 20), "audio_files"),
        ("INSERT INTO schema_migrations VALUES ('2.6.0')", demands.schema_of_release(MODEL, "2.5.3"), ""),
        ("ALTER TABLE notifications RENAME TO notices", demands.tables(MODEL), "notifications missing"),
        ("ALTER TABLE notifications RENAME TO notices", demands.path(MODEL), "request 5, notification-service POST"),
    ],
    ids=["orphans", "rows", "schema", "tables", "path"],
)
def test_data_that_a_rollback_left_damaged_breaks_the_demand_that_is_about_it(
    sandbox: StartedSandbox, statement: str, demand: Demand, detail: str
) -> None:
    assert told(sandbox, demand)[0] is Answer.HELD
    with written(sandbox, statement):
        answer, found = told(sandbox, demand)
        assert answer is Answer.BROKEN
        assert found.startswith(detail)
    assert told(sandbox, demand)[0] is Answer.HELD


def test_a_configuration_that_a_rollback_left_stale_is_broken_and_says_which_file(sandbox: StartedSandbox) -> None:
    demand = demands.configuration(MODEL, "analysis-service", "2.4.0")
    [folder] = (sandbox.folder.services / "analysis-service-blue").glob("2.4.0/0")
    file, before = folder / "analysis-service.toml", (folder / "analysis-service.toml").read_text()
    file.write_text(before.replace("bpm_max = 180", "bpm_max = 200"))
    assert told(sandbox, demand) == (Answer.BROKEN, "analysis-service.toml differs (replica 0)")
    file.write_text(before)
    (folder / "keys.toml").touch()
    assert told(sandbox, demand) == (Answer.BROKEN, "keys.toml foreign (replica 0)")
    (folder / "keys.toml").unlink()
    assert told(sandbox, demand)[0] is Answer.HELD


def test_a_configuration_of_another_release_is_broken(sandbox: StartedSandbox) -> None:
    answer, detail = told(sandbox, demands.configuration(MODEL, LISTS, "2.6.0"))
    assert answer is Answer.BROKEN
    assert "notification-service.toml differs" in detail
