"""The sandboxes that must keep the ports' promises: add an opener here, and every contract test runs on it.

A system under contract has one service at least, a second release to deploy, and answers /version.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.system.ports import System
from tests.support.kind import opened_on_kind
from tests.support.sandboxes import ECHO, TRACKTION, opened, state_folder
from tests.support.tools import needs


@dataclass(frozen=True)
class Subject:
    """A live system, and what of it the tests use."""

    system: System
    service: str
    current: str
    next: str
    model: SystemModel


@dataclass(frozen=True)
class Case:
    """A system in a sandbox, and the tools without which it cannot be opened."""

    open: Callable[[SystemModel, Path], AbstractContextManager[System]]
    file: Path
    service: str
    next: str
    tools: tuple[str, ...] = ()


CASES = {
    "embedded-echo": Case(opened, ECHO, "echo", "1.1.0"),
    "embedded-tracktion": Case(opened, TRACKTION, "tracklist-service", "2.5.0"),
    "kind-echo": Case(opened_on_kind, ECHO, "echo", "1.1.0", ("docker", "kind", "helm")),
    "kind-tracktion": Case(opened_on_kind, TRACKTION, "tracklist-service", "2.5.0", ("docker", "kind", "helm")),
}


def params(*names: str) -> list[ParameterSet]:
    """Cases as parameters; those whose tools are missing are told as not run."""
    return [pytest.param(name, marks=needs(*CASES[name].tools) if CASES[name].tools else ()) for name in names]


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as path:
        yield path


WITH_DATABASE = [name for name, case in CASES.items() if load_system(case.file).database is not None]


# On kind every test takes some seconds to open: the small system is enough where no database is in it.
@pytest.fixture(params=params("embedded-echo", "embedded-tracktion", "kind-echo"))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def subject(case: Case, state: Path) -> Iterator[Subject]:
    model = load_system(case.file)
    with case.open(model, state) as system:
        yield Subject(system, case.service, model.releases.current, case.next, model)
