"""Watches triggers, all at once: those over what clients see, and those that the system declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from harness.clock import now
from harness.drill.checks.base import Bench
from harness.drill.lookout import Lookout
from harness.drill.spec import TriggerSpec
from harness.rollback.triggers import Declared, Watch, told, window_for
from harness.units import Instant


@dataclass(frozen=True, slots=True)
class Met:
    """A trigger whose condition has been true for its time, since when, and what was seen last."""

    trigger: str
    since: Instant
    detail: str


class Eyes:
    """Watches while it is entered.

    Args:
        specs: the triggers, by their ids.
        bench: the live system, what its clients see, and what they saw in the steady state.
    """

    def __init__(self, specs: Mapping[str, TriggerSpec], bench: Bench) -> None:
        self._specs, self._bench = specs, bench
        self._seen = {name: (Watch(spec.trigger.hold), now()) for name, spec in specs.items()}
        declared = {name: (spec.watched, spec.trigger.hold) for name, spec in specs.items() if spec.watched}
        self._lookout = Lookout(declared, bench)

    def __enter__(self) -> Self:
        self._lookout.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lookout.__exit__(kind, error, trace)

    def look(self, at: Instant) -> Met | None:
        """Looks at all of them; the first that is met, if one is."""
        for name, spec in self._specs.items():
            if not isinstance(spec.trigger, Declared):
                health = self._bench.metrics.health(spec.trigger.service, window_for(spec.trigger.hold))
                true = spec.trigger.true_of(health, self._bench.baseline.get(spec.trigger.service))
                self._seen[name] = self._seen[name][0].look(at, true=true, detail=told(health)), at
        self._seen.update(self._lookout.seen())
        for name, (watch, looked) in self._seen.items():
            if watch.since is not None and watch.met(looked):
                return Met(name, watch.since, watch.detail)
        return None

    @property
    def quiet(self) -> bool:
        """True when no condition was true at its last look."""
        return all(watch.since is None for watch, _ in self._seen.values())

    @property
    def last(self) -> str:
        """What was seen last of each, in words."""
        return "; ".join(
            f"{self._specs[name].trigger.title}: {watch.detail}" for name, (watch, _) in self._seen.items()
        )
