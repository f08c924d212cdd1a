"""What a terminal shows of a game day that is under way."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli.gameday_live import DayView, picture
from harness.drill.gameday import Answer
from harness.drill.gameday_model import GameDay, Pause
from harness.drill.watch.survey import LiveDrill
from harness.journal.gameday import Begun, Event, Note, StepBegun, StepEnded, append
from harness.journal.records import Stage
from harness.report.gameday import tell
from harness.units import Duration

UTC = "2026-11-02T09:00:00Z"
EVENTS: tuple[Event, ...] = (
    Begun(utc=UTC, name="Weekly", steps=("Ready", "Side by side", "After")),
    StepBegun(utc=UTC, step=0),
    StepEnded(utc=UTC, step=0, code=0),
    StepBegun(utc=UTC, step=1),
    *(Note(utc=f"2026-11-02T09:00:0{number}Z", text=f"note {number}", by="Eve") for number in range(4)),
)
DRILL = LiveDrill(
    run_id="1",
    drill="crash",
    name="A service [red]crashes",
    state="running",
    stage=Stage.ROLL_BACK,
    since=3.4,
    pid=1,
    sandbox="embedded",
    sandbox_id="1",
    watchdog=2,
    folder=Path("crash"),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(*drills: LiveDrill, events: tuple[Event, ...] = EVENTS) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as captured:
        console.print(picture(tell(events, Path()), drills, Duration.of(s=125.7)))
    return [line.rstrip() for line in captured.get().splitlines() if line.strip()]


def test_it_shows_each_step_the_drills_that_live_and_the_last_notes() -> None:
    left = DRILL.model_copy(update={"name": "Another", "state": "being taken back"})
    begins = DRILL.model_copy(update={"name": "A third", "stage": None, "since": None})
    assert shown(DRILL, left, begins) == [
        "Weekly  2 min 5 s left of its budget",
        "as expected  Ready",
        "now          Side by side",
        "               A service [red]crashes  roll back for 3 s",
        "               Another                 being taken back",
        "               A third                 begins",
        "to come      After",
        "noted: note 1 (Eve)",
        "noted: note 2 (Eve)",
        "noted: note 3 (Eve)",
    ]


def test_what_is_to_be_done_is_told_as_that_and_a_step_that_failed_as_what_it_was() -> None:
    events = (
        *EVENTS[:4],
        StepEnded(utc=UTC, step=1, code=1),
        StepBegun(utc=UTC, step=2),
        Note(utc=UTC, text="give her access", action=True),
    )
    assert shown(events=events)[1:] == [
        "as expected  Ready",
        "missed       Side by side",
        "now          After",
        "to do: give her access",
    ]


def test_lines_stand_above_the_picture_which_is_away_while_people_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TERM", "xterm")
    for event in EVENTS:
        append(tmp_path, event)
    stream = Terminal()
    pause = Pause(ask="Go on?")
    during = []

    answer = Answer(goes_on=False, said="no")

    def ask(_: Pause) -> Answer:
        during.append(stream.tell())
        stream.write("asked")
        during.append(stream.tell())
        return answer

    day = GameDay.model_validate({"name": "Weekly", "steps": [{"title": "Ready", "pause": {"ask": "Go on?"}}]})
    with DayView(day, tmp_path, stream) as view:
        view.tell("step 1 of 3")
        assert view.asked(ask)(pause) == answer
    text = stream.getvalue()
    assert "drill: step 1 of 3" in text
    assert "Side by side" in text[: during[0]]
    assert text[during[0] : during[1]] == "asked"
    assert "Side by side" in text[during[1] :]


def test_where_there_is_no_terminal_only_lines_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    stream = io.StringIO()
    day = GameDay.model_validate({"name": "Weekly", "steps": [{"title": "Ready", "pause": {"ask": "Go on?"}}]})
    with DayView(day, tmp_path, stream) as view:
        view.tell("step 1 of 3")
        answer = view.asked(lambda pause: Answer(goes_on=True, said=pause.ask))(Pause(ask="Go on?"))
    assert answer == Answer(goes_on=True, said="Go on?")
    assert stream.getvalue() == ""
    assert capsys.readouterr().err == "drill: step 1 of 3\n"
