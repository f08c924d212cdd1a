"""Starts, finds and ends embedded sandboxes. The public face of this package, with `heal`."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, NotFound, Unavailable
from harness.sandbox.common.environment import of_ours
from harness.sandbox.common.logs import Rescue, last_lines
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.client import EmbeddedSandbox
from harness.sandbox.embedded.folder import Folder, Owner, folders, make, new_id
from harness.sandbox.embedded.heal import clean
from harness.sandbox.embedded.link import Link
from harness.sandbox.embedded.wire import Answer, Call, Description, Order
from harness.system.model import SystemModel
from harness.units import Duration


class StartedSandbox(EmbeddedSandbox):
    """A sandbox that this process started and that ends with it."""

    def __init__(self, folder: Folder, description: Description, link: Link, daemon: "subprocess.Popen[bytes]") -> None:
        super().__init__(folder, description, link)
        self._daemon = daemon

    def close(self, deadline: Deadline) -> None:
        """Takes the sandbox down and waits until everything is gone; does nothing the second time.

        Raises:
            DeadlineExceeded: something was left at the deadline, though it was killed.
        """
        _end(self._daemon, self.folder, deadline)


def start(
    model: SystemModel,
    *,
    run_id: str,
    state_dir: Path,
    deadline: Deadline,
    live: Mapping[str, str] | None = None,
    standby: Mapping[str, str] | None = None,
    install: Path | None = None,
    name: str | None = None,
    rescue: Rescue | None = None,
) -> StartedSandbox:
    """Brings a system up in a sandbox that ends with this process, however it ends.

    Args:
        model: the system.
        run_id: of the run that owns the sandbox.
        state_dir: where sandboxes lie; made when missing.
        deadline: when everything must be ready.
        live: the version of each service that serves, in blue; the current release for all when None.
        standby: the version of each service that stands by in green; none when None.
        install: a PostgreSQL installation other than the wheel's.
        name: the sandbox's id, from `new_id`, where it must be known before there is anything of it.
        rescue: is given what copies all logs, where the system does not come up, before nothing is left of it.

    Raises:
        CannotCreate: the state folder cannot be used.
        NotFound: a release, service or schema file is not there.
        ConfigurationError: a schema file is wrong.
        Unavailable: the database or the daemon does not start; the message has the end of its log.
        CrashLoop: a service does not start; the message says how it ends.
        DeadlineExceeded: a service was not ready in time; the message says why.
    """
    folder, description, daemon = _start(
        model,
        run_id=run_id,
        state_dir=state_dir,
        deadline=deadline,
        live=live,
        standby=standby,
        install=install,
        name=name,
        rescue=rescue,
    )
    return StartedSandbox(folder, description, Link(folder), daemon)


def start_detached(
    model: SystemModel,
    *,
    run_id: str,
    state_dir: Path,
    deadline: Deadline,
    live: Mapping[str, str] | None = None,
    standby: Mapping[str, str] | None = None,
    expiry: Duration = limits.EXPIRY,
) -> EmbeddedSandbox:
    """Brings a system up in a sandbox that outlives this process, until `down` or its expiry.

    Raises as `start` does.
    """
    folder, description, daemon = _start(
        model,
        run_id=run_id,
        state_dir=state_dir,
        deadline=deadline,
        live=live,
        standby=standby,
        expiry=expiry,
        detached=True,
    )
    _let_go(daemon)
    daemon.wait()  # it has made another process, which is the daemon, and ended
    return EmbeddedSandbox(folder, description, Link(folder))


def attach(path: Path) -> EmbeddedSandbox:
    """A sandbox that runs already, by its folder.

    Raises:
        NotFound: there is no such sandbox.
        Unavailable: its daemon does not answer.
    """
    folder = Folder(path)
    if not path.is_dir():
        raise NotFound(f"there is no sandbox {path.name} in {path.parent}; see `drill sandbox status`")
    link = Link(folder)
    description = Description.model_validate(link.call(Call(name="describe")))
    return EmbeddedSandbox(folder, description, link)


def left_of(path: Path) -> EmbeddedSandbox:
    """A sandbox whose daemon may be gone, by its folder: then whatever is asked of the system itself says so."""
    nothing = Description(
        services=(),
        ports={},
        dsn=None,
        bin=None,
        archive=None,
        stream=None,
        migrations=None,
        version_query=None,
    )
    folder = Folder(path)
    return EmbeddedSandbox(folder, nothing, Link(folder))


def list_sandboxes(state_dir: Path) -> tuple[Owner, ...]:
    """The sandboxes whose daemon lives."""
    owners = (folder.owner() for folder in folders(state_dir))
    return tuple(owner for owner in owners if owner is not None and owner.daemon.alive)


def down(state_dir: Path, sandbox: str, deadline: Deadline) -> None:
    """Ends a sandbox by its id and waits until everything of it is gone.

    Raises:
        NotFound: there is no such sandbox.
        DeadlineExceeded: it was still there at the deadline.
    """
    folder = Folder(state_dir / sandbox)
    if folder not in folders(state_dir):
        known = ", ".join(owner.sandbox for owner in list_sandboxes(state_dir)) or "none"
        raise NotFound(f"there is no sandbox {sandbox!r} in {state_dir}; there are {known}")
    owner = folder.owner()
    if owner is not None:
        owner.daemon.send(signal.SIGTERM)
        wait_for(lambda: not owner.daemon.alive, deadline, f"the end of sandbox {sandbox}")
    clean(folder)


def _start(
    model: SystemModel,
    *,
    run_id: str,
    state_dir: Path,
    deadline: Deadline,
    live: Mapping[str, str] | None,
    standby: Mapping[str, str] | None,
    install: Path | None = None,
    expiry: Duration = limits.EXPIRY,
    detached: bool = False,
    name: str | None = None,
    rescue: Rescue | None = None,
) -> tuple[Folder, Description, "subprocess.Popen[bytes]"]:
    current = dict.fromkeys(model.services, model.releases.current)
    for service in {**(live or {}), **(standby or {})}:
        if service not in model.services:
            raise NotFound(f"{model.name} has no service {service!r}; there are {', '.join(model.services)}")
    folder, lock = make(state_dir.resolve(), name or new_id())
    order = Order(
        run_id=run_id,
        root=model.root,
        model=model,
        live=current if live is None else dict(live),
        standby=dict(standby or {}),
        install=install,
        deadline=deadline.at,
        detached=detached,
        starter_pid=os.getpid(),
        expiry=expiry,
    )
    try:
        order_file = folder.path / "start.json"
        order_file.touch(mode=0o600)
        order_file.write_bytes(order.model_dump_json(by_alias=True).encode())
        daemon = _spawn(folder, lock)
    finally:
        os.close(lock)  # the daemon has a copy of its own
    try:
        answer = _first_line(daemon, folder, deadline)
        return folder, Description.model_validate(answer.unwrap()), daemon
    except BaseException:
        if rescue is not None:
            rescue(folder.copy_logs)
        with suppress(DeadlineExceeded):  # the first error is the one to tell
            _end(daemon, folder, Deadline.after(limits.TEARDOWN))
        raise
    finally:
        if daemon.stdout is not None:
            daemon.stdout.close()


def _spawn(folder: Folder, lock: int) -> "subprocess.Popen[bytes]":
    env = of_ours()
    command = [sys.executable, "-m", "harness.sandbox.embedded.daemon", str(folder.path), str(lock)]
    with folder.daemon_log.open("ab") as log:
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=env,
                pass_fds=[lock],
                start_new_session=True,  # a Ctrl-C in the terminal is the drill's to handle
            )
        except OSError as error:
            raise Unavailable(f"the sandbox's daemon cannot be started: {error}") from error


def _first_line(daemon: "subprocess.Popen[bytes]", folder: Folder, deadline: Deadline) -> Answer:
    if daemon.stdout is None:
        raise Unavailable("the daemon was started without an output")
    ready, _, _ = select.select([daemon.stdout], [], [], (deadline.left + limits.ANSWER_MARGIN).seconds)
    if not ready:
        raise DeadlineExceeded(f"the sandbox was not ready in time; its log ends:\n{last_lines(folder.daemon_log)}")
    line = daemon.stdout.readline()
    if not line:
        raise Unavailable(f"the sandbox's daemon gave up; its log ends:\n{last_lines(folder.daemon_log)}")
    return Answer.model_validate_json(line)


def _end(daemon: "subprocess.Popen[bytes]", folder: Folder, deadline: Deadline) -> None:
    owner = folder.owner()
    _let_go(daemon)
    if owner is not None:
        owner.daemon.send(signal.SIGTERM)
    try:
        wait_for(
            lambda: daemon.poll() is not None and not (owner and owner.daemon.alive),
            deadline,
            f"the end of sandbox {folder.id}",
        )
    except DeadlineExceeded:
        daemon.kill()
        if owner is not None:
            owner.daemon.send(signal.SIGKILL)
        daemon.wait()
        clean(folder)
        raise
    clean(folder)


def _let_go(daemon: "subprocess.Popen[bytes]") -> None:
    if daemon.stdin is not None:
        daemon.stdin.close()
