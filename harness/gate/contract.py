"""The contract between the gate and a script: what the script is given, by name. Imports only pydantic.

docs/gate.md tells it to people; reports/schema/gate-contract.schema.json to programs.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

VERSION: Final = "1"
"""Of the contract. A variable is added under the same version; one that changes its meaning makes a new one."""


class Contract(BaseModel):
    """The environment of a script, version 1. Beside it there are only PATH, HOME, TMPDIR and LANG.

    Exit code 0 says "rolled back", anything else "not". There is no standard input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=str.upper, populate_by_name=True)

    database_url: str = Field(description="address of the database, with user and password")
    pghost: str = Field(description="the same in parts, as libpq reads them")
    pgport: str
    pguser: str = Field(description="may create and drop databases and end sessions of others")
    pgpassword: str
    pgdatabase: str = Field(description="the database that clients use, before and after")
    drill_backup_dir: str = Field(
        description="folder of <version>.dump (pg_dump -Fc), each with <version>.dump.sha256; there may be others"
    )
    drill_target_version: str = Field(description="the version to go back to")
    drill_current_version: str = Field(description="the version that is there now")
    drill_migrations_dir: str = Field(
        description="folder of <from>_to_<to>_rollback.sql; each takes its row out of schema_migrations itself"
    )
    drill_config_dir: str = Field(description="folder of the configuration that is in use")
    drill_config_archive_dir: str = Field(
        description="folder of config_<version>.tar.gz, whose entries lie at the root of the archive"
    )
    drill_service: str = Field(
        description="name of the service: systemctl start, stop, restart and is-active know it; likewise in a cluster"
    )
    drill_releases_dir: str = Field(description="folder of the service's releases, each a folder by its version")
    drill_current_link: str = Field(
        description="the link to the release that the service starts from; a release is live once it was restarted"
    )
    drill_service_url: str = Field(
        description="where the service answers: /health with 200, or 503, and with its version as JSON"
    )
    drill_environment: str = Field(description="'production' asks for a confirmation of the script's own kind")
    drill_scratch_dir: str = Field(
        description="a folder for the script's own files, empty at the first run; TMPDIR is the same"
    )
    drill_deadline: str = Field(description="whole seconds from the start by which the script must have ended")
    drill_namespace: str | None = Field(None, description="Kubernetes namespace; only where there is a cluster")
    kubeconfig: str | None = Field(None, description="how to reach the cluster; only where there is one")

    def variables(self) -> dict[str, str]:
        """The variables as a process gets them."""
        return {name: value for name, value in self.model_dump(by_alias=True).items() if value is not None}
