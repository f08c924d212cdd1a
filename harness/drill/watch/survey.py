"""What drills live on this machine, as their entries and journals tell it; nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from harness.clock import now
from harness.drill.watch.entries import entries, order_of, sketch_of
from harness.errors import DrillError
from harness.journal.chain import JournalReader
from harness.journal.records import Stage, StageStarted
from harness.sandbox.common.process import Process
from harness.settings import Settings

TAKEN_BACK_NOW: Final = "being taken back"


class LiveDrill(BaseModel):
    """One drill that lives, or was not taken back yet.

    `state`: "running"; "suspended", where somebody has stopped its process; "being taken back", where the drill is gone
    and its watchdog is at it; "left", where both are gone: `drill heal` takes it back; "of another version", where only
    a command of the version that has begun it can. `since` is how many seconds ago
    its stage began, `pid` the drill's process and `watchdog` that of its watchdog, None where it is gone.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    drill: str
    name: str
    state: str
    stage: Stage | None
    since: float | None
    pid: int
    sandbox: str
    sandbox_id: str
    watchdog: int | None
    folder: Path


def live_drills(settings: Settings) -> tuple[LiveDrill, ...]:
    """The drills of this user that live, or were not taken back yet."""
    return Survey(settings).look()


class Survey:
    """Looks as often as one likes: of a journal that was read before only what is new is read."""

    def __init__(self, settings: Settings) -> None:
        self._state_dir = settings.state_dir
        self._stages: dict[Path, _Stages] = {}

    def look(self) -> tuple[LiveDrill, ...]:
        """The drills of this user that live, or were not taken back yet."""
        found = []
        for entry in entries(self._state_dir):
            order = order_of(entry)
            known = order or sketch_of(entry)
            if known is None:
                continue
            keeper = entry.keeper()
            watchdog = int(keeper.partition("-")[0]) if Process.lives(keeper) else None
            stage, since = self._stages.setdefault(known.folder, _Stages(known.folder / "journal.jsonl")).last()
            found.append(
                LiveDrill(
                    run_id=known.run_id,
                    drill=known.slug,
                    name=known.name,
                    state=_state(known.drill, watched=watchdog is not None) if order else "of another version",
                    stage=stage,
                    since=since,
                    pid=known.drill.pid,
                    sandbox=known.sandbox,
                    sandbox_id=known.sandbox_id,
                    watchdog=watchdog,
                    folder=known.folder,
                )
            )
        self._stages = {one.folder: self._stages[one.folder] for one in found}
        return tuple(found)


def _state(drill: Process, *, watched: bool) -> str:
    if drill.alive:
        return "suspended" if drill.suspended else "running"
    return TAKEN_BACK_NOW if watched else "left"


class _Stages:
    """The stages of a drill, as its journal tells them."""

    def __init__(self, journal: Path) -> None:
        self._reader = JournalReader(journal)
        self._begun: StageStarted | None = None

    def last(self) -> tuple[Stage | None, float | None]:
        """The stage that began last, and how many seconds ago; None where the journal does not tell."""
        try:
            for entry in self._reader.each():
                if isinstance(entry.record, StageStarted):
                    self._begun = entry.record
        except DrillError:
            return None, None
        if self._begun is None:
            return None, None
        return self._begun.stage, max(0.0, (now() - self._begun.at).seconds)
