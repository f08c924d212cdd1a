"""`drill schedule install systemd|crontab`: writes what starts a run, once the run is known to be possible."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from harness.cli.options import SCHEDULES, Schedules
from harness.cli.output import results_to_stdout, tell
from harness.clock import second_of, utc_now, utc_second
from harness.drill.command import DRILL
from harness.drill.gameday import require_answerable
from harness.drill.gameday_model import load_game_day
from harness.drill.schedule.calendar import calendar_of, following
from harness.drill.schedule.crontab import read_crontab, write_crontab
from harness.drill.schedule.texts import line_of, unit_name, units_of, with_line
from harness.errors import InputError, UsageError
from harness.journal.schedule import NAME, PLAN, By, Schedule, read_schedule
from harness.report.write import stable_json, write_whole
from harness.sandbox.common.environment import everything, named
from harness.settings import Settings
from harness.units import Duration

UNITS: Final = Path("~/.config/systemd/user")  # of the user; those of the system are in /etc/systemd/system
_KEPT: Final = (
    *("PATH", "KUBECONFIG", "DOCKER_HOST"),
    *("DRILL_STATE_DIR", "DRILL_CLUSTER", "DRILL_REGISTRY_PORT", "DRILL_NODES", "DRILL_PREPARE"),
    *("DRILL_KILL_SWITCH", "DRILL_SIGNING_KEY_FILE"),
)
"""What a run needs of the environment of whoever installs it. No secret: these are names of files and places."""
_GIVEN: Final = ("HOME", "LOGNAME", "SHELL")
"""What systemd and cron give to every run by themselves; a PATH as well, but that is kept."""
_LOOK: Final = Duration.of(s=120)  # for a command to read its features and print its plan: seconds
_RUNS: Final = (("run",), ("gameday", "run"))

Name = Annotated[str, typer.Argument(help="of the schedule: lower case letters, digits and '-'")]
Command = Annotated[list[str], typer.Argument(help="what is run, after '--': run features, or gameday run FILE")]
Units = Annotated[Path, typer.Option("--units", help="where systemd finds its units: /etc/systemd/system for root")]
Write = Annotated[bool, typer.Option("--write", help="change the crontab of this user, and do not only print the line")]

app = typer.Typer(no_args_is_help=True, help="Have drills started again and again.")


@app.command()
def systemd(
    name: Name,
    command: Command,
    *,
    when: Annotated[str, typer.Option("--when", help="a calendar of systemd: 'Mon *-*-* 02:00'")],
    schedules: Schedules = SCHEDULES,
    units: Units = UNITS,
) -> int:
    """Write a timer and its service for systemd; tells how they are switched on."""
    schedule = _scheduled(name, By.SYSTEMD, when, command, schedules)
    _keep(schedule, schedules)
    folder = units.expanduser()
    for file, text in units_of(schedule, _starts(name, schedules), Settings().stopping).items():
        write_whole(folder / file, text)
        tell(f"{folder / file} is written")
    mine = "--user " if folder == UNITS.expanduser() else ""
    with results_to_stdout():
        print(f"systemctl {mine}daemon-reload && systemctl {mine}enable --now {unit_name(name)}.timer")
    if mine:
        tell("a user's timers run while the user is logged in; `loginctl enable-linger` has them run always")
    return 0


@app.command()
def crontab(
    name: Name,
    command: Command,
    *,
    when: Annotated[str, typer.Option("--when", help="the five fields of a crontab: '0 2 * * mon'")],
    schedules: Schedules = SCHEDULES,
    write: Write = False,
) -> int:
    """Print the line of a crontab, or put it into the crontab of this user."""
    schedule = _scheduled(name, By.CRONTAB, when, command, schedules)
    line = line_of(schedule, _starts(name, schedules))
    before = read_crontab() if write else ""
    _keep(schedule, schedules)  # first: a line that starts a schedule that is not there fails each time
    if write:
        write_crontab(with_line(before, schedule, line))
        tell("the crontab has the line")
    with results_to_stdout():
        print(line)
    return 0


def require_name(name: str) -> None:
    """Refuses a name that is none of a schedule: it becomes that of a folder, of units, and of objects in a cluster.

    Raises:
        UsageError: it is none.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a schedule: expected lower case letters, digits and '-', at most 40")


def require_runs(command: Sequence[str]) -> None:
    """Refuses a command that runs no drills.

    Raises:
        UsageError: it does not.
    """
    if not any(tuple(command[: len(one)]) == one for one in _RUNS):
        raise UsageError(
            f"{' '.join(command) or 'nothing'}: what can be scheduled is `run ...` or `gameday run FILE`, after '--'"
        )


def _scheduled(name: str, by: By, when: str, command: Sequence[str], schedules: Path) -> Schedule:
    """A schedule whose runs will be possible, as far as that can be told now."""
    require_name(name)
    require_runs(command)
    before = schedules / name / PLAN
    if before.exists() and (other := read_schedule(before).by) is not by:
        raise UsageError(f"{before}: {other} starts it, and would go on; `drill schedule remove {name}` comes first")
    first = following(calendar_of(by, when), utc_now())
    if first is None:
        raise UsageError(f"--when {when}: that never comes again")
    if command[0] == "gameday":
        _require_day(command)
    else:
        _require_plan(command)
    return Schedule(
        name=name,
        by=by,
        when=when,
        command=tuple(command),
        folder=str(Path.cwd()),
        environment=named(_KEPT),
        installed_utc=utc_second(),
        first=second_of(first),
    )


def _require_day(command: Sequence[str]) -> None:
    if len(command) < 3 or command[2].startswith("-"):  # noqa: PLR2004 - gameday run FILE
        raise UsageError("gameday run: the file of the game day comes first, its options after it")
    day = load_game_day(Path(command[2]))
    require_answerable(day, terminal=False)
    _require_plan(["gameday", "plan", command[2]])


def _require_plan(command: Sequence[str]) -> None:
    """Has a run print its plan, which touches nothing: what is wrong with it is told now, not at night.

    It gets what a run will get, and not all that this shell has.
    """
    plan = [*command, "--dry-run"] if command[0] == "run" else [*command]
    kept = named((*_GIVEN, *_KEPT))
    done = _tried(plan, kept)
    if not done.returncode:
        return
    said = done.stderr.strip()
    if _tried(plan, everything()).returncode == 0:
        lost = sorted(everything().keys() - kept.keys())
        which = [name for name in lost if re.search(rf"\b{re.escape(name)}\b", said)] or lost
        raise InputError(
            f"drill {' '.join(plan)} ends well in this shell, but a run will be without {', '.join(which)}, and ends"
            f" with {done.returncode}, so nothing was scheduled:\n{said}"
        )
    raise InputError(f"drill {' '.join(plan)} ended with {done.returncode}, so nothing was scheduled:\n{said}")


def _tried(plan: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [*DRILL, *plan],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=_LOOK.seconds,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"drill {' '.join(plan)} did not end within {_LOOK}, so nothing was scheduled") from None


def _starts(name: str, schedules: Path) -> list[str]:
    """The command that a timer starts, whatever folder it starts it in."""
    script = Path(sys.executable).with_name("drill")
    program = [str(script)] if script.is_file() else list(DRILL)
    return [*program, "schedule", "run", name, "--schedules", str(schedules.resolve())]


def _keep(schedule: Schedule, schedules: Path) -> None:
    path = schedules / schedule.name / PLAN
    write_whole(path, stable_json(schedule))
    tell(f"{path} says what is run; `drill schedule show` tells how it goes")
