"""Looks at the triggers that a system declares: its own checks, a file, orphans.

A thread of its own, because a query or a request may take its time, and what clients see must be looked at meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from harness.clock import Deadline, now
from harness.drill.checks.base import Bench
from harness.drill.checks.base import look as look_once
from harness.drill.spec import CriterionSpec
from harness.errors import DrillError
from harness.journal.declaration import Answer
from harness.rollback.triggers import Watch
from harness.units import Duration, Instant

LOOK: Final = Duration.of(s=2)  # one look at one trigger: a query or a request that takes longer tells nothing
SHORTEST: Final = Duration.of(ms=200)  # between two looks: each is a session or a connection of its own
LONGEST: Final = Duration.of(s=10)


def pause_for(hold: Duration) -> Duration:
    """The time between two looks: a tenth of the trigger's own, within bounds."""
    return min(LONGEST, max(SHORTEST, Duration(hold.ns // 10)))


class Lookout:
    """Watches until it is left.

    Args:
        watched: what is looked at, by the trigger's id, and for how long it must be broken.
        bench: what the checks look at.
    """

    def __init__(self, watched: Mapping[str, tuple[CriterionSpec, Duration]], bench: Bench) -> None:
        self._watched, self._bench = watched, bench
        self._seen = {name: (Watch(hold), now()) for name, (_, hold) in watched.items()}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    def __enter__(self) -> Self:
        if self._watched:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._watched:
            self._thread.join()  # at most for the look that is under way: it has a time-out

    def seen(self) -> dict[str, tuple[Watch, Instant]]:
        """Each watch as of its latest look, with the instant of that look."""
        return dict(self._seen)

    def _run(self) -> None:
        due = dict.fromkeys(self._watched, now())
        while not self._over.is_set():
            for name, (spec, hold) in self._watched.items():
                if now() >= due[name] and not self._over.is_set():
                    self._look(name, spec)
                    due[name] = now() + pause_for(hold)
            self._over.wait(max(Duration(0), min(due.values()) - now()).seconds)

    def _look(self, name: str, spec: CriterionSpec) -> None:
        at = now()
        watch, _ = self._seen[name]
        try:
            reading = look_once(spec.check, self._bench, Deadline.after(LOOK))
        except DrillError as error:
            self._seen[name] = (watch.look(at, true=False, detail=f"could not tell: {error}"), at)
            return
        answer = spec.criterion.evaluate(reading.value)
        told = "could not tell" if answer is Answer.UNKNOWN else f"{reading.value} {spec.criterion.unit}".strip()
        detail = f"{told} ({reading.detail})" if reading.detail else told
        self._seen[name] = (watch.look(at, true=answer is Answer.BROKEN, detail=detail), at)
