import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.observation import Write, WriteOutcome
from harness.observe.ledger import LedgerWriter, intent_line, outcome_line, read_ledger
from harness.units import Instant


def write(sequence: int, outcome: WriteOutcome = WriteOutcome.OK, acknowledged: int | None = 30) -> Write:
    known = None if acknowledged is None else Instant(acknowledged)
    return Write(0, sequence, f"drill-r-0-{sequence}", "cafe", Instant(10), Instant(20), known, outcome)


def ledger(tmp_path: Path, *lines: bytes) -> Path:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def test_an_outcome_completes_its_intent(tmp_path: Path) -> None:
    done = write(1)
    path = ledger(tmp_path, intent_line(done._replace(sent=Instant(15))), outcome_line(done))
    assert read_ledger(path) == [done]


def test_an_intent_without_an_outcome_is_not_known(tmp_path: Path) -> None:
    path = ledger(tmp_path, intent_line(write(1)))
    assert read_ledger(path) == [write(1, WriteOutcome.INFO, None)]


def test_writes_stand_in_the_order_of_their_intents(tmp_path: Path) -> None:
    one, two = write(1), write(2, WriteOutcome.FAIL)
    path = ledger(tmp_path, intent_line(one), intent_line(two), outcome_line(two), outcome_line(one))
    assert read_ledger(path) == [one, two]


def test_a_ledger_of_no_writes_is_empty(tmp_path: Path) -> None:
    assert read_ledger(ledger(tmp_path)) == []


@given(cut=st.integers(min_value=1))
def test_a_torn_last_line_is_left_out(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    last = outcome_line(write(2))
    torn = last[: cut % (len(last) - 2) + 1]
    path = ledger(tmp_path_factory.mktemp("torn"), intent_line(write(1)), intent_line(write(2)), torn)
    assert read_ledger(path) == [write(1, WriteOutcome.INFO, None), write(2, WriteOutcome.INFO, None)]


def test_a_whole_last_line_counts_even_without_its_line_break(tmp_path: Path) -> None:
    path = ledger(tmp_path, intent_line(write(1)), outcome_line(write(1)).rstrip())
    assert read_ledger(path) == [write(1)]


@pytest.mark.parametrize(
    "damaged",
    [
        b'["intent",0,\n',
        b"\x00\x00\xff\n",
        b'["guess",0,2]\n',
        b'["outcome",0,9,"ok",20,30]\n',
        b'["outcome",0,1,"perhaps",20,30]\n',
        b"7\n",
        intent_line(write(1)),
    ],
)
def test_damage_before_the_end_is_an_error_that_names_the_line(tmp_path: Path, damaged: bytes) -> None:
    path = ledger(tmp_path, intent_line(write(1)), damaged, intent_line(write(3)))
    with pytest.raises(InputError, match=r"ledger\.jsonl:2: "):
        read_ledger(path)


def test_a_missing_ledger_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_ledger(tmp_path / "none")


async def _make(path: Path) -> None:
    LedgerWriter(path).close()


def test_a_ledger_is_never_written_over(tmp_path: Path) -> None:
    with pytest.raises(CannotCreate, match="already"):
        asyncio.run(_make(ledger(tmp_path)))
    with pytest.raises(CannotCreate, match="cannot be made"):
        asyncio.run(_make(tmp_path / "no such folder" / "ledger"))
