"""What the containers of a drill's PostgreSQL are to be: the first server, those that are restored, and the receiver.

The receiver is a container of its own, so that what was acknowledged is kept even when the server's container goes, and
its data with it. Backups are taken and looked at there, too: it has the tools, and outlives every server. Log and
backups lie on volumes, which end with the drill. Passwords are copied in as files that only the server's user reads; no
argument, no environment and no log has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from harness.clock import Deadline
from harness.sandbox.common.limits import RECEIVER_RESTART
from harness.sandbox.common.postgres import (
    HARNESS_ROLE,
    SERVICE_ROLE,
    SLOT,
    receive_options,
    server_settings,
    verifier,
)
from harness.sandbox.kind.containers import CopiedFile, Plan
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.prepared import CLUSTER, DATABASE, prepared, script

PORT: Final = 5432
WAL: Final = "/wal"
ARCHIVE: Final = f"{WAL}/archive"
STREAM: Final = f"{WAL}/stream"
BACKUPS: Final = "/backups"
PASSFILE: Final = "/drill/pgpass"
_ACCESS: Final = b"local all,replication all trust\nhost all,replication all all scram-sha-256\n"
_HBA: Final = CopiedFile("/drill/pg_hba.conf", _ACCESS)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The containers of one drill's database.

    Attributes:
        name: of the drill's sandbox; containers and volumes are named after it.
        database: what the system calls its database.
        network: of the cluster.
        mark: of the drill.
        image: of PostgreSQL.
        password, service_password: of the harness and of the services.
    """

    name: str
    database: str
    network: str
    mark: Mark
    image: str
    password: str = field(repr=False)
    service_password: str = field(repr=False)

    @property
    def volumes(self) -> dict[str, str]:
        """The volumes with the log and with the backups, and where containers have them."""
        return {f"{self.name}-postgres-wal": WAL, f"{self.name}-postgres-backups": BACKUPS}

    def server(self, number: int) -> str:
        """The name of a server's container."""
        return f"{self.name}-postgres" if number == 1 else f"{self.name}-postgres-{number}"

    def settings(self, **own: str) -> bytes:
        """The settings of a server that archives its log, with what is different for one that is restored."""
        text = server_settings(ARCHIVE, **{"listen_addresses": "*", "hba_file": _HBA.path, **own})
        return text.encode()

    def first(self, deadline: Deadline) -> Plan:
        """The server that a drill begins with."""
        own = (
            f"ALTER ROLE \"{HARNESS_ROLE}\" PASSWORD '{verifier(self.password)}'\n"
            f"ALTER ROLE \"{SERVICE_ROLE}\" PASSWORD '{verifier(self.service_password)}'\n"
            f'ALTER DATABASE "{DATABASE}" RENAME TO "{self.database}"\n'
        )
        return Plan(
            image=prepared(self.image, self.mark, deadline),
            name=self.server(1),
            network=self.network,
            labels=self.mark.labels("postgres"),
            entrypoint=("/drill/postgres-server.sh",),
            command=(CLUSTER, ARCHIVE),
            volumes=self.volumes,
            files=(
                script("postgres-server.sh"),
                CopiedFile("/drill/postgresql.auto.conf", self.settings()),
                _HBA,
                CopiedFile("/drill/first.sql", own.encode(), mode=0o600),
            ),
        )

    def restored(self, number: int, backup: str, settings: Mapping[str, str]) -> Plan:
        """A server on a copy of a base backup; it archives nothing before it is told to."""
        own = {"archive_command": "", **settings}
        return Plan(
            image=self.image,
            name=self.server(number),
            network=self.network,
            labels=self.mark.labels("postgres"),
            entrypoint=("/drill/postgres-restored.sh",),
            command=(CLUSTER, backup),
            volumes=self.volumes,
            files=(
                script("postgres-restored.sh"),
                CopiedFile("/drill/postgresql.auto.conf", self.settings(**own)),
                _HBA,
            ),
        )

    def receiver(self) -> Plan:
        """What receives the log of the live server, and has the tools."""
        passfile = f"*:{PORT}:*:{HARNESS_ROLE}:{self.password}\n"
        return Plan(
            image=self.image,
            name=f"{self.name}-receiver",
            network=self.network,
            labels=self.mark.labels("receiver"),
            entrypoint=("/drill/postgres-receiver.sh",),
            command=(BACKUPS, SLOT, str(RECEIVER_RESTART.seconds), *receive_options()),
            volumes=self.volumes,
            files=(
                script("postgres-receiver.sh"),
                CopiedFile("/drill/from", f"{self.server(1)} {STREAM}\n".encode()),
                CopiedFile(PASSFILE, passfile.encode(), mode=0o600),
            ),
        )
