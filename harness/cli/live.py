"""`drill status` and `drill abort`: the runs that live now with their drills, and how one is stopped from elsewhere."""

from __future__ import annotations

import json as json_text
import signal
from typing import Annotated, Final

import typer

from harness.cli.options import Json
from harness.cli.output import readable, tell
from harness.clock import Deadline, wait_for
from harness.drill.runs import LiveRun, live_runs, running
from harness.drill.watch.berth import Berth
from harness.drill.watch.entries import entries, order_of
from harness.drill.watch.heal import heal_drills
from harness.drill.watch.survey import LiveDrill
from harness.errors import DeadlineExceeded, NotFound, UsageError
from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.units import Duration

ENDS: Final = Duration.of(s=30)
"""From the end of a drill's sandbox to that of its command, which judges the drill and writes its report: below 2 s."""


@readable
def status(*, json: Json = False) -> int:
    """List the runs that live, and their drills: stage, process, sandbox, watchdog."""
    found = live_runs(Settings())
    if json:
        print(json_text.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return 0
    for run in found:
        for one in run.drills:
            print(_told(run.run_id, one))
        if not run.drills:
            print(f"{run.run_id}  no drill at the moment" + (f"  process {run.pid}" if run.pid else ""))
    if not found:
        print("no drill lives")
    return 0


def _told(run_id: str, one: LiveDrill) -> str:
    stage = f"{one.stage} for {one.since:.0f} s" if one.stage and one.since is not None else "not begun"
    watched = f"watchdog {one.watchdog}" if one.watchdog else "no watchdog"
    hint = "; drill heal takes it back" if one.state == "left" else ""
    sandbox = f"{one.sandbox} {one.sandbox_id}"
    return f"{run_id}  {one.drill}  {one.state}  {stage}  process {one.pid}  {sandbox}  {watched}{hint}"


def abort(
    run: Annotated[str, typer.Argument(help="a run's id, or one of its drills', as `drill status` shows them")],
) -> int:
    """Stop a run from elsewhere, all of it, and wait until everything is undone. Exit 0: nothing is left."""
    settings = Settings()
    whole = named(run, live_runs(settings))
    tell(f"run {whole} is told to stop")
    stop = _Stop(settings, whole)
    try:
        wait_for(stop.is_over, Deadline.after(settings.stopping + ENDS), f"the end of run {whole}")
    except DeadlineExceeded:
        stop.kill()  # so that its watchdogs do it
        wait_for(stop.is_over, Deadline.after(ENDS), f"the end of run {whole}, which was killed")
    heal_drills(settings)
    print(f"run {whole} is stopped, and everything is undone")
    return 0


def named(name: str, runs: tuple[LiveRun, ...]) -> str:
    """The id of the run that somebody means by its id, or by that of one of its drills. Pure.

    Raises:
        NotFound: there is none.
        UsageError: several have a drill of that id.
    """
    found = [one.run_id for one in runs if name == one.run_id or name in _names_of_drills(one)]
    if not found:
        known = ", ".join(one.run_id for one in runs) or "none"
        raise NotFound(f"no run or drill {name!r} lives; there are {known}")
    if len(found) > 1:
        raise UsageError(f"{name!r} is a drill of several runs that live; name one of them: {', '.join(found)}")
    return found[0]


def _names_of_drills(run: LiveRun) -> set[str]:
    whole = {f"{run.run_id}/{one.drill}" for one in run.drills}
    return whole.union(*({one.drill, one.run_id, f"{one.run_id}/{one.drill}"} for one in run.drills))


class _Stop:
    """A run that is being stopped: the command that stops all of it is told; where that is gone, each part is."""

    def __init__(self, settings: Settings, whole: str) -> None:
        self._state_dir = settings.state_dir
        self._whole = whole
        self._seen: set[Process] = set()
        self._drills: set[Berth] = set()
        self._told: set[Process] = set()

    def is_over(self) -> bool:
        """Tells who must be told still; true once no process of the run lives, and nothing of its drills is left.

        Nothing, or what `heal` takes back, because the watchdog is gone as well.
        """
        lead = self._look()
        alive = self._alive()
        for one in ((lead & alive) or alive) - self._told:
            self._told.add(one)
            one.send(signal.SIGTERM)
        for one in alive:
            if one.suspended:  # it could not hear it
                one.send(signal.SIGCONT)
        return not alive and not any(one.path.exists() and Process.lives(one.keeper()) for one in self._drills)

    def kill(self) -> None:
        """Kills every process of the run that lives still."""
        for one in self._alive():
            one.send(signal.SIGKILL)

    def _look(self) -> set[Process]:
        """Looks who belongs to the run, and keeps it: a process lives on when its note and its drills have gone.

        Returns:
            The command that stops all of it, where it is known.
        """
        runs = [one for one in running(self._state_dir) if one.whole == self._whole]
        self._seen.update(one.process for one in runs)
        ids = {self._whole, *(one.run_id for one in runs)}
        for entry in entries(self._state_dir):
            order = order_of(entry)
            if order is not None and order.run_id in ids:
                self._drills.add(entry)
                self._seen.add(order.drill)
        return {one.process for one in runs if one.run_id == self._whole}

    def _alive(self) -> set[Process]:
        return {one for one in self._seen if one.alive}
