"""The report of a drill of an hour, against reading its journal line by line; and the index of 1,000 drills."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from harness.report.write import OF_A_DRILL, write_run
from tests.support.an_hour import HOUR, write_journal
from tests.support.worlds import World, result_of

pytestmark = pytest.mark.benchmark

MOST: Final = 5.5
"""How many times as long as reading every line with json.loads the whole report may take; it takes 4.4 times."""
MEMORY: Final = 320
"""MiB; the goal is 300, and what an interpreter itself takes is not the same everywhere."""
DRILLS: Final = 1_000
_MEASURED: Final = """
import json, sys, time
from pathlib import Path
begun = time.process_time()
from harness.report.again import judge_folder
loaded = time.process_time()
judge_folder(Path(sys.argv[1]))
ended = time.process_time()
[peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
memory = int(peak.split()[1]) // 1024  # getrusage would tell that of the process that started this one, too
with open(sys.argv[1] + "/journal.jsonl", "rb") as file:
    for line in file:
        json.loads(line)
plain = time.process_time()
print(json.dumps([loaded - begun, ended - loaded, plain - ended, memory]))
"""


def test_the_report_of_an_hour(tmp_path: Path) -> None:
    write_journal(HOUR, tmp_path / "journal.jsonl")
    child = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(tmp_path)], capture_output=True, check=True, timeout=600, text=True
    )
    loaded, took, plain, memory = json.loads(child.stdout)
    sizes = {name: (tmp_path / name).stat().st_size for name in OF_A_DRILL}
    journal = (tmp_path / "journal.jsonl").stat().st_size
    sys.stdout.write(
        f"\nreport of 720,000 probes, a journal of {journal / 1e6:.0f} MB: {took:.1f} s and {memory} MiB (goals: 3 s,"
        f" 300 MiB), {took / plain:.1f} times json.loads of its lines ({plain:.2f} s); {loaded:.1f} s to import;"
        f" {', '.join(f'{name} {size / 1000:.0f} kB' for name, size in sizes.items())}\n"
    )
    assert took / plain < MOST
    assert memory < MEMORY


def test_the_index_of_a_thousand_drills(tmp_path: Path) -> None:
    one = result_of(World().records())
    results = [
        one.model_copy(update={"drill_id": f"drill-{number:04}", "name": f"{one.name} {number}"})
        for number in range(DRILLS)
    ]
    begun = time.process_time()
    write_run(results, tmp_path)
    took = time.process_time() - begun
    size = (tmp_path / "index.html").stat().st_size
    sys.stdout.write(f"\nindex, summary and JUnit of {DRILLS} drills: {took:.1f} s (goal: 5 s), {size / 1e6:.1f} MB\n")
