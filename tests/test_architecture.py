"""The shape of the code: who imports whom, who reads the environment, and that a file stays about one thing."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("harness", "scenarios") for path in (REPOSITORY / folder).rglob("*.py"))
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
    "contracts"
]

MOST_LINES = 300
LONGER = {
    "harness/journal/records.py": "one list of every kind of record: whoever reads a journal reads this file",
}
READS_ENVIRONMENT = {
    "harness/settings.py": "the settings",
    "harness/cli/main.py": "takes away what is meant for other runs of pytest",
    "harness/observe/process.py": "what the worker inherits",
    "harness/observe/worker.py": "what its HTTP library reads at its import",
    "harness/sandbox/embedded/owned.py": "what a service inherits",
    "harness/sandbox/common/environment.py": "what the daemon, the watchdog, helm and docker inherit",
    "harness/sandbox/kind/agent/delay.py": "runs in an image of its own, without the settings",
    "harness/sandbox/kind/agent/silence.py": "likewise",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def lint(config: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--config", str(config)]
    return subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True, text=True, timeout=60)


def test_imports_keep_to_the_contracts() -> None:
    done = lint(REPOSITORY / "pyproject.toml")
    assert done.returncode == 0, done.stdout


def test_an_import_that_is_forbidden_would_be_noticed(tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text(
        '[tool.importlinter]\nroot_packages = ["harness"]\n[[tool.importlinter.contracts]]\nname = "a control"\n'
        'type = "forbidden"\nsource_modules = ["harness.conduct"]\nforbidden_modules = ["harness.journal"]\n'
    )
    assert lint(config).returncode == 1


def test_every_part_of_the_harness_has_its_place_in_the_layers() -> None:
    parts = {path.stem for path in (REPOSITORY / "harness").iterdir() if not path.name.startswith("_")}
    placed = {
        one.strip(" ()").removeprefix("harness.")
        for contract in CONTRACTS
        if contract["type"] == "layers"
        for layer in contract["layers"]
        for one in layer.replace("|", ":").split(":")
    }
    assert parts - placed == set()


def test_only_the_settings_and_what_starts_processes_read_the_environment() -> None:
    found = {
        name_of(path)
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "getenvb", "putenv")
    }
    assert found == set(READS_ENVIRONMENT)


def test_only_the_plugin_imports_pytest() -> None:
    found = {
        name_of(path)
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for module in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
        if module.partition(".")[0] in ("pytest", "pytest_bdd", "_pytest")
    }
    assert {name for name in found if not name.startswith(("harness/bdd/", "scenarios/"))} == set()


def test_nothing_private_of_pytest_is_imported() -> None:
    assert [name_of(path) for path in SOURCES if "_pytest" in path.read_text(encoding="utf-8").split()] == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_is_about_one_thing_and_says_what(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module opens with what it is for"
    if name_of(path) not in LONGER:
        assert len(text.splitlines()) <= MOST_LINES


def test_a_file_that_may_be_longer_is_longer() -> None:
    short = [name for name in LONGER if len((REPOSITORY / name).read_text(encoding="utf-8").splitlines()) <= MOST_LINES]
    assert short == []


def test_only_the_clock_reads_the_time_of_day() -> None:
    """A step of the wall clock changes nothing that is measured."""
    may = {
        "harness/clock.py": "the anchor",
        "harness/conduct.py": "the name of a run, for people",
        "harness/sandbox/embedded/folder.py": "an expiry that outlives a boot",
        "harness/sandbox/embedded/daemon.py": "likewise, and when it was made",
    }
    wall = {("time", "time"), ("time", "time_ns"), ("time", "strftime"), ("datetime", "now"), ("datetime", "utcnow")}
    found = {
        name_of(path)
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in wall
    }
    assert found - set(may) == set()


SLEEPS = {
    "harness/clock.py": "the wait for a condition",
    "harness/sandbox/kind/agent/silence.py": "between two looks, in an image of its own",
    "tests/integration/test_tracktion/stage.py": "likewise, without the harness",
    "tests/integration/test_observer_probes.py": "how long a process is stopped is what is tested",
}


def test_nothing_waits_by_sleeping_but_the_wait_itself() -> None:
    tests = [path for path in (REPOSITORY / "tests").rglob("*.py") if "systems" not in path.parts]
    found = {
        name_of(path)
        for path in [*SOURCES, *tests]
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "sleep" and isinstance(node.value, ast.Name)
        if node.value.id == "time"
    }
    assert found - set(SLEEPS) == set()
