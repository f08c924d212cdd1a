"""The tables of drill.toml that are about Kubernetes: how the system runs there, and where."""

from __future__ import annotations

from pydantic import Field, field_validator

from harness.system.placeholders import only, placeholders
from harness.system.table import Name, Table


class KubernetesTable(Table):
    """How the system runs on a cluster: its chart and its images. The chart's values are described in docs/kind.md."""

    chart: str = Field(description="folder of the Helm chart; each service is a Helm release of it")
    image: str = Field(description="image of a release, with {version} and, if they differ, {service}")
    port: int = Field(default=8080, ge=1, le=65535, description="port that a service listens on in its container")

    @field_validator("image")
    @classmethod
    def _has_a_version(cls, value: str) -> str:
        only(frozenset({"version", "service"}), "an image", [value])
        if "version" not in placeholders(value):
            raise ValueError("an image must bear the {version} of its release, or every release would be the same")
        return value


class ClusterTable(Table):
    """A system that runs already, in a namespace of a cluster of yours: the sandbox 'cluster'."""

    context: str = Field(description="context of your kubeconfig")
    namespace: Name = Field(description="where the system's Helm releases are")
    host: str = Field(description="address of a node, at which NodePorts are reached")
    install: bool = Field(
        default=False,
        description="drills may also install, delete, scale and replace what they did not make: needed for releases",
    )
    dsn_file: str | None = Field(default=None, description="file with the database's connection string for the harness")
    agent_image: str | None = Field(
        default=None,
        description="image of what drills run beside the system: proxies that hold answers back, and a pod that gives "
        "the namespace back where the drill's machine is lost",
    )
