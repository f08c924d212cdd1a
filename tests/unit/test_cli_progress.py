"""Progress: a line for each stage in a log, a live line in a terminal, and never a reason for a drill to end."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from harness.cli.progress import LiveProgress, PlainProgress, watcher
from harness.clock import Deadline, now
from harness.drill.progress import Silent, Status
from harness.journal.records import Stage
from harness.units import Duration


def status(stage: Stage = Stage.DETECT, drill: str = "A crash") -> Status:
    begun = now()
    return Status(drill, stage, begun, Deadline(begun + Duration.of(s=10)))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def __init__(self, error: OSError, *, terminal: bool) -> None:
        super().__init__()
        self.error, self.terminal = error, terminal

    def isatty(self) -> bool:
        return self.terminal

    def write(self, _: str) -> int:
        raise self.error

    def flush(self) -> None:
        raise self.error


def test_a_log_gets_one_line_for_each_stage_that_ended() -> None:
    stream = io.StringIO()
    with watcher(stream) as progress:
        assert isinstance(progress, PlainProgress)
        progress.update(status())
        progress.stage_ended(status(), "")
        progress.stage_ended(status(Stage.RECOVER), "no good answers")
    lines = re.sub(r"\d+\.\d s", "… s", stream.getvalue())  # how long that took is up to the machine
    assert lines == "A crash: detect … s\nA crash: recover … s: no good answers\n"


def test_a_terminal_gets_the_live_progress() -> None:
    assert isinstance(watcher(Terminal()), LiveProgress)


def test_the_live_line_shows_stage_time_deadline_and_error_rate() -> None:
    progress = LiveProgress(Terminal())
    assert progress._line().plain == ""
    progress.update(replace(status(), error_rate=0.4))
    line = re.sub(r"\d+\.\d s", "… s", progress._line().plain)
    assert line.split() == ["now", "detect", "…", "s", "of", "at", "most", "10", "s", "40%", "bad", "answers"]


def test_a_stage_that_ended_stays_above_the_live_line_under_the_name_of_its_drill() -> None:
    stream = Terminal()
    with watcher(stream) as progress:
        for stage, reason in ((Stage.DETECT, ""), (Stage.RECOVER, "no good [bold]answers")):
            progress.update(status(stage))
            progress.stage_ended(status(stage), reason)
    text = stream.getvalue()
    assert text.count("A crash") == 1
    assert "done" in text
    assert "no good [bold]answers" in text, "a reason is text, not markup"


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error")])
def test_a_watcher_that_has_gone_does_not_end_the_drill(error: OSError, *, terminal: bool) -> None:
    with watcher(Gone(error, terminal=terminal)) as progress:
        progress.update(status())
        progress.stage_ended(status(), "")


def test_nobody_watching_is_fine_too() -> None:
    Silent().update(status())
    Silent().stage_ended(status(), "")
