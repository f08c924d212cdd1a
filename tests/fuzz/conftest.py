"""How much is tried: a sample with all other tests, 10,000 of each kind by `make fuzz`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.fuzzing import MANY, Found



@pytest.fixture
def inputs(request: pytest.FixtureRequest) -> int:
    """How many damaged inputs of one kind are tried."""
    return int(request.config.getoption("--inputs"))


@pytest.fixture
def random(request: pytest.FixtureRequest) -> Random:
    """The same damage each time; `--fuzz-seed` does other."""
    return Random(int(request.config.getoption("--fuzz-seed")))  # noqa: S311 - a seed is the point


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("DRILL_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def found(tmp_path: Path, inputs: int, request: pytest.FixtureRequest) -> Iterator[Found]:
    """What comes of them; told where somebody asked for many."""
    found, begun = Found(tmp_path / "bad"), time.monotonic()
    yield found
    if inputs >= MANY:
        print(f"\n{request.node.name}: {found.told(time.monotonic() - begun)}")
