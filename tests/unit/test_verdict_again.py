"""Judging again, in another process: the same bytes anywhere, from nothing but the journal and the judging half."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chains import write
from tests.support.worlds import World

ROOT = Path(__file__).parents[2]
JUDGING = {"journal", "measure", "verdict", "report", "units", "clock", "errors", "secrecy", "cli"}
LIVE = {
    "sandbox",
    "observe",
    "drill",
    "faults",
    "rollback",
    "system",
    "notify",
    "gate",
    "bdd",
    "conduct",
    "settings",
}
REPORT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[:2] in [["harness", part] for part in {live!r}]:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Absent())
from harness.cli.main import main
sys.argv = ["drill", *sys.argv[1:]]
main()
"""
"""`drill` on a machine that has only what judges."""


def report(run: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`drill report` as another process."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", REPORT.format(live=sorted(LIVE)), "report", str(run), *more],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=run.parent,
        capture_output=True,
        check=False,
        timeout=60,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two drills that was judged here."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    worlds = {
        "flapping": World(broken={"web": [(3.12, 3.4), (3.6, 5.0)]}, lost=(7,)),
        "killed": World(shape=lambda every: every[:40]),
    }
    for name, world in worlds.items():
        (folder / name).mkdir(parents=True)
        write(folder / name / "journal.jsonl", world.records())
    done = report(folder, TZ="UTC", LANG="C.UTF-8", PYTHONHASHSEED="0")
    assert done.returncode == 3, done.stderr.decode()
    return folder


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
def test_judging_a_copy_again_gives_the_same_bytes_in_any_zone_locale_and_order_of_hashes(
    run: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    there = tmp_path / "on another machine" / "ünïcode"
    for journal in run.glob("*/journal.jsonl"):
        (there / journal.parent.name).mkdir(parents=True)
        shutil.copy(journal, there / journal.parent.name)
    done = report(there, **environment)
    assert done.returncode == 3, done.stderr.decode()
    assert files(there) == files(run)


def test_a_report_needs_nothing_of_what_is_alive_and_leaves_all_its_files(run: Path) -> None:
    of_a_drill = {"journal.jsonl", "result.json", "report.html", "report.md"}
    of_the_run = {"summary.json", "junit.xml", "index.html"}
    assert set(files(run)) == of_the_run | {
        f"{drill}/{name}" for drill in ("flapping", "killed") for name in of_a_drill
    }


def test_one_drill_of_a_run_can_be_judged_alone(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "flapping", tmp_path / "alone")
    done = report(tmp_path / "alone", "--json")
    assert (done.returncode, done.stdout.decode().startswith("{")) == (1, True), done.stderr.decode()
    assert files(tmp_path / "alone") == files(run / "flapping")


def test_every_part_of_the_harness_judges_or_is_absent_in_these_tests() -> None:
    parts = {path.stem for path in (ROOT / "harness").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - JUDGING - {"__init__", "__pycache__"} <= LIVE
