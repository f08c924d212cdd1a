"""Every file that evidence covers, changed by one byte: all of a small run by `make fuzz`, else a sample."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.report.evidence.keys import make_key, public_keys, signer_in
from harness.report.evidence.sign import EVIDENCE, sign_run
from harness.report.evidence.verify import verify
from tests.support.chains import write
from tests.support.fuzzing import MANY, Trial
from tests.support.stories import STORIES, declared


def signed(trial: Trial) -> Path:
    """A small drill, signed."""
    drill = trial.folder / "drill"
    (drill / "inputs").mkdir(parents=True)
    (drill / "inputs/drill.toml").write_text("name = 'tracktion'\n")
    write(drill / "journal.jsonl", [declared(STORIES["passed"])])
    make_key(trial.folder / "key")
    sign_run(drill, signer_in(trial.folder / "key"), "2026-11-30T08:00:00Z")
    return drill


def test_a_single_changed_byte_is_found(trial: Trial) -> None:
    drill = signed(trial)
    keys = public_keys([trial.folder / "key.pub"])
    files = [path for path in sorted(drill.rglob("*")) if path.is_file() and path.name != EVIDENCE]
    spots = [(path, spot) for path in files for spot in range(path.stat().st_size)]
    chosen = spots if trial.inputs >= MANY else trial.random.sample(spots, trial.inputs)
    assert verify(drill / EVIDENCE, keys).exit_code == 0
    for path, spot in chosen:
        with path.open("r+b") as file:
            file.seek(spot)
            [before] = file.read(1)
            file.seek(spot)
            file.write(bytes([before ^ (1 << trial.random.randrange(8))]))
            file.flush()
            found = verify(drill / EVIDENCE, keys)
            assert found.altered == (path.relative_to(drill).as_posix(),), f"{path}: byte {spot}"
            file.seek(spot)
            file.write(bytes([before]))
    assert verify(drill / EVIDENCE, keys).exit_code == 0
    if trial.inputs >= MANY:
        sys.stdout.write(f"\nevidence: {len(chosen)} of {len(spots)} bytes changed, each found\n")
