"""From a test item whose steps have spoken to its drill."""

from __future__ import annotations

from typing import Final

import pytest

from harness.bdd.plugin import BUILDER
from harness.drill.builder import slug_of
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
