"""Rows that are taken as they stand: the same timeline as when every line is read in full, no line more believed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest

from harness.errors import InputError
from harness.journal import records as r
from harness.journal.chain import JournalReader, read_journal
from harness.journal.columns import NotColumnsError
from harness.journal.line import GENESIS
from harness.journal.observation import Observation, Outcome, WriteOutcome
from harness.journal.probes import Probes
from harness.journal.rows import BareRows
from harness.journal.writes import GrowingWrites, Writes
from harness.measure.edge import telling
from harness.measure.timeline import Reading, Timeline
from harness.report.again import judged
from harness.units import Instant
from tests.support.chains import forge
from tests.support.worlds import World, at, probe, write, written

GOLDEN: Final = Path(__file__).parent / "golden" / "notes" / "journal.jsonl"
ROW: Final = '["web",0,1,2,3,"good",200]'
WRITE: Final = '[0,1,"a b","v",1,2,3,"ok"]'
LOAD: Final = '["web",1,2,1,1]'
KINDS: Final = {"observations": ROW, "ledger.writes": WRITE, "load": LOAD}
MINIMUM: Final = -(2**63)


def read(path: Path, *, plain: bool) -> tuple[Timeline, int]:
    """The timeline, and how many records were taken as they stand."""
    reading, bare = Reading(), 0
    for when, record in JournalReader(path).stream(plain=plain):
        bare += isinstance(record, BareRows)
        reading.add(when, record)
    return reading.timeline(), bare


def line(rows: str, kind: str = "observations") -> bytes:
    """The first line of a journal with rows that are written in some way, and a hash that fits them as they are."""
    rest = f',"n":0,"prev":"{GENESIS}","record":{{"kind":"{kind}","rows":[{rows}]}}}}'
    digest = hashlib.sha256((GENESIS + '{"at":5' + rest).encode()).hexdigest()
    return f'{{"at":5,"hash":"{digest}"{rest}\n'.encode()


@pytest.mark.parametrize("broken", [{"web": [(3.12, 5.0)]}, {"web": [(3.12, 4.0), (4.1, 9)], "mail": [(1, 2)]}])
def test_rows_as_they_stand_give_the_same_timeline(tmp_path: Path, broken: Any) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(forge(written(World(broken=broken).records())))
    (bare, many), (full, none) = read(path, plain=True), read(path, plain=False)
    assert bare == full
    assert (many > 20, none) == (True, 0)


def test_a_real_journal_gives_the_same_timeline() -> None:
    (bare, many), (full, _) = read(GOLDEN, plain=True), read(GOLDEN, plain=False)
    assert bare == full
    kinds = [json.loads(text)["record"]["kind"] for text in GOLDEN.read_text().splitlines()]
    assert many == sum(kind in KINDS for kind in kinds)


@pytest.mark.parametrize(
    ("rows", "kind", "bare"),
    [
        (ROW, "observations", True),
        ('["web",0,1,null,null,"skipped",null]', "observations", True),
        (WRITE, "ledger.writes", True),
        ('[0,1,"id","v",1,2,null,"info"]', "ledger.writes", True),
        ('["a-0",0,1,2,3,"good",200]', "observations", True),
        (LOAD, "load", True),
        (f"{LOAD},{LOAD}", "load", True),
        (r'["\n",1,2,1,1]', "load", True),
        (r'["\u007f",1,2,1,1]', "load", False),
        ('["true",0,1,2,3,"good",200]', "observations", True),
        (r'["\u00e9",0,1,2,3,"good",200]', "observations", False),
    ],
)
def test_lines_that_this_package_writes_are_read_either_way(tmp_path: Path, rows: str, kind: str, bare: bool) -> None:  # noqa: FBT001 - of a table
    path = tmp_path / "journal.jsonl"
    path.write_bytes(line(rows, kind))
    assert line(rows, kind) == forge([(5, read_journal(path).records[0].model_dump(mode="json"))])
    [(_, found)] = JournalReader(path).stream(plain=True)
    assert isinstance(found, BareRows) is bare


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (",1,", ", 1,"),
        (",1,", ",1 ,"),
        (",1,", ",\t1,"),
        (",0,", ",-0,"),
        ("[0,", "[-0,"),
        (",1,", ",1.0,"),
        (",1,", ",1e0,"),
        (",1,", ",true,"),
        (",1,", ',"1",'),
        (",2,", ",9223372036854775808,"),
        (",2,", ",NaN,"),
        ('"good"', '"fine"'),
        ('"ok"', '"fine"'),
        ('"web"', r'"w\u0065b"'),
        ('"v"', r'"\/v"'),
        ('"web"', '"wéb"'),
        (',"good",200', ',"good"'),
        (",200]", ",200,1]"),
        ('"web"', '"we\x7fb"'),
        ('"web"', '["web"]'),
        ('"v"', '"\x7f"'),
        (",1,2,3,", ',"1","2","3",'),
        (",1,2,3,", ",true,true,true,"),
        (",1,2,3,", ",1.5,2.5,3.5,"),
        (",1,2,3,", ",null,null,null,"),
        (",0,", ",null,"),
        (",1,", ",null,"),
        (",2,", ",null,"),
        ("[0,", "[null,"),
        ('"web"', "7"),
        ('"v"', "7"),
        (ROW, '"web1234"'),
        (ROW, ""),
        (WRITE, ""),
        (LOAD, ""),
        (ROW, "[]"),
        (ROW, "null"),
    ],
)
def test_a_line_that_this_package_would_not_write_is_refused_or_read_as_in_full(
    tmp_path: Path, kind: str, old: str, new: str
) -> None:
    """Its hash fits, so only its text can show that it is none of ours."""
    rows = KINDS[kind].replace(old, new)
    (tmp_path / "journal.jsonl").write_bytes(line(rows, kind))

    def outcome(what: Any) -> str:
        try:
            return repr(what())
        except InputError as error:
            return str(error)

    full = outcome(lambda: read(tmp_path / "journal.jsonl", plain=False))
    assert outcome(lambda: judged(tmp_path)).removeprefix(f"{tmp_path}/journal.jsonl: ") == full


def test_a_probe_without_instants_that_reads_as_such_is_no_other_one() -> None:
    rows = [probe(1, 1.0), probe(2, None, Outcome.SKIPPED), probe(3, 1.2)._replace(completed=None)]
    assert list(Probes.of(rows)) == rows


def test_columns_are_of_one_service() -> None:
    with pytest.raises(NotColumnsError):
        Probes.of([probe(1, 1.0), probe(2, 1.0, service="mail")])


def test_probes_are_alike_by_what_they_hold() -> None:
    one, other = Probes.of([probe(1, 1.0)]), Probes.of([probe(1, 1.1)])
    assert one == Probes.of([probe(1, 1.0)])
    assert one != other
    assert one != Probes.of([probe(1, 1.0, service="mail")])
    assert Probes.of(()) == ()
    assert one == (probe(1, 1.0),)
    assert repr(one) == repr(Probes.of(one))


def test_a_slice_and_an_index_give_what_a_tuple_would() -> None:
    rows = tuple(probe(number, number / 10, Outcome.STATUS if number % 3 else Outcome.GOOD) for number in range(9))
    seen = Probes.of(rows)
    assert (tuple(seen[2:5]), seen[-1], tuple(seen[::2])) == (rows[2:5], rows[-1], rows[::2])
    assert list(reversed(seen)) == list(reversed(rows))


def test_those_that_tell_stand_in_the_order_in_which_they_were_sent() -> None:
    """Where two were sent at once, by number, and where that is the same, by what they saw."""
    same = Instant(5)
    rows = [
        Observation("web", 3, Instant(1), Instant(9), None, Outcome.TIMEOUT),
        Observation("web", 2, Instant(2), same, same, Outcome.STATUS),
        Observation("web", 2, Instant(2), same, same, Outcome.GOOD),
        Observation("web", 1, Instant(3), same, same, Outcome.GOOD),
        Observation("web", 4, Instant(3), None, None, Outcome.SKIPPED),
        Observation("web", 5, Instant(3), same, same, Outcome.LATE),
        Observation("web", 6, Instant(3), None, None, Outcome.GOOD),
    ]
    assert [(one.number, one.outcome) for one in telling(rows)] == [
        (1, Outcome.GOOD), (2, Outcome.GOOD), (2, Outcome.STATUS), (3, Outcome.TIMEOUT),
    ]  # fmt: skip


def test_a_write_that_is_none_is_not_taken_as_it_stands() -> None:
    for row in ([0, 1, "id", "v", 1, 2, 3], [0, 1, 2, "v", 1, 2, 3, "ok"], [0, True, "id", "v", 1, 2, 3, "ok"]):
        with pytest.raises(NotColumnsError):
            GrowingWrites().add([row])


def test_writes_are_alike_by_what_they_hold_and_give_what_a_tuple_would() -> None:
    rows = (
        write(1, 1.0),
        write(2, 1.1, WriteOutcome.FAIL),
        write(3, 1.2, WriteOutcome.INFO, took=None),
        write(4, 1.3)._replace(acknowledged=None),
    )
    seen = Writes.of(rows)
    assert seen == rows
    assert seen == Writes.of(rows)
    assert seen != Writes.of(rows[1:])
    assert (seen[1], tuple(seen[1:]), tuple(seen.where([1, 0, 1, 0]))) == (rows[1], rows[1:], rows[::2])
    assert (tuple(seen.ordered([2, 0])), tuple(seen.ordered([1]))) == ((rows[2], rows[0]), rows[1:2])
    assert len(seen.ordered([])) == 0
    assert repr(seen) == f"Writes({list(rows)!r})"
    assert (seen.count(WriteOutcome.FAIL), tuple(seen.never_told()), seen.last_told()) == (1, rows[3:], rows[0])


def test_of_writes_that_were_told_at_once_the_one_with_the_greatest_id_is_the_last() -> None:
    one, other, refused = write(1, 1.0), write(2, 1.0), write(3, 2.0, WriteOutcome.FAIL)
    assert Writes.of([other, one, refused]).last_told() == other._replace(acknowledged=one.acknowledged)
    assert Writes.of([refused]).last_told() is None


def test_only_writes_out_of_order_are_looked_at() -> None:
    good = write(1, 1.0)
    late, early = good._replace(due=at(1.5)), good._replace(acknowledged=at(0.5))
    assert list(Writes.of([good]).out_of_order()) == []
    assert list(Writes.of([late, good, early]).out_of_order()) == [late, early]


def test_what_was_written_before_it_happened_is_told_of_rows_as_they_stand(tmp_path: Path) -> None:
    records = World().records()
    path = tmp_path / "journal.jsonl"
    early = [(MINIMUM if isinstance(one, r.DrillDeclared) else 0, one.model_dump(mode="json")) for one in records]
    path.write_bytes(forge(early))
    (bare, _), (full, _) = read(path, plain=True), read(path, plain=False)
    assert bare.impossible == full.impossible
    assert len(bare.impossible) > 20


def test_what_is_left_when_bad_ones_are_taken_away_is_each_probe_once() -> None:
    good, bad, other = probe(1, 1.0), probe(2, 1.1, Outcome.STATUS), probe(3, 1.2, Outcome.STATUS)
    assert Probes.of([good, bad, other]).each_without({bad}) == (good, other)
    assert Probes.of([good, bad, good]).each_without({bad}) == (good,)
    assert Probes.of([good, bad]).leave_out(bytes([0, 1])) == (good,)
    assert Probes.of([good, probe(4, None, Outcome.SKIPPED)]).never_sent() == {4}
