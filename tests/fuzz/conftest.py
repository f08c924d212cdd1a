"""How much is tried: a sample with all other tests, 10,000 of each kind by `make fuzz`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.commands import REPOSITORY
from tests.support.fuzzing import MANY, Found, Trial


@pytest.fixture
def trial(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    """What a test does its damage with: the same each time, other with another `--fuzz-seed`."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    monkeypatch.setenv("DRILL_STATE_DIR", str(state))
    inputs, seed = (int(request.config.getoption(name)) for name in ("--inputs", "--fuzz-seed"))
    random = Random(seed)  # noqa: S311 - a seed is the point
    made = Trial(monkeypatch, tmp_path, state, random, inputs, Found(tmp_path / "bad"))
    begun = time.monotonic()
    yield made
    if inputs >= MANY and made.found.codes:
        sys.stdout.write(f"\n{request.node.name}: {made.found.told(time.monotonic() - begun)}\n")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """The drill.toml, to be written, of a system that is the sample in all else."""
    folder = tmp_path / "system"
    folder.mkdir()
    for one in (REPOSITORY / "fixtures/tracktion").iterdir():
        if one.name != "drill.toml":
            (folder / one.name).symlink_to(one)
    return folder / "drill.toml"
