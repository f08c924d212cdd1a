"""The description of a system: drill.toml as pydantic models, one class for each table of the file.

Text fields that name files or commands may hold placeholders: {root} (folder of drill.toml), {python} (the
interpreter that runs the harness), {service}, {version}, {slot}, {host}, {port}, {config} (the release's
configuration, copied for the replica). A request's path and JSON may hold {n} (1 to `cycle`, then again).
Relative paths start at the folder of drill.toml.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from pydantic import (
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from harness.errors import ConfigurationError, UsageError
from harness.system.chaos_model import ChaosToolkitTable, experiment_problems
from harness.system.check_model import AnyCheck, PathCall, TableName, check_problems, path_problems
from harness.system.cluster_model import ClusterTable, KubernetesTable
from harness.system.configuration_model import ConfigurationTable
from harness.system.guards_model import Guards
from harness.system.metrics_model import MetricsTable
from harness.system.monitoring_model import Monitoring
from harness.system.notify_model import Receiver
from harness.system.order import needed_first
from harness.system.placeholders import COMMAND_PLACEHOLDERS, only
from harness.system.request_model import Ledger, Load, Request
from harness.system.rollback_model import RollbackTable
from harness.system.table import Name, Table, UrlPath, Where, problem, unknown_services
from harness.system.trigger_model import TriggerTable, trigger_problems
from harness.units import Duration

FILE_PATTERN: Final = r"\.(toml|json)$"
TAG_PATTERN: Final = r"^[A-Za-z0-9][\w.-]*$"
MOST_REPLICAS: Final = 50
LEAST_DISK, MOST_DISK = 96, 4096  # MB: a new server has 40 with its log, which grows; the disk is of memory


TagName = Annotated[str, Field(pattern=TAG_PATTERN, description="a tag, as it stands behind the @")]


class VersionCheck(Table):
    """How a service says which version it is: a JSON answer with the version in one field."""

    path: UrlPath = "/version"
    field: str = "version"


class Service(Table):
    """One service of the system."""

    critical: bool = Field(default=True, description="an outage of it is an outage of the system")
    command: tuple[str, ...] = Field(min_length=1, description="how one replica is started, for the embedded sandbox")
    env: dict[str, str] = Field(default_factory=dict, description="environment of a replica")
    replicas: dict[Name, Annotated[int, Field(ge=1, le=MOST_REPLICAS)]] = Field(
        default_factory=dict, description="replicas per environment; 1 where nothing is said"
    )
    needs: tuple[Name, ...] = Field(default=(), description="services that go back before this one")
    health: UrlPath = Field(default="/health", description="answers 200 when the replica can serve")
    version: VersionCheck = VersionCheck()
    business: str | None = Field(default=None, min_length=1, description="what it means to people when it goes back")
    probe: Request = Field(description="the business request by which clients are measured")

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> Service:
        only(COMMAND_PLACEHOLDERS, "a command", [*self.command, *self.env.values()])
        return self


class VersionField(Table):
    """A field of a TOML or JSON file that belongs to a release."""

    file: str = Field(pattern=FILE_PATTERN, description="the file, with {version}")
    field: str = Field(min_length=1, description="the key at its top")


class Releases(Table):
    """Where releases are found."""

    path: str = Field(description="folder of one release, with {version}; a release exists when its folder does")
    current: str = Field(description="the release that runs where a scenario names no other")
    config: str | None = Field(default=None, description="folder with one release's configuration, with {version}")
    changelog: str | None = Field(default=None, description="what changed in which release, as Keep a Changelog has it")
    data_format: VersionField | None = Field(default=None, description="in which format a release writes data")
    schema_field: VersionField | None = Field(default=None, alias="schema", description="which schema a release needs")

    @field_validator("path", "config")
    @classmethod
    def _has_a_version(cls, value: str | None) -> str | None:
        if value is not None:
            only(frozenset({"version"}), "a path of releases", [value])
        return value

    @field_validator("schema_field", "data_format")
    @classmethod
    def _file_has_a_version(cls, value: VersionField | None) -> VersionField | None:
        if value is not None:
            only(frozenset({"version"}), "a file of releases", [value.file])
        return value


class DatabaseTable(Table):
    """The database of the system."""

    schema_files: tuple[str, ...] = Field(min_length=1, alias="schema", description="SQL files, run in order")
    env: str = Field(default="DATABASE_URL", description="variable by which a replica learns the connection string")
    version_query: str | None = Field(default=None, description="gives the schema version as one text")
    migrations: str | None = Field(
        default=None, description="folder of <from>_to_<to>.sql and <from>_to_<to>_rollback.sql"
    )
    disk: Annotated[int, Field(ge=LEAST_DISK, le=MOST_DISK)] | None = Field(
        default=None, description="MB of a disk of its own for its files, so that drills can fill it; on embedded"
    )
    tls: bool = Field(default=False, description="services reach it by TLS, and look at its certificate; on embedded")
    tables: tuple[TableName, ...] | None = Field(default=None, min_length=1, description="tables that are always there")

    @model_validator(mode="after")
    def _migrations_need_a_version(self) -> DatabaseTable:
        if self.migrations is not None and self.version_query is None:
            raise ValueError("migrations lead from version to version, so version_query must tell which one there is")
        return self


class Objectives(Table):
    """Recovery objectives that hold where a scenario states no other; a production handbook's values."""

    rto: Duration = Duration.of(s=15 * 60)
    rpo: Duration = Duration.of(s=5 * 60)
    notify: Duration = Duration.of(s=2 * 60)
    validate_: Duration = Field(default=Duration.of(s=5 * 60), alias="validate")


class SystemModel(Table):
    """A system, as drill.toml describes it."""

    name: Name
    environment: Name = "test"
    tags: dict[TagName, str] = Field(default_factory=dict, description="what the tags of its features mean")
    services: dict[Name, Service] = Field(min_length=1)
    releases: Releases
    database: DatabaseTable | None = None
    ledger: Ledger | None = None
    load: tuple[Load, ...] = ()
    checks: tuple[AnyCheck, ...] = ()
    triggers: tuple[TriggerTable, ...] = ()
    business_path: tuple[PathCall, ...] = ()
    kubernetes: KubernetesTable | None = None
    cluster: ClusterTable | None = None
    guards: Guards = Guards()
    rollback: RollbackTable = RollbackTable()
    configuration: ConfigurationTable = ConfigurationTable()
    metrics: MetricsTable = MetricsTable()
    notify: tuple[Receiver, ...] = ()
    monitoring: Monitoring = Monitoring()
    chaostoolkit: ChaosToolkitTable = ChaosToolkitTable()
    objectives: Objectives = Objectives()

    _root: Path = PrivateAttr(default=Path())
    _name: str = PrivateAttr(default="drill.toml")
    _text: str = PrivateAttr(default="")

    @property
    def root(self) -> Path:
        """The folder that relative paths start at."""
        return self._root

    @property
    def file(self) -> Path:
        """The file that describes it."""
        return self._root / self._name

    @property
    def text(self) -> str:
        """What the file said when it was read; empty where no file was."""
        return self._text

    def at(self, root: Path, name: str = "drill.toml", text: str = "") -> SystemModel:
        """This system with its paths starting at `root`, described by the file of that name there, which says that."""
        placed = self.model_copy()
        placed._root = root.resolve()  # noqa: SLF001 - our own class
        placed._name = name  # noqa: SLF001 - likewise
        placed._text = text  # noqa: SLF001 - likewise
        return placed

    @model_validator(mode="after")
    def _references_exist(self) -> SystemModel:
        named: list[tuple[Where, str]] = []
        if self.ledger:
            named.append((("ledger", "service"), self.ledger.service))
        named += [(("load", index, "service"), load.service) for index, load in enumerate(self.load)]
        stops = enumerate(self.guards.stop or ())
        named += [(("guards", "stop", index, "service"), one.service) for index, one in stops if one.service]
        problems: list[InitErrorDetails] = []
        named += [
            (("services", name, "needs", index), needed)
            for name, one in self.services.items()
            for index, needed in enumerate(one.needs)
        ]
        problems += unknown_services(named, self.services) or self._in_a_circle()
        problems += self._told_twice()
        problems += self._no_business()
        if self.ledger and not self.database:
            problems.append(problem(("ledger",), None, "a ledger is read back from a [database], and there is none"))
        if self.database and (told := self.configuration.external_api) == self.database.env:
            where = ("configuration", "external_api")
            problems.append(problem(where, told, f"by {told} services learn their database; expected another variable"))
        problems += check_problems(self.checks, self.services, database=self.database is not None)
        named_checks = [one.name for one in self.checks]
        problems += trigger_problems(self.triggers, named_checks, database=self.database is not None)
        problems += experiment_problems(self.chaostoolkit, self.services)
        problems += path_problems(self.business_path, self.services)
        if problems:
            raise ValidationError.from_exception_data("drill.toml", problems)
        return self

    def _in_a_circle(self) -> list[InitErrorDetails]:
        """Services that need each other can be put into no order."""
        try:
            needed_first({name: one.needs for name, one in self.services.items()})
        except ValueError as error:
            return [problem(("services",), None, str(error))]
        return []

    def _told_twice(self) -> Iterator[InitErrorDetails]:
        """A name means one receiver."""
        names = [one.name for one in self.notify]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield problem(("notify", index, "name"), name, f"another receiver is called {name!r}")

    def _no_business(self) -> Iterator[InitErrorDetails]:
        """Load that only asks how a service is keeps nothing of it busy that its clients use."""
        for index, load in enumerate(self.load):
            service, path = self.services.get(load.service), load.request.path
            if service and path in {service.health, service.version.path} - {service.probe.path}:
                expected = (
                    f"{path} does no work of {load.service}; expected what clients ask, such as {service.probe.path}"
                )
                yield problem(("load", index, "request", "path"), path, expected)

    def replicas(self, service: str) -> int:
        """How many replicas a service has in this environment."""
        return self.services[service].replicas.get(self.environment, 1)

    def release_path(self, version: str) -> Path:
        """The folder of a release, whether it exists or not."""
        return self.root / self.releases.path.format(version=version)

    def image(self, service: str, version: str) -> str:
        """The image of a release of a service.

        Raises:
            ConfigurationError: drill.toml does not say how the system runs on a cluster.
        """
        return self.on_kubernetes.image.format(service=service, version=version)

    @property
    def on_cluster(self) -> ClusterTable:
        """Where the system runs already, on a cluster that is not the drill's own.

        Raises:
            UsageError: drill.toml does not say.
        """
        if self.cluster is None:
            raise UsageError(
                f"{self.file}: there is no [cluster] table, which names context, namespace and host of "
                "a system that runs already"
            )
        return self.cluster

    @property
    def on_kubernetes(self) -> KubernetesTable:
        """How the system runs on a cluster.

        Raises:
            ConfigurationError: drill.toml does not say.
        """
        if self.kubernetes is None:
            raise ConfigurationError(
                f"{self.file}: {self.name} has no [kubernetes] table, so it cannot run on a cluster; "
                "it names the chart and the images"
            )
        return self.kubernetes

    def config_path(self, version: str) -> Path | None:
        """The folder with a release's configuration, or None when releases have none."""
        template = self.releases.config
        return None if template is None else self.root / template.format(version=version)
