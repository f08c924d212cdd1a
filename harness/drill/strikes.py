"""Strikes while a rollback is carried out: what comes later than the fault comes right before its moment, once.

The engine knows nothing of it. It gets the live system behind a front that looks at each call for a moment that has
come; everything else passes through.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Final, cast

from harness.clock import Deadline
from harness.drill.watch.fenced import PORTS
from harness.errors import InputError
from harness.faults.hindrance import Hindered, Later
from harness.faults.model import Fault, Scene
from harness.journal.undo import Undo
from harness.system.ports import System
from harness.units import Duration

_LIMIT: Final = Duration.of(s=10)  # of one strike: processes are killed, files renamed


class Strikes:
    """What of a drill's fault comes later, and what of it has come."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._due: list[tuple[Later, Undo]] = []
        self._scene: Scene | None = None

    def arm(self, scene: Scene, undo: tuple[Undo, ...]) -> None:
        """From now on each comes at its moment; its undo is on disk."""
        if isinstance(self._fault, Hindered):
            found = self._fault.with_undo(undo)
            self._scene, self._due = scene, [(one, back) for one, back in found if isinstance(one, Later)]

    def on(self, system: System) -> System:
        """The same system, whose calls may be a moment that is waited for."""
        return cast(System, _Front(system, "", self))

    def look(self, call: str) -> None:
        """Strikes where a moment has come."""
        for one, undo in [found for found in self._due if found[0].moment == call]:
            self._due.remove((one, undo))
            if self._scene is not None:
                one.put(self._scene, undo, Deadline.after(_LIMIT))

    def all_came(self) -> None:
        """Looks whether nothing is left that should have come.

        Raises:
            InputError: the rollback never did what it was to be struck at, so the drill shows something else.
        """
        if self._due:
            never = "; ".join(one.title for one, _ in self._due)
            raise InputError(f"the rollback is over, and this has not come, because its moment never was: {never}")


class _Front:
    """Stands before a system, or before one of its ports."""

    def __init__(self, inner: Any, port: str, strikes: Strikes) -> None:
        self._inner, self._port, self._strikes = inner, port, strikes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not self._port:
            return _Front(found, name, self._strikes) if name in PORTS and found is not None else found
        if not callable(found):
            return found

        @wraps(found)
        def struck(*args: Any, **kwargs: Any) -> Any:
            self._strikes.look(f"{self._port}.{name}")
            return found(*args, **kwargs)

        return struck
