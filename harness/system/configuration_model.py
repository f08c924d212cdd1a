"""The table of drill.toml that says what a configuration consists of, and where earlier ones are found."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.system.pointer import Pointer
from harness.system.table import Table


class Connection(Table):
    """An address that services get from their configuration, with the credential in it."""

    name: str = Field(min_length=1, description="what it leads to, for people")
    file: str = Field(min_length=1, description="the file of the configuration that holds it")
    key: Pointer = Field(description="where in the file it stands")
    critical: bool = Field(default=True, description="a configuration with which it cannot be reached is refused")


class ConfigurationTable(Table):
    """What a configuration must hold, what it must reach, and where earlier ones are found."""

    archives: str | None = Field(default=None, description="folder of config_<version>.tar.gz")
    repository: str | None = Field(default=None, description="git repository whose tags hold the configuration")
    path: str = Field(default="", pattern=r"^[^:]*$", description="folder of the configuration in the repository")
    objects: tuple[str, ...] = Field(default=(), description="files that every service is given, with {service}")
    external_api: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | None = Field(
        default=None, description="variable by which a replica learns the address of an external API; on embedded"
    )
    connections: tuple[Connection, ...] = Field(default=(), description="what services reach by their configuration")
