"""The runs of this user that live, also while they run no drill: a file for each in the state folder.

It is there from before anything of a run is begun until the end of its command. That of a command which was killed
names a process that does not live, so it tells of no run; `heal` removes it, and so the next command.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.drill.watch.survey import LiveDrill, live_drills
from harness.errors import CannotCreate
from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.state import make_own

_PREFIX: Final = ".run-"


class Run(BaseModel):
    """One command that runs drills.

    `whole` is the id of the run that these are a part of: another than its own where it is a worker or a shard.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    whole: str
    process: Process


class LiveRun(BaseModel):
    """A run as a whole, with those of its drills that live, or were not taken back yet.

    `pid` is the process that stops all of it; None where that is gone, or where several processes are the run.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    pid: int | None
    drills: tuple[LiveDrill, ...]


@contextmanager
def living(state_dir: Path, run_id: str, whole: str) -> Iterator[None]:
    """Has this process known as a run's, until the end.

    Raises:
        CannotCreate: there is no permission or no room, or the state folder is not this user's own.
    """
    file = state_dir / f"{_PREFIX}{run_id}"
    run = Run(run_id=run_id, whole=whole, process=Process.own("drill"))
    try:
        make_own(state_dir)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as stream:
            stream.write(run.model_dump_json())
    except OSError as error:
        raise CannotCreate(f"{file}: the note of a live run cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def remove_dead(state_dir: Path) -> None:
    """Removes the notes of commands that were killed."""
    for path in _files(state_dir):
        if (one := _read(path)) and not one.process.alive:
            with suppress(OSError):
                path.unlink()


def running(state_dir: Path) -> tuple[Run, ...]:
    """The commands that run drills now."""
    found = (_read(path) for path in _files(state_dir))
    return tuple(one for one in found if one and one.process.alive)


def live_runs(settings: Settings) -> tuple[LiveRun, ...]:
    """The runs of this user that live, or of which a drill was not taken back yet."""
    return grouped(running(settings.state_dir), live_drills(settings))


def runs_below(state_dir: Path, pid: int) -> frozenset[str]:
    """The ids of the runs that a process has begun, as commands of their own."""
    return frozenset(one.run_id for one in running(state_dir) if one.process.parent == pid)


def grouped(runs: Sequence[Run], drills: Sequence[LiveDrill]) -> tuple[LiveRun, ...]:
    """Runs as a whole, in order of their ids, from the commands and the drills that live. Pure."""
    whole_of = {one.run_id: one.whole for one in runs}
    ids = {one.whole for one in runs} | {whole_of.get(one.run_id, one.run_id) for one in drills}
    leads = {one.run_id: one.process.pid for one in runs}
    return tuple(
        LiveRun(
            run_id=whole,
            pid=leads.get(whole),
            drills=tuple(one for one in drills if whole_of.get(one.run_id, one.run_id) == whole),
        )
        for whole in sorted(ids)
    )


def _files(state_dir: Path) -> list[Path]:
    return sorted(state_dir.glob(f"{_PREFIX}*"))


def _read(path: Path) -> Run | None:
    """What a file tells; None where it has gone, or was not written by this version, or not to its end."""
    try:
        return Run.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
