"""The steps that a feature may use: those of this project, and those of each conftest.py in its folder or above."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_bdd.compat import get_fixture_names, getfixturedefs
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from harness.bdd.vocabulary import MODULES, Step, of_contexts


def visible_steps(session: pytest.Session, node: pytest.Collector | pytest.Item) -> tuple[Step, ...]:
    """All of them, ours first; two that read the same are both there."""
    found = of_contexts(_contexts(session, node))
    return tuple(sorted(found, key=lambda one: MODULES.index(one.subject) if one.ours else len(MODULES)))


def _contexts(session: pytest.Session, node: pytest.Collector | pytest.Item) -> Iterator[StepFunctionContext]:
    manager = session._fixturemanager  # noqa: SLF001 - pytest-bdd finds its steps in the same way
    for name in get_fixture_names(fixturemanager=manager):
        for definition in getfixturedefs(manager, name, node) or ():
            context = step_function_context_registry.get(definition.func)
            if context is not None:
                yield context
