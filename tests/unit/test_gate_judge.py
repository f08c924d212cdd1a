"""What was seen of a script, and what follows from it."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import Any

import pytest

from harness.gate import limits
from harness.gate.case import Case, Expect, Trouble
from harness.gate.findings import FINDINGS
from harness.gate.judge import Judged, Objectives, judge
from harness.gate.relay import Statement
from harness.gate.seen import (
    DatabaseSeen,
    Ended,
    FileSeen,
    Look,
    Method,
    OtherSeen,
    Place,
    Probe,
    Reference,
    Seen,
    ServiceSeen,
    Subject,
)
from harness.gate.sql_text import CHANGES, may_change
from harness.gate.state import difference
from harness.gate.variation import Archive, Backup, Release, Variation
from harness.journal.observation import Row, Write, WriteOutcome
from harness.units import Duration, Instant

START = Instant(10**12)
DATABASE = frozenset({Subject.DATABASE})
CONFIGURATION = frozenset({Subject.CONFIGURATION})
BOTH = DATABASE | CONFIGURATION
OLD = {"column products.price": "numeric", "column orders.value": "text"}
TARGET = {"column products.price_cents": "integer", "column orders.value": "text"}
OLD_CONFIG = {"app.toml": FileSeen("new", 0o644), "extra.toml": FileSeen("extra", 0o644)}
CONFIG = {"app.toml": FileSeen("old", 0o644), "secrets.env": FileSeen("secret", 0o600)}
PLAIN = Case("plain", "plain", "why", Expect.RECOVER)
EITHER = replace(PLAIN, expect=Expect.EITHER)
REFUSE = replace(PLAIN, expect=Expect.REFUSE)
BILLING = OtherSeen(DatabaseSeen({}, {}, None))
"""Another database than the one that is rolled back."""


def at(seconds: float) -> Instant:
    return START + Duration.of(s=seconds)


def write(number: int, second: float) -> Write:
    instant = at(second)
    return Write(0, number, f"order-{number}", f"{number}", instant, instant, instant, WriteOutcome.OK)


WRITES = (*(write(n, -100 + n) for n in range(20)), *(write(n, -30 + n) for n in range(20, 25)))
LATE = frozenset(one.id for one in WRITES[20:])


def orders(writes: tuple[Write, ...] = WRITES) -> tuple[Row, ...]:
    return tuple(Row(one.id, one.value) for one in writes)


def database(**own: Any) -> DatabaseSeen:
    found = DatabaseSeen(OLD, {"products": frozenset({"1 for 5.00"})}, "2.6.0", orders())
    return replace(found, **own)


def back(**own: Any) -> DatabaseSeen:
    return database(objects=TARGET, rows={"products": frozenset({"1 for 500"})}, version="2.4.0", **own)


def look(**own: Any) -> Look:
    plain = Look(
        at=at(10),
        database=database(),
        closed="",
        flags={"connection limit": "-1"},
        others={"billing": BILLING},
        server={"roles": "drill"},
        prepared=(),
        config=OLD_CONFIG,
        beside_config={"other.conf": {"": FileSeen("x", 0o644)}},
        given={"backups/2.4.0.dump": FileSeen("backup d", 0o644)},
        scratch={},
        home={},
    )
    return replace(plain, **own)


def ended(code: int | None = 0, **own: Any) -> Ended:
    return replace(Ended(at(0), at(2), code, ""), **own)


def probes(*, target: bool) -> tuple[Probe, ...]:
    return tuple(
        Probe(at(-1 + 0.1 * n), good_current=not target or n < 20, good_target=target and n >= 20) for n in range(60)
    )


def seen(**own: Any) -> Seen:
    """A schema that was rolled back in two seconds."""
    plain = Seen(
        before=look(at=at(-1)),
        runs=(ended(),),
        after=look(database=back()),
        between=None,
        writes=WRITES,
        probes=probes(target=True),
        service_probes=(),
        statements=(),
        commands=(),
        changes=(),
        reference=Reference(
            "2.4.0",
            TARGET,
            {
                Method.MIGRATED: {"products": frozenset({"1 for 500"})},
                Method.RESTORED: {"products": frozenset({"1 for 500"})},
            },
            CONFIG,
            LATE,
        ),
        bystander_lives=True,
        seeds=len(WRITES),
    )
    return replace(plain, **own)


def unchanged(code: int | None = 1, **own: Any) -> Seen:
    """Nothing was done."""
    told = {"runs": (ended(code),), "after": look(), "probes": probes(target=False)} | own
    return seen(**told)


def found(case: Case, what: Seen, claims: frozenset[Subject] = DATABASE, **objectives: Duration) -> set[str]:
    return {one.id for one in judged(case, what, claims, **objectives).findings}


def judged(case: Case, what: Seen, claims: frozenset[Subject] = DATABASE, **objectives: Duration) -> Judged:
    return judge(case, what, claims, Objectives(**objectives))


def test_a_rollback_that_is_right_has_no_findings() -> None:
    done = judged(PLAIN, seen())
    assert done.findings == ()
    assert done.end == "exit 0, rolled back"
    assert done.rto == Duration.of(s=1)


def test_who_cannot_and_says_so_is_right_where_something_is_in_the_way() -> None:
    assert found(EITHER, unchanged()) == set()
    assert found(REFUSE, unchanged()) == set()


def test_with_nothing_in_the_way_it_is_too_little() -> None:
    assert found(PLAIN, unchanged()) == {"not-recovered"}


def test_success_that_is_none_is_a_lie_in_every_scenario() -> None:
    assert found(PLAIN, unchanged(0)) == {"false-success"}
    assert found(EITHER, unchanged(0)) == {"false-success"}
    assert found(REFUSE, unchanged(0)) == {"not-refused"}


@pytest.mark.parametrize("trouble", [Trouble.NONE, Trouble.LOCK, Trouble.AWAY])
def test_what_did_not_go_back_is_not_made_good_by_what_did(trouble: Trouble) -> None:
    case = replace(EITHER, trouble=trouble)
    configuration_alone = look(config=CONFIG)
    assert found(case, unchanged(0, after=configuration_alone), BOTH) == {"false-success"}
    assert found(case, unchanged(1, after=configuration_alone), BOTH) == {"half-done"}
    database_alone = seen(after=look(database=back()))
    assert found(case, database_alone, BOTH) == {"false-success", "stale-config", "wrong-config"}


def test_failure_that_is_none_is_a_lie_too() -> None:
    assert found(PLAIN, seen(runs=(ended(1),))) == {"denied-success"}


def test_who_loses_the_way_to_the_database_at_the_end_may_not_know() -> None:
    assert found(replace(EITHER, trouble=Trouble.AWAY), seen(runs=(ended(1),))) == set()


def test_going_on_where_it_must_refuse_is_found_however_well_it_goes() -> None:
    assert "not-refused" in found(REFUSE, seen())


@pytest.mark.parametrize(
    ("statement", "late"),
    [
        ("ALTER TABLE orders DROP COLUMN channel", True),
        ("-- first\nDELETE FROM orders", True),
        ('ALTER DATABASE "shop" CONNECTION LIMIT 0', True),
        ("DROP DATABASE IF EXISTS shop_restoring", False),
        ("CREATE DATABASE staging TEMPLATE template0", False),
        ("SELECT version FROM schema_migrations", False),
    ],
)
def test_a_refusal_after_the_first_change_is_late(statement: str, *, late: bool) -> None:
    told = unchanged(statements=(Statement(at(1), "shop", statement),))
    assert ("late-refusal" in found(REFUSE, told)) is late


def test_half_of_it_is_neither_the_old_nor_the_target() -> None:
    half = database(objects=OLD | TARGET)
    for code in (0, 1):
        assert "half-done" in found(EITHER, seen(runs=(ended(code),), after=look(database=half)))


def test_a_record_that_is_wrong_is_found_either_way() -> None:
    record_only = look(database=database(version="2.4.0"))
    schema_only = look(database=replace(back(), version="2.6.0"))
    for after in (record_only, schema_only):
        assert "version-record" in found(PLAIN, seen(after=after))


def test_another_version_is_the_wrong_target() -> None:
    assert "wrong-target" in found(PLAIN, seen(after=look(database=database(version="2.5.0"))))


def test_what_is_left_in_the_schema_is_told_as_that() -> None:
    more = replace(back(), objects=TARGET | {"relation kept": "r"})
    assert "left-objects" in found(PLAIN, seen(after=look(database=more)))


def test_rows_and_sequences_are_looked_at() -> None:
    damaged = replace(back(), rows={"products": frozenset({"1 for 0"})})
    assert "damaged-rows" in found(PLAIN, seen(after=look(database=damaged)))
    behind = replace(back(), exhausted=("orders_id_seq",))
    assert "sequence-behind" in found(PLAIN, seen(after=look(database=behind)))


def test_a_database_that_nobody_enters_is_gone() -> None:
    gone = look(database=None, closed='connection failed: FATAL:  database "shop" does not exist')
    done = judged(PLAIN, seen(after=gone))
    assert ("database-gone", 'database "shop" does not exist') in [(one.id, one.detail) for one in done.findings]


def test_without_a_restore_no_acknowledged_write_may_be_gone() -> None:
    one_less = replace(back(), orders=orders(WRITES[1:]))
    assert found(PLAIN, seen(after=look(database=one_less))) == {"lost-writes"}


def test_a_restore_may_lose_as_much_as_the_objective_allows() -> None:
    restored = seen(after=look(database=replace(back(), orders=orders(WRITES[:20]))))
    assert found(PLAIN, restored) == set()
    # The ledger ends with the last write that was acknowledged before the start: 4 s after the earliest one gone.
    assert judged(PLAIN, restored).rpo == Duration.of(s=4)
    assert found(PLAIN, restored, rpo=Duration.of(s=1)) == {"lost-writes"}


def test_what_is_written_after_the_end_is_never_lost_with_leave() -> None:
    later = (*WRITES, write(99, 5))
    restored = look(database=replace(back(), orders=orders(WRITES[:20])))
    assert "lost-writes" in found(PLAIN, seen(writes=later, after=restored))


def test_a_second_restore_throws_away_what_came_after_the_first() -> None:
    again = replace(PLAIN, twice=True)
    later = (*WRITES, write(99, 3))
    runs = (ended(), ended(started=at(4), ended=at(6)))
    restored = look(database=replace(back(), orders=orders(WRITES[:20])))
    assert "lost-writes" in found(again, seen(runs=runs, writes=later, after=restored, between=look(database=back())))


def test_orders_that_are_altered_doubled_or_unknown_are_damaged_rows() -> None:
    altered = (*orders()[1:], Row("order-0", "another"))
    doubled = (*orders(), orders()[0])
    unknown = (*orders(), Row("nobody's", "1"))
    for rows in (altered, doubled, unknown):
        assert found(PLAIN, seen(after=look(database=replace(back(), orders=rows)))) == {"damaged-rows"}


def test_clients_must_be_served_afterwards_by_the_release_that_is_there() -> None:
    assert found(PLAIN, seen(probes=probes(target=False))) == {"not-serving"}
    assert found(EITHER, unchanged(probes=())) == {"not-serving"}


def test_recovery_has_an_objective() -> None:
    assert found(PLAIN, seen(), rto=Duration.of(s=0.5)) == {"too-slow"}


def test_clients_that_were_blocked_for_nothing_are_told() -> None:
    long = limits.OUTAGE_ALLOWED.seconds + 1
    blocked = (
        *(Probe(at(n), good_current=False, good_target=False) for n in (0.1, long + 0.2)),
        *(Probe(at(long + 1 + n), good_current=True, good_target=False) for n in range(5)),
    )
    assert found(EITHER, unchanged(probes=blocked)) == {"clients-blocked"}


def test_who_runs_on_at_the_deadline_has_no_end() -> None:
    assert found(EITHER, unchanged(None)) == {"no-end"}


def test_the_second_run_must_get_there() -> None:
    killed = replace(EITHER, trouble=Trouble.KILLED_BY_TIME)
    runs = (ended(None, killed=True), ended(1, started=at(3), ended=at(4)))
    assert found(killed, unchanged(runs=runs)) == {"rerun-fails"}
    assert found(killed, seen(runs=runs)) == {"rerun-fails"}


def test_who_is_asked_to_end_does_not_say_that_it_is_done() -> None:
    asked = replace(EITHER, trouble=Trouble.TERMINATED)
    runs = (ended(0, killed=True), ended(0, started=at(0), ended=at(2)))
    assert found(asked, seen(runs=runs, between=look())) == {"false-success"}
    assert found(asked, seen(runs=runs, between=look(database=back()))) == set()


@pytest.mark.parametrize(
    ("run", "finding"),
    [
        ({"left": ("sleep 100",)}, "left-process"),
        ({"sessions": 1}, "left-session"),
        ({"printed": True}, "printed-secret"),
        ({"written": ("home/.pgpass",)}, "left-credentials"),
        ({"outside": ("/tmp/dump.sql",)}, "left-files"),  # noqa: S108 - a name
        ({"outside": ("/etc/motd",)}, "changed-other"),
    ],
)
def test_what_a_run_leaves_is_found(run: dict[str, Any], finding: str) -> None:
    assert found(PLAIN, seen(runs=(ended(**run),))) == {finding}


def test_who_is_killed_cannot_take_its_passfile_along() -> None:
    killed = replace(EITHER, trouble=Trouble.KILLED_AT_COMMAND)
    first = ended(None, killed=True, written=("/tmp/pass.1",))  # noqa: S108 - a name
    assert found(killed, seen(runs=(first, ended(written=first.written)))) == set()
    assert found(killed, seen(runs=(first, ended(written=("/tmp/pass.2",))))) == {"left-credentials"}  # noqa: S108


def test_a_backup_that_was_touched_is_younger_than_it_says() -> None:
    (name, was), *_ = look().given.items()
    touched = look(database=back(), given={name: replace(was, written_ns=was.written_ns + 1)})
    assert found(PLAIN, seen(after=touched)) == {"changed-given"}


@pytest.mark.parametrize(
    ("after", "finding"),
    [
        ({"prepared": ("half",)}, "left-prepared"),
        ({"flags": {"connection limit": "0"}}, "left-flag"),
        ({"others": {"billing": BILLING, "staging": OtherSeen(None)}}, "left-database"),
        ({"others": {}}, "changed-other"),
        ({"others": {"billing": OtherSeen(DatabaseSeen({"relation bills": "s"}, {}, None))}}, "changed-other"),
        ({"server": {"roles": "drill, eve"}}, "changed-other"),
        ({"beside_config": {}}, "changed-other"),
        ({"given": {}}, "changed-given"),
        ({"scratch": {"part.sql": FileSeen("p", 0o600)}}, "left-files"),
        ({"scratch": {"copy.dump": FileSeen("backup d", 0o600)}}, "left-files"),
        ({"scratch": {"3271.dat.gz": FileSeen("r", 0o600)}}, "left-files"),
        (
            {"beside_config": {"other.conf": {"": FileSeen("x", 0o644)}, "config.tar": {"": FileSeen("t", 0o644)}}},
            "left-files",
        ),
        ({"home": {"notes": FileSeen("n", 0o600)}}, "left-files"),
    ],
)
def test_what_a_world_shows_is_found(after: dict[str, Any], finding: str) -> None:
    assert found(PLAIN, seen(after=look(database=back(), **after))) == {finding}


@pytest.mark.parametrize(
    "after",
    [
        {"scratch": {"before.dump": FileSeen("backup of what was", 0o600)}},
        {"scratch": {"before/toc.dat": FileSeen("backup t", 0o600), "before/3271.dat.gz": FileSeen("r", 0o600)}},
        {"scratch": {"before.tar": FileSeen("t", 0o600)}},
        {"beside_config": {"other.conf": {"": FileSeen("x", 0o644)}, "config.tar.gz": {"": FileSeen("t", 0o600)}}},
        {"scratch": {"rollback.lock": FileSeen("empty e", 0o600)}},
        {"scratch": {"rollback.log": FileSeen("l", 0o600)}},
        {"home": {".cache/x": FileSeen("n", 0o600)}},
        {
            "given": {
                "backups/2.4.0.dump": FileSeen("backup d", 0o644),
                "backups/before.dump": FileSeen("backup e", 0o600),
            }
        },
    ],
)
def test_safety_copies_logs_and_locks_may_stay(after: dict[str, Any]) -> None:
    assert found(PLAIN, seen(after=look(database=back(), **after))) == set()


@pytest.mark.parametrize(
    ("copy", "privileges", "why"),
    [
        ({}, "=Tc/me,me=CTc/me", ""),
        ({"orders": orders((*WRITES, write(99, 0)))}, "=c/me,me=CTc/me", ""),
        ({}, "=CTc/me,me=CTc/me", "shop_old: everybody may do more in it than before"),
        ({}, "=Tc/me,me=CTc/me,you=c/me", "shop_old: you may do more in it than before"),
        ({"orders": orders(WRITES[1:])}, "", "shop_old: it has the schema of the old one, and not all of its rows"),
        (
            {"rows": {"products": frozenset()}},
            "",
            "shop_old: it has the schema of the old one, and not all of its rows",
        ),
        ({"objects": TARGET}, "", "shop_old: it is another one"),
    ],
)
def test_the_old_database_may_be_kept_whole_and_for_no_more_eyes(
    copy: dict[str, Any], privileges: str, why: str
) -> None:
    flags = {"privileges": "=Tc/me,me=CTc/me"}
    others = {"billing": BILLING, "shop_old": OtherSeen(database(**copy), {"privileges": privileges})}
    what = seen(before=look(at=at(-1), flags=flags), after=look(database=back(), flags=flags, others=others))
    assert [one.detail for one in judged(PLAIN, what).findings] == ([why] if why else [])


def test_a_copy_is_of_what_was_there_before_its_own_run() -> None:
    twice = replace(PLAIN, twice=True)
    runs = (ended(), ended(started=at(4), ended=at(6)))
    beside = {"other.conf": {"": FileSeen("x", 0o644)}, "config.bak.1": OLD_CONFIG, "config.bak.2": CONFIG}
    again = config_seen(CONFIG, beside_config=beside)
    assert found(twice, replace(again, runs=runs, between=look(config=CONFIG)), CONFIGURATION) == set()
    assert found(twice, replace(again, runs=runs, between=look()), CONFIGURATION) == {"left-files"}


@pytest.mark.parametrize(
    ("name", "when_killed", "else_"),
    [
        ("backups/pre.dump.part", set(), {"changed-given"}),
        ("backups/pre.sql.gz", set(), set()),
        ("backups/pre.sql", set(), set()),
        ("migrations/pre.sql", {"changed-given"}, {"changed-given"}),
        ("archive/new.tar.part", {"changed-given"}, {"changed-given"}),
    ],
)
def test_half_of_a_safety_copy_may_stay_of_a_run_that_was_killed(
    name: str, when_killed: set[str], else_: set[str]
) -> None:
    given = {**look().given, name: FileSeen("p", 0o600)}
    after = look(database=back(), given=given)
    runs = (ended(None, killed=True), ended())
    assert found(replace(EITHER, trouble=Trouble.KILLED_AT_COMMAND), seen(runs=runs, after=after)) == when_killed
    assert found(PLAIN, seen(after=after)) == else_


def test_the_empty_file_of_a_lock_may_lie_where_such_files_do() -> None:
    lock, data = "/tmp/rollback.lock", "/tmp/rollback.data"  # noqa: S108 - names
    for one in (lock, "/run/lock/rollback.lock"):
        assert found(PLAIN, seen(runs=(ended(outside=(one,), empty=frozenset({one})),))) == set()
    assert found(PLAIN, seen(runs=(ended(outside=(lock,)),))) == {"left-files"}
    assert found(PLAIN, seen(runs=(ended(outside=(data,), empty=frozenset({data})),))) == {"left-files"}


def test_sessions_of_others_are_not_to_be_ended() -> None:
    assert found(PLAIN, seen(bystander_lives=False)) == {"ended-others"}


def config_seen(config: dict[str, FileSeen], before: Look | None = None, **own: Any) -> Seen:
    return seen(before=before or look(at=at(-1)), after=look(config=config, **own), probes=probes(target=False))


def test_configuration_is_compared_file_by_file() -> None:
    assert found(PLAIN, config_seen(CONFIG), CONFIGURATION) == set()
    stale = CONFIG | {"extra.toml": FileSeen("extra", 0o644)}
    assert found(PLAIN, config_seen(stale), CONFIGURATION) == {"stale-config"}
    wrong = CONFIG | {"app.toml": FileSeen("new", 0o644)}
    assert found(PLAIN, config_seen(wrong), CONFIGURATION) == {"wrong-config"}
    wide = CONFIG | {"secrets.env": FileSeen("secret", 0o644)}
    assert found(PLAIN, config_seen(wide), CONFIGURATION) == {"exposed-secret"}


def test_a_copy_of_the_configuration_may_stay_if_nobody_else_may_read_it() -> None:
    beside = {"other.conf": {"": FileSeen("x", 0o644)}}
    kept = beside | {"config.old": OLD_CONFIG}
    assert found(PLAIN, config_seen(CONFIG, beside_config=kept), CONFIGURATION) == set()
    open_to_all = {name: replace(one, mode=0o666) for name, one in OLD_CONFIG.items()}
    opened = beside | {"config.old": open_to_all}
    assert found(PLAIN, config_seen(CONFIG, beside_config=opened), CONFIGURATION) == {"left-files"}


def test_configuration_that_fewer_can_read_is_not_that_of_the_target() -> None:
    narrow = CONFIG | {"app.toml": FileSeen("old", 0o600)}
    assert found(PLAIN, config_seen(narrow), CONFIGURATION) == {"wrong-config"}
    open_, shut = ({"": Place(stat.S_IFDIR | mode, 1, 1)} for mode in (0o755, 0o700))
    before = look(at=at(-1), places=open_)
    assert found(PLAIN, config_seen(CONFIG, places=open_, before=before), CONFIGURATION) == set()
    assert found(PLAIN, config_seen(CONFIG, places=shut, before=before), CONFIGURATION) == {"wrong-config"}
    assert found(PLAIN, config_seen(CONFIG, places=open_, before=look(at=at(-1), places=shut)), CONFIGURATION) == set()


def test_configuration_that_was_moved_away_and_back_is_no_refusal() -> None:
    was, is_ = ({"": Place(stat.S_IFDIR | 0o755, 1, changed)} for changed in (1, 2))
    assert found(REFUSE, unchanged(before=look(at=at(-1), places=was), after=look(places=was)), CONFIGURATION) == set()
    moved = unchanged(before=look(at=at(-1), places=was), after=look(places=is_))
    assert found(REFUSE, moved, CONFIGURATION) == {"late-refusal"}
    assert found(EITHER, moved, CONFIGURATION) == set()


def test_configuration_belongs_to_whom_it_did_and_nobody_else_writes_into_its_folder() -> None:
    theirs = CONFIG | {"app.toml": FileSeen("old", 0o644, "65534:0")}
    assert found(PLAIN, config_seen(theirs), CONFIGURATION) == {"wrong-config"}
    was, wide = ({"": Place(stat.S_IFDIR | mode, 1, 1)} for mode in (0o755, 0o777))
    before = look(at=at(-1), places=was)
    assert found(PLAIN, config_seen(CONFIG, places=wide, before=before), CONFIGURATION) == {"exposed-secret"}
    only = config_seen(OLD_CONFIG, places=wide, before=before, database=database())
    assert found(EITHER, replace(only, runs=(ended(1),)), CONFIGURATION) == {"half-done"}


@pytest.mark.parametrize(
    ("statement", "late"),
    [
        ("ALTER DATABASE shop ALLOW_CONNECTIONS false", True),
        ("ALTER DATABASE shop CONNECTION LIMIT 0", True),
        ("ALTER DATABASE shop RENAME TO shop_old", True),
        ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'", True),
        ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop_side'", False),
        ("ALTER DATABASE shop CONNECTION LIMIT -1", False),
        ("ALTER DATABASE shop WITH ALLOW_CONNECTIONS true", False),
        ("ALTER DATABASE shop RESET default_transaction_read_only", False),
        ("DROP DATABASE IF EXISTS shop_side WITH (FORCE)", False),
    ],
)
def test_a_backup_is_looked_at_before_clients_are_kept_out(statement: str, *, late: bool) -> None:
    sent = unchanged(statements=(Statement(at(1), "postgres", statement),))
    spoilt = replace(EITHER, variation=Variation(backup=Backup.CORRUPT))
    assert ("late-refusal" in found(spoilt, sent)) is late
    assert "late-refusal" not in found(EITHER, sent)
    assert ("late-refusal" in found(REFUSE, sent)) is late


def test_an_archive_is_looked_at_before_the_configuration_is_touched() -> None:
    was, is_ = ({"": Place(stat.S_IFDIR | 0o755, 1, changed)} for changed in (1, 2))
    moved = unchanged(before=look(at=at(-1), places=was), after=look(places=is_))
    broken = replace(EITHER, variation=Variation(archive=Archive.TRUNCATED))
    assert found(broken, moved, CONFIGURATION) == {"late-refusal"}
    staged = {"": Place(stat.S_IFDIR | 0o755, 1, 2, filled_ns=2)}
    prepared = unchanged(before=look(at=at(-1), places=was), after=look(places=staged))
    assert found(broken, prepared, CONFIGURATION) == set()
    assert found(REFUSE, prepared, CONFIGURATION) == {"late-refusal"}
    file = {"app.toml": Place(stat.S_IFREG | 0o644, 2, 1)}
    rewritten = unchanged(
        before=look(at=at(-1), places=was | file),
        after=look(places=staged | {"app.toml": Place(stat.S_IFREG | 0o644, 3, 2)}),
    )
    assert found(broken, rewritten, CONFIGURATION) == {"late-refusal"}


def test_what_is_switched_on_other_databases_stays() -> None:
    shut = {"billing": replace(BILLING, flags={"connections allowed": "False"})}
    assert found(PLAIN, seen(after=look(database=back(), others=shut))) == {"changed-other"}


def test_nothing_is_laid_beside_the_folders_that_it_was_given() -> None:
    around = {"rollback.log": FileSeen("l", 0o644)}
    assert found(PLAIN, seen(after=look(database=back(), around=around))) == {"left-files"}
    before = look(at=at(-1), around=around)
    assert found(PLAIN, seen(before=before, after=look(database=back()))) == {"changed-other"}


def test_half_a_backup_is_none() -> None:
    assert found(PLAIN, seen(after=look(database=back(), half_backups=("2.6.0.dump",)))) == {"changed-given"}


def test_a_record_of_which_an_older_row_is_gone_is_not_as_it_was() -> None:
    before = look(at=at(-1), database=database(versions={"2.4.0": "May", "2.6.0": "June"}))
    lost = unchanged(before=before, after=look(database=database(versions={"2.6.0": "June"})))
    assert found(EITHER, lost) == {"half-done"}


def test_an_order_keeps_its_id_and_its_date() -> None:
    before = look(at=at(-1), database=database(marks={"order-0": "1, then"}))
    kept = replace(back(), marks={"order-0": "1, then", "order-99": "9, now"})
    assert found(PLAIN, seen(before=before, after=look(database=kept))) == set()
    other = replace(back(), marks={"order-0": "2, then"})
    assert found(PLAIN, seen(before=before, after=look(database=other))) == {"damaged-rows"}


@pytest.mark.parametrize(
    "versions",
    [{"2.3.0": "May", "2.4.0": "June", "2.6.0": "July"}, {"2.4.0": "June"}, {"2.3.0": "May", "2.4.0": "today"}],
)
def test_the_record_has_all_before_the_target_and_none_after_each_with_its_date(versions: dict[str, str]) -> None:
    right = seen()
    target = replace(right.reference, versions={"2.3.0": "May", "2.4.0": "June"})
    for record, wrong in ((target.versions, False), (versions, True)):
        after = look(database=replace(back(), versions=record))
        assert ("version-record" in found(PLAIN, replace(right, after=after, reference=target))) is wrong


def test_what_it_does_not_roll_back_stays_as_it_is() -> None:
    assert found(PLAIN, seen(after=look(database=back(), config=CONFIG))) == {"changed-other"}
    assert found(PLAIN, seen(after=look(database=back(), config=CONFIG)), BOTH) == set()


LIVE = ServiceSeen("2.6.0", "2.6.0", {})
GONE_BACK = ServiceSeen("2.4.0", "2.4.0", {})
SERVICE = frozenset({Subject.SERVICE})


def asked(*, target: bool) -> tuple[Probe, ...]:
    return probes(target=target)


def service_seen(service: ServiceSeen, code: int = 0, **own: Any) -> Seen:
    told = {
        "before": look(at=at(-1), service=LIVE),
        "after": look(service=service),
        "runs": (ended(code),),
        "probes": probes(target=False),
        "service_probes": asked(target=service is GONE_BACK),
    }
    return seen(**{**told, **own})


@pytest.mark.parametrize(
    ("service", "code", "finding"),
    [
        (GONE_BACK, 0, set()),
        (GONE_BACK, 1, {"denied-success"}),
        (LIVE, 0, {"false-success"}),
        (LIVE, 1, set()),
        (replace(LIVE, leads_to="2.4.0"), 0, {"half-done"}),
        (replace(GONE_BACK, leads_to="2.6.0"), 0, {"half-done"}),
        (ServiceSeen("2.5.0", "2.5.0", {}), 0, {"wrong-target"}),
        (ServiceSeen("2.4.0", "", {}), 0, {"not-serving"}),
        (ServiceSeen("2.6.0", "", {}), 1, {"not-serving"}),
        (ServiceSeen("2.4.0", "", {}), 1, {"not-serving"}),
        (replace(GONE_BACK, beside=("current.old",)), 0, {"left-files"}),
        (replace(GONE_BACK, foreign=("systemctl stop billing",)), 0, {"changed-other"}),
        (replace(GONE_BACK, releases={"2.5.0/serve.py": FileSeen("x", 0o644)}), 0, {"changed-given"}),
    ],
)
def test_a_service_is_back_by_its_link_and_by_what_answers(service: ServiceSeen, code: int, finding: set[str]) -> None:
    assert found(EITHER, service_seen(service, code), SERVICE) == finding


def test_a_service_that_stood_still_before_a_release_was_looked_for_was_refused_late() -> None:
    missing = replace(EITHER, variation=Variation(release=Release.MISSING))
    assert found(missing, service_seen(LIVE, 1), SERVICE) == set()
    still = tuple(Probe(at(0.1 * n), good_current=not 5 < n < 9, good_target=False) for n in range(20))
    assert found(missing, service_seen(LIVE, 1, service_probes=still), SERVICE) == {"late-refusal"}
    assert found(EITHER, service_seen(LIVE, 1, service_probes=still), SERVICE) == set()


def test_clients_of_a_service_are_not_kept_waiting() -> None:
    late = tuple(Probe(at(float(n)), good_current=n < 1, good_target=n > 25) for n in range(30))
    assert found(PLAIN, service_seen(GONE_BACK, service_probes=late), SERVICE) == {"too-slow"}
    long = tuple(Probe(at(float(n)), good_current=not 1 < n < 15, good_target=False) for n in range(30))
    assert found(EITHER, service_seen(LIVE, 1, service_probes=long), SERVICE) == {"clients-blocked"}


def test_both_must_reach_their_target() -> None:
    assert "stale-config" in found(PLAIN, seen(), BOTH)


def test_what_changes_something_is_known_by_its_text() -> None:
    assert all(CHANGES.search(text) for text in ("drop table x", "\n  TRUNCATE x", "COPY x (a) FROM stdin", "reindex"))
    assert CHANGES.search("BEGIN; SET LOCAL lock_timeout = 1;\n-- now\nALTER TABLE x ADD y int; COMMIT")
    reading = ("SELECT 1", "COPY x TO stdout", "COPY (SELECT 1 FROM x) TO stdout", "CREATE TEMP TABLE x ()", "BEGIN")
    assert not any(may_change(text) for text in (*reading, "SELECT 1; SELECT 2", "SELECT do_it FROM x"))


def test_code_that_runs_may_change_something_but_is_no_proof_of_it() -> None:
    for text in ("DO $$ BEGIN PERFORM back(); END $$", "BEGIN; CALL back()"):
        assert may_change(text)
        assert found(REFUSE, unchanged(statements=(Statement(at(1), "shop", text),))) == set()


def test_many_differences_are_told_in_short() -> None:
    told = difference(dict.fromkeys("abcde", "1"), {"f": "1"})
    assert told == "a is missing, b is missing, c is missing and 3 more"


def test_what_is_different_is_told_by_the_words_that_differ() -> None:
    told = difference(
        {"limit": "at most 3", "rights": "me=r"}, {"limit": "at most 3 not valid", "rights": "=r me=r"}, how=True
    )
    assert told == "limit has 'not valid' instead of nothing, rights has '=r' instead of nothing"
    assert difference({"role": "one hash"}, {"role": "two hash"}) == "role is different"


def test_every_finding_says_what_to_do() -> None:
    assert all(kind.title and kind.advice for kind in FINDINGS.values())
