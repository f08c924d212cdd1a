"""Checks of a real PostgreSQL, damaged by hand: each is held, broken, or could not be told."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import threading
from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from harness.clock import Deadline, now, wait_for
from harness.drill.checks.base import Bench, Check, Reading, look
from harness.drill.checks.database import DatabaseAnswers, OwnQuery, RowCount, SchemaVersion, TablesThere
from harness.drill.checks.references import Orphans
from harness.errors import DeadlineExceeded, InputError
from harness.sandbox.common.database import PostgresDatabase
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.check_model import SqlCheck
from harness.system.model import DatabaseTable
from harness.units import Duration
from tests.support.sandboxes import echo, opened, soon, state_folder

SOON = Duration.of(s=20)
WAITED = Duration.of(s=2)  # enough for a busy machine to get as far as to the wait that is to end
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedSandbox]:
    schema = tmp_path_factory.mktemp("schema") / "schema.sql"
    schema.write_text("SELECT 1;\n")
    database = DatabaseTable.model_validate({"schema": [str(schema)]})
    with state_folder() as state, opened(echo().model_copy(update={"database": database}), state) as running:
        yield running


@pytest.fixture
def dsn(sandbox: StartedSandbox) -> str:
    """A database of the test's own."""
    assert sandbox.database is not None
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(sandbox.database.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return make_conninfo(sandbox.database.dsn, dbname=name)


def run(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for one in statements:
            connection.execute(one.encode())


def without_triggers(dsn: str, *statements: str) -> None:
    """Runs statements while no constraint of a reference is looked at, as a restore does."""
    run(dsn, "SET session_replication_role = replica", *statements)


def read(check: Check, dsn: str | None, within: Duration = SOON) -> Reading:
    database = None if dsn is None else PostgresDatabase(dsn)
    bench = Bench(
        model=cast(Any, None),
        system=cast(Any, SimpleNamespace(database=database)),
        metrics=cast(Any, None),
        http=cast(Any, None),
    )
    return look(check, bench, Deadline.after(within))


def query(sql: str, equals: float | str = 0) -> OwnQuery:
    return OwnQuery(SqlCheck.model_validate({"name": "q", "sql": sql, "equals": equals}))


# Connectivity


def test_a_database_that_answers(dsn: str) -> None:
    assert read(DatabaseAnswers(), dsn).value == 1


def test_a_database_that_refuses_does_not_answer(dsn: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        reading = read(DatabaseAnswers(), make_conninfo(dsn, host="127.0.0.1", port=port))
    assert reading.value == 0
    assert "Connection refused" in reading.detail


def test_a_database_that_lets_this_client_not_in_does_not_answer(dsn: str) -> None:
    assert read(DatabaseAnswers(), make_conninfo(dsn, dbname="nothing")).value == 0


def test_a_database_that_is_silent_does_not_answer_unless_the_time_was_too_short_to_tell() -> None:
    """A port on which somebody listens and says nothing, as before a server that is frozen."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = make_conninfo(host="127.0.0.1", port=silent.getsockname()[1], user="x", dbname="x")
        for within, value in ((SOON, 0), (Duration.of(ms=200), None)):
            begun = now()
            reading = read(DatabaseAnswers(), dsn, within)
            assert reading.value == value
            assert "let nobody in within" in reading.detail
            assert now() - begun < Duration.of(s=10)


def test_a_system_without_a_database_tells_nothing() -> None:
    assert read(DatabaseAnswers(), None) == Reading(None, "the system has no database")


def test_a_read_from_a_server_that_freezes_over_it_ends_at_its_deadline(dsn: str) -> None:
    def backend() -> int | None:
        with psycopg.connect(dsn) as connection:
            asked = connection.execute("SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")
            row = asked.fetchone()
        return row[0] if row else None

    def freeze() -> None:
        pid = wait_for(backend, soon(), "the statement")
        frozen.append(pid)
        os.kill(pid, signal.SIGSTOP)

    frozen: list[int] = []
    thread = threading.Thread(target=freeze)
    thread.start()
    begun = now()
    try:
        with pytest.raises(DeadlineExceeded, match="the database did not answer within"):
            PostgresDatabase(dsn).read("SELECT pg_sleep(60)", Deadline.after(Duration.of(s=2)))
        assert now() - begun < Duration.of(s=20), "long before the statement's own end"
    finally:
        thread.join()
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)


# Reading only


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO kept VALUES (2)",
        "SET TRANSACTION READ WRITE",
        "COMMIT; INSERT INTO kept VALUES (2)",
        "SELECT 1; SET default_transaction_read_only = off; INSERT INTO kept VALUES (2)",
        "SELECT set_config('transaction_read_only', 'off', false); INSERT INTO kept VALUES (2)",
        "WITH new AS (INSERT INTO kept VALUES (2) RETURNING id) SELECT count(*) FROM new",
    ],
)
def test_a_query_of_a_system_changes_nothing(dsn: str, sql: str) -> None:
    run(dsn, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (1)")
    assert read(query(sql), dsn).value is None
    assert read(RowCount("kept"), dsn).value == 1


def test_rows_that_a_policy_hides_are_an_error_and_not_left_out(dsn: str) -> None:
    role = f"reader_{next(NUMBERS)}"
    run(
        dsn,
        "CREATE TABLE kept (id int)",
        "INSERT INTO kept VALUES (1), (2)",
        "ALTER TABLE kept ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON kept FOR SELECT USING (id = 1)",
        f"CREATE ROLE {role} LOGIN PASSWORD 'of-a-test'",
        f"GRANT SELECT ON kept TO {role}",
    )
    reading = read(RowCount("kept"), make_conninfo(dsn, user=role, password="of-a-test"))  # noqa: S106 - made here
    assert reading.value is None
    assert "row-level security" in reading.detail


# Tables, rows, schema


def test_tables_are_there_or_missing_by_name_and_schema(dsn: str) -> None:
    run(
        dsn,
        'CREATE TABLE "Odd name" (id int)',
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.orders (id int)",
        "CREATE VIEW seen AS SELECT 1 AS id",
        "CREATE TABLE parted (id int) PARTITION BY LIST (id)",
    )
    for tables, missing in (
        (("Odd name", "shop.orders", "public.Odd name", "parted"), ""),
        (("orders",), "orders missing"),
        (("odd name", "parted"), "odd name missing"),
        (("seen", "shop.nothing"), "seen, shop.nothing missing"),
    ):
        reading = read(TablesThere(tables), dsn)
        absent = len(missing.split(", ")) if missing else 0
        assert reading == Reading(len(tables) - absent, missing or ", ".join(tables))


def test_rows_are_counted_whatever_the_table_is_called(dsn: str) -> None:
    run(
        dsn,
        'CREATE TABLE "Odd; name" AS SELECT generate_series(1, 3)',
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.orders (id int)",
    )
    assert read(RowCount("Odd; name"), dsn) == Reading(3, "Odd; name")
    assert read(RowCount("shop.orders"), dsn) == Reading(0, "shop.orders")


def test_rows_of_a_table_that_is_not_there_are_not_none(dsn: str) -> None:
    reading = read(RowCount("nothing"), dsn)
    assert reading.value is None
    assert 'relation "nothing" does not exist' in reading.detail


def test_a_count_that_waits_for_a_lock_ends_at_the_deadline_and_tells_nothing(dsn: str) -> None:
    run(dsn, "CREATE TABLE kept (id int)")
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE kept")
        reading = read(RowCount("kept"), dsn, WAITED)
    assert reading.value is None
    assert "the database did not answer" in reading.detail


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("('2.4.0')", Reading("2.4.0")),
        ("('2.4.0'), ('2.5.0')", Reading(None, "the query gave 2 rows, and one was expected")),
        ("(NULL)", Reading(None, "the query gave NULL, which is no value")),
    ],
)
def test_a_schema_has_one_version_or_it_cannot_be_told(dsn: str, rows: str, expected: Reading) -> None:
    run(dsn, "CREATE TABLE versions (version text)", f"INSERT INTO versions VALUES {rows}")  # noqa: S608 - of this file
    assert read(SchemaVersion("SELECT version FROM versions"), dsn) == expected


# Queries of a system's own


@pytest.mark.parametrize(
    ("sql", "equals", "value"),
    [
        ("SELECT 3", 0, 3),
        ("SELECT 0.5::numeric", 0, 0.5),
        ("SELECT 0.5::float8", 0, 0.5),
        ("SELECT 'a'", "", "a"),
        ("SELECT true", True, "true"),
        ("VALUES (false)", True, "false"),
    ],
)
def test_a_query_gives_one_value(dsn: str, sql: str, *, equals: float | str, value: float | str) -> None:
    assert read(query(sql, equals), dsn) == Reading(value)


@pytest.mark.parametrize(
    ("sql", "equals", "why"),
    [
        ("SELECT 1 WHERE false", 0, "the query gave 0 rows, and one was expected"),
        ("SELECT 0 FROM generate_series(1, 2)", 0, "the query gave 2 rows, and one was expected"),
        ("SELECT 0, 0", 0, "the query gave 2 columns, and one was expected"),
        ("SELECT NULL::int", 0, "the query gave NULL, which is no value"),
        ("SELECT '0'", 0, "it is '0', and a number was expected"),
        ("SELECT true", 1, "it is True, and a number was expected"),
        ("SELECT 0", "0", "it is 0, and text was expected"),
        ("SELECT now()", "x", "and text was expected"),
        ("SELECT 'NaN'::numeric", 0, "numbers are compared exactly up to"),
        ("SELECT 9007199254740993", 9007199254740992, "numbers are compared exactly up to"),
        ("SELECT nonsense", 0, 'column "nonsense" does not exist'),
        ("SELECT 1/0", 0, "division by zero"),
        ("SELEC 1", 0, "syntax error"),
        ("SELECT pg_sleep(60)", 0, "the database did not answer"),
        ("", 0, "the statement is wrong"),
    ],
)
def test_a_query_without_one_value_of_the_right_kind_tells_nothing(
    dsn: str, sql: str, *, equals: float | str, why: str
) -> None:
    check = OwnQuery(SqlCheck.model_construct(name="q", sql=sql, equals=equals))
    reading = read(check, dsn, WAITED if "sleep" in sql else SOON)
    assert reading.value is None
    assert why in reading.detail


# Foreign keys


def test_a_database_without_foreign_keys_tells_nothing_of_orphans(dsn: str) -> None:
    run(dsn, "CREATE TABLE one (id int PRIMARY KEY)")
    assert read(Orphans(), dsn) == Reading(
        None, "there is no foreign key in the database, so nothing could be told by them"
    )


def test_a_database_in_which_nothing_refers_to_anything_tells_nothing_of_orphans(dsn: str) -> None:
    """As one that was restored empty."""
    run(dsn, "CREATE TABLE one (id int PRIMARY KEY, one int REFERENCES one)", "INSERT INTO one VALUES (1, NULL)")
    assert read(Orphans(), dsn) == Reading(None, "no row refers to anything by any of 1 foreign key")


SHOP = (
    'CREATE SCHEMA "Shop.1"',
    'CREATE TABLE "Shop.1"."Order ""x""" ("Id;" int PRIMARY KEY)',
    'CREATE TABLE item (id int, "order" int CONSTRAINT "of an order" REFERENCES "Shop.1"."Order ""x""")',
    'INSERT INTO "Shop.1"."Order ""x""" VALUES (1)',
    "INSERT INTO item VALUES (1, 1), (2, NULL)",
)


def test_references_that_all_lead_somewhere_have_no_orphans(dsn: str) -> None:
    run(dsn, *SHOP)
    assert read(Orphans(), dsn) == Reading(0, "of 1 foreign key")


def test_orphans_are_counted_and_told_by_constraint(dsn: str) -> None:
    run(dsn, *SHOP)
    without_triggers(dsn, 'DELETE FROM "Shop.1"."Order ""x"""', "INSERT INTO item VALUES (3, 7)")
    assert read(Orphans(), dsn) == Reading(2, '2 by of an order of "public"."item"')


def test_a_constraint_that_was_never_validated_or_is_not_enforced_is_looked_up_too(dsn: str) -> None:
    run(
        dsn,
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (parent int)",
        "INSERT INTO child VALUES (1)",
        "ALTER TABLE child ADD CONSTRAINT unseen FOREIGN KEY (parent) REFERENCES parent NOT VALID",
        "CREATE TABLE loose (parent int CONSTRAINT unheeded REFERENCES parent NOT ENFORCED)",
        "INSERT INTO loose VALUES (1), (2)",
    )
    expected = '2 by unheeded of "public"."loose"; 1 by unseen of "public"."child"'
    assert read(Orphans(), dsn) == Reading(3, expected)


PAIRS = (
    "CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b))",
    "INSERT INTO parent VALUES (1, 2)",
    "CREATE TABLE child (x int, y int, CONSTRAINT pair FOREIGN KEY (y, x) REFERENCES parent (a, b) {})",
)


@pytest.mark.parametrize(
    ("match", "orphans"),
    [("MATCH SIMPLE", ("(1, 1)",)), ("MATCH FULL", ("(1, 1)", "(NULL, 1)", "(9, NULL)"))],
)
def test_nulls_and_the_order_of_columns_count_as_the_constraint_says(
    dsn: str, match: str, orphans: tuple[str, ...]
) -> None:
    run(dsn, *(one.format(match) for one in PAIRS))
    without_triggers(dsn, "INSERT INTO child VALUES (2, 1), (1, 1), (NULL, 1), (9, NULL), (NULL, NULL)")
    assert read(Orphans(), dsn) == Reading(len(orphans), f'{len(orphans)} by pair of "public"."child"')


@pytest.mark.parametrize("match", ["MATCH SIMPLE", "MATCH FULL"])
def test_the_count_of_orphans_is_that_of_a_plain_loop_over_all_rows(dsn: str, match: str) -> None:
    random = Random(7)  # noqa: S311 - a seed is the point
    run(dsn, *(one.format(match) for one in PAIRS))

    def pairs(count: int, *values: int | None) -> set[tuple[int | None, int | None]]:
        return {(random.choice(values), random.choice(values)) for _ in range(count)}

    for _ in range(20):
        parents, children = pairs(6, 1, 2, 3), sorted(pairs(12, 1, 2, 3, 4, None), key=str)
        without_triggers(dsn, "TRUNCATE parent, child")
        with psycopg.connect(dsn) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.cursor().executemany("INSERT INTO parent VALUES (%s, %s)", sorted(parents, key=str))
            connection.cursor().executemany("INSERT INTO child (y, x) VALUES (%s, %s)", children)
        if match == "MATCH FULL":
            references = [one for one in children if one != (None, None)]
        else:
            references = [one for one in children if None not in one]
        orphans = [one for one in references if one not in parents]
        assert read(Orphans(), dsn).value == (len(orphans) if references else None)


def test_a_partitioned_reference_is_counted_once_and_an_inherited_row_is_none(dsn: str) -> None:
    run(
        dsn,
        "CREATE TABLE parent (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE parent_low PARTITION OF parent FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE parent_high PARTITION OF parent FOR VALUES FROM (10) TO (20)",
        "INSERT INTO parent VALUES (1), (11)",
        "CREATE TABLE child (id int, parent int CONSTRAINT of_parent REFERENCES parent) PARTITION BY LIST (id)",
        "CREATE TABLE child_1 PARTITION OF child FOR VALUES IN (1)",
        "CREATE TABLE child_2 PARTITION OF child FOR VALUES IN (2)",
        "INSERT INTO child VALUES (1, 1), (2, 11)",
        "CREATE TABLE old (id int PRIMARY KEY)",
        "CREATE TABLE old_too () INHERITS (old)",
        "INSERT INTO old_too VALUES (5)",
        "CREATE TABLE of_old (old int CONSTRAINT of_old REFERENCES old)",
    )
    assert read(Orphans(), dsn) == Reading(0, "of 2 foreign keys")
    without_triggers(dsn, "INSERT INTO child VALUES (1, 12), (2, 3)", "INSERT INTO of_old VALUES (5)")
    expected = '2 by of_parent of "public"."child"; 1 by of_old of "public"."of_old"'
    assert read(Orphans(), dsn) == Reading(3, expected)


def test_keys_are_compared_by_the_operators_of_the_constraint(dsn: str) -> None:
    run(
        dsn,
        "CREATE SCHEMA words",
        "CREATE EXTENSION citext SCHEMA words",
        "CREATE TABLE parent (name words.citext PRIMARY KEY, number bigint UNIQUE)",
        "INSERT INTO parent VALUES ('Anna', 1)",
        "CREATE TABLE child (name words.citext REFERENCES parent, number int REFERENCES parent (number))",
        "INSERT INTO child VALUES ('ANNA', 1)",
    )
    assert read(Orphans(), dsn) == Reading(0, "of 2 foreign keys")
    without_triggers(dsn, "INSERT INTO child VALUES ('ANNE', 2)")
    assert read(Orphans(), dsn).value == 2


def test_columns_of_different_collations_are_compared_by_that_of_the_referenced_one(dsn: str) -> None:
    run(
        dsn,
        'CREATE TABLE parent (name text COLLATE "C" PRIMARY KEY)',
        "INSERT INTO parent VALUES ('a')",
        'CREATE TABLE child (name text COLLATE "POSIX" REFERENCES parent)',
        "INSERT INTO child VALUES ('a')",
    )
    assert read(Orphans(), dsn) == Reading(0, "of 1 foreign key")


def test_a_reference_to_a_time_is_an_orphan_where_it_is_not_wholly_covered(dsn: str) -> None:
    run(
        dsn,
        "CREATE EXTENSION btree_gist",
        "CREATE TABLE room (id int, open daterange, PRIMARY KEY (id, open WITHOUT OVERLAPS))",
        "INSERT INTO room VALUES (1, '[2025-01-01,2025-02-01)'), (1, '[2025-02-01,2025-03-01)')",
        "CREATE TABLE stay (room int, at daterange, CONSTRAINT in_a_room FOREIGN KEY (room, PERIOD at) "
        "REFERENCES room (id, PERIOD open))",
        "INSERT INTO stay VALUES (1, '[2025-01-20,2025-02-10)'), (NULL, '[2030-01-01,2030-02-01)')",
    )
    assert read(Orphans(), dsn) == Reading(0, "of 1 foreign key")
    without_triggers(dsn, "INSERT INTO stay VALUES (1, '[2025-02-20,2025-03-10)'), (2, '[2025-01-20,2025-02-10)')")
    assert read(Orphans(), dsn) == Reading(2, '2 by in_a_room of "public"."stay"')


def test_a_table_that_is_being_dropped_makes_orphans_unknown_and_not_none(dsn: str) -> None:
    run(dsn, *SHOP)
    with psycopg.connect(dsn) as other:
        other.execute("DROP TABLE item")
        reading = read(Orphans(), dsn, WAITED)
    assert reading.value is None
    assert "the database did not answer" in reading.detail


def test_a_statement_that_gives_no_rows_is_the_callers_mistake(dsn: str) -> None:
    with pytest.raises(InputError):
        PostgresDatabase(dsn).read("SET work_mem = '1MB'", soon())
