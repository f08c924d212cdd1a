"""What must be known to take a drill back from another process: the drill, its sandbox, where its journal lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict

from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.system.model import SystemModel


def _possible(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("no path has a zero byte")
    return path


PossiblePath = Annotated[Path, AfterValidator(_possible)]
"""What the kernel takes as a path: a damaged note may name something else."""


class Sketch(BaseModel):
    """What is read of an order of any version: whose it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    drill: Process
    run_id: str = ""
    slug: str = ""
    name: str = ""
    folder: PossiblePath = Path()
    sandbox: str = ""
    sandbox_id: str = ""


class Order(BaseModel):
    """One drill, written down before there is anything of it: order.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drill: Process
    run_id: str
    slug: str
    name: str
    folder: PossiblePath
    sandbox: str
    sandbox_id: str
    root: PossiblePath
    model: SystemModel
    state_dir: PossiblePath
    kubeconfig: PossiblePath
    cluster: str
    registry_port: int

    @classmethod
    def of(cls, settings: Settings, model: SystemModel, **drill: object) -> Self:
        """An order from the settings and the system of a drill, and what names the drill and its sandbox."""
        return cls.model_validate(
            {
                **drill,
                "root": model.root,
                "model": model,
                "state_dir": settings.state_dir.absolute(),
                "kubeconfig": settings.kubeconfig.absolute(),
                "cluster": settings.cluster,
                "registry_port": settings.registry_port,
            }
        )

    @property
    def system(self) -> SystemModel:
        """The model with its paths in place."""
        return self.model.at(self.root)

    @property
    def settings(self) -> Settings:
        """The settings of the drill, as far as they say where things are."""
        return Settings(
            state_dir=self.state_dir,
            kubeconfig=self.kubeconfig,
            cluster=self.cluster,
            registry_port=self.registry_port,
        )
