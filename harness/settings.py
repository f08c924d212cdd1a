"""Every time-out and number of the live half that is not a system's own, each with the reason for its value.

This is the only module that reads the environment of the process.
"""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from harness.secrecy import learn, secrets_of
from harness.state import require_own
from harness.units import Duration

_LAST_PORT = 65535
PREPARE: Final = "DRILL_PREPARE"
_PREPARE: Final = Duration.of(s=60)  # a sandbox is ready in 3 s on 2 cores, more is a service that starts slowly
_MOST_NODES = 9  # each is a container with a kubelet, and takes about as much memory as a service


def environment(name: str) -> str | None:
    """What an environment variable that somebody has named holds; None when it is not set."""
    return os.environ.get(name)


def _state_dir() -> Path:
    named = os.environ.get("DRILL_STATE_DIR")
    return Path(named) if named else Path(tempfile.gettempdir()) / f"drill-{os.getuid()}"


def _kubeconfig() -> Path:
    named = os.environ.get("KUBECONFIG", "").partition(os.pathsep)[0]
    return Path(named) if named else Path.home() / ".kube" / "config"


def _cluster() -> str:
    return os.environ.get("DRILL_CLUSTER") or "rollback-drill"


def _registry_port() -> int:
    named = os.environ.get("DRILL_REGISTRY_PORT") or "5001"
    if not named.isdecimal() or not 0 < int(named) <= _LAST_PORT:
        raise UsageError(f"DRILL_REGISTRY_PORT: {named!r} is not a port; expected a number from 1 to {_LAST_PORT}")
    return int(named)


def _nodes() -> int:
    named = os.environ.get("DRILL_NODES") or "1"
    if not named.isdecimal() or not 1 <= int(named) <= _MOST_NODES:
        raise UsageError(f"DRILL_NODES: {named!r} is no number of nodes; expected 1 to {_MOST_NODES}")
    return int(named)


def _prepare() -> Duration:
    named = os.environ.get(PREPARE)
    if not named:
        return _PREPARE
    try:
        time = Duration.parse(named)
    except ValueError as error:
        raise UsageError(f"{PREPARE}: {error}") from None
    if time <= Duration(0):
        raise UsageError(f"{PREPARE}: {named!r} is no time to come up in; expected more than 0 s, such as '3 min'")
    return time


def _confirmed() -> str:
    return os.environ.get("DRILL_CONFIRM", "")


def _kill_switch() -> Path | None:
    named = os.environ.get("DRILL_KILL_SWITCH")
    return Path(named) if named else None


def _signing_key() -> str:
    return os.environ.get("DRILL_SIGNING_KEY", "")


def _signing_key_file() -> Path | None:
    named = os.environ.get("DRILL_SIGNING_KEY_FILE")
    return Path(named) if named else None


@dataclass(frozen=True, slots=True)
class Settings:
    """Read once, passed down.

    Raises:
        CannotCreate: the state folder is not the user's own; then nothing below it is looked at.
        UsageError: a variable of the environment holds what it cannot.
    """

    confirmed: str = field(default_factory=_confirmed)
    """The place that a person named who means to break what runs there: a context, or a sandbox of the drill's own."""

    state_dir: Path = field(default_factory=_state_dir)
    """Where live sandboxes have their folders; short, because Unix sockets allow 108 bytes of path."""

    kubeconfig: Path = field(default_factory=_kubeconfig)
    """Of the sandbox `cluster`, as kubectl finds it; the kind sandbox has its own."""

    cluster: str = field(default_factory=_cluster)
    """The kind cluster that drills share; another name for whoever must not share it."""

    registry_port: int = field(default_factory=_registry_port)
    """Of the image registry beside the cluster; each cluster needs one of its own."""

    nodes: int = field(default_factory=_nodes)
    """Of the cluster: one leaves a small machine the most room; a drained node needs a second one."""

    signing_key: str = field(default_factory=_signing_key, repr=False)
    """The private key that signs runs, as PEM text; empty where a file holds it, or runs are not signed."""

    signing_key_file: Path | None = field(default_factory=_signing_key_file)

    named_kill_switch: Path | None = field(default_factory=_kill_switch)
    """A kill switch elsewhere than in the state folder."""

    def __post_init__(self) -> None:
        """What is secret in the environment is masked from now on, and a state folder of others is not believed."""
        learn(*secrets_of(os.environ))
        require_own(self.state_dir)

    @property
    def kill_switch(self) -> Path:
        """The file that stops every drill of this user while it is there."""
        return self.named_kill_switch or self.state_dir / "stop"

    probe_rate: float = 50
    """Probes a second for each service: a period of 20 ms bounds every outage well below what people notice."""

    prepare: Duration = field(default_factory=_prepare)
    """For a system to come up, of a drill and by hand."""

    warm_up: Duration = Duration.of(s=300)
    """A cluster is made in about 20 s where its images are at hand; a slow line needs minutes to pull them."""

    heal: Duration = Duration.of(s=60)
    """To remove what killed drills left: pods and containers are killed at once, a busy engine takes seconds."""

    steady_state: Duration = Duration.of(s=20)
    """Beyond the window itself: time for first requests to warm caches before a quiet window begins."""

    inject: Duration = Duration.of(s=30)
    """A release is deployed inside it: start of processes or pods, about 1 s on embedded."""

    decide: Duration = Duration.of(s=5)
    """An assessment is arithmetic over what is known, and one look at each slot."""

    settle: Duration = Duration.of(s=5)
    """For probes and ledger writes in flight to end: longer than any limit of an answer that drills use."""

    watchdog: Duration = Duration.of(s=300)
    """For a watchdog to undo: nobody waits for it, and a cluster that is away is back in minutes, or not at all."""

    undo: Duration = Duration.of(s=20)
    """For all undo operations together; each is a call to the sandbox that takes less than a second."""

    clean_up: Duration = Duration.of(s=60)
    """For what a rollback removes once clients have recovered: a pod that hangs is killed after its 30 s of grace."""

    teardown: Duration = Duration.of(s=20)
    """For a sandbox to end: services get 5 s of grace, PostgreSQL stops in less than a second."""

    lag_limit: Duration = Duration.of(ms=500)
    """A prober further behind its schedule than this is a machine too busy to measure on."""

    poll: Duration = Duration.of(ms=50)
    """Between two looks at triggers: below three probe periods, so that detection is not blurred by us."""

    http: Duration = Duration.of(s=2)
    """One request of a check; a service that takes longer is not healthy."""

    notices: Duration = Duration.of(s=5)
    """At a drill's end, for notices that nobody has taken yet: a receiver that is well answers in under a second."""

    read_rows: Duration = Duration.of(s=15)
    """For reading all ledger rows: thousands of short rows, in a session of its own."""

    @property
    def stopping(self) -> Duration:
        """For a drill that is stopped to take back what it did, and for its watchdog to try what it could not.

        The sum of what each part may take, as `restore` goes through them: mostly all of them take seconds.
        """
        observer = self.settle + self.read_rows + self.settle  # its writers, the last look at the rows, its own end
        fault = self.undo + self.settle
        return observer + self.clean_up + fault + self.notices + self.teardown + self.heal
