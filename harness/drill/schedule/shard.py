"""One shard of a run, as a pod of an Indexed Job runs it: again, where an earlier pod of the same index was killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from harness.drill.command import Command
from harness.errors import CannotCreate, MayWorkLater

BROKEN_OFF: Final = "broken-off"


def run_shard(command: Sequence[str], number: int, of: int, out: Path, tell: Callable[[str], None]) -> int:
    """Runs a shard into a folder of its own, `shard-<number>` of `out`, and returns its exit code.

    What an earlier pod of the shard has left there is put aside, and kept: its drills are run again, and a drill that
    came to its end twice could not be merged. The run is named as `out` is: no shard of another is
    merged with it.

    Args:
        command: `run ...`, without a shard.
        number: of this shard, from 1.
        of: how many shards there are.
        out: the folder of the whole run, on a volume that all pods share.
        tell: told what goes on.

    Raises:
        MayWorkLater: it was stopped, and the shard can be run again; says where it was left before it was at its end.
        CannotCreate: the folder cannot be written.
    """
    folder = out / f"shard-{number}"
    if aside := _put_aside(folder, out / BROKEN_OFF):
        tell(f"shard {number} is run again; what an earlier pod has left of it is in {aside}")
    whose = ["--shard", f"{number}/{of}", "--of-run", out.resolve().name]
    running = Command([*command, *whose, "--out", str(folder)], tell, keep=False)
    try:
        return running.join()
    except KeyboardInterrupt:
        running.interrupt()
        left = "" if running.settle() is not None else ", and is left while it still takes back what it did"
        raise MayWorkLater(f"shard {number} of {of} was stopped before its end{left}; it can be run again") from None


def _put_aside(folder: Path, to: Path) -> Path | None:
    """Where a folder has gone; None where there was none."""
    try:
        if not folder.exists():
            return None
        to.mkdir(exist_ok=True)
        before = len([*to.glob(f"{folder.name}-*")])
        return folder.rename(to / f"{folder.name}-{before + 1}")
    except OSError as error:
        raise CannotCreate(f"{folder}: cannot be put aside: {error.strerror}") from error
