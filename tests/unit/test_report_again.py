"""The folders that can be judged again, and what is said of those that cannot."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.declaration import Verdict
from harness.report.again import journals, judge_folder
from harness.verdict.result import Result
from tests.support.chains import CLOCK, forge
from tests.support.worlds import World, written

RECORDS = World().records()
NOBODY = 65534


def drill(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(forge(written(RECORDS)))
    return folder


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may read everything, so who is root is somebody else for a moment."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may enter."""
    with tempfile.TemporaryDirectory(prefix="d") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_run_is_judged_by_its_drills_in_the_order_of_their_names(tmp_path: Path) -> None:
    drills = [drill(tmp_path / "run" / name) for name in ("b", "a")]
    (tmp_path / "run" / "artifacts").mkdir()
    (tmp_path / "run" / "summary.json").touch()
    assert journals(tmp_path / "run") == (drills[1], drills[0])


def test_a_drills_own_folder_is_judged_alone(tmp_path: Path) -> None:
    one = drill(tmp_path / "one")
    drill(one / "artifacts")
    assert journals(one) == (one,)


@pytest.mark.parametrize(
    ("kind", "missing"), [("nothing", "such folder"), ("empty", "journal in it"), ("file", "such folder")]
)
def test_where_no_journal_is_nothing_is_judged(tmp_path: Path, kind: str, missing: str) -> None:
    place = tmp_path / kind
    if kind == "empty":
        place.mkdir()
    elif kind == "file":
        place.touch()
    with pytest.raises(NotFound, match=rf"{kind}: there is no {missing}; name the folder of a run, such as"):
        journals(place)


def test_a_folder_that_may_not_be_read_is_named(open_folder: Path) -> None:
    hidden = drill(open_folder / "hidden")
    hidden.chmod(0)
    for folder in (open_folder, hidden):
        with unprivileged(), pytest.raises(InputError) as caught:
            journals(folder)
        assert str(caught.value) == f"{hidden}: the folder cannot be read: Permission denied"
    hidden.chmod(0o755)


def test_a_journal_that_may_not_be_read_is_named(open_folder: Path) -> None:
    (drill(open_folder / "one") / "journal.jsonl").chmod(0)
    with unprivileged(), pytest.raises(InputError, match=r"journal\.jsonl: the journal cannot be read: Permission"):
        judge_folder(open_folder / "one")


def test_a_folder_that_may_not_be_written_is_named_and_nothing_is_left_in_it(open_folder: Path) -> None:
    one = drill(open_folder / "one")
    with unprivileged(), pytest.raises(CannotCreate, match=r"result\.json: the report cannot be written: Permission"):
        judge_folder(one)
    assert [path.name for path in one.iterdir()] == ["journal.jsonl"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "journal.jsonl: the journal does not begin with a drill's declaration; there is nothing to judge"),
        (b"\x00\xff" * 5_000, "journal.jsonl: the journal does not begin with a drill's declaration"),
        (b"\x7fELF\n\x00", "journal.jsonl:1: this line of the journal is not a record"),
        (b"\n", "journal.jsonl:1: this line of the journal is not a record"),
        (b"x" * 30_000_000 + b"\n", "journal.jsonl:1: this line of the journal is not a record"),
        (b'{"at":' + b"9" * 100_000 + b"}\n", "journal.jsonl:1: this line of the journal is not a record"),
        (b"[" * 1_000_000 + b"\n", "journal.jsonl:1: this line of the journal is not a record"),
        (forge([(1, CLOCK.model_dump(mode="json"))]), "journal.jsonl: the journal does not begin with a drill's"),
    ],
    ids=["empty", "binary", "a program", "a line end", "a huge line", "a huge number", "deep", "no declaration"],
)
def test_what_is_no_journal_of_a_drill_is_said_in_a_sentence_and_judged_by_nobody(
    tmp_path: Path, data: bytes, said: str
) -> None:
    (tmp_path / "journal.jsonl").write_bytes(data)
    with pytest.raises(InputError) as caught:
        judge_folder(tmp_path)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]


def test_a_journal_that_is_a_folder_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(InputError, match=r"journal\.jsonl: the journal cannot be read: Is a directory"):
        judge_folder(tmp_path)


def test_what_was_written_is_the_result(tmp_path: Path) -> None:
    one = drill(tmp_path / "one")
    result = judge_folder(one)
    assert result.verdict is Verdict.PASSED
    assert Result.model_validate_json((one / "result.json").read_bytes()) == result
