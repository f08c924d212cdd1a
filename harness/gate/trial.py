"""Tries one case: makes its world, runs the script in it, and brings back what was seen. Effects; judges nothing."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import commands, limits
from harness.gate.case import Case, Trouble
from harness.gate.cases import PLAIN
from harness.gate.changes import Changes, FileChange
from harness.gate.enclosure import Enclosure, holds
from harness.gate.goods import TOKEN
from harness.gate.mould import Mould
from harness.gate.seen import Ended, Seen
from harness.gate.service import CURRENT
from harness.gate.spelling import spellings
from harness.gate.variation import Variation
from harness.gate.world import World
from harness.units import Duration

if TYPE_CHECKING:
    from harness.gate.cluster.ground import Ground
    from harness.gate.cluster.world import ClusterWorld

_LOOKED_THROUGH: Final = ("scratch", "home", "work", "backups", "migrations", "archive")
_LOG: Final = ".log"
_NAME_BYTES: Final = 4  # of a world's folder: short, because Unix sockets allow 108 bytes of path
_BY_STATEMENT: Final = (Trouble.KILLED_AT_STATEMENT, Trouble.TERMINATED, Trouble.AWAY, Trouble.AWAY_AND_BACK)
_HELD: Final = (Trouble.KILLED_AT_STATEMENT, Trouble.TERMINATED)
"""At a statement that waits: a script whose way is cut may end by itself before it is killed."""
HERE: Final = "its working folder"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where cases are tried, and with what."""

    folder: Path
    mould: Mould
    command: tuple[str, ...]
    """The script, and what runs it."""
    path: str
    ground: Ground | None = None
    """Where the parts of worlds are that are in a cluster; None where they have none."""

    @contextmanager
    def cluster(self, variation: Variation) -> Iterator[ClusterWorld | None]:
        """The part of a world that is in a cluster, where there is one; gone at the end."""
        if self.ground is None:
            yield None
            return
        from harness.gate.cluster.world import ClusterWorld  # noqa: PLC0415 - a second of imports, see World

        with ClusterWorld(self.ground, variation) as made:
            yield made


def try_case(case: Case, shop: Workshop, *, serves: bool = True) -> Seen:
    """Runs a script as the case says.

    Args:
        case: what is done.
        shop: where, and with what.
        serves: the service runs; who never uses it does not need it.

    Raises:
        DrillError: the world could not be made; the script is not to blame.
    """
    folder = shop.folder / secrets.token_hex(_NAME_BYTES)
    with (
        shop.cluster(case.variation) as cluster,
        World(folder, shop.mould, case.variation, shop.path, serves=serves, cluster=cluster) as world,
    ):
        before = world.look()
        if case.trouble is Trouble.LOCK:
            world.hold_lock()
        if case.trouble is Trouble.SLOW:
            world.relay.delay = limits.SLOW
        first = _Run(case, world, shop.command, lasts=case.runs_twice)
        runs = [first.ended]
        between = None
        if case.runs_twice:
            if cluster is not None:
                cluster.settle()
            _forget(world)
            if not case.trouble.kills:
                between = world.look()
            again = Case(case.id, case.title, case.reason)
            runs.append(_Run(again, world, shop.command).ended)
        if cluster is not None:
            cluster.settle()
        world.relay.restore()
        world.load.wait_until_served()
        if serves:
            world.service.wait_until_served()
        world.load.stop()
        return Seen(
            before=before,
            runs=tuple(runs),
            after=world.look(),
            between=between,
            writes=(*world.seeds, *world.load.writes),
            probes=world.load.probes,
            service_probes=world.service.probes,
            cluster_probes=() if cluster is None else cluster.probes,
            statements=world.relay.statements,
            commands=commands.called(world.folder),
            changes=first.changes,
            reference=shop.mould.reference,
            bystander_lives=world.bystander.lives,
            seeds=len(shop.mould.seeds),
            connected=world.relay.used,
            no_effect=first.no_effect,
        )


def _forget(world: World) -> None:
    """Nothing of the first run hinders the second: its sessions have ended, or hold on by themselves."""
    world.relay.restore()
    commands.release(world.folder)
    with suppress(DeadlineExceeded):
        wait_for(lambda: world.script_sessions == 0, Deadline.after(limits.ORPHANS), "the end of old sessions")
    world.load.wait_until_served(limits.ORPHANS)  # whoever calls it again does so minutes later: pools are full again


class _Run:
    """One run of the script, from start to end."""

    def __init__(self, case: Case, world: World, command: Sequence[str], *, lasts: bool = False) -> None:
        self._case, self._world = case, world
        self._hit = threading.Event()
        self._let_go = threading.Event()
        self.no_effect = ""
        world.relay.on_statement = self._at_statement if case.trouble in _BY_STATEMENT else None
        if case.trouble.at_command:
            commands.hold_at(world.folder, int(case.at))
        if case.trouble is Trouble.AWAY and not case.at:
            self._at_statement(0)
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
        world.relay.drop()
        if case.trouble.cuts and not self._hit.is_set():
            self.no_effect = f"it sent fewer than {case.at:.0f} statements this time"
        elif case.trouble.interrupts and not self.ended.killed:
            self.no_effect = "it had ended before that this time"

    def _at_statement(self, number: int) -> None:
        if self._case.trouble in _HELD:
            if number >= self._case.at:
                self._hit.set()
                self._let_go.wait(limits.KILLED.seconds)  # it is under way until the script is asked or killed
        elif number >= self._case.at and not self._hit.is_set():
            self._world.relay.cut(limits.BACK_AFTER if self._case.trouble is Trouble.AWAY_AND_BACK else None)
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
        match self._case.trouble:
            case Trouble.KILLED_BY_TIME:
                return now() - enclosure.started >= Duration.of(s=self._case.at)
            case Trouble.KILLED_AT_COMMAND | Trouble.KILLED_AT_STATEMENT | Trouble.KILLED_AT_CHANGE:
                return self._reached
            case _:
                return False

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
