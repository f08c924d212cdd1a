"""One cell: a drill that ends at one spot in one way, and what was left of it. Prints one line of JSON.

`python -m tests.kill_matrix.cell FAULT SPOT WAY [--system FILE] [--sandbox kind|cluster]`. All that the drill starts
comes from this process, which adopts it, so nothing can escape. As root a drill on `embedded` lives apart from the rest
of the machine, so that every port, rule, mount and segment counts, and its disk can be filled.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil

from harness.clock import pause
from harness.units import Duration
from tests.kill_matrix.places import PLACES, Place
from tests.kill_matrix.scenarios import STEPS
from tests.kill_matrix.ways import Spot, Way
from tests.support.apart import go_apart, leave
from tests.support.inspector import Holdings, Machine, adopt, descendants, reap

REPOSITORY: Final = Path(__file__).parents[2]
SYSTEM: Final = REPOSITORY / "tests/systems/echo/drill.toml"
DRILL: Final = [sys.executable, "-m", "tests.kill_matrix.killer"]
HEAL: Final = [sys.executable, "-c", "from harness.cli.main import main; main()", "heal"]
ANOTHER: Final = "00000000-0000-0000-0000-000000000000"  # boot
LONGEST: Final = 120.0  # of a drill that nobody ends
EVERY: Final = Duration.of(ms=10)  # between two looks whether anything is left
SELDOM: Final = Duration.of(ms=300)  # where a look costs the time of several programs
STREAM: Final = {"observations", "load", "ledger.writes", "clock"}  # kinds of record that the observer sends
WATCHDOG: Final = "harness.drill.watch.watchdog"
ABORTED: Final = 3
OF_A_VERDICT: Final = (0, 1, 2)


@dataclass(frozen=True)
class Outcome:
    """What came of a cell.

    `took`: seconds from the drill's end, or the begin of heal, until nothing was left; None where something was.
    `course`, `stream`: how many records of each kind its journal had. `injected`: whether it came to its fault.
    """

    fault: str
    spot: str
    way: str
    reached: bool
    residue: list[str]
    took: float | None
    course: int
    stream: int
    note: str = ""
    sandbox: str = "embedded"
    injected: bool = True


class Cell:
    """One drill, in folders of its own."""

    def __init__(
        self, home: Path, fault: str, spot: Spot, way: Way, system: Path, *, apart: bool, place: Place
    ) -> None:
        self.place = place
        self.fault, self.spot, self.way = fault, spot, way
        self.state, self.out, self.scratch = home / "state", home / "out", home / "tmp"
        for folder in (self.state, self.out, self.scratch):
            folder.mkdir()
            folder.chmod(0o711)
        feature = home / "cell.feature"
        steps = "".join(f"    {step}\n" for step in STEPS[fault])
        feature.write_text(f"Feature: a cell\n\n  Scenario: one\n{steps}")
        self.mark, self.said = home / "struck", home / "said"
        places = {"DRILL_STATE_DIR": self.state, "TMPDIR": self.scratch, "STRUCK": self.mark}
        if apart:
            places["HOME"] = self.scratch
        self.env = {**os.environ, **place.env, **{name: str(path) for name, path in places.items()}}
        drill = ["run", str(feature), "--system", str(system), "--out", str(self.out)]
        self.command = [*DRILL, str(spot), str(way), *drill, "--sandbox", place.name]
        self.held = None if apart else Holdings()
        self.system = system
        self.before = self._look()

    def run(self) -> Outcome:
        """Runs the drill until it has ended as it should, and looks until nothing is left."""
        status = self._run_drill()
        journal, reached, note = self._journal(), self.mark.exists(), ""
        if os.WIFSTOPPED(status):
            residue, took, note = self._power_cut() if self.way is Way.POWER_CUT else self._suspended()
        elif reached and self.way.healed:
            self._wait(lambda: not descendants())
            residue, took = self._healed()
        else:
            residue, took = self._until_clean(time.monotonic(), ())
            if reached and self.way is Way.FULL_DISK and os.waitstatus_to_exitcode(status) in OF_A_VERDICT:
                note = "" if self._last(journal) else f"it ended as if all were well: {status}"
        if reached and self.way not in (Way.SUSPEND, Way.FULL_DISK) and self._journal() != journal:
            residue.append("the journal has been changed by others")
        records = [json.loads(line)["record"] for line in journal.split(b"\n")[:-1]]
        kinds = [one["kind"] for one in records]
        if reached and not note:
            note = self._unaccounted(kinds, journal)
        if note or residue:
            note += "\n" + self.said.read_text(errors="replace")[-3000:]
        stream = sum(kind in STREAM for kind in kinds)
        where = (self.fault, str(self.spot), str(self.way))
        injected = any(one["kind"] == "fault.moved" and one["state"] == "injected" for one in records)
        course = len(kinds) - stream
        return Outcome(*where, reached, residue, took, course, stream, note, self.place.name, injected)

    def _run_drill(self) -> int:
        """Runs it until it has ended or stands still, and notes meanwhile what there is; its wait status."""
        with self.said.open("wb") as said:
            drill = subprocess.Popen(
                self.command, cwd=REPOSITORY, env=self.env, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        self.drill = psutil.Process(drill.pid)
        over = threading.Event()

        def watch() -> None:
            while self.held is not None and not over.wait(0.03):
                self.held.add(descendants())

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            _, status = os.waitpid(drill.pid, os.WUNTRACED)
        finally:
            over.set()
            watching.join()
        drill.returncode = 0  # its end was taken here
        return status

    def _suspended(self) -> tuple[list[str], float | None, str]:
        """It stands still: all but itself and its watchdog must go; and it must stop once it goes on."""
        watchdogs = [one for one in descendants() if WATCHDOG in one.cmdline()]
        residue, took = self._until_clean(time.monotonic(), (self.drill, *watchdogs), {".drills"})
        self.drill.resume()
        code = self._end_of_drill()
        note = "" if code == ABORTED or not watchdogs else f"it ended with {code} when it went on"
        last, _ = self._until_clean(time.monotonic(), ())
        return residue + last, took, note

    def _power_cut(self) -> tuple[list[str], float | None, str]:
        """Everything ends at the same moment, and what is on the disk was written in another boot."""
        frozen: set[psutil.Process] = set()
        while more := set(descendants()) - frozen:
            for one in more:
                with suppress(psutil.Error):
                    one.suspend()
            frozen |= more
        if self.held is not None:
            self.held.add(frozen)
        for one in frozen:
            with suppress(psutil.Error):
                one.kill()
        self._wait(lambda: not descendants())
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        for file in (file for name in ("*.json", "lock") for file in self.state.rglob(name) if file.is_file()):
            file.write_text(file.read_text().replace(boot, ANOTHER).replace(boot[:8], ANOTHER[:8]))
        residue, took = self._healed()
        return residue, took, ""

    def _healed(self) -> tuple[list[str], float | None]:
        """Nobody is there who would take it back: the next heal does, and leaves nothing."""
        begun = time.monotonic()
        heal = subprocess.run(HEAL, cwd=REPOSITORY, env=self.env, capture_output=True, text=True, check=False)
        residue, took = self._until_clean(begun, ())
        return residue + ([f"heal: {heal.stderr}"] if heal.returncode else []), took

    def _until_clean(
        self, begun: float, but: tuple[psutil.Process, ...], names: AbstractSet[str] = frozenset()
    ) -> tuple[list[str], float | None]:
        """Waits until nothing is left, and looks at everything then; what is left after the limit is residue."""
        pids = {one.pid for one in but}

        def processes() -> list[psutil.Process]:
            return [one for one in descendants() if one.pid not in pids]

        def files() -> list[str]:
            found = (path.name for folder in (self.state, self.scratch) for path in folder.iterdir())
            drills = (path.name for path in self.state.glob(".kind/drills/*"))
            return [name for name in (*found, *drills) if not self._is_allowed(name) and name not in names]

        clean = self._wait(lambda: not processes() and not files())
        clean = self._wait(lambda: not self.place.left(self._run_id()), every=SELDOM) and clean
        took = time.monotonic() - begun if clean else None
        residue = [f"process {one.pid} {' '.join(one.cmdline())}" for one in processes()]
        residue += [*files(), *self.place.left(self._run_id())]
        if self.held is not None:
            self.held.pids -= pids
            residue += self.held.left()
        if not but:
            found = self._look().differs_from(self.before)
            residue += [one for one in found if not self._is_allowed(Path(one).name)]
        return residue, took

    def _is_allowed(self, name: str) -> bool:
        """A lock; or the note of a command that was killed, which the next one removes."""
        return name in self.place.allowed or (name.startswith(".run-") and not self.way.healed)

    def _look(self) -> Machine:
        return Machine.look((self.state, self.scratch), self.system.parent, apart=self.held is None)

    def _run_id(self) -> str:
        return next((path.name for path in self.out.iterdir() if path.is_dir()), "")

    def _wait(self, condition: Callable[[], bool], every: Duration = EVERY) -> bool:
        """Waits for a condition, up to the limit."""
        end = time.monotonic() + self.place.limit
        while time.monotonic() < end:
            reap()
            if condition():
                return True
            pause(every)
        return condition()

    def _end_of_drill(self) -> int:
        """Waits for the end of the drill; its exit code."""
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            pid, status = os.waitpid(self.drill.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            pause(EVERY)
        self.drill.kill()
        raise TimeoutError(f"the drill has not ended after {LONGEST:g} s")

    def _journal(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.out.glob("*/*/journal.jsonl"))

    def _unaccounted(self, kinds: list[str], journal: bytes) -> str:
        """What is wrong with the accounts of who took the drill back; nothing on a disk that took none."""
        accounts = [path.read_text().splitlines() for path in self.out.glob("*/*/account-*.jsonl")]
        if self.way is Way.FULL_DISK:
            return ""
        left = [json.loads(lines[-1])["record"].get("left", ["it has no end"]) for lines in accounts]
        if any(left):
            return f"an account says that something is left: {left}"
        if not accounts and "undo.registered" in kinds and b'"stage":"restore"' not in journal:
            return "nobody has written an account, but there was something to take back"
        return ""

    @staticmethod
    def _last(journal: bytes) -> bool:
        return b'"kind":"drill.ended"' in journal


def main() -> int:
    """Runs one cell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("fault", choices=sorted(STEPS))
    parser.add_argument("spot", type=Spot.read)
    parser.add_argument("way", type=Way)
    parser.add_argument("--system", type=Path, default=SYSTEM)
    parser.add_argument("--sandbox", choices=sorted(PLACES), default="embedded")
    asked = parser.parse_args()
    adopt()
    home = Path(tempfile.mkdtemp(prefix="cell-", dir="/tmp"))
    home.chmod(0o711)
    apart = asked.sandbox == "embedded" and go_apart(home)
    try:
        with ExitStack() as stays:
            place = PLACES[asked.sandbox](home, stays, STEPS[asked.fault])
            system = place.system or asked.system.absolute()
            cell = Cell(home, asked.fault, asked.spot, asked.way, system, apart=apart, place=place)
            outcome = cell.run()
    finally:
        for one in descendants():
            one.kill()
        leave(home)
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(asdict(outcome)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
