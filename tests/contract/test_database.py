"""What every sandbox promises of Database."""

import psycopg
import pytest

from harness.errors import InputError, MayWorkLater
from harness.system.ports import Database
from tests.contract.conftest import CASES, WITH_DATABASE, Case, Subject, params
from tests.support.sandboxes import soon


@pytest.fixture(params=params(*WITH_DATABASE))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def database(subject: Subject) -> Database:
    assert subject.system.database is not None
    return subject.system.database


def test_a_read_sees_what_others_committed(database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute("CREATE TABLE seen AS SELECT 7 AS number")
    assert list(database.read("SELECT number FROM seen", soon())) == [(7,)]


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(InputError, match="read-only"):
        database.read("CREATE TABLE written (x int)", soon())


def test_a_read_ends_at_its_deadline(database: Database) -> None:
    with pytest.raises(MayWorkLater, match="the database did not answer"):
        database.read("SELECT pg_sleep(30)", soon(2))  # time enough to get in


def test_a_wrong_statement_is_the_callers_mistake(database: Database) -> None:
    with pytest.raises(InputError, match="nonsense"):
        database.read("SELECT nonsense", soon())


def test_the_connection_string_shows_no_password(database: Database) -> None:
    assert "password" not in psycopg.conninfo.conninfo_to_dict(database.dsn)
