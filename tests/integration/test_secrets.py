"""A secret in every place one can come from, drills that end in every way, and a search through all that they made.

The services say aloud all that they know, and a check fails with secrets in its error.
"""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.clock import wait_for
from harness.journal.account import read_accounts
from harness.journal.records import Stage
from tests.support.commands import ECHO, drill, drill_process
from tests.support.drills import PASSING, feature_file, results_of, the_run
from tests.support.http_server import Server
from tests.support.running import LASTING, Running
from tests.support.sandboxes import soon, state_folder

CANARY = "k4n4ry"  # stands in each of them
FROM_SHELL = {
    "PGPASSWORD": f"{CANARY}-pg",
    "DATABASE_URL": f"postgresql://me:{CANARY}-url@db.invalid/shop",
    "SLACK_WEBHOOK_URL": f"https://hooks.invalid/services/T0/{CANARY}-hook",
    "PAGERDUTY_TOKEN": f'{CANARY}-"token"',
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}/aws+key",
}
LEAKY = """
import os, runpy, sys
print("started with", dict(os.environ), file=sys.stderr, flush=True)
runpy.run_path(ROOT, run_name="__main__")
"""
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
RECEIVERS = """
[[notify]]
name = "by-variable"
way = "webhook"
secret = { env = "WHERE_TO" }

[[notify]]
name = "by-file"
way = "webhook"
secret = { file = "address.txt" }
"""


@dataclass
class Site:
    """A system with secrets, and all places that its drills write to."""

    folder: Path
    state: Path
    variables: Mapping[str, str]
    said: list[str] = field(default_factory=list)
    passwords: set[str] = field(default_factory=set)

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
        """Learns the passwords that the harness has made, and that only their own users may read where they lie."""
        for path in self.state.rglob("pgpass"):
            self.passwords.add(path.read_text(encoding="utf-8").strip().rpartition(":")[2])
        assert self.passwords
        for path in self.state.rglob("*"):
            if path.is_file() and not path.is_symlink() and self.secrets_in(path.read_bytes()):
                way = [path, *(one for one in path.parents if self.state in one.parents)]
                assert any(one.stat().st_mode & 0o077 == 0 for one in way), f"{path} is open to others"
        for process in running.family():
            assert not self.secrets_in(" ".join(_told(process.cmdline)).encode()), process
            known = self.secrets_in("\0".join(map(repr, _told(process.environ).items())).encode())
            command = " ".join(_told(process.cmdline))
            needed = {f"{CANARY}-toml", *self.passwords} if "leaky.py" in command else set()
            assert known <= needed, f"{command} has {known}"

    def end(self, running: Running) -> None:
        """Keeps what it says to its end."""
        self.said += [*running.end()]

    def secrets_in(self, data: bytes) -> set[str]:
        """The secrets that stand in something."""
        found = {match.decode(errors="replace") for match in re.findall(rb"%b[\w/+\"\\-]*" % CANARY.encode(), data)}
        return found | {one for one in self.passwords if one.encode() in data}

    def leaks(self) -> list[str]:
        """Where a secret stands, in all that was written and said."""
        produced = [path for path in self.folder.glob("*/out/**/*") if path.is_file()]
        assert any(path.suffix == ".html" for path in produced)
        assert any(path.name == "journal.jsonl" for path in produced)
        assert any(path.suffix == ".log" for path in produced)
        produced += [path for path in self.state.rglob("*") if path.is_file()]
        places: dict[str, bytes] = {str(path): path.read_bytes() for path in produced}
        places |= {f"said {number}": text.encode() for number, text in enumerate(self.said)}
        return [f"{place}: {found}" for place, data in places.items() if (found := self.secrets_in(data))]


def _told(of: Any) -> Any:
    try:
        return of()
    except psutil.Error:  # it has ended meanwhile
        return {}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The echo system with a database, people to be told, and secrets; its services tell all they know."""
    folder = tmp_path / "system"
    folder.mkdir()
    for name in ("releases", "config", "schema.sql"):
        (folder / name).symlink_to(ECHO.parent / name)
    script = LEAKY.replace("ROOT", repr(str(ECHO.parent / "serve.py")))
    (folder / "leaky.py").write_text(script, encoding="utf-8")
    text = (ECHO.parent / "stored.toml").read_text(encoding="utf-8").replace("serve.py", "leaky.py")
    text = text.replace("replicas =", f'env = {{ API_TOKEN = "{CANARY}-toml" }}\nreplicas =') + CHECKS + RECEIVERS
    (folder / "drill.toml").write_text(text, encoding="utf-8")
    with state_folder() as state, Server() as people:
        (folder / "address.txt").write_text(f"{people.address.url}/{CANARY}-file-hook\n", encoding="utf-8")
        yield Site(tmp_path, state, {**FROM_SHELL, "WHERE_TO": f"{people.address.url}/{CANARY}-env-hook"})
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
