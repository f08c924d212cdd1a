"""A real drill's journal, kept with its result: judged again, cut off at every byte, and altered at every byte.

`golden/notes` is a drill on the embedded sandbox as it was left. Where journals or results are meant to change, drill
again, and keep `journal.jsonl` and `result.json`:

    DRILL_STATE_DIR=/tmp/drill drill run tests/unit/golden/notes/notes.feature --system tests/systems/notes/drill.toml
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Final

import pytest

from harness.errors import InputError
from harness.journal.chain import JournalReader, read_journal
from harness.journal.declaration import Verdict
from harness.report.again import judge_folder

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = Path(__file__).parent / "golden" / "notes"
JOURNAL: Final = (GOLDEN / "journal.jsonl").read_bytes()
RESULT: Final = (GOLDEN / "result.json").read_bytes()
LINES: Final = JOURNAL.splitlines(keepends=True)
JUDGING: Final = ("cli", "journal", "measure", "report", "verdict")
PROGRAM: Final = """
import importlib.util, locale, sys
from contextlib import suppress
with suppress(locale.Error):  # not every machine has every locale
    locale.setlocale(locale.LC_ALL, "")
assert importlib.util.find_spec("harness.sandbox") is None
from harness.cli.main import main
sys.argv = ["drill", "report", *sys.argv[1:]]
main()
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the judging half alone, as somebody might carry it to another machine."""
    there = tmp_path_factory.mktemp("package") / "harness"
    there.mkdir()
    for path in (ROOT / "harness").glob("*.py"):
        shutil.copy(path, there)
    (there / "settings.py").unlink()
    for part in JUDGING:
        shutil.copytree(ROOT / "harness" / part, there / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("templates", "schema"):
        shutil.copytree(ROOT / "reports" / part, there / "report" / part)
    return there.parent


@pytest.fixture
def drill(tmp_path: Path) -> Path:
    """A folder with the journal."""
    (tmp_path / "journal.jsonl").write_bytes(JOURNAL)
    return tmp_path


def readers(path: Path) -> list[JournalReader]:
    """For each line of the journal, one that has read all lines before it."""
    found = []
    path.write_bytes(b"")
    reader = JournalReader(path)
    with path.open("ab") as file:
        for line in LINES:
            found.append(copy.copy(reader))
            file.write(line)
            file.flush()
            assert len(reader.news()) == 1
    return found


def refusal(reader: JournalReader) -> str:
    """What is said of a journal that is refused; empty where it is taken."""
    try:
        reader.news()
    except InputError as error:
        return str(error)
    return ""


def test_a_real_journal_is_judged_again_to_the_byte(drill: Path) -> None:
    assert judge_folder(drill).verdict is Verdict.PASSED
    assert (drill / "result.json").read_bytes() == RESULT


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Auckland", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"},
        {"TZ": ":not/a-zone", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "3"},
    ],
    ids=lambda environment: environment["LC_ALL"],
)
def test_it_is_judged_alike_elsewhere_by_the_judging_half_alone(
    drill: Path, package: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(drill)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(package), **environment},
        cwd=drill.parent,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert (drill / "result.json").read_bytes() == RESULT


def test_cut_off_at_every_byte_it_holds_its_whole_records_and_is_known_to_be_torn(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    at_line = readers(path)
    length = len(JOURNAL)
    with path.open("r+b") as file:
        for number in reversed(range(len(LINES))):
            for left in reversed(range(len(LINES[number]))):
                length -= 1
                file.truncate(length)
                reader = copy.copy(at_line[number])
                assert reader.news() == ()
                assert reader.torn == (left > 0)
    assert length == 0


def test_cut_off_after_any_record_and_in_the_next_one_it_has_a_verdict_and_a_report(tmp_path: Path) -> None:
    """What is judged are the whole records; so with the test above this holds for a cut at every byte."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(LINES[0][:-1])
    with pytest.raises(InputError, match="does not begin with a drill's declaration; there is nothing to judge"):
        judge_folder(tmp_path)
    for number in range(1, len(LINES)):
        path.write_bytes(b"".join(LINES[:number]) + LINES[number][: len(LINES[number]) // 2])
        result = judge_folder(tmp_path)
        assert result.verdict is Verdict.ABORTED
        assert "the drill was killed or lost its disk" in result.reason
        assert json.loads((tmp_path / "result.json").read_bytes())["verdict"] == "aborted"


def test_altered_at_any_byte_it_is_refused_and_the_line_is_named(tmp_path: Path) -> None:
    """Of what follows the altered line only one line is there: no more of it is needed to tell."""
    path = tmp_path / "journal.jsonl"
    at_line = readers(path)
    random = Random(1)  # noqa: S311 - a seed is the point
    place = 0
    path.write_bytes(LINES[0])
    with path.open("r+b", buffering=0) as file:
        for number, line in enumerate(LINES):
            os.pwrite(file.fileno(), b"".join(LINES[number + 1 : number + 2]), place + len(line))
            for byte in line:
                os.pwrite(file.fileno(), bytes([(byte + random.randrange(1, 256)) % 256]), place)
                assert refusal(copy.copy(at_line[number])).startswith(f"{path}:{number + 1}: ")
                os.pwrite(file.fileno(), bytes([byte]), place)
                place += 1
    assert place == len(JOURNAL)
    assert len(read_journal(path).entries) == len(LINES)


def test_nothing_in_it_is_of_the_machine_that_drilled() -> None:
    assert [mark for mark in (str(ROOT), "/home", "/root", "/work", "password") if mark.encode() in JOURNAL] == []
