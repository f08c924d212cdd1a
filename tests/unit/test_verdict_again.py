"""Judging again, in another process: the same bytes anywhere, from nothing but the journal and the judging half."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.journal.declaration import Verdict
from harness.report.summary import RunSummary
from tests.support.chains import forge
from tests.support.pages import Page
from tests.support.worlds import World, named, written

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
    "chaostoolkit",
    "conduct",
    "settings",
    "locks",
    "state",
    "marks",
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
        (folder / name / "journal.jsonl").write_bytes(forge(written(named(world.records(), name))))
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


def test_the_report_that_is_named_for_a_drill_alone_is_there(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "flapping", tmp_path / "alone")
    lines = report(tmp_path / "alone").stdout.decode().splitlines()
    assert lines[1].split()[-1] == str(tmp_path / "alone" / "report.html")
    assert [line.partition(":")[0] for line in lines[2:]] == ["A world"]


def altered(folder: Path) -> str:
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "journal.jsonl").write_bytes(b"".join((*lines[:2], lines[2].replace(b"1", b"2", 1), *lines[3:])))
    return "journal.jsonl:3: this line of the journal was altered"


def gone(folder: Path) -> str:
    (folder / "journal.jsonl").unlink()
    return "journal.jsonl: there is no such journal"


@pytest.mark.parametrize("damage", [altered, gone])
@pytest.mark.parametrize("json", [False, True])
def test_of_a_run_one_drill_that_cannot_be_judged_is_named_and_the_others_are_judged(
    run: Path, tmp_path: Path, damage: Callable[[Path], str], *, json: bool
) -> None:
    there = tmp_path / "run"
    shutil.copytree(run, there)
    before = files(there / "killed")
    why = f"{there}/killed/{damage(there / 'killed')}"
    (there / "flapping" / "result.json").unlink()
    done = report(there, *(("--json",) if json else ()))
    assert done.returncode == 65
    assert done.stderr.decode().startswith(f"drill: 1 of 2 drills could not be judged: {why}")
    assert files(there / "flapping") == files(run / "flapping")
    del before["journal.jsonl"]
    assert before.items() <= files(there / "killed").items(), "what was there before is left as it was"
    found = RunSummary.model_validate_json((there / "summary.json").read_bytes())
    assert ([one.drill_id for one in found.drills], found.verdict) == (["flapping"], Verdict.MISSED)
    assert [(one.folder, one.reason.startswith(why)) for one in found.not_judged] == [("killed", True)]
    assert "1 of 2 drills could not be judged." in Page((there / "index.html").read_text(encoding="utf-8")).text
    assert '<error message="It could not be judged: ' in (there / "junit.xml").read_text(encoding="utf-8")
    assert ("not_judged" in done.stdout.decode()) is json
    assert ("killed" in done.stdout.decode()) is json
    assert (str(there / "flapping" / "report.html") in done.stdout.decode()) is not json


def test_a_run_of_which_no_drill_can_be_judged_passes_for_nobody(run: Path, tmp_path: Path) -> None:
    for name in ("flapping", "killed"):
        shutil.copytree(run / name, tmp_path / "run" / name)
        altered(tmp_path / "run" / name)
    done = report(tmp_path / "run")
    assert done.returncode == 65
    assert done.stderr.decode().startswith("drill: 2 of 2 drills could not be judged: ")
    found = RunSummary.model_validate_json((tmp_path / "run" / "summary.json").read_bytes())
    assert (found.drills, found.verdict, found.unexpected) == ((), Verdict.INDETERMINATE, 0)


def test_every_part_of_the_harness_judges_or_is_absent_in_these_tests() -> None:
    parts = {path.stem for path in (ROOT / "harness").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - JUDGING - {"__init__", "__pycache__"} <= LIVE
