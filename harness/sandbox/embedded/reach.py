"""How far the log leads from a base backup: looked at before a restore, and cut for drills.

Belongs to the daemon's event loop.
"""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from itertools import pairwise
from typing import Final

from harness.clock import Deadline, utc_now
from harness.errors import WillNotWork
from harness.sandbox.embedded import segments
from harness.sandbox.embedded.backups import Backups
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.server_admin import ServerAdmin
from harness.sandbox.embedded.spoiling import Spoiling
from harness.sandbox.embedded.wal import WalStream
from harness.system.restoring import Backup, Point, PointKind

CUT_OFF: Final = "cut off from its log"
_NEVER: Final = 1 << 62  # a segment that no log comes to
_CUT: Final = ".cut"
_SPARE: Final = 64 * 1024 * 1024  # bytes for the log that a restore replays and writes itself


class Reach:
    """What the log of one server leads to."""

    def __init__(self, postgres: Postgres, wal: WalStream, backups: Backups, admin: ServerAdmin) -> None:
        self._postgres, self._wal, self._backups, self._admin = postgres, wal, backups, admin
        self._spoiling = Spoiling(backups)

    async def find(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """See the port."""
        if why := await self._broken_way(backup):
            return why
        if point.at is not None:
            if point.at < backup.taken:
                return f"{backup.name} was only complete at {backup.taken.isoformat()}, after {point.value}"
            return f"{point.value} is still to come" if point.at > utc_now() else ""
        if point.kind is PointKind.END:
            return ""
        if point.kind is PointKind.LSN:
            reached = await self._admin.has_written(point.value) if self._admin.running else True
            return "" if reached else f"the log does not reach {point.value}"
        return await self._find_in_log(backup, point, deadline)

    async def _broken_way(self, backup: Backup) -> str:
        """Why the log does not lead from a backup to what is live, or was when it was lost."""
        live = self._admin.timeline
        way = segments.way_to(live, self._history(live))
        left = {timeline: until for (timeline, _), (_, until) in pairwise([*way, (live, _NEVER)])}
        first = segments.number(backup.first_wal)
        if first is None or first >= left.get(backup.first_wal[:8], -1):
            return f"{backup.name} is of a past that was taken back: the log of what is live does not lead from it"
        kept = segments.in_folders((self._postgres.archive, *self._wal.folders))
        last = await self._admin.current() if self._admin.running else None
        missing = segments.gap(backup.first_wal, kept, None if last is None else last - 1, way)
        return f"the log has a gap: {missing} is neither in the archive nor in the stream" if missing else ""

    def _history(self, timeline: str) -> str:
        """What tells from which timelines one comes; empty for the first."""
        for folder in (self._postgres.archive, *reversed(self._wal.folders), self._postgres.data / "pg_wal"):
            file = folder / f"{timeline}.history"
            if file.exists():
                return file.read_text(encoding="utf-8")
        return ""

    async def _find_in_log(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """Reads the log for a named point or a transaction."""
        folder = self._postgres.own(self._postgres.folder / f"log-{secrets.token_hex(4)}")
        try:
            # The server's own files first: what is received of the last one may be a moment behind.
            for source in (self._postgres.data / "pg_wal", self._postgres.archive, *reversed(self._wal.folders)):
                for file in source.iterdir() if source.is_dir() else ():
                    link = folder / file.name.removesuffix(".partial")
                    if segments.number(file.name) is not None and not link.exists():
                        link.symlink_to(file)
            what = {
                PointKind.NAME: ("--rmgr=XLOG",),
                PointKind.TRANSACTION: (f"--xid={point.value}", "--rmgr=Transaction"),
            }[point.kind]
            said = ""
            for first, last in segments.stretches(backup.first_wal, [one.name for one in folder.iterdir()]):
                said += await self._said("pg_waldump", *what, f"--path={folder}", first, last, deadline=deadline)
        finally:
            shutil.rmtree(folder)
        if point.kind is PointKind.NAME:
            known = f"desc: RESTORE_POINT {point.value}\n" in said
            return "" if known else f"the log has no restore point {point.value!r}"
        return "" if "desc: COMMIT" in said else f"the log has no commit of transaction {point.value}"

    def room(self, backup: Backup) -> tuple[int, int]:
        """See the port."""
        return backup.needs + _SPARE, shutil.disk_usage(self._postgres.folder).free

    def spoil(self, backup: Backup, how: str) -> None:
        """See the port. Without its log a base backup leads nowhere."""
        if how != CUT_OFF:
            self._spoiling.spoil(backup, how)
            return
        for folder in (self._postgres.archive, *self._wal.folders):
            for file in folder.glob(f"{backup.first_wal}*"):
                if not file.name.endswith(_CUT):
                    file.rename(file.with_name(f"{file.name}{_CUT}"))

    def mend(self, name: str) -> None:
        """See the port."""
        self._spoiling.mend(name)
        for folder in (self._postgres.archive, *self._wal.folders):
            for file in folder.glob(f"*{_CUT}"):
                file.rename(file.with_name(file.name.removesuffix(_CUT)))

    async def _said(self, program: str, *arguments: str, deadline: Deadline) -> str:
        """What a tool says, which here is not for a log."""
        log = self._postgres.logs / f"{program}.log"
        log.write_bytes(b"")  # only what this call says
        with suppress(WillNotWork):  # the log ends in the middle of a segment, which it says after all that it found
            await self._backups.run(program, *arguments, deadline=deadline)
        said = log.read_text(encoding="utf-8", errors="replace")
        log.write_bytes(b"")
        return said
