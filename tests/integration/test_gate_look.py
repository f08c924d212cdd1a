"""What a look at a real world shows, and what it rightly does not."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.clock import now, wait_for
from harness.gate.mould import make_mould
from harness.gate.seen import DatabaseSeen, Look
from harness.gate.server import BYSTANDER, DATABASE, SCRIPT_ROLE, execute
from harness.gate.variation import Variation
from harness.gate.world import World
from harness.units import Duration, Instant
from tests.support.sandboxes import soon, state_folder

CLOSED = f"{DATABASE}_old"
BEFORE = Duration.of(s=3600)  # the world is made so long after its mould
HEADER = 40  # bytes of a dump that say when it was made


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with state_folder() as folder:
        mould = make_mould(folder, "no-secret-of-anybody")
        mould = replace(mould, present=Instant(mould.present.ns - BEFORE.ns))
        with World(folder / "w", mould, Variation(), os.environ["PATH"]) as made:
            made.load.stop()
            yield made


def database(look: Look) -> DatabaseSeen:
    assert look.database is not None, look.closed
    return look.database


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON customers TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION keep_reference() TO drill",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE POLICY nobody ON customers USING (false)",
        "CREATE RULE silence AS ON DELETE TO customers DO INSTEAD NOTHING",
        "GRANT SELECT (email) ON customers TO PUBLIC",
        "ALTER SEQUENCE orders_id_seq INCREMENT BY 2",
        "SELECT lo_from_bytea(0, 'kept')",
        "COMMENT ON TABLE customers IS 'rolled back'",
        "CREATE STATISTICS of_orders ON product_id, value FROM orders",
        "CREATE TYPE pair AS (one text, other text)",
        "CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer)",
        """
        CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION watch()
        """,
    ],
)
def test_rights_and_rules_show(statement: str, world: World) -> None:
    before = database(world.look()).objects
    execute(world.server.dsn(), [f"SET ROLE {SCRIPT_ROLE}", statement])
    assert database(world.look()).objects != before


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DATABASE shop_billing CONNECTION LIMIT 3",
        "ALTER DATABASE shop_billing SET lock_timeout = '3s'",
        "ALTER DATABASE shop_billing ALLOW_CONNECTIONS false",
        "COMMENT ON DATABASE shop_billing IS 'rolled back'",
    ],
)
def test_what_is_switched_on_another_database_shows(statement: str, world: World) -> None:
    before = world.look().others[BYSTANDER]
    execute(world.server.dsn(), [statement])
    assert world.look().others[BYSTANDER] != before


def test_what_a_role_may_do_shows(world: World) -> None:
    before = world.look().server["roles"]
    execute(world.server.dsn(), ["ALTER ROLE app BYPASSRLS"])
    assert world.look().server["roles"] != before


def test_sessions_of_another_application_are_seen_to_end_or_to_be_cancelled(world: World) -> None:
    assert world.bystander.lives
    others = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = 'shop_billing' AND state = 'active'"
    execute(world.server.dsn("postgres"), [others])
    assert wait_for(lambda: not world.bystander.lives, soon(), "the end of its statement")


def test_half_a_backup_shows(world: World) -> None:
    folder = world.folders["backups"]
    whole = (folder / "2.4.0.dump").read_bytes()
    text = b"--\n-- PostgreSQL database dump\n--\n"
    ends = text + b"-- PostgreSQL database dump complete\n"
    for name, data in (
        ("whole.dump", whole),
        ("whole.sql", ends),
        ("whole.sql.gz", gzip.compress(ends)),
        ("half.dump", whole[: len(whole) // 2]),
        ("half.sql.gz", gzip.compress(text)),
        ("none.dump", b""),
        ("none.sql.gz", gzip.compress(b"")),
        ("short.sql.gz", gzip.compress(ends)[:-9]),
    ):
        (folder / name).write_bytes(data)
    archive = world.folders["archive"] / "config_2.4.0.tar.gz"
    archive.with_name("before.tar.gz").write_bytes(archive.read_bytes())
    archive.with_name("half.tar.gz").write_bytes(archive.read_bytes()[:-9])
    halves = ("half.dump", "half.sql.gz", "none.dump", "none.sql.gz", "short.sql.gz", "half.tar.gz")
    assert world.look().half_backups == halves


def test_what_was_there_before_is_as_old_in_each_world(world: World) -> None:
    """The age of a backup tells which writes a restore may lose, however long the worlds before it took."""
    dump = (world.folders["backups"] / "2.4.0.dump").read_bytes()
    assert now() - max(one.sent for one in world.seeds) < BEFORE
    assert dump[:HEADER] != world.mould.backups["good"][:HEADER]


def test_rights_and_settings_that_hold_without_being_written_do_not_show(world: World) -> None:
    before = world.look()
    owner = [f"SET ROLE {SCRIPT_ROLE}"]
    execute(
        world.server.dsn(),
        [
            *owner,
            f"GRANT CONNECT ON DATABASE {DATABASE} TO PUBLIC",
            f"GRANT SELECT ON customers TO {SCRIPT_ROLE}",
            f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = false",
            f"ALTER DATABASE {DATABASE} SET lock_timeout = '0ms'",
            f"ALTER DATABASE {DATABASE} SET timezone = 'UTC'",
        ],
    )
    after = world.look()
    assert after.flags == before.flags
    assert database(after).objects == database(before).objects
    execute(world.server.dsn(), [f"ALTER DATABASE {DATABASE} SET lock_timeout = '3s'"])
    assert world.look().flags["settings"] == "lock_timeout=3s"


def test_a_schema_that_was_made_anew_is_the_same(world: World) -> None:
    name = "anew"
    execute(world.server.dsn("postgres"), [f"CREATE DATABASE {name} TEMPLATE template0 OWNER {SCRIPT_ROLE}"])
    empty = world.look().others[name]
    again = [f"SET ROLE {SCRIPT_ROLE}", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"]
    execute(world.server.dsn(name), again)
    assert world.look().others[name] == empty


def test_an_old_database_that_nobody_enters_is_looked_at_and_stays_closed(world: World) -> None:
    execute(
        world.server.dsn("postgres"),
        [
            f"CREATE DATABASE {CLOSED} TEMPLATE {DATABASE} OWNER {SCRIPT_ROLE}",
            f"ALTER DATABASE {CLOSED} WITH ALLOW_CONNECTIONS false",
        ],
    )
    for _ in range(2):
        look = world.look()
        copy = look.others[CLOSED].database
        assert copy is not None
        assert copy.objects == database(look).objects


def test_what_is_in_a_database_that_lets_nobody_in_is_seen_on_demand_alone(world: World) -> None:
    switch = f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS {{}}"
    execute(world.server.dsn("postgres"), [switch.format("false")])
    try:
        assert world.look(let_in=True).database is not None
        look = world.look()
        assert (look.database, look.flags["connections allowed"]) == (None, "False")
    finally:
        execute(world.server.dsn("postgres"), [switch.format("true")])


def test_a_sequence_is_behind_as_soon_as_its_next_number_is_taken(world: World) -> None:
    set_to = "SELECT setval('orders_id_seq', (SELECT max(id) FROM orders), {})"
    execute(world.server.dsn(), [set_to.format("true")])
    assert database(world.look()).exhausted == ()
    execute(world.server.dsn(), [set_to.format("false")])
    assert database(world.look()).exhausted == ("public.orders_id_seq",)
