"""Properties of the journal: whatever is written comes back, whatever is cut or altered is noticed."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.chain import Journal, read_journal
from harness.journal.line import canonical
from harness.journal.observation import LoadSecond, Observation, Outcome, Row, Write, WriteOutcome
from harness.journal.records import parse_record
from harness.units import Duration, Instant
from tests.support.chains import CLOCK, END, forge, write
from tests.support.stories import BAD_RELEASE, UNDO, declared

QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
INSTANT = st.integers(-(2**62), 2**62).map(Instant)
DURATION = st.integers(-(2**62), 2**62).map(Duration)
FINITE = st.floats(allow_nan=False, allow_infinity=False)

st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
st.register_type_strategy(Instant, INSTANT)
st.register_type_strategy(Duration, DURATION)
st.register_type_strategy(d.LoadDeclared, st.builds(d.LoadDeclared, rate=FINITE))
st.register_type_strategy(d.LedgerDeclared, st.builds(d.LedgerDeclared, rate=FINITE))
st.register_type_strategy(d.Criterion, st.builds(d.Criterion, bound=FINITE | TEXT))

OBSERVATION = st.builds(
    Observation,
    TEXT,
    st.integers(0, 10**9),
    INSTANT,
    st.none() | INSTANT,
    st.none() | INSTANT,
    st.sampled_from(Outcome),
    st.none() | st.integers(100, 599),
)
LOAD = st.builds(LoadSecond, TEXT, INSTANT, *(st.integers(0, 10**6),) * 3)
WRITE = st.builds(
    Write,
    st.integers(0, 99),
    st.integers(0, 10**9),
    TEXT,
    TEXT,
    INSTANT,
    INSTANT,
    st.none() | INSTANT,
    st.sampled_from(WriteOutcome),
)
ROW = st.builds(Row, TEXT, TEXT)
BATCHES: dict[type, st.SearchStrategy[Any]] = {
    r.Observations: st.builds(r.Observations, rows=st.lists(OBSERVATION, max_size=5).map(tuple)),
    r.LoadSeen: st.builds(r.LoadSeen, rows=st.lists(LOAD, max_size=5).map(tuple)),
    r.LedgerWrites: st.builds(r.LedgerWrites, rows=st.lists(WRITE, max_size=5).map(tuple)),
    r.LedgerRead: st.builds(r.LedgerRead, rows=st.lists(ROW, max_size=5).map(tuple)),
    r.CriterionChecked: st.builds(r.CriterionChecked, value=st.none() | FINITE | TEXT),
    r.BaselineTaken: st.builds(r.BaselineTaken, p95=st.dictionaries(TEXT, DURATION, max_size=3)),
}
KINDS = get_args(r.Record)


def of_kind(kind: type) -> st.SearchStrategy[Any]:
    return BATCHES[kind] if kind in BATCHES else st.builds(kind)


RECORD = st.one_of([of_kind(kind) for kind in KINDS])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_every_kind_of_record_comes_back_from_its_json_as_it_was(kind: type, data: st.DataObject) -> None:
    record = data.draw(of_kind(kind))
    assert parse_record(canonical(record.model_dump(mode="json"))) == record


@QUICK
@given(records=st.lists(RECORD, max_size=8))
def test_any_records_come_back_from_the_file_as_they_were(tmp_path_factory: Any, records: list[r.Record]) -> None:
    kept = [record for record in records if not isinstance(record, r.DrillEnded)]
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    write(path, kept)
    assert list(read_journal(path).records) == kept


def attempt(path: Path) -> tuple[Journal | None, str]:
    """The journal, or the message of the one error that a wrong one may raise."""
    try:
        return read_journal(path), ""
    except InputError as error:
        return None, str(error)


def small(path: Path) -> tuple[bytes, Journal]:
    """A journal of four lines that begins with a declaration and ends with the end."""
    data = write(path, [declared(BAD_RELEASE), CLOCK, r.UndoRegistered(fault="ö", undo=(UNDO,)), END])
    return data, read_journal(path)


def test_a_journal_cut_at_any_byte_gives_its_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    data, whole = small(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        found = read_journal(path)
        count = data[:length].count(b"\n")
        assert found.entries == whole.entries[:count]
        assert found.torn == (length > 0 and data[length - 1 : length] != b"\n")


@pytest.mark.parametrize("altered", [*b"x\n\xff", None], ids=repr)
def test_one_altered_byte_at_any_place_is_named_with_its_line(tmp_path: Path, altered: int | None) -> None:
    """Every position of a small journal, the line ends and the last line too; None turns one bit of what is there."""
    path = tmp_path / "journal.jsonl"
    data, _ = small(path)
    for place, byte in enumerate(data):
        other = byte ^ 1 if altered is None else altered
        if other != byte:
            path.write_bytes(data[:place] + bytes([other]) + data[place + 1 :])
            found, error = attempt(path)
            assert found is None
            assert error.startswith(f"{path}:{data[:place].count(10) + 1}: ")


@pytest.mark.parametrize("altered", range(256))
def test_a_last_line_end_that_was_altered_into_anything_is_named(tmp_path: Path, altered: int) -> None:
    path = tmp_path / "journal.jsonl"
    data, _ = small(path)
    path.write_bytes(data[:-1] + bytes([altered]))
    _, error = attempt(path)
    assert error == ("" if altered == ord("\n") else f"{path}:4: the end of this line of the journal was altered")


@QUICK
@given(place=st.integers(0, 10**6), altered=st.integers(0, 255), torn=st.integers(0, 200))
def test_one_altered_byte_of_a_torn_journal_never_adds_a_record(
    tmp_path: Path, place: int, altered: int, torn: int
) -> None:
    path = tmp_path / "torn.jsonl"
    path.unlink(missing_ok=True)
    data, whole = small(path)
    cut = data[: len(data) - 1 - torn]
    place %= len(cut)
    path.write_bytes(cut[:place] + bytes([altered]) + cut[place + 1 :])
    found, error = attempt(path)
    if found is None:
        assert f"{path}:" in error
    else:
        assert found.entries == whole.entries[: len(found.entries)]


@QUICK
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_journal_or_a_wrong_input(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(data)
    found, _ = attempt(path)
    assert found is None or found.entries == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_letters), inner, max_size=3),
    max_leaves=8,
)


@QUICK
@given(
    at=JSON,
    record=JSON
    | st.builds(
        lambda fields, kind: {**fields, "kind": kind},
        st.dictionaries(st.sampled_from(["at", "stage", "rows", "undo", "p95", "value"]), JSON, max_size=4),
        st.sampled_from(["clock", "observations", "stage.ended", "undo.done", "baseline", "criterion.checked"]),
    ),
)
def test_any_json_with_hashes_that_fit_is_a_record_or_a_wrong_input(tmp_path: Path, at: object, record: object) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(forge([(at, record)]))
    found, error = attempt(path)
    assert found is not None or f"{path}:1: " in error
