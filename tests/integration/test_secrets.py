"""A secret in every place one can come from, drills that end in every way, and a search through all that they made.

The services say aloud all that they know, and a check fails with secrets in its error.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.clock import wait_for
from harness.journal.account import read_accounts
from harness.journal.records import Stage
from tests.support.canary import CANARY, FROM_SHELL, Search, files_in, leaky, receivers
from tests.support.commands import ECHO, drill, drill_process
from tests.support.drills import PASSING, feature_file, results_of, the_run
from tests.support.http_server import Server
from tests.support.running import LASTING, Running
from tests.support.sandboxes import soon, state_folder

CHECKS = f"""
[[checks]]
name = "its own password"
sql = "SELECT 'password={CANARY}-assigned'::int"
equals = 1

[[checks]]
name = "one of the shell"
sql = "SELECT 'cannot connect with {FROM_SHELL["AWS_SECRET_ACCESS_KEY"]}'::int"
equals = 1

[[checks]]
name = "one of drill.toml"
sql = "SELECT '{CANARY}-toml is refused'::int"
equals = 1
"""


@dataclass
class Site:
    """A system with secrets, and all places that its drills write to."""

    folder: Path
    state: Path
    variables: Mapping[str, str]
    search: Search
    said: list[str] = field(default_factory=list)

    @property
    def system(self) -> Path:
        return self.folder / "system" / "drill.toml"

    def begin(self, name: str, *steps: str) -> Running:
        """Starts a drill of its own run folder."""
        folder = self.folder / name
        folder.mkdir()
        path = feature_file(folder, one=steps)
        process = drill_process(
            "run", path, "--system", self.system, "--out", folder / "out", state=self.state, extra=self.variables
        )
        return Running(process, folder / "out", self.state)

    def look(self, running: Running) -> None:
        """Learns the passwords that the harness has made; and nobody tells a secret."""
        self.search.learn()
        assert self.search.passwords
        assert self.search.open_files() == []
        assert self.search.telling(running.family()) == []

    def end(self, running: Running) -> None:
        """Keeps what it says to its end."""
        self.said += [*running.end()]

    def leaks(self) -> list[str]:
        """Where a secret stands, in all that was written and said."""
        produced = [path for path in self.folder.glob("*/out/**/*") if path.is_file()]
        assert any(path.suffix == ".html" for path in produced)
        assert any(path.name == "journal.jsonl" for path in produced)
        assert any(path.suffix == ".log" for path in produced)
        return self.search.leaks([*produced, *files_in(self.state)], self.said)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The echo system with a database, people to be told, and secrets; its services tell all they know."""
    folder = tmp_path / "system"
    folder.mkdir()
    leaky(ECHO.with_name("stored.toml"), folder, more=CHECKS).rename(folder / "drill.toml")
    with state_folder() as state, Server() as people:
        yield Site(tmp_path, state, receivers(folder, people.address.url), Search(state))
        assert {f"/{CANARY}-file-hook", f"/{CANARY}-env-hook"} <= {seen.path for seen in people.seen}
        assert not [seen.body for seen in people.seen if CANARY.encode() in seen.body]
        drill("heal", state=state)
        shutil.rmtree(folder)


def test_no_secret_is_in_anything_that_drills_leave_or_say_however_they_end(site: Site) -> None:
    passing = site.begin("passing", *PASSING)
    passing.reach(Stage.DETECT)
    site.look(passing)
    site.end(passing)
    assert passing.process.returncode == 0, site.said[-1]

    checks = [f"And the check '{one}' holds within 1 s" for one in ("its own password", "one of the shell")]
    failing = site.begin("failing", *PASSING, *checks, "And the check 'one of drill.toml' holds within 1 s")
    site.end(failing)
    result = results_of(the_run(failing.out))["one"]
    assert result["verdict"] in ("indeterminate", "missed"), result["reason"]
    journal = failing.journal()
    assert journal.count("invalid input syntax") >= 3
    assert "***" in journal

    for name, number in (("aborted", signal.SIGINT), ("killed", signal.SIGKILL)):
        stopped = site.begin(name, *LASTING)
        stopped.reach(Stage.DETECT)
        site.look(stopped)
        stopped.process.send_signal(number)
        site.end(stopped)
    wait_for(lambda: read_accounts(stopped.drill_folder), soon(), "the account")
    report = drill("report", the_run(stopped.out), state=site.state, extra=site.variables)
    wrong = drill("run", "--sandbox", "nowhere", "--system", site.system, state=site.state, extra=site.variables)
    site.system.write_text(site.system.read_text(encoding="utf-8").replace("env =", "env = 5 #"), encoding="utf-8")
    mistaken = drill("list", "features/release", "--system", site.system, state=site.state, extra=site.variables)
    assert (report.code, wrong.code, mistaken.code) == (3, 64, 78)
    site.said += [text for one in (report, wrong, mistaken) for text in (one.out, one.err)]
    assert site.leaks() == []
