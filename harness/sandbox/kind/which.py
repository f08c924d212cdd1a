"""Which cluster: its name and its registry's port, and the names that follow of all that belongs to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import UsageError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")  # what kind takes, with room for what is added here


@dataclass(frozen=True, slots=True, order=True)
class Which:
    """A cluster by its name; several of them live side by side when their registries have ports of their own.

    `nodes` is how many it must have at least: that many are made where it is made.

    Raises:
        UsageError: kind would not take the name.
    """

    name: str = "rollback-drill"
    port: int = 5001
    nodes: int = 1

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(f"{self.name!r} cannot be a cluster's name: small letters, digits and dashes, at most 40")

    @property
    def node(self) -> str:
        """The container of its control plane: the node by which clients come."""
        return f"{self.name}-control-plane"

    @property
    def registry(self) -> str:
        """The container of its registry."""
        return f"{self.name}-registry"

    @property
    def context(self) -> str:
        """Its name in a kubeconfig."""
        return f"kind-{self.name}"

    def kubeconfig(self, state_dir: Path) -> Path:
        """Its kubeconfig; the user's own is never read or written."""
        return state_dir / ".kind" / f"{self.name}.kubeconfig"


PROJECT: Final = Which()
"""The one that drills share when nobody says otherwise."""
