"""Schedules: when runs are due, what starts them, and that none is missed or overlaps without a word."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from harness.clock import Deadline, utc_now
from harness.drill.alone import alone
from harness.drill.command import Command
from harness.drill.schedule.calendar import MOST, between, calendar_of, following
from harness.drill.schedule.once import missed_sentence, run_once
from harness.drill.schedule.shard import run_shard
from harness.drill.schedule.texts import line_of, units_of, with_line, without
from harness.errors import InputError, MayWorkLater, NotFound, Unavailable, UsageError
from harness.journal.schedule import (
    PLAN,
    RECORD,
    Began,
    By,
    Ended,
    Refused,
    Schedule,
    append,
    read_events,
    read_schedule,
    state_of,
    states_in,
)
from harness.locks import lock_within
from harness.report.write import stable_json
from harness.settings import Settings
from harness.units import Duration
from tests.support.commands import ECHO, say
from tests.support.drills import NOTHING, feature_file
from tests.support.tools import needs

UTC_TEXT = "2026-11-30T08:00:00Z"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def scheduled(**update: object) -> Schedule:
    base = Schedule(
        name="nightly",
        by=By.CRONTAB,
        when="0 2 * * *",
        command=("run", "no/such.feature"),
        folder="/",
        installed_utc=UTC_TEXT,
    )
    return base.model_copy(update=update)


def ago(**span: float) -> str:
    return (utc_now() - timedelta(**span)).isoformat(timespec="seconds").replace("+00:00", "Z")


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clocks are put forward and back."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    "when", ["", "* * * *", "* * * * * *", "61 * * * *", "0 0 L * *", "0 0 * * 1#2", "@reboot", "R R * * *", "daily"]
)
def test_what_no_cron_would_take_is_refused(when: str) -> None:
    with pytest.raises(UsageError, match="five fields"):
        calendar_of(By.CRONTAB, when)


def test_a_crontab_goes_by_the_clocks_of_this_machine_and_a_cron_job_by_utc(berlin: None) -> None:
    del berlin
    winter = at("2026-11-30T00:30:00")
    assert calendar_of(By.CRONTAB, "0 2 * * mon-fri")(winter, 2) == (at("2026-11-30T01:00"), at("2026-12-01T01:00"))
    assert calendar_of(By.KUBERNETES, "0 2 * * *")(winter, 1) == (at("2026-11-30T02:00"),)


def test_a_time_that_clocks_skip_or_show_twice_is_due_once_and_not_too_late(berlin: None) -> None:
    del berlin
    calendar = calendar_of(By.CRONTAB, "30 2 * * *")
    assert calendar(at("2026-03-28T12:00"), 2) == (at("2026-03-29T01:00"), at("2026-03-30T00:30"))
    assert calendar(at("2026-10-24T12:00"), 2) == (at("2026-10-25T00:30"), at("2026-10-26T01:30"))
    assert calendar(at("2026-10-25T01:20"), 1) == (at("2026-10-26T01:30"),)


def test_what_runs_often_goes_on_in_the_hour_that_comes_twice_and_not_in_the_one_that_is_skipped(berlin: None) -> None:
    del berlin
    often = calendar_of(By.CRONTAB, "*/10 * * * *")
    assert between(often, at("2026-10-25T01:20:01"), at("2026-10-25T01:30:06")) == (at("2026-10-25T01:30"),)
    for start in (at("2026-10-24T23:30"), at("2026-03-28T23:30")):
        every = tuple(start + timedelta(minutes=10 * number) for number in range(1, 25))
        assert between(often, start, start + timedelta(hours=4)) == every
    hourly = calendar_of(By.CRONTAB, "@hourly")
    assert hourly(at("2026-10-25T00:00"), 2) == (at("2026-10-25T01:00"), at("2026-10-25T02:00"))
    twice = calendar_of(By.CRONTAB, "0 1,2 * * *")
    assert twice(at("2026-03-28T12:00"), 2) == (at("2026-03-29T00:00"), at("2026-03-29T01:00"))


def test_a_day_that_begins_with_a_star_is_taken_as_cron_does_and_by_a_cluster_as_kubernetes_does(
    berlin: None,
) -> None:
    del berlin
    when, start = "0 2 */2 * mon", at("2026-11-30T12:00")
    assert calendar_of(By.CRONTAB, when)(start, 2) == (at("2026-12-07T01:00"), at("2026-12-21T01:00"))
    assert calendar_of(By.KUBERNETES, when)(start, 2) == (at("2026-12-01T02:00"), at("2026-12-03T02:00"))
    either = calendar_of(By.CRONTAB, "0 2 1 * mon")
    assert either(start, 2) == (at("2026-12-01T01:00"), at("2026-12-07T01:00"))


def test_a_day_that_never_comes_is_never_due() -> None:
    assert following(calendar_of(By.CRONTAB, "0 0 30 2 *"), at("2026-01-01")) is None


def test_what_was_due_between_two_moments_is_told_up_to_a_limit() -> None:
    calendar = calendar_of(By.KUBERNETES, "* * * * *")
    start = at("2026-11-30T08:00")
    assert between(calendar, start, start + timedelta(seconds=59)) == ()
    assert between(calendar, start, start + timedelta(seconds=60)) == (at("2026-11-30T08:01"),)
    assert len(between(calendar, start, start + timedelta(minutes=7))) == 7
    assert len(between(calendar, start, start + timedelta(days=30))) == MOST


systemd = needs("systemd-analyze")


@systemd
def test_systemd_says_when_its_own_calendars_come() -> None:
    monday = calendar_of(By.SYSTEMD, "Mon *-*-* 02:00 UTC")
    assert monday(at("2026-11-30T02:00"), 2) == (at("2026-12-07T02:00"), at("2026-12-14T02:00"))
    once = calendar_of(By.SYSTEMD, "2026-12-01 UTC")
    assert once(at("2026-11-30T00:00"), 3) == (at("2026-12-01T00:00"),)
    assert once(at("2026-12-01T00:00"), 3) == ()
    with pytest.raises(UsageError, match=r"Mon \*-\*-\* 02:00"):
        calendar_of(By.SYSTEMD, "0 2 * * *")


@systemd
def test_systemds_calendars_go_by_the_clocks_of_this_machine(berlin: None) -> None:
    del berlin
    assert calendar_of(By.SYSTEMD, "daily")(at("2026-11-30T12:00"), 1) == (at("2026-11-30T23:00"),)


def test_a_schedule_whose_calendar_cannot_be_read_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place(tmp_path / "s", scheduled(name="daily", by=By.SYSTEMD, when="daily", installed_utc=ago(minutes=0)))
    place(tmp_path / "s", scheduled(installed_utc=ago(minutes=0)))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    shown = say(monkeypatch, capsys, "schedule", "show", "--schedules", tmp_path / "s")
    assert (shown.code, "daily" in shown.out, "nightly" in shown.out) == (69, True, True)
    assert "when daily is due, and what was missed since its last run, cannot be told: systemd-analyze" in shown.err
    told = json.loads(say(monkeypatch, capsys, "schedule", "show", "--json", "--schedules", tmp_path / "s").out)
    assert [(one["schedule"]["name"], one["overdue"]) for one in told] == [("daily", None), ("nightly", [])]


def test_without_systemd_its_calendars_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="systemd-analyze is not on PATH"):
        calendar_of(By.SYSTEMD, "daily")


def test_a_unit_starts_the_command_whatever_stands_in_it() -> None:
    units = units_of(
        scheduled(by=By.SYSTEMD, when="daily"), ["/my drills/drill", "schedule", "100%", '$x "y"'], Duration.of(s=195)
    )
    assert set(units) == {"rollback-drill-nightly.service", "rollback-drill-nightly.timer"}
    assert 'ExecStart="/my drills/drill" schedule 100%% "$$x \\"y\\""\n' in units["rollback-drill-nightly.service"]
    assert "TimeoutStopSec=225\n" in units["rollback-drill-nightly.service"], "that, and the record"
    assert "OnCalendar=daily\n" in units["rollback-drill-nightly.timer"]
    assert "Persistent=true\n" in units["rollback-drill-nightly.timer"]


def test_a_line_of_a_crontab_takes_the_place_of_the_one_of_before_and_no_other() -> None:
    line = line_of(scheduled(), ["/my drills/drill", "100%"])
    assert line == "0 2 * * * '/my drills/drill' 100\\% # rollback-drill: nightly"
    others = "MAILTO=me\n# rollback-drill: nightly-2 is mine\n0 1 * * * x # rollback-drill: other"
    once = with_line(others, scheduled(), line)
    assert once == f"{others}\n{line}\n"
    assert with_line(once, scheduled(), line) == once
    assert without(once, "nightly") == f"{others}\n"
    assert with_line("", scheduled(), line) == f"{line}\n"


def place(schedules: Path, schedule: Schedule) -> Path:
    folder = schedules / schedule.name
    folder.mkdir(parents=True)
    (folder / PLAN).write_text(stable_json(schedule))
    return folder


def ran(folder: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    monkeypatch.setenv("DRILL_STATE_DIR", str(state))
    said: list[str] = []
    return run_once(read_schedule(folder / PLAN), folder, said.append), said


def test_a_run_is_recorded_with_its_exit_code_and_why_it_could_not_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place(tmp_path / "s", scheduled(folder=str(tmp_path), installed_utc=ago(minutes=0)))
    code, said = ran(folder, tmp_path / "state", monkeypatch)
    assert code == 66
    began, ended = read_events(folder)
    assert isinstance(began, Began)
    assert (began.due, began.missed) == (None, ())
    assert began.following is not None
    assert isinstance(ended, Ended)
    assert (ended.code, ended.said) == (66, said[0])
    assert "no/such.feature" in said[0]


def test_runs_that_were_missed_are_told_by_the_next_one_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = scheduled(when="* * * * *", folder=str(tmp_path), installed_utc=ago(minutes=9, seconds=1))
    folder = place(tmp_path / "s", schedule)
    _, said = ran(folder, tmp_path / "state", monkeypatch)
    # 9 where the next minute has all but begun: the run counts for that
    assert re.match(r"(8|9) runs of nightly were missed: due at .* and (3|4) more$", said[0])
    _, again = ran(folder, tmp_path / "state", monkeypatch)
    assert not [line for line in again if "missed" in line]
    state = state_of(schedule, read_events(folder))
    assert str(len(state.missed)) == said[0][0]


def test_nothing_was_missed_while_a_schedule_was_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place(tmp_path / "s", scheduled(when="* * * * *", folder=str(tmp_path), installed_utc=ago(minutes=0)))
    append(folder, Began(utc=ago(days=2), due=None, following=ago(days=1)))
    append(folder, Ended(utc=ago(days=1), code=0))
    [state] = states_in(tmp_path / "s")
    assert state.next is None, "what was due after the run of before is not due any more"
    assert not [line for line in ran(folder, tmp_path / "state", monkeypatch)[1] if "missed" in line]


def test_a_run_that_was_killed_and_one_that_begins_late_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = utc_now() - timedelta(minutes=30)
    when = f"{yesterday.minute} {yesterday.hour} * * *"
    schedule = scheduled(by=By.KUBERNETES, when=when, folder=str(tmp_path), installed_utc=ago(days=1))
    folder = place(tmp_path / "s", schedule)
    append(folder, Began(utc=ago(hours=1), due=None, following=None))
    _, said = ran(folder, tmp_path / "state", monkeypatch)
    assert "did not come to its end: it was killed" in said[0]
    assert f"this run of nightly was due at {yesterday:%Y-%m-%dT%H:%M}:00Z" in said[1]


def test_a_run_is_refused_while_another_of_the_folder_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place(tmp_path / "s", scheduled(folder=str(tmp_path)))
    with (
        alone(tmp_path / "s", "the scheduled run 'weekly'", kept="schedules", instead="wait"),
        pytest.raises(MayWorkLater, match=rf"'weekly' \(.* process {os.getpid()}, .* is under way"),
    ):
        ran(folder, tmp_path / "state", monkeypatch)
    [refused] = read_events(folder)
    assert isinstance(refused, Refused)
    assert "'weekly' (" in refused.owner


def test_what_was_missed_reads_well() -> None:
    assert missed_sentence("a", ["x"]) == "1 run of a was missed: due at x"
    assert missed_sentence("a", ["x"] * (MOST - 1)).startswith(
        "at least 999 runs of a were missed: due at x, x, x, x, x and"
    )


BUSY = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(os.getpid(), file=sys.stderr, flush=True)
while True:
    signal.pause()
"""
"""A drill that is not at its end for a long time after it was stopped."""


class Stopped(Command):
    """Somebody stops it as soon as it is busy."""

    busy = threading.Event()
    begun: ClassVar[list[Command]] = []

    def join(self) -> int:
        self.begun.append(self)
        assert self.busy.wait(30)
        raise KeyboardInterrupt


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a run that does not end has said."""
    said: list[str] = []
    monkeypatch.setattr("harness.drill.command.DRILL", (sys.executable, "-c", BUSY))
    monkeypatch.setattr(Settings, "stopping", Duration.of(ms=100))
    monkeypatch.setattr(Stopped, "busy", threading.Event())
    yield said
    os.kill(int(said[0]), signal.SIGKILL)
    Command.join(Stopped.begun.pop())


def test_a_run_that_is_stopped_and_goes_on_taking_back_is_left_and_told(
    busy: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(line: str) -> None:
        busy.append(line)
        Stopped.busy.set()

    monkeypatch.setattr("harness.drill.schedule.once.Command", Stopped)
    schedule = scheduled(folder=str(tmp_path), installed_utc=ago(minutes=0))
    folder = place(tmp_path / "s", schedule)
    with pytest.raises(KeyboardInterrupt):
        run_once(schedule, folder, tell)
    assert "it still takes back what it did" in busy[-1]
    ended = read_events(folder)[-1]
    assert isinstance(ended, Ended)
    assert (ended.code, ended.said) == (None, busy[0])


def test_a_shard_that_is_left_does_not_say_that_it_is_undone(
    busy: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(line: str) -> None:
        busy.append(line)
        Stopped.busy.set()

    monkeypatch.setattr("harness.drill.schedule.shard.Command", Stopped)
    with pytest.raises(MayWorkLater, match="is left while it still takes back what it did"):
        run_shard(["run"], 1, 2, tmp_path, tell)


STARTER = """
import sys
from pathlib import Path
from harness.drill import command
from harness.drill.schedule.once import run_once
from harness.journal.schedule import read_schedule
command.DRILL = (sys.executable, "-c", sys.argv[2])
folder = Path(sys.argv[1])
run_once(read_schedule(folder / "schedule.json"), folder, lambda line: print(line, flush=True))
"""


def test_none_begins_while_the_drill_of_a_starter_that_was_killed_goes_on(tmp_path: Path) -> None:
    folder = place(tmp_path / "s", scheduled(folder=str(tmp_path)))
    started = [sys.executable, "-c", STARTER, str(folder), BUSY]
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        drill = next(int(line) for line in starter.stdout if line.strip().isdigit())
        starter.kill()
    try:
        with (
            pytest.raises(MayWorkLater, match=r"nightly.* is under way"),
            alone(tmp_path / "s", "another", kept="schedules", instead="wait"),
        ):
            pass
    finally:
        os.kill(drill, signal.SIGKILL)
    os.close(lock_within(tmp_path / "s/.lock", Deadline.after(Duration.of(s=20))))


CRONTAB = """#!/bin/sh
# Keeps a crontab in a file, as the program of that name does in the system's own folder.
case $1 in
-l) [ -f {file} ] || {{ echo "no crontab for me" >&2; exit 1; }}; cat {file} ;;
-) cat >{file} ;;
esac
"""


def test_a_schedule_is_installed_shown_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "crontab").write_text(CRONTAB.format(file=tmp_path / "kept"))
    (tmp_path / "crontab").chmod(0o755)
    (tmp_path / "kept").write_text("MAILTO=me\n")
    where = ("--schedules", tmp_path / "s")
    run = ("run", feature_file(tmp_path, one=NOTHING), "--system", ECHO)
    given = ("schedule", "install", "crontab", "nightly", "--when", "0 2 * * *", *where)
    printed = say(monkeypatch, capsys, *given, "--", *run)
    assert printed.code == 0, printed.err
    assert (tmp_path / "kept").read_text() == "MAILTO=me\n"
    (tmp_path / "file").touch()
    failed = say(monkeypatch, capsys, *given[:-1], tmp_path / "file", "--write", "--", *run)
    assert failed.code == 73, failed.err
    assert (tmp_path / "kept").read_text() == "MAILTO=me\n", "no line starts what could not be kept"
    written = say(monkeypatch, capsys, *given, "--write", "--", *run)
    assert (written.code, written.out) == (0, printed.out)
    assert (tmp_path / "kept").read_text() == f"MAILTO=me\n{printed.out}"
    command = shlex.split(printed.out.partition("#")[0])[5:]
    assert command[-5:] == ["schedule", "run", "nightly", "--schedules", str(tmp_path / "s")]
    kept = read_schedule(tmp_path / "s/nightly" / PLAN)
    assert kept.command == tuple(map(str, run))
    assert (kept.environment["DRILL_STATE_DIR"], kept.folder) == (str(tmp_path / "state"), str(Path.cwd()))
    shown = say(monkeypatch, capsys, "schedule", "show", "--json", *where)
    assert say(monkeypatch, capsys, "schedule", "install", "systemd", *given[3:], "--", *run).code == 64
    [told] = json.loads(shown.out)
    assert (told["schedule"]["name"], told["last"], told["overdue"]) == ("nightly", None, [])
    assert "nightly" in say(monkeypatch, capsys, "schedule", "show", *where).out
    removed = say(monkeypatch, capsys, "schedule", "remove", "nightly", "--write", *where)
    assert removed.code == 0, removed.err
    assert (tmp_path / "kept").read_text() == "MAILTO=me\n"
    assert states_in(tmp_path / "s") == []
    assert say(monkeypatch, capsys, "schedule", "remove", "nightly", *where).code == 66


@systemd
def test_units_are_written_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    where = ("--schedules", tmp_path / "s", "--units", tmp_path / "units")
    run = ("run", feature_file(tmp_path, one=NOTHING), "--system", ECHO)
    said = say(monkeypatch, capsys, "schedule", "install", "systemd", "nightly", "--when", "daily", *where, "--", *run)
    assert (said.code, said.out) == (
        0,
        "systemctl daemon-reload && systemctl enable --now rollback-drill-nightly.timer\n",
    )
    names = {path.name for path in (tmp_path / "units").iterdir()}
    assert names == {"rollback-drill-nightly.service", "rollback-drill-nightly.timer"}
    verify = ["systemd-analyze", "verify", "--man=no", *map(str, (tmp_path / "units").iterdir())]
    read = subprocess.run(verify, check=False, capture_output=True, text=True, timeout=30)
    assert (read.returncode, read.stderr) == (0, "")
    assert say(monkeypatch, capsys, "schedule", "remove", "nightly", *where).code == 0
    assert list((tmp_path / "units").iterdir()) == []


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["list"], (64, "what can be scheduled is `run ...`")),
        (["run", "no/such.feature"], (65, "no/such.feature")),
        (["run", "--shiny"], (65, "--shiny")),
        (["gameday", "run"], (64, "the file of the game day comes first")),
        (["gameday", "run", "day.toml"], (64, "give it an 'approval' file")),
    ],
)
def test_a_command_that_could_not_be_run_is_not_scheduled(
    command: list[str],
    answer: tuple[int, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("day.toml").write_text('name = "x"\n[[steps]]\ntitle = "t"\npause = { ask = "?" }\n')
    said = say(monkeypatch, capsys, "schedule", "install", "crontab", "x", "--when", "@daily", "--", *command)
    assert (said.code, answer[1] in said.err) == (answer[0], True), said.err
    assert not Path("reports").exists()


def test_what_a_run_will_be_without_is_told_when_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_it = "import os, sys; sys.exit('OUR_PLACE' not in os.environ and 'OUR_PLACE is not set')"
    monkeypatch.setattr("harness.cli.schedule_install.DRILL", (sys.executable, "-c", needs_it))
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("OUR_PLACE", "here")
    given = ("schedule", "install", "crontab", "x", "--when", "@daily", "--schedules", tmp_path / "s", "--", "run", "x")
    said = say(monkeypatch, capsys, *given)
    assert said.code == 65
    assert "ends well in this shell, but a run will be without OUR_PLACE, and ends with 1" in said.err
    assert not (tmp_path / "s").exists()


def test_a_pods_schedule_comes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    given = tmp_path / "given.json"
    given.write_text(stable_json(scheduled(by=By.KUBERNETES, folder=str(tmp_path))))
    where = ("--schedules", tmp_path / "s", "--as", given)
    assert say(monkeypatch, capsys, "schedule", "run", "nightly", *where).code == 66
    assert [one.kind for one in read_events(tmp_path / "s/nightly")] == ["began", "ended"]
    assert say(monkeypatch, capsys, "schedule", "run", "weekly", *where).code == 64


def test_metrics_tell_of_schedules_also_before_any_drill_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    folder = place(tmp_path / "s", scheduled(first="2026-12-01T02:00:00Z"))
    where = ("metrics", "--runs", tmp_path / "runs", "--schedules", tmp_path / "s")
    line = 'drill_schedule_next_run_timestamp_seconds{schedule="nightly"}'
    said = say(monkeypatch, capsys, *where)
    assert said.code == 0, said.err
    assert f"{line} 1.7960904e+09" in said.out
    append(folder, Refused(utc=UTC_TEXT, owner="x"))
    append(folder, Began(utc=UTC_TEXT, due=UTC_TEXT, missed=(UTC_TEXT, UTC_TEXT), following="2026-12-02T02:00:00Z"))
    append(folder, Ended(utc=UTC_TEXT, code=2))
    told = say(monkeypatch, capsys, *where).out
    for name, value in (("missed_runs", 2.0), ("refused_runs", 1.0), ("last_exit_code", 2.0)):
        assert f'drill_schedule_{name}{{schedule="nightly"}} {value}' in told
    assert f"{line} 1.7961768e+09" in told
    assert say(monkeypatch, capsys, "metrics", "--runs", tmp_path, "--schedules", tmp_path / "none").code == 66


def test_a_file_that_is_no_schedule_is_told(tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text('{"name": "../x"}')
    with pytest.raises(InputError, match=r"schedule\.json: cannot be read as a schedule"):
        read_schedule(tmp_path / PLAN)
    with pytest.raises(NotFound):
        read_schedule(tmp_path / "none" / PLAN)
    (tmp_path / RECORD).write_text("x\n")
    with pytest.raises(InputError, match=r"runs\.jsonl:1: is no line of a schedule's record"):
        read_events(tmp_path)


def test_a_shard_that_is_run_again_keeps_what_was_broken_off_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    run = ("schedule", "shard", "--of", "2", "--out", tmp_path / "run", "--", "run", "no/such.feature")
    assert say(monkeypatch, capsys, *run).code == 66
    for number in (1, 2):
        (tmp_path / "run/shard-2").mkdir(parents=True)
        said = say(monkeypatch, capsys, *run)
        assert f"broken-off/shard-2-{number}" in said.err
        assert (tmp_path / f"run/broken-off/shard-2-{number}").is_dir()
        assert not (tmp_path / "run/shard-2").exists()
    monkeypatch.delenv("JOB_COMPLETION_INDEX")
    assert say(monkeypatch, capsys, *run).code == 64
