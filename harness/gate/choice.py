"""Which of the standard cases are tried, and what is other at a second try. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from harness.errors import UsageError
from harness.gate.case import Case, Trouble
from harness.gate.cases import PLAIN
from harness.units import Duration

_SOONER: Final = "; it had ended before that, so that came sooner"


def sooner(case: Case, took: Duration) -> Case:
    """The case for another try: who ended before it was to be killed, or asked to end, gets there at half of that.

    Args:
        case: what did not come about.
        took: how long it ran then; the plain run may have waited for something by chance, and so may the one before.
    """
    if not case.trouble.interrupts:
        return case
    half = min(case.at, took.seconds) / 2 if case.trouble is Trouble.KILLED_BY_TIME else max(1, case.at // 2)
    return replace(case, at=half, title=f"{case.title.removesuffix(_SOONER)}{_SOONER}")


def chosen(standard: Sequence[Case], only: AbstractSet[str]) -> tuple[Case, ...]:
    """Those of the standard cases that were asked for.

    Raises:
        UsageError: there is none of a name: what was asked for would not be tried.
    """
    ids = (PLAIN.id, *(one.id for one in standard))
    for name in sorted(only):
        if not any(one.startswith(name) for one in ids):
            raise UsageError(f"this script has no scenario {name!r}; it has {', '.join(ids)}")
    return tuple(one for one in standard if not only or one.id.startswith(tuple(only)))
