"""What every sandbox with a database of its own promises of Schema and Tables."""

import psycopg
import pytest

from harness.errors import MayWorkLater, NotFound, WillNotWork
from harness.sandbox.common.tables import PostgresTables
from harness.system.data_ports import Schema, Tables
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


@pytest.fixture
def tables(subject: Subject) -> Tables:
    assert subject.system.tables is not None
    return subject.system.tables


@pytest.fixture
def schema(subject: Subject) -> Schema:
    assert subject.system.schema is not None
    return subject.system.schema


def count(database: Database, table: str) -> int:
    [[many]] = database.read(f"SELECT count(*) FROM {table}", soon())  # noqa: S608 - named in this file
    return int(many)


def everything(database: Database) -> list[tuple[object, ...]]:
    """Each column, key and number of rows of the system's tables."""
    columns = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
    keys = "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype <> 'n'"
    found = [*database.read(f"{columns} ORDER BY 1, 2", soon()), *database.read(f"{keys} ORDER BY 1, 2", soon())]
    return [*found, ("rows", count(database, "tracklist_items"), count(database, "tracklists"))]


def test_a_table_that_was_dropped_is_put_back_as_it_was(database: Database, tables: Tables) -> None:
    before = everything(database)
    tables.put_back("tracklists", soon())  # nothing was taken away
    tables.drop("tracklists", soon())
    with pytest.raises(WillNotWork, match="does not exist"):
        count(database, "tracklists")
    tables.put_back("tracklists", soon())
    tables.put_back("tracklists", soon())
    assert everything(database) == before


def test_rows_that_were_deleted_are_put_back_with_those_that_refer_to_them(database: Database, tables: Tables) -> None:
    before = everything(database)
    items, lists = count(database, "tracklist_items"), count(database, "tracklists")
    notices = count(database, "notifications")
    assert tables.empty("tracklists", soon()) == items + lists + notices
    assert (count(database, "tracklist_items"), count(database, "tracklists")) == (0, 0)
    tables.put_back("tracklists", soon())
    tables.put_back("tracklists", soon())
    assert everything(database) == before


def test_a_table_that_does_not_exist_cannot_be_broken(tables: Tables) -> None:
    for act in (tables.drop, tables.empty, tables.hold):
        with pytest.raises(NotFound, match="no table 'nothing'"):
            act("nothing", soon())


def test_the_schema_goes_forth_and_back_with_the_row_that_says_so(database: Database, schema: Schema) -> None:
    before = everything(database)
    assert schema.version(soon()) == "2.4.0"
    schema.migrate("2.4.0", "2.6.0", soon(20))
    assert schema.version(soon()) == "2.6.0"
    assert schema.back("2.6.0") == ("2.4.0",)
    assert everything(database) != before
    schema.migrate("2.6.0", "2.4.0", soon(20))
    assert everything(database) == before


def test_a_script_that_cannot_be_run_changes_nothing(database: Database, schema: Schema) -> None:
    before = everything(database)
    with pytest.raises(WillNotWork, match=r"it is 2\.4\.0, and not 2\.6\.0"):
        schema.migrate("2.6.0", "2.4.0", soon(20))
    with pytest.raises(NotFound, match=r"no script from 2\.4\.0 to 9"):
        schema.migrate("2.4.0", "9", soon(20))
    assert everything(database) == before


def test_a_lock_of_another_session_is_not_waited_for_long(database: Database, schema: Schema, tables: Tables) -> None:
    before = everything(database)
    tables.hold("analysis_results", soon())
    with pytest.raises(MayWorkLater, match="lock"):
        schema.migrate("2.4.0", "2.6.0", soon(20))
    assert everything(database) == before
    tables.let_go("analysis_results", soon())
    tables.let_go("analysis_results", soon())
    schema.migrate("2.4.0", "2.6.0", soon(20))


def test_another_process_can_end_an_idle_transaction(database: Database, tables: Tables) -> None:
    tables.hold("tracklists", soon())
    PostgresTables(database.dsn).let_go("tracklists", soon())
    with psycopg.connect(database.dsn) as session:
        [idle] = session.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'drill holds%'"
        ).fetchone() or (None,)
    assert idle == 0
    tables.let_go("tracklists", soon())  # its own end of the session, which is over, too


def test_tables_of_every_kind_are_put_back_as_they_were(database: Database, tables: Tables) -> None:
    with psycopg.connect(database.dsn) as session:
        session.execute(ODD.encode())
    before = database.read('SELECT * FROM "Odd" ORDER BY id', soon())
    tables.empty("Odd", soon())
    assert count(database, '"Odd"') == count(database, "parts") == 0
    tables.put_back("Odd", soon())
    assert database.read('SELECT * FROM "Odd" ORDER BY id', soon()) == before
    assert count(database, "audit") == 0  # nobody's triggers ran
    tables.drop("parts", soon())
    tables.put_back("parts", soon())
    assert count(database, "parts") == 2
    with pytest.raises(NotFound, match="no table 'seen'"):
        tables.drop("seen", soon())


ODD = """
CREATE TABLE "Odd" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent bigint REFERENCES "Odd" (id),
    twice bigint GENERATED ALWAYS AS (id * 2) STORED
);
INSERT INTO "Odd" (parent) VALUES (NULL), (1), (2);
CREATE TABLE parts (odd bigint REFERENCES "Odd" (id), part int) PARTITION BY RANGE (part);
CREATE TABLE parts_one PARTITION OF parts FOR VALUES FROM (0) TO (10);
INSERT INTO parts VALUES (1, 1), (2, 2);
CREATE TABLE audit (what text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO audit VALUES (TG_OP); RETURN coalesce(NEW, OLD); END $$;
CREATE TRIGGER told AFTER INSERT OR DELETE ON "Odd" FOR EACH ROW EXECUTE FUNCTION tell();
CREATE VIEW seen AS SELECT 1 AS one;
"""
