"""The guards while a drill runs: the limit of its time, and abort conditions over what clients see.

A thread of its own looks all the time, whatever the drill is waiting for, and stops it at once.

The time that a drill has taken is monotonic. Blackouts are hours of the calendar, which a machine that slept, or whose
clock was set, reaches at another moment than was to be expected: the calendar is asked at each look.

Invariant: a guard that can no longer look stops the drill, too; no news is not good news.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from harness.clock import now, utc_now
from harness.drill.guards.answers import Answer, abort_rule, blackout_rule, duration_rule, reach
from harness.drill.guards.intent import hits_of
from harness.drill.guards.rules import Rules
from harness.drill.interrupt import Halt, Halted
from harness.drill.spec import Drill
from harness.errors import DrillError
from harness.faults.reach import serving_now
from harness.journal.guard import Guard
from harness.rollback.triggers import Watch, told, window_for
from harness.system.blackout import first_stretch
from harness.system.ports import Metrics, System
from harness.units import Duration, Instant


class Duty:
    """Guards on duty, from when it is entered to `end`."""

    def __init__(
        self,
        rules: Rules,
        begun: Instant,
        stop: Callable[[Halt], None],
        *,
        every: Duration,
        calendar: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prepares to watch.

        Args:
            rules: the guards of the drill.
            begun: when it began.
            stop: called once, from the thread that watches, when it must stop.
            every: pause between two looks.
            calendar: tells which moment it is, with a time zone.
        """
        self.halt: Halt | None = None
        self._rules = rules
        self._begun, self._calendar = begun, calendar
        self._watches = [Watch(one.hold) for one in rules.stops]
        self._stop, self._every = stop, every
        self._clients: tuple[Metrics, Mapping[str, Duration]] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guards", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def see(self, metrics: Metrics, baseline: Mapping[str, Duration]) -> None:
        """From now on what clients see is watched, too; `baseline` is filled once it is known."""
        self._clients = (metrics, baseline)

    def check(self) -> None:
        """Does nothing while the drill may go on.

        Raises:
            Halted: it was stopped; where signals reach it, it has been told by one already.
        """
        if self.halt:
            raise Halted(self.halt)

    def check_reach(self, drill: Drill, system: System) -> None:
        """Looks whom the fault would hit now, right before it is injected.

        Raises:
            Halted: it would hit more than it may, or nothing.
            DrillError: it could not be found out.
        """
        for answer in reach(self._rules, drill.fault.title, hits_of(drill, serving_now(system))):
            if not answer.allowed:
                raise Halted(refused(answer))

    def end(self) -> Halt | None:
        """Ends the watch; what it stopped the drill by, if it did. A second call does nothing else."""
        self._over.set()
        self._thread.join()
        return self.halt

    def _watch(self) -> None:
        while not self._over.wait(self._every.seconds):
            try:
                broken = self._look(now())
            except DrillError as error:
                broken = _broken(Guard.ABORT_CONDITION, f"abort conditions could not be watched: {error}")
            except Exception as error:  # noqa: BLE001 - a guard that fails must not fail in silence
                broken = _broken(Guard.ABORT_CONDITION, f"a bug ended the watch of the guards: {error!r}")
            if broken:
                self.halt = broken
                self._stop(broken)
                return

    def _look(self, at: Instant) -> Halt | None:
        if out_of_time := over(self._rules, at - self._begun, self._calendar()):
            return out_of_time
        if self._clients is None:
            return None
        metrics, baseline = self._clients
        for index, trigger in enumerate(self._rules.stops):
            health = metrics.health(trigger.service, window_for(trigger.hold))
            true = trigger.true_of(health, baseline.get(trigger.service))
            self._watches[index] = seen = self._watches[index].look(at, true=true, detail=told(health))
            if seen.met(at):
                return _broken(Guard.ABORT_CONDITION, f"{trigger.title}: {seen.detail}", abort_rule(trigger))
        return None


def over(rules: Rules, taken: Duration, moment: datetime) -> Halt | None:
    """What stops a drill that has taken so long, at a moment: a blackout that is on, or the end of its time. Pure."""
    found = first_stretch(rules.blackouts, moment, moment)
    if found is not None:
        rule = blackout_rule(found.window)
        return _broken(Guard.BLACKOUT, f"{rule}: that began", rule)
    if taken >= rules.duration:
        return _broken(Guard.DURATION, f"it took longer than {rules.duration}", duration_rule(rules))
    return None


def refused(answer: Answer) -> Halt:
    """Why a drill must stop that a guard refuses."""
    return _broken(answer.guard, answer.sentence, answer.rule)


def _broken(guard: Guard, reason: str, rule: str = "") -> Halt:
    return Halt("guard", reason, guard=guard, rule=rule)
