"""A fault that is an experiment of Chaos Toolkit: its method injects, its rollbacks are the undo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.clock import Deadline
from harness.errors import InputError, InternalError
from harness.faults.effect import any_bad_answers, bad_answers, slow_answers
from harness.faults.experiments.file import ExperimentFile
from harness.faults.experiments.kept import Kept
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import RunRollbacks, Undo
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.values import Replica


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment that drill.toml allows.

    `service` is the one whose clients feel it, None where it is the database's; `slower` by what factor its answers
    take longer, None where they are bad; `names` are variables that it gets beside those that it names itself.
    """

    file: ExperimentFile
    root: Path
    service: str | None = None
    slower: float | None = None
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: SystemModel, name: str) -> Self:
        """The experiment of a name.

        Raises:
            InputError: drill.toml does not allow it, or it is none that a drill can run and take back.
            NotFound: there is no such file.
        """
        table = model.chaostoolkit
        allowed = table.find(name)
        if allowed is None:
            raise InputError(
                f"drill.toml does not allow the experiment {name}: no guard sees what one breaks, so only those that "
                f"are listed are run; add [[chaostoolkit.experiments]] with file = {json.dumps(name)} if you mean it"
            )
        return cls(ExperimentFile.read(model.root, name), model.root, allowed.service, allowed.slower, table.env)

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the experiment {self.file.name} is run"

    @property
    def effect(self) -> str:
        """What clients should see."""
        if self.slower is not None:
            return f"clients wait longer for answers of {self.service}"
        return f"clients get bad answers from {self.service or 'a service that it disturbs'}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Its rollbacks, of which a copy is kept in the drill's folder; nothing is run."""
        if scene.folder is None:
            raise InternalError("there is no folder to keep the rollbacks of an experiment in")
        kept = Kept.make(scene.folder, self.file, self.root, self.names, variables_of(scene.system))
        return (RunRollbacks(experiment=self.file.name, digest=self.file.digest, folder=str(kept.folder)),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Runs its method."""
        Kept(Path(only(undo, RunRollbacks).folder)).inject(scene.system.experiments, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica] | None:
        """Every replica of the service that it is said to break: which ones it chooses is not known."""
        return None if self.service is None else serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """What drill.toml says of it: bad answers, or slow ones."""
        if self.service is None:
            return any_bad_answers(scene)
        if self.slower is not None:
            return slow_answers(scene, self.service, self.slower)
        return bad_answers(scene, self.service)


def variables_of(system: System) -> dict[str, str]:
    """What tells an experiment where the system is.

    DRILL_ADDRESS_<SERVICE> is where clients reach a service, DRILL_REPLICAS_<SERVICE> names the replicas of the slot
    that serves, with spaces between: process ids on this machine, pods on a cluster.
    """
    found = dict(system.experiments.variables)
    for service in system.services:
        name = service.upper().replace("-", "_")
        replicas = system.workloads.replicas(service, system.router.active(service))
        found[f"DRILL_ADDRESS_{name}"] = system.router.address(service).url
        found[f"DRILL_REPLICAS_{name}"] = " ".join(one.identity.partition("@")[0] for one in replicas)
    return found
