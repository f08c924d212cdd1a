"""The copy of an experiment in a drill's folder, from which its method and its rollbacks are run, each by itself.

So another process can run the rollbacks, when the drill is gone and when the experiment's own file has changed. Nothing
secret is in it: what is secret is named there, and looked up by whoever runs it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError

from harness.clock import Deadline
from harness.errors import CannotCreate, ExperimentFailed, NotFound
from harness.faults.experiments.file import ExperimentFile
from harness.faults.experiments.journal import problems
from harness.journal.chain import sync_folder
from harness.secrecy import masked, masked_values
from harness.system.experiments import ExperimentRan, ExperimentRun, Experiments

FOLDER: Final = "artifacts/experiment"  # of a drill's folder
TAKEN_BACK: Final = "taken-back"  # made by a person who has done by hand what the rollbacks would have done
_EXPERIMENT, _ROLLBACKS, _ORDER = "experiment.json", "rollbacks.json", "order.json"
_RUN: Final = TypeAdapter(ExperimentRun)


@dataclass(frozen=True, slots=True)
class Kept:
    """The copy of one experiment, by its folder."""

    folder: Path

    @classmethod
    def make(
        cls, drill: Path, file: ExperimentFile, root: Path, names: tuple[str, ...], variables: Mapping[str, str]
    ) -> Self:
        """Makes the copy; it is on the disk when this returns.

        Args:
            drill: the drill's folder.
            file: the experiment.
            root: its working folder.
            names: variables of the environment that it gets beside those that it names.
            variables: others, with their values.

        Raises:
            CannotCreate: there is no permission or no room.
        """
        folder = drill / FOLDER
        order = ExperimentRun(
            file=folder / _ROLLBACKS,
            root=root,
            owner=f"{folder}/{_ROLLBACKS}",  # not the method's: what rollbacks start is not ended with what that left
            rollbacks=True,
            names=(*names, *file.names),
            secrets=file.secrets,
            variables=variables,
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / _EXPERIMENT, json.dumps(file.document, indent=2).encode())
            _write(folder / _ROLLBACKS, json.dumps(file.only_rollbacks, indent=2).encode())
            _write(folder / _ORDER, _RUN.dump_json(order))
            for one in (folder, folder.parent, drill):
                sync_folder(one)
        except OSError as error:
            raise CannotCreate(f"{folder}: an experiment's rollbacks cannot be kept: {error.strerror}") from error
        return cls(folder)

    def inject(self, experiments: Experiments, deadline: Deadline) -> None:
        """Runs the method; every activity of it must succeed.

        Raises:
            ExperimentFailed: one did not.
            DeadlineExceeded: it had not ended by then.
        """
        order = replace(self._order(), file=self.folder / _EXPERIMENT, rollbacks=False, owner=str(self.folder))
        ran = experiments.run(order, deadline)
        self._tell("method", ran)
        self._require(problems(ran, "run", len(_read(order.file)["method"])), "the experiment")

    def take_back(self, experiments: Experiments, deadline: Deadline) -> None:
        """Ends what the method has left running, and runs the rollbacks. May be repeated.

        Raises:
            NotFound: the copy is gone.
            ExperimentFailed: a rollback failed.
            DeadlineExceeded: they had not ended by then.
        """
        if (self.folder / TAKEN_BACK).exists():
            return
        experiments.end(str(self.folder), deadline)
        order = self._order()
        rollbacks = _read(order.file)["rollbacks"]
        if not rollbacks:
            return
        ran = experiments.run(order, deadline)
        self._tell("rollbacks", ran)
        self._require(problems(ran, "rollbacks", len(rollbacks)), "the way back of the experiment")

    def _require(self, wrong: list[str], what: str) -> None:
        if wrong:
            raise ExperimentFailed(f"{what} failed: {'; '.join(wrong)}; its journal is in {self.folder}")

    def _order(self) -> ExperimentRun:
        path = self.folder / _ORDER
        try:
            return _RUN.validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise NotFound(f"{path}: it cannot be read how the experiment is run; it was kept there") from error

    def _tell(self, what: str, ran: ExperimentRan) -> None:
        """Keeps the journal and what was printed, without the secrets in them."""
        try:
            journal = json.dumps(masked_values(json.loads(ran.journal)), indent=2)
        except ValueError:
            journal = masked(ran.journal.decode(errors="replace"))
        try:
            (self.folder / f"{what}.journal.json").write_text(journal, encoding="utf-8")
            (self.folder / f"{what}.log").write_text(masked(ran.printed), encoding="utf-8")
        except OSError as error:
            raise CannotCreate(f"{self.folder}: the experiment's journal cannot be kept: {error.strerror}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise NotFound(f"{path}: the experiment cannot be read; it was kept there") from error
    return found


def _write(path: Path, content: bytes) -> None:
    """Writes a file; it is on the disk when this returns."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
