"""From a test item whose steps have spoken to its drill."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from pytest_bdd.scenario import scenario_wrapper_template_registry

from harness.bdd.features import BUILDER, FeatureFile
from harness.drill.spec import Drill

_SLUG: Final = pytest.StashKey[str]()


def name_all(items: Iterable[pytest.Item]) -> None:
    """Gives the drill of each item a name of its own in the run: the same in every process that collects the items."""
    taken: list[str] = []
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        template = scenario_wrapper_template_registry.get(item.obj)
        if template is not None:
            example: Any = item.callspec.params["_pytest_bdd_example"] if hasattr(item, "callspec") else {}
            slug = slug_of(item.path.stem, template.render(example).name, taken)
            taken.append(slug)
            item.stash[_SLUG] = slug


def build(item: pytest.Item) -> Drill:
    """The drill that the item's steps declared.

    Raises:
        InputError: the scenario leaves out something that a drill needs.
    """
    drill = item.stash[BUILDER].build(item.stash[_SLUG])
    return replace(drill, feature=item.parent.text) if isinstance(item.parent, FeatureFile) else drill


def slug_of(feature: str, scenario: str, taken: Sequence[str]) -> str:
    """A short name of a drill for folders: unique, lower case, only letters, digits and '-'."""
    file, own = _plain(feature), _plain(scenario)
    plain = (own if own.startswith(file) else f"{file}-{own}")[:80].strip("-") or "drill"
    candidate, number = plain, 2
    while candidate in taken:
        candidate, number = f"{plain}-{number}", number + 1
    return candidate


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
