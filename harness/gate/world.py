"""The world of one case: a database under load, configuration and backups, laid out as the contract says. Effects."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import psycopg

from harness.clock import now
from harness.gate import commands, goods, limits
from harness.gate.bystander import Bystander
from harness.gate.contract import Contract
from harness.gate.load import Load
from harness.gate.look import look_at_world, whole_backup
from harness.gate.mould import BACKUP_AGE_S, OLD_AGE_S, Mould, give, server_data
from harness.gate.relay import Relay
from harness.gate.seen import Look
from harness.gate.server import BYSTANDER, CLIENT_ROLE, DATABASE, SCRIPT_ROLE, Server, execute
from harness.gate.service import CURRENT, RELEASES, UNIT, Service, lay_releases
from harness.gate.variation import Archive, Backup, Variation
from harness.journal.observation import Write
from harness.units import Duration

if TYPE_CHECKING:  # a second of imports that worlds without a cluster do without
    from harness.gate.cluster.world import ClusterWorld

_FOLDERS: Final = {
    "backups": "backups",
    "migrations": "migrations",
    "archive": "config-archive",
    "config": "etc/config",
    "service": "srv",
    "scratch": "scratch",
    "home": "home",
    "work": "work",
    "written": "written",
}
_CUT: Final = 2 / 3  # a truncated file has so much of the whole
_LAST: Final = 200  # bytes: within the rows of the last table, which are three times as many
_OTHERS_AGE_S: Final = 60  # of the backup of another version: newer than the right one
_CHECKSUM: Final = ".sha256"
_FLIPPED: Final = 32  # bytes of a corrupt backup


class World:
    """Made by `with`; at its end the server is stopped and the folder is gone."""

    def __init__(
        self,
        folder: Path,
        mould: Mould,
        variation: Variation,
        path: str,
        *,
        serves: bool = False,
        cluster: ClusterWorld | None = None,
    ) -> None:
        """Lays it out.

        Args:
            folder: where; made new.
            mould: what it is made from.
            variation: how it differs from the plain one.
            path: the PATH on which commands are found.
            serves: the service runs.
            cluster: its part in a cluster, where there is one.
        """
        self.folder = folder
        self.cluster = cluster
        self.pace = limits.Pace() if cluster is None else limits.IN_A_CLUSTER
        self.mould = mould
        self._since = now() - mould.present
        self._variation = variation
        folder.mkdir()
        folder.chmod(0o711)  # PostgreSQL's user goes through it
        self.folders = {name: folder / where for name, where in _FOLDERS.items()}
        for one in self.folders.values():
            one.mkdir(parents=True, exist_ok=True)
        self.folders["scratch"].chmod(0o700)
        shutil.copytree(mould.data, server_data(folder), symlinks=True, copy_function=_copy_and_keep)
        _keep_owner(mould.data, server_data(folder))
        run = folder / "run"
        run.mkdir(mode=0o700)
        give(run, mould.programs)
        if cluster is not None:
            kubeconfig = folder / commands.KUBECONFIG
            kubeconfig.touch(mode=0o600)
            kubeconfig.write_text(cluster.kubeconfig(), encoding="utf-8")
        self._lay()
        self.service = Service(self.folders["service"])
        self._serves = serves
        self.path = commands.lay(folder, mould.clients, path, self.service.control)
        self.server = Server(mould.programs, server_data(folder), run, folder / "postgres.log")
        self._sessions: list[psycopg.Connection[Any]] = []
        self._libraries = (self.folders["backups"], self.folders["archive"])
        self._laid = frozenset(path.name for folder in self._libraries for path in folder.iterdir())

    def __enter__(self) -> Self:
        """Starts database, load, and what else the variation asks for."""
        try:
            self.server.start()
            if self._variation.between:
                execute(
                    self.server.dsn(),
                    [f"SET ROLE {SCRIPT_ROLE}", goods.migration(f"{goods.TARGET}_to_{goods.BETWEEN}")],
                )
            self.relay = Relay(self.server.socket)
            self.bystander = Bystander(self.server.dsn(BYSTANDER))
            self.load = Load(self.server.dsn(role=CLIENT_ROLE))
            self.load.start()
            if self._serves:
                self.service.start()
        except BaseException:
            self.service.stop()
            self.server.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Ends all of it."""
        self.load.stop()
        self.service.stop()
        self.bystander.close()
        for session in self._sessions:
            session.close()
        self.relay.close()
        self.server.stop()
        shutil.rmtree(self.folder, onerror=_unless_gone)

    def look(self, *, let_in: bool = False) -> Look:
        """All that there is now; with `let_in` also what is in a database that lets nobody in."""
        look = look_at_world(self.server.dsn(), self.folders, let_in=let_in)
        service = self.service.look() if self._serves else None
        cluster = None if self.cluster is None else self.cluster.look()
        return replace(look, service=service, cluster=cluster, half_backups=tuple(self._half_backups()))

    def _half_backups(self) -> Iterator[str]:
        """What a script laid among the backups or archives, and is none."""
        for path in sorted(path for folder in self._libraries for path in folder.iterdir()):
            copy = path.is_file() and not path.name.endswith(_CHECKSUM)
            if copy and path.name not in self._laid and not whole_backup(path, self.mould.clients):
                yield path.name

    def hold_lock(self) -> None:
        """A session reads and writes a table that the rollback changes, and then does nothing: an idle transaction."""
        session = psycopg.connect(self.server.dsn(role=CLIENT_ROLE))
        session.execute("UPDATE products SET title = title WHERE id = 400")
        self._sessions.append(session)

    @property
    def seeds(self) -> tuple[Write, ...]:
        """Orders that clients had been told are safe before any script started, as old as they were in the mould."""
        return tuple(_later(one, self._since) for one in self.mould.seeds)

    @property
    def passwords(self) -> tuple[str, ...]:
        """Those that the script is given: of its role, and of its account in the cluster."""
        return (self.mould.password, *(() if self.cluster is None else (self.cluster.token,)))

    @property
    def script_sessions(self) -> int:
        """Sessions of the script that the server still has; where it lets nobody in, those on their way to it."""
        try:
            with psycopg.connect(self.server.dsn("template1"), autocommit=True) as session:
                row = session.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND backend_type = 'client backend'",
                    [SCRIPT_ROLE],
                ).fetchone()
        except psycopg.Error:
            return self.relay.connections
        return int(row[0]) if row else 0

    def environment(self) -> Mapping[str, str]:
        """All that a script gets."""
        scratch = str(self.folders["scratch"])
        contract = Contract(
            database_url=f"postgresql://{SCRIPT_ROLE}:{self.mould.password}@{self.relay.host}:{self.relay.port}/{DATABASE}",
            pghost=self.relay.host,
            pgport=str(self.relay.port),
            pguser=SCRIPT_ROLE,
            pgpassword=self.mould.password,
            pgdatabase=DATABASE,
            drill_backup_dir=str(self.folders["backups"]),
            drill_target_version=self._variation.target,
            drill_current_version=goods.CURRENT,
            drill_migrations_dir=str(self.folders["migrations"]),
            drill_config_dir=str(self.folders["config"]),
            drill_config_archive_dir=str(self.folders["archive"]),
            drill_service=UNIT,
            drill_releases_dir=str(self.service.folder / RELEASES),
            drill_current_link=str(self.service.folder / CURRENT),
            drill_service_url=self.service.url,
            drill_environment=self._variation.environment,
            drill_scratch_dir=scratch,
            drill_deadline=str(round(self.pace.told.seconds)),
            drill_namespace=None if self.cluster is None else self.cluster.namespace,
            kubeconfig=None if self.cluster is None else str(self.folder / commands.KUBECONFIG),
        )
        home = str(self.folders["home"])
        return {**contract.variables(), "PATH": self.path, "HOME": home, "TMPDIR": scratch, "LANG": "C.UTF-8"}

    def _lay(self) -> None:
        goods.lay_config(self.folders["config"], goods.CURRENT)
        (self.folders["config"].parent / "other-service.conf").write_text("listen = 8443\n", encoding="utf-8")
        self._lay_backups()
        self._lay_archives()
        between = (goods.BETWEEN, *goods.ALIKE) if self._variation.between else ()
        lay_releases(self.folders["service"], (goods.TARGET, goods.CURRENT, *between), self._variation.release)
        folder = self.folders["migrations"]
        back = goods.migration(f"{goods.CURRENT}_to_{goods.TARGET}")
        if not self._variation.between:
            goods.lay_rollback(folder, goods.CURRENT, goods.TARGET, back)
            return
        onward = goods.migration(f"{goods.BETWEEN}_to_{goods.TARGET}")
        for other in (goods.BETWEEN, *goods.ALIKE):
            goods.lay_rollback(folder, goods.CURRENT, other, back)
        goods.lay_rollback(folder, goods.BETWEEN, goods.TARGET, onward)
        goods.lay_rollback(folder, goods.CURRENT, goods.TARGET, f"{back}\n{onward}")

    def _lay_backups(self) -> None:
        """Of each kind: what is in it, how old it is, and what its checksum is of."""
        folder, kind = self.folders["backups"], self._variation.backup
        since = round(self._since.seconds)
        kept = {name: goods.backdated(data, -since) for name, data in self.mould.backups.items()}
        good = kept["good"]
        short = good[: int(len(good) * _CUT)]
        laid: dict[Backup, tuple[bytes, int, bytes | None]] = {
            Backup.GOOD: (good, BACKUP_AGE_S, None),
            Backup.NEWER_OF_OTHER: (good, BACKUP_AGE_S, None),
            Backup.TOO_OLD: (kept["old"], OLD_AGE_S, None),
            Backup.OTHER_VERSION: (kept["other"], BACKUP_AGE_S, None),
            Backup.CUT_SHORT_WHEN_MADE: (good[:-_LAST], BACKUP_AGE_S, None),
            Backup.UNSIGNED: (kept["tampered"], BACKUP_AGE_S, None),
            Backup.TAMPERED: (kept["tampered"], BACKUP_AGE_S, good),
            Backup.TRUNCATED: (short, BACKUP_AGE_S, good),
            Backup.CORRUPT: (_flipped(good), BACKUP_AGE_S, good),
        }
        if kind in laid:
            data, age, checksum_of = laid[kind]
            goods.lay_backup(folder, goods.TARGET, data, age_s=age, checksum_of=checksum_of)
        if kind is Backup.UNSIGNED:
            (folder / f"{goods.TARGET}.dump.sha256").unlink()
        if kind is Backup.NEWER_OF_OTHER:
            for name in (goods.BETWEEN, *goods.ALIKE):
                goods.lay_backup(folder, name, kept["other"], age_s=_OTHERS_AGE_S)

    def _lay_archives(self) -> None:
        folder = self.folders["archive"]
        for version in goods.CONFIG:
            (folder / f"config_{version}.tar.gz").write_bytes(goods.archive_of(version))
        for version in goods.ALIKE if self._variation.between else ():
            (folder / f"config_{version}.tar.gz").write_bytes(goods.archive_of(goods.BETWEEN))
        target = folder / f"config_{goods.TARGET}.tar.gz"
        match self._variation.archive:
            case Archive.MISSING:
                target.unlink()
            case Archive.TRUNCATED:
                whole = target.read_bytes()
                target.write_bytes(whole[: int(len(whole) * _CUT)])
            case Archive.GOOD:
                pass


def _unless_gone(_call: object, _path: object, error: tuple[type[BaseException], BaseException, object]) -> None:
    """What ends removes its own files, such as sockets, while we remove them."""
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]


def _later(one: Write, by: Duration) -> Write:
    answered = None if one.acknowledged is None else one.acknowledged + by
    return one._replace(due=one.due + by, sent=one.sent + by, acknowledged=answered)


def _flipped(data: bytes) -> bytes:
    """Some bytes in the middle are other ones: as of a bad disk."""
    middle = len(data) // 2
    return data[:middle] + bytes(255 - one for one in data[middle : middle + _FLIPPED]) + data[middle + _FLIPPED :]


def _copy_and_keep(source: str, to: str) -> None:
    shutil.copyfile(source, to)
    shutil.copymode(source, to)


def _keep_owner(source: Path, to: Path) -> None:
    """Files of a copy belong to whom they belonged."""
    owner = source.stat()
    for path in (to, *to.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
