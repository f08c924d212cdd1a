"""The report of a drill of an hour, against reading its journal line by line; and the index of 1,000 drills."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from harness.report.write import OF_A_DRILL, write_run
from tests.support.an_hour import HOUR, write_journal
from tests.support.worlds import World, result_of

pytestmark = pytest.mark.benchmark

MOST: Final = 5.0
"""How many times as long as json.loads of every line the report may take; 3.4 on two free cores, 4.2 on one."""
MEMORY: Final = 320
"""MiB; the goal is 300, and what an interpreter itself takes is not the same everywhere."""
DRILLS: Final = 1_000
_COMMON: Final = """
import json, resource, sys, time
from pathlib import Path
def peak():  # getrusage would tell that of the process that started this one, too
    [found] = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
    return int(found.split()[1]) // 1024
"""
_REPORT: Final = f"""{_COMMON}
begun = time.perf_counter()
from harness.report.again import judge_folder
loaded = time.perf_counter()
judge_folder(Path(sys.argv[1]))
ended, memory = time.perf_counter(), peak()
with open(sys.argv[1] + "/journal.jsonl", "rb") as file:
    for line in file:
        json.loads(line)
plain = time.perf_counter()
print(json.dumps([loaded - begun, ended - loaded, plain - ended, memory]))
"""
_READ: Final = f"""{_COMMON}
from harness.report.halves import read_whole
read_whole(Path(sys.argv[1]) / "journal.jsonl")
print(peak() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
"""How much memory both processes take at most that read a journal."""


def told(script: str, folder: Path) -> Any:
    """What a script says of a drill's folder, in a process of its own."""
    command = [sys.executable, "-c", script, str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=600).stdout)


def test_the_report_of_an_hour(tmp_path: Path) -> None:
    write_journal(HOUR, tmp_path / "journal.jsonl")
    reading = told(_READ, tmp_path)
    loaded, took, plain, memory = told(_REPORT, tmp_path)
    sizes = {name: (tmp_path / name).stat().st_size for name in OF_A_DRILL}
    journal = (tmp_path / "journal.jsonl").stat().st_size
    sys.stdout.write(
        f"\nreport of 720,000 probes, a journal of {journal / 1e6:.0f} MB: {took:.1f} s and {max(memory, reading)} MiB"
        f" (goals: 3 s, 300 MiB), {took / plain:.1f} times json.loads of its lines ({plain:.2f} s); {loaded:.1f} s to"
        f" import; {', '.join(f'{name} {size / 1000:.0f} kB' for name, size in sizes.items())}\n"
    )
    assert took / plain < MOST
    assert max(memory, reading) < MEMORY


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
