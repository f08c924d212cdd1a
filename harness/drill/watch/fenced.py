"""A live system on which nothing can be done once the drill may not act any more.

Every call is preceded by a look whether it may: at the lease, which the watchdog may have taken, and at the journal,
which may have lost a record. What takes a fault back goes past the fence, on the system itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast

from harness.system.ports import System

PORTS: Final = frozenset(
    {
        "workloads",
        "router",
        "network",
        "limits",
        "endpoint",
        "external_api",
        "database",
        "schema",
        "tables",
        "recovery",
        "configuration",
        "revisions",
        "images",
        "cluster",
        "experiments",
    }
)


def fenced(system: System, check: Callable[[], None]) -> System:
    """The same system; each call of its ports first calls `check`, and is not made when that raises."""
    return cast(System, _Fence(system, check))


class _Fence:
    """Stands before a system, or before one of its ports."""

    def __init__(self, inner: Any, check: Callable[[], None]) -> None:
        self._inner = inner
        self._check = check

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in PORTS and found is not None:
            return _Fence(found, self._check)
        if not callable(found):
            return found

        @wraps(found)
        def checked(*args: Any, **kwargs: Any) -> Any:
            self._check()
            return found(*args, **kwargs)

        return checked
