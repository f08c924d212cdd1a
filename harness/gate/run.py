"""One run of a script in a world, from its start to its end, with what befalls it. Effects; judges nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import commands, limits
from harness.gate.calls import Call
from harness.gate.case import Case, Trouble
from harness.gate.cases import PLAIN
from harness.gate.changes import Changes, FileChange
from harness.gate.enclosure import Enclosure, holds
from harness.gate.goods import TOKEN
from harness.gate.seen import Ended
from harness.gate.service import CURRENT
from harness.gate.spelling import spellings
from harness.gate.world import World
from harness.units import Duration

_LOOKED_THROUGH: Final = ("scratch", "home", "work", "backups", "migrations", "archive")
_LOG: Final = ".log"
_BY_STATEMENT: Final = (Trouble.KILLED_AT_STATEMENT, Trouble.TERMINATED, Trouble.AWAY, Trouble.AWAY_AND_BACK)
_BY_CALL: Final = (Trouble.KILLED_AT_CALL, Trouble.API_AWAY, Trouble.API_AWAY_AND_BACK)
_HELD: Final = (Trouble.KILLED_AT_STATEMENT, Trouble.TERMINATED)
"""At a statement that waits: a script whose way is cut may end by itself before it is killed."""
HERE: Final = "its working folder"


class Run:
    """One run of the script, from start to end."""

    def __init__(self, case: Case, world: World, command: Sequence[str], *, lasts: bool = False) -> None:
        self._case, self._world = case, world
        self._way = None if world.cluster is None else world.cluster.way
        self._hit = threading.Event()
        self._let_go = threading.Event()
        self.no_effect = ""
        self._arm()
        scratch = limits.SCRATCH_BYTES if case.trouble is Trouble.FULL else None
        self._changes: Changes | None = None
        if case.trouble.at_change or case is PLAIN:
            link = world.service.folder / CURRENT
            self._changes = Changes(world.folders["config"], link, hold_at=int(case.at) or None)
        enclosure = Enclosure(world.folder, command, world.environment(), scratch=scratch, changes=self._changes)
        try:
            self.ended = self._seen_through(enclosure)
            if lasts:
                enclosure.kill()
                enclosure.keep(world.folders["written"])
        finally:
            enclosure.close()
            if self._changes is not None:
                self._changes.close()
            world.relay.on_statement = None
            if self._way is not None:
                self._way.on_call = None
        world.relay.drop()
        if case.trouble.cuts and not self._hit.is_set():
            self.no_effect = f"it sent fewer than {case.at:.0f} statements or changes this time"
        elif case.trouble.interrupts and not self.ended.killed:
            self.no_effect = "it had ended before that this time"

    def _arm(self) -> None:
        """From now on what befalls it can happen."""
        case, world = self._case, self._world
        world.relay.on_statement = self._at_statement if case.trouble in _BY_STATEMENT else None
        if self._way is not None and case.trouble in _BY_CALL:
            self._way.on_call = self._at_call
        if case.trouble.at_command:
            commands.hold_at(world.folder, int(case.at))
        if case.trouble is Trouble.AWAY and not case.at:
            self._at_statement(0)
        if case.trouble is Trouble.API_AWAY and not case.at:
            self._cut_cluster()

    def _at_statement(self, number: int) -> None:
        if self._case.trouble in _HELD:
            if number >= self._case.at:
                self._hit.set()
                self._let_go.wait(limits.KILLED.seconds)  # it is under way until the script is asked or killed
        elif number >= self._case.at and not self._hit.is_set():
            self._world.relay.cut(limits.BACK_AFTER if self._case.trouble is Trouble.AWAY_AND_BACK else None)
            self._hit.set()

    def _at_call(self, call: Call, changes: int) -> None:
        """Held at a change of a number; or cut at whatever follows it."""
        if self._case.trouble is Trouble.KILLED_AT_CALL:
            if call.changes and changes >= self._case.at:
                self._hit.set()
                self._let_go.wait(limits.KILLED.seconds)
        elif changes - call.changes >= self._case.at and not self._hit.is_set():
            self._cut_cluster()

    def _cut_cluster(self) -> None:
        if self._way is not None:
            self._way.cut(limits.BACK_AFTER if self._case.trouble is Trouble.API_AWAY_AND_BACK else None)
        self._hit.set()

    def _seen_through(self, enclosure: Enclosure) -> Ended:
        asked = False
        if self._case.trouble.asks:
            with suppress(DeadlineExceeded):
                wait_for(lambda: self._reached or enclosure.ended, self._deadline(enclosure), "the instant")
            asked = not enclosure.ended
            enclosure.terminate()
            self._let_go.set()
            commands.release(self._world.folder)
            if self._changes is not None:
                self._changes.let_go()
        with suppress(DeadlineExceeded):  # then it has no exit code
            wait_for(
                lambda: enclosure.ended or self._to_be_killed(enclosure),
                self._deadline(enclosure),
                "the script's end",
            )
        ended = now()
        if not enclosure.ended and self._to_be_killed(enclosure):
            enclosure.kill()
            self._world.relay.cut(None)  # what it had just sent does not arrive
            if self._way is not None:
                self._way.cut(None)
            self._let_go.set()
            return Ended(
                started=enclosure.started,
                ended=ended,
                code=None,
                output=enclosure.output,
                printed=enclosure.says(self._secrets),
                written=self._telling(enclosure),
                killed=True,
            )
        code = enclosure.code
        left = self._left(enclosure) if code is not None else ()
        sessions = self._sessions_left() if code is not None and not self._case.trouble.cuts else 0
        outside = list(enclosure.written())
        here = self._world.folders["work"]
        return Ended(
            started=enclosure.started,
            ended=ended,
            code=code,
            output=enclosure.output,
            printed=enclosure.says(self._secrets),
            left=left,
            sessions=sessions,
            killed=asked,
            empty=frozenset(name for name, path in outside if path.is_file() and not path.stat().st_size),
            outside=(
                *(name for name, _ in outside),
                *(f"{HERE}/{path.relative_to(here)}" for path in here.rglob("*") if not path.is_dir()),
            ),
            written=self._telling(enclosure),
        )

    def _telling(self, enclosure: Enclosure) -> tuple[str, ...]:
        """Its files that hold a secret, wherever they lie."""
        return (
            *(name for name, path in enclosure.written() if self._tells(path)),
            *(str(path.relative_to(self._world.folder)) for path in self._inside() if self._tells(path)),
        )

    def _inside(self) -> Iterator[Path]:
        """The files that a script may have made in its world."""
        for name in _LOOKED_THROUGH:
            yield from self._world.folders[name].rglob("*")
        given = (*commands.NOTES, commands.KUBECONFIG)
        yield from (path for path in self._world.folder.iterdir() if path.name not in given)

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """What it changed in the folder of the configuration, and beside it."""
        return self._changes.seen if self._changes is not None else ()

    @property
    def _secrets(self) -> tuple[str, ...]:
        return tuple(one for secret in (*self._world.passwords, TOKEN) for one in spellings(secret))

    def _tells(self, path: Path) -> bool:
        """The file holds a password; or, where a log is for others to read, a secret of the configuration."""
        sought = self._secrets if path.name.endswith(_LOG) else self._world.passwords
        return path.is_file() and holds(path, sought)

    def _deadline(self, enclosure: Enclosure) -> Deadline:
        return Deadline(enclosure.started + self._world.pace.deadline)

    def _to_be_killed(self, enclosure: Enclosure) -> bool:
        if self._case.trouble is Trouble.KILLED_BY_TIME:
            return now() - enclosure.started >= Duration.of(s=self._case.at)
        return self._case.trouble.kills and self._reached

    @property
    def _reached(self) -> bool:
        """The statement, command or change of that number is there, and waits."""
        if self._case.trouble.at_change:
            return self._changes is not None and self._changes.held
        return commands.held(self._world.folder) if self._case.trouble.at_command else self._hit.is_set()

    def _left(self, enclosure: Enclosure) -> tuple[str, ...]:
        """What it left running; the end of a pipe, such as tee, ends by itself right after it."""
        if enclosure.left() and not self._world.relay.connections:
            with suppress(DeadlineExceeded):
                wait_for(lambda: not enclosure.left(), Deadline.after(limits.PIPES), "the end of its pipes")
        return enclosure.left()

    def _sessions_left(self) -> int:
        """As the server has them: one that is at a statement stays when its client is gone."""
        with suppress(DeadlineExceeded):
            wait_for(lambda: self._world.script_sessions == 0, Deadline.after(limits.LINGER), "the end of sessions")
        return self._world.script_sessions
