"""Helm by its command line: install, upgrade, history, rollback of the releases of one namespace."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import InternalError, NotFound, Unavailable
from harness.sandbox.kubernetes import limits
from harness.sandbox.kubernetes.tools import ToolFailed, Version, run, run_and_kill, version_of
from harness.sandbox.kubernetes.values import version_in
from harness.system.values import Slot

OLDEST: Final = Version(3, 12, 0)  # what the commands below were written for
_SERVER_SIDE: Final = Version(4, 0, 0)  # from here on Helm would apply on the server and refuse what others patched
_NO_RELEASE: Final = ("release: not found", "has no deployed releases")


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a release's history: its number, its state (deployed, superseded, failed, pending-…), its text."""

    number: int
    status: str
    description: str

    @property
    def pending(self) -> bool:
        """True while, or since, an operation on it has not ended."""
        return self.status.startswith("pending-")

    @property
    def rollback(self) -> bool:
        """True for one that a rollback is making."""
        return self.status == "pending-rollback"


class Helm:
    """Helm on one namespace.

    Args:
        kubeconfig: of the cluster.
        context: the context in it; its current one when None.
        namespace: where the releases are.
        env: its environment; None where the kubeconfig names no program that logs in.

    Raises:
        Unavailable: helm is missing, or older than `OLDEST`.
    """

    def __init__(
        self, kubeconfig: Path, context: str | None, namespace: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.namespace = namespace
        self._env = env
        self._where = [f"--kubeconfig={kubeconfig}", f"--namespace={namespace}"]
        if context is not None:
            self._where.append(f"--kube-context={context}")
        self.version = version()
        self._client_side = ["--server-side=false"] if self.version >= _SERVER_SIDE else []

    def upgrade(self, release: str, chart: Path, values: Mapping[str, Any], deadline: Deadline) -> None:
        """Installs a release, or makes a new revision of one that is there; waits for nothing.

        The values are all there are: `--reuse-values` renders with what it should forget (helm 4.3).

        Raises:
            ToolFailed: Helm refused, e.g. because the chart does not take the values or an operation is pending.
        """
        self._run(self._upgrade(release, chart), deadline, stdin=json.dumps(values))

    def upgrade_and_die(
        self, release: str, chart: Path, values: Mapping[str, Any], applied: Callable[[], object], deadline: Deadline
    ) -> None:
        """As `upgrade`, but helm is killed while it waits for what it has applied, and leaves it pending.

        Raises as `upgrade` does, and DeadlineExceeded when it had not applied it in time.
        """
        command = ["helm", *self._upgrade(release, chart), "--wait", *self._where]
        run_and_kill(command, applied, deadline, stdin=json.dumps(values), env=self._env)

    def history(self, release: str, deadline: Deadline) -> tuple[Revision, ...]:
        """The revisions of a release, oldest first.

        Raises:
            NotFound: there is no such release.
        """
        printed = self._run(["history", release, "--output=json"], deadline)
        return tuple(
            Revision(number=int(one["revision"]), status=str(one["status"]), description=str(one["description"]))
            for one in _parsed(printed)
        )

    def values(self, release: str, deadline: Deadline, *, revision: int | None = None) -> dict[str, Any]:
        """The values that a revision was made with; the newest when none is named.

        Raises:
            NotFound: there is no such release or revision.
        """
        which = [] if revision is None else [f"--revision={revision}"]
        printed = self._run(["get", "values", release, *which, "--output=json"], deadline)
        found = _parsed(printed)
        return found if isinstance(found, dict) else {}

    def slot_once(self, release: str, slot: Slot, version: str, deadline: Deadline) -> dict[str, Any]:
        """The values of a slot in the newest revision that had a version in it; empty where there is none.

        Raises:
            NotFound: there is no such release.
        """
        for one in reversed(self.history(release, deadline)):
            values = self.values(release, deadline, revision=one.number)
            if version_in(values, slot) == version:
                return dict(values["slots"][str(slot)])
        return {}

    def rollback(self, release: str, revision: int, deadline: Deadline) -> None:
        """Makes a new revision that is as an older one; waits for nothing.

        Raises:
            NotFound: there is no such release or revision.
            ToolFailed: Helm refused.
        """
        self._run(["rollback", release, str(revision), *self._client_side], deadline)

    def uninstall(self, release: str, deadline: Deadline) -> None:
        """Removes a release with all that it made; waits for nothing.

        Raises:
            NotFound: there is no such release.
        """
        self._run(["uninstall", release], deadline)

    def rollback_and_die(self, release: str, revision: int, begun: Callable[[], object], deadline: Deadline) -> None:
        """As `rollback`, but helm is killed once it has begun. Raises likewise."""
        command = ["helm", "rollback", release, str(revision), *self._client_side, "--wait", *self._where]
        run_and_kill(command, begun, deadline, env=self._env)

    def _upgrade(self, release: str, chart: Path) -> list[str]:
        options = ["--install", "--reset-values", "--values=-", f"--history-max={limits.HISTORY}"]
        return ["upgrade", release, str(chart), *options, *self._client_side]

    def _run(self, command: list[str], deadline: Deadline, *, stdin: str | None = None) -> str:
        try:
            return run(["helm", *command, *self._where], deadline.within(limits.HELM), stdin=stdin, env=self._env)
        except ToolFailed as error:
            if any(sign in error.output for sign in _NO_RELEASE):
                raise NotFound(f"Helm has no such release or revision: {error}") from error
            raise


def version() -> Version:
    """The version of the helm on PATH.

    Raises:
        Unavailable: there is none, or it is too old.
    """
    found = version_of("helm", "version", "--short")
    if found < OLDEST:
        raise Unavailable(f"helm {found} is too old; {OLDEST} or newer is needed")
    return found


def _parsed(printed: str) -> Any:
    try:
        return json.loads(printed or "null")
    except ValueError as error:
        raise InternalError(f"helm did not print JSON: {printed[:80]!r}") from error
