"""What a terminal shows of a game day that is under way: its steps, the drills that live now, and what people noted.

Whatever it cannot read at a moment it shows as it was before; a game day does not depend on being looked at.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.cli.output import tell
from harness.cli.progress import Lasting
from harness.clock import Deadline
from harness.drill.gameday import Answer, Ask
from harness.drill.gameday_model import GameDay, Pause
from harness.drill.runs import runs_below
from harness.drill.watch.survey import LiveDrill, Survey
from harness.errors import DrillError
from harness.journal.gameday import read_events
from harness.report.gameday import Day, StepTold
from harness.report.gameday import tell as told_of
from harness.report.words import clean
from harness.settings import Settings
from harness.units import Duration

_A_SECOND: Final = 1.0  # pictures: each looks through the journals of the drills that live
_NOTES: Final = 3  # the last ones: the summary has all
_STYLES: Final = {"passed": "green", "indeterminate": "yellow"}


class DayView:
    """Lines that stay, and in a terminal a picture below them, except while people are asked something."""

    def __init__(self, day: GameDay, folder: Path, stream: TextIO = sys.stderr) -> None:
        """A view of a game day that begins now.

        Args:
            day: the game day.
            folder: its own, with its record.
            stream: where it is shown.
        """
        self._folder = folder
        self._budget = Deadline.after(day.budget)
        self._settings = Settings()
        self._survey = Survey(self._settings)
        self._shown: RenderableType = Text("")
        self._console = Console(file=cast(TextIO, Lasting(stream)))
        self._terminal = stream.isatty()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        self._show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the picture away."""
        self._hide()

    def tell(self, sentence: str) -> None:
        """A line that stays."""
        if self._terminal:
            self._console.print(Text(f"drill: {clean(sentence)}"))
        else:
            tell(sentence)

    def asked(self, ask: Ask) -> Ask:
        """Asks people without a picture that would be drawn over what they type."""

        def still(pause: Pause) -> Answer:
            self._hide()
            try:
                return ask(pause)
            finally:
                self._show()

        return still

    def _show(self) -> None:
        if self._terminal:
            # A new one each time: one that was stopped would begin by taking away as many lines as it had shown.
            self._live = Live(
                console=self._console, get_renderable=self._picture, refresh_per_second=_A_SECOND, transient=True
            )
            self._live.start()

    def _hide(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self) -> RenderableType:
        with suppress(DrillError):  # there is no record yet, or a note is being taken away
            ours = runs_below(self._settings.state_dir, os.getpid())
            drills = [one for one in self._survey.look() if one.run_id in ours]
            self._shown = picture(told_of(read_events(self._folder), self._folder), drills, self._budget.left)
        return self._shown


def picture(day: Day, drills: Sequence[LiveDrill], left: Duration) -> RenderableType:
    """A game day at a moment. Pure.

    Args:
        day: what its record tells.
        drills: those that live now.
        left: of its budget.
    """
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for step in day.steps:
        under_way = bool(step.begun) and not step.ended
        row = ("now", step.title, "") if under_way else _row(step)
        table.add_row(*map(Text, row), style=_style(step))
        for one in drills if under_way else ():
            stage = f"{one.stage} for {one.since:.0f} s" if one.stage and one.since is not None else "begins"
            table.add_row("", Text(f"  {clean(one.name)}"), stage if one.state == "running" else one.state)
    head = Text.assemble((clean(day.name), "bold"), f"  {Duration.of(s=int(left.seconds))} left of its budget")
    notes = [
        Text(f"{'to do' if one.action else 'noted'}: {clean(one.text)}" + (f" ({clean(one.by)})" if one.by else ""))
        for one in sorted((*day.notes, *day.actions), key=lambda each: each.utc)[-_NOTES:]
    ]
    return Group(Text(""), head, table, *notes)


def _row(step: StepTold) -> tuple[str, str, str]:
    if not step.begun:
        return "to come", step.title, ""
    verdicts = Counter(str(drill.verdict) for drill, _ in step.drills)
    return step.outcome, step.title, ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())


def _style(step: StepTold) -> str:
    if not step.begun:
        return "dim"
    return _STYLES.get(step.tone, "red") if step.ended else "cyan"
