"""A release that ends at its start is told as soon as nothing more is to come that it could wait for, and no sooner."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import now
from harness.errors import CrashLoop
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.start import start
from harness.system.model import SystemModel
from harness.system.values import ReplicaState, Slot
from harness.units import Duration
from tests.support.sandboxes import echo, opened, soon, state_folder, states

HOUR = 3600
SERVE = """
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
LATE = (
    f"""
import pathlib, time
tries, enough = pathlib.Path("tries"), {limits.CRASHES}
while not tries.exists() or tries.stat().st_size < enough:
    time.sleep(0.01)
pathlib.Path("there").touch()
"""
    + SERVE
)
"""Comes up only after another service would have been told as crash-looping if nobody waited."""
EAGER = (
    """
import pathlib
if not pathlib.Path("there").exists():
    with pathlib.Path("tries").open("a") as tries:
        tries.write("x")
    raise SystemExit("nothing to connect to")
"""
    + SERVE
)
"""Ends at its start unless the late one is there."""
BROKEN = "raise SystemExit('a mistake in this release')"


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as path:
        yield path


PATIENT = (
    """
import os, socket, time, urllib.parse
url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
while socket.socket().connect_ex((url.hostname, url.port)):
    time.sleep(0.01)
"""
    + SERVE
)
"""Answers nobody before its database is there."""


def system(root: Path, *, database: bool = False, **programs: str) -> SystemModel:
    """Services by their programs, which get their port as an argument."""
    (root / "releases" / "1").mkdir(parents=True)
    services = {
        name: {"command": [sys.executable, "-c", program.replace("{", "{{").replace("}", "}}"), "{port}"]}
        | {"probe": {"path": "/"}}
        for name, program in programs.items()
    }
    releases = {"path": "releases/{version}", "current": "1"}
    described = {"name": "shop", "services": services, "releases": releases}
    if database:
        (root / "schema.sql").write_text("CREATE TABLE one (x int);\n")
        described["database"] = {"schema": ["schema.sql"]}
    return SystemModel.model_validate(described).at(root)


def test_a_live_release_that_cannot_start_is_told_long_before_the_deadline(state: Path) -> None:
    begun = now()
    with pytest.raises(
        CrashLoop, match=r"echo in blue broken does not start.*exited with 1.*this release cannot start"
    ):
        start(echo(), run_id="test", state_dir=state, deadline=soon(HOUR), live={"echo": "broken"})
    assert now() - begun < Duration.of(s=60)
    assert [path.name for path in state.iterdir() if path.is_dir()] == []


def test_a_release_that_cannot_start_leaves_the_one_that_serves_alone(state: Path) -> None:
    with opened(echo(), state) as sandbox:
        with pytest.raises(CrashLoop, match=f"ended {limits.CRASHES} times in a row before it was ready"):
            sandbox.workloads.deploy("echo", Slot.GREEN, "broken", soon(HOUR))
        assert states(sandbox, "echo", Slot.BLUE) == {ReplicaState.READY}
        sandbox.workloads.deploy("echo", Slot.GREEN, "1.1.0", soon())
        assert states(sandbox, "echo", Slot.GREEN) == {ReplicaState.READY}


def test_a_service_that_ends_until_another_one_is_up_is_waited_for(state: Path, tmp_path: Path) -> None:
    with opened(system(tmp_path, eager=EAGER, late=LATE), state, within=60) as sandbox:
        [replica] = sandbox.workloads.replicas("eager", Slot.BLUE)
        assert replica.state is ReplicaState.READY
        assert replica.restarts >= limits.CRASHES


def test_of_two_services_that_both_end_at_their_start_neither_waits_for_the_other(state: Path, tmp_path: Path) -> None:
    model = system(tmp_path, one=BROKEN, other=BROKEN, well=SERVE)
    with pytest.raises(CrashLoop, match="a mistake in this release"):
        start(model, run_id="test", state_dir=state, deadline=soon(HOUR))


def test_a_program_that_is_not_there_is_told_by_its_name(state: Path, tmp_path: Path) -> None:
    model = system(tmp_path, one=SERVE)
    services = {"one": model.services["one"].model_copy(update={"command": ("no-such-program", "{port}")})}
    with pytest.raises(CrashLoop, match=r"could not be started.*no-such-program"):
        start(model.model_copy(update={"services": services}), run_id="test", state_dir=state, deadline=soon(HOUR))


def test_services_that_answer_nobody_before_their_database_is_there_do_not_keep_each_other_from_starting(
    state: Path, tmp_path: Path
) -> None:
    programs = {f"patient-{number}": PATIENT for number in range(4)}
    with opened(system(tmp_path, database=True, **programs), state, within=60) as sandbox:
        assert {states(sandbox, name, Slot.BLUE).pop() for name in programs} == {ReplicaState.READY}
