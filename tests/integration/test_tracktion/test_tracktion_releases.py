"""Each bad release is bad in its own way, and only there; 2.6.0 goes forward and back without loss."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from .stage import TRACKTION, Replica, run_script

FORWARD = TRACKTION / "migrations" / "2.4.0_to_2.6.0.sql"
BACK = TRACKTION / "migrations" / "2.4.0_to_2.6.0_rollback.sql"
PROBES = {
    "file-watcher": ("POST", "/audio-files/{}/rescan"),
    "analysis-service": ("GET", "/audio-files/{}/analysis"),
    "tracklist-service": ("GET", "/tracklists/{}"),
    "notification-service": ("GET", "/notifications/{}"),
}
# What a release gets wrong in answers to probes; everything else is answered well by every release.
FAILING = {("2.5.0", "analysis-service"): {2, 5, 6, 9, 12, 13, 16, 19}}
MEGABYTE = 1 << 20


@pytest.mark.parametrize("release", ["2.4.0", "2.4.1", "2.5.0", "2.5.1", "2.5.2", "2.5.3", "2.6.0"])
@pytest.mark.parametrize("service", PROBES)
def test_probes_fail_only_where_the_release_is_bad(
    database: str, migrated_for: Callable[[str], None], release: str, service: str
) -> None:
    migrated_for(release)
    method, path = PROBES[service]
    with Replica(service, release, database) as replica:
        replica.ready()
        answers = {n: replica.call(method, path.format(n))[0] for n in range(1, 21)}
    failing = FAILING.get((release, service), set())
    assert answers == {n: 500 if n in failing else 200 for n in range(1, 21)}


def test_2_5_0_stores_nothing_when_it_fails(database: str) -> None:
    with Replica("analysis-service", "2.5.0", database) as replica, psycopg.connect(database) as session:
        session.execute("DELETE FROM analysis_results")
        session.commit()
        replica.ready()
        answers = {n: replica.call("POST", f"/audio-files/{n}/analysis")[0] for n in range(1, 21)}
        stored = session.execute("SELECT audio_file_id::int FROM analysis_results").fetchall()
    assert {n for n, status in answers.items() if status == 500} == FAILING["2.5.0", "analysis-service"]
    assert {row[0] for row in stored} == {n for n, status in answers.items() if status == 201}


def latencies(replica: Replica) -> list[float]:
    """Seconds of reading an analysis, of many times."""
    taken = []
    for n in range(60):
        began = time.perf_counter()
        assert replica.get(f"/audio-files/{n % 20 + 1}/analysis")[0] == 200
        taken.append(time.perf_counter() - began)
    return taken


def test_2_5_1_reads_analyses_several_times_slower_and_without_using_a_core(database: str) -> None:
    with (
        Replica("analysis-service", "2.4.1", database) as good,
        Replica("analysis-service", "2.5.1", database) as slow,
    ):
        usual, slower = latencies(good.ready()), latencies(slow.ready())
        # About ten times. A busy machine adds to both, but not each time.
        assert min(slower) > 4 * min(usual)
        assert min(slower) > 0.02
        seconds = next(
            float(line.split()[1])
            for line in slow.metrics().splitlines()
            if line.startswith("process_cpu_seconds_total")
        )
        assert seconds < sum(slower)


def growth(replica: Replica, requests: int) -> int:
    """Bytes of memory that so many requests leave behind, after warming up."""
    for n in range(50):
        replica.get(f"/notifications/{n % 20 + 1}")
    before = replica.memory()
    for n in range(requests):
        assert replica.get(f"/notifications/{n % 20 + 1}")[0] == 200
    return replica.memory() - before


def test_2_5_2_keeps_memory_with_each_notification_read(database: str) -> None:
    with Replica("notification-service", "2.5.2", database) as replica:
        assert growth(replica.ready(), 300) > 12 * MEGABYTE


@pytest.mark.parametrize("release", ["2.4.1", "2.5.3"])
def test_the_releases_around_it_do_not(database: str, release: str) -> None:
    with Replica("notification-service", release, database) as replica:
        assert growth(replica.ready(), 300) < 2 * MEGABYTE


def test_2_5_3_answers_well_and_writes_wrong_rows(database: str) -> None:
    wanted = {"id": "set-x", "name": "Set X", "audio_file_ids": ["9", "2", "4"]}
    with Replica("tracklist-service", "2.5.3", database) as replica, psycopg.connect(database) as session:
        assert replica.ready().call("POST", "/tracklists", wanted) == (201, wanted)
        items = session.execute(
            "SELECT position, audio_file_id FROM tracklist_items WHERE tracklist_id = 'set-x' ORDER BY 1"
        ).fetchall()
        incomplete = session.execute(
            "SELECT id FROM tracklists t WHERE item_count <>"
            " (SELECT count(*) FROM tracklist_items i WHERE i.tracklist_id = t.id)"
        ).fetchall()
    assert items == [(1, "2"), (2, "4")]
    assert incomplete == [("set-x",)]


CATALOGUE = """
    SELECT 'column', concat_ws(' ', column_name, data_type, is_nullable, column_default)
    FROM information_schema.columns WHERE table_name = 'analysis_results'
    UNION ALL SELECT 'constraint', conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid = 'analysis_results'::regclass
    UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE tablename = 'analysis_results'
    ORDER BY 1, 2
"""
ANALYSES = """
    SELECT audio_file_id, bpm, musical_key, energy, created_at, updated_at FROM analysis_results ORDER BY 1
"""
VERSION = "SELECT version FROM schema_migrations ORDER BY created_at DESC LIMIT 1"


def rows(session: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return session.execute(query.encode()).fetchall()


def test_the_migration_and_its_rollback_give_back_every_row_and_the_same_schema(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        schema, analyses = rows(session, CATALOGUE), rows(session, ANALYSES)
        run_script(session, FORWARD)
        assert rows(session, VERSION) == [("2.6.0",)]
        run_script(session, BACK)
        assert rows(session, VERSION) == [("2.4.0",)]
        assert rows(session, CATALOGUE) == schema
        assert rows(session, ANALYSES) == analyses


def test_what_2_6_0_wrote_is_what_2_4_1_reads_after_the_rollback(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        with Replica("analysis-service", "2.4.1", database) as old:
            before = [old.ready().get(f"/audio-files/{n}/analysis") for n in range(1, 21)]
        session.execute("DELETE FROM analysis_results")
        run_script(session, FORWARD)
        with Replica("analysis-service", "2.6.0", database) as new:
            new.ready()
            for n in range(1, 21):
                status, shown = new.call("POST", f"/audio-files/{n}/analysis")
                assert (status, shown) == (201, new.get(f"/audio-files/{n}/analysis")[1])
        run_script(session, BACK)
        with Replica("analysis-service", "2.4.1", database) as old:
            assert [old.ready().get(f"/audio-files/{n}/analysis") for n in range(1, 21)] == before


def test_a_release_that_runs_through_migration_and_rollback_serves_again(database: str) -> None:
    with (
        Replica("tracklist-service", "2.4.1", database) as replica,
        psycopg.connect(database, autocommit=True) as session,
    ):
        before = [replica.ready().get("/tracklists/7") for _ in range(30)]  # statements are prepared by then
        run_script(session, FORWARD)
        assert replica.get("/tracklists/7")[0] == 503
        run_script(session, BACK)
        assert [replica.get("/tracklists/7") for _ in range(30)] == before


@pytest.mark.parametrize("script", [BACK, FORWARD], ids=["rollback", "forward"])
def test_a_script_on_the_wrong_schema_changes_nothing(database: str, script: Any) -> None:
    with psycopg.connect(database, autocommit=True) as session:
        if script == FORWARD:
            run_script(session, FORWARD)
        schema = rows(session, CATALOGUE)
        with pytest.raises(psycopg.errors.RaiseException, match="the schema is not"):
            run_script(session, script)
        assert rows(session, CATALOGUE) == schema
