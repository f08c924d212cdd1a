"""Which of the standard cases are tried, and what is other at a second try. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from harness.errors import UsageError
from harness.gate.case import Case, Trouble
from harness.gate.cases import PLAIN


def sooner(case: Case) -> Case:
    """The case for a second try: who ends before a kill after a time gets it after half of that time."""
    if case.trouble is not Trouble.KILLED_BY_TIME:
        return case
    return replace(case, at=case.at / 2, title=f"{case.title}; it was faster then, and was killed after half of that")


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
