"""The pages that show how something is done are done, block by block, by somebody who has nothing but the wheel.

Each page has an empty folder, and an environment into which the wheel was installed. The libraries that it needs are
those of the environment of this test run, the locked ones: a path file leads there, so nothing is fetched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.commands import REPOSITORY
from tests.support.fenced import Reader

pytestmark = pytest.mark.alone  # drills, two of them side by side

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def call(*command: object) -> str:
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    call(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, REPOSITORY)
    [wheel] = folder.glob("*.whl")
    call(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv/bin/python"
    call(*PIP, "--python", python, "install", "--no-deps", "--no-index", wheel)
    libraries = sysconfig.get_path("purelib")
    own = call(python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(own) / "libraries.pth").write_text(f"{libraries}\n")
    assert call(python, "-I", "-c", "import harness; print(harness.__file__)").startswith(own)
    script = folder / "venv/bin/pytest"  # as pip writes it where it installs pytest itself
    script.write_text(f"#!{python}\nimport sys\nfrom pytest import console_main\nsys.exit(console_main())\n")
    script.chmod(0o755)
    return folder / "venv/bin"


@pytest.fixture
def environment(installed: Path) -> Iterator[Mapping[str, str]]:
    with tempfile.TemporaryDirectory(prefix="d") as state:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COVERAGE"))}
        inherited.pop("PYTHONPATH", None)
        yield {**inherited, "PATH": f"{installed}:{os.environ['PATH']}", "DRILL_STATE_DIR": state, "COLUMNS": "200"}


@pytest.mark.parametrize(("page", "least"), [("tutorial", 19), ("own-steps-and-faults", 8)])
def test_everything_that_a_page_shows_works(
    page: str, least: int, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    text = (REPOSITORY / f"docs/{page}.md").read_text(encoding="utf-8")
    assert Reader(tmp_path, environment).follow(text) >= least
    if page == "tutorial":
        cases = ET.parse(tmp_path / "drills.xml").findall(".//testcase")  # noqa: S314 - pytest wrote it
        assert len(cases) == 2
        runs = sorted(path for path in (tmp_path / "reports/runs").iterdir() if path.is_dir())
        assert len(runs) == 3, "the workers of pytest-xdist have one run between them"
        assert len([*runs[-1].glob("*/result.json")]) == 2
        assert (runs[-1] / "index.html").is_file()
        _selected(tmp_path, environment)


def _selected(repository: Path, environment: Mapping[str, str]) -> None:
    """pytest selects the drills of a user's repository by name and by tag, as it does tests."""
    [about_friday] = repository.glob("features/*friday.feature")
    about_friday.write_text(f"@nightly\n{about_friday.read_text(encoding='utf-8')}", encoding="utf-8")
    with (repository / "drill.toml").open("a", encoding="utf-8") as system:
        system.write('\n[tags]\nnightly = "is run at night"\n')
    for options, friday, other in (
        (("-k", "friday"), True, False),
        (("-k", "not friday"), False, True),
        (("-m", "nightly"), True, False),
        (("-m", "not nightly"), False, True),
    ):
        command = ["pytest", "features", "--collect-only", "--quiet", *options]
        done = subprocess.run(
            command, cwd=repository, env=environment, check=False, capture_output=True, text=True, timeout=120
        )
        drills = [line for line in done.stdout.splitlines() if "::" in line]
        assert (done.returncode, len(drills)) == (0, 1), done.stdout + done.stderr
        assert (any("friday" in one.lower() for one in drills), other) == (friday, not friday), drills
