"""`drill rollback run configuration`: back to an archive of a folder, to one made by hand, or to a tag of git."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.sandbox.embedded.start import attach
from harness.system.values import Slot
from tests.integration.test_cli_rollback import killed_after
from tests.support.commands import ECHO, Said, drill
from tests.support.fooled import altered
from tests.support.sandboxes import soon, state_folder

HERE = ("echo", Slot.BLUE)
TABLE = """
[configuration]
archives = "archives"
repository = "repository"
path = "config"
objects = ["{service}.toml"]
"""


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, timeout=30)


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """The echo system, with a folder of archives, and a repository with two tags."""
    file = altered(tmp_path, ECHO)
    file.write_text(file.read_text(encoding="utf-8") + TABLE, encoding="utf-8")
    home = file.parent
    (home / "archives").mkdir()
    with tarfile.open(home / "archives/config_1.9.0.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("./echo.toml")
        entry.size = len(b"# archived\n")
        tar.addfile(entry, io.BytesIO(b"# archived\n"))
    with tarfile.open(home / "archives/config_evil.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("echo.toml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    repository = home / "repository"
    (repository / "config").mkdir(parents=True)
    git(repository, "init", "--quiet")
    for tag, text in (("v1", "# tagged\n"), ("bad", "url = 'partner'\n")):
        (repository / "config/echo.toml").write_text(text)
        git(repository, "add", ".")
        git(repository, "commit", "--quiet", "-m", tag)
        git(repository, "tag", tag)
    return file


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as found:
        yield found
        drill("sandbox", "down", state=found)


def configured(state: Path) -> dict[str, bytes]:
    """What every replica of the one sandbox has."""
    [name] = [path.name for path in state.iterdir() if (path / "owner.json").exists()]
    return dict(attach(state / name).configuration.read(*HERE, soon()).files)


def rollback(system: Path, state: Path, *arguments: str) -> Said:
    return drill("rollback", *arguments, "--system", system, state=state)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_configuration_goes_back_to_an_archive_or_a_tag_and_what_is_of_no_use_is_refused(
    system: Path, state: Path
) -> None:
    assert drill("sandbox", "up", "--system", system, state=state).code == 0
    before = configured(state)
    made = rollback(system, state, "archive", "1.0.0")
    assert (made.code, made.out) == (0, "config_1.0.0.tar.gz: the configuration of echo\n")
    planned = rollback(system, state, "plan", "configuration", "--to", "1.9.0")
    assert planned.code == 0, planned
    assert planned.out.startswith("configuration: back to configuration 1.9.0\n")
    assert "  06  change      restart echo beside what serves, within 1 min\n" in planned.out
    assert configured(state) == before

    for to, text in (("1.9.0", b"# archived\n"), ("tag=v1", b"# tagged\n")):
        done = rollback(system, state, "run", "configuration", "--to", to)
        assert done.code == 0, done.out
        assert configured(state) == {"echo.toml": text}
    for to, why in (
        ("evil", "'echo.toml' is a link"),
        ("2.0.0", "there is no config_2.0.0.tar.gz beside the system, nor in "),
        ("../1.9.0", "is no version"),
        ("tag=v2", "there is no tag v2"),
        ("tag=bad", "echo: echo.toml: /url is no good address: it has no scheme://"),
        ("tag=v1", "nothing"),
    ):
        refused = rollback(system, state, "run", "configuration", "--to", to)
        assert refused.code in (2, 65), refused
        assert why in refused.out + refused.err
        assert configured(state) == {"echo.toml": b"# tagged\n"}
    assert rollback(system, state, "run", "configuration", "--to", "1.0.0").code == 0
    assert configured(state) == before


def test_a_rollback_whose_process_is_killed_is_refused_taken_back_and_gone_on_with(system: Path, state: Path) -> None:
    assert drill("sandbox", "up", "--system", system, state=state).code == 0
    before = configured(state)
    run = ("rollback", "run", "configuration", "--to", "1.9.0", "--system", str(system))
    for at in (5, 6, 7):  # put, restart, verify
        killed_after(at, state, *run)
        assert rollback(system, state, "run", "configuration", "--to", "1.9.0").code == 2
        assert rollback(system, state, "reverse").code == 0
        assert configured(state) == before
    killed_after(5, state, *run)
    done = rollback(system, state, "resume", "--json")
    assert done.code == 0, done
    told: dict[str, Any] = json.loads(done.out)
    assert (told["procedure"], told["goal"], told["outcome"]) == ("configuration", "configuration 1.9.0", "done")
    assert configured(state) == {"echo.toml": b"# archived\n"}
    assert rollback(system, state, "reverse").code == 0
    assert configured(state) == before
