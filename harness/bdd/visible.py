"""The steps that a feature may use: those of this project, and those of each conftest.py in its folder or above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from pytest_bdd.compat import get_fixture_names, getfixturedefs
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from harness.bdd.vocabulary import MODULES, Step, of_contexts

_DEBUGGER: Final = "pytest_bdd.plugin"  # its one step, 'trace', would stop a drill and wait for somebody to type


def visible_steps(session: pytest.Session, node: pytest.Collector | pytest.Item) -> tuple[Step, ...]:
    """All of them, ours first; two that read the same are both there."""
    found = of_contexts(_contexts(session, node))
    return tuple(sorted(found, key=_order))


def _order(step: Step) -> tuple[int, str, int]:
    """By subject, and as they stand in their file."""
    code = step.function.__code__
    return MODULES.index(step.subject) if step.ours else len(MODULES), code.co_filename, code.co_firstlineno


def _contexts(session: pytest.Session, node: pytest.Collector | pytest.Item) -> Iterator[StepFunctionContext]:
    manager = session._fixturemanager  # noqa: SLF001 - pytest-bdd finds its steps in the same way
    for name in get_fixture_names(fixturemanager=manager):
        for definition in getfixturedefs(manager, name, node) or ():
            context = step_function_context_registry.get(definition.func)
            if context is not None and context.step_func.__module__ != _DEBUGGER:
                yield context
