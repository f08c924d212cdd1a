"""The journal on disk: what was appended is read back, and nothing that was changed is believed."""

from __future__ import annotations

import json
import os
import resource
import stat
import threading
from pathlib import Path

import pytest

from harness.errors import CannotCreate, InputError, InternalError, NotFound
from harness.journal import records as r
from harness.journal.chain import JournalReader, JournalWriter, read_journal
from harness.journal.line import GENESIS, canonical
from harness.units import Instant
from tests.support.chains import CLOCK, END, forge, write


def clock(number: int) -> r.ClockRead:
    return r.ClockRead(process="drill", at=Instant(number), utc_ns=number)


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, [clock(1), clock(2), END])
    journal = read_journal(path)
    assert journal.records == (clock(1), clock(2), END)
    assert [entry.number for entry in journal.entries] == [0, 1, 2]
    assert not journal.torn


def test_an_empty_file_is_a_journal_without_records(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.touch()
    journal = read_journal(path)
    assert (journal.entries, journal.torn, journal.head) == ((), False, GENESIS)


def test_an_unfinished_last_line_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(write(path, [clock(1), clock(2)])[:-1])
    journal = read_journal(path)
    assert (journal.records, journal.torn) == ((clock(1),), True)


@pytest.mark.parametrize("added", [b"x", b"{}\n", b"\n"])
def test_nothing_may_follow_the_end_of_the_drill(tmp_path: Path, added: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(write(path, [clock(1), END]) + added)
    with pytest.raises(InputError, match=r"journal\.jsonl:3: something was added after the end of the drill"):
        read_journal(path)


def test_a_record_after_the_end_is_refused_even_with_a_hash_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(forge([(1, END.model_dump(mode="json")), (2, CLOCK.model_dump(mode="json"))]))
    with pytest.raises(InputError, match=r"journal\.jsonl:2: something was added"):
        read_journal(path)


def test_a_line_that_was_removed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = write(path, [clock(1), clock(2), clock(3)]).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(InputError, match=r"journal\.jsonl:2: this line of the journal was altered, or a line before"):
        read_journal(path)


def test_two_lines_that_were_swapped_are_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = write(path, [clock(1), clock(2), clock(3)]).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2] + lines[1])
    with pytest.raises(InputError, match=r"journal\.jsonl:2:"):
        read_journal(path)


WHOLE = "expected is an object with n, at, prev, record and hash"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "it is empty"),
        (b" ", "its character 2 is not what JSON expects there"),
        (b"null", f"it is null; {WHOLE}"),
        (b"[]", f"it is a list; {WHOLE}"),
        (b"7", f"it is a number; {WHOLE}"),
        (b"0.5", f"it is a number; {WHOLE}"),
        (b"true", f"it is true or false; {WHOLE}"),
        (b'"text"', f"it is text; {WHOLE}"),
        (b"{}", f"it has no 'at'; {WHOLE}"),
        (b'{"at": 1}', f"it has no 'record'; {WHOLE}"),
        (b'{"at": 1, "record": []}', "its 'record' is a list; expected is an object with a kind"),
        (b'{"at": 1, "record": null}', "its 'record' is null; expected is an object with a kind"),
        (b'{"at": {}, "record": {}}', "its 'at' is an object, not a whole number of nanoseconds"),
        (b'{"at": 1 "record": {}}', "its character 10 is not what JSON expects there"),
        (b"a\xff\xfe", "its byte 2 is not ASCII"),
        (b"[" * 100_000, "it has more levels than any record"),
        (b"NaN", "a number in it is not finite: NaN"),
        (b"[1e999]", "a number in it is not finite: 1e999"),
        (b"[-Infinity]", "a number in it is not finite: -Infinity"),
        (b"9" * 5000, "a number of 5000 digits is out of range"),
        (b"\x00", "its character 1 is not what JSON expects there"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_line_that_is_not_a_record_is_named_with_the_reason(tmp_path: Path, line: bytes, why: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(write(path, [clock(1)]) + line + b"\n")
    with pytest.raises(InputError) as error:
        read_journal(path)
    assert str(error.value) == f"{path}:2: this line of the journal is not a record: {why}"


@pytest.mark.parametrize("at", ["1", 1.5, True, None, {}])
def test_an_instant_of_another_type_is_refused_even_with_a_hash_that_fits(tmp_path: Path, at: object) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(forge([(at, CLOCK.model_dump(mode="json"))]))
    with pytest.raises(InputError, match=r"journal\.jsonl:1: .*whole number of nanoseconds"):
        read_journal(path)


@pytest.mark.parametrize("at", [2**63, -(2**63) - 1, 10**400])
def test_a_number_beyond_all_instants_is_refused_even_with_a_hash_that_fits(tmp_path: Path, at: int) -> None:
    path = tmp_path / "journal.jsonl"
    for bodies in ([(at, CLOCK.model_dump(mode="json"))], [(1, {"kind": "drill.ended", "at": at})]):
        path.write_bytes(forge(bodies))
        with pytest.raises(
            InputError, match=rf"journal\.jsonl:1: .* a number of {len(str(abs(at)))} digits is out of range"
        ):
            read_journal(path)


@pytest.mark.parametrize("at", [2**63 - 1, -(2**63)])
def test_every_instant_of_a_clock_of_64_bits_is_read(tmp_path: Path, at: int) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(forge([(at, {"kind": "drill.ended", "at": at})]))
    assert read_journal(path).entries[0].at == Instant(at)


def test_a_record_that_is_older_than_the_one_before_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    record = CLOCK.model_dump(mode="json")
    path.write_bytes(forge([(7, record), (7, record), (5, record)]))
    with pytest.raises(InputError, match=r"journal\.jsonl:3: this record is 0\.002 us older than the one before it"):
        read_journal(path)


def test_a_journal_that_is_followed_names_a_record_that_is_older_than_those_read_before(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    record = CLOCK.model_dump(mode="json")
    first = forge([(7, record)])
    path.write_bytes(first)
    reader = JournalReader(path)
    assert len(reader.news()) == 1
    path.write_bytes(forge([(7, record), (6, record)]))
    with pytest.raises(InputError, match=r"journal\.jsonl:2: this record is 0\.001 us older"):
        reader.news()


@pytest.mark.parametrize("more", [b"x", b" ", b"{", b"\x00"])
def test_a_line_end_that_was_altered_before_an_unfinished_record_is_named(tmp_path: Path, more: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    data = write(path, [clock(1), clock(2), clock(3)])
    first, second, third = data.splitlines()
    path.write_bytes(first + b"\n" + second + more + third[:20])
    with pytest.raises(InputError, match=r"journal\.jsonl:2: the end of this line of the journal was altered"):
        read_journal(path)


@pytest.mark.parametrize("tail", [b"\xff\x00", b"[" * 100_000, b"\x00" * 5000, b"{" + b"9" * 5000])
def test_what_follows_the_last_line_end_is_an_unfinished_record_whatever_it_is(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(write(path, [clock(1)]) + tail)
    journal = read_journal(path)
    assert (journal.records, journal.torn) == ((clock(1),), True)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"kind": "unheard of"}, "there is none of the kind 'unheard of'"),
        ({"kind": ["clock"]}, "there is none of the kind \"['clock']\""),
        ({}, "it has no kind"),
        ({"kind": "clock", "process": "drill", "at": 1}, "clock.utc_ns: Field required"),
        (
            {"kind": "clock", "process": "drill", "at": 1, "utc_ns": 2, "more": 3},
            "clock.more: Extra inputs are not permitted",
        ),
        (
            {"kind": "clock", "process": "\ud800", "at": 1, "utc_ns": 2},
            "it has more levels than any record, or half of a character",
        ),
        (
            {"kind": "clock", "process": json.loads("[" * 400 + "]" * 400), "at": 1, "utc_ns": 2},
            "it has more levels than any record, or half of a character",
        ),
    ],
)
def test_a_record_of_another_version_is_named_by_line_and_field(tmp_path: Path, record: object, expected: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(forge([(1, record)]))
    with pytest.raises(InputError) as error:
        read_journal(path)
    assert str(error.value) == f"{path}:1: this record is not of this version of the journal: {expected}"


def test_a_journal_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no such journal"):
        read_journal(tmp_path / "nothing.jsonl")


def test_a_journal_that_cannot_be_read_is_a_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the journal cannot be read"):
        read_journal(tmp_path)


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, [clock(1)])
    with pytest.raises(CannotCreate, match=r"cannot be created: File exists"):
        JournalWriter(path)


def test_a_second_close_does_nothing(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.jsonl")
    writer.close()
    writer.close()


def test_a_record_after_close_is_a_bug_that_is_named(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.jsonl")
    writer.close()
    with pytest.raises(InternalError, match="after the journal was closed: clock"):
        writer.append(CLOCK)


def test_a_durable_record_is_on_the_disk_before_the_call_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int | str] = []
    real = os.fsync

    def noted(file: int) -> None:
        found = os.fstat(file)
        synced.append("folder" if stat.S_ISDIR(found.st_mode) else found.st_size)
        real(file)

    monkeypatch.setattr(os, "fsync", noted)
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    assert synced == ["folder"], "the file has its name on the disk, too"
    synced.clear()
    writer.append(clock(1))
    assert synced == []
    writer.append(clock(2), durable=True)
    assert synced == [path.stat().st_size]
    writer.close()


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_append_that_ended_after_its_bytes_were_written_does_not_break_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    """A person's Ctrl-C arrives in the middle of an fsync; the records that follow must still be believed."""
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    writer.append(clock(1))

    def fails(_file: int) -> None:
        raise trouble

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises((CannotCreate, KeyboardInterrupt)):
            writer.append(clock(2), durable=True)
    writer.append(END)
    writer.close()
    assert read_journal(path).records == (clock(1), END)


def test_a_record_of_which_the_disk_took_only_a_part_is_taken_away_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    writer.append(clock(1))
    real = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda file, data, at: real(file, data[:-9], at))
        with pytest.raises(CannotCreate, match="only part of a record"):
            writer.append(r.StageEnded(stage=r.Stage.DETECT, at=Instant(1), outcome="failed", reason="x" * 500))
    assert read_journal(path).torn
    writer.append(END)
    writer.close()
    assert read_journal(path).records == (clock(1), END)


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    writer = JournalWriter(tmp_path / "journal.jsonl")
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(CannotCreate, match=r"journal\.jsonl: the journal cannot be written: No space left on device"):
        writer.append(CLOCK)
    writer.close()


def test_records_of_several_threads_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)

    def many() -> None:
        for number in range(50):
            writer.append(clock(number))

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert len(read_journal(path).entries) == 200


def test_json_has_one_text_for_a_value() -> None:
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == r'{"a":"\u00e9","b":1}'


def test_a_reader_follows_a_journal_record_by_record_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    reader = JournalReader(path)
    assert reader.news() == ()
    for number in range(3):
        writer.append(clock(number))
        assert [(one.number, one.record) for one in reader.news()] == [(number, clock(number))]
        assert reader.news() == ()
    writer.close()
    assert reader.head == read_journal(path).head


def test_a_reader_does_not_return_a_record_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    data = write(path, [clock(1), clock(2)])
    end_of_first = data.index(b"\n") + 1
    reader = JournalReader(path)
    for length in range(len(data) + 1):
        path.write_bytes(data[:length])
        found = [one.record for one in reader.news()]
        assert found == {end_of_first: [clock(1)], len(data): [clock(2)]}.get(length, [])
        assert reader.torn is (length not in (0, end_of_first, len(data)))


def test_a_reader_finds_what_its_writer_took_away_replaced_by_the_next_record(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    writer.append(clock(1))
    with path.open("ab") as file:
        file.write(b'{"at":1,"hash":"an append that was interrupted')
    reader = JournalReader(path)
    assert [one.record for one in reader.news()] == [clock(1)]
    assert reader.torn
    writer.append(clock(2))
    assert [one.record for one in reader.news()] == [clock(2)]
    assert not reader.torn
    writer.close()


def test_a_reader_refuses_a_record_that_does_not_follow_what_it_has_read(tmp_path: Path) -> None:
    path, other = tmp_path / "journal.jsonl", tmp_path / "other.jsonl"
    first = write(path, [clock(1)])
    reader = JournalReader(path)
    reader.news()
    second = write(other, [clock(3), clock(4)]).splitlines(keepends=True)[1]
    path.write_bytes(first + second)
    with pytest.raises(InputError, match=r"journal\.jsonl:2: this line of the journal was altered"):
        reader.news()


def test_a_writer_remembers_that_a_record_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    writer.append(clock(1))
    assert writer.problem == ""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
    try:
        with pytest.raises(CannotCreate, match="only part of a record"):
            writer.append(clock(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.append(clock(3))
    writer.close()
    assert "only part of a record" in writer.problem
    assert read_journal(path).records == (clock(1), clock(3))
