"""Judging again, in another process: the same bytes anywhere, from nothing but the journal and the judging half."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chains import write
from tests.support.worlds import World

ROOT = Path(__file__).parents[2]
LIVE = (
    "sandbox",
    "observe",
    "drill",
    "faults",
    "rollback",
    "system",
    "notify",
    "gate",
    "bdd",
    "cli",
    "conduct",
    "settings",
)
JUDGE = """
import sys
from pathlib import Path

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[:2] in [["harness", part] for part in {live!r}]:
            raise ImportError(name + " is of the live half")

sys.meta_path.insert(0, Blocked())
from harness.journal.chain import read_journal
from harness.report.write import stable_json, write_drill
from harness.verdict.present import judge_journal

result, timeline = judge_journal(read_journal(Path(sys.argv[1])))
write_drill(result, timeline, Path(sys.argv[2]))
sys.stdout.buffer.write(stable_json(result).encode())
"""


def judged(journal: Path, out: Path, **environment: str) -> tuple[bytes, dict[str, bytes]]:
    """result.json as another process makes it from a journal, and all files that it wrote."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", JUDGE.format(live=LIVE), str(journal), str(out)],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=out.parent,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    write(path, World(broken={"web": [(3.12, 3.4), (3.6, 5.0)]}, lost=(7,)).records())
    return path


@pytest.fixture(scope="module")
def here(journal: Path) -> tuple[bytes, dict[str, bytes]]:
    return judged(journal, journal.parent / "here", TZ="UTC", LANG="C.UTF-8", PYTHONHASHSEED="0")


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
        {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONHASHSEED": "3"},
        {"TZ": "America/St_Johns", "COLUMNS": "20", "TERM": "dumb", "PYTHONHASHSEED": "random"},
    ],
    ids=lambda environment: environment.get("TZ") or environment["LANG"],
)
def test_judging_again_gives_the_same_bytes_in_any_zone_locale_and_order_of_hashes(
    journal: Path, here: tuple[bytes, dict[str, bytes]], environment: dict[str, str], tmp_path: Path
) -> None:
    assert judged(journal, tmp_path / "there", **environment) == here


def test_the_judging_half_needs_nothing_of_the_live_half(here: tuple[bytes, dict[str, bytes]]) -> None:
    printed, files = here
    assert files["result.json"] == printed
    assert set(files) == {"result.json", "report.html", "report.md"}


def test_every_package_of_the_live_half_is_blocked_in_these_tests() -> None:
    judging = {"journal", "measure", "verdict", "report", "units", "clock", "errors"}
    parts = {path.stem for path in (ROOT / "harness").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - judging - {"__init__", "__pycache__"} <= set(LIVE)
