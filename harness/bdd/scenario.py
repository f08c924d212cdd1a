"""From a test item whose steps have spoken to its drill."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pytest

from harness.bdd.plugin import BUILDER
from harness.drill.spec import Drill

_TAKEN: Final = pytest.StashKey[list[str]]()


def build(item: pytest.Item) -> Drill:
    """The drill that the item's steps declared, with a name of its own in the run.

    Raises:
        InputError: the scenario leaves out something that a drill needs.
    """
    taken = item.config.stash.setdefault(_TAKEN, [])
    slug = slug_of(item.path.stem, item.stash[BUILDER].name, taken)
    taken.append(slug)
    return item.stash[BUILDER].build(slug)


def slug_of(feature: str, scenario: str, taken: Sequence[str]) -> str:
    """A short name of a drill for folders: unique, lower case, only letters, digits and '-'."""
    plain = re.sub(r"[^a-z0-9]+", "-", f"{feature} {scenario}".lower()).strip("-")[:80].strip("-") or "drill"
    candidate, number = plain, 2
    while candidate in taken:
        candidate, number = f"{plain}-{number}", number + 1
    return candidate
