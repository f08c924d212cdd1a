"""The sandboxes there are, by name; the only place that knows all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from harness.clock import Deadline
from harness.errors import UsageError
from harness.sandbox.embedded import start as embedded
from harness.system.model import SystemModel
from harness.system.ports import System

NAMES: Final = ("embedded",)


class Sandbox(System, Protocol):
    """A live system of our own that ends when it is closed."""

    def copy_logs(self, to: Path) -> Sequence[Path]:
        """Copies the logs of everything that ran into a folder, which is made; returns the copies."""

    def close(self, deadline: Deadline) -> None:
        """Ends everything and waits until nothing is left; a second call does nothing."""


def known(name: str) -> str:
    """The name itself, if there is a sandbox of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in NAMES:
        raise UsageError(f"there is no sandbox {name!r}; expected one of {', '.join(NAMES)}")
    return name


def open_sandbox(
    name: str,
    model: SystemModel,
    *,
    live: Mapping[str, str],
    standby: Mapping[str, str],
    run_id: str,
    state_dir: Path,
    deadline: Deadline,
) -> Sandbox:
    """Brings a system up in a sandbox: `live` releases serve, `standby` ones are ready in the other slot.

    Raises:
        UsageError: there is no sandbox of that name.
        NotFound: a release does not exist.
        DrillError: it could not be brought up; nothing of it is left.
    """
    known(name)
    return embedded.start(model, live=live, standby=standby, run_id=run_id, state_dir=state_dir, deadline=deadline)
