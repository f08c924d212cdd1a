"""`drill run --workers N`: the drills of one run side by side on this machine, each worker a `drill run` of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.cli.output import tell
from harness.drill.command import Command
from harness.errors import DrillError, NotFound, UsageError
from harness.report.merge import Merged, merge
from harness.report.shards import shards_in
from harness.units import are, counted

ERROR: Final = 64  # exit codes from here on are no verdict: sysexits.h
_AT_REST: Final = 0.5  # of a core: what a machine at rest is busy with


@dataclass(frozen=True, slots=True)
class Together:
    """What came of all workers; `code` is that of the gravest error of one of them, 0 where there was none."""

    merged: Merged
    code: int
    stopped: KeyboardInterrupt | None


def require_room(workers: int, shard: str | None) -> None:
    """Refuses more workers than there are cores: their probers would stall, and nothing could be told of any drill.

    Raises:
        UsageError: there are too many, or a shard is named, too.
    """
    if workers > 1 and shard:
        raise UsageError("--workers and --shard: name one of the two; a shard is what one machine of several runs")
    cores = len(os.sched_getaffinity(0))
    if workers > cores:
        raise UsageError(
            f"--workers {workers}: drills side by side need a core each, or their probers stall and they end as "
            f"invalid; this machine has {counted(cores, 'core')}: at most --workers {cores}"
        )
    busy = os.getloadavg()[0]
    if workers > 1 and busy + workers > cores + _AT_REST:
        tell(
            f"this machine is busy already (load {busy:.1f} on {counted(cores, 'core')}): drills that are not observed"
            " for too long end as invalid; wait, or take fewer workers"
        )


def run_together(arguments: Sequence[str], workers: int, folder: Path) -> Together:
    """Runs drills in several workers and puts together what they left.

    Args:
        arguments: of `drill run`, without its folder.
        workers: how many.
        folder: the run's, which is made.

    Raises:
        DrillError: no worker came so far that it left anything.
        InputError, CannotCreate: what they left cannot be put together; it is kept, and said where.
    """
    parts = folder.with_name(f".{folder.name}-workers")
    whose = ("--of-run", folder.name)
    commands = [
        Command(
            [*arguments, *whose, "--shard", f"{number}/{workers}", "--out", str(parts / str(number)), "--json"],
            _prefixed(f"worker {number}: "),
            keep=True,
        )
        for number in range(1, workers + 1)
    ]
    codes, stopped = _wait(commands)
    ended = [code for code in codes if code is not None]
    if stopped and len(ended) < len(codes):
        tell(
            f"not every worker has taken back what it did; {parts} has what they left, for drill merge, once they have"
        )
        raise stopped
    left = [out for out in (parts / str(number) for number in range(1, workers + 1)) if _left(out)]
    if not left:
        raise DrillError(f"no worker began a drill: {commands[ended.index(max(ended))].said}")
    try:
        merged = merge(left, folder, workers=workers)
    except DrillError as error:
        tell(f"what the workers left is in {parts}: drill merge puts it together")
        raise type(error)(str(error)) from error
    shutil.rmtree(parts)
    return Together(merged, max([code for code in ended if code >= ERROR], default=0), stopped)


def _wait(commands: Sequence[Command]) -> tuple[list[int | None], KeyboardInterrupt | None]:
    """Waits for all; whoever stops the run stops each of them, once, and they undo what they did.

    Returns:
        The exit codes, None for who is still at it; and what stopped them.
    """
    try:
        return [command.join() for command in commands], None
    except KeyboardInterrupt as error:
        tell(f"{counted(len(commands), 'worker')} {are(len(commands))} stopped, and what they did is taken back")
        for command in commands:
            command.interrupt()
        return [command.settle() for command in commands], error


def _left(out: Path) -> bool:
    try:
        return bool(shards_in(out))
    except NotFound:
        return False


def _prefixed(prefix: str) -> Callable[[str], None]:
    return lambda line: tell(prefix + line)
