"""`drill gameday plan|run|report`, `drill note`: an ordered set of drills, with people."""

from __future__ import annotations

import getpass
import select
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from harness.cli.gameday_live import DayView
from harness.cli.history import durations
from harness.cli.options import RUNS, Out
from harness.cli.output import results_to_stdout, tell
from harness.clock import Deadline, utc_second
from harness.conduct import make_run_folder, new_run_id
from harness.drill.alone import alone
from harness.drill.gameday import Answer, go_through, require_answerable, require_files
from harness.drill.gameday_model import Drills, GameDay, Pause, load_game_day
from harness.errors import NotFound
from harness.journal.gameday import FILE, Note, append
from harness.notify.notice import Notice, Occasion, Told, target_of
from harness.notify.sender import Notifier
from harness.report.gameday import PAGE, Day, write_game_day
from harness.report.words import clean
from harness.settings import Settings
from harness.units import Duration, counted

DAYS: Final = Path("reports/gamedays")
_LOOK: Final = Duration.of(s=1)  # between two looks at whether somebody made the file of an approval

File = Annotated[Path, typer.Argument(help="the file of the game day (TOML)")]
Days = Annotated[Path, typer.Option("--days", help="where the game day's own folder is made")]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="A game day: drills in an order, with pauses for people."
)


@app.command()
def plan(file: File, *, out: Out = RUNS) -> int:
    """Print the steps of a game day, its drills, and about how long it takes."""
    day = load_game_day(file)
    require_files(day)
    took = durations(out)
    total, never = 0.0, 0
    lines = [f"{day.name}: {counted(len(day.steps), 'step')}, at most {day.budget}, stops on {day.stop_on}"]
    for number, step in enumerate(day.steps, start=1):
        lines.append(f"{number}. {step.title}")
        longest = 0.0
        if step.pause:
            lines.append(f"   waits for people, at most {step.pause.within}: {step.pause.ask}")
        for one in step.drills:
            found = _collected(one)
            known = [took[name, one.sandbox] for name, _ in found if (name, one.sandbox) in took]
            longest = max(longest, sum(known))
            never += len(found) - len(known)
            lines.append(
                f"   {one.sandbox}: {counted(len(found), 'drill')}, {_about(sum(known), len(found) - len(known))}"
            )
            lines += [f"     {title}" for _, title in found]
        total += longest
    lines.append(f"in all, pauses apart: {_about(total, never)}")
    with results_to_stdout():
        print(clean("\n".join(lines)))
    return 0


def _about(seconds: float, never: int) -> str:
    """How long drills take, some of which may never have been run here."""
    if never and not seconds:
        return "never run here, so it is not known how long"
    known = f"about {Duration.of(s=round(seconds))}"
    return f"{known}, {never} never run here and not counted" if never else known


@app.command()
def run(file: File, *, out: Out = RUNS, days: Days = DAYS) -> int:
    """Go through a game day. Exits as its gravest step: 0 only where each ended as expected."""
    day = load_game_day(file)
    require_files(day)
    require_answerable(day, terminal=sys.stdin.isatty())
    notifier = Notifier([target_of(one, file.parent) for one in day.notify], _told)
    instead = "wait for its end, or name other --days"
    with alone(days, f"the game day {day.name!r}", kept="game days", instead=instead) as lock:
        return _run(day, notifier, out, days, lock)


def _run(day: GameDay, notifier: Notifier, out: Path, days: Path, lock: int) -> int:
    folder = make_run_folder(days, new_run_id())
    tell(f"the record is {folder / FILE}; `drill note` adds to it")
    try:
        notifier.send(_notice(Occasion.STARTED, day, folder, f"{day.name} begins"))
        with DayView(day, folder) as view:
            code = go_through(day, folder, out, tell=view.tell, ask=view.asked(_ask), lock=lock)
    finally:
        told = write_game_day(folder)
        occasion = Occasion.COMPLETED if told.tone == "passed" else Occasion.FAILED
        notifier.send(_notice(occasion, day, folder, f"{day.name}: {told.headline}", told))
        notifier.close(Deadline.after(Settings().notices))
        with results_to_stdout():
            print(_table(told, folder))
    return code


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="the folder of a game day")]) -> int:
    """Write the summary of a game day anew, from its record."""
    told = write_game_day(folder)
    with results_to_stdout():
        print(_table(told, folder))
    return 0


def note(
    text: Annotated[str, typer.Argument(help="what you observed, or what is to be done")],
    *,
    action: Annotated[bool, typer.Option("--action", help="it is something to be done")] = False,
    by: Annotated[str | None, typer.Option("--by", help="who says so", show_default="your user name")] = None,
    days: Days = DAYS,
) -> int:
    """Add an observation, or something to be done, to the last game day."""
    found = sorted(path.parent for path in days.glob(f"*/{FILE}"))
    if not found:
        raise NotFound(f"{days}: there is no game day in it; `drill gameday run FILE` makes one")
    append(found[-1], Note(utc=utc_second(), text=text, action=action, by=by or getpass.getuser()))
    write_game_day(found[-1])
    with results_to_stdout():
        print(found[-1] / PAGE)
    return 0


def _collected(drills: Drills) -> list[tuple[str, str]]:
    """The id and the name of each drill of a table."""
    from harness.bdd.collect import collect_drills  # noqa: PLC0415 - pytest takes half a second to import

    system = Path(drills.system) if drills.system else None
    found = collect_drills([Path(one) for one in drills.features], system=system, tags=drills.tag)
    return [(one.slug, one.name) for one in found]


def _ask(pause: Pause) -> Answer:
    """Waits for a line at the terminal, or for the file of the approval to be made, or made anew."""
    terminal = sys.stdin.isatty()
    ways = [
        *(["press Enter to go on, or type why not"] if terminal else []),
        *([f"or make {pause.approval}"] if pause.approval else []),
    ]
    tell(f"{pause.ask} ({' '.join(ways).removeprefix('or ')})")
    deadline = Deadline.after(pause.within)
    approval = _Approval(Path(pause.approval)) if pause.approval else None
    while not deadline.passed:
        if approval and approval.is_there():
            return Answer(goes_on=True, said=f"approved by {approval.path}, made by {approval.owner()}")
        ready, _, _ = select.select([sys.stdin] if terminal else [], [], [], min(_LOOK, deadline.left).seconds)
        if ready:
            return _said(sys.stdin.readline())
    return Answer(goes_on=False, said=f"nobody answered within {pause.within}")


def _said(line: str) -> Answer:
    """What a line at the terminal says, without its end only where the terminal was closed."""
    if not line:
        return Answer(goes_on=False, said="the terminal was closed")
    if why := line.strip():
        return Answer(goes_on=False, said=f"{getpass.getuser()} said: {why}")
    return Answer(goes_on=True, said=f"approved at the terminal by {getpass.getuser()}")


class _Approval:
    """A file that is made to go on; one that lay there before is of another day."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = self._stamp()

    def is_there(self) -> bool:
        """Whether it was made since."""
        return self._stamp() not in (None, self._before)

    def owner(self) -> str:
        """Whose it is, by name where there is one."""
        try:
            return self.path.owner()
        except KeyError:
            return f"user {self.path.stat().st_uid}"
        except OSError:
            return "nobody knows whom: it is gone again"

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _notice(occasion: Occasion, day: GameDay, folder: Path, title: str, told: Day | None = None) -> Notice:
    details = {"summary": str(folder.resolve() / PAGE)}
    if told:
        details |= {step.title: step.outcome for step in told.steps}
        details |= {"not all was run": told.reason} if told.reason else {}
    else:
        details |= {"steps": ", ".join(step.title for step in day.steps)}
    return Notice(occasion, incident=f"gameday-{folder.name}", title=title, details=details)


def _told(told: Told) -> None:
    if told.error:
        tell(f"{told.target} was not told: {told.error}")


def _table(day: Day, folder: Path) -> str:
    steps = [f"{step.outcome:<24}{step.title}" for step in day.steps]
    reason = [f"not all of it was run: {day.reason}"] if day.reason else []
    return clean("\n".join([*steps, *reason, f"{day.headline}. {folder / PAGE}"]))
