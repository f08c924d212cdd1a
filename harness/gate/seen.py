"""What was seen of a world and of a script: frozen values that the judgement reads. Imports only values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from harness.gate.calls import Call
from harness.gate.changes import FileChange
from harness.gate.relay import Statement
from harness.journal.observation import Row, Write
from harness.units import Duration, Instant


class Subject(StrEnum):
    """What a script rolls back."""

    DATABASE = "database"
    CONFIGURATION = "configuration"
    SERVICE = "service"
    CLUSTER = "cluster"


class Method(StrEnum):
    """How the database came to its target: which rows must be there depends on it."""

    MIGRATED = "migrated"  # what was written after the backup is there
    RESTORED = "restored"  # none of it is


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file: its content as a digest or, of a link, where it leads; its permission bits, and whose it is."""

    content: str
    mode: int
    owner: str = ""
    """User and group by their numbers."""
    written_ns: int = 0
    """When it was last written to; only of what was given, whose age tells."""


class Place(NamedTuple):
    """Where a file or folder lies on its disk, and when it was changed there: what was put back shows."""

    mode: int
    """With what it is."""
    inode: int
    changed_ns: int
    filled_ns: int = 0
    """When something was last put into a folder, or taken out of it."""


Files = Mapping[str, FileSeen]
"""By path, relative to the folder that was looked at."""


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """One database: objects by what they are called, rows of each table, the newest version record."""

    objects: Mapping[str, str]
    rows: Mapping[str, frozenset[str]]
    version: str | None
    orders: tuple[Row, ...] = ()
    exhausted: tuple[str, ...] = ()
    """Sequences that will give numbers that are taken already."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """All of its record: each version, and when it came."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Of each order, by its reference, what else a row keeps: its id and when it was placed."""


@dataclass(frozen=True, slots=True)
class OtherSeen:
    """Another database."""

    database: DatabaseSeen | None
    """None when nobody gets in."""
    flags: Mapping[str, str] = field(default_factory=dict)
    """What is switched on it as a whole: limits of connections, owner, rights, settings."""


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """The service: its release by the link and by what it answers, and what lies in its folders."""

    leads_to: str
    """The release to which the link to the current one leads; empty where there is none."""
    version: str
    """The one that answers and is healthy; empty where none does."""
    releases: Files
    beside: tuple[str, ...] = ()
    """What else lies in its folder."""
    foreign: tuple[str, ...] = ()
    """What was asked for with other services."""


@dataclass(frozen=True, slots=True)
class ClusterSeen:
    """The namespace of a world in a cluster."""

    version: str
    """The release that clients are served by; empty where none answers."""
    slot: str
    """The one that the Service leads to; empty where that is none of ours."""
    releases: Mapping[str, str]
    """The version of each Deployment of the service, by the Deployment's name."""
    objects: Mapping[str, str]
    """All objects by kind and name, as JSON without what Kubernetes keeps there for itself.

    Those of the service are told without their version and slot, which a rollback may change.
    """
    marks: Mapping[str, str]
    """By the same names what becomes other whenever an object is written to."""
    history: Mapping[str, str]
    """The state of each revision of the Helm release, by its number."""
    unfinished: str = ""
    """The Deployment that serves, where its rollout had not ended when the script had."""
    elsewhere: tuple[str, ...] = ()
    """What the script asked for in other namespaces, or of the whole cluster."""


@dataclass(frozen=True, slots=True)
class Look:
    """A whole world at one instant."""

    at: Instant
    database: DatabaseSeen | None
    """The database that clients use; None when nobody gets in, and `closed` says why."""
    closed: str
    flags: Mapping[str, str]
    """What is switched on the database as a whole: limits of connections, read only, settings."""
    others: Mapping[str, OtherSeen]
    """The other databases."""
    server: Mapping[str, str]
    """Roles, settings of the server, tablespaces."""
    prepared: tuple[str, ...]
    config: Files
    beside_config: Mapping[str, Files]
    """Folders and files that lie where the configuration does."""
    given: Files
    """What a script only reads: backups, migrations, archives, and the folders themselves."""
    scratch: Files
    home: Files
    half_backups: tuple[str, ...] = ()
    """What a script laid among the backups, and is none."""
    service: ServiceSeen | None = None
    """None where none runs: the script is not about it."""
    around: Files = field(default_factory=dict)
    """What lies beside all those folders, and the programs on the script's PATH that are the gate's."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Of the folder of the configuration, and of all that is in it."""
    cluster: ClusterSeen | None = None
    """None where there is no cluster."""


class Probe(NamedTuple):
    """One request of a client: of the release that is there, or of the target."""

    at: Instant
    good_current: bool
    good_target: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended."""

    started: Instant
    ended: Instant
    code: int | None
    """None when it was still running at its deadline."""
    output: str
    left: tuple[str, ...] = ()
    """Processes that it left running."""
    sessions: int = 0
    """Sessions in the database that it left open."""
    outside: tuple[str, ...] = ()
    """Files that it wrote outside the folders that it was given."""
    empty: frozenset[str] = frozenset()
    """Those of them that have nothing in them."""
    printed: bool = False
    """A secret stands in what it said, of which `output` may be only the end."""
    written: tuple[str, ...] = ()
    """Those of its files, wherever they lie, that hold the password, and logs that hold any secret."""
    killed: bool = False
    """The gate ended it on purpose."""

    @property
    def took(self) -> Duration:
        """From start to end."""
        return self.ended - self.started

    @property
    def said_done(self) -> bool:
        """It says that it rolled back."""
        return self.code == 0


@dataclass(frozen=True, slots=True)
class Reference:
    """What the target looks like, however it is reached, and what the backup held."""

    version: str
    objects: Mapping[str, str]
    rows: Mapping[Method, Mapping[str, frozenset[str]]]
    config: Files
    late: frozenset[str]
    """References of the orders that came after the backup."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """All of the target's record: each version, and when it came."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything of one case: what was there, what the script did, and what clients lived through."""

    before: Look
    runs: tuple[Ended, ...]
    after: Look
    between: Look | None
    """After the first run, where there is a second one."""
    writes: tuple[Write, ...]
    probes: tuple[Probe, ...]
    service_probes: tuple[Probe, ...]
    """Likewise, of the service."""
    statements: tuple[Statement, ...]
    commands: tuple[str, ...]
    changes: tuple[FileChange, ...]
    """To the files of the configuration and what lies beside it; none where the kernel does not tell."""
    reference: Reference
    bystander_lives: bool
    seeds: int
    """How many of the writes, the first ones, are older than the load."""
    connected: bool = False
    """The script used its way to the database."""
    cluster_probes: tuple[Probe, ...] = ()
    """Likewise, of the service in the cluster."""
    calls: tuple[Call, ...] = ()
    """What the first run asked the cluster's API for."""
    no_effect: str = ""
    """Why the case's own hardship did not come about; empty when it did."""

    @property
    def last(self) -> Ended:
        """The run that counts."""
        return self.runs[-1]
