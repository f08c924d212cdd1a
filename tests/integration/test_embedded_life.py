"""A sandbox ends with who started it, however that ends, and leaves nothing; side by side they do not meet."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.clock import wait_for
from harness.errors import CannotCreate, MayWorkLater, NotFound, Unavailable
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import folder as folders
from harness.sandbox.embedded.folder import Folder, Owner, remove
from harness.sandbox.embedded.heal import end, heal
from harness.sandbox.embedded.start import attach, down, list_sandboxes, start_detached
from harness.system.load import load_system
from harness.system.values import Address, Slot
from harness.units import Duration
from tests.support.inspector import segments_of
from tests.support.sandboxes import (
    ECHO,
    ROOT,
    TRACKTION,
    echo,
    listens,
    marked,
    opened,
    running_as_root,
    soon,
    state_folder,
    version,
)

STARTER = """
import json, sys
from pathlib import Path
from harness.clock import Deadline
from harness.sandbox.common.process import Process
from harness.sandbox.embedded.start import start
from harness.system.load import load_system
from harness.units import Duration

model = load_system(Path(sys.argv[1]))
sandbox = start(model, run_id="test", state_dir=Path(sys.argv[2]), deadline=Deadline.after(Duration.of(s=60)))
ports = sandbox.description.ports
rows = []
if sandbox.database:
    rows = [list(row) for row in sandbox.database.read("SELECT 1", Deadline.after(Duration.of(s=20)))]
print(json.dumps({"id": sandbox.id, "ports": ports, "rows": rows}), flush=True)
sys.stdin.read()
sandbox.close(Deadline.after(Duration.of(s=20)))
"""


@dataclass(frozen=True)
class Started:
    """A sandbox that another process has started."""

    starter: "subprocess.Popen[str]"
    owner: Owner
    path: Path
    addresses: tuple[Address, ...]
    rows: list[list[int]]

    @property
    def gone(self) -> bool:
        """True when no process, port or folder of it is left."""
        processes = [one for one in (self.owner.daemon, *self.owner.children) if one.alive]
        return not (processes or marked(self.owner.sandbox) or self.path.exists() or any(map(listens, self.addresses)))


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as path:
        yield path


@contextmanager
def started(state: Path, system: Path, *prefix: str, python: str = sys.executable, **env: str) -> Iterator[Started]:
    starter = subprocess.Popen(
        [*prefix, python, "-c", textwrap.dedent(STARTER), str(system), str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **env},
    )
    try:
        assert starter.stdout is not None
        told = json.loads(starter.stdout.readline())
        path = state / told["id"]
        owner = folders.Folder(path).owner()
        assert owner is not None
        addresses = tuple(Address("127.0.0.1", port) for port in told["ports"].values())
        yield Started(starter, owner, path, addresses, told["rows"])
    finally:
        starter.kill()
        starter.communicate()


@pytest.mark.parametrize("system", [ECHO, TRACKTION], ids=["echo", "tracktion"])
def test_the_sandbox_of_a_killed_starter_is_gone_by_itself_at_once(state: Path, system: Path) -> None:
    with started(state, system) as sandbox:
        sandbox.starter.kill()
        wait_for(lambda: sandbox.gone, soon(10), "the end of everything")  # on a busy machine; else half a second


@pytest.mark.parametrize("part", ["lock", "owner.json", "pg/data/PG_VERSION", "pg/data/postmaster.pid"])
def test_a_starter_killed_on_the_way_leaves_nothing(state: Path, part: str) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(TRACKTION), str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    wait_for(lambda: list(state.glob(f"*/{part}")), soon(), f"the making of {part}", every=Duration.of(ms=1))
    sandboxes = {folder.id for folder in folders.folders(state)}
    starter.kill()
    starter.communicate()

    def gone() -> bool:
        heal(state)  # for the moment in which there is a folder, and no daemon yet
        return not folders.folders(state) and not any(map(marked, sandboxes))

    wait_for(gone, soon(), "the end of everything")


def test_close_leaves_nothing_and_may_be_called_again(state: Path) -> None:
    with opened(load_system(TRACKTION), state) as sandbox:
        address = sandbox.router.address("tracklist-service")
        sandbox.close(soon())
        assert not sandbox.folder.path.exists()
        assert not marked(sandbox.id)
        assert not listens(address)
        sandbox.close(soon())


@pytest.mark.parametrize("system", [ECHO, TRACKTION], ids=["echo", "tracktion"])
def test_what_a_killed_daemon_leaves_is_healed(state: Path, system: Path) -> None:
    with started(state, system) as sandbox:
        sandbox.owner.daemon.send(signal.SIGKILL)
        wait_for(lambda: not marked(sandbox.owner.sandbox), soon(), "the end of the daemon's children")
        assert sandbox.path.exists()
        [healed] = heal(state)
        assert healed.sandbox == sandbox.owner.sandbox
        wait_for(lambda: sandbox.gone, soon(), "the end of everything")
        assert heal(state) == ()


def test_a_database_that_was_killed_with_its_daemon_leaves_no_shared_memory_after_heal(state: Path) -> None:
    with started(state, TRACKTION) as sandbox:
        everything = [sandbox.owner.daemon, *marked(sandbox.owner.sandbox)]
        pids = [one.pid for one in everything]
        assert segments_of(pids), "a server that runs has one"
        for one in everything:
            one.send(signal.SIGSTOP)  # so that none ends in order when another one is gone
        for one in everything:
            one.send(signal.SIGKILL)
        wait_for(lambda: not any(one.alive for one in everything), soon(), "the end of everything")
        heal(state)
        wait_for(lambda: sandbox.gone, soon(), "the end of all that was killed")
        assert segments_of(pids) == []


def test_a_database_that_was_killed_leaves_no_shared_memory_though_its_daemon_takes_all_down(state: Path) -> None:
    with started(state, TRACKTION) as sandbox:
        everything = marked(sandbox.owner.sandbox)
        [server] = [one for one in everything if one.program == "postgres"]
        server.send(signal.SIGKILL)
        wait_for(lambda: not server.alive, soon(), "the server's end")
        end(state, sandbox.owner.sandbox, "a test")
        wait_for(lambda: sandbox.gone, soon(), "the end of everything")
        assert segments_of(one.pid for one in everything) == []


def test_a_database_that_heal_finds_alive_leaves_no_shared_memory(state: Path) -> None:
    with started(state, TRACKTION) as sandbox:
        everything = [sandbox.owner.daemon, *marked(sandbox.owner.sandbox)]
        for one in everything[1:]:
            one.send(signal.SIGSTOP)
        sandbox.owner.daemon.send(signal.SIGKILL)
        wait_for(lambda: not sandbox.owner.daemon.alive, soon(), "the end of the daemon")
        heal(state)
        wait_for(lambda: sandbox.gone, soon(), "the end of all that was killed")
        assert segments_of([one.pid for one in everything]) == []


def test_a_sandbox_is_ended_by_its_id_though_its_starter_stands_still(state: Path) -> None:
    with started(state, TRACKTION) as sandbox:
        sandbox.starter.send_signal(signal.SIGSTOP)
        assert end(state, sandbox.owner.sandbox, "a test") == f"sandbox {sandbox.owner.sandbox}: ended by its daemon"
        wait_for(lambda: sandbox.gone, soon(), "the end of everything")
        assert end(state, sandbox.owner.sandbox, "a test").endswith("nothing of it is left")


@pytest.mark.parametrize("no_id", ["", ".", "..", "other", "0123ABCD", "0123abc", "0123abcd/.."])
def test_what_is_no_id_of_a_sandbox_ends_nothing(tmp_path: Path, no_id: str) -> None:
    """Its folder would be the state folder, or the one around it, and all in it would go."""
    inner = tmp_path / "around" / "state"
    (inner / "other").mkdir(parents=True)
    with pytest.raises(NotFound, match="is no id of a sandbox"):
        end(inner, no_id, "a test")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["around", "other", "state"]


def test_a_folder_that_is_no_sandbox_is_not_removed(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        remove(Folder(tmp_path))
    assert tmp_path.exists()


def test_a_sandbox_whose_daemon_stands_still_is_ended_by_its_id(state: Path) -> None:
    with started(state, ECHO) as sandbox:
        sandbox.owner.daemon.send(signal.SIGSTOP)
        assert "a test; " in end(state, sandbox.owner.sandbox, "a test")
        assert sandbox.gone


def test_a_sandbox_that_is_just_being_made_is_not_ended(state: Path) -> None:
    folder, lock = folders.make(state, folders.new_id())
    try:
        with pytest.raises(MayWorkLater, match="is still being started"):
            end(state, folder.id, "a test")
    finally:
        os.close(lock)
    assert end(state, folder.id, "a test").endswith("removed its folder")


def test_heal_kills_what_a_service_had_started_and_left(state: Path) -> None:
    with started(state, ECHO) as sandbox:
        stray = subprocess.Popen(
            ["sleep", "60"], env={"DRILL_SANDBOX": sandbox.owner.sandbox, "PATH": os.environ["PATH"]}
        )
        foreign = subprocess.Popen(["sleep", "60"])
        try:
            sandbox.owner.daemon.send(signal.SIGKILL)
            wait_for(lambda: not sandbox.owner.daemon.alive, soon(), "the daemon's end")
            [healed] = heal(state)
            assert stray.wait(5) == -signal.SIGKILL
            assert stray.pid in {process.pid for process in healed.killed}
            assert foreign.poll() is None
        finally:
            for process in (stray, foreign):
                process.kill()
                process.wait()


def test_heal_leaves_a_live_sandbox_alone(state: Path) -> None:
    with opened(echo(), state) as sandbox:
        assert heal(state) == ()
        assert version(sandbox.router.address("echo")) == "1.0.0"


def test_heal_removes_a_folder_whose_maker_died_before_it_was_owned(state: Path) -> None:
    folder, lock = folders.make(state, folders.new_id())
    assert heal(state) == ()  # its maker lives: it holds the lock
    os.close(lock)
    [healed] = heal(state)
    assert (healed.sandbox, healed.killed) == (folder.id, ())
    assert not folder.path.exists()


def test_heal_leaves_alone_what_is_no_sandbox(state: Path) -> None:
    for name in (".kind", "notes", "0123456g"):
        (state / name).mkdir()
        (state / name / "kept").write_text("by another program")
    assert heal(state) == ()
    assert {path.parent.name for path in state.glob("*/kept")} == {".kind", "notes", "0123456g"}


def test_heal_believes_no_process_id_of_another_boot(state: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        with started(state, ECHO) as sandbox:
            sandbox.owner.daemon.send(signal.SIGKILL)
            wait_for(lambda: not marked(sandbox.owner.sandbox), soon(), "the end of the daemon's children")
            found = Process.of(bystander.pid, "a reused id")
            assert found is not None
            former = Process(found.pid, found.started - 1, found.boot, found.what)
            elsewhen = Process(found.pid, found.started, "another boot", found.what)
            forged = sandbox.owner.model_copy(update={"children": (former, elsewhen)})
            folders.Folder(sandbox.path).write_owner(forged)
            [healed] = heal(state)
        assert healed.killed == ()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_daemon_told_to_end_takes_everything_with_it(state: Path) -> None:
    with started(state, TRACKTION) as sandbox:
        sandbox.owner.daemon.send(signal.SIGTERM)
        wait_for(lambda: sandbox.gone, soon(), "the end of everything")


def test_calls_to_a_daemon_that_was_killed_show_the_end_of_its_log(state: Path) -> None:
    with opened(echo(), state) as sandbox:
        owner = sandbox.folder.owner()
        assert owner is not None
        owner.daemon.send(signal.SIGKILL)
        wait_for(lambda: not owner.daemon.alive, soon(), "the daemon's end")
        with pytest.raises(Unavailable, match=r"is gone.*\n.*ready"):
            sandbox.workloads.replicas("echo", Slot.BLUE)


def test_calls_to_a_sandbox_that_has_ended_say_so(state: Path) -> None:
    with opened(echo(), state) as sandbox:
        sandbox.close(soon())
        with pytest.raises(Unavailable, match="was removed"):
            sandbox.router.active("echo")


def test_two_sandboxes_side_by_side_do_not_meet(state: Path) -> None:
    with opened(echo(), state) as one, opened(echo(), state, live={"echo": "1.1.0"}) as other:
        assert version(one.router.address("echo")) == "1.0.0"
        assert version(other.router.address("echo")) == "1.1.0"
        assert {owner.sandbox for owner in list_sandboxes(state)} == {one.id, other.id}
        one.close(soon())
        assert version(other.router.address("echo")) == "1.1.0"


def test_a_standby_release_is_ready_in_the_other_slot(state: Path) -> None:
    with opened(echo(), state, live={"echo": "1.1.0"}, standby={"echo": "1.0.0"}) as sandbox:
        assert [one.version for one in sandbox.workloads.replicas("echo", Slot.GREEN)] == ["1.0.0", "1.0.0"]
        sandbox.router.switch("echo", Slot.GREEN, soon())
        assert version(sandbox.router.address("echo")) == "1.0.0"


def test_a_detached_sandbox_is_found_used_and_taken_down(state: Path) -> None:
    made = start_detached(echo(), run_id="test", state_dir=state, deadline=soon(30))
    assert heal(state) == ()
    [owner] = list_sandboxes(state)
    assert (owner.sandbox, owner.detached) == (made.id, True)
    assert version(attach(made.folder.path).router.address("echo")) == "1.0.0"
    down(state, made.id, soon())
    assert not made.folder.path.exists()
    assert not marked(made.id)
    with pytest.raises(NotFound):
        down(state, made.id, soon())


def test_a_detached_sandbox_ends_at_its_expiry(state: Path) -> None:
    made = start_detached(echo(), run_id="test", state_dir=state, deadline=soon(30), expiry=Duration.of(s=1))
    wait_for(lambda: not made.folder.path.exists(), soon(), "the end of the sandbox")
    assert not marked(made.id)


def test_heal_ends_a_detached_sandbox_that_has_expired(state: Path) -> None:
    made = start_detached(echo(), run_id="test", state_dir=state, deadline=soon(30))
    owner = made.folder.owner()
    assert owner is not None
    made.folder.write_owner(owner.model_copy(update={"expires_ns": 0}))
    heal(state)
    assert not owner.daemon.alive
    assert not made.folder.path.exists()


def test_a_release_that_does_not_start_leaves_nothing(state: Path) -> None:
    with pytest.raises(NotFound, match=r"9\.9\.9"), opened(echo(), state, live={"echo": "9.9.9"}):
        pass
    assert folders.folders(state) == ()


def test_the_logs_can_be_kept(state: Path, tmp_path: Path) -> None:
    with opened(load_system(TRACKTION), state) as sandbox:
        names = {path.name for path in sandbox.copy_logs(tmp_path / "logs")}
    assert {"daemon.log", "postgres.log", "tracklist-service-blue-0.log"} <= names


def test_a_state_folder_with_too_long_a_path_is_refused(state: Path) -> None:
    with pytest.raises(CannotCreate, match="too long"), opened(echo(), state / ("x" * 100)):
        pass


@pytest.mark.skipif(not running_as_root(), reason="only root can become another user")
def test_an_unprivileged_user_can_start_one(state: Path) -> None:
    """The starter runs as nobody, with the system's interpreter: that of the environment may lie under /root."""
    python = shutil.which("python3", path="/usr/bin")
    if python is None or f"{sys.version_info.major}.{sys.version_info.minor}." not in _version_of(python):
        pytest.skip("no interpreter of this version that another user can run")
    os.chown(state, 65534, 65534)
    system = state / "system"
    shutil.copytree(ECHO.parent, system)
    (system / "schema.sql").write_text("CREATE TABLE one (x int);\n")
    with (system / "drill.toml").open("a") as file:
        file.write('\n[database]\nschema = ["schema.sql"]\n')
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    setpriv = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    paths = f"{ROOT}:{packages}"
    with started(state, system / "drill.toml", *setpriv, python=python, PYTHONPATH=paths) as sandbox:
        assert sandbox.rows == [[1]]
        assert sandbox.path.stat().st_uid == 65534
        sandbox.starter.kill()
        wait_for(lambda: sandbox.gone, soon(), "the end of everything")


def _version_of(python: str) -> str:
    return subprocess.run([python, "--version"], check=True, capture_output=True, text=True).stdout
