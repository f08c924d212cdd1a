"""How far the log leads from a base backup: looked at before a restore, and cut for drills.

Knows the server and its log by `place.py` alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from harness.clock import Deadline, utc_now
from harness.errors import NotFound
from harness.sandbox.common import segments
from harness.sandbox.common.backups import Backups
from harness.sandbox.common.place import Place
from harness.sandbox.common.server_admin import ServerAdmin
from harness.sandbox.common.spoiling import Spoiling
from harness.system.restoring import Backup, Point, PointKind

CUT_OFF: Final = "cut off from its log"
_NEVER: Final = 1 << 62  # a segment that no log comes to
_CUT: Final = ".cut"
_SPARE: Final = 64 * 1024 * 1024  # bytes for the log that a restore replays and writes itself


class Reach:
    """What the log of one server leads to."""

    def __init__(self, place: Place, backups: Backups, admin: ServerAdmin) -> None:
        self._files, self._backups, self._admin = place, backups, admin
        self._spoiling = Spoiling(backups)

    async def find(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """See the port."""
        if self._admin.running:  # what was received is a moment behind
            await self._admin.streamed(deadline)
        folders = await self._folders()
        if why := await self._broken_way(backup, folders):
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
        return await self._find_in_log(backup, point, folders, deadline)

    async def _folders(self) -> dict[str, Sequence[str]]:
        """What lies in each folder of the log; the archive first, then what was streamed, newest first."""
        order = (self._files.archive, *reversed(self._files.streams))
        return {folder: await self._files.names(folder) for folder in order}

    async def _broken_way(self, backup: Backup, folders: Mapping[str, Sequence[str]]) -> str:
        """Why the log does not lead from a backup to what is live, or was when it was lost."""
        live = self._admin.timeline
        way = segments.way_to(live, await self._history(live, folders))
        left = {timeline: until for (timeline, _), (_, until) in pairwise([*way, (live, _NEVER)])}
        first = segments.number(backup.first_wal)
        if first is None or first >= left.get(backup.first_wal[:8], -1):
            return f"{backup.name} is of a past that was taken back: the log of what is live does not lead from it"
        kept = segments.among(name for names in folders.values() for name in names)
        last = await self._admin.current() if self._admin.running else None
        missing = segments.gap(backup.first_wal, kept, None if last is None else last - 1, way)
        return f"the log has a gap: {missing} is neither in the archive nor in the stream" if missing else ""

    async def _history(self, timeline: str, folders: Mapping[str, Sequence[str]]) -> str:
        """What tells from which timelines one comes; empty for the first."""
        name = f"{timeline}.history"
        for folder, names in folders.items():
            if name in names:
                return (await self._files.read(f"{folder}/{name}")).decode()
        return ""

    async def _find_in_log(
        self, backup: Backup, point: Point, folders: Mapping[str, Sequence[str]], deadline: Deadline
    ) -> str:
        """Reads the log for a named point or a transaction."""
        folder = f"{self._files.backups}/log-{secrets.token_hex(4)}"
        there = [
            (one, f"{source}/{one}")
            for source, names in folders.items()
            for one in names
            if segments.number(one) is not None
        ]
        try:
            await self._files.link([path for _, path in there], folder)
            what = {
                PointKind.NAME: ("--rmgr=XLOG",),
                PointKind.TRANSACTION: (f"--xid={point.value}", "--rmgr=Transaction"),
            }[point.kind]
            said = ""
            names = segments.among(one for one, _ in there)
            for first, last in segments.stretches(backup.first_wal, names):
                # The log ends in the middle of a segment, which the tool calls an error after all that it found.
                said += await self._files.said("pg_waldump", *what, f"--path={folder}", first, last, deadline=deadline)
        finally:
            await self._files.remove(folder)
        if point.kind is PointKind.NAME:
            known = f"desc: RESTORE_POINT {point.value}\n" in said
            return "" if known else f"the log has no restore point {point.value!r}"
        return "" if "desc: COMMIT" in said else f"the log has no commit of transaction {point.value}"

    async def room(self, backup: Backup) -> tuple[int, int]:
        """See the port."""
        return backup.needs + _SPARE, await self._files.free(backup.kind)

    async def spoil(self, backup: Backup, how: str) -> None:
        """See the port. Without its log a base backup leads nowhere."""
        if how != CUT_OFF:
            await self._spoiling.spoil(backup, how)
            return
        for folder, names in (await self._folders()).items():
            for name in names:
                if name.startswith(backup.first_wal) and not name.endswith(_CUT):
                    await self._files.move(f"{folder}/{name}", f"{folder}/{name}{_CUT}")

    async def mend(self, name: str) -> None:
        """See the port."""
        try:
            await self._spoiling.mend(self._backups.by_name(name))
        except NotFound:
            return  # it was never taken, so nothing of it was spoiled
        for folder, names in (await self._folders()).items():
            for one in names:
                if one.endswith(_CUT):
                    await self._files.move(f"{folder}/{one}", f"{folder}/{one.removesuffix(_CUT)}")
