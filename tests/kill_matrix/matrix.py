"""All cells, several at a time, and the table of what came of them: `python -m tests.kill_matrix.matrix`.

For each fault one drill runs to its end first; its journal tells how many spots there are. Killing is tried at every
one of them; the other ways at every record that the drill itself writes. The exit code is 1 where anything was left, or
took too long, or where the drills of a fault were never struck: then nothing is known of it. With --results what was
found is kept, and a matrix that was broken off goes on from there.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.kill_matrix.cell import REPOSITORY, Outcome
from tests.kill_matrix.places import LIMIT, LIMIT_ON_KIND, PLACES
from tests.kill_matrix.scenarios import OF_CONFIGURATION, OF_DATA, STEPS
from tests.kill_matrix.ways import Spot, Way

NEVER: Final = Spot("course", 10**9)
GOAL: Final = 5.0  # seconds, from death to everything undone; `drill heal` has LIMIT, its own start included
LEASE: Final = 5.0  # seconds more for a drill that is suspended: as long as its watchdog believes in it


SAMPLE: Final = REPOSITORY / "fixtures/tracktion/drill.toml"  # a system with a database


@dataclass(frozen=True)
class Asked:
    """One cell that is to be run."""

    fault: str
    spot: Spot
    way: Way

    def run(self, system: Path, sandbox: str = "embedded") -> Outcome:
        """Runs it in a process of its own, which adopts all that it starts."""
        command = [sys.executable, "-m", "tests.kill_matrix.cell", self.fault, str(self.spot), self.way]
        done = subprocess.run(
            [
                *command,
                "--system",
                str(SAMPLE if self.fault in OF_DATA | OF_CONFIGURATION else system),
                "--sandbox",
                sandbox,
            ],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self}: the cell could not be run:\n{done.stderr}")
        return Outcome(**json.loads(done.stdout.splitlines()[-1]))


class Results:
    """What came of cells, kept in a file where one is named.

    Cells that left something, or came to their end before their spot, are run again the next time.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        lines = path.read_text().splitlines() if path is not None and path.exists() else []
        read = [Outcome(**json.loads(line)) for line in lines]
        self.outcomes = [one for one in read if not problem(one) and (one.reached or one.spot == str(NEVER))]
        if path is not None:
            path.write_text("".join(f"{json.dumps(asdict(one))}\n" for one in self.outcomes))
        self._known = {(one.fault, one.spot, one.way): one for one in self.outcomes}

    def of(self, asked: Asked, system: Path, sandbox: str) -> Outcome:
        """What came of a cell, which is run unless that is known."""
        known = self._known.get((asked.fault, str(asked.spot), asked.way))
        if known is not None:
            return known
        found = asked.run(system, sandbox)
        with self._lock:
            self.outcomes.append(found)
            if self._path is not None:
                with self._path.open("a") as file:
                    file.write(json.dumps(asdict(found)) + "\n")
        return found


def cells(reference: Outcome, ways: Iterable[Way], *, stream: bool) -> Iterator[Asked]:
    """The cells of a fault whose drill, left alone, wrote so many records."""
    for way in ways:
        for number in range(1, reference.course + 1):
            yield Asked(reference.fault, Spot("course", number), way)
        if stream and way is Way.KILL:
            for number in range(1, reference.stream + 1):
                yield Asked(reference.fault, Spot("stream", number), way)


def told(outcomes: Sequence[Outcome], short: Collection[str] = ()) -> str:
    """The table: of each fault and way how many cells there are, how many left something, and how long it took.

    A drill that ended before it came to its spot is counted apart; nothing may be left of it either. So are the faults
    whose drill, left alone, came to its end before it injected anything, as where only a cluster has what they need.
    """
    lines = [f"{'fault':<22}{'way':<58}{'cells':>6}{'no spot':>9}{'residue':>9}{'median':>10}{'longest':>10}"]
    ways = dict.fromkeys(one.way for one in outcomes)
    for title, mark, part in (
        ("all", "", [one for one in outcomes if one.fault not in short]),
        ("all *", " *", [one for one in outcomes if one.fault in short]),
    ):
        groups = {f"{one.fault}{mark}": [each for each in part if each.fault == one.fault] for one in part}
        for name, of in {**groups, title: part}.items():
            for way in ways:
                lines += _line(name, way, [one for one in of if one.way == way])
    return "\n".join(
        [*lines, *(["* ended before it injected anything, also where it was left alone"] if short else [])]
    )


def _line(fault: str, way: str, of: Sequence[Outcome]) -> Iterator[str]:
    struck = [one for one in of if one.reached]
    times = [one.took for one in struck if one.took is not None]
    if times:
        missed, residue = len(of) - len(struck), sum(bool(one.residue or one.note) for one in of)
        middle, longest = statistics.median(times), max(times)
        yield f"{fault:<22}{way:<58}{len(struck):>6}{missed:>9}{residue:>9}{middle:>8.2f} s{longest:>8.2f} s"


def problem(one: Outcome) -> str:
    """What is wrong with a cell; empty when nothing is."""
    limit = LIMIT_ON_KIND if one.sandbox != "embedded" else LIMIT if Way(one.way).healed else GOAL
    limit += LEASE if one.way == Way.SUSPEND else 0
    late = f"it took {one.took:.2f} s" if one.took is not None and one.took > limit else ""
    wrong = "; ".join(filter(None, [*one.residue, one.note, late]))
    return f"{one.fault}, {one.spot}, {one.way}: {wrong}" if wrong else ""


def never_struck(outcomes: Sequence[Outcome]) -> list[str]:
    """The faults none of whose drills was ended at its spot: of them nothing was shown, whatever was not left.

    Of a fault that was struck some drills may miss their spot: one that ends a record or two sooner than that which was
    left alone. They are counted in the table.
    """
    faults = dict.fromkeys(one.fault for one in outcomes)
    cells_of = {fault: [one for one in outcomes if one.fault == fault] for fault in faults}
    return [
        f"{fault}: none of {len(of)} drills came to its spot and was ended there"
        for fault, of in cells_of.items()
        if not any(one.reached for one in of)
    ]


def main() -> int:
    """Runs what is asked for; everything when nothing is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", action="append", choices=sorted(STEPS), help="only these")
    parser.add_argument("--way", action="append", type=Way, help="only these")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th cell")
    parser.add_argument("--no-stream", action="store_true", help="leave out the records that observers send")
    parser.add_argument("--parallel", type=int, default=3, help="cells at a time: half of a cell is waiting")
    parser.add_argument("--system", type=Path, default=REPOSITORY / "tests/systems/echo/stored.toml")
    parser.add_argument("--sandbox", choices=sorted(PLACES), default="embedded", help="where the drills run")
    parser.add_argument("--results", type=Path, help="a file to keep what is found, and to go on from")
    asked = parser.parse_args()
    begun = time.monotonic()
    results = Results(asked.results)
    with ThreadPoolExecutor(asked.parallel) as pool:
        there = STEPS if asked.sandbox != "cluster" else [one for one in STEPS if one not in OF_DATA | OF_CONFIGURATION]
        faults = [Asked(fault, NEVER, Way.KILL) for fault in asked.fault or there]
        references = list(pool.map(lambda one: results.of(one, asked.system, asked.sandbox), faults))
        wanted = [one for each in references for one in cells(each, asked.way or Way, stream=not asked.no_stream)]
        for number, outcome in enumerate(
            pool.map(lambda one: results.of(one, asked.system, asked.sandbox), wanted[:: asked.every])
        ):
            if number % 50 == 0 or problem(outcome):
                print(f"{number + 1} of {len(wanted[:: asked.every])}", problem(outcome), flush=True)
    never = str(NEVER)
    ended = [one for one in results.outcomes if one.spot != never]
    print(told(ended, {one.fault for one in references if not one.injected}))
    problems = [text for one in results.outcomes if (text := problem(one))] + never_struck(ended)
    print("\n".join([*problems, f"{len(results.outcomes)} cells in {(time.monotonic() - begun) / 60:.1f} min"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
