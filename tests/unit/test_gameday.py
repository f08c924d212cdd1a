"""The file of a game day, its record, and the summary that is made from it."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from harness.cli import gameday as command
from harness.drill.alone import alone
from harness.drill.gameday import Answer, command_of, go_through, gravest, require_answerable, require_files
from harness.drill.gameday_model import Drills, GameDay, load_game_day
from harness.errors import ConfigurationError, InputError, NotFound, UsageError
from harness.journal.gameday import FILE, Begun, Ended, Note, StepBegun, StepEnded, append, read_events
from harness.report.gameday import TEXT, markdown, tell, write_game_day
from tests.support.commands import say

UTC = "2026-11-30T08:00:00Z"
PAUSES = """
name = "Weekly"
[[steps]]
title = "First"
pause = { ask = "Go on?" }
[[steps]]
title = "Second"
pause = { ask = "And now?" }
"""


def day(tmp_path: Path, text: str) -> GameDay:
    path = tmp_path / "day.toml"
    path.write_text(text)
    return load_game_day(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"day.toml:1: name: this field is required"),
        ('name = "x"\nsteps = []', r"day.toml:2: steps: "),
        ('name = "x"\n[[steps]]\ntitle = "t"', r"day.toml:2: steps\.0: expected either"),
        ('name = "x"\nbudget = "soon"\n[[steps]]\ntitle = "t"\npause = {ask = "?"}', r"day.toml:2: budget: "),
        ('name = "x"\nstop_on = "luck"\n[[steps]]\ntitle = "t"\npause = {ask = "?"}', r"day.toml:2: stop_on: "),
        ('name = "x"\n[[steps]]\ntitle = "t"\n[[steps.drills]]\nfeature = ["a"]', r"day.toml:5: .*feature: "),
        ("name = ", r"day.toml:1: not TOML"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=told):
        day(tmp_path, text)


def test_a_file_that_is_not_there_says_where_one_is_shown(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"docs/game-days\.md"):
        load_game_day(tmp_path / "none.toml")


def test_features_that_are_not_there_are_found_before_anything_is_run(tmp_path: Path) -> None:
    text = 'name = "x"\n[[steps]]\ntitle = "t"\n[[steps.drills]]\nfeatures = ["no/such.feature"]'
    with pytest.raises(InputError, match=r"'t': no/such\.feature"):
        require_files(day(tmp_path, text))


def test_nobody_is_waited_for_who_cannot_answer(tmp_path: Path) -> None:
    one = day(tmp_path, PAUSES)
    require_answerable(one, terminal=True)
    with pytest.raises(UsageError, match="give it an 'approval' file"):
        require_answerable(one, terminal=False)


def test_a_table_of_drills_is_a_command() -> None:
    drills = Drills(features=("a", "b"), tag="not kind", sandbox="kind", system="s.toml")
    assert command_of(drills, Path("out")) == [
        *("run", "a", "b", "--sandbox", "kind", "--tag", "not kind", "--system", "s.toml", "--out", "out")
    ]


def test_the_gravest_end_counts() -> None:
    assert gravest([0, 70, 3]) == 70


APPROVED = Answer(goes_on=True, said="approved at the terminal by eve")


def walked(one: GameDay, folder: Path, answers: list[Answer]) -> tuple[int, str]:
    folder.mkdir()
    code = go_through(one, folder, folder, tell=lambda _: None, ask=lambda _: answers.pop(0))
    ended = read_events(folder)[-1]
    assert isinstance(ended, Ended)
    return code, ended.reason


def test_steps_are_gone_through_in_order(tmp_path: Path) -> None:
    assert walked(day(tmp_path, PAUSES), tmp_path / "day", [APPROVED, APPROVED]) == (0, "")
    assert [one.kind for one in read_events(tmp_path / "day")] == [
        *("begun", "step.begun", "step.ended", "step.begun", "step.ended", "ended")
    ]
    assert "approved at the terminal by eve." in markdown(tell(read_events(tmp_path / "day"), tmp_path / "day"))


def test_who_does_not_go_on_stops_it(tmp_path: Path) -> None:
    assert walked(day(tmp_path, PAUSES), tmp_path / "day", [Answer(goes_on=False, said="somebody said: no")]) == (
        3,
        "somebody said: no",
    )


def test_no_step_begins_when_the_budget_is_used_up(tmp_path: Path) -> None:
    one = day(tmp_path, 'budget = "0 s"\n' + PAUSES)
    assert walked(one, tmp_path / "day", []) == (0, "the budget of 0 s is used up")


def test_no_step_begins_in_a_blackout(tmp_path: Path) -> None:
    one = day(tmp_path, PAUSES + '[[blackouts]]\nzone = "UTC"\nwhy = "sale"\n')
    code, reason = walked(one, tmp_path / "day", [])
    assert (code, reason.startswith("no drill runs")) == (0, True)


FAILS = """
name = "Weekly"
stop_on = "{stop_on}"
[[steps]]
title = "Fails"
[[steps.drills]]
features = ["no/such.feature"]
[[steps]]
title = "After"
pause = {{ ask = "?" }}
"""


@pytest.mark.parametrize(("stop_on", "kinds"), [("failure", 1), ("abort", 1), ("never", 2)])
def test_a_step_that_could_not_be_run_stops_what_it_should(
    stop_on: str, kinds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    code, reason = walked(day(tmp_path, FAILS.format(stop_on=stop_on)), tmp_path / "day", [APPROVED])
    ended = [one for one in read_events(tmp_path / "day") if isinstance(one, StepEnded)]
    assert (code, len(ended), ended[0].code, bool(reason)) == (66, kinds, 66, kinds == 1)
    assert "no/such.feature" in ended[0].said


def test_a_record_that_was_cut_off_tells_what_is_whole(tmp_path: Path) -> None:
    append(tmp_path, Begun(utc=UTC, name="x", steps=("a",)))
    append(tmp_path, StepBegun(utc=UTC, step=0))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-9])
    assert [one.kind for one in read_events(tmp_path)] == ["begun"]
    path.write_text('{"kind": "dance"}\n')
    with pytest.raises(InputError, match=r"gameday\.jsonl:1: "):
        read_events(tmp_path)


def test_the_summary_tells_what_was_run_what_was_not_and_what_people_said(tmp_path: Path) -> None:
    for event in (
        Begun(utc=UTC, name="Weekly <b>", steps=("Good", "Bad", "Left")),
        StepBegun(utc=UTC, step=0),
        StepEnded(utc=UTC, step=0, code=0),
        Note(utc=UTC, text="the pager <i>was late", by="eve"),
        StepBegun(utc=UTC, step=1),
        StepEnded(utc=UTC, step=1, code=1, runs=("gone",)),
        Note(utc=UTC, text="mend it", action=True),
        Ended(utc=UTC, reason="a step did not end as expected"),
    ):
        append(tmp_path, event)
    told = write_game_day(tmp_path)
    assert [one.outcome for one in told.steps] == ["as expected", "missed", "not run"]
    assert (told.tone, told.headline) == ("missed", "1 of 3 steps did not end as expected")
    page = (tmp_path / "index.html").read_text()
    assert "Weekly &lt;b&gt;" in page
    assert "the pager &lt;i&gt;was late" in page
    text = (tmp_path / TEXT).read_text()
    assert "- [ ] mend it" in text
    assert r"- the pager \<i\>was late (eve, 2026-11-30T08:00:00Z)" in text
    assert "the summary of its run gone cannot be read any more" in page
    assert "the summary of its run gone cannot be read any more" in text


@pytest.mark.parametrize("code", [1, 2, 3, 66])
def test_a_last_step_that_did_not_end_as_expected_is_told(code: int, tmp_path: Path) -> None:
    """However it ended, and though nothing was left to be run: an abort, and a person who says no, are no success."""
    begun = (Begun(utc=UTC, name="x", steps=("a", "b")), StepBegun(utc=UTC, step=0), StepEnded(utc=UTC, step=0, code=0))
    last = (StepBegun(utc=UTC, step=1), StepEnded(utc=UTC, step=1, code=code, said="somebody said: no"))
    told = tell((*begun, *last, Ended(utc=UTC, reason="somebody said: no")), tmp_path)
    assert told.headline == "1 of 2 steps did not end as expected"
    assert told.tone == told.steps[1].tone != "passed"


def test_one_that_was_killed_after_its_last_step_did_not_come_to_its_end(tmp_path: Path) -> None:
    events = (Begun(utc=UTC, name="x", steps=("a",)), StepBegun(utc=UTC, step=0), StepEnded(utc=UTC, step=0, code=0))
    told = tell(events, tmp_path)
    assert (told.tone, told.headline) == ("aborted", "It did not come to its end")


def test_one_that_was_killed_is_no_good_one(tmp_path: Path) -> None:
    append(tmp_path, Begun(utc=UTC, name="x", steps=("a", "b")))
    append(tmp_path, StepBegun(utc=UTC, step=0))
    told = tell(read_events(tmp_path), tmp_path)
    assert (told.tone, told.steps[0].outcome, told.steps[1].outcome) == (
        "indeterminate",
        "did not come to its end",
        "not run",
    )
    assert "under way still, or was killed" in markdown(told)


def test_the_file_of_an_approval_counts_when_it_was_made_since_and_says_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "ok"
    path.write_text("of last week")
    approval = command._Approval(path)
    assert not approval.is_there()
    path.unlink()
    assert not approval.is_there()
    path.write_text("of today")
    assert approval.is_there()
    assert approval.owner() == getpass.getuser()


@pytest.mark.parametrize(
    ("line", "goes_on", "said"),
    [
        ("\n", True, f"approved at the terminal by {getpass.getuser()}"),
        ("the pager is down\n", False, f"{getpass.getuser()} said: the pager is down"),
        ("", False, "the terminal was closed"),
    ],
)
def test_who_answers_at_the_terminal_is_noted(line: str, said: str, *, goes_on: bool) -> None:
    assert command._said(line) == Answer(goes_on=goes_on, said=said)


def test_one_game_day_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "day.toml").write_text(
        PAUSES.replace('"Go on?"', '"?", approval = "x"').replace('"And now?"', '"?", approval = "x"')
    )
    with alone(tmp_path / "days", "the game day 'Weekly'", kept="game days", instead="wait"):
        said = say(monkeypatch, capsys, "gameday", "run", tmp_path / "day.toml", "--days", tmp_path / "days")
    assert (said.code, "the game day 'Weekly' (" in said.err) == (75, True)


def test_a_note_goes_to_the_last_game_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    days = tmp_path / "days"
    assert say(monkeypatch, capsys, "note", "x", "--days", days).code == 66
    for name in ("1", "2"):
        (days / name).mkdir(parents=True)
        append(days / name, Begun(utc=UTC, name=name, steps=()))
    said = say(monkeypatch, capsys, "note", "the pager was late", "--by", "eve", "--days", days)
    assert (said.code, said.out.strip()) == (0, str(days / "2" / "index.html"))
    [note] = [one for one in read_events(days / "2") if isinstance(one, Note)]
    assert (note.text, note.by, note.action) == ("the pager was late", "eve", False)
