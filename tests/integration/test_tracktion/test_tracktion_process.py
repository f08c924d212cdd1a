"""The process contract: starting, stopping, and living through the loss of the database."""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest

from .stage import SERVICES, TRACKTION, Postgres, Replica, command, free_port, listens, wait_until

WAITING = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"


def end_of(arguments: list[str], url: str | None = "postgresql://127.0.0.1/x") -> tuple[int, str]:
    """Run a command that must end by itself; return its exit code and stderr."""
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    done = subprocess.run(
        arguments, check=False, capture_output=True, text=True, timeout=20,
        env=env if url is None else {**env, "DATABASE_URL": url},
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("service", "release", "expected"),
    [("file-watcher", "9.9.9", 64), ("no-service", "2.4.0", 64), ("file-watcher", "../2.4.0", 64)],
)
def test_an_unknown_service_or_release_is_wrong_usage(service: str, release: str, expected: int) -> None:
    code, errors = end_of(command(service, release, port=1))
    assert code == expected
    assert len(errors.splitlines()) == 1


def test_a_port_that_cannot_be_is_wrong_usage() -> None:
    code, errors = end_of(command("file-watcher", "2.4.0", port=70_000))
    assert code == 64
    assert "70000" in errors


def test_a_missing_configuration_stops_the_start(tmp_path: Path) -> None:
    code, errors = end_of(command("file-watcher", "2.4.0", port=1, config=tmp_path))
    assert code == 78
    assert len(errors.splitlines()) == 1
    assert "file-watcher.toml" in errors


@pytest.mark.parametrize("service", SERVICES)
def test_the_configuration_of_another_schema_stops_the_start(service: str) -> None:
    old, new = TRACKTION / "config" / "2.5.3", TRACKTION / "config" / "2.6.0"
    assert end_of(command(service, "2.6.0", port=1, config=old))[0] == 78
    assert end_of(command(service, "2.5.3", port=1, config=new))[0] == 78


@pytest.mark.parametrize("url", [None, "postgresql://[secret"])
def test_no_usable_database_url_stops_the_start_and_is_not_shown(url: str | None) -> None:
    code, errors = end_of(command("file-watcher", "2.4.0", port=free_port()), url)
    assert code == 78
    assert "DATABASE_URL" in errors
    assert "secret" not in errors


def test_a_taken_port_stops_the_start_with_one_line(database: str) -> None:
    with Replica("file-watcher", "2.4.0", database) as replica:
        code, errors = end_of(command("analysis-service", "2.4.0", port=replica.port), database)
    assert code == 71
    assert len(errors.splitlines()) == 1


def test_without_a_database_it_serves_and_says_why_it_is_not_well() -> None:
    nowhere = f"postgresql://127.0.0.1:{free_port()}/x"
    with Replica("file-watcher", "2.4.0", nowhere) as replica:
        status, answer = replica.get("/health")
        assert (status, answer["status"]) == (503, "unavailable")
        assert answer["reason"]
        assert replica.get("/version")[0] == 200
        assert replica.get("/audio-files/1")[0] == 503
        replica.terminate()
        assert replica.process.wait(timeout=5) == 0


def test_comes_back_by_itself_within_two_seconds_of_a_crashed_database(postgres: Postgres, database: str) -> None:
    with Replica("notification-service", "2.4.0", database) as replica:
        replica.ready()
        postgres.stop()
        try:
            assert replica.get("/notifications/1")[0] == 503
            assert not replica.healthy()
        finally:
            postgres.start()
        # Crash recovery ended before start() returned; the services look every half second by then.
        wait_until("healthy again", replica.healthy, within=2.0)
        assert replica.get("/notifications/1")[0] == 200


def test_a_frozen_database_makes_a_503_not_a_hang(postgres: Postgres, database: str) -> None:
    with Replica("analysis-service", "2.4.0", database) as replica, postgres.connect("postgres") as session:
        replica.ready()
        rows = session.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'analysis%'")
        frozen = [row[0] for row in rows]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert replica.get("/health")[0] == 503
            assert time.monotonic() - began < 5.0, "a client gives up after 10 s"
            # The server itself still accepts connections: new ones take the place of the frozen.
            wait_until("answers over new connections", replica.healthy, within=5.0)
            assert replica.get("/audio-files/1/analysis")[0] == 200
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)


def test_a_statement_that_waits_for_a_lock_is_given_up(database: str, tmp_path: Path) -> None:
    config = shutil.copytree(TRACKTION / "config" / "2.4.0", tmp_path / "config")
    file = config / "tracklist-service.toml"
    file.write_text(file.read_text().replace("statement_timeout_ms = 2000", "statement_timeout_ms = 200"))
    with (
        Replica("tracklist-service", "2.4.0", database, config=config) as replica,
        psycopg.connect(database) as session,
    ):
        replica.ready()
        session.execute("LOCK TABLE tracklists IN ACCESS EXCLUSIVE MODE")
        status, answer = replica.get("/tracklists/1")
        assert status == 503
        assert "timeout" in answer["error"]
        session.rollback()
        assert replica.get("/tracklists/1")[0] == 200


def test_sigterm_finishes_the_request_in_flight_and_ends_well(database: str) -> None:
    answers: list[int] = []
    with (
        Replica("file-watcher", "2.4.0", database) as replica,
        psycopg.connect(database, autocommit=True) as watcher,
        psycopg.connect(database) as locker,
    ):
        replica.ready()
        locker.execute("LOCK TABLE audio_files IN ACCESS EXCLUSIVE MODE")
        client = threading.Thread(target=lambda: answers.append(replica.get("/audio-files/1")[0]))
        client.start()
        name = ("file-watcher/2.4.0",)
        wait_until("the request is under way", lambda: watcher.execute(WAITING, name).fetchone())
        replica.terminate()
        wait_until("no new connections", lambda: not listens(replica.port))
        assert replica.process.poll() is None
        locker.rollback()
        client.join(timeout=5)
        assert answers == [200]
        assert replica.process.wait(timeout=5) == 0
